"""Parquet: native types become the text that the contract expects of them."""

from pathlib import Path

import duckdb

from ingestion.bytes_check import UnusableFileError
from ingestion.contract import Column, Dataset
from ingestion.engine import identifier
from ingestion.readers.common import (
    Landed,
    create_refused,
    first_line,
    match_columns,
    plain_name,
)

# Above this a double no longer tells neighbouring whole numbers apart.
_EXACT_WHOLE = 2**53


def read(opened: duckdb.DuckDBPyConnection, dataset: Dataset, path: Path, folder: Path) -> Landed:
    """Read the file into `landed`.

    Raises:
        UnusableFileError: it is not Parquet or damaged, or a column is missing or there twice.
    """
    # Older writers mark their text columns as plain bytes.
    source = f"read_parquet({plain_name(path, folder)}, binary_as_string = true"
    create_refused(opened)
    try:
        described = opened.execute(f"DESCRIBE SELECT * FROM {source})").fetchall()
        types = {str(name): str(sql_type) for name, sql_type, *_ in described}
        positions, unknown = match_columns(dataset, list(types))
        names = {column: list(types)[place] for column, place in positions.items()}
        _create_landed(opened, dataset, f"{source}, file_row_number = true)", names, types)
    except (duckdb.OutOfMemoryException, duckdb.InterruptException):
        raise
    except duckdb.Error as error:
        raise UnusableFileError(
            f"the file cannot be read as Parquet; export or copy it again ({first_line(error)})"
        ) from None
    return Landed(tuple(positions), unknown)


def _create_landed(
    opened: duckdb.DuckDBPyConnection,
    dataset: Dataset,
    source: str,
    names: dict[str, str],
    types: dict[str, str],
) -> None:
    contract = {column.name: column for column in dataset.columns}
    cells = ", ".join(
        f"nullif({_as_text(contract[column], name, types[name])}, '') AS {identifier(column)}"
        for column, name in names.items()
    )
    nested = " | ".join(
        ["0"]
        + [
            f"CASE WHEN {identifier(column.name)} IS NOT NULL THEN {1 << position} ELSE 0 END"
            for position, column in enumerate(dataset.columns)
            if column.name in names and _is_nested(types[names[column.name]])
        ]
    )
    columns = ", ".join(identifier(column) for column in names)
    packed = ", ".join(f"{identifier(c)} := {identifier(c)}" for c in names)
    opened.execute(
        f"CREATE TEMP TABLE cells AS SELECT file_row_number + 1 AS place, {cells} FROM {source}"
    )
    opened.execute(
        "CREATE TEMP VIEW landed AS SELECT place AS row_number,"
        f" CAST(NULL AS BIGINT) AS line_number, CAST({nested} AS BIGINT) AS nested,"
        f" CAST(to_json(struct_pack({packed})) AS VARCHAR) AS record, {columns} FROM cells"
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
