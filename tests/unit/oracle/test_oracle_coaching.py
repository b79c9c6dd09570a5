"""The comparison of two groups, by hand and by published figures."""

from __future__ import annotations

import csv
from fractions import Fraction
from pathlib import Path

import pytest

from tests.oracle.coaching import TABULATED, central_probability, t_quantile, welch

PROJECT = Path(__file__).resolve().parents[3]
# Hours of sleep gained with two drugs (Student, Biometrika 6, 1908), the example of R's t.test.
FIRST = "0.7 -1.6 -0.2 -1.2 -0.1 3.4 3.7 0.8 0.0 2.0"
SECOND = "1.9 0.8 1.1 0.1 -0.1 4.4 5.5 1.6 4.6 3.4"


def exact(numbers: str) -> list[Fraction]:
    return [Fraction(number) for number in numbers.split()]


def test_welch_says_what_is_published() -> None:
    found = welch(exact(SECOND), exact(FIRST))
    # R: t = -1.8608, df = 17.776, means 0.75 and 2.33.
    assert (found["treated_change"], found["control_change"]) == (
        Fraction("2.33"),
        Fraction("0.75"),
    )
    assert float(found["effect"] / found["standard_error"]) == pytest.approx(1.8608, abs=5e-5)
    assert found["degrees_of_freedom"] == 17
    # R: -3.3654832 to 0.2054832; degrees that are rounded down make it a little wider.
    assert -0.22 < found["ci_low"] < -0.2054832
    assert 3.3654832 < found["ci_high"] < 3.38
    assert found["conclusion"] == "inconclusive"


@pytest.mark.parametrize(
    ("treated", "control", "conclusion"),
    [
        ("1", "0 0.1 0.2", "too_few"),
        ("1 1.1", "0", "too_few"),
        ("1 1", "0 0", "inconclusive"),  # without any spread there is no interval
        ("1 1.1 1.2", "0 0.1 0.2", "improved"),
        ("0 0.1 0.2", "1 1.1 1.2", "worsened"),
    ],
)
def test_conclusions(treated: str, control: str, conclusion: str) -> None:
    assert welch(exact(treated), exact(control))["conclusion"] == conclusion


def test_the_table_of_quantiles_is_students() -> None:
    with (PROJECT / "dbt_project/seeds/student_t_quantiles.csv").open() as file:
        table = {int(row["degrees_of_freedom"]): row["quantile"] for row in csv.DictReader(file)}
    assert table == {number: f"{float(t_quantile(number)):.3f}" for number in TABULATED}
    assert (t_quantile(39), t_quantile(5000)) == (t_quantile(30), t_quantile(1000))


def test_probability_of_known_quantiles() -> None:
    # One degree of freedom is Cauchy's distribution, two have a closed form: t / √(2 + t²).
    assert central_probability(1, 1) == pytest.approx(0.5)
    assert central_probability(3, 2) == pytest.approx(3 / 11**0.5)
