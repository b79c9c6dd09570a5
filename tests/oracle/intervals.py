"""fct_status_interval: what an agent was doing, piece by piece."""

from __future__ import annotations

from datetime import datetime

from tests.oracle.contract import Row, Rows
from tests.oracle.instants import instant_of
from tests.oracle.parameters import DEFAULTS, Parameters
from tests.oracle.timeline import Timeline, by_run, clock_of
from tests.oracle.versions import seen_at

_SAME_PIECE = ("agent_id", "business_date", "state", "reason", "missing_clock_out")


def status_intervals(
    rows: Rows,
    as_of: datetime,
    parameters: Parameters = DEFAULTS,
    timeline: Timeline = by_run,
) -> list[Row]:
    """Stretches of one effective state, reason and date, as long as they last, from the first event on.

    "Intervals are split at local midnight." Time before an agent's first event has no piece.
    Sorted by agent_id and started_at; pieces of an agent touch and do not overlap.
    """
    seen = seen_at(rows, as_of)
    pieces = []
    for agent_id in sorted({row["agent_id"] for row in seen.get("status_events", [])}):
        clock = clock_of(seen, agent_id, as_of, parameters.max_status_interval_hours)
        for run in timeline(clock):
            if run.event_id is not None:
                pieces.append(
                    {
                        "agent_id": agent_id,
                        "started_at": instant_of(run.start),
                        "ended_at": instant_of(run.end),
                        "business_date": run.business_date,
                        "state": run.state,
                        "reason": run.reason,
                        "seconds": run.seconds,
                        "missing_clock_out": run.missing_clock_out,
                    }
                )
    return coalesced(pieces, _SAME_PIECE)


def coalesced(pieces: list[Row], same: tuple[str, ...]) -> list[Row]:
    """Touching pieces that agree in the columns `same`, made one.

    Two implementations that split at different harmless places are equal after this, with the
    columns they are to be compared on as `same`.
    """
    result: list[Row] = []
    for piece in sorted(pieces, key=lambda row: (row["agent_id"], row["started_at"])):
        last = result[-1] if result else None
        if (
            last is not None
            and last["ended_at"] == piece["started_at"]
            and all(last[column] == piece[column] for column in same)
        ):
            result[-1] = last | {
                "ended_at": piece["ended_at"],
                "seconds": last["seconds"] + piece["seconds"],
            }
        else:
            result.append(piece)
    return result
