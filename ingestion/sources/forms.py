"""What form a file has, told from its first MiB alone: JSON in its arrangements, CSV, a log, Parquet.

Reading a file whole, with every check, is the business of the readers; this looks at thousands of files in seconds.
"""

import codecs
import csv
import datetime as dt
import io
import json
import re
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any, Literal

import duckdb

from ingestion import bytes_check, engine
from ingestion.engine import identifier
from ingestion.limits import Limits, UnusableFileError
from ingestion.readers.common import first_line
from ingestion.sources.entities import ENTITIES, Entity
from ingestion.sources.records import LOG_LINE, Record, csv_header, json_objects

HEAD_BYTES = 1024 * 1024
RECORDS = 100
"""So many records of a file are looked at."""

Kind = Literal["json", "csv", "log", "parquet"]

_TAIL_BYTES = 64 * 1024
_LONGEST_HEADER = 64 * 1024
_LONGEST_NAME = 64
_PARQUET_ROWS = 100_000
_PARQUET = b"PAR1"
_ZIP = b"PK\x03\x04"
_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_SEPARATORS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}
# A date alone is no instant: people are hired on one.
_INSTANT = re.compile(r"\b(20\d\d-[01]\d-[0-3]\d)[T ][0-2]\d:[0-5]\d")
_LOG_INSTANT = re.compile(r"^(\d{9,11})(?:\.\d+)?\|", re.MULTILINE)
_OTHER_INSTANT = re.compile(r"\b[0-3]?\d[/.][0-3]?\d[/.]20\d\d(?: [0-2]?\d:[0-5]\d(?::[0-5]\d)?)?")
_NO_ENTITY = Entity("", "objects", ())


@dataclass(frozen=True)
class Form:
    """What a file looks like.

    `said`: the form in words. `columns`: of CSV and Parquet, as written there; `delimiter` of CSV.
    `records`: of JSON, the first top-level objects. `first_day`, `last_day`: the days (as written,
    whatever the zone) of the earliest and latest instant in what was read, None without any.
    `local_time`: the first date or time that is not written as ISO 8601.
    """

    kind: Kind
    said: str
    columns: tuple[str, ...] = ()
    delimiter: str = ""
    records: tuple[dict[str, Any], ...] = ()
    first_day: str | None = None
    last_day: str | None = None
    local_time: str | None = None


@dataclass(frozen=True)
class Head:
    """The first MiB of a file's text. `is_whole`: there is no more. `is_packed`: it lies there as gzip."""

    text: str
    is_whole: bool
    is_packed: bool
    has_mark: bool


def form_of(path: Path) -> Form:
    """The form of a file.

    Raises:
        UnusableFileError: it is empty, no text and no Parquet, not UTF-8, damaged, cut off, or
            text of no known form.
        OSError: it cannot be read.
    """
    if is_parquet(path):
        return _parquet(path)
    head = read_head(path)
    if not head.text.strip():
        raise UnusableFileError("the file is empty")
    first = head.text.lstrip()[0]
    if first in "[{":
        form = _json(head)
    elif LOG_LINE.fullmatch(_first_line(head.text)):
        form = _log(head)
    else:
        form = _csv(head, path)
    parts = [form.said, *(["gzip"] if head.is_packed else [])]
    parts += ["byte-order mark"] if head.has_mark else []
    return replace(form, said=", ".join(parts), **_instants(form.kind, head, path))


def is_parquet(path: Path) -> bool:
    """Whether the file begins as Parquet does."""
    with path.open("rb") as opened:
        return opened.read(len(_PARQUET)) == _PARQUET


def read_head(path: Path) -> Head:
    """The first MiB of a text file, unpacked if it is gzip.

    Raises:
        UnusableFileError: it is no text in UTF-8, or its gzip data is damaged or cut off.
    """
    with path.open("rb") as opened:
        data = opened.read(HEAD_BYTES + 1)
    is_packed = data.startswith(bytes_check.GZIP_MAGIC)
    if is_packed:
        data = _unpacked(path)
    is_whole = len(data) <= HEAD_BYTES
    data = data[:HEAD_BYTES]
    if data.startswith(_ZIP):
        raise UnusableFileError("the file is a zip archive or a workbook; unpack it, or save CSV")
    if data.startswith(_UTF16):
        raise UnusableFileError("the file is UTF-16; save it with UTF-8 encoding")
    if b"\0" in data:
        raise UnusableFileError("the file is neither text nor Parquet")
    try:
        text = codecs.getincrementaldecoder("utf-8")().decode(data, is_whole)
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise UnusableFileError(
            f"byte 0x{data[error.start]:02x} in line {line} is not UTF-8;"
            " save the file with UTF-8 encoding"
        ) from None
    return Head(text.removeprefix("\ufeff"), is_whole, is_packed, text.startswith("\ufeff"))


def some_records(
    head: Head, entity: Entity, lists: Sequence[str], at_most: int | None = None
) -> tuple[list[Record], str | None]:
    """The records, good or not, of the beginning of a JSON file, and the list of the page that they are of.

    The first is whole in the head, or the head is a page that goes on: then the records are those
    of the first of `lists` that begins in it. `entity`: whose pages are taken apart.

    Raises:
        UnusableFileError: the file is read whole, and cut off.
    """
    places = [(0, "")]
    if not head.is_whole:
        found = ((name, re.search(rf'"{re.escape(name)}"\s*:\s*\[', head.text)) for name in lists)
        places += [(begins.end(), name) for name, begins in found if begins]
    for place, name in places:
        records: list[Record] = []
        try:
            for record in islice(json_objects(io.StringIO(head.text[place:]), entity), at_most):
                records.append(record)
        except UnusableFileError:
            # Of a longer file the last record is always cut off.
            if head.is_whole:
                raise
        good = [record for record in records if record.reason is None]
        if good or head.is_whole:
            return records, name or None
    return [], None


def objects_in(record: dict[str, Any], lists: Sequence[str]) -> list[Any]:
    """The records within a page of an interface, or the record itself."""
    name = next((name for name in lists if isinstance(record.get(name), list)), None)
    return [record] if name is None else list(record[name])


def _unpacked(path: Path) -> bytes:
    data = b""
    for chunk in bytes_check.unpack(path):
        data += chunk
        if len(data) > HEAD_BYTES:
            break
    return data


def _first_line(text: str) -> str:
    return next((line for line in text.splitlines() if line.strip()), "")


def _json(head: Head) -> Form:
    lists = dict.fromkeys(name for entity in ENTITIES.values() for name in entity.lists)
    found, page = some_records(head, _NO_ENTITY, tuple(lists), RECORDS)
    records = [one for one in found if one.reason is None]
    if not records:
        raise UnusableFileError(
            "no JSON object can be read in it; it begins as JSON, but is none, or its first object"
            " is longer than a MiB"
        )
    values = tuple(json.loads(record.text) for record in records)
    lines = [record.line_number for record in records]
    page = page or next(filter(None, map(_page_of, values)), None)
    if page:
        said = f"a page with a list ({page})"
    elif head.text.lstrip().startswith("["):
        said = "a JSON list"
    elif any("\n" in record.text for record in records):
        said = "JSON objects over many lines" if len(records) > 1 else "one JSON object"
    elif len(set(lines)) < len(lines):
        said = "JSON objects one after the other"
    else:
        said = "JSON objects, one a line"
    return Form("json", said, records=values)


def _page_of(record: dict[str, Any]) -> str | None:
    """The name of the list that a page holds, which has nothing that tells of a record itself."""
    for entity in ENTITIES.values():
        for name in entity.lists:
            if isinstance(record.get(name), list) and not set(entity.known_by) & record.keys():
                return name
    return None


def _log(head: Head) -> Form:
    return Form("log", "a queue log, one record a line")


def _csv(head: Head, path: Path) -> Form:
    lines = head.text.lstrip().splitlines()
    mark, header = csv_header(lines[0]) if len(lines[0]) <= _LONGEST_HEADER else ("", [])
    if not _is_header(header) or not _is_row(lines[1:2], mark, len(header)):
        raise UnusableFileError(
            "the file is no JSON, no queue log, no Parquet, and no CSV with a header row of"
            " different column names"
        )
    said = f"CSV separated by {_SEPARATORS[mark]}"
    if _has_trailer(head, path, mark, len(header)):
        said += ", with a trailer"
    return Form("csv", said, columns=tuple(header), delimiter=mark)


def _is_header(names: Sequence[str]) -> bool:
    """Whether these can be the names of columns; prose has commas too."""
    return (
        1 < len(set(names)) == len(names) and all(names) and max(map(len, names)) <= _LONGEST_NAME
    )


def _is_row(line: Sequence[str], mark: str, width: int) -> bool:
    """Whether the first line below the header, if there is one, has a cell for each column, or goes on below."""
    return all('"' in one or one.count(mark) + 1 == width or not one.strip() for one in line)


def _has_trailer(head: Head, path: Path, mark: str, width: int) -> bool:
    """Whether the last line is whole and has fewer cells than the header."""
    text = head.text if head.is_whole else "" if head.is_packed else _tail(path)
    lines = text.splitlines()
    if len(lines) < 2 or not text.endswith(("\n", "\r")):
        return False
    last = next((line for line in reversed(lines) if line.strip()), "")
    cells = next(csv.reader([last[:_LONGEST_HEADER]], delimiter=mark), [])
    return 0 < len(cells) < width and '"' not in last


def _tail(path: Path) -> str:
    with path.open("rb") as opened:
        opened.seek(-min(_TAIL_BYTES, path.stat().st_size), 2)
        return opened.read().decode("utf-8", errors="ignore")


def _instants(kind: Kind, head: Head, path: Path) -> dict[str, Any]:
    texts = [head.text]
    if not (head.is_whole or head.is_packed):
        texts.append(_tail(path))
    if kind == "log":
        seconds = [int(one) for text in texts for one in _LOG_INSTANT.findall(text)]
        return _span(_day(one) for one in seconds)
    days = _span(day for text in texts for day in _INSTANT.findall(text))
    other = _OTHER_INSTANT.search(head.text) if kind == "csv" else None
    return {**days, "local_time": other[0] if other else None}


def _day(epoch_seconds: int) -> str:
    return f"{dt.datetime.fromtimestamp(epoch_seconds, dt.UTC):%Y-%m-%d}"


def _span(days: Iterable[str]) -> dict[str, Any]:
    known = sorted(set(days))
    return {"first_day": known[0], "last_day": known[-1]} if known else {}


def _parquet(path: Path) -> Form:
    limits = Limits()
    try:
        with tempfile.TemporaryDirectory() as folder, engine.connect() as connection:
            # Under a name of its own, no name of a file is taken for a pattern.
            link = Path(folder) / "source"
            link.symlink_to(path.resolve())
            rows = engine.parquet_as_it_lies(connection, link)
            types = {
                str(name): str(kind)
                for name, kind, *_ in connection.execute(f"DESCRIBE FROM {rows}").fetchall()
            }
            if len(types) > limits.columns:
                raise limits.refuse(
                    "columns", f"the file has {len(types):,}", "export those of the contract"
                )
            counted = connection.execute(f"SELECT count(*) FROM {rows}").fetchall()[0][0]
            instants = [name for name, kind in types.items() if kind.startswith("TIMESTAMP")]
            ends = ", ".join(
                f"min({identifier(name)})::DATE::VARCHAR, max({identifier(name)})::DATE::VARCHAR"
                for name in instants
            )
            days = (
                connection.execute(
                    f"SELECT {ends} FROM (FROM {rows} LIMIT {_PARQUET_ROWS})"
                ).fetchall()[0]
                if instants
                else ()
            )
    except duckdb.Error as error:
        raise UnusableFileError(
            f"the file cannot be read as Parquet; export or copy it again ({first_line(error, path)})"
        ) from None
    return Form(
        "parquet",
        f"Parquet of {counted:,} rows",
        columns=tuple(types),
        **_span(day for day in days if day is not None),
    )
