"""Closes, publications and deliveries in the ledger: facts that outlive the warehouse file.

Ingestion keeps the ledger and records loads itself. Nothing here computes a figure.
"""

import datetime as dt
import fcntl
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ingestion import Home, UnusableInput, ledger
from ingestion.old_records import close_content
from ingestion.people import NOBODY, People


@dataclass(frozen=True)
class RecordedClose:
    """One close that wrote revisions: what it reported at, and the last load it had seen.

    `sha256`: of its Parquet file. `model_version`: see `orchestration.model_version`.
    """

    month: dt.date
    close_number: int
    as_of: dt.datetime
    load_sequence: int
    revisions: int
    file: str
    sha256: str
    model_version: str | None


def performance_folder(home: Home) -> Path:
    """Folder of the recorded closes, one immutable Parquet file each."""
    return home.records / "performance"


def close_file(home: Home, month: dt.date, close_number: int) -> Path:
    """The file that records one close."""
    return performance_folder(home) / f"{month:%Y-%m}-close-{close_number:04d}.parquet"


def recorded_closes(home: Home) -> list[RecordedClose]:
    """Every close that wrote revisions, by month and number."""
    closes = [_close(record.content) for record in ledger.records(home, "close")]
    return sorted(closes, key=lambda close: (close.month, close.close_number))


def last_close(home: Home, month: dt.date) -> RecordedClose | None:
    """The newest recorded close of a month."""
    closes = [close for close in recorded_closes(home) if close.month == month]
    return closes[-1] if closes else None


def _close(content: Mapping[str, Any]) -> RecordedClose:
    return RecordedClose(
        month=dt.date.fromisoformat(f"{content['month']}-01"),
        close_number=content["close_number"],
        as_of=dt.datetime.fromisoformat(content["as_of"]),
        load_sequence=content["load_sequence"],
        revisions=content["revisions"],
        file=content["file"],
        sha256=content["sha256"],
        model_version=content["model_version"],
    )


def record_closes(home: Home, model_version: str | None) -> int:
    """Record every close whose file has no record: the one just made, or one that a crash left so.

    Returns how many were recorded.

    Raises:
        UnusableInput: the file of a recorded close is missing; building without it would number closes anew.
    """
    chain = ledger.Ledger(home)
    with chain.appending() as batch:
        recorded = {one.content["file"] for one in batch.new if one.kind == "close"}
        files = {
            file.relative_to(home.root).as_posix(): file
            for file in sorted(performance_folder(home).glob("*.parquet"))
        }
        missing = sorted(recorded - files.keys())
        if missing:
            raise UnusableInput(
                f"{home.root / missing[0]} is missing, and a closed month cannot be made again: "
                "restore records/ from a backup (`scorehouse verify` says what else is wrong)"
            )
        for name in sorted(files.keys() - recorded):
            batch.add("close", close_content(home, files[name], model_version))
    return len(batch.added)


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
    """Every publication so far, oldest first; `published_at` is when it was recorded."""
    found = ledger.records(home, "publication")
    return [{"published_at": one.recorded_at, **one.content} for one in found]


def record_publication(home: Home, content: Mapping[str, Any]) -> None:
    """Record a publication, unless it is the last one recorded."""
    chain = ledger.Ledger(home)
    with chain.appending() as batch:
        past = [one for one in batch.new if one.kind == "publication"]
        if not past or past[-1].content["content"] != content["content"]:
            batch.add("publication", content)


def deliveries(home: Home) -> list[dict[str, Any]]:
    """Every message, task and export that was delivered, oldest first; nobody is named."""
    found = ledger.records(home, "delivery")
    return [{"delivered_at": one.recorded_at, **one.content} for one in found]


@dataclass(frozen=True)
class Delivery:
    """What was delivered. `subject`: the agent it is about; `recipient`: who gets it."""

    action_id: str
    action_type: str
    month: str
    subject: str | None
    recipient: str | None


class Deliveries:
    """What was delivered from one home. People and actions are in the ledger as tokens.

    An action's id is made from its agent's, and who knows all agents could try them all: so the ledger has it under
    the agent's secret.
    """

    def __init__(self, home: Home) -> None:
        """Read what was delivered so far.

        Raises:
            UnusableInput: nobody can tell any more to whom; delivering would repeat everything.
        """
        self._home = home
        self._ledger = ledger.Ledger(home)
        self._people = People(home)
        self._actions: set[str] = set()
        self._take(self._ledger.catch_up())
        if self._actions and not home.people.exists():
            raise UnusableInput(
                f"{home.people} is missing: without it nobody can tell what was delivered, and all of it would "
                "go out again; restore records/ from a backup"
            )

    def holds(self, delivery: Delivery) -> bool:
        """Whether this was delivered."""
        marks = {self._mark(delivery), self._people.mark(NOBODY, f"action:{delivery.action_id}")}
        return not self._actions.isdisjoint(marks - {None})

    def expect(self, deliveries: Iterable[Delivery]) -> None:
        """Make ready for recording these one by one: the file of everybody's secrets is written once for all."""
        people = {person for one in deliveries for person in (one.subject, one.recipient) if person}
        self._people.ensure(people | {NOBODY})

    def record(self, delivered: Sequence[Delivery]) -> None:
        """Record these, in one write; what is recorded already stays as it is."""
        self.expect(delivered)
        with self._ledger.appending() as batch:
            self._take(batch.new)
            new = [one for one in delivered if not self.holds(one)]
            for one in new:
                batch.add("delivery", self._content(one))
        self._take(batch.added)

    def _content(self, delivery: Delivery) -> dict[str, Any]:
        subject, recipient = delivery.subject, delivery.recipient
        return {
            "action": self._mark(delivery),
            "action_type": delivery.action_type,
            "month": delivery.month,
            "subject": self._people.token(subject) if subject else None,
            "recipient": self._people.token(recipient) if recipient else None,
        }

    def _mark(self, delivery: Delivery) -> str | None:
        person = delivery.subject or delivery.recipient or NOBODY
        return self._people.mark(person, f"action:{delivery.action_id}")

    def _take(self, new: Sequence[ledger.Record]) -> None:
        self._actions |= {one.content["action"] for one in new if one.kind == "delivery"}
