"""Which instant and which month a run is about. Pure decisions: the callers read and write."""

import datetime as dt
import re
from collections.abc import Iterable
from zoneinfo import ZoneInfo

from ingestion import UnusableInput

_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_MONTH = re.compile(r"[1-9][0-9]{3}-(0[1-9]|1[0-2])")


def parse_month(text: str) -> dt.date:
    """The first day of a month written as YYYY-MM.

    Raises:
        UnusableInput: the text is no month.
    """
    if not _MONTH.fullmatch(text):
        raise UnusableInput(f"'{text}' is no month: write it as YYYY-MM, for example 2026-10")
    return dt.date(int(text[:4]), int(text[5:]), 1)


def month_text(month: dt.date) -> str:
    """A month as YYYY-MM."""
    return f"{month:%Y-%m}"


def next_month(month: dt.date) -> dt.date:
    """The first day of the month after."""
    return (month + dt.timedelta(days=32)).replace(day=1)


def parse_end_of_day_or_instant(text: str, option: str) -> dt.datetime:
    """An instant as `parse_instant` takes it; a date is the last millisecond of it, UTC.

    Raises:
        UnusableInput: the text is neither.
    """
    if _DATE.fullmatch(text):
        try:
            day = dt.datetime.fromisoformat(f"{text}T23:59:59.999+00:00")
        except ValueError:
            raise UnusableInput(f"{option} '{text}' is no date") from None
        return day
    return parse_instant(text, option)


def parse_instant(text: str, option: str = "--as-of") -> dt.datetime:
    """An instant written in ISO 8601 with Z or an offset.

    Raises:
        UnusableInput: the text is no instant, or names no offset.
    """
    try:
        instant = dt.datetime.fromisoformat(text)
    except ValueError:
        instant = None
    if instant is None or instant.tzinfo is None:
        raise UnusableInput(
            f"{option} '{text}' is no instant: write ISO 8601 with Z or an offset, "
            "for example 2026-11-01T06:00:00Z"
        )
    return instant.astimezone(dt.UTC)


def check_closable(
    month: dt.date, as_of: dt.datetime, time_zones: Iterable[str], provisional: bool
) -> None:
    """Refuse a month that has not begun, or is not over yet in every agent's time zone.

    Raises:
        UnusableInput: the month cannot be closed at `as_of`.
    """
    local_dates = [as_of.astimezone(ZoneInfo(zone)).date() for zone in time_zones] or [as_of.date()]
    name = month_text(month)
    if max(local_dates) < month:
        raise UnusableInput(
            f"{name} is in the future: nothing of it can be known at {as_of:%FT%TZ}"
        )
    if not provisional and min(local_dates) < next_month(month):
        raise UnusableInput(
            f"{name} is not over yet at {as_of:%FT%TZ} in every agent's time zone: "
            "wait for its end, or look at it with --provisional (which makes no revision)"
        )


def choose_as_of(
    explicit: dt.datetime | None,
    now: dt.datetime,
    last_close: tuple[dt.datetime, int] | None,
    load_sequence: int,
) -> dt.datetime:
    """The instant a run reports at.

    What the user says counts. Without it, a month that is closed already, with nothing loaded since
    (`last_close` is its `as_of` and load sequence), is reported at the instant it was closed at:
    closing twice on the same data must change nothing, and contacts mature with the clock. Otherwise it is
    `now`, in whole seconds.
    """
    if explicit is not None:
        return explicit
    if last_close is not None and last_close[1] == load_sequence:
        return last_close[0]
    return now.replace(microsecond=0)
