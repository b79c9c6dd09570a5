"""The append-only records of closes, publications and deliveries: facts that outlive the warehouse file.

Loads have their own ledger, kept by ingestion. Nothing here computes a figure.
"""

import datetime as dt
import fcntl
import json
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ingestion import Home
from orchestration.database import attached


@dataclass(frozen=True)
class RecordedClose:
    """One close that wrote revisions: what it reported at, and the last load it had seen."""

    month: dt.date
    close_number: int
    as_of: dt.datetime
    load_sequence: int
    revisions: int


def performance_folder(home: Home) -> Path:
    """Folder of the recorded closes, one immutable Parquet file each."""
    return home.records / "performance"


def close_file(home: Home, month: dt.date, close_number: int) -> Path:
    """The file that records one close."""
    return performance_folder(home) / f"{month:%Y-%m}-close-{close_number:04d}.parquet"


def recorded_closes(home: Home) -> list[RecordedClose]:
    """Every close that wrote revisions, by month and number."""
    if not any(performance_folder(home).glob("*.parquet")):
        return []
    pattern = str(performance_folder(home) / "*.parquet")
    with attached() as connection:
        rows = connection.execute(
            "select month, close_number, any_value(as_of), any_value(load_sequence), count(*)"
            " from read_parquet(?, union_by_name = true) group by all order by all",
            [pattern],
        ).fetchall()
    return [RecordedClose(*row) for row in rows]


def last_close(home: Home, month: dt.date) -> RecordedClose | None:
    """The newest recorded close of a month."""
    closes = [close for close in recorded_closes(home) if close.month == month]
    return closes[-1] if closes else None


def read_lines(path: Path) -> list[dict[str, Any]]:
    """The complete lines of a record; a partial last line is what a crash left, and is no record."""
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return []
    return [json.loads(line) for line in content.split(b"\n")[:-1]]


def append_line(path: Path, record: Mapping[str, Any]) -> None:
    """Add one record, durably, in one write; a partial last line of an earlier crash is removed first."""
    line = (json.dumps(record, ensure_ascii=False) + "\n").encode()
    with locked(path.with_suffix(".lock")):
        descriptor = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            content = path.read_bytes()
            if not content.endswith(b"\n") and content:
                os.ftruncate(descriptor, content.rfind(b"\n") + 1)
            if os.write(descriptor, line) < len(line):
                raise OSError(f"the disk took only a part of a line of {path}")
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


@contextmanager
def locked(path: Path, waiting: Callable[[], None] | None = None) -> Iterator[None]:
    """Hold an exclusive lock among processes; calls `waiting` once before waiting for another holder."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with path.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if waiting is not None:
                waiting()
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def publications(home: Home) -> list[dict[str, Any]]:
    """Every publication so far, oldest first."""
    return read_lines(home.records / "publications.ndjson")


def deliveries(home: Home) -> list[dict[str, Any]]:
    """Every message, task and export that was delivered, oldest first."""
    return read_lines(home.records / "deliveries.ndjson")
