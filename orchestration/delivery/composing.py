"""An action as the message that goes out: the same action makes the same message, whoever sends it, however often."""

import datetime as dt
import hashlib
import json
from dataclasses import dataclass
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path
from typing import Any

import icalendar

import reports
from ingestion import Home, UnusableInput
from orchestration.delivery.action import Action
from orchestration.months import month_text
from orchestration.storage import storage_of

_DOMAIN = "scorehouse"


@dataclass(frozen=True)
class Attachment:
    """A file of a message. `media_type`: as application/pdf; a text is UTF-8. `is_checked`: the linter passed it."""

    name: str
    media_type: str
    content: bytes
    is_checked: bool = False


@dataclass(frozen=True)
class Outgoing:
    """A message to one address, whatever carries it. `about`: what a task system wants beside the text."""

    action_id: str
    address: str
    subject: str
    text: str
    html: str
    sent_at: dt.datetime
    attachments: tuple[Attachment, ...]
    about: dict[str, Any]

    def fields(self) -> dict[str, Any]:
        """The message as one JSON object, with the invitation of a coaching session as iCalendar text."""
        invitation = next(
            (one.content for one in self.attachments if one.media_type == "text/calendar"), None
        )
        said = {**self.about, "subject": self.subject, "text": self.text}
        return said if invitation is None else {**said, "invitation": invitation.decode()}


class Composer:
    """Makes the messages of one home. `organizer`: the address that invitations come from."""

    def __init__(self, home: Home, organizer: str) -> None:
        """Nothing is read yet."""
        self._home, self._organizer = home, organizer
        self._storage = storage_of(home.reports)
        self._reports: dict[
            dt.date, dict[tuple[str | None, int | None], tuple[Path, str | None]]
        ] = {}

    def compose(self, action: Action) -> Outgoing:
        """The message of an action.

        Raises:
            UnusableInput: the report that belongs to it is not there.
        """
        message = reports.render_message(action.action_type, action.values)
        return Outgoing(
            action_id=action.action_id,
            address=action.recipient_address or "",
            subject=message.subject,
            text=message.text,
            html=message.html,
            sent_at=action.closed_at,
            attachments=self._attachments(action, message),
            about={
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
            },
        )

    def _attachments(self, action: Action, message: reports.Message) -> tuple[Attachment, ...]:
        if action.action_type == "agent_summary":
            return (self._report(action),)
        if action.action_type == "coaching_task":
            content = _invitation(action, message, self._organizer)
            return (Attachment("coaching.ics", "text/calendar", content),)
        return ()

    def _report(self, action: Action) -> Attachment:
        if action.month not in self._reports:
            folder = self._home.reports / month_text(action.month)
            self._reports[action.month] = _reports(folder, self._storage)
        found = self._reports[action.month].get((action.agent_id, action.revision))
        if found is None or not self._storage.exists(found[0]):
            raise UnusableInput(
                f"the report of revision {action.revision} for action {action.action_id} is missing:"
                f" `scorehouse close {month_text(action.month)}` makes it again"
            )
        path, checked = found
        content = self._storage.read(path)
        is_checked = hashlib.sha256(content).hexdigest() == checked
        return Attachment(path.name, "application/pdf", content, is_checked)


def mail(message: Outgoing, sender: str, *, for_seven_bits: bool = False) -> bytes:
    """The message as a mail, with line ends as SMTP has them.

    `for_seven_bits`: nothing in it asks more of a server than the oldest can do.
    """
    policy = SMTP.clone(cte_type="7bit") if for_seven_bits else SMTP
    built = EmailMessage(policy=policy)
    built["Subject"] = message.subject
    built["From"] = sender
    built["To"] = Address(addr_spec=message.address)
    built["Date"] = message.sent_at
    # The same action has the same Message-ID, whoever sends it and however often: receivers can recognise it.
    built["Message-ID"] = f"<{message.action_id}@{_DOMAIN}>"
    built.set_content(message.text)
    built.add_alternative(message.html, subtype="html")
    for file in message.attachments:
        main, sub = file.media_type.split("/")
        if main == "text":
            built.add_attachment(
                file.content.decode(), subtype=sub, filename=file.name, params={"method": "REQUEST"}
            )
        else:
            built.add_attachment(file.content, maintype=main, subtype=sub, filename=file.name)
    # Python draws random boundaries; the same message must have the same bytes.
    for number, part in enumerate(part for part in built.walk() if part.is_multipart()):
        part.set_boundary(f"{message.action_id}-{number}")
    return built.as_bytes()


def as_json(message: Outgoing) -> bytes:
    """The message as a readable file for whoever takes tasks and texts further."""
    return (json.dumps(message.fields(), ensure_ascii=False, indent=2) + "\n").encode()


def _invitation(action: Action, message: reports.Message, organizer: str) -> bytes:
    """The day by which the session is to be held, for the calendar of whoever holds it."""
    event = icalendar.Event()
    event.add("uid", f"{action.action_id}@{_DOMAIN}")
    event.add("dtstamp", action.closed_at.astimezone(dt.UTC))
    event.add("sequence", 0)
    event.add("dtstart", action.due_on)
    event.add("dtend", action.due_on + dt.timedelta(days=1))
    event.add("summary", message.subject)
    event.add("description", message.text)
    event.add("class", "PRIVATE")
    event.add("transp", "TRANSPARENT")
    event.add("organizer", icalendar.vCalAddress(f"mailto:{organizer}"))
    attendee = icalendar.vCalAddress(f"mailto:{action.recipient_address}")
    attendee.params["ROLE"] = icalendar.vText("REQ-PARTICIPANT")
    attendee.params["RSVP"] = icalendar.vText("TRUE")
    event.add("attendee", attendee)
    calendar = icalendar.Calendar()
    calendar.add("prodid", "-//Scorehouse//EN")
    calendar.add("version", "2.0")
    calendar.add("method", "REQUEST")
    calendar.add_component(event)
    return bytes(calendar.to_ical())


def _reports(
    folder: Path, storage: reports.Storage
) -> dict[tuple[str | None, int | None], tuple[Path, str | None]]:
    """The PDFs of agents in a folder, by agent and revision, each with the hash of what the linter passed."""
    record = folder / reports.CHECKED
    passed = json.loads(storage.read(record)) if storage.exists(record) else {}
    return {
        (entry.subject_id, entry.revision): (folder / entry.path, passed.get(entry.path))
        for entry in reports.read_entries(folder, storage)
        if entry.kind == "agent" and entry.path.endswith(".pdf")
    }
