"""What the gates found, run by run: `records/quality.ndjson`, one line per run, only ever appended to.

A rule's result holds no value of a row; a failing row has its place, and values that tell nobody.
"""

import datetime as dt
import json
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from ingestion import Home, engine
from orchestration.database import attached
from orchestration.quality.suites import Stage
from orchestration.records import locked

Outcome = Literal["passed", "warned", "stopped", "not looked at"]
# A month closes once and is built daily: some years of runs.
RUNS_SHOWN = 100


@dataclass(frozen=True)
class Result:
    """What came of one rule. `observed`: of a measure. `failing` of `looked_at`: rows.

    `note`: why nothing was found out.
    """

    suite: str
    rule: str
    severity: str
    outcome: Outcome
    threshold: str
    reason: str
    observed: float | None = None
    failing: int | None = None
    looked_at: int | None = None
    note: str | None = None

    @property
    def found(self) -> str:
        """What was found, in words."""
        if self.note is not None:
            return self.note
        if self.failing is not None:
            return (
                f"{self.failing:,} of {self.looked_at:,} rows"
                if self.looked_at is not None
                else f"{self.failing:,} rows"
            )
        return "nothing" if self.observed is None else f"{self.observed:.4g}"


@dataclass(frozen=True)
class FailingRow:
    """One row that fails a rule: where it is, and what it holds of what may be shown."""

    suite: str
    rule: str
    place: str
    shown: str


@dataclass(frozen=True)
class Run:
    """One look of a gate. `fingerprint`: of the data and rules that were looked at."""

    number: int
    recorded_at: str
    stage: Stage
    as_of: str
    load_sequence: int
    fingerprint: str
    results: tuple[Result, ...]
    failing_rows: tuple[FailingRow, ...]

    def count(self, outcome: Outcome) -> int:
        """How many rules had an outcome."""
        return sum(result.outcome == outcome for result in self.results)


def file(home: Home) -> Path:
    """The record of all runs."""
    return home.records / "quality.ndjson"


def runs(home: Home) -> list[Run]:
    """Every recorded run, oldest first."""
    try:
        content = file(home).read_bytes()
    except FileNotFoundError:
        return []
    # What follows the last line end was left by a run that was killed.
    return [
        _run(number, json.loads(line)) for number, line in enumerate(content.split(b"\n")[:-1], 1)
    ]


def last_run(home: Home, stage: Stage) -> Run | None:
    """The newest run of a gate."""
    return next((run for run in reversed(runs(home)) if run.stage == stage), None)


def latest_results(past: Sequence[Run]) -> list[tuple[Run, Result]]:
    """Of each rule of the newest runs the last result that looked at something, with its run."""
    found: dict[tuple[str, str], tuple[Run, Result]] = {}
    for stage in ("landed", "published"):
        own = [run for run in past if run.stage == stage]
        there = {(result.suite, result.rule) for run in own[-1:] for result in run.results}
        for run in own:
            for result in run.results:
                key = (result.suite, result.rule)
                if key in there and (result.outcome != "not looked at" or key not in found):
                    found[key] = (run, result)
    return [found[key] for key in sorted(found)]


def append(
    home: Home,
    stage: Stage,
    as_of: dt.datetime,
    load_sequence: int,
    fingerprint: str,
    results: Sequence[Result],
    failing_rows: Sequence[FailingRow],
) -> None:
    """Record a run, in one write that is on the disk when this returns."""
    line = json.dumps(
        {
            "recorded_at": dt.datetime.now(dt.UTC).isoformat(timespec="milliseconds"),
            "stage": stage,
            "as_of": as_of.astimezone(dt.UTC).isoformat(),
            "load_sequence": load_sequence,
            "fingerprint": fingerprint,
            "results": [asdict(result) for result in results],
            "failing_rows": [asdict(row) for row in failing_rows],
        },
        ensure_ascii=False,
    )
    path = file(home)
    with locked(path.with_suffix(".lock")):
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        with os.fdopen(descriptor, "r+b") as opened:
            # A line that a killed run left half-way goes.
            opened.truncate(opened.read().rfind(b"\n") + 1)
            opened.seek(0, os.SEEK_END)
            opened.write(line.encode() + b"\n")
            opened.flush()
            os.fsync(opened.fileno())


def _run(number: int, said: dict[str, Any]) -> Run:
    return Run(
        number,
        said["recorded_at"],
        said["stage"],
        said["as_of"],
        said["load_sequence"],
        said["fingerprint"],
        tuple(Result(**one) for one in said["results"]),
        tuple(FailingRow(**one) for one in said["failing_rows"]),
    )


def is_in(database: Path, home: Home) -> bool:
    """Whether a published database shows the newest runs."""
    with attached(published=database) as connection:
        there = connection.execute(
            "select count(*) from duckdb_tables() where schema_name = 'meta' and table_name = 'quality_run'"
        ).fetchone()
        assert there is not None
        held = (
            connection.execute("select max(run) from published.meta.quality_run").fetchone()
            if there[0]
            else None
        )
    newest = len(runs(home)) or None
    return held is not None and held[0] == newest


def write_into(database: Path, home: Home) -> None:
    """Write runs, latest results and failing rows into the schema `meta` of a database.

    When a run was recorded is not in it: the same data make the same pages.
    """
    past = runs(home)
    latest = latest_results(past)
    named = {(run.number, result.suite, result.rule) for run, result in latest}
    with engine.writing(database) as connection:
        for table, columns, rows in (
            (
                "quality_run",
                "run integer primary key, stage varchar, as_of timestamptz, load_sequence bigint, passed integer,"
                " warned integer, stopped integer, not_looked_at integer, failed_rules varchar",
                [_run_row(run) for run in past[-RUNS_SHOWN:]],
            ),
            (
                "quality_result",
                "suite varchar, rule varchar, run integer, as_of timestamptz, load_sequence bigint, severity varchar,"
                " outcome varchar, found varchar, observed double, failing bigint, looked_at bigint, threshold varchar,"
                " reason varchar, primary key (suite, rule)",
                [_result_row(run, result) for run, result in latest],
            ),
            (
                "quality_failing_row",
                "suite varchar, rule varchar, place varchar, shown varchar",
                [
                    (row.suite, row.rule, row.place, row.shown)
                    for run in past
                    for row in run.failing_rows
                    if (run.number, row.suite, row.rule) in named
                ],
            ),
        ):
            connection.execute(f"create or replace table meta.{table} ({columns})")
            if rows:
                marks = ", ".join("?" * len(rows[0]))
                connection.executemany(f"insert into meta.{table} values ({marks})", rows)


def _run_row(run: Run) -> tuple[Any, ...]:
    failed = [f"{r.suite}: {r.rule}" for r in run.results if r.outcome in ("warned", "stopped")]
    counts = (
        run.count("passed"),
        run.count("warned"),
        run.count("stopped"),
        run.count("not looked at"),
    )
    return (run.number, run.stage, run.as_of, run.load_sequence, *counts, ", ".join(failed) or None)


def _result_row(run: Run, result: Result) -> tuple[Any, ...]:
    return (
        result.suite, result.rule, run.number, run.as_of, run.load_sequence, result.severity, result.outcome,
        result.found, result.observed, result.failing, result.looked_at, result.threshold, result.reason,
    )  # fmt: skip
