"""The ledger: one append-only chain of everything that was recorded, in `records/ledger.ndjson`.

A line is one JSON record and the commit of what it tells: what has no line has not happened. A
record names the hash of the one before it, so none can be changed, left out, moved or added
later without the records after it telling. What a line looks like, and how anybody checks it,
is in docs/operations.md, "Records and audit".
"""

import fcntl
import hashlib
import json
import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, fields, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from ingestion.errors import UnusableInput
from ingestion.home import Home

GENESIS = "0" * 64
"""What the first record names as the hash before it."""

_SEALED = re.compile(rb'(.*), "hash": "([0-9a-f]{64})"\}', re.DOTALL)
_BLOCK = 64 * 1024


class LedgerDamaged(UnusableInput):
    """A line of the ledger is not what was written; the message says which and the way out."""


@dataclass(frozen=True)
class Record:
    """One line. `sequence` counts from 1, `recorded_at` is UTC in ISO 8601 and never goes back.

    `previous`: hash of the record before. `hash`: SHA-256 of the line up to where `hash` begins.
    """

    sequence: int
    kind: str
    recorded_at: str
    content: Mapping[str, Any]
    previous: str
    hash: str


@dataclass(frozen=True)
class Load:
    """What a record of a load holds: a file that was loaded, or quarantined whole.

    `sequence` counts loads from 1 over all datasets. `file` is relative to the landing folder.
    `reason` says why a file was quarantined whole. `raw_sha256`: of the raw Parquet file, None
    where there is none. `loaded_at` is when it was recorded. `rows_erased`: rows of people who were
    erased, which are read and neither loaded nor rejected. Of a file that a mapping made rows of the dataset:
    `mapping` says which entry of which (`system/folder#number`), `mapping_sha256` how it was when it did, and
    `rows_left_out` how many rows it does not want.
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
    raw_sha256: str | None = None
    rows_erased: int = 0
    mapping: str | None = None
    mapping_sha256: str | None = None
    rows_left_out: int = 0

    @property
    def source(self) -> str | None:
        """The system whose export it is: a vendor, or one that a mapping is for; None for the landing contract."""
        system, slash, _ = (self.mapping or self.dataset).partition("/")
        return system if slash else None

    @property
    def mapped_folder(self) -> str | None:
        """The folder that the mapping is for, as `system/folder`."""
        return folder_of(self.mapping)


def folder_of(mapping: str | None) -> str | None:
    """The folder of an entry that is named `system/folder#number`."""
    return mapping.rpartition("#")[0] if mapping else None


def superseded(loads: Sequence[Load]) -> set[int]:
    """Sequences of loads whose file was loaded again under another mapping: they count no more.

    `stg_records__loads` has the same rule for what is built.
    """
    newest: dict[tuple[str, str | None], tuple[int, str | None]] = {}
    for load in loads:
        if load.mapping is not None and load.status == "loaded":
            key = (load.file_sha256, load.mapped_folder)
            newest[key] = max(newest.get(key, (0, None)), (load.sequence, load.mapping_sha256))
    return {
        load.sequence
        for load in loads
        for sequence, mapping_sha256 in [
            newest.get((load.file_sha256, load.mapped_folder), (0, None))
        ]
        if load.sequence < sequence and load.mapping_sha256 != mapping_sha256
    }


def seal(
    sequence: int, kind: str, recorded_at: str, content: Mapping[str, Any], previous: str
) -> Record:
    """The record with its hash."""
    unsealed = Record(sequence, kind, recorded_at, content, previous, "")
    return replace(unsealed, hash=hashlib.sha256(_body(unsealed)).hexdigest())


def line_of(record: Record) -> bytes:
    """The record as its line, with the line's end."""
    return _body(record) + f', "hash": "{record.hash}"}}\n'.encode()


def parse(line: bytes) -> Record | None:
    """The record of a line (without its end); None when it is no record at all.

    Whether its hash fits is another question: see `is_sealed`.
    """
    try:
        found = json.loads(line)
        record = Record(**found)
    except (ValueError, TypeError, RecursionError):
        return None
    whole = (
        type(record.sequence) is int
        and isinstance(record.content, dict)
        and all(
            isinstance(text, str)
            for text in (record.kind, record.recorded_at, record.previous, record.hash)
        )
    )
    return record if whole else None


def is_sealed(line: bytes) -> bool:
    """Whether the hash at the end of a line is that of all before it."""
    parts = _SEALED.fullmatch(line)
    return parts is not None and hashlib.sha256(parts[1]).hexdigest().encode() == parts[2]


class Ledger:
    """The chain of one home, read as far as `catch_up` has come."""

    def __init__(self, home: Home) -> None:
        """Nothing is read yet."""
        self._path = home.ledger
        self._lock = home.ledger.with_suffix(".lock")
        self._offset = 0
        self._last: Record | None = None

    def catch_up(self) -> list[Record]:
        """The records that were added since the last call; at first, all.

        Raises:
            LedgerDamaged: a line is no record.
        """
        try:
            with self._path.open("rb") as file:
                file.seek(self._offset)
                content = file.read()
        except FileNotFoundError:
            return []
        # What follows the last line end is a line whose writer was stopped half-way.
        lines = content.split(b"\n")[:-1]
        found = []
        for line in lines:
            record = parse(line)
            if record is None:
                raise _damaged(self._path, self._last)
            self._last = record
            self._offset += len(line) + 1
            found.append(record)
        return found

    @contextmanager
    def appending(self) -> Iterator["Batch"]:
        """Ask and append under one lock: `new` has what came since the last call.

        What is added is written when the block ends without an error: in one write, durably.

        Raises:
            LedgerDamaged: a line is no record, or the last one was changed.
        """
        with locked(self._lock):
            last = _cut_partial_line(self._path)
            new = self.catch_up()
            batch = Batch(last, new)
            yield batch
            if batch.added:
                _write(self._path, b"".join(line_of(record) for record in batch.added))
                self.catch_up()


@dataclass
class Batch:
    """What is about to be appended after `last`. `new`: what others have added meanwhile."""

    last: Record | None
    new: list[Record]
    added: list[Record] = field(default_factory=list)

    def add(self, kind: str, content: Mapping[str, Any], recorded_at: str | None = None) -> Record:
        """Seal a record; it is written when the batch ends. `recorded_at`: default now."""
        before = self.added[-1] if self.added else self.last
        moment = recorded_at or now()
        record = seal(
            before.sequence + 1 if before else 1,
            kind,
            # A clock that was set back must not put a record before the ones it follows.
            max(moment, before.recorded_at) if before else moment,
            content,
            before.hash if before else GENESIS,
        )
        self.added.append(record)
        return record


def append(home: Home, kind: str, content: Mapping[str, Any]) -> Record:
    """Append one record, whatever came before; only the end of the file is read."""
    path = home.ledger
    with locked(path.with_suffix(".lock")):
        batch = Batch(_cut_partial_line(path), [])
        record = batch.add(kind, content)
        _write(path, line_of(record))
    return record


def records(home: Home, *kinds: str) -> list[Record]:
    """The records so far, oldest first; of all kinds, or of these."""
    return [one for one in Ledger(home).catch_up() if not kinds or one.kind in kinds]


def head(home: Home) -> Record | None:
    """The newest record; only the end of the file is read."""
    line, _ = _tail(home.ledger)
    return parse(line) if line is not None else None


def read_ledger(home: Home) -> list[Load]:
    """Every load so far, in sequence; empty when there is no ledger yet."""
    return [load_of(record) for record in records(home, "load")]


class Loads:
    """The loads of one home, for whoever adds to them."""

    def __init__(self, home: Home) -> None:
        """Read what was loaded so far."""
        self._ledger = Ledger(home)
        self.past: list[Load] = []
        self._contents: dict[tuple[str, str, str | None], list[Load]] = {}
        # Of files that a mapping reads, by content and folder: under which mapping each load was.
        self._mapped: dict[tuple[str, str | None], list[Load]] = {}
        self._take(self._ledger.catch_up())

    def append(self, load: Load) -> Load | None:
        """Add `load` with the next number and the present time, and return it so.

        Returns None, and adds nothing, when this content of this dataset is loaded already, or was
        quarantined whole for the same reason before.
        """
        with self._ledger.appending() as batch:
            self._take(batch.new)
            past = self.past_of(load.dataset, load.file_sha256, load.mapping, load.mapping_sha256)
            if any(one.status == "loaded" or one.reason == load.reason for one in past):
                return None
            number = self.past[-1].sequence + 1 if self.past else 1
            record = batch.add("load", content_of(replace(load, sequence=number)))
        self._take([record])
        return self.past[-1]

    def past_of(
        self,
        dataset: str,
        sha256: str,
        mapping: str | None = None,
        mapping_sha256: str | None = None,
    ) -> list[Load]:
        """What was recorded of a content: quarantines as a whole file, and its load.

        Under a mapping, what was recorded since another one read the content last.
        """
        found = self._contents.get((dataset, sha256, mapping), [])
        if mapping is None:
            return found
        others = [
            load.sequence
            for load in self._mapped.get((sha256, folder_of(mapping)), [])
            if load.mapping_sha256 != mapping_sha256 and load.status == "loaded"
        ]
        return [
            load
            for load in found
            if load.mapping_sha256 == mapping_sha256 and load.sequence > max(others, default=0)
        ]

    def _take(self, new: list[Record]) -> None:
        for record in new:
            if record.kind == "load":
                load = load_of(record)
                self.past.append(load)
                key = (load.dataset, load.file_sha256, load.mapping)
                self._contents.setdefault(key, []).append(load)
                if load.mapping is not None:
                    of_file = (load.file_sha256, load.mapped_folder)
                    self._mapped.setdefault(of_file, []).append(load)


def content_of(load: Load) -> dict[str, Any]:
    """A load as the content of its record."""
    content = asdict(load)
    del content["loaded_at"]
    return {"load_sequence": content.pop("sequence"), **content}


def load_of(record: Record) -> Load:
    """The load that a record tells of."""
    content = dict(record.content)
    content["sequence"] = content.pop("load_sequence")
    content["unknown_columns"] = tuple(content["unknown_columns"])
    content["loaded_at"] = record.recorded_at
    # A later version may record more of a load: it is no concern of this one.
    known = {one.name for one in fields(Load)}
    return Load(**{name: value for name, value in content.items() if name in known})


def now() -> str:
    """The present instant as records have it: UTC, to the millisecond, with Z."""
    return instant_text(datetime.now(UTC))


def instant_text(moment: datetime) -> str:
    """An instant as records have it; texts of this form order as their instants do."""
    text = moment.astimezone(UTC).isoformat(timespec="milliseconds")
    return text.replace("+00:00", "Z")


@contextmanager
def running(home: Home, when_alone: Callable[[], None]) -> Iterator[None]:
    """Mark an ingestion as running; call `when_alone` first if no other process runs one."""
    path = home.records / "ingestion.lock"
    try:
        with locked(path, fcntl.LOCK_EX | fcntl.LOCK_NB):
            when_alone()
    except BlockingIOError:
        pass
    with locked(path, fcntl.LOCK_SH):
        yield


@contextmanager
def locked(path: Path, operation: int = fcntl.LOCK_EX) -> Iterator[None]:
    """Hold a lock among processes; a process that is killed gives it back."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, operation)
        yield
    finally:
        os.close(descriptor)


def _body(record: Record) -> bytes:
    named = {
        "sequence": record.sequence,
        "kind": record.kind,
        "recorded_at": record.recorded_at,
        "content": record.content,
        "previous": record.previous,
    }
    return json.dumps(named, ensure_ascii=False).encode()[:-1]


def _tail(path: Path) -> tuple[bytes | None, int]:
    """The last whole line without its end, and how long the file is up to that end, in bytes."""
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except FileNotFoundError:
        return None, 0
    try:
        start = os.fstat(descriptor).st_size
        read = b""
        while start > 0 and read.count(b"\n") < 2:
            length = min(_BLOCK, start)
            start -= length
            read = os.pread(descriptor, length, start) + read
    finally:
        os.close(descriptor)
    end = read.rfind(b"\n")
    if end < 0:
        return None, 0
    return read[read.rfind(b"\n", 0, end) + 1 : end], start + end + 1


def _cut_partial_line(path: Path) -> Record | None:
    """Remove what a stopped writer left at the end; returns the last record.

    Raises:
        LedgerDamaged: the last record was changed: nothing may be built on it.
    """
    line, whole = _tail(path)
    if path.exists() and path.stat().st_size > whole:
        os.truncate(path, whole)
    if line is None:
        return None
    last = parse(line)
    if last is None or not is_sealed(line):
        raise _damaged(path, last)
    return last


def _write(path: Path, lines: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        before = os.fstat(descriptor).st_size
        try:
            if os.write(descriptor, lines) < len(lines):
                raise OSError(f"the disk took only a part of a line of {path}")
            os.fsync(descriptor)
        except OSError:
            # A batch is recorded whole or not at all.
            os.ftruncate(descriptor, before)
            raise
    finally:
        os.close(descriptor)


def _damaged(path: Path, near: Record | None) -> LedgerDamaged:
    where = f"at or after record {near.sequence}" if near else "at its beginning"
    return LedgerDamaged(
        f"{path} was changed {where}: `scorehouse verify` says what; restore it from a backup"
    )
