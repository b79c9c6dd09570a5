"""Marts with made-up rows: what the table functions read, with moves, gaps, unknown people and missing figures.

No file lands and no model runs: a row is what the random numbers say, so that every label and every figure meets every
other. The figures do not belong to a possible working day, and need not.
"""

import datetime as dt
import random
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import duckdb
import pyarrow as pa

from tests.support.figures import agent_parts, agent_ratios
from tests.support.warehouse import Nodes

Row = dict[str, Any]

FIRST_DAY, LAST_DAY = dt.date(2026, 8, 20), dt.date(2026, 11, 10)
TEAMS = {"T1": "Care", "T2": "Care", "T3": "Sales", "T4": None}
SITES = ("Kraków", "Manila", None)
FUNCTIONS = ("inbound", "back_office", None)
CHANNELS = ("voice", "chat", "email", "social")
NOBODY_KNOWS = "X-1"

_NOT_BY_CHANNEL = ("handling_seconds", "off_clock_handling_seconds", "handling_interval_seconds")
_READ = (
    "dim_agent", "dim_team", "fct_agent_day", "fct_agent_channel_day", "fct_agent_application_day",
    "fct_attendance", "fct_compliance_finding", "fct_compliance_event", "fct_ticket",
    "fct_agent_day_revenue", "fct_qa_evaluation", "fct_queue_day", "agent_kpi_month",
)  # fmt: skip


def made_up_marts(nodes: Nodes, seed: int = 1) -> duckdb.DuckDBPyConnection:
    """A database in memory with the schema `marts`; columns and types are those of the contracts."""
    connection = duckdb.connect()
    connection.execute("set TimeZone = 'UTC'; attach ':memory:' as warehouse; use warehouse")
    connection.execute("create schema marts")
    rows = _Rows(random.Random(seed))
    for mart in _READ:
        columns = nodes[f"model.scorehouse.{mart}"]["columns"].values()
        declared = ", ".join(f'"{column["name"]}" {column["data_type"]}' for column in columns)
        connection.execute(f"create table marts.{mart} ({declared})")
        made = list(getattr(rows, mart)())
        # Of rows with different columns, a table would have those of the first alone.
        every = dict.fromkeys(name for row in made for name in row)
        table = pa.Table.from_pylist([{name: row.get(name) for name in every} for row in made])
        connection.register("made_up", table)
        connection.execute(f"insert into marts.{mart} by name from made_up")
        connection.unregister("made_up")
    ratios = ", ".join(
        f"{ratio['name']} = cast({ratio['numerator']} as double) / nullif({ratio['denominator']}, 0)"
        for ratio in agent_ratios()
    )
    connection.execute(f"update marts.fct_agent_day set {ratios}")
    connection.execute(
        "update marts.fct_agent_day set occupancy_band = case when occupancy > 0.9 then 'risk'"
        " when occupancy > 0.85 then 'watch' when occupancy is not null then 'normal' end"
    )
    return connection


class _Rows:
    """The rows of each mart, by its name."""

    def __init__(self, chance: random.Random) -> None:
        self.chance = chance
        # One agent has the id of a team.
        self.agents = [*(f"A{number}" for number in range(1, 10)), "T1"]
        self.profiles = [profile for agent in self.agents for profile in self._profiles(agent)]

    def dim_team(self) -> Iterator[Row]:
        for team_id, department in TEAMS.items():
            yield {"team_id": team_id, "team_name": f"Team {team_id}", "department": department}

    def dim_agent(self) -> Iterator[Row]:
        yield from self.profiles

    def fct_agent_day(self) -> Iterator[Row]:
        for agent, day in self._agent_days():
            row = {"agent_id": agent, "business_date": day, **self.labels(agent, day)}
            for part in agent_parts():
                row[part["name"]] = self._number(part["type"])
            yield row

    def fct_agent_channel_day(self) -> Iterator[Row]:
        for agent, day in self._agent_days():
            for channel in self.chance.sample(CHANNELS, 2):
                row = {"agent_id": agent, "business_date": day, "channel": channel}
                for part in agent_parts():
                    if part["dataset"] == "interactions":
                        row[part["name"]] = self._number(part["type"])
                yield {name: value for name, value in row.items() if name not in _NOT_BY_CHANNEL}

    def fct_agent_application_day(self) -> Iterator[Row]:
        for agent, day in self._agent_days():
            for feature in self.chance.sample(("search", "notes", None), 2):
                yield {
                    **self._fact(agent, day),
                    "application": self.chance.choice(("crm", "mail")),
                    "feature": feature,
                    "seconds_in_use": self.chance.randrange(9000),
                    "uses": self.chance.randrange(4),
                }

    def fct_attendance(self) -> Iterator[Row]:
        for number, (agent, day) in enumerate(self._agent_days()):
            for half in self.chance.choice(("a", "ab")):
                row = self._fact(agent, day) | {"shift_id": f"S{number}{half}"}
                yield row | self._presence(self.chance.choice((0, 14_400, 28_800)))

    def _presence(self, scheduled: int) -> Row:
        if self.chance.random() < 0.2:
            return {"scheduled_seconds": scheduled}
        absent = bool(scheduled) and self.chance.random() < 0.2
        came = bool(scheduled) and not absent
        late = self.chance.choice((0, 60, 301, 4000)) if came else None
        share = self.chance.random() if came else 0
        return {
            "scheduled_seconds": scheduled,
            "adherent_seconds": int(scheduled * share),
            "productive_seconds": int(scheduled * share * 0.9),
            "logged_in_seconds": self.chance.randrange(30_000),
            "is_absent": absent,
            "late_seconds": late,
            "is_late": None if late is None else late > 300,
            "left_early_seconds": self.chance.choice((0, 1, 500)) if came else None,
            "clock_out_reason": self.chance.choice(("end of shift", "lunch", None)),
        }

    def fct_compliance_finding(self) -> Iterator[Row]:
        for number, (agent, day) in enumerate(self._agent_days()):
            rule = self.chance.choice(("off_clock_work", "blank_reason", "inactivity"))
            yield self._fact(agent, day) | {
                "finding_id": f"F{number}",
                "finding_rule": rule,
                "severity": "high" if rule == "off_clock_work" else "low",
                "status": self.chance.choice(("open", "resolved")),
                "finding_seconds": None if rule == "blank_reason" else self.chance.randrange(900),
                "evidence_rows": self.chance.randrange(4),
            }

    def fct_compliance_event(self) -> Iterator[Row]:
        for number, (agent, day) in enumerate(self._agent_days()):
            yield self._fact(agent, day) | {
                "event_id": f"E{number}",
                "policy": self.chance.choice(("privacy", "script", None)),
                "severity": self.chance.choice(("low", "high")),
                "is_resolved": self.chance.random() < 0.5,
            }

    def fct_ticket(self) -> Iterator[Row]:
        for number, (agent, day) in enumerate(self._agent_days()):
            resolved = self.chance.random() < 0.7
            days = self.chance.randrange(20)
            yield {
                "ticket_id": f"K{number}",
                "agent_id": None if self.chance.random() < 0.05 else agent,
                "kind": self.chance.choice(("billing", None)),
                "created_date": None if self.chance.random() < 0.05 else day,
                "business_date": day + dt.timedelta(days=days) if resolved else None,
                "is_resolved": resolved,
                "resolution_seconds": days * 86_400 + 60 if resolved else None,
            }

    def fct_agent_day_revenue(self) -> Iterator[Row]:
        for agent, day in self._agent_days():
            for currency in self.chance.sample(("EUR", "USD", None), 2):
                yield self._fact(agent, day) | {
                    "currency": currency,
                    "converted_leads": self.chance.randrange(1, 4),
                    "revenue": Decimal(self.chance.randrange(10**7)) / 10**4,
                }

    def fct_qa_evaluation(self) -> Iterator[Row]:
        seen: Counter[str] = Counter()
        for number, (agent, day) in enumerate(self._agent_days()):
            # One evaluator has one agent alone, whom nobody else evaluates.
            evaluator = self.chance.choice(("A8", "A9", "X-2", None)) if agent != "A1" else "A7"
            # Another one has an agent alone among others.
            evaluator = "X-2" if agent == "T1" else evaluator
            # From September, one has exactly 30 evaluations, and another one few, of agents with many.
            if agent in ("A2", "A3", "A4", "A5", "A6") and day >= dt.date(2026, 9, 5):
                evaluator = ("X-3" if seen[agent] < 6 else "X-4") if seen[agent] < 8 else evaluator
                seen[agent] += 1
            failed = self.chance.random() < 0.1
            yield self._fact(agent, day) | {
                "evaluation_id": f"Q{number}",
                "evaluator_id": evaluator,
                "evaluator_role": self.chance.choice(("qa", None)) if evaluator else None,
                "method": self.chance.choice(("call_review", "mystery_shopping")),
                "critical_fail": failed,
                "effective_score": Decimal(0 if failed else self.chance.randrange(5000, 10_000))
                / 100,
            }

    def fct_queue_day(self) -> Iterator[Row]:
        for number in range((LAST_DAY - FIRST_DAY).days + 1):
            day = FIRST_DAY + dt.timedelta(days=number)
            for queue, channel in (("a", "voice"), ("a", "chat"), (None, "email"), ("b", "social")):
                # Voice gets a level in mid-September, and another one in October; social never has one.
                late = day >= dt.date(2026, 9, 15)
                limit = {"voice": (20 if day.month == 9 else 30) if late else None, "social": None}
                seconds = limit.get(channel, 60)
                answered, abandoned, waiting = (self.chance.randrange(9) for _ in range(3))
                yield {
                    "queue": queue,
                    "channel": channel,
                    "business_date": day,
                    "service_level_seconds": seconds,
                    "offered": answered + abandoned + waiting,
                    "answered": answered,
                    "abandoned": abandoned,
                    "waiting": waiting,
                    "answered_within_service_level": None
                    if seconds is None
                    else self.chance.randint(0, answered),
                    "wait_seconds": self.chance.randrange(900) if answered else 0,
                }

    def agent_kpi_month(self) -> Iterator[Row]:
        for agent in (*self.agents, "nobody with a day"):
            for month in (9, 10):
                for kpi in ("aht", "csat"):
                    yield {
                        "agent_id": agent,
                        "month": dt.date(2026, month, 1),
                        "kpi": kpi,
                        "met": self.chance.choice((True, False, None)),
                        "inconclusive": self.chance.random() < 0.5,
                    }

    def labels(self, agent: str, day: dt.date) -> Row:
        """Team, site and function of the profile in force; the first also covers what came before it."""
        mine = [profile for profile in self.profiles if profile["agent_id"] == agent]
        begun = [profile for profile in mine if profile["valid_from"] <= day] or mine[:1]
        return {
            name: begun[-1][name] if begun else None for name in ("team_id", "site", "function")
        }

    def _profiles(self, agent: str) -> Iterator[Row]:
        starts = sorted(self.chance.sample(range(10, 80), self.chance.choice((1, 2, 3))))
        for index, start in enumerate(starts):
            last = index + 1 == len(starts)
            yield {
                "agent_id": agent,
                "valid_from": FIRST_DAY + dt.timedelta(days=start),
                "valid_to": None if last else FIRST_DAY + dt.timedelta(days=starts[index + 1] - 1),
                "is_current": last,
                "name": f"Person {agent} {'now' if last else 'before'}",
                "team_id": self.chance.choice((*TEAMS, None)),
                "site": self.chance.choice(SITES),
                "function": self.chance.choice(FUNCTIONS),
            }

    def _agent_days(self) -> Iterator[tuple[str, dt.date]]:
        for agent in (*self.agents, NOBODY_KNOWS):
            for number in range((LAST_DAY - FIRST_DAY).days + 1):
                if self.chance.random() < 0.6:
                    yield agent, FIRST_DAY + dt.timedelta(days=number)

    def _fact(self, agent: str, day: dt.date) -> Row:
        return {
            "agent_id": agent,
            "business_date": day,
            "team_id": self.labels(agent, day)["team_id"],
        }

    def _number(self, kind: str, most: int = 5000) -> int | Decimal | None:
        if self.chance.random() < 0.15:
            return None
        if self.chance.random() < 0.1:
            return 0
        number = self.chance.randrange(most)
        return Decimal(number) / 100 if kind.startswith("decimal") else number
