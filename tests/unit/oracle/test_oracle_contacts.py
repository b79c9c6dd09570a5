"""Contacts, first-contact resolution, surveys, evaluations, tickets and sales by hand."""

from __future__ import annotations

from datetime import timedelta

import pytest
from scenes import DAY, LATE, agent, at, contact, evaluation, ticket, world

from tests.oracle.days import agent_days

MICROSECOND = timedelta(microseconds=1)


def test_handle_time_and_outcomes() -> None:
    rows = world(
        interactions=[
            contact(at("09:00"), talk_seconds=100, hold_seconds=20, acw_seconds=30),
            contact(at("10:00"), interaction_id="i2", talk_seconds=50, outcome="transferred"),
            contact(at("11:00"), interaction_id="i3", customer_id="d", outcome="escalated"),
            contact(None, interaction_id="i4", agent_id=None, outcome="abandoned"),
        ]
    )
    day = agent_days(rows, LATE)["a", DAY]
    # 150 + 50 + 0 over three contacts.
    assert (day["handle_seconds"], day["handled_contacts"]) == (200, 3)
    assert day["aht_seconds"] == 200 / 3
    assert (day["transfer_rate"], day["escalation_rate"]) == (1 / 3, 1 / 3)


@pytest.mark.parametrize(
    ("later", "expected"),
    [(timedelta(0), (0, 1)), (MICROSECOND, (2, 2)), (-MICROSECOND, (0, 1))],
)
def test_a_contact_at_the_edge_of_seven_days_is_the_second_of_the_issue(
    later: timedelta, expected: tuple[int, int]
) -> None:
    first = contact(at("09:00"))
    again = contact(first["ended_at"] + timedelta(days=7) + later, interaction_id="i2")
    days = agent_days(world(interactions=[first, again]), LATE).values()
    fcr = sum(day["fcr_contacts"] for day in days)
    assert (fcr, sum(day["fcr_eligible_contacts"] for day in days)) == expected


@pytest.mark.parametrize(
    ("early", "expected"), [(timedelta(0), (1, 1, 0)), (MICROSECOND, (0, 0, 1))]
)
def test_a_first_contact_is_pending_for_seven_days(
    early: timedelta, expected: tuple[int, int, int]
) -> None:
    only = contact(at("09:00"))
    as_of = only["ended_at"] + timedelta(days=7) - early
    day = agent_days(world(interactions=[only]), as_of)["a", DAY]
    assert (
        day["fcr_contacts"],
        day["fcr_eligible_contacts"],
        day["fcr_pending_contacts"],
    ) == expected


def test_an_issue_reaches_on_from_its_latest_end_whoever_took_it() -> None:
    rows = world(
        agents=[agent(), agent("b")],
        interactions=[
            # The long contact of `a` ends on the 4th; the third contact comes 6.9 days after that
            # end, though 8.9 days after the second contact ended: still the same issue.
            contact(at("09:00"), 2 * 86_400),
            contact(at("10:00"), 60, interaction_id="i2", agent_id="b", channel="voice"),
            contact(at("06:36", day=11), 60, interaction_id="i3"),
            # Another topic is another issue.
            contact(at("12:00"), 60, interaction_id="i4", agent_id="b", topic="invoice"),
        ],
    )
    days = agent_days(rows, LATE)
    assert (days["a", DAY]["fcr_eligible_contacts"], days["a", DAY]["fcr_contacts"]) == (1, 0)
    assert (days["b", DAY]["fcr_eligible_contacts"], days["b", DAY]["fcr_contacts"]) == (1, 1)
    assert days["a", at("00:00", day=11).date()]["fcr"] is None


def test_surveys() -> None:
    survey = {"agent_id": "a", "responded_at": at("12:00")}
    surveys = [survey | {"score": score} for score in (3, 4, 5, None)]
    surveys.append({"agent_id": "a", "responded_at": None, "score": 5})
    day = agent_days(world(csat_surveys=surveys), LATE)["a", DAY]
    # Scores 3, 4, 5: two of three satisfied, mean 4. No score or no answer: no response.
    assert (day["csat_responses"], day["csat"], day["csat_mean"]) == (3, 2 / 3, 4)


def test_a_critical_fail_scores_zero() -> None:
    rows = world(qa_evaluations=[evaluation("90"), evaluation("80", critical_fail=True)])
    day = agent_days(rows, LATE)["a", DAY]
    assert (day["evaluations"], day["quality_points"], day["quality_score"]) == (2, 90, 45)


def test_only_what_is_resolved_now_counts() -> None:
    rows = world(
        tickets=[
            ticket(),
            ticket(status="closed"),
            ticket(status="reopened"),
            ticket(agent_id=None),
            ticket(resolved_at=None),
            ticket(resolved_at=LATE + MICROSECOND),
        ]
    )
    assert agent_days(rows, LATE)["a", DAY]["resolved_tickets"] == 2


def test_leads_count_where_they_were_created_and_stages_only_once_they_happened() -> None:
    lead = {"agent_id": "a", "created_at": at("09:00")}
    sales = [lead | {"engaged_at": at("10:00", day=3), "converted_at": at("10:00", day=9)}, lead]
    early = agent_days(world(sales=sales), at("12:00", day=4))["a", DAY]
    assert (early["leads"], early["engaged_leads"], early["converted_leads"]) == (2, 1, 0)
    assert agent_days(world(sales=sales), LATE)["a", DAY]["conversion_rate"] == 1 / 2


def test_compliance_events() -> None:
    rows = world(compliance_events=[{"agent_id": "a", "occurred_at": at("09:00")}] * 2)
    assert agent_days(rows, LATE)["a", DAY]["compliance_events"] == 2
