"""What training and coaching brought: agents who had it against colleagues who had none.

"The KPI before and after against colleagues who had none, with an interval; never a claim from two
numbers."
"""

from __future__ import annotations

import math
from collections import defaultdict
from datetime import date, datetime, timedelta
from fractions import Fraction

from tests.oracle.contract import Row, Rows
from tests.oracle.days import agent_days
from tests.oracle.instants import last_day_of, local_date, month_of, second_of
from tests.oracle.kpis import kpi_value, nothing_in_the_month, square_root
from tests.oracle.parameters import DEFAULTS, Parameters
from tests.oracle.performance import population
from tests.oracle.profiles import business_date, profiles_of
from tests.oracle.rollups import agent_months
from tests.oracle.targets import ALIASES, STANDARDS, target_of_month
from tests.oracle.variance import rounded
from tests.oracle.versions import seen_at

# Degrees of freedom that the table has; between two of them the lower one holds.
TABULATED = (*range(1, 31), 40, 60, 120, 1000)
KPIS = tuple(STANDARDS)
Group = tuple[str, str, str, date]
# before, after, change signed so that positive is good, direction
Change = tuple[Fraction, Fraction, Fraction, str]


def central_probability(t: float, degrees_of_freedom: int) -> float:
    """P(−t < T < t) of Student's T with a whole number of degrees of freedom, as a finite sum.

    Abramowitz and Stegun, Handbook of Mathematical Functions (1964), 26.7.3 and 26.7.4.
    """
    angle = math.atan(t / math.sqrt(degrees_of_freedom))
    cosine = math.cos(angle)
    is_odd = degrees_of_freedom % 2 == 1
    term, total = (cosine if is_odd else 1.0), 0.0
    for power in range(1 if is_odd else 0, degrees_of_freedom - 1, 2):
        total += term
        term *= (power + 1) / (power + 2) * cosine**2
    if is_odd:
        return 2 / math.pi * (angle + math.sin(angle) * total)
    return math.sin(angle) * total


def t_quantile(degrees_of_freedom: int) -> Fraction:
    """The 97.5 % quantile to three decimals, of the next lower number that is tabulated."""
    known = max(number for number in TABULATED if number <= degrees_of_freedom)
    low, high = 1.9, 13.0
    for _ in range(60):
        middle = (low + high) / 2
        if central_probability(middle, known) < 0.95:
            low = middle
        else:
            high = middle
    return Fraction(round(low * 1000), 1000)


def welch(treated: list[Fraction], control: list[Fraction]) -> Row:
    """The difference of two means with Welch's standard error and 95 % interval.

    Welch, Biometrika 34 (1947). Degrees of freedom by Satterthwaite, Biometrics Bulletin 2 (1946).
    """
    means = [
        rounded(sum(group) / Fraction(len(group))) if group else None
        for group in (treated, control)
    ]
    effect = None if None in means else Fraction(means[0]) - Fraction(means[1])  # type: ignore[arg-type]
    row: Row = {
        "treated_change": means[0],
        "control_change": means[1],
        "effect": rounded(effect),
        "standard_error": None,
        "degrees_of_freedom": None,
        "ci_low": None,
        "ci_high": None,
    }
    if len(treated) < 2 or len(control) < 2 or effect is None:
        return row | {"conclusion": "too_few"}
    spreads = [_squared_error(group) for group in (treated, control)]
    error = square_root(sum(spreads, start=Fraction(0)))
    row["standard_error"] = rounded(error)
    below = sum(s * s / (len(g) - 1) for s, g in zip(spreads, (treated, control), strict=True))
    if below == 0:
        return row | {"conclusion": "inconclusive"}
    freedom = math.floor(sum(spreads) ** 2 / below)
    half = t_quantile(freedom) * error
    low, high = rounded(effect - half), rounded(effect + half)
    verdict = "improved" if low > 0 else "worsened" if high < 0 else "inconclusive"  # type: ignore[operator]
    return row | {
        "degrees_of_freedom": freedom,
        "ci_low": low,
        "ci_high": high,
        "conclusion": verdict,
    }


def _squared_error(group: list[Fraction]) -> Fraction:
    mean = sum(group) / Fraction(len(group))
    squares = sum(((one - mean) ** 2 for one in group), start=Fraction(0))
    return squares / (len(group) - 1) / len(group)


def interventions(rows: Rows, as_of: datetime) -> dict[Group, set[str]]:
    """(intervention, subject, KPI, month) → who had it, for the KPIs that every centre has."""
    found: dict[Group, set[str]] = defaultdict(set)
    for kind, dataset, when in (
        ("training", "training_records", "completed_at"),
        ("coaching", "feedback_sessions", "held_at"),
    ):
        for row in rows.get(dataset, []):
            kpi = ALIASES.get(row["kpi"], row["kpi"])
            if row[when] > as_of or kpi not in KPIS:
                continue
            who = row["agent_id"]
            month = month_of(business_date(profiles_of(rows, who), second_of(row[when])))
            found[kind, row.get("course") or kpi, kpi, month].add(who)
    return found


def changes(
    rows: Rows, as_of: datetime, parameters: Parameters = DEFAULTS
) -> dict[tuple[str, str, date], Change]:
    """(agent_id, KPI, month) → the KPI in the month before, in the one after, and the change.

    The month after must be over in the agent's time zone. Lower is better: the change is turned.
    """
    days = agent_days(rows, as_of, parameters)
    seen = seen_at(rows, as_of)
    months = agent_months(days)
    nothing = nothing_in_the_month(seen)
    result: dict[tuple[str, str, date], Change] = {}
    for agent_id, after in months:
        month = month_of(after - timedelta(days=1))
        before = month_of(month - timedelta(days=1))
        zone = profiles_of(seen, agent_id)[-1]["time_zone"]
        if last_day_of(after) >= local_date(second_of(as_of), zone):
            continue
        for kpi in KPIS:
            values = [
                kpi_value(kpi, months.get((agent_id, at), nothing), parameters)
                for at in (before, after)
            ]
            target = target_of_month(seen, days, kpi, agent_id, after)
            assert agent_id in population(seen, days, after)
            if values[0] is None or values[1] is None or target is None:
                continue
            gain = values[1] - values[0] if target.direction == "higher" else values[0] - values[1]
            result[agent_id, kpi, month] = (values[0], values[1], gain, target.direction)
    return result


def coaching_effects(rows: Rows, as_of: datetime) -> dict[Group, Row]:
    """(intervention, subject, KPI, month) → every figure of the comparison."""
    had = interventions(rows, as_of)
    moved = changes(rows, as_of)
    effects: dict[Group, Row] = {}
    for group, people in had.items():
        _, _, kpi, month = group
        near = {month, month_of(month - timedelta(days=1)), last_day_of(month) + timedelta(days=1)}
        exposed = {
            who
            for (_, _, about, at), whom in had.items()
            if about == kpi and at in near
            for who in whom
        }
        measured = {
            who: change for (who, about, at), change in moved.items() if (about, at) == (kpi, month)
        }
        treated = [change for who, change in measured.items() if who in people]
        control = [change for who, change in measured.items() if who not in exposed]
        directions = {change[3] for change in treated + control}
        effects[group] = {
            "direction": directions.pop() if len(directions) == 1 else None,
            "intervened_agents": len(people),
            "treated_agents": len(treated),
            "control_agents": len(control),
            "treated_before": _mean(treated, 0),
            "treated_after": _mean(treated, 1),
            "control_before": _mean(control, 0),
            "control_after": _mean(control, 1),
        } | welch([change[2] for change in treated], [change[2] for change in control])
    return effects


def _mean(group: list[Change], position: int) -> object:
    values = [Fraction(change[position]) for change in group]  # type: ignore[arg-type]
    return rounded(sum(values) / Fraction(len(values))) if values else None
