"""Comparing figures of the marts with those of the slow reference, cell by cell."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any

# Sums are exact; a quotient of exact numbers may differ in the last bits of a binary fraction.
RELATIVE_TOLERANCE = Fraction(1, 10**12)
# The reference shows scores and KPIs rounded to nine digits. A variance is the difference of two such figures, so
# that it can be checked from what is printed: that is at most three halves of the ninth digit from the exact one.
ROUNDING = Fraction(3, 2 * 10**9)


def same(found: Any, expected: Any) -> bool:
    """Whether a mart's value is the reference's: exact, but for the last bits of a quotient."""
    if found is None or expected is None or isinstance(found, str) != isinstance(expected, str):
        return found is expected
    if isinstance(expected, bool | str):
        return bool(found == expected)
    if isinstance(expected, datetime):
        return bool(found.astimezone(UTC) == expected.astimezone(UTC))
    if isinstance(expected, int | float | Decimal | Fraction):
        exact, shown = Fraction(expected), Fraction(found)
        allowed = RELATIVE_TOLERANCE * max(abs(exact), 1)
        return abs(exact - shown) <= (
            allowed + ROUNDING if isinstance(expected, Decimal) else allowed
        )
    return bool(found == expected)


def differences(
    found: Mapping[Any, Mapping[str, Any]],
    expected: Mapping[Any, Mapping[str, Any]],
    columns: Iterable[str],
) -> list[str]:
    """One line per missing row, unexpected row and differing cell."""
    lines = [f"missing row {key}" for key in expected.keys() - found.keys()]
    lines += [f"unexpected row {key}: {found[key]}" for key in found.keys() - expected.keys()]
    for key in sorted(expected.keys() & found.keys(), key=str):
        lines += [
            f"{key} {column}: mart {found[key].get(column, 'no such column')!r}, reference {expected[key][column]!r}"
            for column in columns
            if not same(found[key].get(column, "no such column"), expected[key][column])
        ]
    return lines
