"""Reading a vendor's file into records, whatever it is called and however it is arranged.

Real exports are concatenated JSON objects without a line end between them, lists, lists in lists,
pages of an interface that hold a list, one object over many lines, NDJSON, or CSV with a header;
gzip or not, with names that say nothing (`queue_log.1`, a stream's `name-2026-10-01-00-…`). So
the content tells the form, never the name.
"""

import csv
import json
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple, NoReturn, TextIO

import duckdb

from ingestion import bytes_check
from ingestion.limits import Limits, UnusableFileError
from ingestion.readers.common import RECORD_LENGTH, Landed, create_refused
from ingestion.sources.entities import PAYLOAD, Entity

LOG_LINE = re.compile(r"\d{9,11}(?:\.\d+)?\|[^|]*\|[^|]*\|[^|]*\|[A-Z]+(?:\|.*)?")
"""A line of a queue log."""

BATCH = 50_000
SMALL_BYTES = 4 * 1024 * 1024
_CHUNK = 4 * 1024 * 1024
_LONGEST_RECORD = 64 * 1024 * 1024
# An error this near to the end of what was read may only mean that the rest is still to come.
_NEAR_END = 1024 * 1024
_SKIPPED = re.compile(r"[\s,\[\]]*")
_LINE_WITH_OBJECT = re.compile(r"\n[ \t]*\{")
_SHOWN = 80


class Record(NamedTuple):
    """A record as text, or what cannot be read as one, with the reason."""

    line_number: int
    text: str
    reason: str | None = None


def read(
    opened: duckdb.DuckDBPyConnection, entity: Entity, source: Path, folder: Path, limits: Limits
) -> Landed:
    """Read the file into `landed`, and what is no record into `refused`.

    Raises:
        UnusableFileError: it is no text in UTF-8, ends too early, or has no record at all.
    """
    text = bytes_check.open_text(source, is_gzip(source), folder, limits)
    trailers: list[str] = []
    create_refused(opened)
    opened.execute(
        "CREATE TEMP TABLE records (row_number BIGINT, line_number BIGINT, payload VARCHAR)"
    )
    with text.path.open(encoding="utf-8-sig", newline="") as stream:
        _fill(opened, _records(stream, text.path, entity, trailers))
    opened.execute(
        "CREATE TEMP VIEW landed AS SELECT row_number, line_number, payload AS record, payload"
        " FROM records"
    )
    return Landed((PAYLOAD,), tuple(trailers))


def write_small(
    entity: Entity,
    source: Path,
    load_id: str,
    raw: Path,
    folder: Path,
    limits: Limits,
    may_stay: Callable[[Sequence[str]], bool],
) -> int | None:
    """Write the records of a small file, all of them good, to `raw`; return how many there are.

    A stream delivers a month in thousands of small files, and starting a database for each would
    take most of the time. None, and nothing written, for a file that is not small, or has anything
    to tell beside its records, or whose records may not all stay as they are (`may_stay`).

    Raises:
        UnusableFileError: as `read`.
    """
    text = bytes_check.open_text(source, is_gzip(source), folder, limits)
    if text.path.stat().st_size > SMALL_BYTES:
        return None
    trailers: list[str] = []
    with text.path.open(encoding="utf-8-sig", newline="") as stream:
        records = list(_records(stream, text.path, entity, trailers))
    if trailers or any(record.reason is not None for record in records):
        return None
    if not may_stay([record.text for record in records]):
        return None
    # Heavy to import: only who reads a file waits for it.
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = pa.table(
        {
            PAYLOAD: pa.array([record.text for record in records], pa.string()),
            "load_id": pa.array([load_id] * len(records), pa.string()),
            "row_number": pa.array(range(1, len(records) + 1), pa.int64()),
        }
    )
    pq.write_table(table, raw, compression="zstd")
    return len(records)


def _records(stream: TextIO, path: Path, entity: Entity, trailers: list[str]) -> Iterator[Record]:
    if entity.form == "log":
        return _log_lines(stream)
    if _begins_as_json(stream):
        return json_objects(stream, entity)
    return _csv_rows(stream, ends_a_line(path), trailers)


def is_gzip(path: Path) -> bool:
    """Whether the file begins as gzip does, whatever its name says."""
    with path.open("rb") as opened:
        return opened.read(2) == bytes_check.GZIP_MAGIC


def _fill(opened: duckdb.DuckDBPyConnection, records: Iterable[Record]) -> None:
    numbered = enumerate(records, 1)
    while batch := list(islice(numbered, BATCH)):
        good = [(number, one.line_number, one.text) for number, one in batch if one.reason is None]
        bad = [
            (number, one.line_number, None, None, one.reason, one.text[:RECORD_LENGTH])
            for number, one in batch
            if one.reason is not None
        ]
        _insert(opened, "records", ("BIGINT", "BIGINT", "VARCHAR"), good)
        _insert(opened, "refused", ("BIGINT", "BIGINT", *("VARCHAR",) * 4), bad)


def _insert(
    opened: duckdb.DuckDBPyConnection,
    table: str,
    types: Sequence[str],
    rows: Sequence[tuple[Any, ...]],
) -> None:
    if not rows:
        return
    import pyarrow as pa

    kinds = {"BIGINT": pa.int64(), "VARCHAR": pa.string()}
    columns = [
        pa.array(list(values), kinds[kind])
        for values, kind in zip(zip(*rows, strict=True), types, strict=True)
    ]
    batch = pa.table(columns, names=[f"c{place}" for place in range(len(types))])
    opened.register("batch", batch)
    opened.execute(f"INSERT INTO {table} SELECT * FROM batch")
    opened.unregister("batch")


def _log_lines(stream: TextIO) -> Iterator[Record]:
    """One record a line: epoch|callid|queue|member|EVENT|parameters."""
    for number, line in enumerate(stream, 1):
        line = line.rstrip("\r\n")
        if not line.strip():
            continue
        if LOG_LINE.fullmatch(line):
            yield Record(number, line)
        else:
            yield Record(
                number,
                line,
                "the line is no record of a queue log, which has at least five values:"
                " epoch|callid|queue|member|EVENT",
            )


def _begins_as_json(stream: TextIO) -> bool:
    """Whether the first character that is no blank opens a JSON object or list."""
    first = ""
    while not first.strip():
        first = stream.read(1024)
        if not first:
            break
    stream.seek(0)
    return not first or first.lstrip().startswith(("{", "["))


def ends_a_line(path: Path) -> bool:
    """Whether the last line of the file is whole."""
    with path.open("rb") as opened:
        opened.seek(max(path.stat().st_size - 1, 0))
        return opened.read(1) in (b"\n", b"\r", b"")


def json_objects(stream: TextIO, entity: Entity) -> Iterator[Record]:
    """Every object of the text, in lists or not; those within a page of `entity` are taken out of it.

    Raises:
        UnusableFileError: a list or the last object is not closed.
    """
    decoder = json.JSONDecoder(parse_constant=_no_number)
    held, place, line, depth, is_last = "", 0, 1, 0, False
    while True:
        skipped = _SKIPPED.match(held, place)
        assert skipped is not None
        depth += skipped[0].count("[") - skipped[0].count("]")
        line += skipped[0].count("\n")
        place = skipped.end()
        if place == len(held):
            if is_last:
                break
            held, place = stream.read(_CHUNK), 0
            is_last = not held
            continue
        try:
            value, end = decoder.raw_decode(held, place)
        except (ValueError, RecursionError) as error:
            at = error.pos if isinstance(error, json.JSONDecodeError) else place
            is_unterminated = "Unterminated" in str(error)
            is_near_end = is_unterminated or at >= len(held) - _NEAR_END
            if not is_last and is_near_end and len(held) - place < _LONGEST_RECORD:
                more = stream.read(_CHUNK)
                held, place, is_last = held[place:] + more, 0, not more
                continue
            following = _LINE_WITH_OBJECT.search(held, place)
            is_cut_off = is_unterminated or at >= len(held.rstrip()) - 1
            if is_cut_off and is_last and following is None:
                raise UnusableFileError(
                    f"the file ends within the record that begins in line {line}"
                    " (truncated file); export or copy it again"
                ) from None
            end = following.start() if following else len(held)
            yield Record(line, held[place:end], _json_reason(error))
        else:
            text = held[place:end]
            yield from _taken_out(value, text, line, entity)
        line += held.count("\n", place, end)
        place = end
    if depth > 0:
        raise UnusableFileError(
            "the file ends within a list that is not closed (truncated file);"
            " export or copy it again"
        )


def _taken_out(value: Any, text: str, line: int, entity: Entity) -> Iterator[Record]:
    if not isinstance(value, dict):
        yield Record(line, text, "the record is no JSON object")
        return
    name = next((name for name in entity.lists if isinstance(value.get(name), list)), None)
    if name is None:
        yield Record(line, text)
        return
    for one in value[name]:
        text = json.dumps(one, ensure_ascii=False, separators=(",", ":"))
        yield Record(
            line, text, None if isinstance(one, dict) else f"a record in {name} is no JSON object"
        )


def _no_number(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")


def _json_reason(error: Exception) -> str:
    said = error.msg if isinstance(error, json.JSONDecodeError) else str(error)
    return f"the record is no valid JSON ({said[:_SHOWN]})"


def csv_header(line: str) -> tuple[str, list[str]]:
    """What separates the columns of a CSV file, and their names, by its first line."""
    mark = max(",;\t|", key=line.count)
    return mark, [name.strip() for name in next(csv.reader([line], delimiter=mark), [])]


def _csv_rows(stream: TextIO, ends_a_line: bool, trailers: list[str]) -> Iterator[Record]:
    """Every row as a JSON object of its cells that are not empty.

    A whole last line of fewer cells than the header names, such as a count of the rows, is no row:
    it is put into `trailers`. Without a line end it is a row that was cut off.
    """
    limit = csv.field_size_limit(sys.maxsize)
    try:
        mark, header = csv_header(stream.readline())
        if len(header) < 2 or len(set(header)) < len(header):
            raise UnusableFileError(
                "the file is neither JSON nor CSV with a header row of different column names"
            )
        reader = csv.reader(stream, delimiter=mark)
        held: Record | None = None
        before = 1
        for cells in reader:
            line, before = before + 1, reader.line_num + 1
            if not any(cell.strip() for cell in cells):
                continue
            if held is not None:
                yield held
                held = None
            if len(cells) == len(header):
                named = {name: cell for name, cell in zip(header, cells, strict=True) if cell != ""}
                yield Record(line, json.dumps(named, ensure_ascii=False, separators=(",", ":")))
                continue
            held = Record(
                line,
                mark.join(cells),
                f"the row has {len(cells)} values, but the header names {len(header)} columns",
            )
            if len(cells) > len(header):
                yield held
                held = None
        if held is not None and ends_a_line:
            trailers.append(f"(trailer in line {held.line_number}) {held.text[:_SHOWN]}")
        elif held is not None:
            yield held
    finally:
        csv.field_size_limit(limit)
