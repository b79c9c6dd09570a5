"""The contract applied to a file that was read: which rows break it and why, which rows are good.

Input is a relation `landed` with `row_number`, `line_number` (null where the format has no lines),
`nested` (bit i set: the cell of contract column i holds a nested value), `record` (the row as
text) and one VARCHAR column per contract column that the file has. Where a mapping made the rows,
there is beside each a column `why …` with the reason why it could make no value, null if it could.
"""

from collections.abc import Callable, Mapping, Sequence
from zoneinfo import available_timezones

import duckdb

from ingestion import rules
from ingestion.contract import Column, Dataset
from ingestion.engine import identifier, literal


def prepare_time_zones(opened: duckdb.DuckDBPyConnection) -> None:
    """Create the table `time_zones` of the names that both DuckDB and Python know."""
    known = sorted(available_timezones())
    opened.execute(
        "CREATE TEMP TABLE time_zones AS SELECT DISTINCT name FROM pg_timezone_names()"
        " WHERE name IN (SELECT unnest($known))",
        {"known": known},
    )


def collect_faulty(
    opened: duckdb.DuckDBPyConnection,
    dataset: Dataset,
    present: Sequence[str],
    labels: Mapping[str, str] | None = None,
) -> int:
    """Create the table `faulty` of the rows that break the contract, and return their number.

    Its columns: row_number, line_number, nested, record, the texts of all contract columns under
    the columns' names, and `faults`, which has bit i set when contract column i is at fault.
    labels: of the columns that a mapping made, their names in reasons.
    """
    cells = ", ".join(f"{_cell(c, present)} AS {identifier(c.name)}" for c in dataset.columns)
    cells += "".join(f", {_why(name)}" for name in labels or ())
    conditions = {
        position: _fault(dataset, position, present, labels or {})
        for position, column in enumerate(dataset.columns)
        if column.name in present
    }
    faults = " | ".join(
        f"CASE WHEN {condition} THEN {1 << position} ELSE 0 END"
        for position, condition in conditions.items()
    )
    opened.execute(
        f"CREATE TEMP TABLE faulty AS SELECT row_number, line_number, nested, record, {cells},"
        f" {faults} AS faults FROM landed WHERE {' OR '.join(conditions.values())}"
    )
    row = opened.execute("SELECT count(*) FROM faulty").fetchone()
    assert row is not None
    return int(row[0])


def good_rows(dataset: Dataset, present: Sequence[str], load_id: str, any_faulty: bool) -> str:
    """SELECT of the rows that are not in `faulty`, typed, in file order, with the raw columns."""
    columns = ", ".join(
        f"CAST({rules.converted(c, _cell(c, present))} AS {c.sql_type}) AS {identifier(c.name)}"
        for c in (*dataset.columns, *dataset.mapped_columns)
    )
    select = f"SELECT {columns}, {literal(load_id)} AS load_id, row_number FROM landed"
    if not any_faulty:
        return select
    # A join may change the order of the rows.
    return f"{select} WHERE row_number NOT IN (SELECT row_number FROM faulty) ORDER BY row_number"


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


def _cell(column: Column, present: Sequence[str]) -> str:
    return identifier(column.name) if column.name in present else "CAST(NULL AS VARCHAR)"


def _why(name: str) -> str:
    return identifier(f"why {name}")


def _fault(
    dataset: Dataset, position: int, present: Sequence[str], labels: Mapping[str, str]
) -> str:
    """SQL that is true where the column is at fault, else false."""
    column = dataset.columns[position]
    value = identifier(column.name)
    conditions = [f"nested & {1 << position} <> 0"]
    if column.name in labels:
        conditions.append(f"{_why(column.name)} IS NOT NULL")
    if column.required:
        conditions.append(f"{value} IS NULL")
    if tests := rules.tests(column, value):
        passes = " AND ".join(test.passes for test in tests)
        conditions.append(f"({value} IS NOT NULL AND NOT coalesce({passes}, false))")
    conditions += [
        f"coalesce({_order(dataset, column.name, rule.earlier)}, false)"
        for rule in dataset.order_rules
        if rule.later == column.name and rule.earlier in present
    ]
    return f"({' OR '.join(conditions)})"


def _order(dataset: Dataset, later: str, earlier: str) -> str:
    """SQL that is true where one column's value lies before the other's."""
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
            for test in rules.tests(column, value)
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
