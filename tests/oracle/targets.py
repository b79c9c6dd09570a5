"""Which target of a KPI is in force, for a day and for an agent's month."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from tests.oracle.contract import Row, Rows
from tests.oracle.days import AgentDay
from tests.oracle.instants import last_day_of, month_of
from tests.oracle.profiles import label_on, profiles_of

# Names under which a target may be fed in, and the column each is about.
ALIASES = {
    "productivity": "productivity_score",
    "aht": "aht_seconds",
    "quality": "average_quality_score",
    "quality_score": "average_quality_score",
}


@dataclass(frozen=True)
class Target:
    """A KPI's target and whether `higher` or `lower` is better."""

    value: Fraction
    direction: str


# "Standards that ship as defaults: CSAT ≥ 0.85, FCR ≥ 0.75, AHT ≤ 360 s, quality ≥ 90."
STANDARDS = {
    "csat": Target(Fraction(85, 100), "higher"),
    "fcr": Target(Fraction(75, 100), "higher"),
    "aht_seconds": Target(Fraction(360), "lower"),
    "average_quality_score": Target(Fraction(90), "higher"),
}


def kpi_of(row: Row) -> str:
    """The column that a `kpi_targets` row is about."""
    kpi: str = row["kpi"]
    return ALIASES.get(kpi, kpi)


def target_in_force(rows: Rows, kpi: str, team_id: str | None, day: date) -> Target | None:
    """ "`kpi_targets`: the team's row, else the row for every team": of each the latest one with
    `effective_from` ≤ day; else the standard that ships.
    """
    about = [
        row
        for row in rows.get("kpi_targets", [])
        if kpi_of(row) == kpi and row["effective_from"] <= day
    ]
    team_rows = [row for row in about if team_id is not None and row["team_id"] == team_id]
    rows_for_all = [row for row in about if row["team_id"] is None]
    for candidates in (team_rows, rows_for_all):
        if candidates:
            latest = max(candidates, key=lambda row: row["effective_from"])
            return Target(Fraction(latest["target"]), latest["direction"])
    return STANDARDS.get(kpi)


def target_of_month(
    rows: Rows, days: dict[AgentDay, Row], kpi: str, agent_id: str, month: date
) -> Target | None:
    """ "Mean over the agent's days with logged-in time of the target in force that day for the team
    of that day …; no such day: the target at month end."

    The direction is that of the last of those days.
    """
    in_force = [
        target
        for (owner, day), figures in sorted(days.items())
        if owner == agent_id and month_of(day) == month and (figures["logged_in_seconds"] or 0) > 0
        if (target := target_in_force(rows, kpi, figures["team_id"], day)) is not None
    ]
    if not in_force:
        month_end = last_day_of(month)
        team_id = label_on(profiles_of(rows, agent_id), month_end, "team_id")
        return target_in_force(rows, kpi, team_id, month_end)
    mean = sum(target.value for target in in_force) / Fraction(len(in_force))
    return Target(mean, in_force[-1].direction)
