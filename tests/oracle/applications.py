"""fct_agent_application_day: how long an agent used what, and how often."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, datetime, timedelta
from itertools import pairwise

from tests.oracle.contract import Row, Rows
from tests.oracle.instants import first_second_of, local_date, second_of
from tests.oracle.profiles import (
    Profiles,
    business_date,
    label_on,
    profile_begins,
    profiles_of,
)
from tests.oracle.versions import seen_at

Use = tuple[str, str, str | None]
ApplicationDay = tuple[str, date, str, str | None]


def application_days(rows: Rows, as_of: datetime) -> dict[ApplicationDay, Row]:
    """(agent_id, business_date, application, feature) → "seconds in use, uses".

    Rows of one application and feature that overlap count once, split at local midnight and cut at `as_of`; a use
    counts on the date it began.
    """
    seen = seen_at(rows, as_of)
    now = second_of(as_of)
    spans: dict[Use, list[tuple[int, int]]] = defaultdict(list)
    for row in seen.get("system_usage", []):
        if row["started_at"] <= as_of:
            use = (row["agent_id"], row["application"], row.get("feature"))
            spans[use].append((second_of(row["started_at"]), min(now, second_of(row["ended_at"]))))
    days: dict[ApplicationDay, Row] = {}
    for (agent_id, application, feature), used in spans.items():
        profiles = profiles_of(seen, agent_id)

        def day_at(
            second: int,
            profiles: Profiles = profiles,
            use: Use = (agent_id, application, feature),
        ) -> Row:
            day = business_date(profiles, second)
            nothing = {
                "seconds_in_use": 0,
                "uses": 0,
                "team_id": label_on(profiles, day, "team_id"),
            }
            return days.setdefault((use[0], day, use[1], use[2]), nothing)

        for start, _ in used:
            day_at(start)["uses"] += 1
        for start, end in pairwise(sorted(_cuts(used, profiles))):
            if any(begin <= start < finish for begin, finish in used):
                day_at(start)["seconds_in_use"] += end - start
    return days


def _cuts(used: list[tuple[int, int]], profiles: Profiles) -> set[int]:
    """Every second at which use or date can change."""
    first, last = min(start for start, _ in used), max(end for _, end in used)
    cuts = {second for span in used for second in span}
    cuts |= {profile_begins(profile) for profile in profiles}
    for zone in {profile["time_zone"] for profile in profiles} | {"UTC"}:
        day = local_date(first, zone)
        while day <= local_date(last, zone) + timedelta(days=1):
            cuts.add(first_second_of(day, zone))
            day += timedelta(days=1)
    return {cut for cut in cuts if first <= cut <= last}
