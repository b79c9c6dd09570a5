"""The two gates: what has to be looked at, what a failed rule means, and what is kept of it."""

import datetime as dt
import hashlib
import re
from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass
from pathlib import Path

import duckdb

from ingestion import DATASETS, Home, engine
from orchestration import publication
from orchestration.inputs import load_sequence
from orchestration.months import next_month
from orchestration.publication import Mart, TableFunction
from orchestration.quality import history, landed, published
from orchestration.quality.engine import Answer, Question, ask
from orchestration.quality.history import FailingRow, Result
from orchestration.quality.suites import (
    Rule,
    Stage,
    Suite,
    landed_columns,
    load_suites,
    suites_version,
)
from orchestration.retention import kept_from

# What stands in the place of a value that may tell who somebody is.
WITHHELD = "(withheld)"
# Rows shown of a failed rule; its number of failing rows is that of all.
ROWS_SHOWN = 20
# A share of fewer failing rows is chance, not a broken export: three unknown agents among a hundred are three joiners.
# So a rule that lets a share fail stops a run only from here on, and warns below.
FEWEST_TO_STOP = 20
# What a column of a landed dataset may hold without telling who somebody is: neither ids nor words.
_PLAIN_KINDS = frozenset(
    {"instant", "date", "seconds", "integer", "decimal", "boolean", "enum", "time_zone", "currency"}
)
# What a mart's column may be to be shown: see `orchestration.access`.
_PLAIN_PRIVACY = frozenset({None, "code", "label"})


@dataclass(frozen=True)
class Verdict:
    """What a gate found. `looked`: False where all of it had been looked at before."""

    results: tuple[Result, ...]
    failing_rows: tuple[FailingRow, ...]
    looked: bool

    def sentences(self, outcome: history.Outcome, subject: str | None = None) -> list[str]:
        """A line for every rule with an outcome; of one suite's subject, or of all."""
        return [
            self._sentence(one)
            for one in self.results
            if one.outcome == outcome and subject in (None, one.suite.split(".", 1)[1])
        ]

    def _sentence(self, result: Result) -> str:
        places = [
            row.place
            for row in self.failing_rows
            if (row.suite, row.rule) == (result.suite, result.rule)
        ]
        where = f", first {places[0]}" if places else ""
        stage, subject = result.suite.split(".", 1)
        return (
            f"{result.suite}: {result.rule}: found {result.found}{where}; passes: {result.threshold}."
            f" {result.reason} {_WAY_OUT[stage].format(subject=subject)}"
        )


_WAY_OUT = {
    "landed": "Mend the export of {subject} and run again, or change the rule in"
    " orchestration/quality/suites/landed/{subject}.yml",
    "published": "Look at the rows (`scorehouse quality published.{subject}`), mend what landed and run again, or"
    " change the rule in orchestration/quality/suites/published/{subject}.yml",
}


def check_landed(home: Home, as_of: dt.datetime, month: dt.date | None) -> Verdict:
    """Look at what landed since the last publication.

    as_of: the instant that the run reports at. month: the first day of the month that is closed.

    Raises:
        UnusableInput: a suite is not as it must be.
    """
    suites = load_suites("landed", landed_columns())
    # The data of a month have to reach its end, and need not reach further.
    due = min(as_of, _begins(next_month(month))) if month else as_of
    sequence = load_sequence(home)
    fingerprint = _fingerprint("landed", str(sequence), due.isoformat())
    if known := _looked_at(home, "landed", fingerprint):
        return known
    new = landed.new_loads(home, publication.published_load_sequence(home))
    with _Checked(home, "landed") as checked:
        landed.lay_out(checked.database, home, suites, new, due)
        verdict = checked.judge(suites, _place_of_landed, _shown_of_landed, frozenset(new))
    history.append(
        home, "landed", as_of, sequence, fingerprint, verdict.results, verdict.failing_rows
    )
    return verdict


def check_candidate(home: Home, marts: Sequence[Mart], month: dt.date | None) -> Verdict:
    """Look at the marts that are about to be published.

    month: the first day of the month that is closed.

    Raises:
        UnusableInput: a suite is not as it must be.
    """
    tables = [mart for mart in marts if not isinstance(mart, TableFunction)]
    suites = load_suites(
        "published", {mart.name: [name for name, _ in mart.columns] for mart in tables}
    )
    candidate = publication.candidate_file(home)
    new = publication.read(candidate)
    fingerprint = _fingerprint("published", new.content, str(month))
    if known := _looked_at(home, "published", fingerprint):
        return known
    by_name = {mart.name: mart for mart in tables}
    with _Checked(home, "published") as checked:
        published.lay_out(
            checked.database,
            candidate,
            home.published_database,
            suites,
            tables,
            month,
            kept_from(home),
        )
        verdict = checked.judge(
            suites,
            lambda suite, row: _place_of_mart(by_name[suite.subject], row),
            lambda suite, column: _shown_of_mart(by_name[suite.subject], column),
            frozenset(by_name),
        )
    history.append(
        home,
        "published",
        new.as_of,
        new.load_sequence,
        fingerprint,
        verdict.results,
        verdict.failing_rows,
    )
    return verdict


def _begins(day: dt.date) -> dt.datetime:
    return dt.datetime.combine(day, dt.time(), dt.UTC)


def _fingerprint(*parts: str) -> str:
    return hashlib.sha256("\n".join([*parts, suites_version()]).encode()).hexdigest()


def _looked_at(home: Home, stage: Stage, fingerprint: str) -> Verdict | None:
    """What the last run found, if it looked at the same data by the same rules and let them pass."""
    last = history.last_run(home, stage)
    if last is None or last.fingerprint != fingerprint or last.count("stopped"):
        return None
    return Verdict(last.results, last.failing_rows, looked=False)


class _Checked:
    """A database in the scratch folder with what is looked at; gone afterwards."""

    def __init__(self, home: Home, stage: Stage) -> None:
        self.database = home.scratch / f"quality-{stage}.duckdb"

    def __enter__(self) -> "_Checked":
        self._remove()
        return self

    def __exit__(self, *error: object) -> None:
        self._remove()

    def _remove(self) -> None:
        for suffix in ("", ".wal"):
            Path(f"{self.database}{suffix}").unlink(missing_ok=True)

    def judge(
        self,
        suites: Sequence[Suite],
        place: Callable[[Suite, Mapping[str, object]], str],
        shown: Callable[[Suite, str], bool],
        new: Set[str],
    ) -> Verdict:
        """Ask about everything that is there.

        place: names a row. shown: whether a column's values may be shown. new: subjects with something to look at.
        """
        with engine.reading(self.database) as connection:
            tables = {
                name
                for (name,) in connection.execute(
                    "select table_name from duckdb_tables()"
                ).fetchall()
            }
            filled = {table for table in tables if _any_row(connection, table)}
            measured = _measured(connection)
        questions: dict[str, list[Question]] = {}
        for suite in suites:
            for rule in suite.rules:
                if rule.measures and measured.get(suite.measure(rule.columns[0])) is not None:
                    options = {**rule.options, "column": suite.measure(rule.columns[0])}
                    asked = questions.setdefault(landed.MEASURES, [])
                elif not rule.measures and suite.table in filled:
                    options = dict(rule.options)
                    asked = questions.setdefault(suite.table, [])
                else:
                    continue
                asked.append(Question((suite.name, rule.name), rule.expectation, options))
        answers = ask(self.database, questions) if questions else {}
        results, rows = [], []
        with engine.reading(self.database) as connection:
            for suite in suites:
                for rule in suite.rules:
                    answer = answers.get((suite.name, rule.name))
                    results.append(_result(suite, rule, answer, suite.subject in new))
                    if (
                        answer is not None
                        and not answer.passed
                        and not rule.measures
                        and not answer.error
                    ):
                        rows += _failing(connection, suite, rule, place, shown)
        return Verdict(tuple(results), tuple(rows), looked=True)


def _any_row(connection: duckdb.DuckDBPyConnection, table: str) -> bool:
    return connection.execute(f"select 1 from {table} limit 1").fetchone() is not None


def _measured(connection: duckdb.DuckDBPyConnection) -> dict[str, object]:
    found = connection.execute(f"from {landed.MEASURES}")
    names = [column[0] for column in found.description]
    return dict(zip(names, found.fetchone() or (), strict=True))


def _result(suite: Suite, rule: Rule, answer: Answer | None, is_new: bool) -> Result:
    outcome: history.Outcome
    note = None
    if answer is None:
        outcome = "not looked at"
        note = "too little to judge yet" if rule.measures and is_new else "nothing new"
    elif answer.error is not None:
        # What could not be looked at is not known to be good.
        outcome, note = (
            "stopped" if rule.severity == "stop" else "warned",
            f"no answer ({answer.error})",
        )
    elif answer.passed:
        outcome = "passed"
    elif rule.severity == "stop" and not (
        rule.lets_a_share_fail and (answer.failing or 0) < FEWEST_TO_STOP
    ):
        outcome = "stopped"
    else:
        outcome = "warned"
    return Result(
        suite.name,
        rule.name,
        rule.severity,
        outcome,
        rule.threshold,
        rule.reason,
        observed=answer.observed if answer else None,
        failing=answer.failing if answer else None,
        looked_at=answer.looked_at if answer else None,
        note=note,
    )


def _failing(
    connection: duckdb.DuckDBPyConnection,
    suite: Suite,
    rule: Rule,
    place: Callable[[Suite, Mapping[str, object]], str],
    shown: Callable[[Suite, str], bool],
) -> list[FailingRow]:
    """The first rows that fail a rule, in an order of their own, without what may not be shown."""
    condition = rule.failing(engine.identifier)
    found = connection.execute(
        f"from {suite.table} where {condition} order by all limit {ROWS_SHOWN}"
    )
    names = [column[0] for column in found.description]
    # A rule with a condition of its own says which columns it is about by naming them.
    about = rule.columns or [name for name in names if re.search(rf"\b{name}\b", condition)]
    rows = []
    for values in found.fetchall():
        row = dict(zip(names, values, strict=True))
        said = [
            f"{name} {'null' if row[name] is None else row[name] if shown(suite, name) else WITHHELD}"
            for name in about
        ]
        rows.append(FailingRow(suite.name, rule.name, place(suite, row), ", ".join(said)))
    return rows


def _place_of_landed(suite: Suite, row: Mapping[str, object]) -> str:
    return f"{row['file']}, row {row['row_number']}"


def _shown_of_landed(suite: Suite, column: str) -> bool:
    kinds = {one.name: one.kind for one in DATASETS[suite.subject].columns}
    # A flag is true or false.
    return column in suite.flags or kinds[column] in _PLAIN_KINDS


def _place_of_mart(mart: Mart, row: Mapping[str, object]) -> str:
    named = (
        f"{name} {row[name] if _shown_of_mart(mart, name) else WITHHELD}" for name in mart.grain
    )
    return f"{mart.name}: {', '.join(named)}"


def _shown_of_mart(mart: Mart, column: str) -> bool:
    privacy = mart.privacy.get(column)
    return (privacy.kind if privacy else None) in _PLAIN_PRIVACY
