"""Everything that follows from a month's contacts and shifts: one function per dataset."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from ingestion.simulation import schema
from ingestion.simulation.chance import pick, stream
from ingestion.simulation.contacts import RESOLVED, Contacts
from ingestion.simulation.organisation import SITES, Organisation
from ingestion.simulation.queues import SALES
from ingestion.simulation.rota import Rota
from ingestion.simulation.schema import MISSING, Flags, Ints
from ingestion.simulation.settings import DAY_S, Month

# Resolved tickets per full shift of an average agent; with 20 shifts a month the score is ~110.
TICKETS_PER_SHIFT = 6.1
# Units of each currency for one US dollar, to give every site plausible prices.
_PRICES = {"USD": 1.0, "EUR": 0.9, "COP": 4100.0, "INR": 84.0}
_KPIS = ("productivity_score", "csat", "fcr", "aht_seconds", "average_quality_score")


@dataclass(frozen=True)
class Floor:
    """One site's month: who worked, what they handled, and when the simulation stops (`stop_s`)."""

    seed: int
    org: Organisation
    month: Month
    site: int
    rota: Rota
    contacts: Contacts
    stop_s: int

    def rng(self, purpose: str) -> np.random.Generator:
        """The random stream of one dataset."""
        return stream(self.seed, purpose, self.month.index, self.site)

    def ids(self, letters: str, n: int) -> pa.Array:
        """Identifiers of n rows of one dataset."""
        return schema.numbered(f"{letters}-{self.contacts.prefix}", np.arange(n))

    def seen(self, moment: npt.NDArray[np.int64]) -> Ints:
        """The moment, or null where the simulation stops before it comes."""
        return np.where(moment >= self.stop_s, MISSING, moment)

    @property
    def last_s(self) -> int:
        """A second that is in the month everywhere, towards its end."""
        return self.month.stop_day * DAY_S - 15 * 3600


def tables(floor: Floor) -> dict[str, pa.Table]:
    """The rows of every dataset that follows from shifts and contacts."""
    return {
        "tickets": tickets(floor),
        "qa_evaluations": qa_evaluations(floor),
        "csat_surveys": csat_surveys(floor),
        "system_usage": system_usage(floor),
        "compliance_events": compliance_events(floor),
        "sales": sales(floor),
        "feedback_sessions": feedback_sessions(floor),
        "training_records": training_records(floor),
    }


def tickets(floor: Floor) -> pa.Table:
    """Work items: most resolved within hours, some open, cancelled or opened again."""
    rng, org, rota = floor.rng("tickets"), floor.org, floor.rota
    worked = np.flatnonzero(rota.worked)
    hours = np.where(org.agent_part_time[rota.agent[worked]], 0.8, 1.0)
    # Those who work less also have a share of the desk work, so hours count less than fully.
    expected = TICKETS_PER_SHIFT * 1.08 * hours * org.agent_pace[rota.agent[worked]]
    shift = worked[np.repeat(np.arange(len(worked)), rng.poisson(expected))]
    n = len(shift)
    start, stop = rota.edges[shift, 0], rota.edges[shift, -1]
    created = start + (rng.random(n) * (stop - start) * 0.95).astype(np.int64)
    status = pick(rng, [0.016, 0.014, 0.42, 0.50, 0.018, 0.012], n)
    quick = rng.random(n) < 0.85
    delay = np.where(quick, rng.gamma(1.2, 1500, n), rng.gamma(1.5, 30 * 3600, n)).astype(np.int64)
    resolved = np.where(quick, np.minimum(created + delay, stop), created + delay)
    too_late = resolved >= floor.stop_s
    status = np.where(too_late & np.isin(status, [2, 3, 4]), 0, status)
    resolved = np.where(np.isin(status, [2, 3, 4]), resolved, MISSING)
    unassigned = (status == 0) & (rng.random(n) < 0.2)
    return schema.build(
        "tickets",
        ticket_id=floor.ids("TK", n),
        agent_id=org.people(np.where(unassigned, MISSING, rota.agent[shift])),
        kind=schema.texts(("ticket", "order", "admin"), pick(rng, [0.6, 0.25, 0.15], n)),
        created_at=created,
        status=schema.texts(
            ("open", "pending", "resolved", "closed", "reopened", "cancelled"), status
        ),
        resolved_at=resolved,
    )


def qa_evaluations(floor: Floor) -> pa.Table:
    """Four to eight evaluations per agent and month; a few agents get none."""
    rng, org, contacts = floor.rng("quality"), floor.org, floor.contacts
    rows = np.flatnonzero(contacts.handled & (contacts.released < floor.last_s))
    wanted = rng.integers(4, 9, org.agents)
    skipped = rng.random(org.agents) < 0.02
    skipped &= org.agents >= 12
    wanted[skipped] = 0
    # A random order per agent, cut at how many evaluations the agent gets.
    rows = rows[rng.permutation(len(rows))]
    rows = rows[np.argsort(contacts.agent[rows], kind="stable")]
    agent = contacts.agent[rows]
    rank = np.arange(len(rows)) - np.searchsorted(agent, agent)
    rows = np.sort(rows[rank < wanted[agent]])
    n, agent = len(rows), contacts.agent[rows]
    targeted = rng.random(n) < 0.22
    level = 88.5 + 4.0 * org.agent_quality[agent] - 3 * targeted
    level -= 5 * (contacts.outcome[rows] != RESOLVED)
    score = np.clip(np.round(rng.normal(level, 5.5), 1), 20, 100)
    parts = [
        np.where(
            rng.random(n) < 0.06, np.nan, np.clip(np.round(score + rng.normal(0, 6, n)), 0, 100)
        )
        for _ in range(3)
    ]
    evaluated = np.minimum(contacts.ended[rows] + rng.integers(3600, 5 * DAY_S, n), floor.last_s)
    mystery = rng.random(n) < 0.05
    return schema.build(
        "qa_evaluations",
        evaluation_id=floor.ids("Q", n),
        agent_id=org.people(agent),
        interaction_id=contacts.ids(np.where(mystery, MISSING, rows)),
        evaluator_id=org.people(org.qa_people[rng.integers(0, len(org.qa_people), n)]),
        evaluated_at=evaluated,
        method=schema.texts(
            ("call_review", "screen_recording", "mystery_shopping"),
            np.where(mystery, 2, pick(rng, [0.7, 0.3], n)),
        ),
        sampling=schema.texts(("random", "targeted"), targeted.astype(np.int64)),
        score=score,
        script_adherence=parts[0],
        tone=parts[1],
        solution_accuracy=parts[2],
        critical_fail=rng.random(n) < 0.012,
    )


def csat_surveys(floor: Floor) -> pa.Table:
    """A survey after a third of customer contacts; about a quarter answer, mostly the next day."""
    rng, org, contacts = floor.rng("surveys"), floor.org, floor.contacts
    asked = contacts.handled & (contacts.queue < SALES) & (rng.random(len(contacts.agent)) < 0.33)
    rows = np.flatnonzero(asked & (contacts.ended + 120 < floor.stop_s))
    n, agent = len(rows), contacts.agent[rows]
    sent = contacts.ended[rows] + rng.integers(10, 90, n)
    responded = floor.seen(sent + rng.gamma(0.7, 9 * 3600, n).astype(np.int64) + 20)
    responded = np.where(rng.random(n) < 0.24, responded, MISSING)
    satisfied = 0.92 + 0.035 * np.clip(org.agent_empathy[agent], -2.5, 2.5)
    satisfied -= 0.30 * (contacts.outcome[rows] != RESOLVED)
    happy = rng.random(n) < satisfied
    score = np.where(happy, 4 + (rng.random(n) < 0.62), pick(rng, [0.35, 0.25, 0.40], n) + 1)
    return schema.build(
        "csat_surveys",
        survey_id=floor.ids("CS", n),
        interaction_id=contacts.ids(rows),
        agent_id=org.people(agent),
        sent_at=sent,
        responded_at=responded,
        score=np.where(responded == MISSING, MISSING, score),
    )


def system_usage(floor: Floor) -> pa.Table:
    """Applications opened during worked shifts."""
    rng, rota = floor.rng("usage"), floor.rota
    worked = np.flatnonzero(rota.worked)
    shift = np.repeat(worked, rng.integers(3, 7, len(worked)))
    n = len(shift)
    start, stop = rota.edges[shift, 0], rota.edges[shift, -1]
    begins = start + (rng.random(n) * (stop - start)).astype(np.int64)
    ends = np.minimum(begins + rng.gamma(1.2, 1500, n).astype(np.int64) + 5, stop)
    tool = pick(rng, [0.4, 0.2, 0.2, 0.12, 0.08], n)
    tools = (
        ("CRM", "customer record"),
        ("CRM", "order history"),
        ("Knowledge base", "search"),
        ("Ticketing", "queue"),
        ("Softphone", None),
    )
    return schema.build(
        "system_usage",
        usage_id=floor.ids("U", n),
        agent_id=floor.org.people(rota.agent[shift]),
        application=schema.texts([name for name, _ in tools], tool),
        feature=schema.texts([feature for _, feature in tools], tool),
        started_at=begins,
        ended_at=np.maximum(ends, begins),
    )


def compliance_events(floor: Floor) -> pa.Table:
    """Breaches of policy: about one per agent in two months."""
    rng, org, rota = floor.rng("compliance"), floor.org, floor.rota
    shift = _some(rng, np.flatnonzero(rota.worked), 0.022)
    n = len(shift)
    start, stop = rota.edges[shift, 0], rota.edges[shift, -1]
    occurred = start + (rng.random(n) * (stop - start)).astype(np.int64)
    severity = pick(rng, [0.78, 0.18, 0.04], n)
    policy = pick(rng, [0.3, 0.25, 0.25, 0.2], n)
    resolved = floor.seen(occurred + rng.gamma(2, 40 * 3600, n).astype(np.int64))
    step = np.where(severity == 0, pick(rng, [0.7, 0.3], n), 1 + pick(rng, [0.5, 0.35, 0.15], n))
    head = org.team_head[rota.team[shift]]
    return schema.build(
        "compliance_events",
        event_id=floor.ids("CO", n),
        agent_id=org.people(rota.agent[shift]),
        occurred_at=occurred,
        policy=schema.texts(
            ("identity check skipped", "card data on screen", "data shared", "script left out"),
            policy,
        ),
        regulation=schema.texts(("GDPR", "PCI-DSS", "HIPAA"), np.where(policy == 3, -1, policy)),
        severity=schema.texts(("minor", "major", "critical"), severity),
        description=schema.texts(
            (None, "Found in a call review", 'Customer asked, "who hears this?", and was not told'),
            pick(rng, [0.4, 0.4, 0.2], n),
        ),
        disciplinary_step=schema.texts(
            ("none", "verbal_warning", "written_warning", "final_warning"), step
        ),
        escalated_to=org.people(np.where(severity == 2, head, MISSING)),
        resolved_at=np.where(rng.random(n) < 0.85, resolved, MISSING),
    )


def sales(floor: Floor) -> pa.Table:
    """Leads from outbound calls; a site sells in its own currency and now and then in dollars."""
    rng, org, contacts = floor.rng("sales"), floor.org, floor.contacts
    calls = np.flatnonzero((contacts.queue == SALES) & (contacts.agent != MISSING))
    rows = _some(rng, calls, 0.15)
    n, agent = len(rows), contacts.agent[rows]
    created = contacts.queued[rows]
    engaged = rng.random(n) < 0.55
    engaged_at = floor.seen(created + rng.integers(60, 3600, n))
    engaged_at = np.where(engaged, engaged_at, MISSING)
    chance = np.clip(0.28 + 0.05 * org.agent_empathy[agent], 0.05, 0.6)
    converted_at = floor.seen(engaged_at + rng.gamma(0.8, DAY_S, n).astype(np.int64))
    won = (engaged_at != MISSING) & (rng.random(n) < chance) & (converted_at != MISSING)
    currencies = (SITES[floor.site].currency, "USD")
    currency = (rng.random(n) < 0.15).astype(np.int64)
    price = np.array([_PRICES[code] for code in currencies])[currency]
    revenue = np.round(rng.gamma(2, 60, n) * price, 2)
    return schema.build(
        "sales",
        lead_id=floor.ids("L", n),
        agent_id=org.people(agent),
        interaction_id=contacts.ids(rows),
        created_at=created,
        engaged_at=engaged_at,
        converted_at=np.where(won, converted_at, MISSING),
        revenue=np.where(won, revenue, np.nan),
        currency=schema.texts(currencies, np.where(won, currency, MISSING)),
    )


def feedback_sessions(floor: Floor) -> pa.Table:
    """Talks of an agent with the supervisor."""
    rng, org, rota = floor.rng("feedback"), floor.org, floor.rota
    shift = _some(rng, _one_shift_each(floor, rng), 0.6)
    n = len(shift)
    held = rota.edges[shift, 0] + rng.integers(1800, 6 * 3600, n)
    acknowledged = floor.seen(held + rng.gamma(1.2, 30 * 3600, n).astype(np.int64))
    acknowledged = np.where(rng.random(n) < 0.8, acknowledged, MISSING)
    notes = (
        None,
        "Good month, keep going",
        "Listen to two calls together; shorten wrap-up, then look again",
        'Said: "the knowledge base is out of date"\nChecked, and it is',
    )
    answers = (None, "Agreed", "I would like more time for written cases, please")
    answer = np.where(acknowledged == MISSING, 0, pick(rng, [0.3, 0.4, 0.3], n))
    return schema.build(
        "feedback_sessions",
        feedback_id=floor.ids("F", n),
        agent_id=org.people(rota.agent[shift]),
        supervisor_id=org.people(org.team_supervisor[rota.team[shift]]),
        held_at=held,
        kpi=schema.texts(_KPIS, pick(rng, [0.3, 0.2, 0.1, 0.2, 0.2], n)),
        notes=schema.texts(notes, pick(rng, [0.2, 0.3, 0.3, 0.2], n)),
        agent_response=schema.texts(answers, answer),
        acknowledged_at=acknowledged,
        task_id=[None] * n,
    )


def training_records(floor: Floor) -> pa.Table:
    """Courses completed, with a test before and after."""
    rng, rota = floor.rng("training"), floor.rota
    shift = _some(rng, _one_shift_each(floor, rng), 0.22)
    n = len(shift)
    course = pick(rng, [0.4, 0.3, 0.2, 0.1], n)
    before = np.clip(np.round(rng.normal(68, 10, n)), 0, 100)
    after = np.clip(np.round(before + rng.normal(11, 7, n)), 0, 100)
    return schema.build(
        "training_records",
        record_id=floor.ids("TR", n),
        agent_id=floor.org.people(rota.agent[shift]),
        course=schema.texts(
            ("Handling complaints", "Shorter calls", "Writing clearly", "Data protection"), course
        ),
        kpi=schema.texts(
            ("csat", "aht_seconds", "average_quality_score"), np.where(course == 3, -1, course)
        ),
        completed_at=rota.edges[shift, 0] + rng.integers(3600, 5 * 3600, n),
        pre_score=np.where(rng.random(n) < 0.15, np.nan, before),
        post_score=after,
    )


def _some(rng: np.random.Generator, rows: Ints, share: float) -> Ints:
    """A share of the rows, and at least one where there are any."""
    chosen: Flags = rng.random(len(rows)) < share
    if len(rows) and not chosen.any():
        chosen[0] = True
    return rows[chosen]


def _one_shift_each(floor: Floor, rng: np.random.Generator) -> Ints:
    """One worked shift of every agent, at random."""
    worked = rng.permutation(np.flatnonzero(floor.rota.worked))
    _, first = np.unique(floor.rota.agent[worked], return_index=True)
    return np.sort(worked[first])
