"""Shifts: what was planned, and what each agent did with the day.

A day is a row of segments in fixed columns; a column that does not occur has length zero. The
plan has eight columns, the timeline ten, for a block of work may be cut by an unplanned absence.
"""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from ingestion.simulation import schema
from ingestion.simulation.chance import pick, stream
from ingestion.simulation.clocks import Clock
from ingestion.simulation.organisation import (
    BACK_OFFICE,
    SITES,
    Organisation,
    Site,
)
from ingestion.simulation.schema import Flags, Floats, Ints
from ingestion.simulation.settings import DAY_S, Month

AVAILABLE, ACTIVE, UNAVAILABLE, AWAY = range(4)
STATES = ("available", "active", "unavailable", "away")
REASONS = (
    "break",
    "meeting",
    "training",
    "back_office",
    "system issue",
    "restroom",
    "lunch",
    "end_of_shift",
    "left_early",
    "sick",
)
BREAK, MEETING, TRAINING, PAPERWORK, SYSTEM, RESTROOM, LUNCH, END, EARLY, SICK = range(10)

_ACTIVITIES = ("work", "break", "meeting", "training", "time_off")
_WORK, _BREAK, _MEETING, _TRAINING, _TIME_OFF = range(5)
_MINUTE = 60
_STEP = 15 * _MINUTE
_FULL_S, _PART_S = 510 * _MINUTE, 360 * _MINUTE
# Local start, in minutes after midnight, and how popular it is by day.
_STARTS = np.array([360, 420, 480, 540, 600, 720, 840, 1320])
_START_WEIGHTS = (0.10, 0.14, 0.24, 0.20, 0.12, 0.10, 0.10)
_OFF_DAYS = (0.07, 0.07, 0.08, 0.08, 0.10, 0.50, 0.10)


@dataclass(frozen=True)
class Rota:
    """Rows are shifts. `plan_edges` (rows, 9) and `edges` (rows, 11) are epoch seconds.

    `kind` (rows, 10) holds the state of each timeline column, `why` its reason (-1: none).
    `worked` is false for absences and days off, whose `edges` mean nothing.
    """

    agent: Ints
    team: Ints
    day: Ints
    worked: Flags
    time_off: Flags
    half_day: Flags
    extra: Ints
    plan_edges: Ints
    edges: Ints
    kind: Ints
    why: Ints
    leave_reason: Ints


def plan(seed: int, org: Organisation, month: Month, site: int, clock: Clock) -> Rota:
    """The month's shifts of one site, and the day as it went, before any contact arrives."""
    agent, team, day = _agent_days(seed, org, month, site)
    rng = stream(seed, "rota", month.index, site)
    n = len(agent)
    start_minute = _start_minutes(seed, org, SITES[site])[agent]
    part_time = org.agent_part_time[agent]
    start = clock.to_utc(day * DAY_S + start_minute * _MINUTE)
    offsets, extra = _plan_offsets(part_time, rng)
    draw = rng.random(n)
    time_off = draw < 0.035
    absent = (draw >= 0.035) & (draw < 0.065)
    half_day = (draw >= 0.065) & (draw < 0.075) & ~part_time
    plan_edges = start[:, None] + offsets
    edges, kind, why = _timeline(plan_edges, extra, rng)
    edges, leave_reason = _clock_in_and_out(edges, half_day, org.agent_lateness[agent], rng)
    return Rota(
        agent=agent,
        team=team,
        day=day,
        worked=~time_off & ~absent,
        time_off=time_off,
        half_day=half_day,
        extra=extra,
        plan_edges=plan_edges,
        edges=edges,
        kind=kind,
        why=why,
        leave_reason=leave_reason,
    )


def shifts_table(rota: Rota, org: Organisation, month: Month, site: Site) -> pa.Table:
    """The planned segments as rows of `shifts`."""
    n = len(rota.agent)
    activity = np.tile(
        np.array([_WORK, _BREAK, _WORK, _MEETING, _BREAK, _WORK, _BREAK, _WORK]), (n, 1)
    )
    activity[:, 3] = np.where(rota.extra == TRAINING, _TRAINING, _MEETING)
    activity[rota.half_day, 7] = _TIME_OFF
    starts, stops = rota.plan_edges[:, :-1].copy(), rota.plan_edges[:, 1:].copy()
    # A day off is one segment over the whole shift.
    stops[rota.time_off, 0] = rota.plan_edges[rota.time_off, -1]
    starts[rota.time_off, 1:] = stops[rota.time_off, 1:]
    activity[rota.time_off, 0] = _TIME_OFF
    row, column = np.nonzero(stops > starts)
    prefix = f"{site.code}-{month.label.replace('-', '')}"
    return schema.build(
        "shifts",
        segment_id=schema.numbered(f"SG-{prefix}", np.arange(len(row))),
        shift_id=schema.numbered(f"SH-{prefix}", row),
        agent_id=org.people(rota.agent[row]),
        starts_at=starts[row, column],
        ends_at=stops[row, column],
        activity=schema.texts(_ACTIVITIES, activity[row, column]),
    )


def _agent_days(seed: int, org: Organisation, month: Month, site: int) -> tuple[Ints, Ints, Ints]:
    """Agent, team and day of every scheduled shift, by agent and day."""
    stints = np.flatnonzero(
        (org.team_site[org.stint_team] == site)
        & (org.stint_first < month.stop_day)
        & (org.stint_last >= month.first_day)
    )
    days = np.arange(month.first_day, month.stop_day)
    # Someone who changes site travels on the first day: two zones' shifts must not overlap.
    first = org.stint_first[stints] + org.stint_is_relocation[stints]
    employed = (days >= first[:, None]) & (days <= org.stint_last[stints][:, None])
    weekday = (days + 3) % 7
    off = pick(stream(seed, "days off"), list(_OFF_DAYS), org.agents)
    back_office = org.team_function[org.stint_team[stints]] == BACK_OFFICE
    off_day = np.where(back_office, 5, off[org.stint_agent[stints]])[:, None]
    works = (weekday != off_day) & (weekday != (off_day + 1) % 7)
    stint, column = np.nonzero(employed & works)
    return org.stint_agent[stints][stint], org.stint_team[stints][stint], days[column]


def _start_minutes(seed: int, org: Organisation, site: Site) -> Ints:
    """Local shift start per agent; fixed, so that no two shifts of an agent can overlap."""
    rng = stream(seed, "shift starts")
    by_day = pick(rng, list(_START_WEIGHTS), org.agents)
    by_night = rng.random(org.agents) < site.night_share
    return _STARTS[np.where(by_night, len(_STARTS) - 1, by_day)]


def _plan_offsets(part_time: Flags, rng: np.random.Generator) -> tuple[Ints, Ints]:
    """Column edges after the shift start, and what the extra column is (-1: nothing)."""
    n = len(part_time)
    draw = rng.random(n)
    extra = np.select([draw < 0.12, draw < 0.165], [MEETING, TRAINING], -1)
    extra[part_time & (extra == TRAINING)] = MEETING
    extra_s = np.select([extra == MEETING, extra == TRAINING], [2 * _STEP, 4 * _STEP], 0)
    first_break = np.where(part_time, 90 * _MINUTE, 105 * _MINUTE + _STEP * rng.integers(0, 3, n))
    lunch = np.where(part_time, 180 * _MINUTE, 240 * _MINUTE) + _STEP * rng.integers(0, 3, n)
    last_break = lunch + 2 * _STEP + 75 * _MINUTE + _STEP * rng.integers(0, 3, n)
    end = np.where(part_time, _PART_S, _FULL_S)
    last_break = np.where(part_time, end, last_break)
    edges = [
        np.zeros(n, dtype=np.int64),
        first_break,
        first_break + _STEP,
        lunch - extra_s,
        lunch,
        lunch + 2 * _STEP,
        last_break,
        np.minimum(last_break + _STEP, end),
        end,
    ]
    return np.stack(edges, axis=1), extra


def _timeline(plan_edges: Ints, extra: Ints, rng: np.random.Generator) -> tuple[Ints, Ints, Ints]:
    """The plan with one unplanned stop in the second block of work, and people's imprecision."""
    n = len(plan_edges)
    block = plan_edges[:, 3] - plan_edges[:, 2]
    stops = np.where(rng.random(n) < 0.35, rng.integers(120, 1200, n), 0)
    stops = np.minimum(stops, block // 3)
    stop_start = plan_edges[:, 2] + ((block - stops) * rng.uniform(0.2, 0.9, n)).astype(np.int64)
    stop_start = np.where(stops > 0, stop_start, plan_edges[:, 3])
    stop_end = np.where(stops > 0, stop_start + stops, plan_edges[:, 3])
    edges = np.concatenate(
        [plan_edges[:, :3], stop_start[:, None], stop_end[:, None], plan_edges[:, 3:]], axis=1
    )
    jitter = np.clip(rng.normal(10, 70, edges.shape), -240, 300).astype(np.int64)
    jitter[:, [0, -1]] = 0
    exact = edges.copy()
    edges += jitter
    for column in range(1, edges.shape[1]):
        vanished = exact[:, column] == exact[:, column - 1]
        edges[vanished, column] = edges[vanished, column - 1]
    # A column that vanishes at the end of the shift must not outlast it.
    edges = np.minimum(np.maximum.accumulate(edges, axis=1), plan_edges[:, -1:])
    kind = np.tile(
        np.array([AVAILABLE, UNAVAILABLE] * 3 + [UNAVAILABLE, AVAILABLE, UNAVAILABLE, AVAILABLE]),
        (n, 1),
    )
    why = np.full(kind.shape, -1)
    why[:, [1, 8]] = BREAK
    why[:, 3] = np.array([PAPERWORK, SYSTEM, RESTROOM])[pick(rng, [0.45, 0.2, 0.35], n)]
    why[:, 5] = extra
    # Some clock out for lunch, and so have two sessions a day.
    goes_out = rng.random(n) < 0.15
    kind[goes_out, 6] = AWAY
    why[:, 6] = np.where(goes_out, LUNCH, BREAK)
    return edges, kind, why


def _clock_in_and_out(
    edges: Ints, half_day: Flags, lateness: Floats, rng: np.random.Generator
) -> tuple[Ints, Ints]:
    """Move the first and the last edge to when the agent really came and went."""
    n = len(edges)
    late = rng.random(n) < 0.06 * lateness
    early = (rng.random(n) < 0.03) & ~half_day
    clock_in = np.where(
        late, rng.gamma(1.6, 480, n).clip(310, 3000), rng.normal(20, 90, n).clip(-240, 280)
    ).astype(np.int64)
    clock_out = np.where(
        early, -rng.gamma(2, 700, n).clip(320, 3600), rng.normal(60, 60, n).clip(-30, 420)
    ).astype(np.int64)
    edges = edges.copy()
    edges[:, 0] += clock_in
    edges[:, -1] += clock_out
    # Half a day: gone when the last planned block would have begun.
    edges[half_day, -1] = edges[half_day, -2]
    edges = np.minimum(edges, edges[:, -1:])
    edges[:, 1:] = np.maximum(edges[:, 1:], edges[:, :1])
    sick = early & (rng.random(n) < 0.25)
    reason = np.where(sick, SICK, np.where(early, EARLY, END))
    return edges, reason
