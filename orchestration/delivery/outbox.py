"""Messages, tasks and exports as files in the outbox, each exactly once.

The file's name comes from the action's id, so an interrupted delivery writes the same file again, and the record
of deliveries keeps a file that was sent on and removed from being written anew.
"""

import csv
import datetime as dt
import io
import json
from collections.abc import Sequence
from dataclasses import dataclass
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path
from typing import Any

import reports
from ingestion import Home
from orchestration import records
from orchestration.database import attached
from orchestration.months import month_text
from orchestration.storage import storage_of

SENDER = "scorehouse@localhost"
# A leading character that spreadsheet programs would take for a formula.
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True)
class Delivered:
    """How many messages a run wrote, and which actions have nobody to go to."""

    written: int
    undeliverable: tuple[str, ...]


NOTHING = Delivered(0, ())


@dataclass(frozen=True)
class Action:
    """One row of `performance_action`; `figures` is parsed."""

    action_id: str
    month: dt.date
    agent_id: str | None
    revision: int | None
    close_number: int
    action_type: str
    channel: str
    recipient_id: str | None
    recipient_name: str | None
    recipient_address: str | None
    due_on: dt.date
    reason: str
    figures: dict[str, Any]
    closed_at: dt.datetime

    @property
    def values(self) -> dict[str, Any]:
        """What a message template may use."""
        return {name: getattr(self, name) for name in self.__dataclass_fields__}


def deliver(home: Home, month: dt.date) -> Delivered:
    """Write every message of the month that no run has written yet."""
    actions = _actions(home, month)
    deliveries = records.Deliveries(home)
    waiting = _waiting(deliveries, actions)
    exports = [action for action in waiting if action.channel == "hr_export"]
    messages = [action for action in waiting if action.channel != "hr_export"]
    undeliverable = tuple(action.action_id for action in messages if not _has_address(action))
    for action in messages:
        if _has_address(action):
            _write(home, deliveries, action, *_encode(home, action))
    for close_number in sorted({action.close_number for action in exports}):
        # The whole export of the close, also when a crash let a part of it be recorded.
        whole = [a for a in actions if a.channel == "hr_export" and a.close_number == close_number]
        unrecorded = [a for a in exports if a.close_number == close_number]
        _write_export(home, deliveries, month, close_number, whole, unrecorded)
    return Delivered(len(waiting) - len(undeliverable), undeliverable)


def undelivered(home: Home) -> list[Action]:
    """The actions of all closed months that have not been written: nobody's address is known."""
    if not home.published_database.exists():
        return []
    return _waiting(records.Deliveries(home), _actions(home, None))


def _waiting(deliveries: records.Deliveries, actions: Sequence[Action]) -> list[Action]:
    """What is still to be delivered; a summary that a later revision overtook before it went out is not."""
    newest: dict[tuple[dt.date, str | None], int] = {}
    for action in actions:
        about = (action.month, action.agent_id)
        newest[about] = max(action.revision or 0, newest.get(about, 0))
    return [
        action
        for action in actions
        if not deliveries.holds(_delivery(action))
        and (
            action.action_type != "agent_summary"
            or action.revision == newest[action.month, action.agent_id]
        )
    ]


def _has_address(action: Action) -> bool:
    """Whether the action names one place to go to; an e-mail goes to one mailbox and nobody beside."""
    if action.channel != "email":
        return bool(action.recipient_address)
    try:
        return bool(Address(addr_spec=action.recipient_address or "").domain)
    except (MessageError, ValueError, IndexError):
        return False


def _actions(home: Home, month: dt.date | None) -> list[Action]:
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
    return [Action(**{**row, "figures": json.loads(row["figures"])}) for row in rows]


def _encode(home: Home, action: Action) -> tuple[bytes, str]:
    message = reports.render_message(action.action_type, action.values)
    if action.channel == "email":
        return _email(home, action, message).as_bytes(), "eml"
    body = {
        "action_id": action.action_id,
        "type": action.action_type,
        "month": month_text(action.month),
        "agent_id": action.agent_id,
        "to": {
            "id": action.recipient_id,
            "name": action.recipient_name,
            "address": action.recipient_address,
        },
        "due_on": action.due_on.isoformat(),
        "reason": action.reason,
        "subject": message.subject,
        "text": message.text,
    }
    return (json.dumps(body, ensure_ascii=False, indent=2) + "\n").encode(), "json"


def _email(home: Home, action: Action, message: reports.Message) -> EmailMessage:
    mail = EmailMessage(policy=SMTP)
    mail["Subject"] = message.subject
    mail["From"] = SENDER
    mail["To"] = Address(addr_spec=action.recipient_address or "")
    mail["Date"] = action.closed_at
    # The same action has the same Message-ID, whoever sends it and however often: receivers can recognise it.
    mail["Message-ID"] = f"<{action.action_id}@scorehouse>"
    mail.set_content(message.text)
    mail.add_alternative(message.html, subtype="html")
    if action.action_type == "agent_summary":
        name, content = _report(home, action)
        mail.add_attachment(content, maintype="application", subtype="pdf", filename=name)
    # Python draws random boundaries; the same message must have the same bytes.
    for number, part in enumerate(part for part in mail.walk() if part.is_multipart()):
        part.set_boundary(f"{action.action_id}-{number}")
    return mail


def _report(home: Home, action: Action) -> tuple[str, bytes]:
    folder, storage = home.reports / month_text(action.month), storage_of(home.reports)
    manifest = json.loads(storage.read(folder / "manifest.json"))
    path = next(
        folder / file["path"]
        for file in manifest["files"]
        if file["path"].endswith(".pdf")
        and (file["kind"], file["subject_id"], file["revision"])
        == ("agent", action.agent_id, action.revision)
    )
    return path.name, storage.read(path)


def _write(
    home: Home, deliveries: records.Deliveries, action: Action, content: bytes, suffix: str
) -> None:
    name = f"{action.action_type}-{action.action_id}.{suffix}"
    _put(home.outbox / month_text(action.month) / name, content)
    deliveries.record([_delivery(action)])


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
            _inert(value)
            for value in (
                figures["agent_id"], figures["name"], figures["previous_skill_level"],
                figures["skill_level"], action.due_on.isoformat(),
            )
        )  # fmt: skip
    name = f"skill_levels-close-{close_number:04d}.csv"
    _put(home.outbox / month_text(month) / name, text.getvalue().encode())
    deliveries.record([_delivery(action) for action in unrecorded])


def _put(final: Path, content: bytes) -> None:
    storage_of(final).write(final, content)


def _delivery(action: Action) -> records.Delivery:
    return records.Delivery(
        action.action_id,
        action.action_type,
        month_text(action.month),
        subject=action.agent_id,
        recipient=action.recipient_id,
    )


def _inert(value: str | None) -> str:
    text = value or ""
    return f"'{text}" if text.startswith(_FORMULA_STARTS) else text
