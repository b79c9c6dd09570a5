"""Property: the normalised score does not ask how long somebody works, only how much per hour."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.warehouse import compiled_models

MART = "agent_normalised_score_month"
people = st.lists(
    st.tuples(
        st.integers(0, 300),  # tickets
        st.sampled_from((0, 1, 3600, 72_000, 576_001)),  # logged-in seconds
        st.sampled_from((None, 0.0, 72.5, 90.0)),  # mean quality
        st.sampled_from(("t1", "t1", "t2", None)),
        st.sampled_from(("agent", "agent", "team_lead")),
    ),
    min_size=1,
    max_size=6,
)


@pytest.fixture(scope="module")
def month() -> Iterator[duckdb.DuckDBPyConnection]:
    """A database with the mart that the score is made from, without rows."""
    with duckdb.connect(config={"threads": 1}) as connection:
        connection.execute("attach ':memory:' as warehouse; create schema warehouse.marts")
        connection.execute(
            "create table warehouse.marts.agent_performance_month (agent_id varchar, month date,"
            " role varchar, team_id varchar, total_resolved_tickets bigint, logged_in_seconds bigint,"
            " average_quality_score double, productivity_score double)"
        )
        yield connection


def scores(
    month: duckdb.DuckDBPyConnection, sql: str, team: list[tuple[Any, ...]]
) -> dict[str, tuple[Any, ...]]:
    month.execute("delete from warehouse.marts.agent_performance_month")
    month.executemany(
        "insert into warehouse.marts.agent_performance_month values"
        " ($1, '2026-01-01', $6, $5, $2, $3, $4, round(0.6 * $2 + 0.4 * $4, 9))",
        [(f"agent-{number}", *person) for number, person in enumerate(team)],
    )
    found = month.execute(
        f"select agent_id, normalised_score, normalised_score_status, normalised_volume from ({sql})"
    )
    return {row[0]: row[1:] for row in found.fetchall()}


@settings(
    max_examples=200,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(team=people, who=st.integers(0, 5), times=st.sampled_from((2, 4)))
def test_twice_the_hours_and_twice_the_tickets_are_the_same_score(
    compiled: Path,
    month: duckdb.DuckDBPyConnection,
    team: list[tuple[Any, ...]],
    who: int,
    times: int,
) -> None:
    sql = next(model.sql for model in compiled_models(compiled) if model.name == MART)
    tickets, seconds, *others = team[who % len(team)]
    longer = list(team)
    longer[who % len(team)] = (tickets * times, seconds * times, *others)
    assert scores(month, sql, longer) == scores(month, sql, team)
