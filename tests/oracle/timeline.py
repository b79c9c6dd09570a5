"""What an agent is doing at each second, computed in two independent ways.

`by_second` asks the definitions once for every second: it is the plain meaning of the rules.
`by_run` asks once for every stretch between two boundaries: the same answers for large inputs. A
property test holds the two equal.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import pairwise
from typing import NamedTuple

from tests.oracle.contract import Row, Rows
from tests.oracle.instants import first_second_of, local_date, second_of
from tests.oracle.profiles import Profiles, business_date, profile_begins, profiles_of

AWAY, AVAILABLE, ACTIVE, UNAVAILABLE = "away", "available", "active", "unavailable"


@dataclass(frozen=True)
class StatusInterval:
    """[start, end) that one event's status holds for; from `counted_end` on it counts as away."""

    start: int
    counted_end: int
    end: int
    event: Row

    @property
    def missing_clock_out(self) -> bool:
        """Whether the interval was longer than the cap and lost its rest."""
        return self.counted_end < self.end


class Run(NamedTuple):
    """A stretch [start, end) of whole seconds in which nothing changes.

    `event_id` is None before the agent's first event. `handling` is how many handling intervals
    cover each of the seconds.
    """

    start: int
    end: int
    business_date: date
    event_id: str | None
    state: str
    reason: str | None
    missing_clock_out: bool
    handling: int

    @property
    def seconds(self) -> int:
        """Length in elapsed seconds."""
        return self.end - self.start

    @property
    def facts(self) -> tuple[object, ...]:
        """All but when it is."""
        return self[2:]


@dataclass(frozen=True)
class Clock:
    """All that decides what one agent is doing: built from rows already cut at `as_of`."""

    profiles: Profiles
    statuses: list[StatusInterval]
    handling: list[tuple[int, int]]
    as_of: int

    @property
    def first(self) -> int:
        """The first second about which anything is known."""
        starts = [status.start for status in self.statuses] + [start for start, _ in self.handling]
        return min(starts, default=self.as_of)


def clock_of(rows: Rows, agent_id: str, as_of: datetime, max_hours: int) -> Clock:
    """Collect one agent's status and handling intervals. `rows` went through `seen_at`."""
    return Clock(
        profiles=profiles_of(rows, agent_id),
        statuses=_status_intervals(rows, agent_id, as_of, max_hours),
        handling=_handling_intervals(rows, agent_id, as_of),
        as_of=second_of(as_of),
    )


def _status_intervals(
    rows: Rows, agent_id: str, as_of: datetime, max_hours: int
) -> list[StatusInterval]:
    """ "Per agent, events in order of (`occurred_at`, `event_id`); a status holds until the agent's
    next event, or `as_of`."

    "No single interval of a status other than `away` lasts more than `max_status_interval_hours`
    (12): the rest is cut off and counted as away, and the interval is flagged."
    """
    mine = [row for row in rows.get("status_events", []) if row["agent_id"] == agent_id]
    mine.sort(key=lambda row: (row["occurred_at"], row["event_id"]))
    starts = [second_of(row["occurred_at"]) for row in mine]
    intervals = []
    for event, start, end in zip(mine, starts, [*starts[1:], second_of(as_of)], strict=False):
        counted_end = end
        if event["status"] != AWAY:
            counted_end = min(end, start + max_hours * 3600)
        intervals.append(StatusInterval(start, counted_end, end, event))
    return intervals


def _handling_intervals(rows: Rows, agent_id: str, as_of: datetime) -> list[tuple[int, int]]:
    """ "A handling interval is [`answered_at`, `ended_at` + `acw_seconds`)."

    "An interval is cut at `as_of`. Handling without an `ended_at` yet runs to `as_of` for time."
    """
    now = second_of(as_of)
    intervals = []
    for row in rows.get("interactions", []):
        if row.get("agent_id") != agent_id or row.get("answered_at") is None:
            continue
        end = now
        if row.get("ended_at") is not None:
            end = min(now, second_of(row["ended_at"]) + (row.get("acw_seconds") or 0))
        intervals.append((second_of(row["answered_at"]), end))
    return intervals


def effective_state(status: str, handling: int) -> str:
    """ "`away` and `unavailable` as the events say; else `active` where the event says `active` or
    a handling interval covers the instant; else `available`."
    """
    if status in (AWAY, UNAVAILABLE):
        return status
    if status == ACTIVE or handling > 0:
        return ACTIVE
    return AVAILABLE


def _run(start: int, end: int, day: date, status: StatusInterval | None, handling: int) -> Run:
    """Judge a stretch by its first second. Before an agent's first event the state is away."""
    if status is None:
        return Run(start, end, day, None, AWAY, None, False, handling)
    event_id, cut = status.event["event_id"], status.missing_clock_out
    if start >= status.counted_end:
        return Run(start, end, day, event_id, AWAY, None, cut, handling)
    state = effective_state(status.event["status"], handling)
    # A reason says why somebody is not available; an available or active agent has none.
    reason = status.event.get("reason") if state in (AWAY, UNAVAILABLE) else None
    return Run(start, end, day, event_id, state, reason, cut, handling)


def by_second(clock: Clock) -> Iterator[Run]:
    """One run per second from the first known one to `as_of`: the definitions, nothing else."""
    for second in range(clock.first, clock.as_of):
        covering = [status for status in clock.statuses if status.start <= second < status.end]
        handling = [start for start, end in clock.handling if start <= second < end]
        yield _run(
            second,
            second + 1,
            business_date(clock.profiles, second),
            covering[0] if covering else None,
            len(handling),
        )


def by_run(clock: Clock) -> Iterator[Run]:
    """One run per stretch between two neighbouring boundaries of any kind."""
    status_starts = [status.start for status in clock.statuses]
    handling_starts = sorted(start for start, end in clock.handling if start < end)
    handling_ends = sorted(end for start, end in clock.handling if start < end)
    zones = _Zones(clock.profiles)
    for start, end in pairwise(sorted(_boundaries(clock))):
        # Of events in the same second only the last one, which holds for longer, is met here.
        position = bisect_right(status_starts, start) - 1
        yield _run(
            start,
            end,
            zones.business_date(start),
            clock.statuses[position] if position >= 0 else None,
            bisect_right(handling_starts, start) - bisect_right(handling_ends, start),
        )


class _Zones:
    """The profile in force, looked up in a sorted list instead of by asking each profile."""

    def __init__(self, profiles: Profiles) -> None:
        self._begins = [profile_begins(profile) for profile in profiles]
        self._zones = [profile["time_zone"] for profile in profiles]

    def business_date(self, second: int) -> date:
        if not self._zones:
            return local_date(second, "UTC")
        position = max(bisect_right(self._begins, second) - 1, 0)
        return local_date(second, self._zones[position])


def _boundaries(clock: Clock) -> set[int]:
    """Every second at which something about the agent can change."""
    first = clock.first
    cuts = {first, clock.as_of}
    for status in clock.statuses:
        cuts |= {status.start, status.counted_end, status.end}
    for start, end in clock.handling:
        cuts |= {start, end}
    for profile in clock.profiles:
        cuts.add(profile_begins(profile))
    for zone in {profile["time_zone"] for profile in clock.profiles} | {"UTC"}:
        day = local_date(first, zone)
        while day <= local_date(clock.as_of, zone) + timedelta(days=1):
            cuts.add(first_second_of(day, zone))
            day += timedelta(days=1)
    return {cut for cut in cuts if first <= cut <= clock.as_of}


Timeline = Callable[[Clock], Iterator[Run]]


def joined(runs: Iterator[Run]) -> list[Run]:
    """Neighbouring runs that differ in nothing, made one."""
    result: list[Run] = []
    for run in runs:
        last = result[-1] if result else None
        if last is not None and last.end == run.start and last.facts == run.facts:
            result[-1] = last._replace(end=run.end)
        else:
            result.append(run)
    return result
