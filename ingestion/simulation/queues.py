"""Queues: who waits for what, how contacts arrive, and who gets them.

Arrivals are a Poisson process whose rate follows the staff a planner would roster for it. The
waiting line is first come, first served; the agent idle the longest takes the next contact.
"""

import heapq
from dataclasses import dataclass

import numpy as np

from ingestion.simulation.chance import pick, stream
from ingestion.simulation.clocks import Clock
from ingestion.simulation.organisation import (
    BACK_OFFICE,
    INBOUND,
    OUTBOUND,
    Organisation,
)
from ingestion.simulation.rota import AVAILABLE, Rota
from ingestion.simulation.schema import MISSING, Floats, Ints
from ingestion.simulation.settings import DAY_S, Month

BIN_S = 900
SHORTEST_WINDOW_S = 120
# Between two contacts of one agent, which also keeps rounded handling times apart.
GAP_S = 3


@dataclass(frozen=True)
class Queue:
    """One queue of a site. `concurrency`: contacts one agent holds at a time.

    Means in seconds: `talk`, `acw`, `patience` (infinite: nobody gives up). `load`: share of
    the staffed time that contacts fill in a queue of endless size; `pooling`: how much of it a
    small queue gives up, divided by the root of its staff. `hold_share`: contacts put on hold.
    """

    name: str
    channel: str
    direction: str
    talk: float
    spread: float
    hold_share: float
    acw: float
    patience: float
    load: float
    pooling: float
    concurrency: int = 1


_FOREVER = float("inf")
_HOLD_MEAN_S = 60.0
QUEUES = (
    Queue("care_voice", "voice", "inbound", 290, 0.62, 0.22, 44, 260, 0.92, 0.32),
    Queue("care_chat", "chat", "inbound", 600, 0.50, 0.0, 22, 200, 0.68, 0.12, concurrency=3),
    Queue("care_email", "email", "inbound", 330, 0.55, 0.0, 30, _FOREVER, 0.80, 0.10),
    Queue("care_social", "social", "inbound", 290, 0.50, 0.0, 25, _FOREVER, 0.78, 0.15),
    Queue("care_video", "video", "inbound", 400, 0.50, 0.05, 60, 320, 0.78, 0.35),
    Queue("sales_outbound", "voice", "outbound", 255, 0.80, 0.06, 75, _FOREVER, 0.82, 0.05),
    Queue("case_work", "back_office", "inbound", 400, 0.50, 0.0, 15, _FOREVER, 0.87, 0.05),
)
VOICE, CHAT, EMAIL, SOCIAL, VIDEO, SALES, CASES = range(7)
# What agents of each function work on (inbound, outbound, back office, blended).
_DESKS: dict[int, list[float]] = {
    INBOUND: [0.62, 0.19, 0.10, 0.05, 0.04, 0, 0],
    OUTBOUND: [0, 0, 0, 0, 0, 1, 0],
    BACK_OFFICE: [0, 0, 0.15, 0, 0, 0, 0.85],
}
_BLENDED_DESK = [0.42, 0.18, 0.12, 0.03, 0.03, 0.16, 0.06]
_MAIL_AT_NIGHT = 0.3
_LONGEST_TALK_S = 45 * 60


@dataclass(frozen=True)
class Windows:
    """Runs of time in which an agent takes contacts of one queue.

    `shift` and `column` point into the rota; `limit`: the agent's next window begins (or far off).
    """

    shift: Ints
    column: Ints
    agent: Ints
    start: Ints
    end: Ints
    limit: Ints
    queue: Ints


@dataclass(frozen=True)
class Handled:
    """Contacts as the queue left them; `window` is -1 and `answered` -1 where they gave up."""

    queue: Ints
    window: Ints
    queued: Ints
    answered: Ints
    ended: Ints
    talk: Ints
    hold: Ints
    acw: Ints


def open_windows(seed: int, org: Organisation, rota: Rota, month: Month, site: int) -> Windows:
    """The available columns of every worked shift, each given to a queue."""
    rng = stream(seed, "desks", month.index, site)
    length = np.diff(rota.edges, axis=1)
    takes = (rota.kind == AVAILABLE) & (length >= SHORTEST_WINDOW_S) & rota.worked[:, None]
    shift, column = np.nonzero(takes)
    start, end = rota.edges[shift, column], rota.edges[shift, column + 1]
    agent = rota.agent[shift]
    function = org.team_function[rota.team]
    # A specialist keeps to one desk, and sits at another's for a day now and then.
    usual = np.empty((len(_DESKS), org.agents), dtype=np.int64)
    home = stream(seed, "home desks")
    for row, weights in _DESKS.items():
        usual[row] = pick(home, weights, org.agents)
    desk = usual[np.minimum(function, len(usual) - 1), rota.agent]
    for row, weights in _DESKS.items():
        today = pick(rng, weights, len(desk))
        desk = np.where((function == row) & (rng.random(len(desk)) < 0.12), today, desk)
    blended = pick(rng, _BLENDED_DESK, len(shift))
    queue = np.where(np.isin(function[shift], list(_DESKS)), desk[shift], blended)
    far = np.iinfo(np.int64).max
    order = np.lexsort((start, agent))
    limit = np.full(len(shift), far)
    same = agent[order][1:] == agent[order][:-1]
    limit[order[:-1]] = np.where(same, start[order][1:], far)
    return Windows(shift, column, agent, start, end, limit, queue)


def run(
    seed: int, org: Organisation, windows: Windows, month: Month, site: int, clock: Clock
) -> Handled:
    """Let a month of contacts arrive at one site and be answered, or not; by answer or arrival."""
    parts = [
        _run_queue(seed, org, windows, number, month, site, clock)
        for number in range(len(QUEUES))
        if np.any(windows.queue == number)
    ]
    if not parts:
        nothing = np.empty(0, dtype=np.int64)
        return Handled(*[nothing] * 8)
    columns = [
        np.concatenate([getattr(part, name) for part in parts])
        for name in ("queue", "window", "queued", "answered", "ended", "talk", "hold", "acw")
    ]
    seen = np.where(columns[3] == MISSING, columns[2], columns[3])
    order = np.lexsort((columns[2], columns[0], seen))
    return Handled(*[column[order] for column in columns])


def _run_queue(
    seed: int,
    org: Organisation,
    windows: Windows,
    number: int,
    month: Month,
    site: int,
    clock: Clock,
) -> Handled:
    queue = QUEUES[number]
    rng = stream(seed, "arrivals", month.index, site, number)
    mine = np.flatnonzero(windows.queue == number)
    queued = _arrivals(queue, windows, mine, clock, rng)
    n = len(queued)
    usual = _handling(queue, n, rng)
    patience = (
        np.full(n, 40 * DAY_S)
        if queue.patience == _FOREVER
        else rng.gamma(1.4, queue.patience / 1.4, n).astype(np.int64) + 2
    )
    slots = np.repeat(mine, queue.concurrency)
    speed = org.agent_speed[windows.agent[slots]]
    slot, answered = _assign(
        queued, patience, (usual[0] + usual[1] + usual[2]).astype(np.int64), windows, slots, speed
    )
    served = slot != MISSING
    window = np.where(served, slots[slot], MISSING)
    pace = np.where(served, speed[slot], 1.0)
    talk, hold, acw = ((part * pace).astype(np.int64) for part in usual)
    talk = np.maximum(talk, 5)
    # A call may run into the break, never into the agent's next piece of work.
    room = np.where(served, windows.limit[window] - answered - GAP_S, np.iinfo(np.int64).max)
    acw = np.clip(acw, 0, np.maximum(room - talk - hold, 0))
    hold = np.clip(hold, 0, np.maximum(room - talk, 0))
    talk = np.minimum(talk, np.maximum(room, 1))
    ended = np.where(served, answered + talk + hold, queued + patience)
    if queue.direction == "outbound":
        # Nobody waits in an outbound line: the agent dials, and it rings.
        ring = rng.integers(4, 28, n)
        queued = np.where(served, answered - ring, queued)
    # What still waits for a reply when the month's shifts are over was never exported.
    keep = served | (patience < 40 * DAY_S)
    columns = (
        np.full(n, number),
        window,
        queued,
        answered,
        ended,
        *(np.where(served, part, MISSING) for part in (talk, hold, acw)),
    )
    return Handled(*[column[keep] for column in columns])


def _arrivals(
    queue: Queue, windows: Windows, mine: Ints, clock: Clock, rng: np.random.Generator
) -> Ints:
    """Sorted arrival seconds of one queue over the time its agents are there."""
    first = int(windows.start[mine].min()) // BIN_S * BIN_S
    # Three at least, the width of what is smoothed.
    bins = max((int(windows.end[mine].max()) - first) // BIN_S + 1, 3)
    staffed = _staff(windows.start[mine], windows.end[mine], first, bins)
    smooth = np.convolve(staffed, np.ones(3) / 3, mode="same")
    begins = first + BIN_S * np.arange(bins)
    local = begins + clock.offset(begins)
    hour = local % DAY_S / 3600
    # Two peaks a day, Mondays busier, and no two days quite alike.
    shape = 1 + 0.10 * np.exp(-((hour - 10.5) ** 2) / 3) + 0.06 * np.exp(-((hour - 15) ** 2) / 4)
    weekday = (local // DAY_S + 3) % 7
    shape *= np.array([1.05, 1.01, 0.99, 0.98, 1.0, 0.95, 0.93])[weekday]
    day = local // DAY_S - local[0] // DAY_S
    shape *= np.exp(rng.normal(0, 0.06, int(day.max()) + 1))[day]
    load = queue.load - queue.pooling / np.sqrt(np.maximum(smooth, 1))
    handle = queue.talk + queue.hold_share * _HOLD_MEAN_S + queue.acw + GAP_S
    rate = smooth * queue.concurrency * load * shape / handle
    counts = rng.poisson(rate * BIN_S)
    when = np.repeat(begins, counts) + rng.integers(0, BIN_S, int(counts.sum()))
    if queue.channel in ("email", "social", "back_office"):
        at_night = rng.random(len(when)) < _MAIL_AT_NIGHT
        when = np.where(at_night, when - rng.integers(0, 14 * 3600, len(when)), when)
    return np.sort(when)


def _staff(start: Ints, end: Ints, first: int, bins: int) -> Floats:
    """Mean number of open windows per bin."""
    seconds = np.zeros(bins + 1)
    for edge, sign in ((start, 1), (end, -1)):
        place, rest = np.divmod(edge - first, BIN_S)
        np.add.at(seconds, place, sign * (BIN_S - rest))
        np.add.at(seconds, place + 1, sign * rest)
    # The sums above are changes of level; a level lasts a bin.
    return (np.cumsum(seconds) / BIN_S)[:-1]


def _handling(queue: Queue, n: int, rng: np.random.Generator) -> tuple[Floats, Floats, Floats]:
    talk = queue.talk * np.exp(rng.normal(-(queue.spread**2) / 2, queue.spread, n))
    hold = np.where(rng.random(n) < queue.hold_share, rng.gamma(1.5, _HOLD_MEAN_S / 1.5, n), 0)
    acw = rng.gamma(1.8, queue.acw / 1.8, n)
    return np.clip(talk, 8, _LONGEST_TALK_S), hold, acw


def _assign(
    queued: Ints, patience: Ints, work: Ints, windows: Windows, slots: Ints, speed: Floats
) -> tuple[Ints, Ints]:
    """Which slot takes each contact and when; (-1, -1) for those nobody took.

    The one loop over contacts: each outcome depends on all before it.
    """
    ends: list[int] = windows.end[slots].tolist()
    pace: list[float] = speed.tolist()
    free = sorted(zip(windows.start[slots].tolist(), range(len(slots)), strict=True))
    taken, answered = [MISSING] * len(queued), [MISSING] * len(queued)
    arrivals = zip(queued.tolist(), patience.tolist(), work.tolist(), strict=True)
    for number, (now, patient_for, busy) in enumerate(arrivals):
        while free:
            since, slot = free[0]
            start = since if since > now else now
            if start >= ends[slot]:
                heapq.heappop(free)
                continue
            if start - now <= patient_for:
                taken[number], answered[number] = slot, start
                heapq.heapreplace(free, (start + int(busy * pace[slot]) + GAP_S, slot))
            break
    return np.array(taken, dtype=np.int64), np.array(answered, dtype=np.int64)
