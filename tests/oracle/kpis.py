"""agent_kpi_month: every KPI with a target, its sample and its interval."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, datetime, timedelta
from decimal import Decimal, localcontext
from fractions import Fraction

from tests.oracle.contract import Row, Rows
from tests.oracle.days import AgentDay, agent_days, quality_points
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
    """ "A rate (CSAT, FCR) carries its sample size and a Wilson 95 % interval"; None without one.

    Wilson, J. Amer. Statist. Assoc. 22 (1927): (p + z²/2n ± z √(p(1−p)/n + z²/4n²)) / (1 + z²/n)
    """
    if sample == 0:
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


def kpi_value(kpi: str, figures: Row | None, parameters: Parameters) -> Fraction | None:
    """The exact value of a KPI from the agent's row of `agent_months`."""
    if figures is None:
        return None
    if kpi == "productivity_score":
        return exact_score(figures, parameters)
    return exact_ratio(figures, "quality_score" if kpi == "average_quality_score" else kpi)


def _sample(
    kpi: str, figures: Row | None, scores: list[Fraction]
) -> tuple[int | None, Interval | None]:
    """The sample behind a KPI and the interval it leaves, for the KPIs that carry them."""
    if kpi == "average_quality_score":
        return (None if figures is None else figures["evaluations"]), mean_interval(scores)
    parts = {
        "csat": ("csat_satisfied", "csat_responses"),
        "fcr": ("fcr_contacts", "fcr_eligible_contacts"),
    }
    if kpi not in parts or figures is None:
        return None, None
    successes, sample = (figures[part] for part in parts[kpi])
    if sample is None:
        return None, None
    return sample, wilson_interval(successes, sample)


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
    scores = evaluation_scores(seen)
    asked = {kpi_of(row) for row in seen.get("kpi_targets", [])} | set(STANDARDS)
    kpis = asked & (
        {"productivity_score", "average_quality_score"} | set(RATIOS) - {"quality_score"}
    )
    result: dict[tuple[str, date, str], Row] = {}
    for month in sorted({month for _, month in months}):
        for agent_id in sorted(population(seen, days, month)):
            for kpi in sorted(kpis):
                target = target_of_month(seen, days, kpi, agent_id, month)
                if target is None:
                    continue
                figures = months.get((agent_id, month))
                before = months.get((agent_id, month_of(month - timedelta(days=1))))
                value = kpi_value(kpi, figures, parameters)
                gap = rounded(variance(value, target))
                sample, interval = _sample(kpi, figures, scores.get((agent_id, month), []))
                low, high = (rounded(end) for end in interval or (None, None))
                goal = rounded(target.value)
                result[agent_id, month, kpi] = {
                    "value": rounded(value),
                    "target": goal,
                    "variance": gap,
                    "attainment": rounded(attainment(value, target)),
                    "met": None if gap is None else gap >= 0,
                    "sample_size": sample,
                    "ci_low": low,
                    "ci_high": high,
                    "inconclusive": low is not None and low <= goal <= high,  # type: ignore[operator]
                    "previous_value": rounded(kpi_value(kpi, before, parameters)),
                }
    return result
