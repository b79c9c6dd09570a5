"""CSV as RFC 4180 has it: comma, double quote, a header row; values may hold line ends."""

import csv
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from itertools import islice
from operator import not_
from pathlib import Path
from typing import NamedTuple

import duckdb

from ingestion.bytes_check import TextFile, check_shape, with_one_line_ending
from ingestion.contract import Dataset
from ingestion.engine import identifier, literal
from ingestion.limits import SHOWN_LENGTH, Limits, UnusableFileError
from ingestion.readers.common import (
    RECORD_LENGTH,
    Landed,
    create_refused,
    first_line,
    match_columns,
    number_rows,
    plain_name,
)

HELD_LINES = 20_000
HELD_LENGTH = 16 * 1024 * 1024
"""Refused lines are handed on when there are so many of them, or so many characters."""

_SAID = {",": "a comma", ";": "a semicolon", "\t": "a tab", "|": "a bar"}


class Broken(NamedTuple):
    """A line that is no row: its number as DuckDB counts, and the columns (from 1) at fault."""

    number: int
    error: str
    first_column: int
    last_column: int
    is_too_long: bool


class Place(NamedTuple):
    """Where a record begins: row number, physical line; and how many lines it spans."""

    row_number: int
    line_number: int
    lines: int


_LINE_END = re.compile(r"\r\n|\r|\n")


def read(
    opened: duckdb.DuckDBPyConnection,
    dataset: Dataset,
    text: TextFile,
    folder: Path,
    limits: Limits,
) -> Landed:
    """Read the file into `landed`, and lines that are no rows of it into `refused`.

    Raises:
        UnusableFileError: no header, a column missing or twice, quotes that do not close, or
            more broken lines or values than the limits allow.
    """
    header = read_header(text, limits)
    positions, unknown = match_columns(dataset, header, limits)
    lines_of = read_rows(opened, positions, len(header), text, folder, limits)
    record = _create_landed(opened, positions, "place AS row_number", "numbered")
    return Landed(tuple(positions), unknown, lines_of, record=record)


def read_well_formed(
    opened: duckdb.DuckDBPyConnection,
    dataset: Dataset,
    text: TextFile,
    folder: Path,
    limits: Limits,
) -> Landed | None:
    """Make a file whose lines all are rows `landed` as it lies there; None where its quotes are odd.

    Reading `landed` raises duckdb.InvalidInputException when a line is no row.

    Raises:
        UnusableFileError: no header, or a column missing or twice.
    """
    if text.odd_quote_line is not None:
        return None
    header = read_header(text, limits)
    positions, unknown = match_columns(dataset, header, limits)
    create_refused(opened)
    cells = _cells(positions, len(header), text, folder, keep_rejects=False)
    record = _create_landed(opened, positions, "CAST(NULL AS BIGINT) AS row_number", f"({cells})")
    lines_of = partial(_line_numbers, text.path, limits, text.separator)
    return Landed(tuple(positions), unknown, lines_of, record=record, is_numbered=False)


def _create_landed(
    opened: duckdb.DuckDBPyConnection, positions: dict[str, int], number: str, rows: str
) -> str:
    """Create `landed`; returns the SQL of a row as text."""
    names = ", ".join(identifier(name) for name in positions)
    packed = ", ".join(f"{identifier(name)} := {identifier(name)}" for name in positions)
    record = f"CAST(to_json(struct_pack({packed})) AS VARCHAR)"
    opened.execute(
        f"CREATE TEMP VIEW landed AS SELECT {number}, CAST(NULL AS BIGINT) AS line_number,"
        f" {record} AS record, {names} FROM {rows}"
    )
    return record


def read_rows(
    opened: duckdb.DuckDBPyConnection,
    positions: dict[str, int],
    width: int,
    text: TextFile,
    folder: Path,
    limits: Limits,
) -> Callable[[Sequence[int]], list[int]]:
    """Read columns of the file as text into the relation `numbered`, and lines that are no rows into `refused`.

    `numbered` has the number of the row as `place` and a column per name in positions. Returns what tells the
    physical lines of ascending row numbers.

    Raises:
        UnusableFileError: quotes that do not close, or more broken lines or values than the limits allow.
    """
    path, broken = _read_cells(opened, positions, width, text, folder, limits)
    if text.odd_quote_line is not None:
        _check_no_row_lost(opened, path, len(broken), text, limits)
    # DuckDB counts the header and blank lines among its lines.
    places = _places(path, [line.number - 2 for line in broken], limits, text.separator)
    create_refused(opened)
    _refuse(opened, path, broken, places, width, text.separator)
    number_rows(opened, [place.row_number for place in places])
    return partial(_line_numbers, path, limits, text.separator)


def read_header(text: TextFile, limits: Limits) -> list[str]:
    """The column names as they stand in the first line.

    Raises:
        UnusableFileError: it has none, or another separator.
    """
    with _rows(text.path, limits, text.separator) as reader:
        names = next(reader, list[str]())
    if not any(name.strip() for name in names):
        raise UnusableFileError("the first line is no header; write the column names there")
    if text.separator == "," and len(names) == 1 and any(mark in names[0] for mark in ";\t|"):
        raise UnusableFileError(
            f"the header {names[0][:SHOWN_LENGTH]!r} has no commas; separate the columns by commas"
        )
    return names


def _read_cells(
    opened: duckdb.DuckDBPyConnection,
    positions: dict[str, int],
    width: int,
    text: TextFile,
    folder: Path,
    limits: Limits,
) -> tuple[Path, list[Broken]]:
    """Create `cells`; return the file that was read (as given, or mended) and its broken lines."""
    try:
        _create_cells(opened, positions, width, text, folder, keep_rejects=False)
        return text.path, []
    except duckdb.InvalidInputException:
        check_shape(text.path, width, limits, text.separator)
    try:
        _create_cells(opened, positions, width, text, folder)
        broken = _broken(opened)
        if not (broken and text.mixed_line_ends):
            return text.path, broken
    except duckdb.InvalidInputException:
        pass
    # DuckDB fails or miscounts where record ends are of two kinds, as in files put together from
    # several; a line end within a value is worth keeping only while that does not happen.
    mended = replace(text, path=with_one_line_ending(text.path, folder))
    opened.execute("DROP TABLE IF EXISTS reject_errors")
    opened.execute("DROP TABLE IF EXISTS reject_scans")
    try:
        _create_cells(opened, positions, width, mended, folder)
    except duckdb.InvalidInputException as error:
        raise UnusableFileError(
            "the lines cannot be told apart; end every line by LF or by CR LF, and put"
            f" values with line ends in double quotes ({first_line(error, text.path)})"
        ) from None
    return mended.path, _broken(opened)


def _broken(opened: duckdb.DuckDBPyConnection) -> list[Broken]:
    rows = opened.execute(
        "SELECT line, arg_min(error_type::VARCHAR, column_idx), min(column_idx), max(column_idx),"
        " bool_or(error_type::VARCHAR = 'LINE SIZE OVER MAXIMUM')"
        " FROM reject_errors GROUP BY line ORDER BY line"
    ).fetchall()
    return [Broken(*row) for row in rows]


def _create_cells(
    opened: duckdb.DuckDBPyConnection,
    positions: dict[str, int],
    width: int,
    text: TextFile,
    folder: Path,
    keep_rejects: bool = True,
) -> None:
    if text.odd_quote_line is not None:
        # Threads start in the middle of the file, where an odd quote makes them guess wrong; and
        # parallel = false drops what follows an open quote without a word.
        opened.execute("SET threads = 1")
    opened.execute(
        "CREATE OR REPLACE TEMP TABLE cells AS"
        f" {_cells(positions, width, text, folder, keep_rejects)}"
    )


def _cells(
    positions: dict[str, int], width: int, text: TextFile, folder: Path, keep_rejects: bool
) -> str:
    """SELECT of columns of the file as text."""
    types = ", ".join(f"'c{position}': 'VARCHAR'" for position in range(width))
    cells = ", ".join(f"c{position} AS {identifier(name)}" for name, position in positions.items())
    return (
        f"SELECT {cells} FROM read_csv("
        f"{plain_name(text.path, folder)}, columns = {{{types}}}, auto_detect = false,"
        f" header = true, delim = {literal(text.separator)}, quote = '\"', escape = '\"', strict_mode = true,"
        f" compression = 'none', store_rejects = {str(keep_rejects).lower()})"
    )


def _refuse(
    opened: duckdb.DuckDBPyConnection,
    path: Path,
    broken: Sequence[Broken],
    places: Sequence[Place],
    width: int,
    separator: str,
) -> None:
    """Put the broken records into `refused`, each physical line on its own.

    Otherwise half a file behind one open quote would count as one rejected row.
    """
    if not broken:
        return
    refusals: list[tuple[int, int, str, str]] = []
    held = 0
    with path.open(encoding="utf-8-sig", newline="") as lines:
        reached = 1
        for record, place in zip(broken, places, strict=True):
            start = place.line_number - reached
            reason = _structure_reason(record, width, separator)
            for number, line in enumerate(
                islice(lines, start, start + place.lines), place.line_number
            ):
                record_line = line[:RECORD_LENGTH].rstrip("\r\n")
                refusals.append((place.row_number, number, reason, record_line))
                held += len(record_line)
                if held > HELD_LENGTH or len(refusals) > HELD_LINES:
                    _insert_refused(opened, refusals)
                    refusals, held = [], 0
            reached = place.line_number + place.lines
    if refusals:
        _insert_refused(opened, refusals)


def _insert_refused(
    opened: duckdb.DuckDBPyConnection, refusals: Sequence[tuple[int, int, str, str]]
) -> None:
    row_numbers, line_numbers, reasons, records = map(list, zip(*refusals, strict=True))
    opened.execute(
        "INSERT INTO refused SELECT unnest($rows), unnest($lines), NULL, NULL,"
        " unnest($reasons), unnest($records)",
        {"rows": row_numbers, "lines": line_numbers, "reasons": reasons, "records": records},
    )


def _structure_reason(line: Broken, width: int, separator: str) -> str:
    if line.is_too_long:
        return "the line is longer than 2 MB; is a double quote left open?"
    if line.error == "MISSING COLUMNS":
        return f"the row has {line.first_column} values, but the header names {width} columns"
    if line.error == "TOO MANY COLUMNS":
        return (
            f"the row has {line.last_column} values, but the header names {width} columns;"
            f" put values that hold {_SAID[separator]} in double quotes"
        )
    return (
        "a value that begins with a double quote does not end with one, so the row cannot be told"
        " from what follows; close it, and write a double quote within a value twice"
    )


def _check_no_row_lost(
    opened: duckdb.DuckDBPyConnection,
    path: Path,
    refused: int,
    text: TextFile,
    limits: Limits,
) -> None:
    """Behind a quote that never closes DuckDB can drop lines, so count the rows another way."""
    row = opened.execute("SELECT count(*) FROM cells").fetchone()
    assert row is not None
    with _rows(path, limits, text.separator) as reader:
        expected = sum(map(bool, reader)) - 1
    if row[0] + refused != expected:
        raise UnusableFileError(
            f"the double quote in line {text.odd_quote_line} makes it impossible to tell the rows"
            " apart; close it, and write a double quote within a value twice"
        )


class _Rows:
    """The rows of a file as Python's csv module reads them, header and blank lines included."""

    def __init__(self, lines: Iterable[str], limits: Limits, separator: str) -> None:
        self._limits = limits
        self._lines = lines
        self._first_line = 1
        self._length = 0
        self._reader = csv.reader(self._counted(), delimiter=separator)

    @property
    def line_num(self) -> int:
        return self._reader.line_num

    def __iter__(self) -> "_Rows":
        return self

    def __next__(self) -> list[str]:
        self._first_line = self._reader.line_num + 1
        self._length = 0
        return next(self._reader)

    def _counted(self) -> Iterator[str]:
        for line in self._lines:
            self._length += len(line)
            if self._length > self._limits.record_bytes:
                raise self._limits.refuse(
                    "record_bytes",
                    f"the record that begins in line {self._first_line} does not end before"
                    f" line {self._reader.line_num + 1}",
                    "is a double quote left open there?",
                )
            yield line


@contextmanager
def _rows(path: Path, limits: Limits, separator: str) -> Iterator[_Rows]:
    """Open the file for reading row by row."""
    limit = csv.field_size_limit(sys.maxsize)
    try:
        with path.open(encoding="utf-8-sig", newline="") as lines:
            yield _Rows(lines, limits, separator)
    finally:
        csv.field_size_limit(limit)


def _places(path: Path, records: Sequence[int], limits: Limits, separator: str) -> list[Place]:
    """Places of ascending records, which count from 0 after the header, with blank lines."""
    if not records:
        return []
    places = []
    with _rows(path, limits, separator) as reader:
        next(reader)
        reached = blank = 0
        for record in records:
            blank += sum(map(not_, islice(reader, record - reached)))
            before = reader.line_num
            next(reader)
            reached = record + 1
            places.append(Place(record + 1 - blank, before + 1, reader.line_num - before))
    return places


def _line_numbers(
    path: Path, limits: Limits, separator: str, row_numbers: Sequence[int]
) -> list[int]:
    """Physical lines (the header is in line 1) on which the ascending row numbers begin."""
    if not row_numbers:
        return []
    lines = []
    with _rows(path, limits, separator) as reader:
        next(reader)
        rows = filter(None, reader)
        reached = 0
        for row_number in row_numbers:
            values = next(islice(rows, row_number - reached - 1, None))
            reached = row_number
            within = sum(len(_LINE_END.findall(value)) for value in values)
            lines.append(reader.line_num - within)
    return lines
