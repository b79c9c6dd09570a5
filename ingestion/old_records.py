"""Homes from before there was one ledger: their three files become the beginning of the chain.

Loads, publications and deliveries had a file each, and closes were known by their Parquet files.
They are put into the order of their instants; a last record says that they were converted, and
from which bytes.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb

from ingestion import bytes_check, durable, engine
from ingestion.home import Home
from ingestion.ledger import Batch, head, instant_text, line_of, locked
from ingestion.people import NOBODY, People

FILES = ("loads.ndjson", "publications.ndjson", "deliveries.ndjson")
_ORDER = ("load", "close", "publication", "delivery")


@dataclass(frozen=True)
class _Old:
    """One thing to record. `order` breaks ties within a second: what stands on what."""

    kind: str
    at: datetime
    content: dict[str, Any]

    @property
    def order(self) -> tuple[datetime, int, datetime]:
        return self.at.replace(microsecond=0), _ORDER.index(self.kind), self.at


def convert(home: Home, tell: Callable[[str], None]) -> None:
    """Make the chain of a home's old records, once; say so. Does nothing to any other home.

    A crash on the way leaves the old files as they were, or the whole chain.
    """
    if not is_old(home):
        return
    with locked(home.ledger.with_suffix(".lock")):
        if head(home) is None:
            batch = _chain(home)
            written = durable.temporary_beside(home.ledger)
            written.write_bytes(b"".join(line_of(record) for record in batch.added))
            durable.put_in_place(written, home.ledger)
            tell(f"{len(batch.added)} records of this home were converted to {home.ledger}")
        kept = home.records / "before_ledger"
        kept.mkdir(mode=0o700, exist_ok=True)
        for file in _present(home):
            file.replace(kept / file.name)


def is_old(home: Home) -> bool:
    """Whether a home has records that are not in the chain yet."""
    if not _present(home):
        return False
    last = head(home)
    return last is None or last.kind == "conversion"


def _present(home: Home) -> list[Path]:
    return [home.records / name for name in FILES if (home.records / name).exists()]


def _chain(home: Home) -> Batch:
    found = sorted(
        [*_loads(home), *_closes(home), *_publications(home), *_deliveries(home)],
        key=lambda old: old.order,
    )
    batch = Batch(None, [])
    for old in found:
        batch.add(old.kind, old.content, instant_text(old.at))
    files = {file.name: bytes_check.content_hash(file) for file in _present(home)}
    batch.add("conversion", {"records": len(found), "files": files})
    return batch


def _lines(home: Home, name: str) -> list[dict[str, Any]]:
    path = home.records / name
    if not path.exists():
        return []
    # What follows the last line end is a line whose writer was stopped half-way.
    return [json.loads(line) for line in path.read_bytes().split(b"\n")[:-1]]


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def _loads(home: Home) -> Iterator[_Old]:
    for line in _lines(home, "loads.ndjson"):
        at = _instant(line.pop("loaded_at"))
        raw = home.raw_folder(line["dataset"]) / f"{line['load_id']}.parquet"
        is_there = line["status"] == "loaded" and raw.exists()
        content = {"load_sequence": line.pop("sequence"), **line}
        yield _Old(
            "load",
            at,
            {**content, "raw_sha256": bytes_check.content_hash(raw) if is_there else None},
        )


def _closes(home: Home) -> Iterator[_Old]:
    for file in sorted((home.records / "performance").glob("*.parquet")):
        at = datetime.fromtimestamp(file.stat().st_mtime, UTC)
        yield _Old("close", at, close_content(home, file, model_version=None))


def close_content(home: Home, file: Path, model_version: str | None) -> dict[str, Any]:
    """The content of the record of a close, from its Parquet file."""
    with engine.connect() as connection:
        row = connection.execute(
            "SELECT any_value(month), any_value(close_number), count(*), any_value(as_of),"
            f" any_value(load_sequence) FROM {engine.parquet(connection, file)}"
        ).fetchone()
    assert row is not None
    month, close_number, revisions, as_of, load_sequence = row
    return {
        "month": f"{month:%Y-%m}",
        "close_number": close_number,
        "revisions": revisions,
        "as_of": as_of.astimezone(UTC).isoformat(),
        "load_sequence": load_sequence,
        "file": file.relative_to(home.root).as_posix(),
        "sha256": bytes_check.content_hash(file),
        "model_version": model_version,
    }


def _publications(home: Home) -> Iterator[_Old]:
    for line in _lines(home, "publications.ndjson"):
        at = _instant(line.pop("published_at"))
        yield _Old("publication", at, {**line, "model_version": None})


def _deliveries(home: Home) -> Iterator[_Old]:
    lines = _lines(home, "deliveries.ndjson")
    subjects = _subjects(home)
    people = People(home)
    recipients = {line["recipient_id"] for line in lines if line["recipient_id"]}
    about = {subjects.get(line["action_id"]) or NOBODY for line in lines}
    people.ensure(recipients | about)
    for line in lines:
        subject = subjects.get(line["action_id"])
        content = {
            "action": people.mark(subject or NOBODY, f"action:{line['action_id']}"),
            "action_type": line["action_type"],
            "month": line["month"],
            "subject": people.token(subject) if subject else None,
            "recipient": people.token(line["recipient_id"]) if line["recipient_id"] else None,
        }
        yield _Old("delivery", _instant(line["delivered_at"]), content)


def _subjects(home: Home) -> dict[str, str]:
    """Whom each action is about; the old records do not say, the published database does."""
    if not home.published_database.exists():
        return {}
    with engine.connect() as connection:
        try:
            engine.attach(connection, home.published_database, "published", read_only=True)
            rows = connection.execute(
                "SELECT action_id, agent_id FROM published.marts.performance_action"
                " WHERE agent_id IS NOT NULL"
            ).fetchall()
        except duckdb.Error:
            return {}
    return dict(rows)
