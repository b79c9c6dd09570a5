"""Scores, targets, KPIs, intervals, population and roll-ups by hand."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from fractions import Fraction

import pytest
from scenes import DAY, LATE, MARCH, agent, at, contact, evaluation, events, target, ticket, world

from tests.oracle.contract import Row, Rows
from tests.oracle.days import agent_days
from tests.oracle.instants import last_day_of, week_of
from tests.oracle.kpis import kpi_months, mean_interval, wilson_interval
from tests.oracle.performance import performance, population, skill_level
from tests.oracle.ratios import occupancy_band
from tests.oracle.rollups import agent_months, agent_weeks, team_months
from tests.oracle.variance import rounded


def scored(**datasets: list[Row]) -> Row:
    given = {"tickets": [ticket()] * 10, "qa_evaluations": [evaluation("80")]} | datasets
    return performance(world(**given), LATE, MARCH)["a"]


def test_score_variance_attainment_and_level() -> None:
    result = scored(kpi_targets=[target("productivity", "40")])
    # 0.6 × 10 + 0.4 × 80 = 38; 38 − 40 = −2; 38 / 40 = 0.95, which is developing.
    assert result["productivity_score"] == 38
    assert result["productivity_variance"] == -2
    assert result["productivity_attainment"] == Decimal("0.95")
    assert (result["score_status"], result["skill_level"]) == ("scored", "developing")
    assert (result["total_resolved_tickets"], result["average_quality_score"]) == (10, 80)


def test_no_evaluation_no_score() -> None:
    result = scored(qa_evaluations=[], kpi_targets=[target("productivity", "40")])
    assert (result["productivity_score"], result["score_status"]) == (None, "insufficient_data")
    assert (result["productivity_target"], result["productivity_variance"]) == (40, None)
    assert result["skill_level"] is None


def test_no_target_no_variance() -> None:
    assert scored()["productivity_variance"] is None


@pytest.mark.parametrize(
    ("attained", "level"),
    [
        ("1.1", "expert"),
        ("1.099999999", "proficient"),
        ("1", "proficient"),
        ("0.999999999", "developing"),
        ("0.9", "developing"),
        ("0.899999999", "foundation"),
    ],
)
def test_skill_levels(attained: str, level: str) -> None:
    assert skill_level(Decimal(attained)) == level


@pytest.mark.parametrize(
    ("exact", "shown"),
    [
        (Fraction(5, 10**10), "1E-9"),
        (Fraction(-5, 10**10), "-1E-9"),
        (Fraction(2, 3), "0.666666667"),
    ],
)
def test_halves_round_away_from_zero(exact: Fraction, shown: str) -> None:
    assert rounded(exact) == Decimal(shown)


LOGGED_IN_ON_2ND_AND_20TH = events(
    (at("09:00"), "available"),
    (at("10:00"), "away"),
    (at("09:00", day=20), "available"),
    (at("10:00", day=20), "away"),
)


def test_target_is_the_mean_over_days_with_logged_in_time() -> None:
    result = scored(
        agents=[agent(), agent(team_id="u", effective_from=date(2026, 3, 10))],
        status_events=LOGGED_IN_ON_2ND_AND_20TH,
        kpi_targets=[
            target("productivity", "30"),
            target("productivity_score", "40", "u", effective_from=date(2026, 3, 15)),
            target("productivity_score", "99", "u", effective_from=date(2026, 3, 21)),
        ],
    )
    # The 2nd: team t has no row of its own, so 30. The 20th: team u's row, 40. Mean 35.
    assert result["productivity_target"] == 35


def test_without_such_a_day_the_target_at_month_end_holds() -> None:
    result = scored(
        status_events=LOGGED_IN_ON_2ND_AND_20TH,
        kpi_targets=[target("productivity", "30", effective_from=date(2026, 3, 31))],
    )
    assert result["productivity_target"] == 30


def test_a_lower_kpi_is_signed_so_that_positive_is_good() -> None:
    rows = world(
        interactions=[contact(at("09:00"), talk_seconds=400)],
        kpi_targets=[target("aht", "300", direction="lower")],
    )
    kpi = kpi_months(rows, LATE)["a", MARCH, "aht_seconds"]
    # 300 − 400 = −100; 300 / 400 = 0.75.
    assert (kpi["value"], kpi["variance"], kpi["attainment"]) == (400, -100, Decimal("0.75"))
    assert kpi["met"] is False


def test_standards_hold_where_no_target_is_fed_in() -> None:
    kpis = kpi_months(world(tickets=[ticket()]), LATE)
    targets = {kpi: row["target"] for (_, _, kpi), row in kpis.items()}
    assert targets == {
        "aht_seconds": 360,
        "average_quality_score": 90,
        "csat": Decimal("0.85"),
        "fcr": Decimal("0.75"),
    }
    assert {row["value"] for row in kpis.values()} == {None}
    assert {row["inconclusive"] for row in kpis.values()} == {False}


def test_wilson_interval() -> None:
    interval = wilson_interval(8, 10)
    assert interval is not None
    # z² = 3.841459; centre (0.8 + 0.192073) / 1.384146 = 0.716740;
    # half width 1.959964 × √(0.016 + 0.009604) / 1.384146 = 0.226577.
    assert [float(end) for end in interval] == pytest.approx([0.490162, 0.943318], abs=1e-6)
    assert wilson_interval(0, 0) is None


def test_quality_interval() -> None:
    interval = mean_interval([Fraction(80), Fraction(90), Fraction(100)])
    assert interval is not None
    # Mean 90, standard deviation 10, standard error 10 / √3 = 5.773503; × 1.959964 = 11.315857.
    assert [float(end) for end in interval] == pytest.approx([78.684143, 101.315857], abs=1e-6)
    assert mean_interval([Fraction(80)]) is None


def test_inconclusive_and_previous_value() -> None:
    rows = world(
        qa_evaluations=[
            evaluation("70", at("12:00", day=10, month=2)),
            evaluation("80"),
            evaluation("100"),
        ]
    )
    kpi = kpi_months(rows, LATE)["a", MARCH, "average_quality_score"]
    # Mean 90 ± 1.96 × 10 holds the target 90.
    assert (kpi["met"], kpi["inconclusive"], kpi["sample_size"]) == (True, True, 2)
    assert kpi["previous_value"] == 70
    # All scores alike: the interval is a point, and 95 is not 90.
    rows["qa_evaluations"] = [evaluation("95"), evaluation("95")]
    assert kpi_months(rows, LATE)["a", MARCH, "average_quality_score"]["inconclusive"] is False


@pytest.mark.parametrize(
    ("profile", "is_in"),
    [
        ({}, True),
        ({"role": "team_lead"}, False),
        ({"hired_on": date(2026, 3, 31)}, True),
        ({"hired_on": date(2026, 4, 1)}, False),
        ({"left_on": date(2026, 3, 1)}, True),
        ({"left_on": date(2026, 2, 28)}, False),
        ({"effective_from": date(2026, 4, 1)}, False),
    ],
)
def test_population(profile: Row, is_in: bool) -> None:
    rows: Rows = world(agents=[agent(**profile)])
    assert ("a" in population(rows, {}, MARCH)) is is_in
    with_a_figure = rows | {"tickets": [ticket()]}
    assert population(with_a_figure, agent_days(with_a_figure, LATE), MARCH) == {"a"}


def test_sums_first_ratios_afterwards() -> None:
    rows = world(
        agents=[agent(), agent(team_id="u", effective_from=date(2026, 3, 20))],
        status_events=LOGGED_IN_ON_2ND_AND_20TH,
        interactions=[
            contact(at("09:00"), 3600, talk_seconds=3600),
            contact(at("09:00", day=20), 900, interaction_id="i2", talk_seconds=100),
            contact(at("09:30", day=20), 0, interaction_id="i3", talk_seconds=200),
        ],
    )
    days = agent_days(rows, LATE)
    month = agent_months(days)["a", MARCH]
    # Active 3600 + 900 of 7200 s, handle time 3900 s over three contacts.
    assert (month["occupancy"], month["aht_seconds"]) == (4500 / 7200, 1300)
    assert (month["sessions"], month["leads"]) == (2, None)
    assert month["first_clock_in_at"] == at("09:00")
    teams = team_months(days)
    assert (teams["t", MARCH]["occupancy"], teams["u", MARCH]["occupancy"]) == (1, 0.25)
    # The 2nd of March 2026 is a Monday, the 20th a Friday: its week began on the 16th.
    assert [week for _, week in agent_weeks(days)] == [DAY, date(2026, 3, 16)]


def test_calendar() -> None:
    assert last_day_of(date(2028, 2, 1)) == date(2028, 2, 29)
    assert week_of(date(2026, 3, 1)) == date(2026, 2, 23)


@pytest.mark.parametrize(
    ("occupancy", "band"),
    [(None, None), (0, "normal"), (0.85, "normal"), (0.8501, "watch"), (0.9, "watch"), (1, "risk")],
)
def test_occupancy_bands(occupancy: float | None, band: str | None) -> None:
    assert occupancy_band(occupancy) == band
