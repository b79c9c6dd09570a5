"""The project variables that the definitions name, with their shipped values."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction


@dataclass(frozen=True)
class Parameters:
    """Hours, days, seconds and weights as the metric definitions give them in brackets."""

    max_status_interval_hours: int = 12
    fcr_window_days: int = 7
    late_grace_seconds: int = 300
    inactivity_seconds: int = 7200
    service_level_seconds: int = 20
    resolved_tickets_weight: Fraction = Fraction(6, 10)
    quality_score_weight: Fraction = Fraction(4, 10)
    skill_levels: tuple[tuple[Fraction, str], ...] = (
        (Fraction(110, 100), "expert"),
        (Fraction(100, 100), "proficient"),
        (Fraction(90, 100), "developing"),
    )
    lowest_skill_level: str = "foundation"


DEFAULTS = Parameters()
