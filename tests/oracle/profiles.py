"""Which profile of an agent is in force, for an instant and for a date.

"An agent's business date is the local calendar date in the `time_zone` of the agent's profile in
force." and "the profile holds from this local date until the next row of the same agent".
"""

from __future__ import annotations

from datetime import date

from tests.oracle.contract import Row, Rows
from tests.oracle.instants import first_second_of, local_date

Profiles = list[Row]

# Rows that point at an agent nobody knows load all the same; they need some calendar.
_UNKNOWN_AGENTS_ZONE = "UTC"


def profiles_of(rows: Rows, agent_id: str) -> Profiles:
    """The agent's profiles, oldest first; none for an agent nobody knows."""
    mine = [row for row in rows.get("agents", []) if row["agent_id"] == agent_id]
    return sorted(mine, key=lambda row: row["effective_from"])


def profile_begins(profile: Row) -> int:
    """The first second of the local date `effective_from` in the profile's own time zone."""
    return first_second_of(profile["effective_from"], profile["time_zone"])


def time_zone_at(profiles: Profiles, second: int) -> str:
    """The zone of the last profile begun by then; before all of them, that of the first."""
    if not profiles:
        return _UNKNOWN_AGENTS_ZONE
    in_force = profiles[0]
    for profile in profiles:
        if profile_begins(profile) <= second:
            in_force = profile
    zone: str = in_force["time_zone"]
    return zone


def business_date(profiles: Profiles, second: int) -> date:
    """The local calendar date of a second in the time zone of the profile in force."""
    return local_date(second, time_zone_at(profiles, second))


def profile_on(profiles: Profiles, day: date) -> Row | None:
    """The profile of a business date: the last with `effective_from` <= day, else the first."""
    if not profiles:
        return None
    in_force = profiles[0]
    for profile in profiles:
        if profile["effective_from"] <= day:
            in_force = profile
    return in_force


def label_on(profiles: Profiles, day: date, label: str) -> str | None:
    """`team_id`, `site` or `function` of a business date; None for an agent nobody knows."""
    profile = profile_on(profiles, day)
    return None if profile is None else profile.get(label)
