"""The period a report is about: now, a day, an ISO week, a month, or any days from one to another."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Literal

from reports.formats import MONTHS, month_name

Cadence = Literal["now", "day", "week", "month", "period"]
CADENCES: tuple[Cadence, ...] = ("now", "day", "week", "month", "period")
# What a page is made for that does not say: every period that is over.
USUAL_CADENCES: tuple[Cadence, ...] = ("day", "week", "month", "period")
_TREND_LENGTH = 6


@dataclass(frozen=True)
class Period:
    """Days from starts_on to ends_on, both included, and what the period is called.

    folder: name of the report folder, which sorts by time within a cadence. trend_starts_on and
    trend_grain: the six buckets (months, weeks or days) up to this one that a trend shows.
    """

    cadence: Cadence
    starts_on: date
    ends_on: date
    folder: str
    title: str
    trend_starts_on: date
    trend_grain: Literal["day", "week", "month"]

    @classmethod
    def month(cls, first: date) -> "Period":
        """Return the calendar month that begins on a day; ValueError when none does."""
        if first.day != 1:
            raise ValueError(f"month is the first day of a month, not {first}")
        last = _months_later(first, 1) - timedelta(days=1)
        trend = _months_later(first, 1 - _TREND_LENGTH)
        return cls("month", first, last, f"{first:%Y-%m}", month_name(first), trend, "month")

    @classmethod
    def week(cls, day: date) -> "Period":
        """Return the ISO week (Monday to Sunday) that a day lies in."""
        first = day - timedelta(days=day.weekday())
        last = first + timedelta(days=6)
        year, week, _ = first.isocalendar()
        trend = first - timedelta(weeks=_TREND_LENGTH - 1)
        title = f"Week {week} of {year} ({_between(first, last)})"
        return cls("week", first, last, f"{year}-W{week:02}", title, trend, "week")

    @classmethod
    def day(cls, day: date) -> "Period":
        """Return one day."""
        trend = day - timedelta(days=_TREND_LENGTH - 1)
        return cls("day", day, day, f"{day:%Y-%m-%d}", _day(day), trend, "day")

    @classmethod
    def now(cls, as_of: datetime) -> "Period":
        """Return the days that are today somewhere on earth at an instant."""
        day = as_of.astimezone(UTC).date()
        whole = timedelta(days=1)
        trend = day - timedelta(days=_TREND_LENGTH - 1)
        return cls("now", day - whole, day + whole, "now", "Now", trend, "day")

    @classmethod
    def between(cls, starts_on: date, ends_on: date) -> "Period":
        """Return any period; ValueError when it ends before it starts."""
        if ends_on < starts_on:
            raise ValueError(f"the period ends on {ends_on}, before it starts on {starts_on}")
        trend = ends_on - timedelta(days=ends_on.weekday(), weeks=_TREND_LENGTH - 1)
        folder = f"{starts_on:%Y-%m-%d}--{ends_on:%Y-%m-%d}"
        title = _between(starts_on, ends_on)
        return cls("period", starts_on, ends_on, folder, title, trend, "week")

    @property
    def month_start(self) -> date | None:
        """The month of a monthly report; None for every other cadence."""
        return self.starts_on if self.cadence == "month" else None

    @property
    def parameters(self) -> dict[str, object]:
        """What every query may bind, such as ``$starts_on``; ``$month`` is null but for a month."""
        return {
            "starts_on": self.starts_on,
            "ends_on": self.ends_on,
            "cadence": self.cadence,
            "month": self.month_start,
            "trend_starts_on": self.trend_starts_on,
        }


def _months_later(first: date, months: int) -> date:
    count = first.year * 12 + first.month - 1 + months
    return date(count // 12, count % 12 + 1, 1)


def _day(day: date) -> str:
    return f"{day.day} {MONTHS[day.month - 1]} {day.year}"


def _between(first: date, last: date) -> str:
    if first == last:
        return _day(first)
    if (first.year, first.month) == (last.year, last.month):
        return f"{first.day} – {_day(last)}"
    if first.year == last.year:
        return f"{first.day} {MONTHS[first.month - 1]} – {_day(last)}"
    return f"{_day(first)} – {_day(last)}"
