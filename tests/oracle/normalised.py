"""The score that compares part-timers with full-timers: volume per hour, relative to the team."""

from __future__ import annotations

from datetime import date
from fractions import Fraction
from statistics import median

from tests.oracle.contract import Row, Rows
from tests.oracle.days import AgentDay
from tests.oracle.instants import last_day_of
from tests.oracle.parameters import DEFAULTS, Parameters
from tests.oracle.performance import exact_score, population, worked_as_agent
from tests.oracle.profiles import label_on, profiles_of
from tests.oracle.ratios import exact_ratio
from tests.oracle.rollups import agent_months
from tests.oracle.variance import rounded


def normalised_scores(
    seen: Rows, days: dict[AgentDay, Row], month: date, parameters: Parameters = DEFAULTS
) -> dict[str, Row]:
    """agent_id → tickets per logged-in hour, the team's median, and the score made of them.

    `seen` went through `seen_at`; `days` is `agent_days` of the same rows. The median is over the
    agents with logged-in time whose team at the month's end is the same; an agent is who was one on
    a day of employment, or is one at the month's end.
    """
    months = agent_months(days)
    people = sorted(population(seen, days, month))
    agents = worked_as_agent(seen, month) | {
        who
        for who in people
        if label_on(profiles_of(seen, who), last_day_of(month), "role") == "agent"
    }
    figures = {who: months.get((who, month)) for who in people}
    teams = {who: label_on(profiles_of(seen, who), last_day_of(month), "team_id") for who in people}
    rates = {who: _rate(figures[who]) for who in people}
    result: dict[str, Row] = {}
    for who in people:
        mates = [
            rates[mate]
            for mate in people
            if mate in agents and teams[mate] is not None and teams[mate] == teams[who]
            if rates[mate] is not None
        ]
        middle = median(mates) if mates else None  # type: ignore[type-var]
        rate, volume = rates[who], None
        if rate is not None and middle:
            volume = rounded(100 * rate / middle)
        result[who] = {
            "team_id": teams[who],
            "team_agents": len(mates),
            "tickets_per_logged_in_hour": rate,
            "team_median_tickets_per_logged_in_hour": middle,
            "normalised_volume": volume,
        } | _scored(figures[who], rate, volume, parameters)
    return result


def _rate(figures: Row | None) -> Fraction | None:
    if figures is None or not figures["logged_in_seconds"]:
        return None
    return Fraction(figures["resolved_tickets"] * 3600, figures["logged_in_seconds"])


def _scored(figures: Row | None, rate: Fraction | None, volume: object, by: Parameters) -> Row:
    quality = None if figures is None else exact_ratio(figures, "quality_score")
    score, literal = None, exact_score(figures, by)
    if rate is None:
        status = "no_logged_in_time"
    elif volume is None:
        status = "no_team_median"
    elif quality is None:
        status = "no_evaluation"
    else:
        status = "scored"
        score = (
            by.resolved_tickets_weight * Fraction(str(volume)) + by.quality_score_weight * quality
        )
    share = None
    if literal and figures is not None:
        share = by.resolved_tickets_weight * figures["resolved_tickets"] / literal
    return {
        "normalised_score": rounded(score),
        "normalised_score_status": status,
        "productivity_score": rounded(literal),
        "volume_share_of_score": rounded(share),
    }
