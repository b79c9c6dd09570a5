"""Short ways to write the rows of an example. Times are UTC on 2 March 2026 unless said."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from tests.oracle.contract import Row, Rows

DAY = date(2026, 3, 2)
MARCH = date(2026, 3, 1)
LATE = datetime(2026, 4, 20, tzinfo=UTC)


def at(clock: str, day: int = 2, month: int = 3) -> datetime:
    """`at("09:00")`, `at("09:00:00.5", day=3)`."""
    return datetime.fromisoformat(f"2026-{month:02}-{day:02}T{clock}+00:00")


def agent(agent_id: str = "a", **values: Any) -> Row:
    return {
        "agent_id": agent_id,
        "name": agent_id,
        "role": "agent",
        "team_id": "t",
        "time_zone": "UTC",
        "effective_from": date(2025, 1, 1),
    } | values


def events(*moments: tuple[datetime, str] | tuple[datetime, str, str]) -> list[Row]:
    """Status events of agent `a`: (instant, status[, reason])."""
    return [
        {
            "event_id": f"e{number}",
            "agent_id": "a",
            "occurred_at": moment[0],
            "status": moment[1],
            "reason": moment[2] if len(moment) > 2 else None,
        }
        for number, moment in enumerate(moments)
    ]


def contact(answered_at: datetime | None, seconds: int | None = 60, **values: Any) -> Row:
    """A handled contact of agent `a` that lasts `seconds`; None: not ended."""
    ended_at = None
    if answered_at is not None and seconds is not None:
        ended_at = answered_at + timedelta(seconds=seconds)
    return {
        "interaction_id": "i1",
        "agent_id": "a",
        "customer_id": "c",
        "channel": "chat",
        "direction": "inbound",
        "queued_at": answered_at,
        "answered_at": answered_at,
        "ended_at": ended_at,
        "outcome": "resolved",
    } | values


def segment(start: datetime, end: datetime, activity: str = "work", shift_id: str = "s") -> Row:
    return {
        "segment_id": f"{shift_id}-{start.isoformat()}",
        "shift_id": shift_id,
        "agent_id": "a",
        "starts_at": start,
        "ends_at": end,
        "activity": activity,
    }


def evaluation(score: str, moment: datetime | None = None, **values: Any) -> Row:
    return {
        "evaluation_id": "q",
        "agent_id": "a",
        "evaluated_at": moment or at("12:00"),
        "score": Decimal(score),
    } | values


def ticket(**values: Any) -> Row:
    return {"agent_id": "a", "status": "resolved", "resolved_at": at("12:00")} | values


def target(kpi: str, value: str, team_id: str | None = None, **values: Any) -> Row:
    return {
        "team_id": team_id,
        "kpi": kpi,
        "direction": "higher",
        "target": Decimal(value),
        "effective_from": date(2025, 1, 1),
    } | values


def world(**datasets: list[Row]) -> Rows:
    """The required datasets empty, one agent `a` in UTC, and whatever is given."""
    return {
        "agents": [agent()],
        "status_events": [],
        "interactions": [],
        "tickets": [],
        "qa_evaluations": [],
    } | datasets
