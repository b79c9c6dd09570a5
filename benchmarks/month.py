"""What a month costs, as ratios against plain DuckDB over the same files, measured in the same run.

    python benchmarks/month.py --agents 100

`load`: `scorehouse ingest`, against DuckDB's own readers writing the same files to Parquet.
`build`: the dbt project without its tests, against DuckDB merely scanning the raw rows of agents and sorting them
by agent and time (the physical floor).
Each runs as a process of its own, in turn, three times; the table shows medians of wall and CPU seconds and of
peak memory.
"""

import argparse
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ingestion.simulation import SimulationSettings, simulate

ROOT = Path(__file__).resolve().parent.parent
PROGRAMS = Path(sys.executable).parent
ROUNDS = 3

READ_PLAINLY = """
import duckdb, pathlib, sys
landing, out = map(pathlib.Path, sys.argv[1:])
for file in sorted(path for path in landing.glob("[a-z]*/*") if path.is_file()):
    name = file.name
    reader = "read_parquet" if "parquet" in name else "read_csv" if ".csv" in name else "read_json"
    options = ", format = 'newline_delimited'" if reader == "read_json" else ""
    target = out / f"{file.parent.name}-{name}.parquet"
    duckdb.execute(f"copy (from {reader}('{file}'{options})) to '{target}' (format parquet, compression zstd)")
"""

SCAN_AND_SORT = """
import duckdb, sys
duckdb.connect(sys.argv[2]).execute(
    f'''
    create table sorted as
    select agent_id, occurred_at as at from read_parquet('{sys.argv[1]}/raw/status_events/*.parquet')
    union all
    select agent_id, answered_at as at from read_parquet('{sys.argv[1]}/raw/interactions/*.parquet')
    union all
    select agent_id, ended_at as at from read_parquet('{sys.argv[1]}/raw/interactions/*.parquet')
    order by agent_id, at
    '''
)
"""


@dataclass(frozen=True)
class Cost:
    """Wall and CPU seconds of one process with its children, and the peak memory of the largest, in MB."""

    wall: float
    cpu: float
    peak: float


def measure(command: Sequence[object], **environment: str) -> Cost:
    """Run a command to its end and say what it cost.

    Raises:
        SystemExit: the command failed.
    """
    began = time.monotonic()
    process = subprocess.Popen(
        [str(part) for part in command],
        cwd=ROOT,
        env={**os.environ, **environment},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    _, status, used = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(f"failed: {' '.join(str(part) for part in command)}")
    return Cost(time.monotonic() - began, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024)


def median(costs: Sequence[Cost]) -> Cost:
    """The median of each figure."""
    return Cost(
        *(
            statistics.median(getattr(cost, figure) for cost in costs)
            for figure in ("wall", "cpu", "peak")
        )
    )


def row(name: str, ours: Sequence[Cost], baseline: Sequence[Cost]) -> str:
    """One line of the table: both medians and their ratio."""
    one, other = median(ours), median(baseline)
    return (
        f"| {name} | {one.wall:.1f} | {one.cpu:.1f} | {one.peak:.0f} | {other.wall:.1f} | {other.cpu:.1f}"
        f" | {other.peak:.0f} | {one.wall / other.wall:.1f} | {one.cpu / other.cpu:.1f} |"
    )


def main() -> None:
    """Simulate a month, measure, print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument(
        "--agents", type=int, default=100, help="agents of the simulated centre (default 100)"
    )
    agents = parser.parse_args().agents
    loads, reads, builds, sorts = [], [], [], []
    with tempfile.TemporaryDirectory() as folder:
        landing = Path(folder) / "landing"
        simulate(SimulationSettings(agents, 1, "2026-10", 1, landing))
        for number in range(ROUNDS):
            home, plain = Path(folder) / f"home-{number}", Path(folder) / f"plain-{number}"
            plain.mkdir()
            loads.append(
                measure([PROGRAMS / "scorehouse", "ingest", "--home", home, "--landing", landing])
            )
            reads.append(measure([sys.executable, "-c", READ_PLAINLY, landing, plain]))
            build = [PROGRAMS / "dbt", "build", "--exclude-resource-type", "test", "unit_test"]
            target = ["--target-path", home / "dagster" / "dbt"]
            variables = {"SCOREHOUSE_HOME": str(home), "SCOREHOUSE_AS_OF": "2026-11-10T00:00:00Z"}
            builds.append(measure([*build, *target], **variables))
            sorts.append(
                measure([sys.executable, "-c", SCAN_AND_SORT, home, plain / "sorted.duckdb"])
            )
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    print(
        f"{agents} agents, one month, medians of {ROUNDS} runs; largest process of all: {peak:.0f} MB\n"
    )
    print(
        "| step | wall s | CPU s | peak MB | baseline wall s | CPU s | peak MB | wall ratio | CPU ratio |"
    )
    print("|---|---|---|---|---|---|---|---|---|")
    print(row("load", loads, reads))
    print(row("build", builds, sorts))


if __name__ == "__main__":
    main()
