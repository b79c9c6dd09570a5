"""The load ledger: which file content was loaded or quarantined, once and for all.

A line of the ledger is the commit of a load: what has no line has not happened.
"""

import fcntl
import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from ingestion.home import Home


@dataclass(frozen=True)
class Load:
    """One line of the ledger.

    `sequence` counts from 1 over all datasets. `file` is relative to the landing folder. `reason`
    says why a file was quarantined whole. `loaded_at` is UTC, ISO 8601.
    """

    sequence: int
    dataset: str
    load_id: str
    status: Literal["loaded", "quarantined"]
    file: str
    file_sha256: str
    bytes: int
    rows_read: int
    rows_loaded: int
    rows_rejected: int
    unknown_columns: tuple[str, ...]
    reason: str | None
    loaded_at: str


def read_ledger(home: Home) -> list[Load]:
    """Every load so far, in sequence; empty when there is no ledger yet."""
    try:
        content = home.loads_ledger.read_bytes()
    except FileNotFoundError:
        return []
    # What follows the last line end is a line whose writer was stopped half-way.
    return [_parse(line) for line in content.split(b"\n")[:-1]]


def append(home: Home, load: Load) -> Load | None:
    """Add `load` with the next sequence number and the present time, and return it so.

    Returns None, and adds nothing, when this content of this dataset has its line already.
    """
    with _locked(home.records / "loads.lock", fcntl.LOCK_EX):
        _cut_partial_line(home.loads_ledger)
        past = read_ledger(home)
        if any((p.dataset, p.file_sha256) == (load.dataset, load.file_sha256) for p in past):
            return None
        now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        numbered = replace(load, sequence=past[-1].sequence + 1 if past else 1, loaded_at=now)
        line = json.dumps(asdict(numbered), ensure_ascii=False) + "\n"
        descriptor = os.open(home.loads_ledger, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            if os.write(descriptor, line.encode()) < len(line.encode()):
                raise OSError(f"the disk took only a part of a line of {home.loads_ledger}")
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        return numbered


@contextmanager
def running(home: Home, when_alone: Callable[[], None]) -> Iterator[None]:
    """Mark an ingestion as running; call `when_alone` first if no other process runs one."""
    path = home.records / "ingestion.lock"
    try:
        with _locked(path, fcntl.LOCK_EX | fcntl.LOCK_NB):
            when_alone()
    except BlockingIOError:
        pass
    with _locked(path, fcntl.LOCK_SH):
        yield


@contextmanager
def _locked(path: Path, operation: int) -> Iterator[None]:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, operation)
        yield
    finally:
        os.close(descriptor)


def _cut_partial_line(ledger: Path) -> None:
    if not ledger.exists():
        return
    content = ledger.read_bytes()
    whole = content.rfind(b"\n") + 1
    if whole < len(content):
        os.truncate(ledger, whole)


def _parse(line: bytes) -> Load:
    fields: dict[str, Any] = json.loads(line)
    return Load(**{**fields, "unknown_columns": tuple(fields["unknown_columns"])})
