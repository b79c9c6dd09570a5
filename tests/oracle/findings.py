"""Compliance findings, rule by rule, with the rows that each rests on (docs/rules.md)."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, datetime

from tests.oracle.contract import Row, Rows
from tests.oracle.instants import instant_of, second_of
from tests.oracle.parameters import DEFAULTS, Parameters
from tests.oracle.profiles import Profiles, business_date, profiles_of
from tests.oracle.timeline import AVAILABLE, AWAY, UNAVAILABLE, Run, by_run, clock_of, joined
from tests.oracle.versions import seen_at

LADDER = {
    "none": 0,
    "verbal_warning": 1,
    "written_warning": 2,
    "final_warning": 3,
    "termination": 4,
}
# The rules that need more than one agent's rows are not here.
RULES = {
    "off_clock_work", "missing_clock_out", "clock_out_while_handling", "blank_reason", "inactivity",
    "skipped_disciplinary_step", "evaluator_not_qa",
}  # fmt: skip
# Rule, agent, business date, and the rows it rests on: two findings of one rule never share all of these.
Finding = tuple[str, str, date, frozenset[tuple[str, str]]]


def findings(
    rows: Rows, as_of: datetime, parameters: Parameters = DEFAULTS
) -> dict[Finding, int | None]:
    """Finding → the seconds it is about, or None, for the rules that look at one agent's rows alone."""
    seen = seen_at(rows, as_of)
    found: dict[Finding, int | None] = {}
    for agent_id in sorted(
        {row["agent_id"] for part in seen.values() for row in part if row.get("agent_id")}
    ):
        profiles = profiles_of(seen, agent_id)
        found |= _of_the_clock(seen, agent_id, profiles, as_of, parameters)
        found |= _blank_reasons(seen, agent_id, profiles)
        found |= _skipped_steps(seen, agent_id, profiles)
        found |= _evaluators(seen, agent_id, profiles)
    return found


def _of_the_clock(
    seen: Rows, agent_id: str, profiles: Profiles, as_of: datetime, parameters: Parameters
) -> dict[Finding, int | None]:
    clock = clock_of(seen, agent_id, as_of, parameters.max_status_interval_hours)
    runs = joined(by_run(clock))
    contacts = _contacts(seen, agent_id, as_of)
    found = _off_clock(agent_id, runs, contacts) | _idle(agent_id, runs, parameters)
    before = None
    for status in clock.statuses:
        if status.start == status.end:
            continue
        day, event = business_date(profiles, status.start), status.event
        if status.missing_clock_out and event["status"] != AWAY:
            evidence = frozenset({("status_events", event["event_id"])})
            cap = parameters.max_status_interval_hours * 3600
            found["missing_clock_out", agent_id, day, evidence] = cap
        clocks_out = (
            event["status"] == AWAY
            and before is not None
            and before.event["status"] != AWAY
            and not before.missing_clock_out
        )
        open_contacts = [c for c in contacts if c[1] < status.start < c[2]]
        if clocks_out and open_contacts:
            evidence = frozenset(
                {("status_events", event["event_id"])}
                | {("interactions", contact_id) for contact_id, _, _ in open_contacts}
            )
            left = max(end for _, _, end in open_contacts) - status.start
            found["clock_out_while_handling", agent_id, day, evidence] = left
        before = status
    return found


def _contacts(seen: Rows, agent_id: str, as_of: datetime) -> list[tuple[str, int, int]]:
    """(interaction_id, start, end) of the agent's handling intervals, cut at `as_of`."""
    now = second_of(as_of)
    return [
        (
            row["interaction_id"],
            second_of(row["answered_at"]),
            now
            if row.get("ended_at") is None
            else min(now, second_of(row["ended_at"]) + (row.get("acw_seconds") or 0)),
        )
        for row in seen.get("interactions", [])
        if row.get("agent_id") == agent_id and row.get("answered_at") is not None
    ]


def _off_clock(
    agent_id: str, runs: list[Run], contacts: list[tuple[str, int, int]]
) -> dict[Finding, int | None]:
    seconds: dict[date, int] = defaultdict(int)
    evidence: dict[date, set[tuple[str, str]]] = defaultdict(set)
    for run in runs:
        if run.state == AWAY and run.handling > 0:
            seconds[run.business_date] += run.seconds
            evidence[run.business_date] |= {
                ("interactions", contact_id)
                for contact_id, start, end in contacts
                if start < run.end and end > run.start and start < end
            }
    return {
        ("off_clock_work", agent_id, day, frozenset(evidence[day])): seconds[day] for day in seconds
    }


def _idle(agent_id: str, runs: list[Run], parameters: Parameters) -> dict[Finding, int | None]:
    stretches: list[list[Run]] = []
    for run in runs:
        if run.state != AVAILABLE or run.missing_clock_out:
            continue
        if stretches and stretches[-1][-1].end == run.start:
            stretches[-1].append(run)
        else:
            stretches.append([run])
    found: dict[Finding, int | None] = {}
    for stretch in stretches:
        seconds = sum(run.seconds for run in stretch)
        if seconds > parameters.inactivity_seconds:
            start = f"{instant_of(stretch[0].start):%Y-%m-%dT%H:%M:%SZ}"
            evidence = frozenset({("fct_status_interval", start)})
            found["inactivity", agent_id, stretch[0].business_date, evidence] = seconds
    return found


def _blank_reasons(seen: Rows, agent_id: str, profiles: Profiles) -> dict[Finding, int | None]:
    evidence: dict[date, set[tuple[str, str]]] = defaultdict(set)
    for row in _of(seen, "status_events", agent_id):
        if row["status"] == UNAVAILABLE and row.get("reason") in (None, "other"):
            day = business_date(profiles, second_of(row["occurred_at"]))
            evidence[day].add(("status_events", row["event_id"]))
    return {("blank_reason", agent_id, day, frozenset(ids)): None for day, ids in evidence.items()}


def _skipped_steps(seen: Rows, agent_id: str, profiles: Profiles) -> dict[Finding, int | None]:
    found: dict[Finding, int | None] = {}
    highest = 0
    events = _of(seen, "compliance_events", agent_id)
    for row in sorted(events, key=lambda row: (row["occurred_at"], row["event_id"])):
        rank = LADDER.get(row.get("disciplinary_step") or "none", 0)
        if rank > highest + 1:
            day = business_date(profiles, second_of(row["occurred_at"]))
            evidence = frozenset({("compliance_events", row["event_id"])})
            found["skipped_disciplinary_step", agent_id, day, evidence] = None
        highest = max(highest, rank)
    return found


def _evaluators(seen: Rows, agent_id: str, profiles: Profiles) -> dict[Finding, int | None]:
    found: dict[Finding, int | None] = {}
    for row in _of(seen, "qa_evaluations", agent_id):
        evaluator = row.get("evaluator_id")
        # Nobody in a scenario has the role that may evaluate.
        if evaluator is not None:
            day = business_date(profiles, second_of(row["evaluated_at"]))
            evidence = frozenset({("qa_evaluations", row["evaluation_id"])})
            found["evaluator_not_qa", agent_id, day, evidence] = None
    return found


def _of(seen: Rows, dataset: str, agent_id: str) -> list[Row]:
    return [row for row in seen.get(dataset, []) if row["agent_id"] == agent_id]
