"""Landing folders, written and read slowly: the contract's validity and version rules in Python.

Only CSV and NDJSON are written (optionally gzip-compressed); Parquet is read as well.
"""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any
from zoneinfo import available_timezones

from tests.oracle.contract import (
    BOOLEAN,
    CURRENCY,
    DATASETS,
    DATE,
    DURATION,
    IDENTIFIER,
    INSTANT,
    INTEGER,
    NUMBER,
    ZONE,
    Column,
    Row,
    Rows,
)
from tests.oracle.versions import latest_versions

UPDATED_AT = "updated_at"
MAX_IDENTIFIER_LENGTH = 128
FORMATS = ("csv", "csv.gz", "ndjson", "jsonl", "ndjson.gz", "parquet")


@dataclass(frozen=True)
class Reject:
    """One refused row (`row` counts data rows from 1) or, with `row` None, one refused file."""

    dataset: str
    file: str
    row: int | None
    column: str | None
    value: Any
    reason: str


@dataclass
class Landing:
    """Every good version, with `updated_at` and `load_order`, and everything refused."""

    versions: Rows = field(default_factory=dict)
    rejects: list[Reject] = field(default_factory=list)


class _BadValueError(Exception):
    def __init__(self, column: str | None, value: object, reason: str) -> None:
        super().__init__(reason)
        self.column, self.value, self.reason = column, value, reason


# --- writing ---


def write_landing(
    rows: Rows, folder: Path, formats: tuple[str, ...] = ("csv", "ndjson", "csv.gz")
) -> None:
    """Write each dataset as one file in `folder/<dataset>/`, in one of `formats` in turn.

    Rows may carry `updated_at`. A dataset without rows becomes a CSV file with a header only.
    """
    for position, (dataset, dataset_rows) in enumerate(sorted(rows.items())):
        file_format = formats[position % len(formats)] if dataset_rows else "csv"
        target = folder / dataset
        target.mkdir(parents=True, exist_ok=True)
        write_file(dataset, dataset_rows, target / f"{dataset}.{file_format}")


def write_file(dataset: str, rows: list[Row], path: Path) -> None:
    """Write rows of one dataset in the format that the file's name says."""
    columns = [*DATASETS[dataset].columns]
    if any(UPDATED_AT in row for row in rows):
        columns.append(UPDATED_AT)
    texts = [{column: _text(row.get(column)) for column in columns} for row in rows]
    if ".csv" in path.name:
        buffer = io.StringIO(newline="")
        writer = csv.DictWriter(buffer, columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows(texts)
        content = buffer.getvalue()
    else:
        content = "".join(
            json.dumps({name: _json_value(row.get(name)) for name in columns}, ensure_ascii=False)
            + "\n"
            for row in rows
        )
    data = content.encode("utf-8")
    # A fixed time stamp: the same rows are the same bytes, and so the same file to the ledger.
    path.write_bytes(gzip.compress(data, mtime=0) if path.name.endswith(".gz") else data)


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, date):
        return value.isoformat()
    return str(value)


def _json_value(value: Any) -> Any:
    if value is None or isinstance(value, bool | int):
        return value
    # As text, because a JSON number may lose digits of a decimal.
    return _text(value)


# --- reading ---


def read_landing(folder: Path, as_of: datetime | None = None) -> Rows:
    """The final rows of a landing folder: valid rows, one version per key.

    A dataset is in the result as soon as one of its files could be read. Versions updated after
    `as_of` are not seen.
    """
    return latest_versions(inspect_landing(folder).versions, as_of)


def inspect_landing(folder: Path) -> Landing:
    """Read every file of every dataset folder, in the order of the file names.

    "A file is loaded once: its content hash is its identity." "Nothing is dropped in silence."
    """
    landing = Landing()
    for dataset in DATASETS:
        loaded: set[str] = set()
        files = sorted(path for path in (folder / dataset).glob("*") if path.is_file())
        for position, path in enumerate(files):
            if not path.name.endswith(tuple(f".{name}" for name in FORMATS)):
                continue
            content_hash = hashlib.sha256(path.read_bytes()).hexdigest()
            if content_hash not in loaded:
                loaded.add(content_hash)
                _load_file(landing, dataset, path, position)
    return landing


def _load_file(landing: Landing, dataset: str, path: Path, position: int) -> None:
    """ "A file that cannot be read at all (…) loads nothing, is quarantined whole with the reason,
    and the other files go on"; "the good rows of the file load".
    """
    try:
        columns, raw_rows = _read_file(path)
        missing = [
            name
            for name, column in DATASETS[dataset].columns.items()
            if column.required and name not in columns
        ]
        if missing and (columns or raw_rows):
            raise ValueError(f"missing required column {missing[0]}")
    except (OSError, EOFError, ValueError) as error:
        landing.rejects.append(Reject(dataset, path.name, None, None, None, str(error)))
        return
    good = landing.versions.setdefault(dataset, [])
    for number, raw in enumerate(raw_rows, start=1):
        try:
            if isinstance(raw, _BadValueError):
                raise raw
            row = _valid_row(dataset, raw)
        except _BadValueError as bad:
            landing.rejects.append(
                Reject(dataset, path.name, number, bad.column, bad.value, bad.reason)
            )
        else:
            good.append(row | {"load_order": (position, number)})


def _read_file(path: Path) -> tuple[set[str], list[Any]]:
    """The columns of a file and its rows as read; a row that is no row is a `_BadValueError`."""
    if path.name.endswith(".parquet"):
        import pyarrow.parquet as parquet

        table = parquet.read_table(path)
        return set(table.column_names), table.to_pylist()
    data = path.read_bytes()
    if path.name.endswith(".gz"):
        data = gzip.decompress(data)
    text = data.decode("utf-8-sig")
    return _read_csv(text) if ".csv" in path.name else _read_ndjson(text)


def _read_csv(text: str) -> tuple[set[str], list[Any]]:
    lines = [line for line in csv.reader(io.StringIO(text, newline=""), strict=True) if line]
    if not lines:
        raise ValueError("no header row")
    header, rows = lines[0], list[Any]()
    for line in lines[1:]:
        if len(line) == len(header):
            rows.append(dict(zip(header, line, strict=True)))
        else:
            reason = f"{len(line)} fields, expected {len(header)}"
            rows.append(_BadValueError(None, line, reason))
    return set(header), rows


def _read_ndjson(text: str) -> tuple[set[str], list[Any]]:
    columns: set[str] = set()
    rows: list[Any] = []
    for line in text.split("\n"):
        if not line.strip():
            continue
        try:
            row = json.loads(line, parse_float=Decimal)
        except json.JSONDecodeError:
            row = None
        if isinstance(row, dict):
            columns |= set(row)
            rows.append(row)
        else:
            rows.append(_BadValueError(None, line, "not a JSON object"))
    return columns, rows


def _valid_row(dataset: str, raw: Row) -> Row:
    """ "A row that breaks the contract (type, null, enum, range, naive instant, `ended_at` before
    `answered_at`, unknown time zone) goes to quarantine." Unknown columns are kept out.
    """
    contract = DATASETS[dataset]
    row = {name: _valid_value(name, column, raw) for name, column in contract.columns.items()}
    row[UPDATED_AT] = _valid_value(UPDATED_AT, Column(INSTANT), raw)
    for earlier, later in contract.ordered:
        if row[earlier] is not None and row[later] is not None and row[later] < row[earlier]:
            raise _BadValueError(later, raw[later], f"before {earlier}")
    return row


def _valid_value(name: str, column: Column, raw: Row) -> Any:
    """One typed value. "Empty text is null." """
    value = raw.get(name)
    if value is None or value == "":
        if column.required:
            raise _BadValueError(name, value, "must not be null")
        return None
    parse: Callable[[Any], Any] = _PARSERS.get(column.kind, _parse_text)
    try:
        typed = parse(value)
    except (ValueError, TypeError, InvalidOperation) as error:
        raise _BadValueError(name, value, f"not a valid {column.kind}: {error}") from error
    if column.values and typed not in column.values:
        raise _BadValueError(name, value, f"not one of {', '.join(column.values)}")
    too_low = column.low is not None and typed < column.low
    too_high = column.high is not None and typed > column.high
    if too_low or too_high:
        raise _BadValueError(name, value, f"outside {column.low} to {column.high}")
    return typed


def _parse_text(value: Any) -> str:
    if isinstance(value, bool | dict | list):
        raise TypeError("not text")
    return str(value)


def _parse_identifier(value: Any) -> str:
    """ "Identifiers are opaque text, at most 128 characters." """
    text = _parse_text(value)
    if len(text) > MAX_IDENTIFIER_LENGTH:
        raise ValueError(f"longer than {MAX_IDENTIFIER_LENGTH} characters")
    return text


def _parse_zone(value: Any) -> str:
    if value not in available_timezones():
        raise ValueError("unknown time zone")
    return str(value)


def _parse_date(value: Any) -> date:
    """ "Dates are `YYYY-MM-DD`." """
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    if not re.fullmatch(r"\d{4}-\d{2}-\d{2}", value):
        raise ValueError("expected YYYY-MM-DD")
    return date.fromisoformat(value)


def _parse_instant(value: Any) -> datetime:
    """ "Instants are ISO 8601 with `Z` or an offset (a naive instant is a rejected row)." """
    instant = value if isinstance(value, datetime) else datetime.fromisoformat(value)
    if instant.tzinfo is None:
        raise ValueError("no Z and no offset")
    return instant.astimezone(UTC)


def _parse_number(value: Any) -> Decimal:
    if isinstance(value, bool):
        raise TypeError("a boolean")
    number = Decimal(str(value))
    if not number.is_finite():
        raise ValueError("not finite")
    return number


def _parse_integer(value: Any) -> int:
    number = _parse_number(value)
    if number != number.to_integral_value():
        raise ValueError("not whole")
    return int(number)


def _parse_duration(value: Any) -> int:
    """ "Durations are whole seconds, never negative." """
    seconds = _parse_integer(value)
    if seconds < 0:
        raise ValueError("negative")
    return seconds


def _parse_currency(value: Any) -> str:
    """An ISO 4217 code, judged by its shape."""
    if not re.fullmatch(r"[A-Z]{3}", value):
        raise ValueError("expected three capital letters")
    return str(value)


def _parse_boolean(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    text = str(value).lower()
    if text not in ("true", "false"):
        raise ValueError("expected true or false")
    return text == "true"


_PARSERS: dict[str, Callable[[Any], Any]] = {
    IDENTIFIER: _parse_identifier,
    ZONE: _parse_zone,
    DATE: _parse_date,
    INSTANT: _parse_instant,
    NUMBER: _parse_number,
    INTEGER: _parse_integer,
    DURATION: _parse_duration,
    BOOLEAN: _parse_boolean,
    CURRENCY: _parse_currency,
}
