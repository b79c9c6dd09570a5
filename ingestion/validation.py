"""The contract applied to a file that was read: which rows break it and why, which rows are good.

Input is a relation `landed` with `row_number`, `line_number` (null where the format has no lines),
`record` (the row as text) and one VARCHAR column per contract column that the file has. Where a mapping made the rows,
there is beside each a column `why …` with the reason why it could make no value, null if it could.

`checked` has the typed values of all rows, and the texts of the faulty ones alone.
"""

from collections.abc import Callable, Mapping, Sequence
from zoneinfo import available_timezones

import duckdb

from ingestion import rules
from ingestion.contract import Column, Dataset
from ingestion.engine import identifier, literal
from ingestion.readers.common import Landed


def prepare_time_zones(opened: duckdb.DuckDBPyConnection) -> None:
    """Create the table and the variable `time_zones` of the names that both DuckDB and Python know."""
    known = sorted(available_timezones())
    opened.execute(
        "CREATE TEMP TABLE time_zones AS SELECT DISTINCT name FROM pg_timezone_names()"
        " WHERE name IN (SELECT unnest($known))",
        {"known": known},
    )
    opened.execute("SET VARIABLE time_zones = (SELECT list(name) FROM time_zones)")


def check(opened: duckdb.DuckDBPyConnection, dataset: Dataset, landed: Landed) -> None:
    """Create the relation `checked`, for which `landed` is read once.

    Columns: the contract columns that the file has, typed; row_number, where `landed` has it; `faults`, which has bit
    i set when contract column i is at fault; and `said`, the texts of a faulty row.
    """
    columns = _columns(dataset, landed)
    typed = ", ".join(
        f"{landed.typed.get(name) or f'CAST({_made(column, landed)} AS {column.sql_type})'}"
        f" AS {_typed(name)}"
        for name, column in columns.items()
    )
    faults = {
        position: _fault(dataset, column, landed)
        for position, column in enumerate(dataset.columns)
        if column.name in columns
    }
    number = "row_number, " if landed.is_numbered else ""
    # A long list of values becomes a join, which may change the order of the rows; and a filter that is pushed down
    # works out again what `checked` has.
    opened.execute("SET disabled_optimizers = 'in_clause,filter_pushdown'")
    opened.execute(
        f"CREATE TEMP {'VIEW' if landed.is_columnar else 'TABLE'} checked AS SELECT {number}"
        f"{', '.join(f'{_typed(name)} AS {identifier(name)}' for name in columns)},"
        f" faults, CASE WHEN faults <> 0 THEN [{', '.join(_said(dataset, landed).values())}] END AS said"
        f" FROM (SELECT *, {_bits(faults)} AS faults FROM (SELECT *, {typed} FROM landed))"
    )


def collect_faulty(
    opened: duckdb.DuckDBPyConnection, dataset: Dataset, landed: Landed, written: int
) -> int:
    """Create the table `faulty` of the rows of `checked` that break the contract, and return their number.

    Columns: row_number, line_number, nested (bit i set: the cell of contract column i holds a nested value), record,
    faults, and the texts of all contract columns under the columns' names. written: how many are good.
    """
    types = {"line_number": "BIGINT", "nested": "BIGINT"}
    texts = ", ".join(
        f"CAST(said[{place}] AS {types.get(name, 'VARCHAR')}) AS {identifier(name)}"
        for place, name in enumerate(_said(dataset, landed), 1)
    )
    columns = _columns(dataset, landed)
    absent = "".join(
        f", CAST(NULL AS VARCHAR) AS {identifier(column.name)}"
        for column in dataset.columns
        if column.name not in columns
    )
    row = opened.execute("SELECT count(*) FROM checked").fetchone()
    assert row is not None
    faulty = int(row[0]) - written
    opened.execute(
        f"CREATE TEMP TABLE faulty AS SELECT {_number(landed)} AS row_number, faults, {texts}{absent}"
        f" FROM checked WHERE {'faults <> 0' if faulty else 'false'}"
    )
    return faulty


def good_rows(dataset: Dataset, landed: Landed, load_id: str) -> str:
    """SELECT of the rows of `checked` that are not at fault, in file order, with the raw columns."""
    columns = ", ".join(
        f"{identifier(c.name) if c.name in landed.present else f'CAST(NULL AS {c.sql_type})'}"
        f" AS {identifier(c.name)}"
        for c in (*dataset.columns, *dataset.mapped_columns)
    )
    return (
        f"SELECT {columns}, {literal(load_id)} AS load_id, {_number(landed)} AS row_number"
        " FROM checked WHERE faults = 0"
    )


def faults(dataset: Dataset, labels: Mapping[str, str] | None = None) -> str:
    """SELECT of one line per faulty cell, from `faulty`.

    Columns: row_number, line_number, position (of the column in the contract), column, value,
    reason, record.
    """
    labels = labels or {}
    return " UNION ALL ".join(
        f"SELECT row_number, line_number, {position} AS position,"
        f' {literal(labels.get(column.name, column.name))} AS "column",'
        f" {identifier(column.name)} AS value,"
        f" {_reason(dataset, position, labels)} AS reason, record"
        f" FROM faulty WHERE faults & {1 << position} <> 0"
        for position, column in enumerate(dataset.columns)
    )


def number_lines(
    opened: duckdb.DuckDBPyConnection, lines_of: Callable[[Sequence[int]], list[int]] | None
) -> None:
    """Fill in the physical lines of the faulty rows where reading the file again gives them."""
    if lines_of is None:
        return
    rows = [row for (row,) in opened.execute("SELECT row_number FROM faulty ORDER BY 1").fetchall()]
    opened.execute(
        "UPDATE faulty SET line_number = found.line FROM"
        " (SELECT unnest($rows) AS row_number, unnest($lines) AS line) AS found"
        " WHERE found.row_number = faulty.row_number",
        {"rows": rows, "lines": lines_of(rows)},
    )


def _columns(dataset: Dataset, landed: Landed) -> dict[str, Column]:
    return {column.name: column for column in dataset.columns if column.name in landed.present}


def _said(dataset: Dataset, landed: Landed) -> dict[str, str]:
    """SQL over `landed` of what is kept of a faulty row, all as text, by the names in `faulty`."""
    nested = {
        position: landed.nested[column.name]
        for position, column in enumerate(dataset.columns)
        if column.name in landed.nested
    }
    return {
        "line_number": "CAST(line_number AS VARCHAR)",
        "nested": f"CAST({_bits(nested)} AS VARCHAR)",
        "record": landed.record,
        **{name: _text(name, landed) for name in _columns(dataset, landed)},
        **{f"why {name}": _why(name) for name in landed.labels},
    }


def _bits(conditions: Mapping[int, str]) -> str:
    """SQL of a number that has bit i set where condition i is true."""
    cases = [
        f"CASE WHEN {condition} THEN {1 << place} ELSE 0 END"
        for place, condition in conditions.items()
    ]
    return " | ".join(cases) or "0"


def _number(landed: Landed) -> str:
    return "row_number" if landed.is_numbered else "rowid + 1"


def _text(name: str, landed: Landed) -> str:
    return landed.texts.get(name, identifier(name))


def _made(column: Column, landed: Landed) -> str:
    return rules.converted(column, _text(column.name, landed))


def _typed(name: str) -> str:
    return identifier(f"typed {name}")


def _why(name: str) -> str:
    return identifier(f"why {name}")


def _fault(dataset: Dataset, column: Column, landed: Landed) -> str:
    """SQL that is true where the column is at fault, else false."""
    value, typed = _text(column.name, landed), _typed(column.name)
    has_type = column.name in landed.typed
    there = typed if has_type else value
    conditions = []
    # Of the other kinds a nested value has not the form.
    if column.name in landed.nested and column.kind in ("identifier", "text"):
        conditions.append(f"coalesce({landed.nested[column.name]}, false)")
    if column.name in landed.labels:
        conditions.append(f"{_why(column.name)} IS NOT NULL")
    if column.required:
        conditions.append(f"{there} IS NULL")
    tests = [
        test.passes for test in rules.tests(column, value, typed) if not (has_type and test.of_form)
    ]
    if tests:
        passes = " AND ".join(tests)
        conditions.append(f"({there} IS NOT NULL AND NOT coalesce({passes}, false))")
    conditions += [
        f"coalesce({typed} < {_typed(rule.earlier)}, false)"
        for rule in dataset.order_rules
        if rule.later == column.name and rule.earlier in landed.present
    ]
    return f"({' OR '.join(conditions)})" if conditions else "false"


def _order(dataset: Dataset, later: str, earlier: str) -> str:
    """SQL that is true where one column's text tells of a time before the other's."""
    columns = {column.name: column for column in dataset.columns}
    first, second = (rules.converted(columns[name], identifier(name)) for name in (later, earlier))
    return f"{first} < {second}"


def _reason(dataset: Dataset, position: int, labels: Mapping[str, str]) -> str:
    """SQL of the sentence that tells what is wrong with a cell and the way out."""
    column = dataset.columns[position]
    name, value = column.name, identifier(column.name)
    made = [(f"{_why(name)} IS NOT NULL", _why(name))] if name in labels else []
    cases = [
        *made,
        (
            f"nested & {1 << position} <> 0",
            f"'{name} holds a nested value; write one text, number or boolean'",
        ),
        (f"{value} IS NULL", f"'{name} is empty, but every row must have a value'"),
        *(
            (f"NOT coalesce({test.passes}, false)", test.sentence)
            for test in rules.tests(column, value, rules.converted(column, value))
        ),
        *(
            (
                _order(dataset, rule.later, rule.earlier),
                f"'{name} ''' || {value} || ''' lies before {rule.earlier} '''"
                f" || {identifier(rule.earlier)} || ''''",
            )
            for rule in dataset.order_rules
            if rule.later == name
        ),
    ]
    return f"CASE {' '.join(f'WHEN {when} THEN {then}' for when, then in cases)} END"
