"""What a contact was about: customers, topics, repeats, outcomes, and the `interactions` rows."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from ingestion.simulation import schema
from ingestion.simulation.chance import pick, stream
from ingestion.simulation.organisation import Organisation, Site
from ingestion.simulation.queues import QUEUES, SALES, Handled, Windows
from ingestion.simulation.schema import MISSING, Flags, Ints
from ingestion.simulation.settings import DAY_S, Month

FCR_WINDOW_S = 7 * DAY_S
TOPICS = (
    "billing",
    "delivery",
    "refund",
    "password reset",
    "contract change",
    "technical fault",
    "complaint",
    "order status",
    "new product",
    "cancellation",
    "warranty",
    "address change",
)
OUTCOMES = ("resolved", "unresolved", "escalated", "transferred", "abandoned")
RESOLVED, UNRESOLVED, ESCALATED, TRANSFERRED, ABANDONED = range(5)

_CUSTOMERS_PER_CONTACT = 1.5
_REPEAT_SHARE = 0.12
_MEMORY_S = 21 * DAY_S


@dataclass(frozen=True)
class Contacts:
    """One site's contacts of a month, in order of answer (or arrival where nobody answered).

    `agent`, `window`, `answered`, `topic` and durations are -1 where there is none. `handled` marks
    those with an agent and an answer. Numbers start at 0 within the site and month.
    """

    prefix: str
    queue: Ints
    agent: Ints
    window: Ints
    customer: Ints
    topic: Ints
    case: Ints
    queued: Ints
    answered: Ints
    ended: Ints
    talk: Ints
    hold: Ints
    acw: Ints
    outcome: Ints
    transferred_to: Ints
    handled: Flags

    def ids(self, rows: Ints) -> pa.Array:
        """Interaction ids by number; null for -1."""
        return schema.numbered(f"I-{self.prefix}", rows)

    @property
    def released(self) -> Ints:
        """When handling is over: end and wrap-up; `ended` where there was no wrap-up."""
        return self.ended + np.maximum(self.acw, 0)


@dataclass(frozen=True)
class Memory:
    """The last contacts of a site that a customer may come back to."""

    answered: Ints
    customer: Ints
    topic: Ints


NO_MEMORY = Memory(*[np.empty(0, dtype=np.int64)] * 3)


def describe(
    seed: int,
    org: Organisation,
    windows: Windows,
    handled: Handled,
    month: Month,
    site_number: int,
    site: Site,
    memory: Memory,
) -> tuple[Contacts, Memory]:
    """Give every contact a customer, a topic and an outcome; also what next month remembers."""
    rng = stream(seed, "contacts", month.index, site_number)
    n = len(handled.queued)
    agent = np.where(handled.window == MISSING, MISSING, windows.agent[handled.window])
    unanswered_dial = (handled.queue == SALES) & (rng.random(n) < 0.10)
    answered = np.where(unanswered_dial, MISSING, handled.answered)
    is_handled = (agent != MISSING) & (answered != MISSING)
    ended, talk, hold, acw = (
        np.where(unanswered_dial, missing, values)
        for missing, values in (
            (handled.queued + 30, handled.ended),
            (MISSING, handled.talk),
            (MISSING, handled.hold),
            (MISSING, handled.acw),
        )
    )
    outcome = _first_outcomes(org, agent, is_handled, rng)
    customer = rng.integers(0, max(200, int(n * _CUSTOMERS_PER_CONTACT)), n)
    topic = rng.integers(0, len(TOPICS), n)
    topic[rng.random(n) < 0.05] = MISSING
    parent, old = _parents(is_handled, answered, ended, outcome, memory, rng)
    edge_children, talk, ended = _edges(is_handled, parent, answered, ended, talk, rng)
    parent[edge_children[:, 0]] = edge_children[:, 1]
    # Customers of the window's edge have no other contact, or it would not be the edge.
    customer[edge_children[:, 1]] = 50_000_000 + month.index * 100_000 + edge_children[:, 1]
    outcome[edge_children[:, 1]] = RESOLVED
    root = _roots(parent)
    remembered = old[root]
    customer, topic = customer[root], topic[root]
    back = remembered != MISSING
    customer[back], topic[back] = memory.customer[remembered[back]], memory.topic[remembered[back]]
    outcome = _troubled(outcome, parent, edge_children[:, 1], rng)
    has_case = rng.random(n) < 0.4
    contacts = Contacts(
        prefix=f"{site.code}-{month.label.replace('-', '')}",
        queue=handled.queue,
        agent=agent,
        window=np.where(is_handled, handled.window, MISSING),
        customer=customer,
        topic=topic,
        case=np.where(has_case[root] & ~back, root, MISSING),
        queued=handled.queued,
        answered=answered,
        ended=ended,
        talk=talk,
        hold=hold,
        acw=acw,
        outcome=outcome,
        transferred_to=np.where(
            outcome == TRANSFERRED, pick(rng, [3, 1, 1, 0.2, 0.2, 1, 2], n), MISSING
        ),
        handled=is_handled,
    )
    return contacts, _remember(contacts, memory)


def interactions_table(contacts: Contacts, org: Organisation, site: Site) -> pa.Table:
    """The contacts as rows of `interactions`."""
    n = len(contacts.queued)
    channel = [queue.channel for queue in QUEUES]
    # Written channels know no hold: their systems send nothing, not zero.
    on_line = np.isin(np.array(channel)[contacts.queue], ["voice", "video"])
    names = [f"{site.code.lower()}_{queue.name}" for queue in QUEUES]
    return schema.build(
        "interactions",
        interaction_id=contacts.ids(np.arange(n)),
        agent_id=org.people(contacts.agent),
        customer_id=schema.numbered(f"C-{site.code}", contacts.customer, 8),
        channel=schema.texts(channel, contacts.queue),
        direction=schema.texts([queue.direction for queue in QUEUES], contacts.queue),
        queue=schema.texts(names, contacts.queue),
        topic=schema.texts(TOPICS, contacts.topic),
        case_id=schema.numbered(f"K-{contacts.prefix}", contacts.case),
        queued_at=contacts.queued,
        answered_at=contacts.answered,
        ended_at=contacts.ended,
        talk_seconds=contacts.talk,
        hold_seconds=np.where(on_line, contacts.hold, MISSING),
        acw_seconds=contacts.acw,
        outcome=schema.texts(OUTCOMES, contacts.outcome),
        transferred_to=schema.texts(names, contacts.transferred_to),
    )


def _first_outcomes(
    org: Organisation, agent: Ints, handled: Flags, rng: np.random.Generator
) -> Ints:
    skill = org.agent_quality[np.maximum(agent, 0)]
    draw = rng.random(len(agent))
    resolved = 0.925 + 0.015 * np.clip(skill, -2, 2)
    outcome = np.select(
        [draw < 0.022, draw < 0.060, draw < 0.060 + resolved * 0.94],
        [ESCALATED, TRANSFERRED, RESOLVED],
        UNRESOLVED,
    )
    outcome[~handled] = np.where(agent[~handled] == MISSING, ABANDONED, UNRESOLVED)
    return outcome


def _parents(
    handled: Flags,
    answered: Ints,
    ended: Ints,
    outcome: Ints,
    memory: Memory,
    rng: np.random.Generator,
) -> tuple[Ints, Ints]:
    """Per contact the earlier one it repeats: a row of this month, or of `memory`; else -1."""
    n = len(answered)
    parent, old = np.full(n, MISSING), np.full(n, MISSING)
    rows = np.flatnonzero(handled)
    if not len(rows):
        return parent, old
    at = answered[rows]
    # Callers who were passed on reach the next free agent within minutes.
    passed = rows[outcome[rows] == TRANSFERRED]
    then = np.searchsorted(at, ended[passed] + 5)
    known = then < len(rows)
    passed, then = passed[known], then[known]
    soon = at[then] <= ended[passed] + 600
    parent[rows[then[soon]]] = passed[soon]
    # Others call again after days: mostly soon, some after more than a week.
    again = rows[(rng.random(len(rows)) < _REPEAT_SHARE) & (parent[rows] == MISSING)]
    late = rng.random(len(again)) < 0.22
    delay = np.where(late, rng.uniform(6.5, 18, len(again)), rng.gamma(1.1, 1.6, len(again)) + 0.02)
    target = answered[again] - (delay * DAY_S).astype(np.int64)
    place = np.searchsorted(at, target, side="right") - 1
    here = place >= 0
    candidate = rows[place]
    fits = here & (ended[candidate] < answered[again])
    parent[again[fits]] = candidate[fits]
    if len(memory.answered):
        before = np.searchsorted(memory.answered, target, side="right") - 1
        recalled = ~here & (before >= 0)
        old[again[recalled]] = before[recalled]
    return parent, old


def _edges(
    handled: Flags,
    parent: Ints,
    answered: Ints,
    ended: Ints,
    talk: Ints,
    rng: np.random.Generator,
) -> tuple[Ints, Ints, Ints]:
    """Pairs (child, parent) exactly at the end of the repeat window, and one second past it.

    The earlier call is cut short by the seconds that are missing, so nothing can overlap.
    """
    talk, ended = talk.copy(), ended.copy()
    is_parent = np.zeros(len(parent), dtype=bool)
    is_parent[parent[parent != MISSING]] = True
    single = np.flatnonzero(handled & (parent == MISSING) & ~is_parent)
    late_enough = single[
        answered[single] > (answered[single].min() if len(single) else 0) + FCR_WINDOW_S
    ]
    wanted = min(len(late_enough), 4 + len(single) // 2000)
    children = np.sort(rng.choice(late_enough, wanted, replace=False)) if wanted else single[:0]
    pairs: list[tuple[int, int]] = []
    taken = set(children.tolist())
    for number, child in enumerate(children.tolist()):
        edge = int(answered[child]) - FCR_WINDOW_S - number % 2
        # Those still talking at that instant began shortly before it.
        stop = int(np.searchsorted(answered[single], edge - 30))
        near = single[max(0, stop - 40) : stop]
        cut = ended[near] - edge
        fits = near[(cut >= 0) & (talk[near] - cut > 20)]
        free = [row for row in fits.tolist() if row not in taken]
        if free:
            chosen = free[0]
            taken.add(chosen)
            talk[chosen] -= ended[chosen] - edge
            ended[chosen] = edge
            pairs.append((child, chosen))
    return np.array(pairs, dtype=np.int64).reshape(-1, 2), talk, ended


def _roots(parent: Ints) -> Ints:
    """The first contact of each chain, by pointer doubling."""
    root = np.where(parent == MISSING, np.arange(len(parent)), parent)
    while True:
        further = root[root]
        if np.array_equal(further, root):
            return root
        root = further


def _troubled(outcome: Ints, parent: Ints, spared: Ints, rng: np.random.Generator) -> Ints:
    """Half of those who had to come back had not been helped the first time."""
    before = parent[parent != MISSING]
    unsolved = before[rng.random(len(before)) < 0.45]
    unsolved = unsolved[outcome[unsolved] == RESOLVED]
    outcome = outcome.copy()
    outcome[np.setdiff1d(unsolved, spared)] = UNRESOLVED
    return outcome


def _remember(contacts: Contacts, memory: Memory) -> Memory:
    rows = np.flatnonzero(contacts.handled)
    if not len(rows):
        return memory
    rows = rows[contacts.answered[rows] > contacts.answered[rows].max() - _MEMORY_S]
    return Memory(
        answered=contacts.answered[rows],
        customer=contacts.customer[rows],
        topic=contacts.topic[rows],
    )
