"""Every ratio, from the summed parts of whatever grain it is shown at.

"Every ratio is computed from its summed parts at the grain it is shown at (never an average of
averages). A ratio whose denominator is zero or was not collected is null, never 0."
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from tests.oracle.contract import Row

# ratio: (columns whose sum is above the line, columns whose sum is below it)
RATIOS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "occupancy": (("active_seconds",), ("active_seconds", "available_seconds")),
    "utilization": (("active_seconds",), ("logged_in_seconds",)),
    "concurrency": (("handling_interval_seconds",), ("handling_seconds",)),
    "aht_seconds": (("handle_seconds",), ("handled_contacts",)),
    "fcr": (("fcr_contacts",), ("fcr_eligible_contacts",)),
    "transfer_rate": (("transferred_contacts",), ("handled_contacts",)),
    "escalation_rate": (("escalated_contacts",), ("handled_contacts",)),
    "csat": (("csat_satisfied",), ("csat_responses",)),
    "csat_mean": (("csat_points",), ("csat_responses",)),
    "survey_response_rate": (("csat_responses",), ("csat_sent",)),
    "quality_score": (("quality_points",), ("evaluations",)),
    "adherence": (("adherent_seconds",), ("scheduled_seconds",)),
    "engagement_rate": (("engaged_leads",), ("leads",)),
    "conversion_rate": (("converted_leads",), ("leads",)),
}


def exact_ratio(parts: Row, name: str) -> Fraction | None:
    """A ratio as an exact fraction; None when a part was not collected or the denominator is 0."""
    above, below = RATIOS[name]
    values: list[Any] = [parts[column] for column in above + below]
    if any(value is None for value in values):
        return None
    denominator = Fraction(sum(parts[column] for column in below))
    if denominator == 0:
        return None
    return Fraction(sum(parts[column] for column in above)) / denominator


def with_ratios(parts: Row) -> Row:
    """The parts, every ratio made from them as a float, and the band of the occupancy."""
    ratios: Row = {}
    for name in RATIOS:
        ratio = exact_ratio(parts, name)
        ratios[name] = None if ratio is None else float(ratio)
    return parts | ratios | {"occupancy_band": occupancy_band(ratios["occupancy"])}


def occupancy_band(occupancy: float | None) -> str | None:
    """ "Bands: above 0.85 `watch`, above 0.90 `risk`", else `normal`; None without occupancy."""
    if occupancy is None:
        return None
    if occupancy > 0.90:
        return "risk"
    return "watch" if occupancy > 0.85 else "normal"
