"""Instants as whole UTC seconds, and local calendar dates of them."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def second_of(instant: datetime) -> int:
    """The whole second an instant lies in, counted from 1970-01-01T00:00:00Z (floor)."""
    return (instant - _EPOCH) // timedelta(seconds=1)


def instant_of(second: int) -> datetime:
    """The UTC instant at which a whole second begins."""
    return _EPOCH + timedelta(seconds=second)


@cache
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)


def local_date(second: int, time_zone: str) -> date:
    """The calendar date that a clock on the wall in `time_zone` shows at `second`."""
    return datetime.fromtimestamp(second, _zone(time_zone)).date()


@cache
def first_second_of(day: date, time_zone: str) -> int:
    """The first second whose local date is `day` or, where a zone skips that day, a later one.

    Looked for minute by minute, so that skipped and repeated midnights need no special case: every
    offset from UTC has been a whole number of minutes since 1972. No zone is more than 14 hours
    ahead of UTC.
    """
    second = second_of(datetime(day.year, day.month, day.day, tzinfo=UTC)) - 15 * 3600
    while local_date(second, time_zone) < day:
        second += 60
    return second


def month_of(day: date) -> date:
    """The first day of the calendar month of `day`."""
    return day.replace(day=1)


def last_day_of(month: date) -> date:
    """The last day of the calendar month of `month`."""
    return month_of(month_of(month) + timedelta(days=32)) - timedelta(days=1)


def week_of(day: date) -> date:
    """The Monday that the ISO week of `day` starts with."""
    return day - timedelta(days=day.weekday())
