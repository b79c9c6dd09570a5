"""A small centre in which every text that a user may feed in says whose it is, names somebody else, and attacks.

Each text holds a mark, `q` owner `x` column `q` (such as `q03x17q`), that occurs nowhere else: whoever finds it in a
file knows whose data, and which column, got there. Owners are people, and from `TEAMS_FROM` on teams.
"""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

from ingestion import Home
from orchestration.project import MANIFEST, refresh_manifest
from orchestration.publication import interface, swap_in, write_candidate
from tests.support.warehouse import (
    Rows,
    build_models,
    compiled_nodes,
    create_table_functions,
    models_of,
)

Row = dict[str, Any]

MONTH = dt.date(2026, 10, 1)
AS_OF = dt.datetime(2026, 11, 1, 23, tzinfo=dt.UTC)
TEAMS_FROM = 50
# The last day has a working day of everybody, and so has the day that is today as of then.
DAYS = (dt.date(2026, 10, 7), dt.date(2026, 10, 28), dt.date(2026, 10, 31), dt.date(2026, 11, 1))

COLUMNS = (
    "agent_id", "name", "email", "phone", "team_id", "team_name", "department", "site", "skill_level",
    "status_event_id", "unavailable_reason", "away_reason", "unit",
    "segment_id", "shift_id",
    "interaction_id", "customer_id", "queue", "topic", "case_id", "transferred_to",
    "ticket_id", "kind",
    "evaluation_id", "survey_id",
    "usage_id", "application", "feature",
    "compliance_event_id", "policy", "regulation", "description", "escalated_to",
    "lead_id",
    "feedback_id", "notes", "agent_response", "task_id",
    "record_id", "course",
)  # fmt: skip

# What a text begins with, and what stands in the middle of it.
STARTS = {
    "formula": '=HYPERLINK("http://evil.example")',
    "plus": "+1+1",
    "minus": "-2+3",
    "at": "@SUM(A1)",
    "tab": "\t=1+1",
    "carriage return": "\r=1+1",
    "tag": "<script>alert(1)</script>",
    "end of title": "</title></table></svg><img src=x onerror=alert(1)>",
    "attribute": "\" onmouseover=\"alert(1)\" x='",
    "template": "{{ 7*7 }} {% raw %} {# x #}",
    "typst": '#eval("1") #read("/etc/passwd") $x$ <label> @ref',
    "markdown": "[a](javascript:alert(1)) ![b](http://evil.example/x.png) `c` **d** <!-- e",
    "table": "|a|b|\n|---|---|\n|c|d|\n\n# One\n- x",
    "right to left": "evil\u202egnp.exe\u202c \u2067x\u2069 a\u200db\u200c\ufeff",
    "quotes": "'; drop table marts.dim_agent; -- \\ \\n \"",
    "lines": "one\ntwo\r\nthree\u2028four\x0bfive",
    "entities": "&lt;b&gt; &amp; &#60; ]]> <![CDATA[ <?x ?>",
    "long": "Long words " * 300,
    "long word": "w" * 3000,
    "separators": "x;=1+1\t@SUM(A1)",
}  # fmt: skip
# Each of these agents begins texts of each day in another way, so every column meets every start.
HOSTILE_AGENTS = len(STARTS) // len(DAYS)
# An id has at most 128 characters.
_LONGEST_IN_ID = 90


def mark(owner: int, column: str) -> str:
    """What tells a text's owner and column."""
    return f"q{owner:02}x{COLUMNS.index(column):02}q"


@dataclass(frozen=True)
class Team:
    """A team; `number` is its owner in marks."""

    number: int
    department: int

    @property
    def team_id(self) -> str:
        """The team's id."""
        return mark(self.number, "team_id")


@dataclass(frozen=True)
class Person:
    """Somebody in `agents`; `joined`: a second team, with its site, from the middle of the month on."""

    number: int
    role: str
    team: Team
    moved_to: Team | None = None

    @property
    def agent_id(self) -> str:
        """The person's id."""
        return mark(self.number, "agent_id")

    @property
    def name(self) -> str:
        """The person's name, of two words; markup around it where texts are hostile."""
        name = f"Zoe {mark(self.number, 'name')}"
        return f"={{{{ 7*7 }}}} <b>{name}</b>" if 10 <= self.number < TEAMS_FROM else name

    @property
    def email(self) -> str:
        """The person's e-mail address."""
        return f"{mark(self.number, 'email')}@example.org"

    @property
    def phone(self) -> str:
        """The person's phone number."""
        return f"+1 555 0100 {self.number:03}"


NORTH, SOUTH, STAFF = Team(50, 50), Team(51, 51), Team(52, 52)
# Who is in which team says who may be read about where; 90 and on are the people above them.
PEOPLE = [
    Person(1, "agent", NORTH),
    Person(2, "agent", NORTH, moved_to=SOUTH),
    Person(3, "agent", SOUTH),
    *(Person(10 + n, "agent", (NORTH, SOUTH)[n % 2]) for n in range(HOSTILE_AGENTS)),
    Person(90, "team_lead", STAFF),
    Person(91, "supervisor", STAFF),
    Person(92, "department_head", STAFF),
    Person(93, "qa", STAFF),
]
AGENTS = [person for person in PEOPLE if person.role == "agent"]
LEAD, SUPERVISOR, HEAD, JUDGE = PEOPLE[-4:]


def _other(person: Person) -> Person:
    """Somebody who was never in a unit of this person."""
    return PEOPLE[2] if person.team == NORTH and person.moved_to is None else PEOPLE[0]


@dataclass
class _Texts:
    """Texts and ids of one agent on one day."""

    person: Person
    day: int
    start: str
    mention: str
    made: int = field(default=0)

    def text(self, column: str) -> str:
        """A text of a column."""
        return f"{self.start} {mark(self.person.number, column)}{self.mention}"

    @property
    def short(self) -> str:
        """What an id begins with."""
        return self.start if len(self.start) <= _LONGEST_IN_ID else "long"

    def identity(self, column: str) -> str:
        """An id that occurs once."""
        self.made += 1
        return f"{self.short} {mark(self.person.number, column)} {self.day}-{self.made}"


def _texts(person: Person, day: int) -> _Texts:
    """What an agent's texts of the day with this place in `DAYS` are made of."""
    if person.number < 10:
        # Harmless but for the people named.
        other = _other(person)
        mention = f" see {other.name}, {other.email}, {other.phone}, {other.agent_id}."
        return _Texts(person, day, "Note", mention)
    place = (person.number - 10) * len(DAYS) + day
    return _Texts(person, day, list(STARTS.values())[place], "")


def text_of(person: Person, day: int, column: str) -> str:
    """What a free text of an agent says on the day with this place in `DAYS`."""
    return _texts(person, day).text(column)


def rows() -> Rows:
    """The rows of every dataset, as they are after landing."""
    found: dict[str, list[Row]] = {name: [] for name in _WRITERS}
    found["agents"] = [row for person in PEOPLE for row in _profiles(person)]
    found["teams"] = [_team_row(team) for team in (NORTH, SOUTH, STAFF)]
    found["kpi_targets"] = [
        {
            "team_id": team.team_id, "kpi": "productivity", "direction": "higher",
            "target": Decimal(40), "coaching_threshold": Decimal(39),
            "critical_threshold": Decimal(1), "effective_from": dt.date(2026, 1, 1),
        }
        for team in (NORTH, SOUTH)
    ]  # fmt: skip
    for person in AGENTS:
        for number, day in enumerate(DAYS):
            texts = _texts(person, number)
            for dataset, write in _WRITERS.items():
                for row in write(texts, day):
                    found[dataset].append({"agent_id": person.agent_id} | row)
    return found


def _profiles(person: Person) -> Iterator[Row]:
    moves = [(dt.date(2026, 1, 1), person.team)]
    if person.moved_to:
        moves.append((dt.date(2026, 10, 16), person.moved_to))
    for day, team in moves:
        yield {
            "agent_id": person.agent_id,
            "name": person.name,
            "email": person.email,
            "phone": person.phone,
            "role": person.role,
            "function": {NORTH: "inbound", SOUTH: "outbound"}.get(team),
            "team_id": team.team_id,
            "site": _unit_name(team, "site"),
            "time_zone": "UTC",
            "skill_level": mark(person.number, "skill_level"),
            "effective_from": day,
        }


def _unit_name(team: Team, column: str) -> str:
    return f"=1+1 <b>{mark(team.number, column)}</b> {{{{ 7*7 }}}} #x"


def _team_row(team: Team) -> Row:
    return {
        "team_id": team.team_id,
        "team_name": _unit_name(team, "team_name"),
        "department": _unit_name(team, "department"),
        "team_lead_id": LEAD.agent_id,
        "supervisor_id": SUPERVISOR.agent_id,
        "department_head_id": HEAD.agent_id,
    }


def _at(day: dt.date, hour: int, minute: int = 0) -> dt.datetime:
    return dt.datetime.combine(day, dt.time(hour, minute), dt.UTC)


def _status_events(texts: _Texts, day: dt.date) -> Iterator[Row]:
    moments = (
        (8, "available", None), (9, "active", None), (10, "unavailable", "unavailable_reason"),
        (11, "available", None), (16, "away", "away_reason"),
    )  # fmt: skip
    for hour, status, reason in moments:
        yield {
            "event_id": texts.identity("status_event_id"),
            "occurred_at": _at(day, hour),
            "status": status,
            "reason": texts.text(reason) if reason else None,
            "unit": texts.text("unit"),
        }


def _shifts(texts: _Texts, day: dt.date) -> Iterator[Row]:
    yield {
        "segment_id": texts.identity("segment_id"),
        "shift_id": texts.identity("shift_id"),
        "starts_at": _at(day, 7),
        "ends_at": _at(day, 16),
        "activity": "work",
    }


def _contact_id(texts: _Texts, day: dt.date) -> str:
    return f"{texts.short} {mark(texts.person.number, 'interaction_id')} {day}"


def _interactions(texts: _Texts, day: dt.date) -> Iterator[Row]:
    yield {
        "interaction_id": _contact_id(texts, day),
        "customer_id": texts.identity("customer_id"),
        "channel": "voice",
        "direction": "inbound",
        "queue": texts.text("queue"),
        "topic": texts.text("topic"),
        "case_id": texts.identity("case_id"),
        "queued_at": _at(day, 9),
        "answered_at": _at(day, 9, 1),
        "ended_at": _at(day, 9, 11),
        "talk_seconds": 600,
        "hold_seconds": 10,
        "acw_seconds": 10,
        "outcome": "transferred",
        "transferred_to": texts.text("transferred_to"),
    }
    # After the clock-out: a finding.
    yield {
        "interaction_id": f"{_contact_id(texts, day)} late",
        "customer_id": texts.identity("customer_id"),
        "channel": "chat",
        "direction": "inbound",
        "queue": texts.text("queue"),
        "topic": texts.text("topic"),
        "queued_at": _at(day, 18),
        "answered_at": _at(day, 18, 1),
        "ended_at": _at(day, 18, 21),
        "talk_seconds": 1200,
        "outcome": "resolved",
    }


def _tickets(texts: _Texts, day: dt.date) -> Iterator[Row]:
    for status, resolved_at in (("open", None), ("resolved", _at(day, 15))):
        yield {
            "ticket_id": texts.identity("ticket_id"),
            "kind": texts.text("kind"),
            "created_at": _at(day, 9),
            "status": status,
            "resolved_at": resolved_at,
        }


def _qa_evaluations(texts: _Texts, day: dt.date) -> Iterator[Row]:
    for evaluator in (JUDGE, LEAD):
        yield {
            "evaluation_id": texts.identity("evaluation_id"),
            "interaction_id": _contact_id(texts, day),
            "evaluator_id": evaluator.agent_id,
            "evaluated_at": _at(day, 14),
            "method": "call_review",
            "sampling": "random",
            "score": Decimal(70 + texts.person.number % 20),
            "critical_fail": False,
        }


def _csat_surveys(texts: _Texts, day: dt.date) -> Iterator[Row]:
    for score in (1, 5):
        yield {
            "survey_id": texts.identity("survey_id"),
            "interaction_id": _contact_id(texts, day),
            "sent_at": _at(day, 10),
            "responded_at": _at(day, 12),
            "score": score,
        }


def _system_usage(texts: _Texts, day: dt.date) -> Iterator[Row]:
    yield {
        "usage_id": texts.identity("usage_id"),
        "application": texts.text("application"),
        "feature": texts.text("feature"),
        "started_at": _at(day, 9),
        "ended_at": _at(day, 10),
    }


def _compliance_events(texts: _Texts, day: dt.date) -> Iterator[Row]:
    yield {
        "event_id": texts.identity("compliance_event_id"),
        "occurred_at": _at(day, 13),
        "policy": texts.text("policy"),
        "regulation": texts.text("regulation"),
        "severity": "major",
        "description": texts.text("description"),
        "disciplinary_step": "final_warning",
        "escalated_to": texts.text("escalated_to"),
    }


def _sales(texts: _Texts, day: dt.date) -> Iterator[Row]:
    yield {
        "lead_id": texts.identity("lead_id"),
        "interaction_id": _contact_id(texts, day),
        "created_at": _at(day, 9),
        "engaged_at": _at(day, 10),
        "converted_at": _at(day, 11),
        "revenue": Decimal("10.5"),
        "currency": "EUR",
    }


def _feedback_sessions(texts: _Texts, day: dt.date) -> Iterator[Row]:
    yield {
        "feedback_id": texts.identity("feedback_id"),
        "supervisor_id": SUPERVISOR.agent_id,
        "held_at": _at(day, 14),
        "kpi": "csat",
        "notes": texts.text("notes"),
        "agent_response": texts.text("agent_response"),
        "task_id": texts.identity("task_id"),
    }


def _training_records(texts: _Texts, day: dt.date) -> Iterator[Row]:
    yield {
        "record_id": texts.identity("record_id"),
        "course": texts.text("course"),
        "kpi": "csat",
        "completed_at": _at(day, 14),
        "pre_score": Decimal(50),
        "post_score": Decimal(70),
    }


_WRITERS = {
    "status_events": _status_events,
    "shifts": _shifts,
    "interactions": _interactions,
    "tickets": _tickets,
    "qa_evaluations": _qa_evaluations,
    "csat_surveys": _csat_surveys,
    "system_usage": _system_usage,
    "compliance_events": _compliance_events,
    "sales": _sales,
    "feedback_sessions": _feedback_sessions,
    "training_records": _training_records,
}


@cache
def published(compiled: Path) -> Path:
    """Run the models over the centre, close its month, and publish it as a run does; returns the database.

    `compiled`: the folder of `compiled_nodes`.
    """
    nodes = compiled_nodes(compiled)
    home = Home(compiled / "hostile" / "home")
    home.prepare()
    refresh_manifest()
    with build_models(models_of(nodes), rows(), AS_OF, MONTH) as connection:
        connection.execute(f"attach '{home.warehouse}' as built")
        connection.execute("copy from database warehouse to built; use built")
        create_table_functions(connection, nodes)
        connection.execute("use memory; detach built")
    write_candidate(home, interface(MANIFEST))
    swap_in(home)
    return home.published_database
