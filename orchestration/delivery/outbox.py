"""Messages, tasks and exports as files in the outbox, each exactly once.

The file's name comes from the action's id, so an interrupted delivery writes the same file again, and the record
of deliveries keeps a file that was sent on and removed from being written anew.
"""

import csv
import datetime as dt
import io
import json
from collections.abc import Sequence, Set
from dataclasses import dataclass
from email.errors import MessageError
from email.headerregistry import Address
from pathlib import Path

import reports
from ingestion import Home
from ingestion.erased import is_pseudonym
from orchestration import records
from orchestration.database import attached
from orchestration.delivery.action import Action
from orchestration.delivery.checking import Checks
from orchestration.delivery.composing import Composer, Outgoing, as_json, mail
from orchestration.months import month_text, parse_month
from orchestration.storage import storage_of

SENDER = "scorehouse@localhost"


@dataclass(frozen=True)
class Delivered:
    """How many messages a run wrote, which actions have nobody to go to, and which were kept back and why."""

    written: int
    undeliverable: tuple[str, ...]
    withheld: tuple[tuple[str, str], ...] = ()


NOTHING = Delivered(0, ())


def deliver(home: Home, month: dt.date | None, elsewhere: Set[str] = frozenset()) -> Delivered:
    """Write every message of the month, or of all months, that no run has written yet.

    `elsewhere`: channels that have a transport; their messages are not for the outbox.
    """
    actions = [one for one in read_actions(home, month) if one.channel not in elsewhere]
    deliveries = records.Deliveries(home)
    left = waiting(deliveries, actions)
    exports = [action for action in left if action.channel == "hr_export"]
    messages = [action for action in left if action.channel != "hr_export"]
    undeliverable = tuple(action.action_id for action in messages if not has_address(action))
    withheld = _write_messages(home, deliveries, [one for one in messages if has_address(one)])
    for month_of, close_number in sorted({(one.month, one.close_number) for one in exports}):
        # The whole export of the close, also when a crash let a part of it be recorded.
        close = [a for a in actions if (a.month, a.close_number) == (month_of, close_number)]
        whole = [action for action in close if action.channel == "hr_export"]
        unrecorded = [action for action in exports if action in whole]
        _write_export(home, deliveries, month_of, close_number, whole, unrecorded)
    written = len(left) - len(undeliverable) - len(withheld)
    return Delivered(written, undeliverable, withheld)


def undelivered(home: Home) -> list[Action]:
    """The actions of all closed months that have not been delivered."""
    if not home.published_database.exists():
        return []
    return waiting(records.Deliveries(home), read_actions(home, None))


def write_again(home: Home, path: Path) -> bool:
    """Write a message that was delivered as it is published now; False where its action is no longer there."""
    for action in read_actions(home, parse_month(path.parent.name)):
        name = f"{action.action_type}-{action.action_id}"
        if path.name.startswith(f"{name}."):
            files = _files(action, Composer(home, SENDER).compose(action))
            for suffix, content in files.items():
                _put(path.with_name(f"{name}.{suffix}"), content)
            return True
    return False


def waiting(deliveries: records.Deliveries, actions: Sequence[Action]) -> list[Action]:
    """What is still to be delivered; a summary that a later revision overtook before it went out is not."""
    newest: dict[tuple[dt.date, str | None], int] = {}
    for action in actions:
        about = (action.month, action.agent_id)
        newest[about] = max(action.revision or 0, newest.get(about, 0))
    return [
        action
        for action in actions
        if not deliveries.holds(delivery_of(action))
        and (
            action.action_type != "agent_summary"
            or action.revision == newest[action.month, action.agent_id]
        )
    ]


def has_address(action: Action) -> bool:
    """Whether the action names one place to go to; an e-mail goes to one mailbox and nobody beside."""
    if action.channel != "email":
        return bool(action.recipient_address)
    try:
        return bool(Address(addr_spec=action.recipient_address or "").domain)
    except (MessageError, ValueError, IndexError):
        return False


def read_actions(home: Home, month: dt.date | None) -> list[Action]:
    """What the closes of a month, or of all months, ask for."""
    with attached(published=home.published_database) as connection:
        found = connection.execute(
            """
            select
                actions.action_id, actions.month, actions.agent_id, actions.revision, actions.close_number,
                actions.action_type, actions.channel, actions.recipient_id, actions.recipient_name,
                actions.recipient_address, actions.due_on, actions.reason, actions.figures, closes.closed_at
            from published.marts.performance_action as actions
            inner join (
                select distinct month, close_number, closed_at
                from published.marts.monthly_performance_summary
            ) as closes
                on actions.month = closes.month and actions.close_number = closes.close_number
            where $month is null or actions.month = $month
            order by actions.action_type, actions.action_id
            """,
            {"month": month},
        )
        names = [column[0] for column in found.description]
        rows = [dict(zip(names, row, strict=True)) for row in found.fetchall()]
    return [
        Action(**{**row, "figures": json.loads(row["figures"])})
        for row in rows
        # Nobody writes about who was erased, or to whom.
        if not is_pseudonym(row["agent_id"]) and not is_pseudonym(row["recipient_id"])
    ]


def _write_messages(
    home: Home, deliveries: records.Deliveries, actions: Sequence[Action]
) -> tuple[tuple[str, str], ...]:
    """Write and record; returns what was kept back, with the reason."""
    if not actions:
        return ()
    composer, checks = Composer(home, SENDER), Checks(home)
    deliveries.expect(map(delivery_of, actions))
    withheld = []
    for action in actions:
        message = composer.compose(action)
        fault = checks.fault(action, message)
        if fault is not None:
            withheld.append((action.action_id, fault))
            continue
        for suffix, content in _files(action, message).items():
            name = f"{action.action_type}-{action.action_id}.{suffix}"
            _put(home.outbox / month_text(action.month) / name, content)
        deliveries.record([delivery_of(action)])
    return tuple(withheld)


def _files(action: Action, message: Outgoing) -> dict[str, bytes]:
    """The files that say all of a message, by suffix."""
    if action.channel == "email":
        return {"eml": mail(message, SENDER)}
    invitations = [("ics", file.content) for file in message.attachments]
    return dict([*invitations, ("json", as_json(message))])


def _write_export(
    home: Home,
    deliveries: records.Deliveries,
    month: dt.date,
    close_number: int,
    actions: Sequence[Action],
    unrecorded: Sequence[Action],
) -> None:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["agent_id", "name", "previous_skill_level", "skill_level", "effective_on"])
    for action in actions:
        figures = action.figures
        writer.writerow(
            reports.inert(value or "")
            for value in (
                figures["agent_id"], figures["name"], figures["previous_skill_level"],
                figures["skill_level"], action.due_on.isoformat(),
            )
        )  # fmt: skip
    name = f"skill_levels-close-{close_number:04d}.csv"
    _put(home.outbox / month_text(month) / name, text.getvalue().encode())
    deliveries.record([delivery_of(action) for action in unrecorded])


def _put(final: Path, content: bytes) -> None:
    storage_of(final).write(final, content)


def delivery_of(action: Action) -> records.Delivery:
    """The action as the ledger records its delivery."""
    return records.Delivery(
        action.action_id,
        action.action_type,
        month_text(action.month),
        subject=action.agent_id,
        recipient=action.recipient_id,
    )
