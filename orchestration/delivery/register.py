"""The register of deliveries: what is to be sent, each attempt before it is made, and what became of it.

An attempt is recorded before it is made and its outcome after it, in two transactions: whatever stops a sender in
between leaves an attempt without an outcome, and nobody takes it for not made. One claim holds a message at a time. The
register names nobody: who gets what is in the published database, under the action's id.

SQLite in `records/deliveries.sqlite`, or any PostgreSQL that several machines share.
"""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from ingestion import Home, UnusableInput
from ingestion.ledger import locked
from orchestration.delivery.channels import Outcome

State = Literal["waiting", "sending", "delivered", "parked", "dead", "barred", "cancelled"]
STATES: dict[str, str] = {
    "waiting": "to be sent at the time shown",
    "sending": "an attempt is being made, or was stopped before its outcome was recorded",
    "delivered": "the receiver has taken it over",
    "parked": "a person has to look: it may have arrived, or must not go out as it is",
    "dead": "refused for good, or tried often enough",
    "barred": "its recipient is not on the allow-list",
    "cancelled": "by a person, or overtaken by a later revision",
}
_BUSY_SECONDS = 60
# Any number that nothing else on the server uses.
_ADVISORY = 7_026_041_137

_metadata = sa.MetaData()
# Instants are texts as the ledger has them: UTC, to the millisecond, and so in the order of time.
_deliveries = sa.Table(
    "delivery",
    _metadata,
    sa.Column("key", sa.String(64), primary_key=True),
    sa.Column("action_id", sa.String(64), nullable=False, index=True),
    sa.Column("channel", sa.String(16), nullable=False),
    sa.Column("month", sa.String(7), nullable=False),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("due_at", sa.String(24), nullable=False),
    sa.Column("claimed_until", sa.String(24)),
    sa.Column("attempt_id", sa.Integer),
    sa.Column("detail", sa.Text, nullable=False),
    sa.Column("is_recorded", sa.Boolean, nullable=False),
    sa.Column("changed_at", sa.String(24), nullable=False),
    sa.Index("delivery_due", "channel", "state", "due_at"),
)
_attempts = sa.Table(
    "attempt",
    _metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("key", sa.String(64), nullable=False, index=True),
    sa.Column("channel", sa.String(16), nullable=False),
    sa.Column("sender", sa.String(80), nullable=False),
    sa.Column("started_at", sa.String(24), nullable=False, index=True),
    sa.Column("ended_at", sa.String(24)),
    sa.Column("result", sa.String(16)),
    sa.Column("detail", sa.Text),
)
_confirmations = sa.Table(
    "confirmation",
    _metadata,
    sa.Column("month", sa.String(7), primary_key=True),
    sa.Column("close_number", sa.Integer, primary_key=True),
    sa.Column("confirmed_at", sa.String(24), nullable=False),
    sa.Column("confirmed_by", sa.String(80), nullable=False),
)
_notices = sa.Table(
    "notice",
    _metadata,
    sa.Column("subject", sa.String(80), primary_key=True),
    sa.Column("cause", sa.String(64), nullable=False),
    sa.Column("sent_at", sa.String(24), nullable=False),
)


@dataclass(frozen=True)
class Entry:
    """One message in the register. Instants as in the ledger. `is_recorded`: the ledger has its delivery."""

    key: str
    action_id: str
    channel: str
    month: str
    state: State
    attempts: int
    due_at: str
    claimed_until: str | None
    attempt_id: int | None
    detail: str
    is_recorded: bool
    changed_at: str


def key_of(action_id: str, recipient_id: str | None, revision: int | None, channel: str) -> str:
    """What a message is about, whoever sends it and however often: SHA-256, in hexadecimal."""
    parts = (action_id, recipient_id or "", str(revision or ""), channel)
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


class Register:
    """The register of one installation; every method is one transaction."""

    def __init__(self, home: Home, url: str | None = None) -> None:
        """Open it; it is made where there is none.

        Raises:
            UnusableInput: it cannot be opened. The address is not shown: it may hold a password.
        """
        self.place = "the delivery ledger on its server" if url else str(_file(home))
        if url is None:
            home.records.mkdir(mode=0o700, parents=True, exist_ok=True)
            _file(home).touch(mode=0o600)
            url = f"sqlite:///{_file(home)}"
        try:
            self._engine = sa.create_engine(url, **_options(url))
        except (sa.exc.ArgumentError, sa.exc.NoSuchModuleError):
            raise UnusableInput(
                "SCOREHOUSE_DELIVERY_LEDGER is no address of a database: write it as"
                " postgresql+psycopg://USER:PASSWORD@HOST/DATABASE"
            ) from None
        if self._engine.dialect.name == "sqlite":
            sa.event.listen(self._engine, "connect", _as_sqlite_should)
        self._insert = (
            postgresql.insert if self._engine.dialect.name == "postgresql" else sqlite.insert
        )
        # Two that begin at once would both find no tables, and both make them.
        with locked(home.records / "deliveries.lock"), self._transaction() as connection:
            if self._engine.dialect.name == "postgresql":
                connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_ADVISORY)))
            _metadata.create_all(connection)

    def close(self) -> None:
        """Let go of the database."""
        self._engine.dispose()

    def add(self, entries: Iterable[Entry]) -> None:
        """Add what is not there yet; what is there stays as it is, whoever added it."""
        rows = [vars(entry) for entry in entries]
        if rows:
            with self._transaction() as connection:
                connection.execute(
                    self._insert(_deliveries).on_conflict_do_nothing(index_elements=["key"]), rows
                )

    def entries(self, *states: State) -> list[Entry]:
        """All messages, or those in these states, in the order in which they are due."""
        return self._where(_deliveries.c.state.in_(states)) if states else self._where()

    def _where(self, *conditions: sa.ColumnElement[bool]) -> list[Entry]:
        query = sa.select(_deliveries).where(*conditions)
        query = query.order_by(_deliveries.c.due_at, _deliveries.c.key)
        with self._transaction() as connection:
            return [Entry(**row) for row in connection.execute(query).mappings()]

    def due(self, channel: str, now: str) -> list[Entry]:
        """What is to be sent on a channel now, in the order in which it is due."""
        return self._where(
            _deliveries.c.channel == channel,
            _deliveries.c.state == "waiting",
            _deliveries.c.due_at <= now,
        )

    def stopped(self, now: str) -> list[Entry]:
        """What was being sent when its sender was stopped: nobody knows whether it arrived."""
        return self._where(_deliveries.c.state == "sending", _deliveries.c.claimed_until <= now)

    def unrecorded(self) -> list[Entry]:
        """What was delivered and is not in the ledger yet."""
        return self._where(_deliveries.c.state == "delivered", ~_deliveries.c.is_recorded)

    def states(self, month: str | None) -> dict[str, State]:
        """The state of every message of a month, or of all, by key."""
        query = sa.select(_deliveries.c.key, _deliveries.c.state)
        if month is not None:
            query = query.where(_deliveries.c.month == month)
        with self._transaction() as connection:
            return {row[0]: row[1] for row in connection.execute(query)}

    def counts(self) -> dict[str, int]:
        """How many messages are in each state."""
        query = sa.select(_deliveries.c.state, sa.func.count()).group_by(_deliveries.c.state)
        with self._transaction() as connection:
            return {row[0]: row[1] for row in connection.execute(query)}

    def claim(self, key: str, sender: str, now: str, until: str) -> int | None:
        """Record the intention to send, if nobody else has it; returns the attempt, or None.

        `until`: from when on the attempt counts as stopped half-way if no outcome is recorded.
        """
        with self._transaction() as connection:
            mine = connection.execute(
                sa.update(_deliveries)
                .where(_deliveries.c.key == key)
                .where(_deliveries.c.state == "waiting")
                .where(_deliveries.c.due_at <= now)
                .values(
                    state="sending",
                    attempts=_deliveries.c.attempts + 1,
                    claimed_until=until,
                    changed_at=now,
                )
                .returning(_deliveries.c.channel)
            ).scalar_one_or_none()
            if mine is None:
                return None
            attempt = connection.execute(
                sa.insert(_attempts)
                .values(key=key, channel=mine, sender=sender, started_at=now)
                .returning(_attempts.c.id)
            ).scalar_one()
            connection.execute(
                sa.update(_deliveries).where(_deliveries.c.key == key).values(attempt_id=attempt)
            )
            return int(attempt)

    def settle(
        self, key: str, attempt: int, outcome: Outcome, state: State, due_at: str, now: str
    ) -> None:
        """Record what became of an attempt, and with it what becomes of the message.

        An attempt that was given up for stopped keeps its outcome; the message follows it only if it arrived.
        """
        with self._transaction() as connection:
            connection.execute(
                sa.update(_attempts)
                .where(_attempts.c.id == attempt)
                .values(ended_at=now, result=outcome.result, detail=outcome.detail)
            )
            own = (_deliveries.c.state == "sending") & (_deliveries.c.attempt_id == attempt)
            if outcome.result == "accepted":
                own = own | (_deliveries.c.state != "delivered")
            connection.execute(
                sa.update(_deliveries)
                .where(_deliveries.c.key == key)
                .where(own)
                .values(
                    state=state,
                    due_at=due_at,
                    claimed_until=None,
                    detail=outcome.detail,
                    changed_at=now,
                    # What found nobody at home says nothing about this message.
                    attempts=_deliveries.c.attempts - int(outcome.is_down),
                )
            )

    def move(
        self,
        entry: Entry,
        state: State,
        detail: str,
        now: str,
        due_at: str | None = None,
        *,
        attempts: int | None = None,
    ) -> bool:
        """Change the state of a message, unless somebody did so in the meantime; returns whether."""
        changes: dict[str, Any] = {"state": state, "detail": detail, "changed_at": now}
        changes |= {"claimed_until": None, "due_at": due_at or entry.due_at}
        if attempts is not None:
            changes["attempts"] = attempts
        with self._transaction() as connection:
            changed = connection.execute(
                sa.update(_deliveries)
                .where(_deliveries.c.key == entry.key)
                .where(_deliveries.c.state == entry.state)
                .where(_deliveries.c.changed_at == entry.changed_at)
                .values(**changes)
            )
            return bool(changed.rowcount)

    def mark_recorded(self, keys: Sequence[str]) -> None:
        """Note that the ledger has these."""
        with self._transaction() as connection:
            connection.execute(
                sa.update(_deliveries)
                .where(_deliveries.c.key == sa.bindparam("one"))
                .values(is_recorded=True),
                [{"one": key} for key in keys],
            )

    def attempts_since(self, channel: str, instant: str) -> list[str]:
        """When attempts on a channel began, of whichever sender, from an instant on; the oldest first."""
        query = (
            sa.select(_attempts.c.started_at)
            .where(_attempts.c.channel == channel)
            .where(_attempts.c.started_at > instant)
            .order_by(_attempts.c.started_at)
        )
        with self._transaction() as connection:
            return list(connection.execute(query).scalars())

    def confirm(self, month: str, close_number: int, by: str, now: str) -> None:
        """Record that a person wants the messages of a close to go out."""
        row = {
            "month": month,
            "close_number": close_number,
            "confirmed_at": now,
            "confirmed_by": by,
        }
        with self._transaction() as connection:
            connection.execute(self._insert(_confirmations).on_conflict_do_nothing(), [row])

    def confirmed(self) -> set[tuple[str, int]]:
        """The closes (month, number) that a person confirmed."""
        query = sa.select(_confirmations.c.month, _confirmations.c.close_number)
        with self._transaction() as connection:
            return {(row[0], row[1]) for row in connection.execute(query)}

    def notices(self) -> dict[str, str]:
        """The cause of the last notice about each subject that is not over."""
        with self._transaction() as connection:
            found = connection.execute(sa.select(_notices.c.subject, _notices.c.cause))
            return {row[0]: row[1] for row in found}

    def note(self, subject: str, cause: str | None, now: str) -> None:
        """Record that a notice went out, or (None) that what it was about is over."""
        with self._transaction() as connection:
            connection.execute(sa.delete(_notices).where(_notices.c.subject == subject))
            if cause is not None:
                connection.execute(
                    sa.insert(_notices).values(subject=subject, cause=cause, sent_at=now)
                )

    @contextmanager
    def _transaction(self) -> Iterator[sa.Connection]:
        try:
            with self._engine.begin() as connection:
                yield connection
        except sa.exc.DBAPIError as problem:
            cause = " ".join(str(problem.orig).split())[:200]
            raise UnusableInput(
                f"{self.place} cannot be used ({cause}): nothing more is sent until it can; then run"
                " `scorehouse deliveries send`"
            ) from None


def _file(home: Home) -> Path:
    return home.records / "deliveries.sqlite"


def _options(url: str) -> dict[str, Any]:
    if url.startswith("sqlite"):
        return {"connect_args": {"timeout": _BUSY_SECONDS}}
    return {"pool_pre_ping": True}


def _as_sqlite_should(connection: Any, _record: object) -> None:
    # An intention that is not on the disk when the message goes out is none.
    connection.execute("pragma journal_mode = wal")
    connection.execute("pragma synchronous = full")
