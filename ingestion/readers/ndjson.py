"""NDJSON: one JSON object per line, blank lines skipped, read line by line so that none is lost."""

from dataclasses import replace
from pathlib import Path

import duckdb

from ingestion.bytes_check import TextFile, with_one_line_ending
from ingestion.contract import Dataset
from ingestion.engine import identifier, literal
from ingestion.limits import Limits, UnusableFileError
from ingestion.readers.common import (
    RECORD_LENGTH,
    Landed,
    create_refused,
    first_line,
    match_columns,
    number_rows,
    plain_name,
)

# JSON has no bare control characters, so this one never stands between two halves of a line.
_NEVER_IN_JSON = "\x1f"


def read(
    opened: duckdb.DuckDBPyConnection,
    dataset: Dataset,
    text: TextFile,
    folder: Path,
    limits: Limits,
) -> Landed:
    """Read the file into `landed`, and lines that are no objects into `refused`.

    Raises:
        UnusableFileError: a column missing or written in two ways, lines that cannot be told
            apart, or names over the limit.
    """
    _create_lines(opened, text.path, folder)
    create_refused(opened)
    unread = opened.execute(
        "SELECT line, any_value(csv_line) FROM reject_errors GROUP BY line ORDER BY line"
    ).fetchall()
    number_rows(opened, [line for line, _ in unread])
    _create_records(opened, any_unread=bool(unread))
    opened.execute(
        "INSERT INTO refused SELECT row_number, line_number, NULL, NULL, problem,"
        f" left(line, {RECORD_LENGTH}) FROM records WHERE problem IS NOT NULL"
    )
    if not _any_object(opened):
        return _nothing_read(opened, dataset)
    return _create_landed(opened, dataset, limits)


def read_well_formed(
    opened: duckdb.DuckDBPyConnection,
    dataset: Dataset,
    text: TextFile,
    folder: Path,
    limits: Limits,
) -> Landed | None:
    """Make a file whose lines all are objects `landed` as it lies there; None where one has a name twice or none.

    Raises:
        duckdb.InvalidInputException: a line is no JSON.
        UnusableFileError: a column missing or written in two ways, or names over the limit.
    """
    opened.execute(
        "CREATE TEMP VIEW records AS SELECT CAST(NULL AS BIGINT) AS line_number, CAST(NULL AS BIGINT) AS row_number,"
        f" line, CAST(NULL AS VARCHAR) AS problem FROM ({_lines(text.path, folder, False)})"
    )
    found = opened.execute("SELECT json_keys(line) FROM records LIMIT 1").fetchone()
    # Most objects have the names of the first.
    opened.execute(
        "CREATE TEMP TABLE key_lists AS SELECT DISTINCT names FROM (SELECT json_keys(line) AS names"
        " FROM records) WHERE names IS DISTINCT FROM $first"
        " UNION ALL SELECT $first",
        {"first": found[0] if found else None},
    )
    odd = opened.execute(
        "SELECT 1 FROM key_lists WHERE coalesce(len(names), 0) = 0"
        " OR len(names) <> len(list_distinct(names)) LIMIT 1"
    ).fetchone()
    if odd:
        return None
    create_refused(opened)
    landed = _create_landed(opened, dataset, limits)
    return replace(landed, is_numbered=False, lines_of=list)


def _create_lines(opened: duckdb.DuckDBPyConnection, path: Path, folder: Path) -> None:
    try:
        _create_cells(opened, path, folder)
    except duckdb.InvalidInputException:
        try:
            _create_cells(opened, with_one_line_ending(path, folder), folder)
        except duckdb.InvalidInputException as error:
            raise UnusableFileError(
                "the lines cannot be told apart; end every line by LF or by CR LF"
                f" ({first_line(error, path)})"
            ) from None


def _create_cells(opened: duckdb.DuckDBPyConnection, path: Path, folder: Path) -> None:
    lines = _lines(path, folder, keep_rejects=True)
    opened.execute(f"CREATE OR REPLACE TEMP TABLE cells AS {lines}")


def _lines(path: Path, folder: Path, keep_rejects: bool) -> str:
    return (
        f"SELECT line FROM read_csv({plain_name(path, folder)}, columns = {{'line': 'VARCHAR'}},"
        f" auto_detect = false, header = false, delim = {literal(_NEVER_IN_JSON)}, quote = '',"
        " escape = '', strict_mode = true, compression = 'none',"
        f" store_rejects = {str(keep_rejects).lower()})"
    )


def _create_records(opened: duckdb.DuckDBPyConnection, any_unread: bool) -> None:
    """Create `records`: line_number, row_number, line, and what keeps it from being a row."""
    opened.execute(
        "CREATE TEMP TABLE key_lists AS SELECT DISTINCT json_keys(line) AS names FROM numbered"
        " WHERE CASE WHEN json_valid(line) THEN json_type(line) = 'OBJECT' ELSE false END"
    )
    blank = "coalesce(trim(line, ' ' || chr(9)), '') = ''"
    problem = (
        "CASE WHEN NOT json_valid(line) THEN 'the line is no valid JSON; write one object per line'"
        " WHEN json_type(line) <> 'OBJECT' THEN 'the line is JSON, but no object;"
        " write one object per line'"
        " WHEN len(json_keys(line)) <> len(list_distinct(json_keys(line)))"
        " THEN 'a name is there twice in the object; keep one of them' END"
    )
    repeated, gaps = opened.execute(
        "SELECT (SELECT count(*) FROM key_lists WHERE len(names) <> len(list_distinct(names))),"
        f" (SELECT count(*) FROM numbered WHERE {blank} OR CASE WHEN json_valid(line)"
        " THEN json_type(line) <> 'OBJECT' ELSE true END)"
    ).fetchall()[0]
    if not (any_unread or repeated or gaps):
        opened.execute(
            "CREATE TEMP VIEW records AS SELECT place AS line_number, place AS row_number, line,"
            " CAST(NULL AS VARCHAR) AS problem FROM numbered"
        )
        return
    opened.execute(
        "CREATE TEMP TABLE records AS SELECT line_number,"
        " row_number() OVER (ORDER BY line_number) AS row_number, line, problem FROM ("
        f" SELECT place AS line_number, line, {problem} AS problem"
        f" FROM numbered WHERE NOT {blank}"
        " UNION ALL SELECT DISTINCT ON (line) line, csv_line, 'the line is longer than 2 MB or"
        " holds a control character; write one object per line'"
        " FROM reject_errors) ORDER BY line_number"
    )


def _any_object(opened: duckdb.DuckDBPyConnection) -> bool:
    return bool(opened.execute("SELECT 1 FROM key_lists LIMIT 1").fetchall())


def _nothing_read(opened: duckdb.DuckDBPyConnection, dataset: Dataset) -> Landed:
    """A file without a single object says nothing about columns."""
    columns = ", ".join(f"line AS {identifier(name)}" for name in dataset.required_columns)
    opened.execute(
        "CREATE TEMP VIEW landed AS SELECT row_number, line_number,"
        f" line AS record, {columns} FROM records WHERE false"
    )
    return Landed(dataset.required_columns, ())


def _create_landed(opened: duckdb.DuckDBPyConnection, dataset: Dataset, limits: Limits) -> Landed:
    """Create `landed` of `records`, of which `key_lists` has the names."""
    found = opened.execute("SELECT DISTINCT unnest(names) AS name FROM key_lists ORDER BY name")
    names = [name for (name,) in found.fetchall()]
    positions, unknown = match_columns(dataset, names, limits)
    keys = {name: names[place] for name, place in positions.items()}
    structure = "{" + ", ".join(f'"{key}": "VARCHAR"' for key in keys.values()) + "}"
    columns = ", ".join(
        f"nullif(cells[{literal(key)}], '') AS {identifier(name)}" for name, key in keys.items()
    )
    opened.execute(
        f"CREATE TEMP VIEW landed AS SELECT row_number, line_number, line AS record, line, {columns}"
        " FROM (SELECT row_number, line_number, line, json_transform("
        f"CASE WHEN problem IS NULL THEN line END, {literal(structure)}) AS cells"
        " FROM records WHERE problem IS NULL)"
    )
    nested = {
        # A text may begin like a nested value: only then is the line looked at again.
        name: f"CASE WHEN starts_with({identifier(name)}, '{{') OR starts_with({identifier(name)}, '[')"
        f" THEN json_type(line, {path}) IN ('OBJECT', 'ARRAY') ELSE false END"
        for name, key in keys.items()
        for path in [literal(f'$."{key}"')]
    }
    return Landed(tuple(positions), unknown, nested=nested)
