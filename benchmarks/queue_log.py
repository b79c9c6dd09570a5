"""What a queue log of a million events costs from file to marts, against a hand-written DuckDB script on the same file.

    python -m benchmarks.queue_log [--events 1000000]

`load`: `scorehouse ingest`, against DuckDB merely reading the lines into Parquet.
`build`: the dbt project without its tests, against one query that splits the lines and adds up the seconds of calls,
pauses and sessions by agent and day: it knows that this log has no quirks, and makes no other figure.
One run each; wall and CPU seconds, peak memory.
"""

import argparse
import random
import sys
import tempfile
from pathlib import Path

from benchmarks.measuring import OURS, Row, dbt, measure, scorehouse
from benchmarks.results import table

BEGINS = 1_790_812_800  # 2026-10-01, 00:00 UTC
AGENTS = 400
CALLS = 25

READ_LINES = """
import duckdb, sys
duckdb.execute(
    f"copy (select line from read_csv('{sys.argv[1]}/asterisk/queue_log/*', delim = '\\\\x01', header = false,"
    f" quote = '', escape = '', columns = {{'line': 'varchar'}})) to '{sys.argv[2]}' (format parquet, compression zstd)"
)
"""

ADD_UP = """
import duckdb, sys
duckdb.connect(sys.argv[2]).execute(f'''
    create table agent_day as
    with lines as (
        select string_split(line, '|') as cells from read_parquet('{sys.argv[1]}')
    ),
    events as (
        select
            cells[1]::bigint as moment, cells[4] as agent, cells[5] as event, cells[6] as first, cells[7] as second
        from lines where cells[4] <> 'NONE'
    ),
    spans as (
        select *, lead(moment) over (partition by agent, event in ('PAUSEALL', 'UNPAUSEALL') order by moment)
            - moment as lasted
        from events
    )
    select
        agent, to_timestamp(moment)::date as day,
        count(*) filter (where event = 'COMPLETECALLER') as calls,
        sum(second::bigint) filter (where event = 'COMPLETECALLER') as talk,
        sum(lasted) filter (where event = 'PAUSEALL') as paused,
        max(moment) - min(moment) as logged_in
    from spans group by all
''')
"""


def write_log(folder: Path, events: int) -> None:
    """A log of `events` lines or a few more: agents log in, take calls, take breaks and log off, day after day."""
    drawn = random.Random(1)
    lines: list[tuple[int, str]] = []
    agent_days = 0
    while len(lines) < events:
        day, number = divmod(agent_days, AGENTS)
        agent_days += 1
        agent, queue = f"PJSIP/{1000 + number}", f"queue{number % 7}"
        moment = BEGINS + day * 86_400 + 28_800 + drawn.randrange(600)
        lines.append((moment, f"{moment}|NONE|{queue}|{agent}|ADDMEMBER|"))
        for call in range(CALLS):
            callid = f"{moment}.{agent_days}{call:02}"
            wait, talk = drawn.randrange(40), drawn.randrange(30, 600)
            caller = drawn.randrange(10**8)
            lines.append((moment, f"{moment}|{callid}|{queue}|NONE|ENTERQUEUE||6{caller}|1"))
            moment += wait
            lines.append((moment, f"{moment}|{callid}|{queue}|{agent}|CONNECT|{wait}|{callid}9|2"))
            moment += talk
            lines.append(
                (moment, f"{moment}|{callid}|{queue}|{agent}|COMPLETECALLER|{wait}|{talk}|1")
            )
            if call % 8 == 7:
                lines.append((moment + 5, f"{moment + 5}|NONE|NONE|{agent}|PAUSEALL|break"))
                moment += 600
                lines.append((moment, f"{moment}|NONE|NONE|{agent}|UNPAUSEALL|"))
            moment += 30
        lines.append((moment, f"{moment}|NONE|{queue}|{agent}|REMOVEMEMBER|"))
    lines.sort(key=lambda line: line[0])
    folder.mkdir(parents=True)
    (folder / "queue_log").write_text("".join(f"{line}\n" for _, line in lines))


def write_people(landing: Path) -> None:
    """The datasets that are always needed."""
    (landing / "agents").mkdir(parents=True)
    (landing / "teams").mkdir()
    (landing / "teams" / "teams.csv").write_text("team_id,team_name,department\nT1,One,Care\n")
    (landing / "agents" / "agents.csv").write_text(
        "agent_id,name,role,team_id,time_zone,effective_from\n"
        + "".join(
            f"PJSIP/{1000 + number},Agent {number},agent,T1,Europe/Warsaw,2026-01-01\n"
            for number in range(AGENTS)
        )
    )


def main() -> None:
    """Write the log, measure, print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--events", type=int, default=1_000_000, help="lines (default 1,000,000)")
    events = parser.parse_args().events
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        landing, home, plain = folder / "landing", folder / "home", folder / "plain.parquet"
        write_log(landing / "asterisk" / "queue_log", events)
        write_people(landing)
        read = [sys.executable, "-c", READ_LINES, landing, plain]
        add_up = [sys.executable, "-c", ADD_UP, plain, folder / "added.duckdb"]
        load = measure(scorehouse("ingest", "--home", home, "--landing", landing))
        rows = [
            Row("queue log", "load", events, OURS, load, events),
            Row("queue log", "load", events, "DuckDB's reader", measure(read), events),
            Row("queue log", "models", events, OURS, dbt(home, "2026-12-01T00:00:00Z")),
            Row("queue log", "models", events, "one query", measure(add_up)),
        ]
    print(table(rows))


if __name__ == "__main__":
    main()
