"""Attendance: each shift against what its agent was doing."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from datetime import date, datetime
from itertools import islice

from tests.oracle.contract import Row, Rows
from tests.oracle.instants import instant_of, second_of
from tests.oracle.parameters import DEFAULTS, Parameters
from tests.oracle.profiles import Profiles, business_date
from tests.oracle.timeline import (
    ACTIVE,
    AVAILABLE,
    AWAY,
    UNAVAILABLE,
    Run,
    Timeline,
    by_run,
    clock_of,
    joined,
)
from tests.oracle.versions import seen_at

Segment = tuple[int, int, str]


def fits(activity: str, run: Run) -> bool:
    """ "Fits: `work` ↔ available, active or unavailable for `back_office`; `break` ↔ unavailable
    for `break`, or away; `meeting`, `training` ↔ unavailable for that reason."
    """
    if activity == "work":
        return run.state in (AVAILABLE, ACTIVE) or (
            run.state == UNAVAILABLE and run.reason == "back_office"
        )
    if activity == "break" and run.state == AWAY:
        return True
    return run.state == UNAVAILABLE and run.reason == activity


def overlap(run: Run, start: int, end: int) -> int:
    """Seconds of a run inside [start, end)."""
    return max(0, min(run.end, end) - max(run.start, start))


def shifts_over(rows: Rows, as_of: datetime) -> dict[tuple[str, str], list[Segment]]:
    """(agent_id, shift_id) → its segments in order. A shift that is not over says nothing yet."""
    segments: dict[tuple[str, str], list[Segment]] = defaultdict(list)
    unfinished = set()
    for row in rows.get("shifts", []):
        key = (row["agent_id"], row["shift_id"])
        segment = (second_of(row["starts_at"]), second_of(row["ends_at"]), row["activity"])
        segments[key].append(segment)
        if row["ends_at"] > as_of:
            unfinished.add(key)
    return {key: sorted(shift) for key, shift in segments.items() if key not in unfinished}


def end_of(segments: list[Segment]) -> int:
    """The second at which the last of some segments ends."""
    return max(end for _, end, _ in segments)


def adherence_of(segments: list[Segment], runs: list[Run]) -> Row:
    """ "`scheduled_seconds`: its segments other than `time_off`." "`adherence` = seconds of the
    shift in which the effective state fits the segment / `scheduled_seconds`." "`shrinkage` = 1 −
    (available + active inside shifts) / `scheduled_seconds`."
    """
    scheduled = [segment for segment in segments if segment[2] != "time_off"]
    scheduled_seconds = adherent_seconds = productive_seconds = 0
    for start, end, activity in scheduled:
        scheduled_seconds += end - start
        if activity == "break":
            # Before the first event nobody has clocked in: that is away, and a break it fits.
            adherent_seconds += end - start - sum(overlap(run, start, end) for run in runs)
        for run in runs:
            if fits(activity, run):
                adherent_seconds += overlap(run, start, end)
            if run.state in (AVAILABLE, ACTIVE):
                productive_seconds += overlap(run, start, end)
    return {
        "scheduled_seconds": scheduled_seconds,
        "adherent_seconds": adherent_seconds,
        "adherence": adherent_seconds / scheduled_seconds if scheduled_seconds else None,
        "shrinkage": 1 - productive_seconds / scheduled_seconds if scheduled_seconds else None,
    }


def presence_of(segments: list[Segment], runs: list[Run], parameters: Parameters) -> Row:
    """ "`is_absent`: no logged-in time inside the shift. `late_seconds`: first logged-in instant
    inside the shift minus its start; `is_late` above `late_grace_seconds` (300).
    `left_early_seconds` likewise at the end."

    Inside means from the first to the last segment that is not time off.
    """
    presence: Row = {
        "is_absent": False,
        "late_seconds": None,
        "is_late": None,
        "left_early_seconds": None,
        "clock_out_reason": None,
    }
    scheduled = [segment for segment in segments if segment[2] != "time_off"]
    if sum(end - start for start, end, _ in scheduled) == 0:
        return presence
    start, end = scheduled[0][0], end_of(scheduled)
    logged_in = [run for run in runs if run.state != AWAY and overlap(run, start, end) > 0]
    if not logged_in:
        return presence | {"is_absent": True}
    first, last = max(logged_in[0].start, start), min(logged_in[-1].end, end)
    clock_outs = (run for run in runs if run.state == AWAY and run.start >= last)
    clock_out = next(clock_outs, None)
    return presence | {
        "late_seconds": first - start,
        "is_late": first - start > parameters.late_grace_seconds,
        "left_early_seconds": end - last,
        "clock_out_reason": None if clock_out is None else clock_out.reason,
    }


def attendance(
    rows: Rows,
    as_of: datetime,
    parameters: Parameters = DEFAULTS,
    timeline: Timeline = by_run,
) -> dict[tuple[str, str], Row]:
    """fct_attendance: (agent_id, shift_id) → figures. Empty when shifts are not collected.

    What depends on status events is None where those are not collected.
    """
    seen = seen_at(rows, as_of)
    result: dict[tuple[str, str], Row] = {}
    shifts_of: dict[str, dict[str, list[Segment]]] = defaultdict(dict)
    for (agent_id, shift_id), segments in shifts_over(seen, as_of).items():
        shifts_of[agent_id][shift_id] = segments
    for agent_id in sorted(shifts_of):
        clock = clock_of(seen, agent_id, as_of, parameters.max_status_interval_hours)
        runs = joined(timeline(clock))
        run_starts, run_ends = [run.start for run in runs], [run.end for run in runs]
        logged_in: dict[date, int] = defaultdict(int)
        for run in runs:
            logged_in[run.business_date] += 0 if run.state == AWAY else run.seconds
        for shift_id, segments in shifts_of[agent_id].items():
            # Only runs that meet the shift can matter to it, and the first clock-out after them.
            begin = bisect_right(run_ends, segments[0][0])
            meeting = runs[begin : bisect_left(run_starts, end_of(segments))]
            rest = islice(runs, begin + len(meeting), None)
            afterwards = list(islice((run for run in rest if run.state == AWAY), 1))
            figures = (
                adherence_of(segments, meeting)
                | presence_of(segments, meeting + afterwards, parameters)
                | conformance_of(segments, clock.profiles, logged_in)
            )
            if "status_events" not in seen:
                figures |= dict.fromkeys(_FROM_STATUS)
            result[agent_id, shift_id] = figures | {
                "shift_started_at": instant_of(segments[0][0]),
                "shift_ended_at": instant_of(end_of(segments)),
            }
    return result


_FROM_STATUS = (
    "adherent_seconds",
    "adherence",
    "shrinkage",
    "is_absent",
    "late_seconds",
    "is_late",
    "left_early_seconds",
    "clock_out_reason",
    "conformance",
)


def conformance_of(
    segments: list[Segment], profiles: Profiles, logged_in_seconds: dict[date, int]
) -> Row:
    """ "A shift's date is the local date of its first segment." "`conformance` =
    `logged_in_seconds` on the shift's dates / `scheduled_seconds`": an overnight shift has two.
    """
    start, end = segments[0][0], end_of(segments)
    scheduled = sum(end - start for start, end, activity in segments if activity != "time_off")
    seconds_to_ask = [*range(start, end, 900), max(start, end - 1)]
    dates = {business_date(profiles, second) for second in seconds_to_ask}
    logged_in = sum(logged_in_seconds.get(day, 0) for day in dates)
    return {
        "business_date": business_date(profiles, start),
        "conformance": logged_in / scheduled if scheduled else None,
    }
