"""The models against worked examples that others have published."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.support.warehouse import build, fetch

QUEUED = datetime(2026, 3, 2, 9, tzinfo=UTC)
AS_OF = datetime(2026, 3, 31, tzinfo=UTC)

# Newcombe (1998), Two-sided confidence intervals for the single proportion: comparison of seven methods, Statistics in
# Medicine 17:857-872, table I, method 3 (Wilson's score, without continuity correction): r of n, 95 % interval.
NEWCOMBE = {
    (81, 263): (0.2553, 0.3662),
    (15, 148): (0.0624, 0.1605),
    (0, 20): (0.0000, 0.1611),
    (1, 29): (0.0061, 0.1718),
}

# "Service Level Threshold Calculations", Call Centre Helper,
# https://www.callcentrehelper.com/service-level-threshold-calculations-206890.htm, formula 3 (every abandoned call
# counts against it): 1,000 answered, 860 of them within 20 s, 60 abandoned: 860 / 1,060 = 81 %.
ANSWERED, IN_TIME, ABANDONED, SERVICE_LEVEL = 1000, 860, 60, 0.81

# "4 Pitfalls When Measuring Occupancy Rate", Fonolo,
# https://fonolo.com/blog/2016/03/4-pitfalls-when-measuring-occupancy-rate/, pitfall 1: 45 minutes of call-related
# work, after-call work included, in 60 minutes are an occupancy of 75 %.
WORK_MINUTES, OCCUPANCY = 45, 0.75


def contact(number: int, wait: int | None, minutes: int = 0, **more: Any) -> dict[str, Any]:
    answered_at = None if wait is None else QUEUED + timedelta(seconds=wait)
    ended_at = (answered_at or QUEUED + timedelta(seconds=30)) + timedelta(minutes=minutes)
    return {
        "interaction_id": f"{number:04}",
        "agent_id": None if wait is None else "agent",
        "customer_id": f"customer {number}",
        "channel": "voice",
        "direction": "inbound",
        "queue": "support",
        "queued_at": QUEUED,
        "answered_at": answered_at,
        "ended_at": ended_at,
        "outcome": "abandoned" if wait is None else "resolved",
        **more,
    }


@pytest.mark.parametrize(("successes", "sample"), NEWCOMBE)
def test_intervals_of_a_share_are_those_of_newcombe(
    compiled: Path, successes: int, sample: int
) -> None:
    surveys = [
        {
            "survey_id": f"{number:03}",
            "agent_id": "agent",
            "responded_at": QUEUED,
            "score": 5 if number < successes else 1,
        }
        for number in range(sample)
    ]
    marts = build(
        compiled, {"agents": [], "csat_surveys": surveys}, AS_OF, wanted=["agent_kpi_month"]
    )
    month = fetch(marts, "agent_kpi_month", "month", "kpi")[date(2026, 3, 1), "csat"]
    assert month["sample_size"] == sample
    assert (round(month["ci_low"], 4), round(month["ci_high"], 4)) == NEWCOMBE[successes, sample]


def test_service_level_of_a_published_example(compiled: Path) -> None:
    waits = [20] * IN_TIME + [21] * (ANSWERED - IN_TIME) + [None] * ABANDONED
    contacts = [contact(number, wait) for number, wait in enumerate(waits)]
    rows = {"agents": [], "interactions": contacts}
    marts = build(compiled, rows, AS_OF, wanted=["fct_queue_day"])
    (day,) = fetch(marts, "fct_queue_day", "queue", "channel").values()
    assert (day["offered"], day["abandoned"]) == (ANSWERED + ABANDONED, ABANDONED)
    assert round(day["service_level"], 2) == SERVICE_LEVEL


def test_occupancy_of_a_published_example(compiled: Path) -> None:
    """Forty minutes on the phone and five of after-call work, within an hour."""
    call = contact(1, 0, WORK_MINUTES - 5, acw_seconds=300)
    events = [
        {"event_id": "in", "agent_id": "agent", "occurred_at": QUEUED, "status": "available"},
        {
            "event_id": "out",
            "agent_id": "agent",
            "occurred_at": QUEUED + timedelta(hours=1),
            "status": "away",
        },
    ]
    rows = {"agents": [], "status_events": events, "interactions": [call]}
    marts = build(compiled, rows, AS_OF, wanted=["fct_agent_day"])
    (day,) = fetch(marts, "fct_agent_day", "agent_id").values()
    assert day["occupancy"] == OCCUPANCY
