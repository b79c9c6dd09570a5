"""Marts with made-up rows: what the table functions read, with moves, gaps, unknown people and missing figures.

No file lands and no model runs: a row is what the random numbers say, so that every label and every figure meets every
other. The figures do not belong to a possible working day, and need not.
"""

import datetime as dt
import random
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

_READ = ("dim_agent", "dim_team", "fct_agent_day")


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
        table = pa.Table.from_pylist(list(getattr(rows, mart)()))
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
        self.agents = [f"A{number}" for number in range(1, 10)]
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

    def _number(self, kind: str, most: int = 5000) -> int | Decimal | None:
        if self.chance.random() < 0.15:
            return None
        if self.chance.random() < 0.1:
            return 0
        number = self.chance.randrange(most)
        return Decimal(number) / 100 if kind.startswith("decimal") else number
