"""What the rules on the marts look at: rows of the candidate, and one row of measures of all marts.

Queries of a suite see the candidate's marts as `marts`, those of the last publication as `before`, and `context`: one
row with `as_of`, `load_sequence` and the `month` that is closed (null: none).
"""

import datetime as dt
import re
from collections.abc import Sequence, Set
from pathlib import Path

import duckdb

from ingestion import UnusableInput, engine
from orchestration.publication import Mart
from orchestration.quality.suites import Suite, cause

MEASURES = "measures"


def lay_out(
    database: Path,
    candidate: Path,
    before: Path,
    suites: Sequence[Suite],
    marts: Sequence[Mart],
    month: dt.date | None,
    whole_from: dt.date | None = None,
) -> None:
    """Write the tables that the rules of the suites look at into a new database.

    candidate: the database that is about to be published. before: the published one; there may be none. month: the
    first day of the month that is closed. whole_from: rows of days before it were purged.

    Raises:
        UnusableInput: a query of a suite does not run.
    """
    with engine.writing(database) as connection:
        _show(connection, "marts", candidate)
        compares = before.exists()
        if compares:
            _show(connection, "before", before)
        connection.execute(
            "create temp table context as select as_of, load_sequence, ?::date as month,"
            " coalesce(?::date, '-infinity') as whole_from from of_marts.meta.publication",
            [month, whole_from],
        )
        columns = []
        for suite in suites:
            if suite.row_rules:
                key = next(mart.grain for mart in marts if mart.name == suite.subject)
                _run(connection, suite, "rows", _rows(suite, key))
            untold: set[str] = set()
            for name, sql in suite.relations.items():
                made = f"create or replace temp table {name} as {sql}"
                if not _told(connection, suite, name, made, compares, untold):
                    untold.add(name)
            for name, sql in suite.measures.items():
                found = _told(connection, suite, name, sql, compares, untold)
                row = found.fetchone() if found else None
                value = None if row is None or row[0] is None else float(row[0])
                columns.append((suite.measure(name), value))
        declared = ", ".join(f"?::double as {name}" for name, _ in columns)
        connection.execute(
            f"create table {MEASURES} as select {declared}", [value for _, value in columns]
        )
        for schema in ("marts", "before"):
            connection.execute(f"drop schema if exists {schema} cascade")


def _show(connection: duckdb.DuckDBPyConnection, schema: str, database: Path) -> None:
    """Make the marts of a database views of a schema of this name."""
    engine.attach(connection, database, f"of_{schema}", read_only=True)
    connection.execute(f"create schema {schema}")
    found = connection.execute(
        "select table_name from duckdb_tables() where database_name = ? and schema_name = 'marts'",
        [f"of_{schema}"],
    ).fetchall()
    for (name,) in found:
        connection.execute(f"create view {schema}.{name} as from of_{schema}.marts.{name}")
    connection.execute(f"create view {schema}.context as from of_{schema}.meta.publication")


def _rows(suite: Suite, key: Sequence[str]) -> str:
    """The rows of a mart that the suite looks at: key, and what its rules name."""
    flags = "".join(f", {sql} as {engine.identifier(name)}" for name, sql in suite.flags.items())
    conditional = any(rule.condition for rule in suite.row_rules)
    named = {column for rule in suite.row_rules for column in rule.columns} - suite.flags.keys()
    columns = [f"mart.{engine.identifier(name)}" for name in dict.fromkeys([*key, *sorted(named)])]
    shown = "mart.*" if conditional else ", ".join(columns)
    return (
        f"create table {suite.table} as select {shown}{flags} from marts.{suite.subject} as mart"
        f" cross join context where {suite.where}"
    )


def _told(
    connection: duckdb.DuckDBPyConnection,
    suite: Suite,
    what: str,
    sql: str,
    compares: bool,
    untold: Set[str],
) -> duckdb.DuckDBPyConnection | None:
    """Run a query; None where it stands on what is not there: a publication before, or an older one's columns."""
    if not untold.isdisjoint(re.findall(r"\w+", sql)):
        return None
    if not re.search(r"\bbefore\.", sql):
        return _run(connection, suite, what, sql)
    if compares:
        try:
            return connection.execute(sql)
        except duckdb.Error:
            pass
    # Right or wrong is told by the marts of today.
    _run(connection, suite, what, re.sub(r"\bbefore\.", "marts.", sql))
    return None


def _run(
    connection: duckdb.DuckDBPyConnection, suite: Suite, what: str, sql: str
) -> duckdb.DuckDBPyConnection:
    try:
        return connection.execute(sql)
    except duckdb.Error as error:
        raise UnusableInput(f"{suite.file}: {what}: {cause(str(error))}") from None
