"""The semantic layer on a built warehouse: a metric at the grain of a mart is the mart's column, to the last digit."""

import datetime as dt
import json
import subprocess
import sys
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from orchestration.project import MANIFEST, refresh_manifest
from tests.integration.scenes import Run
from tests.support.figures import agent_parts, agent_ratios
from tests.support.metricflow import Query, ask, environment
from tests.support.warehouse import PROJECT

# A scene waits for its turn: see scenes.py.
pytestmark = pytest.mark.timeout(1800)

AGENT = {name["name"]: name["name"] for name in [*agent_parts(), *agent_ratios()]}
QUEUE = [
    "offered", "answered", "abandoned", "waiting", "wait_seconds", "answered_within_service_level",
    "asa_seconds", "first_response_seconds", "service_level", "abandon_rate",
]  # fmt: skip
SCORE = ["productivity_score", "productivity_target", "productivity_variance"]
SHIFT = {
    "shift_scheduled_seconds": "scheduled_seconds",
    "shift_adherent_seconds": "adherent_seconds",
    "shift_productive_seconds": "productive_seconds",
    "shift_logged_in_seconds": "logged_in_seconds",
    "shift_late_seconds": "late_seconds",
    "left_early_seconds": "left_early_seconds",
    "absent_shifts": "cast(is_absent as integer)",
    "late_shifts": "cast(is_late as integer)",
    "shift_adherence": "adherence",
    "conformance": "conformance",
    "shrinkage": "shrinkage",
}
REVENUE = {"revenue": "revenue", "revenue_leads": "converted_leads"}


@dataclass(frozen=True)
class Comparison:
    """A mart, its key and columns, and what they are called in the semantic layer."""

    mart: str
    key: dict[str, str]
    metrics: dict[str, str]
    where: tuple[str, ...] = ()

    @property
    def query(self) -> Query:
        return Query(tuple(self.metrics), tuple(self.key), self.where)


COMPARISONS = [
    Comparison("fct_agent_day", {"agent": "agent_id", "metric_time__day": "business_date"}, AGENT),
    Comparison("fct_agent_week", {"agent": "agent_id", "metric_time__week": "week_start_date"}, AGENT),
    Comparison("fct_agent_month", {"agent": "agent_id", "metric_time__month": "month"}, AGENT),
    Comparison(
        "fct_team_month",
        {"team": "team_id", "metric_time__month": "month"},
        AGENT,
        ("{{ Entity('team') }} is not null",),
    ),
    Comparison(
        "fct_queue_day",
        {"queue_day__queue": "queue", "queue_day__channel": "channel", "metric_time__day": "business_date"},
        {name: name for name in QUEUE},
    ),
    Comparison("fct_attendance", {"agent": "agent_id", "shift__shift_id": "shift_id"}, SHIFT),
    Comparison(
        "fct_agent_day_revenue",
        {
            "agent": "agent_id",
            "agent_day_revenue__currency": "currency",
            "metric_time__day": "business_date",
        },
        REVENUE,
    ),
    Comparison(
        "agent_performance_month",
        {"agent": "agent_id", "metric_time__month": "month"},
        {name: name for name in SCORE},
    ),
]  # fmt: skip
MIXED = Query(("revenue", "revenue_added_up", "revenue_currencies"), ("metric_time__month",))
BY_NAME = Query(("handled_contacts",), ("agent", "agent__agent_name", "team__department"))

Rows = dict[tuple[Any, ...], dict[str, Any]]


@pytest.fixture(scope="module")
def answers(
    closed: Run, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, list[dict[str, Any]]]:
    refresh_manifest()
    folder = tmp_path_factory.mktemp("metricflow")
    queries = [comparison.query for comparison in COMPARISONS]
    found = ask(closed.home.root, folder, [*queries, MIXED, BY_NAME])
    return dict(zip([*(c.mart for c in COMPARISONS), "mixed", "by name"], found, strict=True))


def from_mart(closed: Run, sql: str) -> list[dict[str, Any]]:
    with duckdb.connect(str(closed.home.published_database), read_only=True) as connection:
        found = connection.execute(sql)
        names = [column[0] for column in found.description]
        return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def double(value: Any) -> Any:
    """A decimal as the double that MetricFlow hands out for it."""
    return float(value) if isinstance(value, Decimal) else value


def keyed(rows: list[dict[str, Any]], key: list[str], columns: list[str]) -> Rows:
    """Rows by key; instants that a day, week or month is named by become dates."""
    named = {
        tuple(v.date() if isinstance(v := row[k], dt.datetime) else v for k in key): {
            column: double(row[column]) for column in columns
        }
        for row in rows
    }
    assert len(named) == len(rows)
    return named


@pytest.mark.parametrize("comparison", COMPARISONS, ids=lambda comparison: comparison.mart)
def test_a_metric_at_the_grain_of_a_mart_is_the_column_of_the_mart(
    comparison: Comparison, closed: Run, answers: dict[str, list[dict[str, Any]]]
) -> None:
    columns = [f"{column} as {metric}" for metric, column in comparison.metrics.items()]
    select = ", ".join([*comparison.key.values(), *columns])
    expected = keyed(
        from_mart(closed, f"select {select} from marts.{comparison.mart}"),
        list(comparison.key.values()),
        list(comparison.metrics),
    )
    found = keyed(answers[comparison.mart], list(comparison.key), list(comparison.metrics))
    assert expected
    assert found == expected
    # A comparison of nulls alone would prove nothing about a figure.
    never = {m for m in comparison.metrics if all(row[m] is None for row in expected.values())}
    assert never == set()


def test_currencies_are_never_added_up(
    closed: Run, answers: dict[str, list[dict[str, Any]]]
) -> None:
    several = [row for row in answers["mixed"] if row["revenue_currencies"] > 1]
    assert several
    assert {row["revenue"] for row in several} == {None}
    assert all(row["revenue_added_up"] is not None for row in several)


def test_figures_can_be_cut_by_the_names_of_agents_and_departments(
    closed: Run, answers: dict[str, list[dict[str, Any]]]
) -> None:
    expected = from_mart(
        closed,
        """
        select days.agent_id as agent, people.name as agent__agent_name,
            teams.department as team__department,
            sum(days.handled_contacts) as handled_contacts
        from marts.fct_agent_day as days
        left join marts.dim_agent as people
            on days.agent_id = people.agent_id and days.business_date >= people.valid_from
                and (days.business_date <= people.valid_to or people.valid_to is null)
        left join marts.dim_team as teams on days.team_id = teams.team_id
        group by all
        """,
    )
    key = ["agent", "agent__agent_name", "team__department"]
    assert keyed(answers["by name"], key, ["handled_contacts"]) == keyed(
        expected, key, ["handled_contacts"]
    )


def test_every_metric_is_compared_or_a_part_of_one_that_is() -> None:
    refresh_manifest()
    metrics = json.loads(MANIFEST.read_bytes())["metrics"]
    compared = {name for comparison in COMPARISONS for name in comparison.metrics} | set(
        MIXED.metrics
    )
    counts = {"shifts", "agents_with_a_month", "scored_agents", "below_target_agents"}
    inputs = {
        of["name"]
        for metric in metrics.values()
        for of in metric["type_params"]["input_measures"] + (metric["type_params"]["metrics"] or [])
        if metric["name"] in compared
    }
    assert {metric["name"] for metric in metrics.values()} == compared | counts | inputs


def test_the_command_line_of_metricflow_answers(closed: Run, tmp_path: Path) -> None:
    refresh_manifest()
    finished = subprocess.run(
        [Path(sys.executable).with_name("mf"), "query", "--metrics",
         "shifts,agents_with_a_month,scored_agents,below_target_agents",
         "--group-by", "metric_time__month", "--csv", tmp_path / "out.csv"],
        cwd=PROJECT, env=environment(closed.home.root, tmp_path), capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert finished.returncode == 0, finished.stdout + finished.stderr
    found = duckdb.sql(
        f"select * from '{tmp_path / 'out.csv'}' where month(metric_time__month) = 10"
    )
    expected = from_mart(
        closed,
        """
        select (select count(*) from marts.fct_attendance where month(business_date) = 10),
            count(*), count(productivity_score), count(*) filter (where productivity_variance < 0)
        from marts.agent_performance_month where month(month) = 10
        """,
    )
    assert [row[1:] for row in found.fetchall()] == [tuple(row.values()) for row in expected]
