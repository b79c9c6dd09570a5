"""agent_status_now: the effective state at `as_of` itself, and since when."""

from __future__ import annotations

from datetime import datetime

from tests.oracle.contract import Row, Rows
from tests.oracle.instants import instant_of, second_of
from tests.oracle.parameters import DEFAULTS, Parameters
from tests.oracle.profiles import profiles_of
from tests.oracle.timeline import (
    AWAY,
    UNAVAILABLE,
    Timeline,
    by_run,
    clock_of,
    effective_state,
)
from tests.oracle.versions import seen_at

Standing = tuple[str, str | None]


def status_now(
    rows: Rows,
    as_of: datetime,
    parameters: Parameters = DEFAULTS,
    timeline: Timeline = by_run,
) -> dict[str, Row]:
    """agent_id → "current state and reason, since when", for everybody whom `agents` knows by then.

    What happens at that very instant is seen. Before the first event an agent is away, since nobody knows when.
    """
    seen = seen_at(rows, as_of)
    result: dict[str, Row] = {}
    for agent_id in sorted({row["agent_id"] for row in seen.get("agents", [])}):
        standing = standing_at(seen, agent_id, as_of, parameters)
        since = None
        if standing is not None:
            since = second_of(as_of)
            clock = clock_of(seen, agent_id, as_of, parameters.max_status_interval_hours)
            for run in reversed(list(timeline(clock))):
                if run.event_id is None or (run.state, run.reason) != standing:
                    break
                since = run.start
        state, reason = standing or (AWAY, None)
        result[agent_id] = {
            "team_id": profiles_of(seen, agent_id)[-1]["team_id"],
            "state": state,
            "reason": reason,
            "since_at": None if since is None else instant_of(since),
        }
    return result


def standing_at(
    seen: Rows, agent_id: str, as_of: datetime, parameters: Parameters
) -> Standing | None:
    """(effective state, reason) by the latest event and what is in hand; None without an event."""
    events = [row for row in seen.get("status_events", []) if row["agent_id"] == agent_id]
    if not events:
        return None
    now = second_of(as_of)
    latest = max(events, key=lambda row: (row["occurred_at"], row["event_id"]))
    lasted = now - second_of(latest["occurred_at"])
    if latest["status"] != AWAY and lasted > parameters.max_status_interval_hours * 3600:
        return AWAY, None
    state = effective_state(latest["status"], _in_hand(seen, agent_id, now))
    return state, latest.get("reason") if state in (AWAY, UNAVAILABLE) else None


def _in_hand(seen: Rows, agent_id: str, now: int) -> int:
    """How many handling intervals cover the instant; one without an end covers it."""
    return sum(
        row.get("agent_id") == agent_id
        and row.get("answered_at") is not None
        and (
            row.get("ended_at") is None
            or second_of(row["ended_at"]) + (row.get("acw_seconds") or 0) > now
        )
        for row in seen.get("interactions", [])
    )
