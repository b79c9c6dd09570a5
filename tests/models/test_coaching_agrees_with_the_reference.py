"""Property: what training and coaching brought is what the slow second implementation says."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from random import Random

import pytest

from tests.oracle.coaching import coaching_effects
from tests.oracle.contract import Row, Rows
from tests.support.compare import differences
from tests.support.warehouse import build, fetch

MART = "fct_coaching_effect"
AGENTS = [f"agent-{number}" for number in range(1, 10)]
MONTHS = [datetime(2026, month, 10, 12, tzinfo=UTC) for month in (1, 2, 3, 4)]
# March ends in Manila at 16:00 UTC; at the last one, April is over everywhere.
AS_OF = [
    datetime(2026, 3, 31, 16, tzinfo=UTC),
    datetime(2026, 4, 1, tzinfo=UTC),
    datetime(2026, 5, 2, tzinfo=UTC),
]
INSTANTS = [*MONTHS, datetime(2026, 2, 28, 23, 30, tzinfo=UTC), datetime(2026, 3, 1, tzinfo=UTC)]
KPIS = ("csat", "csat", "aht", "aht_seconds", "charm", None)


def centre(chance: Random) -> Rows:
    """Nine agents in two time zones over four months: surveys, contacts, courses and sessions.

    Some of them take a course on handle time, which may change it by minutes where others change by seconds.
    """
    learners = set(chance.sample(AGENTS, chance.randint(1, 4)))
    learnt_at = chance.choice(MONTHS[1:3])
    gain = chance.choice((-150, 0, 150))
    contacts, surveys = [], []
    for who in AGENTS:
        for at in MONTHS:
            seconds = 300 + (gain if who in learners and at > learnt_at else 0)
            contacts += [
                _contact(who, at, seconds + chance.choice((0, 0, 1, 17)))
                for _ in range(chance.choice((0, 1, 1, 1, 2)))
            ]
            surveys += [
                {"agent_id": who, "sent_at": at, "responded_at": at, "score": chance.randint(1, 5)}
                for _ in range(chance.randint(0, 3))
            ]
    trainings = [
        {"agent_id": who, "completed_at": learnt_at, "kpi": "aht", "course": "Speed"}
        for who in learners
    ]
    trainings += [
        {"course": chance.choice(("Speed", "Empathy"))} | _happening(chance, "completed_at")
        for _ in range(chance.randint(0, 3))
    ]
    sessions = [
        {"supervisor_id": "lead"} | _happening(chance, "held_at")
        for _ in range(chance.randint(0, 4))
    ]
    targets = [_target("csat", "lower"), _target("aht", "higher")]
    return {
        "agents": [_agent(who, chance.choice(("UTC", "Asia/Manila"))) for who in AGENTS],
        "teams": [],
        "status_events": [],
        "tickets": [],
        "qa_evaluations": [],
        "kpi_targets": chance.choice(([], targets)),
        "csat_surveys": _numbered(surveys, "survey_id"),
        "interactions": _numbered(contacts, "interaction_id"),
        "training_records": _numbered(trainings, "record_id"),
        "feedback_sessions": _numbered(sessions, "feedback_id"),
    }


def _happening(chance: Random, when: str) -> Row:
    who, at, kpi = chance.choice(AGENTS), chance.choice(INSTANTS), chance.choice(KPIS)
    return {"agent_id": who, when: at, "kpi": kpi}


def _numbered(rows: list[Row], key: str) -> list[Row]:
    return [{key: str(number)} | row for number, row in enumerate(rows)]


def _agent(who: str, zone: str) -> Row:
    return {
        "agent_id": who,
        "name": who,
        "role": "agent",
        "team_id": "t",
        "time_zone": zone,
        "effective_from": date(2025, 1, 1),
    }


def _contact(who: str, at: datetime, seconds: int) -> Row:
    return {
        "agent_id": who,
        "customer_id": "c",
        "channel": "voice",
        "direction": "inbound",
        "queued_at": at,
        "answered_at": at,
        "ended_at": at + timedelta(seconds=seconds),
        "talk_seconds": seconds,
    }


def _target(kpi: str, direction: str) -> Row:
    return {
        "team_id": None,
        "kpi": kpi,
        "direction": direction,
        "target": Decimal(1),
        "effective_from": date(2026, 3, 15),
    }


@pytest.mark.parametrize("seed", range(30))
def test_effects_are_those_of_the_reference(compiled: Path, seed: int) -> None:
    rows = centre(Random(seed))
    as_of = AS_OF[min(seed % 6, 2)]
    marts = build(compiled, rows, as_of, wanted=[MART])
    found = fetch(marts, MART, "intervention", "subject", "kpi", "month")
    expected = coaching_effects(rows, as_of)
    problems = differences(found, expected, list(next(iter(expected.values()))))
    assert not problems, "\n".join(problems)


def test_the_centres_meet_every_conclusion() -> None:
    met = {
        effect["conclusion"]
        for seed in range(30)
        for effect in coaching_effects(centre(Random(seed)), AS_OF[min(seed % 6, 2)]).values()
    }
    assert met == {"improved", "worsened", "inconclusive", "too_few"}
