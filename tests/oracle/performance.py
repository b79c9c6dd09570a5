"""The monthly score, who gets one, and what it says of the agent's skill."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction

from tests.oracle.contract import Row, Rows
from tests.oracle.days import AgentDay, agent_days
from tests.oracle.instants import last_day_of, month_of
from tests.oracle.parameters import DEFAULTS, Parameters
from tests.oracle.profiles import profiles_of
from tests.oracle.ratios import exact_ratio
from tests.oracle.rollups import agent_months
from tests.oracle.targets import target_of_month
from tests.oracle.variance import attainment, rounded, variance
from tests.oracle.versions import seen_at


def population(rows: Rows, days: dict[AgentDay, Row], month: date) -> set[str]:
    """ "Every person with role `agent` employed on any day of the month (`hired_on`, `left_on`;
    null: open) and … anybody else with a figure in it."
    """
    return worked_as_agent(rows, month) | {who for who, day in days if month_of(day) == month}


def worked_as_agent(rows: Rows, month: date) -> set[str]:
    """ "Every person with role `agent` employed on any day of the month."

    Any profile with the role counts, on the dates it is in force and the person is employed; `left_on` is the last
    day employed. A first profile holds from the day of hiring on, should that be earlier than its own date.
    """
    people = set()
    for agent_id in {row["agent_id"] for row in rows.get("agents", [])}:
        profiles = profiles_of(rows, agent_id)
        for number, profile in enumerate(profiles):
            first, last = profile["effective_from"], date.max
            hired_on, left_on = profile.get("hired_on"), profile.get("left_on")
            if number == 0 and hired_on is not None:
                first = min(first, hired_on)
            if number + 1 < len(profiles):
                last = profiles[number + 1]["effective_from"] - timedelta(days=1)
            first = max(first, hired_on or first)
            last = min(last, left_on or last)
            in_month = max(first, month) <= min(last, last_day_of(month))
            if profile["role"] == "agent" and in_month:
                people.add(agent_id)
    return people


def exact_score(figures: Row | None, parameters: Parameters = DEFAULTS) -> Fraction | None:
    """ "`productivity_score` = 0.6 × `total_resolved_tickets` + 0.4 × `average_quality_score`";
    "No evaluation in the month: the score is null."

    `figures` is the agent's row of `agent_months`, None for a month without one.
    """
    if figures is None or figures["resolved_tickets"] is None:
        return None
    quality = exact_ratio(figures, "quality_score")
    if quality is None:
        return None
    tickets = Fraction(figures["resolved_tickets"])
    return parameters.resolved_tickets_weight * tickets + parameters.quality_score_weight * quality


def skill_level(attained: Decimal | None, parameters: Parameters = DEFAULTS) -> str | None:
    """ "≥ 1.10 `expert`, ≥ 1.00 `proficient`, ≥ 0.90 `developing`, else `foundation`" """
    if attained is None:
        return None
    for threshold, level in parameters.skill_levels:
        if Fraction(attained) >= threshold:
            return level
    return parameters.lowest_skill_level


def performance(
    rows: Rows,
    as_of: datetime,
    month: date,
    parameters: Parameters = DEFAULTS,
    days: dict[AgentDay, Row] | None = None,
) -> dict[str, Row]:
    """agent_id → the month's score and what it rests on; `month` is its first day.

    `days` may hold `agent_days` of the same rows, `as_of` and parameters, to save the time.
    """
    days = agent_days(rows, as_of, parameters) if days is None else days
    seen = seen_at(rows, as_of)
    months = agent_months(days)
    result: dict[str, Row] = {}
    for agent_id in sorted(population(seen, days, month)):
        figures = months.get((agent_id, month))
        score = exact_score(figures, parameters)
        target = target_of_month(seen, days, "productivity_score", agent_id, month)
        attained = rounded(attainment(score, target))
        tickets = 0 if "tickets" in seen else None
        result[agent_id] = {
            "total_resolved_tickets": figures["resolved_tickets"] if figures else tickets,
            "average_quality_score": figures["quality_score"] if figures else None,
            "occupancy_band": figures["occupancy_band"] if figures else None,
            "productivity_score": rounded(score),
            "score_status": "insufficient_data" if score is None else "scored",
            "productivity_target": rounded(target.value) if target else None,
            "productivity_variance": rounded(variance(score, target)),
            "productivity_attainment": attained,
            "skill_level": skill_level(attained, parameters),
        }
    return result
