"""A month's models at several sizes, beside a hand-written script, the physical floor, pandas and Polars; closes."""

import shutil
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import duckdb

from benchmarks import centres
from benchmarks.centres import AS_OF, LAST_MONTH
from benchmarks.measuring import OURS, Cost, Row, dbt, dbt_seconds, measure, python, scorehouse

COUNTED = ("+fct_agent_day", "+fct_agent_month", "+agent_performance_month")
"""The models that make the figures, with all that they stand on."""
LIMIT, FLOOR, PANDAS, POLARS = "hand-written DuckDB", "scan and sort", "pandas", "Polars"
BOUNDED = "hand-written DuckDB within 2 GiB"
"""As much as the models take by themselves."""
COPIED = "its tables copied"
LITTLE = "1GB"
ROUNDS = 2
"""Of the first four ways, in turns: the faster run counts, for the machine's speed changes from minute to minute."""
FRAMES_UP_TO = 10_000
"""Agents of whom pandas and Polars still fit into memory."""


def models(folder: Path, sizes: list[int]) -> Iterator[Row]:
    """Time of the models (dbt's own start apart), and of all other ways to the same figures.

    Raises:
        SystemExit: two ways differ in a figure.
    """
    for agents in sizes:
        home = centres.fresh(centres.loaded(folder, agents), f"models-{agents}")
        as_of = AS_OF

        def row(case: str, way: str, cost: Cost, agents: int = agents) -> Row:
            return Row("models", case, agents, way, cost)

        start = dbt(home, as_of, "--select", "status_reasons")
        yield row("dbt's start", OURS, start)
        limit, floor, copied = (
            folder / f"{way}-{agents}.duckdb" for way in ("limit", "floor", "copied")
        )
        ways: dict[str, list[Cost]] = {OURS: [], LIMIT: [], FLOOR: [], COPIED: []}
        for _ in range(ROUNDS):
            home = centres.fresh(centres.loaded(folder, agents), f"models-{agents}")
            counted = dbt(home, as_of, "--select", *COUNTED)
            wall, _each = dbt_seconds(home)
            ways[OURS].append(replace(counted, wall=wall, cpu=counted.cpu - start.cpu))
            ways[LIMIT].append(_made(limit, python("limit", home, as_of, limit)))
            ways[FLOOR].append(_made(floor, python("floor", home, floor)))
            ways[COPIED].append(_made(copied, python("copied", home, copied)))
        _compare(home, f"'{limit}'", attach=True)
        for way, costs in ways.items():
            yield row("agent-days and -months", way, min(costs, key=lambda cost: cost.wall))
        yield row(
            "agent-days and -months",
            BOUNDED,
            _made(limit, python("limit", home, as_of, limit, "2GiB")),
        )
        if agents <= FRAMES_UP_TO:
            for way, module in ((PANDAS, "in_pandas"), (POLARS, "in_polars")):
                file = folder / f"{module}-{agents}.parquet"
                yield row(
                    "agent-days and -months", way, _made(file, python(module, home, as_of, file))
                )
                _compare(home, f"'{file}'", attach=False)
        for case, memory in (("all models", ""), (f"all models within {LITTLE}", LITTLE)):
            home = centres.fresh(centres.loaded(folder, agents), f"models-{agents}")
            whole = dbt(home, as_of, SCOREHOUSE_MEMORY=memory)
            wall, _ = dbt_seconds(home)
            yield row(case, OURS, replace(whole, wall=wall, cpu=whole.cpu - start.cpu))


def closes(folder: Path, sizes: list[int]) -> Iterator[Row]:
    """A whole close of a month from the landing folder on; what each step took is in `close-N.log`."""
    for agents in sizes:
        files = centres.landing(folder, agents)
        home = folder / f"close-{agents}"
        words = ("close", LAST_MONTH, "--home", home, "--landing", files, "--as-of", AS_OF)
        log = folder / f"close-{agents}.log"
        yield Row(
            "close", "first close of a month", agents, OURS, _made(home, scorehouse(*words), log)
        )
        yield Row("close", "the same again", agents, OURS, measure(scorehouse(*words)))


def _made(file: Path, command: list[object], output: Path | None = None) -> Cost:
    shutil.rmtree(file) if file.is_dir() else file.unlink(missing_ok=True)
    return measure(command, output)


def _compare(home: Path, source: str, attach: bool) -> None:
    """Compare what another way made with the marts, every figure of every row."""
    with duckdb.connect() as connection:
        connection.execute("set TimeZone = 'UTC'")
        connection.execute(f"attach '{home / 'warehouse.duckdb'}' as warehouse (read_only)")
        pairs = [("other_days", "fct_agent_day", ("agent_id", "business_date"))]
        if attach:
            connection.execute(f"attach {source} as other (read_only)")
            connection.execute("create view other_days as from other.agent_day")
            connection.execute("create view other_months as from other.agent_month")
            connection.execute(
                "create view other_scores as select agent_id, month, productivity_score from other.agent_month"
            )
            pairs += [
                ("other_months", "fct_agent_month", ("agent_id", "month")),
                ("other_scores", "agent_performance_month", ("agent_id", "month")),
            ]
        else:
            connection.execute(
                "create view other_days as select date '1970-01-01' + day::integer as business_date,"
                f" * exclude (day) from {source}"
            )
        for ours, mart, keys in pairs:
            columns = [
                name
                for name, *_ in connection.execute(f"describe {ours}").fetchall()
                if (mart, name) != ("fct_agent_month", "productivity_score")
            ]
            # What is binary in one way and decimal in the other differs by its noise.
            shown = [
                f"round({c}::double, 6) as {c}" if c.startswith("quality_") and not attach else c
                for c in columns
            ]
            listed = ", ".join(shown)
            known = (
                f"semi join {ours} using ({', '.join(keys)})"
                if mart == "agent_performance_month"
                else ""
            )
            one, other = (
                f"select {listed} from {ours}",
                f"select {listed} from warehouse.marts.{mart} {known}",
            )
            differing = connection.execute(
                f"select count(*) from (({one} except {other}) union all ({other} except {one}))"
            ).fetchone()
            assert differing is not None
            if differing[0]:
                sys.exit(f"{source} and {mart} differ in {differing[0]} rows")
