"""Notices to the operator about the pipeline itself: what is wrong, why, and what to do; once until it changes."""

import datetime as dt
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from ingestion import Home, read_ledger
from ingestion.ledger import instant_text
from orchestration import records
from orchestration.delivery.channels import open_channel
from orchestration.delivery.composing import Outgoing, mail
from orchestration.delivery.register import Register
from orchestration.delivery.settings import Settings, Watch
from orchestration.months import month_text
from orchestration.storage import storage_of

FOLDER = "notices"
_LONGEST = 400


@dataclass(frozen=True)
class Trouble:
    """`subject`: what it is about, the same as long as it lasts. `cause`: changes only if the trouble does."""

    subject: str
    cause: str
    next_step: str

    @property
    def fingerprint(self) -> str:
        """What tells one cause from another."""
        return hashlib.sha256(f"{self.subject}\0{self.cause}".encode()).hexdigest()


def of_run(job: str, month: str | None, reasons: Sequence[str]) -> Trouble:
    """A run that failed: a close, or a build that did not get to publish."""
    what = f"{job} {month}" if month else job
    command = f"scorehouse close {month}" if month else "scorehouse build"
    return Trouble(
        f"run {what}",
        f"{what} failed, and nothing of it was published: {'; '.join(reasons)[:_LONGEST]}",
        f"mend the cause, then run `{command}` again; `scorehouse status` shows what was loaded",
    )


def found(home: Home, watch: Watch, now: dt.datetime) -> list[Trouble]:
    """What the records show: a month that is not closed, sources without new files, a publication that is too old."""
    return [
        *_late_close(home, watch, now),
        *_stale_sources(home, watch, now),
        *_old_publication(home, watch, now),
    ]


def _late_close(home: Home, watch: Watch, now: dt.datetime) -> list[Trouble]:
    month = (now.date().replace(day=1) - dt.timedelta(days=1)).replace(day=1)
    closes = records.recorded_closes(home)
    # Whoever has not closed a month yet is trying things out.
    begun = [close.month for close in closes if close.month < month]
    if now.day <= watch.late_after_days or not begun or records.last_close(home, month):
        return []
    text = month_text(month)
    return [
        Trouble(
            f"close {text}",
            f"{text} is not closed {watch.late_after_days} days after its end",
            f"run `scorehouse close {text}`, and see whether its schedule is on",
        )
    ]


def _stale_sources(home: Home, watch: Watch, now: dt.datetime) -> list[Trouble]:
    last: dict[str, str] = {}
    for load in read_ledger(home):
        if load.status == "loaded":
            last[load.dataset] = load.loaded_at
    return [
        Trouble(
            f"source {dataset}",
            f"no file of {dataset} was loaded since {last.get(dataset, 'the beginning')}",
            f"see whether the export of {dataset} still lands, and `scorehouse status` for files not read",
        )
        for dataset, days in sorted(watch.stale_after_days.items())
        if last.get(dataset, "") < instant_text(now - dt.timedelta(days=days))
    ]


def _old_publication(home: Home, watch: Watch, now: dt.datetime) -> list[Trouble]:
    published = records.publications(home)
    if not published or watch.published_within_hours is None:
        return []
    # A publication of the same content is not recorded again; the file is written all the same.
    written = dt.datetime.fromtimestamp(home.published_database.stat().st_mtime, dt.UTC)
    if written >= now - dt.timedelta(hours=watch.published_within_hours):
        return []
    return [
        Trouble(
            "publication",
            f"nothing was published since {instant_text(written)}",
            "run `scorehouse build`, and see whether its schedule is on",
        )
    ]


def notify(
    home: Home,
    settings: Settings,
    troubles: Sequence[Trouble],
    over: Sequence[str],
    now: dt.datetime,
) -> list[str]:
    """Send one notice about what is new; returns its subjects. `over`: subjects that are no trouble any more.

    Without an operator in the settings nothing is sent; without a mail server the notice is a file in the outbox.

    Raises:
        UnusableInput: the register cannot be used.
    """
    if settings.operator is None or not settings.is_on:
        return []
    register = Register(home, settings.ledger_url)
    try:
        known = register.notices()
        for subject in over:
            if subject in known:
                register.note(subject, None, instant_text(now))
        new = [one for one in troubles if known.get(one.subject) != one.fingerprint]
        if not new or not _sent(home, settings, _notice(settings.operator, new, now)):
            return []
        for one in new:
            register.note(one.subject, one.fingerprint, instant_text(now))
        return [one.subject for one in new]
    finally:
        register.close()


def watch(home: Home, settings: Settings, now: dt.datetime) -> list[str]:
    """Send a notice about what the records show and no notice was sent about; returns its subjects.

    Raises:
        UnusableInput: the register cannot be used.
    """
    if settings.operator is None:
        return []
    troubles = found(home, settings.watch, now)
    standing = {one.subject for one in troubles}
    watched = [f"source {dataset}" for dataset in settings.watch.stale_after_days]
    months = [f"close {month_text(close.month)}" for close in records.recorded_closes(home)]
    over = [one for one in ("publication", *watched, *months) if one not in standing]
    return notify(home, settings, troubles, over, now)


def _notice(operator: str, troubles: Sequence[Trouble], now: dt.datetime) -> Outgoing:
    more = f" and {len(troubles) - 1} more" if len(troubles) > 1 else ""
    together = hashlib.sha256("".join(one.fingerprint for one in troubles).encode()).hexdigest()
    lines = [f"{one.cause}.\nNext: {one.next_step}." for one in troubles]
    return Outgoing(
        # The same trouble on another day is another notice.
        action_id=f"notice-{together[:24]}-{now:%Y%m%dT%H%M%S}",
        address=operator,
        subject=f"Scorehouse: {troubles[0].subject}{more}",
        text="\n\n".join(lines) + "\n",
        html="".join(f"<p>{escape(line).replace(chr(10), '<br>')}</p>" for line in lines),
        sent_at=now,
        attachments=(),
        about={"type": "notice", "to": {"address": operator}},
    )


def _sent(home: Home, settings: Settings, notice: Outgoing) -> bool:
    if "email" not in settings.routed:
        final = home.outbox / FOLDER / f"{notice.action_id}.eml"
        storage_of(final).write(final, mail(notice, settings.sender))
        return True
    channel = open_channel(settings, "email")
    try:
        # Whether or not it arrived: a notice that comes twice does no harm, one that never comes does.
        return channel.send(notice, notice.action_id).result == "accepted"
    finally:
        channel.close()
