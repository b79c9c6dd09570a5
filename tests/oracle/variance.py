"""A value against its target, rounded alike everywhere."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Context, Decimal
from fractions import Fraction

from tests.oracle.targets import Target

_WIDE = Context(prec=60)
_NINE_PLACES = Decimal("1e-9")


def rounded(value: Fraction | None) -> Decimal | None:
    """A value at 9 decimals, halves away from zero."""
    if value is None:
        return None
    quotient = _WIDE.divide(Decimal(value.numerator), Decimal(value.denominator))
    return quotient.quantize(_NINE_PLACES, rounding=ROUND_HALF_UP, context=_WIDE)


def variance(value: Fraction | None, target: Target | None) -> Fraction | None:
    """ "Variance is signed so that positive is good: for a `lower` KPI it is target − value." """
    if value is None or target is None:
        return None
    return value - target.value if target.direction == "higher" else target.value - value


def attainment(value: Fraction | None, target: Target | None) -> Fraction | None:
    """ "Score / target", and for a `lower` KPI "attainment is target / value"; None over zero."""
    if value is None or target is None:
        return None
    above, below = (value, target.value) if target.direction == "higher" else (target.value, value)
    return None if below == 0 else above / below
