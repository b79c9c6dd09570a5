"""What every agent was doing at every second: status segments, and the effective state from them.

A segment starts a state that holds until the agent's next segment. Times of several agents are
handled in one array by adding a wide offset per agent.
"""

from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa

from ingestion.simulation import schema
from ingestion.simulation.chance import stream
from ingestion.simulation.contacts import Contacts
from ingestion.simulation.organisation import Organisation, Site
from ingestion.simulation.queues import Windows
from ingestion.simulation.rota import ACTIVE, AVAILABLE, AWAY, REASONS, STATES, Rota
from ingestion.simulation.schema import MISSING, Flags, Ints
from ingestion.simulation.settings import Month

MAX_STATUS_S = 12 * 3600
# Wider than any epoch second, so that agents never overlap on the common axis.
_SPAN = 1 << 36


@dataclass(frozen=True)
class Segments:
    """Starts of states by agent and time. `reason` is -1 where there is none."""

    agent: Ints
    start: Ints
    state: Ints
    reason: Ints

    def take(self, rows: Ints | Flags) -> "Segments":
        """The segments at these positions."""
        return Segments(self.agent[rows], self.start[rows], self.state[rows], self.reason[rows])


@dataclass(frozen=True)
class Intervals:
    """Half-open [start, stop) per agent."""

    agent: Ints
    start: Ints
    stop: Ints


NO_SEGMENTS = Segments(*[np.empty(0, dtype=np.int64)] * 4)


def join(parts: list[Segments]) -> Segments:
    """All segments, by agent and time."""
    agent, start, state, reason = (
        np.concatenate([getattr(part, name) for part in parts])
        for name in ("agent", "start", "state", "reason")
    )
    return Segments(agent, start, state, reason).take(np.lexsort((start, agent)))


def handling(contacts: Contacts) -> Intervals:
    """The handling intervals [answered, ended + wrap-up)."""
    rows = contacts.handled
    return Intervals(contacts.agent[rows], contacts.answered[rows], contacts.released[rows])


def union(parts: list[Intervals]) -> Intervals:
    """Per agent the union of all intervals, disjoint and in order; empty ones vanish."""
    agent = np.concatenate([part.agent for part in parts])
    start = agent * _SPAN + np.concatenate([part.start for part in parts])
    stop = agent * _SPAN + np.concatenate([part.stop for part in parts])
    real = stop > start
    order = np.argsort(start[real], kind="stable")
    start, stop = start[real][order], stop[real][order]
    reach = np.maximum.accumulate(stop) if len(stop) else stop
    begins = np.ones(len(start), dtype=bool)
    begins[1:] = start[1:] > reach[:-1]
    last = np.append(np.flatnonzero(begins)[1:] - 1, len(start) - 1)[: int(begins.sum())]
    merged_start, merged_stop = start[begins], reach[last]
    owner = merged_start // _SPAN
    return Intervals(owner, merged_start - owner * _SPAN, merged_stop - owner * _SPAN)


def observe(
    seed: int, rota: Rota, windows: Windows, contacts: Contacts, month: Month, site: int
) -> Segments:
    """The statuses agents really had: breaks wait for the last contact, with some exceptions.

    A few agents wrap up after they clocked out, or answer before they clock in.
    """
    rng = stream(seed, "clocks", month.index, site)
    edges = _stretch(rota, windows, contacts, rng)
    length = np.diff(edges, axis=1)
    row, column = np.nonzero((length > 0) & rota.worked[:, None])
    out = np.flatnonzero(rota.worked)
    segments = join(
        [
            Segments(
                rota.agent[row],
                edges[row, column],
                rota.kind[row, column],
                np.where(rota.kind[row, column] == AVAILABLE, MISSING, rota.why[row, column]),
            ),
            Segments(
                rota.agent[out], edges[out, -1], np.full(len(out), AWAY), rota.leave_reason[out]
            ),
        ]
    )
    return segments.take(_changes(segments))


def send_active(segments: Segments, busy: Intervals) -> Segments:
    """Cut `available` wherever the agent is busy, as telephony that reports `active` does."""
    cuts = [
        Segments(busy.agent, at, np.zeros_like(at), np.full_like(at, MISSING))
        for at in (busy.start, busy.stop)
    ]
    key = segments.agent * _SPAN + segments.start
    inside = []
    for cut in cuts:
        place = np.searchsorted(key, cut.agent * _SPAN + cut.start, side="right") - 1
        known = place >= 0
        known[known] = (segments.agent[place[known]] == cut.agent[known]) & (
            segments.state[place[known]] == AVAILABLE
        )
        inside.append(cut.take(known))
    points = join([segments, *inside])
    at = points.agent * _SPAN + points.start
    points = points.take(np.append(True, at[1:] != at[:-1])[: len(at)])
    at = points.agent * _SPAN + points.start
    place = np.maximum(np.searchsorted(key, at, side="right") - 1, 0)
    state, reason = segments.state[place], segments.reason[place]
    state = np.where(
        (state == AVAILABLE) & _covered(points.agent, points.start, busy), ACTIVE, state
    )
    points = replace(points, state=state, reason=reason)
    return points.take(_changes(points))


def events_table(segments: Segments, org: Organisation, month: Month, site: Site) -> pa.Table:
    """One `status_events` row per segment."""
    n = len(segments.agent)
    return schema.build(
        "status_events",
        event_id=schema.numbered(f"E-{site.code}-{month.label.replace('-', '')}", np.arange(n), 8),
        agent_id=org.people(segments.agent),
        occurred_at=segments.start,
        status=schema.texts(STATES, segments.state),
        reason=schema.texts(REASONS, segments.reason),
        unit=schema.texts([site.code], np.zeros(n, dtype=np.int64)),
    )


def effective(segments: Segments, busy: Intervals, stop_s: int) -> tuple[Segments, Ints]:
    """The effective state of every agent from the first segment to `stop_s`, and where runs end.

    `segments` are in order and `busy` is a union. Returned runs are gap-free and maximal.
    """
    segments = _cap(segments, stop_s)
    busy_key = [busy.agent * _SPAN + edge for edge in (busy.start, busy.stop)]
    key = segments.agent * _SPAN + segments.start
    first = np.append(True, segments.agent[1:] != segments.agent[:-1])
    known_from = np.full(int(segments.agent.max(initial=0)) + 2, np.iinfo(np.int64).max)
    known_from[segments.agent[first]] = segments.start[first]
    cuts = np.concatenate(busy_key)
    owner = cuts // _SPAN
    moment = cuts - owner * _SPAN
    owner = np.minimum(owner, len(known_from) - 1)
    cuts = cuts[(moment > known_from[owner]) & (moment < stop_s)]
    points = np.sort(np.concatenate([key, cuts]))
    points = points[np.append(True, points[1:] != points[:-1])[: len(points)]]
    agent = points // _SPAN
    start = points - agent * _SPAN
    place = np.searchsorted(key, points, side="right") - 1
    state, reason = segments.state[place], segments.reason[place]
    state = np.where((state == AVAILABLE) & _covered(agent, start, busy), ACTIVE, state)
    runs = Segments(agent, start, state, reason)
    runs = runs.take(_changes(runs))
    return runs, stops(runs, stop_s)


def stops(runs: Segments, stop_s: int) -> Ints:
    """Where each run ends: at the agent's next one, or at `stop_s`."""
    following = np.append(runs.start[1:], stop_s)
    same = np.append(runs.agent[1:] == runs.agent[:-1], False)
    return np.where(same, following, stop_s)


def _stretch(rota: Rota, windows: Windows, contacts: Contacts, rng: np.random.Generator) -> Ints:
    """Move the end of each window to its last contact, and a few clock-ins past their first."""
    edges = rota.edges.copy()
    rows = contacts.handled
    over, first = windows.end.copy(), np.full(len(windows.end), np.iinfo(np.int64).max)
    np.maximum.at(over, contacts.window[rows], contacts.released[rows])
    np.minimum.at(first, contacts.window[rows], contacts.answered[rows])
    column = windows.column
    is_last = windows.end == rota.edges[windows.shift, -1]
    # Most finish before they leave; these few had already changed their status.
    hurried = rng.random(len(over)) < np.where(is_last, 0.05, 0.08)
    end = np.where(hurried, windows.end, np.minimum(over, windows.limit))
    edges[windows.shift, column + 1] = end
    shift = windows.shift[is_last]
    # A shift's last columns may be empty; they move along with the clock-out.
    edges[shift, -1] = np.maximum(edges[shift, -1], end[is_last])
    edges = np.maximum.accumulate(edges, axis=1)
    early = (column == 0) & (first < windows.end - 600) & (rng.random(len(over)) < 0.008)
    edges[windows.shift[early], 0] = first[early] + 20 + rng.integers(0, 60, int(early.sum()))
    return edges


def _changes(segments: Segments) -> Flags:
    """Segments that differ from the one before, of the same agent."""
    changed = np.ones(len(segments.agent), dtype=bool)
    changed[1:] = (
        (segments.agent[1:] != segments.agent[:-1])
        | (segments.state[1:] != segments.state[:-1])
        | (segments.reason[1:] != segments.reason[:-1])
    )
    return changed


def _cap(segments: Segments, stop_s: int) -> Segments:
    """Go away where a status has lasted for twelve hours: nobody clocked out."""
    lasted = stops(segments, stop_s) - segments.start
    forgotten = np.flatnonzero((segments.state != AWAY) & (lasted > MAX_STATUS_S))
    if not len(forgotten):
        return segments
    cut = Segments(
        segments.agent[forgotten],
        segments.start[forgotten] + MAX_STATUS_S,
        np.full(len(forgotten), AWAY),
        np.full(len(forgotten), MISSING),
    )
    return join([segments, cut])


def _covered(agent: Ints, moment: Ints, busy: Intervals) -> Flags:
    """Whether an interval of the agent covers each moment."""
    if not len(busy.agent):
        return np.zeros(len(agent), dtype=bool)
    key = agent * _SPAN + moment
    place = np.searchsorted(busy.agent * _SPAN + busy.start, key, side="right") - 1
    safe = np.maximum(place, 0)
    inside: Flags = (place >= 0) & (key < busy.agent[safe] * _SPAN + busy.stop[safe])
    return inside
