"""Parquet: native types become the text that the contract expects of them."""

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import duckdb

from ingestion.contract import Column, Dataset
from ingestion.engine import identifier
from ingestion.limits import Limits, UnusableFileError
from ingestion.readers.common import (
    Landed,
    create_refused,
    first_line,
    match_columns,
    plain_name,
)

# Above this a double no longer tells neighbouring whole numbers apart.
_EXACT_WHOLE = 2**53
# What needs no text to become a value of the contract, by the type that this has.
_TYPES_OF = {
    "TIMESTAMPTZ": ("TIMESTAMP WITH TIME ZONE",),
    "DATE": ("DATE",),
    "BOOLEAN": ("BOOLEAN",),
    "BIGINT": ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER"),
}
# Their texts are no longer than this.
_SHORT = {"DOUBLE", "FLOAT", *(native for natives in _TYPES_OF.values() for native in natives)}
_SHORT_LENGTH = 64
# The footer's length and the magic number.
_FOOTER_END = 8


def read(
    opened: duckdb.DuckDBPyConnection, dataset: Dataset, path: Path, folder: Path, limits: Limits
) -> Landed:
    """Make the file `landed` as it lies there; where reading that fails, `read_through` says whether it is the file.

    Raises:
        UnusableFileError: it is not Parquet or damaged, a column is missing or there twice, or
            it is over a limit.
    """
    _check_footer(path, limits)
    # Older writers mark their text columns as plain bytes.
    source = f"read_parquet({plain_name(path, folder)}, binary_as_string = true"
    create_refused(opened)
    with _unreadable(path):
        _check_layout(opened, plain_name(path, folder), limits)
        described = opened.execute(f"DESCRIBE SELECT * FROM {source})").fetchall()
        types = {str(name): str(sql_type) for name, sql_type, *_ in described}
        positions, unknown = match_columns(dataset, list(types), limits)
        names = {column: list(types)[place] for column, place in positions.items()}
        read = {name: types[name] for name in names.values()}
        _check_values(opened, plain_name(path, folder), source + ")", read, limits)
        return _create_landed(
            opened, dataset, f"{source}, file_row_number = true)", names, types, unknown
        )


def read_through(opened: duckdb.DuckDBPyConnection, path: Path) -> None:
    """Read all of `landed`, and do nothing with it.

    Raises:
        UnusableFileError: the file is damaged.
    """
    with _unreadable(path):
        opened.execute("SELECT max(hash(COLUMNS(*))) FROM landed").fetchall()


@contextmanager
def _unreadable(path: Path) -> Iterator[None]:
    """Say of an error of the engine that it is the file's, but not of one that may be the machine's.

    Raises:
        UnusableFileError: as said.
    """
    try:
        yield
    except (duckdb.OutOfMemoryException, duckdb.InterruptException):
        raise
    except duckdb.Error as error:
        raise UnusableFileError(
            f"the file cannot be read as Parquet; export or copy it again ({first_line(error, path)})"
        ) from None


def _check_footer(path: Path, limits: Limits) -> None:
    """The footer is read whole, before anything else of the file."""
    with path.open("rb") as opened:
        opened.seek(-min(_FOOTER_END, path.stat().st_size), os.SEEK_END)
        length = int.from_bytes(opened.read(4), "little")
    if limits.footer_bytes < length <= path.stat().st_size:
        raise limits.refuse(
            "footer_bytes", f"the footer has {length:,} bytes", "write fewer columns and row groups"
        )


def _check_layout(opened: duckdb.DuckDBPyConnection, path: str, limits: Limits) -> None:
    """What the footer says of rows and columns; a few bytes can stand for very many rows."""
    rows, columns = opened.execute(
        f"SELECT (SELECT num_rows FROM parquet_file_metadata({path})),"
        f" (SELECT count(*) - 1 FROM parquet_schema({path}))"
    ).fetchall()[0]
    if rows > limits.parquet_rows:
        raise limits.refuse("parquet_rows", f"the file has {rows:,} rows", "split it")
    if columns > limits.columns:
        raise limits.refuse(
            "columns",
            f"the file has {columns:,} of them, nested ones included",
            "export those of the contract",
        )


def _check_values(
    opened: duckdb.DuckDBPyConnection,
    path: str,
    source: str,
    types: Mapping[str, str],
    limits: Limits,
) -> None:
    """A value is written once and may stand in every row: the rows are far larger than the file.

    Looked at where it could matter alone, for it reads the columns one time more.
    """
    stored, rows = opened.execute(
        "SELECT coalesce(max(total_uncompressed_size), 0), coalesce(sum(row_group_num_rows), 0)"
        f" FROM parquet_metadata({path})"
    ).fetchall()[0]
    if stored <= limits.value_bytes and stored * rows <= limits.file_bytes:
        return
    wide = [name for name in types if types[name] not in _SHORT]
    longest, whole = _lengths(opened, source, wide)
    if whole + rows * _SHORT_LENGTH * (len(types) - len(wide)) > limits.file_bytes:
        longest, whole = _lengths(opened, source, list(types))
    if longest > limits.value_bytes:
        raise limits.refuse(
            "value_bytes", f"a value has {longest:,} bytes", "shorten it or leave it empty"
        )
    if whole > limits.file_bytes:
        raise limits.refuse("file_bytes", f"the values have {whole:,} bytes", "split the file")


def _lengths(
    opened: duckdb.DuckDBPyConnection, source: str, names: Sequence[str]
) -> tuple[int, int]:
    """Bytes of the longest text of these columns, and of all."""
    lengths = [f"strlen(CAST({identifier(name)} AS VARCHAR))" for name in names]
    if not lengths:
        return 0, 0
    longest, whole = opened.execute(
        f"SELECT coalesce(greatest({', '.join(f'max({length})' for length in lengths)}), 0),"
        f" {' + '.join(f'coalesce(sum({length}), 0)' for length in lengths)} FROM {source}"
    ).fetchall()[0]
    return longest, whole


def _create_landed(
    opened: duckdb.DuckDBPyConnection,
    dataset: Dataset,
    source: str,
    names: dict[str, str],
    types: dict[str, str],
    unknown: tuple[str, ...],
) -> Landed:
    contract = {column.name: column for column in dataset.columns}
    typed: dict[str, str] = {}
    texts: dict[str, str] = {}
    cells = []
    for column, name in names.items():
        if types[name] in _TYPES_OF.get(contract[column].sql_type, ()):
            cells.append(f"{identifier(name)} AS {identifier(column)}")
            typed[column] = f"CAST({identifier(column)} AS {contract[column].sql_type})"
            texts[column] = f"CAST({identifier(column)} AS VARCHAR)"
        else:
            text = _as_text(contract[column], name, types[name])
            cells.append(f"nullif({text}, '') AS {identifier(column)}")
    packed = ", ".join(f"{identifier(c)} := {texts.get(c, identifier(c))}" for c in names)
    record = f"CAST(to_json(struct_pack({packed})) AS VARCHAR)"
    opened.execute(
        "CREATE TEMP VIEW landed AS SELECT row_number, CAST(NULL AS BIGINT) AS line_number,"
        f" {record} AS record, {', '.join(map(identifier, names))}"
        f" FROM (SELECT file_row_number + 1 AS row_number, {', '.join(cells)} FROM {source})"
    )
    nested = {
        column: f"{identifier(column)} IS NOT NULL"
        for column, name in names.items()
        if _is_nested(types[name])
    }
    return Landed(
        tuple(names),
        unknown,
        record=record,
        nested=nested,
        typed=typed,
        texts=texts,
        is_columnar=True,
    )


def _as_text(column: Column, name: str, sql_type: str) -> str:
    cell = identifier(name)
    text = f"CAST({cell} AS VARCHAR)"
    if sql_type in ("DOUBLE", "FLOAT"):
        # Columns of whole numbers with gaps are often written as floating point.
        return (
            f"CASE WHEN {cell} = trunc({cell}) AND abs({cell}) <= {_EXACT_WHOLE}"
            f" THEN CAST(CAST({cell} AS BIGINT) AS VARCHAR) ELSE {text} END"
        )
    if column.kind == "date" and sql_type.startswith("TIMESTAMP") and "ZONE" not in sql_type:
        # A date column of a data frame is a timestamp at midnight.
        return (
            f"CASE WHEN CAST({cell} AS TIME) = TIME '00:00:00'"
            f" THEN CAST(CAST({cell} AS DATE) AS VARCHAR) ELSE {text} END"
        )
    return text


def _is_nested(sql_type: str) -> bool:
    return sql_type.endswith("]") or sql_type.startswith(("STRUCT", "MAP", "UNION", "VARIANT"))
