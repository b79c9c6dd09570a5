"""agent_kpi_month: every KPI with a target, its sample and its interval."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, datetime, timedelta
from decimal import Decimal, localcontext
from fractions import Fraction

from tests.oracle.contract import Row, Rows
from tests.oracle.days import PARTS, AgentDay, agent_days, quality_points
from tests.oracle.instants import month_of, second_of
from tests.oracle.parameters import DEFAULTS, Parameters
from tests.oracle.performance import exact_score, population
from tests.oracle.profiles import business_date, profiles_of
from tests.oracle.ratios import RATIOS, exact_ratio
from tests.oracle.rollups import agent_months
from tests.oracle.targets import STANDARDS, kpi_of, target_of_month
from tests.oracle.variance import attainment, rounded, variance
from tests.oracle.versions import seen_at

Z_95 = Fraction("1.959963984540054")
AgentMonth = tuple[str, date]
Interval = tuple[Fraction, Fraction]


def square_root(value: Fraction) -> Fraction:
    """A square root good to some 50 digits."""
    with localcontext() as context:
        context.prec = 50
        return Fraction((Decimal(value.numerator) / Decimal(value.denominator)).sqrt())


def wilson_interval(successes: int, sample: int) -> Interval | None:
    """ "A rate (CSAT, FCR) carries its sample size and a Wilson 95 % interval"; None without one, and
    where more came back than was sent (answers to the month before): that is no share of the sample.

    Wilson, J. Amer. Statist. Assoc. 22 (1927): (p + z²/2n ± z √(p(1−p)/n + z²/4n²)) / (1 + z²/n)
    """
    if sample == 0 or successes > sample:
        return None
    share, z_squared = Fraction(successes, sample), Z_95**2
    centre = share + z_squared / (2 * sample)
    spread = Z_95 * square_root(share * (1 - share) / sample + z_squared / (4 * sample**2))
    scale = 1 + z_squared / sample
    return (centre - spread) / scale, (centre + spread) / scale


def standard_error(scores: list[Fraction]) -> Fraction | None:
    """Sample standard deviation (n − 1) over √n; None for fewer than two scores."""
    if len(scores) < 2:
        return None
    mean = sum(scores) / Fraction(len(scores))
    squares = sum(((score - mean) * (score - mean) for score in scores), start=Fraction(0))
    return square_root(squares / (len(scores) - 1) / len(scores))


def mean_interval(scores: list[Fraction]) -> Interval | None:
    """ "A quality mean its count and standard error": mean ± z × standard error."""
    error = standard_error(scores)
    if error is None:
        return None
    mean = sum(scores) / Fraction(len(scores))
    return mean - Z_95 * error, mean + Z_95 * error


def evaluation_scores(rows: Rows) -> dict[AgentMonth, list[Fraction]]:
    """(agent_id, month) → the scores of its evaluations, a critical fail as 0."""
    scores: dict[AgentMonth, list[Fraction]] = defaultdict(list)
    for row in rows.get("qa_evaluations", []):
        profiles = profiles_of(rows, row["agent_id"])
        month = month_of(business_date(profiles, second_of(row["evaluated_at"])))
        scores[row["agent_id"], month].append(Fraction(quality_points(row)))
    return scores


# KPIs that are a count, a part of their own.
COUNTS = ("handled_contacts", "resolved_tickets")
# Shares of n trials, which Wilson's interval is about: ratio → the parts above and below the line.
SHARES = {
    name: (above[0], below[0])
    for name, (above, below) in RATIOS.items()
    if name
    in {
        "csat",
        "fcr",
        "survey_response_rate",
        "transfer_rate",
        "escalation_rate",
        "engagement_rate",
        "conversion_rate",
    }
}
_ALIKE = {"average_quality_score": "quality_score", "productivity_score": "quality_score"}


def kpi_value(kpi: str, figures: Row, parameters: Parameters) -> Fraction | None:
    """The exact value of a KPI from the agent's row of `agent_months`."""
    if kpi == "productivity_score":
        return exact_score(figures, parameters)
    if kpi in COUNTS:
        return None if figures[kpi] is None else Fraction(figures[kpi])
    return exact_ratio(figures, _ALIKE.get(kpi, kpi))


def sample_size(kpi: str, figures: Row) -> int | None:
    """What a KPI rests on: a count itself, a ratio the sum below its line."""
    parts = (kpi,) if kpi in COUNTS else RATIOS[_ALIKE.get(kpi, kpi)][1]
    values = [figures[part] for part in parts]
    return None if None in values else sum(values)


def _interval(kpi: str, figures: Row, scores: list[Fraction]) -> Interval | None:
    """The interval that a KPI's sample leaves, for the KPIs that have one."""
    if kpi == "average_quality_score":
        return mean_interval(scores)
    if kpi not in SHARES:
        return None
    successes, sample = (figures[part] for part in SHARES[kpi])
    return None if sample is None else wilson_interval(successes, sample)


def nothing_in_the_month(seen: Rows) -> Row:
    """The parts of a month in which an agent has nothing: 0, or None where not collected."""
    return {
        part: 0 if all(dataset in seen for dataset in datasets) else None
        for part, datasets in PARTS.items()
    }


def kpi_months(
    rows: Rows,
    as_of: datetime,
    parameters: Parameters = DEFAULTS,
    days: dict[AgentDay, Row] | None = None,
) -> dict[tuple[str, date, str], Row]:
    """(agent_id, month, kpi) → value, target and what they say; a row wherever there is a target.

    "The same (value, target, variance, attainment, met) for every KPI with a target, one row per
    agent, month and KPI." "A KPI whose interval holds the target is marked `inconclusive`."
    Months are those with any agent-day; people are the month's population. `met` and
    `inconclusive` compare what is shown: values at 9 decimals.
    """
    days = agent_days(rows, as_of, parameters) if days is None else days
    seen = seen_at(rows, as_of)
    months = agent_months(days)
    nothing = nothing_in_the_month(seen)
    scores = evaluation_scores(seen)
    asked = {kpi_of(row) for row in seen.get("kpi_targets", [])} | set(STANDARDS)
    kpis = asked & (
        {"productivity_score", "average_quality_score", *COUNTS} | set(RATIOS) - {"quality_score"}
    )
    result: dict[tuple[str, date, str], Row] = {}
    for month in sorted({month for _, month in months}):
        for agent_id in sorted(population(seen, days, month)):
            for kpi in sorted(kpis):
                target = target_of_month(seen, days, kpi, agent_id, month)
                if target is None:
                    continue
                figures = months.get((agent_id, month), nothing)
                before = (agent_id, month_of(month - timedelta(days=1)))
                previous = kpi_value(kpi, months[before], parameters) if before in months else None
                value = kpi_value(kpi, figures, parameters)
                gap = rounded(variance(value, target))
                interval = _interval(kpi, figures, scores.get((agent_id, month), []))
                low, high = (rounded(end) for end in interval or (None, None))
                goal = rounded(target.value)
                result[agent_id, month, kpi] = {
                    "value": rounded(value),
                    "target": goal,
                    "variance": gap,
                    "attainment": rounded(attainment(value, target)),
                    "met": None if gap is None else gap >= 0,
                    "sample_size": sample_size(kpi, figures),
                    "ci_low": low,
                    "ci_high": high,
                    "inconclusive": low is not None and low <= goal <= high,  # type: ignore[operator]
                    "previous_value": rounded(previous),
                }
    return result
