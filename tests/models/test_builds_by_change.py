"""Property: whatever lands in whatever order, a warehouse built by change is the one that is built at once."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, example, given, seed, settings
from hypothesis import strategies as st

from ingestion import DATASETS
from tests.oracle.strategies import Scenario, scenarios
from tests.support.by_change import ByChange
from tests.support.warehouse import (
    Model,
    Rows,
    build_models,
    chosen,
    compiled_models,
    compiled_nodes,
    models_of,
)

SEED, STEPS = 1, 3


@st.composite
def histories(draw: st.DrawFn) -> list[Scenario]:
    """How a scenario came to be: at each step the rows that are there, and the instant reported at.

    A row comes at any step. It may have come before with the content of another: then it was corrected.
    """
    final = draw(scenarios())
    ends = sorted(
        {at for rows in final.rows.values() for row in rows for at in _instants(row)}
        | {final.as_of}
    )
    reported = sorted(draw(st.sampled_from(ends)) for _ in range(STEPS - 1))
    steps: list[Rows] = [{dataset: [] for dataset in final.rows} for _ in range(STEPS)]
    for dataset, rows in final.rows.items():
        key = DATASETS[dataset].key
        for row in rows:
            first = draw(st.integers(0, STEPS - 1))
            settled = draw(st.integers(first, STEPS - 1))
            other = draw(st.sampled_from(rows))
            wrong = {**other, **{column: row[column] for column in key}}
            for step in range(first, STEPS):
                steps[step][dataset].append(row if step >= settled else wrong)
    instants = [min(at, final.as_of) for at in reported]
    return [Scenario(rows, at) for rows, at in zip(steps, [*instants, final.as_of], strict=True)]


def a_night_that_ends_later() -> list[Scenario]:
    """Nobody calls from eight in the evening on; only the end, on the next date, is corrected.

    The idle stretch is a finding of the first date, the clock-out that of a shift of the first date.
    """
    zone = {
        "time_zone": "UTC",
        "team_id": "team-a",
        "role": "agent",
        "effective_from": date(2026, 1, 1),
    }
    evening, night = datetime(2026, 5, 4, 20, tzinfo=UTC), datetime(2026, 5, 5, 3, tzinfo=UTC)
    shift = {"segment_id": "s", "shift_id": "s", "agent_id": "a", "activity": "work"}
    came = {"event_id": "1", "agent_id": "a", "occurred_at": evening, "status": "available"}
    went = {"event_id": "2", "agent_id": "a", "status": "away", "reason": "end of shift"}

    def known(leaving: datetime) -> Rows:
        return {
            "agents": [{"agent_id": "a", "name": "A", **zone}],
            "teams": [{"team_id": "team-a", "team_name": "A", "department": "care"}],
            "status_events": [came, {**went, "occurred_at": leaving}],
            "shifts": [{**shift, "starts_at": evening, "ends_at": night - timedelta(hours=4)}],
            "interactions": [],
        }

    as_of = night + timedelta(days=2)
    return [Scenario(known(night), as_of), Scenario(known(night + timedelta(minutes=30)), as_of)]


def a_week_that_comes_bit_by_bit() -> list[Scenario]:
    """Thursday comes, and weeks later Monday's clock-out is corrected: the week is of both days each time."""
    monday = datetime(2026, 5, 4, 9, tzinfo=UTC)
    thursday = monday + timedelta(days=3)
    profile = {"agent_id": "a", "name": "A", "time_zone": "UTC", "effective_from": date(2026, 1, 1)}

    def worked(begin: datetime, hours: int) -> list[dict[str, Any]]:
        event = {"agent_id": "a", "event_id": f"{begin:%a}"}
        left = {**event, "event_id": f"{begin:%a} left", "occurred_at": begin + hours * HOUR}
        return [
            {**event, "occurred_at": begin, "status": "available"},
            {**left, "status": "away", "reason": "end of shift"},
        ]

    # What is between two clock-outs changes with the first of them: Tuesday keeps Thursday out of it.
    rest = worked(monday + timedelta(days=1), 3)
    known = [
        [*worked(monday, 3), *rest],
        [*worked(monday, 3), *rest, *worked(thursday, 4)],
        [*worked(monday, 5), *rest, *worked(thursday, 4)],
    ]
    return [
        Scenario({"agents": [profile], "status_events": events}, monday + timedelta(days=days))
        for events, days in zip(known, (2, 15, 16), strict=True)
    ]


def people_who_become_others() -> list[Scenario]:
    """No fact changes, but whose it is: the agent's team is corrected, the evaluator's role, the team's department."""
    at = datetime(2026, 5, 4, 9, tzinfo=UTC)
    person = {"name": "A", "time_zone": "UTC", "effective_from": date(2026, 1, 1)}
    contact = {
        "interaction_id": "i", "agent_id": "a", "customer_id": "ada", "channel": "voice",
        "direction": "inbound", "queued_at": at, "answered_at": at, "ended_at": at + HOUR,
    }  # fmt: skip
    evaluation = {"evaluation_id": "q", "agent_id": "a", "evaluator_id": "e", "evaluated_at": at}

    def known(team: str, role: str, department: str) -> Scenario:
        rows: Rows = {
            "agents": [
                {**person, "agent_id": "a", "role": "agent", "team_id": team},
                {**person, "agent_id": "e", "role": role},
            ],
            "teams": [
                {"team_id": "team-a", "team_name": "A", "department": "care"},
                {"team_id": "team-b", "team_name": "B", "department": department},
            ],
            "interactions": [contact],
            "qa_evaluations": [{**evaluation, "score": 90}],
        }
        return Scenario(rows, at + DAY)

    return [
        known("team-a", "agent", "care"),
        known("team-b", "agent", "care"),
        known("team-b", "qa", "care"),
        known("team-b", "qa", "sales"),
    ]


def a_team_with_a_list_of_applications() -> list[Scenario]:
    """An open use turns out to be of a team with a list, then it is corrected, then there is another one."""
    at = datetime(2026, 5, 4, 9, tzinfo=UTC)
    use = {"agent_id": "a", "application": "crm"}
    uses = [
        {**use, "usage_id": "1", "started_at": at},
        {**use, "usage_id": "2", "started_at": at + 3 * DAY, "ended_at": at + 3 * DAY + HOUR},
    ]

    def known(team: str, rows: list[dict[str, Any]], days: int) -> Scenario:
        person = {"agent_id": "a", "name": "A", "time_zone": "UTC", "team_id": team}
        agents = [{**person, "effective_from": date(2026, 1, 1)}]
        return Scenario({"agents": agents, "system_usage": rows}, at + days * DAY)

    corrected = {**uses[0], "feature": "notes"}
    return [
        known("team-b", uses[:1], 1),
        known("team-a", uses[:1], 1),
        known("team-a", [corrected], 1),
        known("team-a", [corrected, uses[1]], 4),
    ]


HOUR, DAY = timedelta(hours=1), timedelta(days=1)
BEGIN = datetime(2026, 5, 4, 9, tzinfo=UTC)


@st.composite
def contacts_of_weeks(draw: st.DrawFn) -> list[Scenario]:
    """Two customers call for seven weeks about few things: most contacts lie around the window of first contacts.

    Some last for days; each is new, other than before, or gone at any step.
    """
    zone = draw(st.sampled_from(["UTC", "Pacific/Auckland", "America/Los_Angeles"]))
    profile = {"agent_id": "a", "name": "A", "time_zone": zone, "effective_from": date(2026, 1, 1)}
    # Just within and just outside of the window after the end of another one, or anywhere.
    apart = st.sampled_from([HOUR, 3 * DAY, 7 * DAY - HOUR, 7 * DAY, 7 * DAY + HOUR, 8 * DAY])
    lasting = st.sampled_from([HOUR, HOUR, HOUR, DAY, 9 * DAY])
    times = []
    at = BEGIN
    for _ in range(draw(st.integers(4, 12))):
        took = draw(lasting)
        times.append((at, at + took))
        at += draw(apart) + draw(st.sampled_from([timedelta(0), took]))

    def row(number: int) -> dict[str, Any]:
        answered_at, ended_at = draw(st.sampled_from(times))
        return {
            "interaction_id": str(number),
            "agent_id": draw(st.sampled_from([*"aaaaa", None])),
            "customer_id": draw(st.sampled_from(["ada", "ada", "ada", "bob"])),
            "topic": draw(st.sampled_from(["invoice", "invoice", "invoice", None])),
            "channel": "voice",
            "direction": "inbound",
            "queued_at": answered_at - draw(st.sampled_from([timedelta(0), HOUR, 2 * DAY])),
            "answered_at": answered_at,
            "ended_at": ended_at,
            "outcome": draw(st.sampled_from(["resolved", "resolved", "unresolved"])),
        }

    now = {number: row(number) for number in range(draw(st.integers(3, 12)))}
    history = []
    as_of = BEGIN
    ends = [end + later for _, end in times for later in (timedelta(0), 7 * DAY)]
    for _ in range(STEPS + 1):
        for number in draw(st.sets(st.integers(0, 11), max_size=2)):
            if draw(st.booleans()):
                now[number] = row(number)
            else:
                now.pop(number, None)
        as_of = max(as_of, draw(st.sampled_from(ends)) + HOUR)
        rows = {"agents": [profile], "interactions": [now[number] for number in sorted(now)]}
        history.append(Scenario(rows, as_of))
    return history


def two_contacts(apart: timedelta, *reported: timedelta, late: int | None = None) -> list[Scenario]:
    """A customer calls twice about one thing. `late`: the call that is not known when it is reported first."""
    profile = {"agent_id": "a", "name": "A", "time_zone": "UTC", "effective_from": date(2026, 1, 1)}
    calls = [
        {
            "interaction_id": str(at),
            "agent_id": "a",
            "customer_id": "ada",
            "topic": "invoice",
            "channel": "voice",
            "direction": "inbound",
            "queued_at": at,
            "answered_at": at,
            "ended_at": at + HOUR,
            "outcome": "resolved",
        }
        for at in (BEGIN, BEGIN + apart)
    ]
    known = [[call for number, call in enumerate(calls) if number != late], calls, calls]
    return [
        Scenario({"agents": [profile], "interactions": rows}, BEGIN + at)
        for rows, at in zip(known, reported, strict=False)
    ]


def _instants(row: dict[str, Any]) -> list[Any]:
    return [value for value in row.values() if hasattr(value, "tzinfo") and value.tzinfo]


def in_one_go(
    compiled: Path,
    history: list[Scenario],
    wanted: list[str] | None = None,
    rules: Mapping[str, str] | None = None,
) -> None:
    """Build all models, or some with all that they stand on, by change and at once, and compare.

    `rules`: for a table of rules by its name, the query that takes its place.
    """
    nodes = compiled_nodes(compiled)

    def ruled(models: Sequence[Model]) -> list[Model]:
        return [model._replace(sql=(rules or {}).get(model.name, model.sql)) for model in models]

    warehouse = ByChange(ruled(chosen(models_of(nodes, by_change=True), wanted)), nodes)
    for rows, as_of in history:
        warehouse.build(rows, as_of)
    whole = build_models(ruled(compiled_models(compiled)), *history[-1], wanted=wanted)
    differing = warehouse.differing(whole)
    assert not differing, "\n".join(differing)


# Shrinking what was found would take longer than reading it.
drawn = settings(
    max_examples=4,
    deadline=None,
    database=None,
    phases=(Phase.explicit, Phase.generate),
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


@seed(SEED)
@drawn
@given(history=histories())
@example(history=a_night_that_ends_later())
@example(history=a_week_that_comes_bit_by_bit())
@example(history=people_who_become_others())
def test_any_order_of_loads_ends_in_the_same_warehouse(
    compiled: Path, history: list[Scenario]
) -> None:
    in_one_go(compiled, history)


@seed(SEED)
@settings(drawn, max_examples=8)
@given(history=contacts_of_weeks())
# The second call matures, and is none that is first: the first one, long since mature, says so.
@example(history=two_contacts(3 * DAY, 8 * DAY, 20 * DAY))
# The first call matures, and resolved nothing: the second one, not mature yet, says so.
@example(history=two_contacts(6 * DAY, 6 * DAY + 2 * HOUR, 8 * DAY))
# A call before or after the other one comes late, and the other one is not the first, or resolved nothing.
@example(history=two_contacts(6 * DAY, 9 * DAY, 9 * DAY, late=0))
@example(history=two_contacts(6 * DAY, 9 * DAY, 9 * DAY, late=1))
def test_first_contacts_are_those_of_a_whole_build(compiled: Path, history: list[Scenario]) -> None:
    in_one_go(compiled, history, ["fct_interaction"])


@seed(SEED)
@settings(drawn, max_examples=8)
@given(history=histories())
@example(history=a_team_with_a_list_of_applications())
def test_uses_of_applications_are_those_of_a_whole_build(
    compiled: Path, history: list[Scenario]
) -> None:
    listed = (
        "select 'team-a' as team_id, 'mail' as application, date '2000-01-01' as effective_from,"
        " cast(null as date) as effective_to"
    )
    # What says which days changed stands on the timeline.
    wanted = ["int_compliance__application_evidence", "int_activity__status_timeline"]
    in_one_go(compiled, history, wanted, {"allowed_applications": listed})


@pytest.mark.long
@pytest.mark.timeout(3600)
@seed(SEED + 1)
@settings(drawn, max_examples=500)
@given(history=contacts_of_weeks())
def test_so_are_those_of_many_more(compiled: Path, history: list[Scenario]) -> None:
    in_one_go(compiled, history, ["fct_interaction"])


@pytest.mark.long
@pytest.mark.timeout(3600)
@seed(SEED + 1)
@settings(drawn, max_examples=150)
@given(history=histories())
def test_so_do_many_more(compiled: Path, history: list[Scenario]) -> None:
    in_one_go(compiled, history)
