"""When a message may go out: to whom on a test installation, not at night, not to a whole centre unasked."""

import datetime as dt
from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from ingestion import Home
from orchestration.database import attached
from orchestration.delivery.action import Action
from orchestration.delivery.settings import AskAbove, QuietHours


def is_allowed(address: str, only_to: Sequence[str] | None) -> bool:
    """Whether an address is on the allow-list; without a list, everybody is."""
    patterns = only_to if only_to is not None else ("*",)
    return any(fnmatchcase(address.lower(), pattern.lower()) for pattern in patterns)


def after_quiet_hours(now: dt.datetime, zone: ZoneInfo, quiet: QuietHours) -> dt.datetime | None:
    """The end of the quiet hours that an instant lies in, at the recipient's place; None outside of them."""
    local = now.astimezone(zone)
    clock = local.time().replace(tzinfo=None)
    over_midnight = quiet.ends <= quiet.starts
    after, before = clock >= quiet.starts, clock < quiet.ends
    if not ((after or before) if over_midnight else (after and before)):
        return None
    day = local.date() + dt.timedelta(days=1 if over_midnight and after else 0)
    return dt.datetime.combine(day, quiet.ends, zone).astimezone(dt.UTC)


class Zones:
    """Where recipients are, by their current profile."""

    def __init__(self, home: Home, otherwise: ZoneInfo) -> None:
        """Read the profiles. `otherwise`: the zone of whom no profile gives one."""
        self._otherwise = otherwise
        with attached(published=home.published_database) as connection:
            self._zones = dict(
                connection.execute(
                    "select agent_id, time_zone from published.marts.dim_agent where is_current"
                ).fetchall()
            )

    def of(self, person: str | None) -> ZoneInfo:
        """The zone of a person."""
        try:
            return ZoneInfo(self._zones.get(person) or self._otherwise.key)
        except (ZoneInfoNotFoundError, ValueError):
            return self._otherwise


def to_confirm(
    home: Home, actions: Iterable[Action], limits: AskAbove
) -> dict[tuple[dt.date, int], str]:
    """The closes among these actions that look like a broken target, each with the reason in words."""
    closes: dict[tuple[dt.date, int], int] = {}
    for action in actions:
        close = (action.month, action.close_number)
        is_urgent = action.action_type == "urgent_coaching_alert"
        closes[close] = closes.get(close, 0) + int(is_urgent)
    found = {}
    for (month, close_number), urgent in sorted(closes.items()):
        reasons = []
        if urgent > limits.urgent_alerts:
            reasons.append(f"{urgent} urgent alerts (limit {limits.urgent_alerts})")
        counted = _below_target(home, month, close_number, limits.share_below_target)
        if counted is not None:
            reasons.append(counted)
        if reasons:
            found[month, close_number] = " and ".join(reasons)
    return found


def _below_target(home: Home, month: dt.date, close_number: int, share: float) -> str | None:
    with attached(published=home.published_database) as connection:
        row = connection.execute(
            """
            with standing as (
                select productivity_variance
                from published.marts.monthly_performance_summary
                where month = $month and close_number <= $close_number
                qualify row_number() over (partition by agent_id order by revision desc) = 1
            )
            select
                count(*) filter (where productivity_variance < 0) || ' of '
                || count(productivity_variance) || ' agents are below target (limit '
                || printf('%g', $share * 100) || ' %)'
            from standing
            having
                count(*) filter (where productivity_variance < 0)
                > $share * count(productivity_variance)
            """,
            {"month": month, "close_number": close_number, "share": share},
        ).fetchone()
    return str(row[0]) if row else None
