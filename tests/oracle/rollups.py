"""Weeks, months and teams: the same parts, summed, and the same ratios of the sums."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable
from datetime import date
from typing import Any

from tests.oracle.contract import Row, Rows
from tests.oracle.days import PARTS, AgentDay
from tests.oracle.instants import month_of, week_of
from tests.oracle.ratios import with_ratios


def summed(days: Iterable[Row]) -> Row:
    """Parts of several days in one row, with ratios. A part that no day knows stays None."""
    days = list(days)
    row: Row = {}
    for part in PARTS:
        known = [day[part] for day in days if day[part] is not None]
        row[part] = sum(known) if known else None
    clock_ins = [day["first_clock_in_at"] for day in days if day["first_clock_in_at"]]
    clock_outs = [day["last_clock_out_at"] for day in days if day["last_clock_out_at"]]
    row["first_clock_in_at"] = min(clock_ins, default=None)
    row["last_clock_out_at"] = max(clock_outs, default=None)
    return with_ratios(row)


def _grouped(days: dict[AgentDay, Row], keys: dict[AgentDay, Any]) -> dict[Any, Row]:
    groups: dict[Hashable, list[Row]] = defaultdict(list)
    for agent_day, key in keys.items():
        groups[key].append(days[agent_day])
    return {key: summed(group) for key, group in groups.items()}


def agent_weeks(days: dict[AgentDay, Row]) -> dict[tuple[str, date], Row]:
    """(agent_id, Monday of the ISO week) → summed parts and ratios, from `agent_days`."""
    return _grouped(days, {key: (key[0], week_of(key[1])) for key in days})


def agent_months(days: dict[AgentDay, Row]) -> dict[tuple[str, date], Row]:
    """(agent_id, first day of the month) → summed parts and ratios, from `agent_days`.

    "A month is the calendar month of business dates."
    """
    return _grouped(days, {key: (key[0], month_of(key[1])) for key in days})


def team_months(days: dict[AgentDay, Row]) -> dict[tuple[str, date], Row]:
    """(team_id, first day of the month) → summed parts and ratios, from `agent_days`.

    "By the team of each day (an agent who moved counts in each team for his days)." Days of agents
    nobody knows have no team and count in none.
    """
    teamed = {key: day["team_id"] for key, day in days.items() if day["team_id"] is not None}
    return _grouped(days, {key: (team_id, month_of(key[1])) for key, team_id in teamed.items()})


UNKNOWN = "(unknown)"


def organisation_months(days: dict[AgentDay, Row], seen: Rows) -> dict[tuple[str, str, date], Row]:
    """(level, unit, first day of the month) → agents, summed parts and ratios, from `agent_days`.

    By the labels of each day; a day without one is in the unit "(unknown)". `seen` went through
    `seen_at` and says which department a team is in.
    """
    department_of = {team["team_id"]: team["department"] for team in seen.get("teams", [])}
    result: dict[tuple[str, str, date], Row] = {}
    for level in ("department", "site", "function", "centre"):
        keys: dict[AgentDay, Any] = {}
        for key, day in days.items():
            unit = {
                "department": department_of.get(day["team_id"]),
                "site": day["site"],
                "function": day["function"],
                "centre": "all",
            }[level]
            keys[key] = (level, UNKNOWN if unit is None else unit, month_of(key[1]))
        people = {
            group: {who for (who, _), at in keys.items() if at == group} for group in keys.values()
        }
        for group, figures in _grouped(days, keys).items():
            result[group] = {"agents": len(people[group])} | figures
    return result
