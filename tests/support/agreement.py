"""The marts against the slow reference and against the identities, over one scenario."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import duckdb

from tests.oracle.applications import application_days
from tests.oracle.attendance import attendance
from tests.oracle.channels import channel_days, channel_months
from tests.oracle.days import agent_days
from tests.oracle.findings import RULES, Finding, findings
from tests.oracle.interactions import interactions, queue_days
from tests.oracle.intervals import status_intervals
from tests.oracle.kpis import kpi_months
from tests.oracle.normalised import normalised_scores
from tests.oracle.performance import performance
from tests.oracle.rollups import agent_months, agent_weeks, organisation_months, team_months
from tests.oracle.status_now import status_now
from tests.oracle.strategies import Scenario
from tests.oracle.targets import ALIASES
from tests.oracle.versions import seen_at
from tests.support.compare import differences
from tests.support.warehouse import fetch

# Clock-in and clock-out are instants of a day; they have no sum over a week, month or team.
DAY_ONLY = {"first_clock_in_at", "last_clock_out_at"}
# The reference bounds a shift by its time off too; the mart does not.
NOT_IN_MART = {*DAY_ONLY, "shift_started_at", "shift_ended_at"}

Table = Mapping[Any, Mapping[str, Any]]


@dataclass(frozen=True)
class Reference:
    """What the slow reference says of a scenario; worked out once, however often it is compared."""

    scenario: Scenario

    @cached_property
    def days(self) -> Table:
        """fct_agent_day."""
        return agent_days(self.scenario.rows, self.scenario.as_of)

    @cached_property
    def marts(self) -> dict[tuple[str, ...], Table]:
        """(mart, columns of its key …) → its rows."""
        rows, as_of, days = *self.scenario, dict(self.days)
        intervals = status_intervals(rows, as_of)
        by_channel = channel_days(rows, as_of)
        return {
            ("fct_agent_day", "agent_id", "business_date"): days,
            ("fct_agent_week", "agent_id", "week_start_date"): agent_weeks(days),
            ("fct_agent_month", "agent_id", "month"): agent_months(days),
            ("fct_team_month", "team_id", "month"): team_months(days),
            ("fct_organisation_month", "level", "unit_id", "month"): organisation_months(
                days, seen_at(rows, as_of)
            ),
            ("fct_agent_channel_day", "agent_id", "business_date", "channel"): by_channel,
            ("fct_agent_channel_month", "agent_id", "month", "channel"): channel_months(by_channel),
            ("fct_status_interval", "agent_id", "started_at"): {
                (row["agent_id"], row["started_at"]): row for row in intervals
            },
            ("fct_attendance", "agent_id", "shift_id"): attendance(rows, as_of),
            ("fct_interaction", "interaction_id"): interactions(rows, as_of),
            ("fct_queue_day", "queue", "channel", "business_date"): queue_days(rows, as_of),
            (
                "fct_agent_application_day",
                "agent_id",
                "business_date",
                "application",
                "feature",
            ): application_days(rows, as_of),
            ("agent_status_now", "agent_id"): status_now(rows, as_of),
        }

    @cached_property
    def months(self) -> dict[Any, Table]:
        """Month → agent_performance_month of it."""
        rows, as_of, days = *self.scenario, dict(self.days)
        months = {key[1].replace(day=1) for key in days}
        return {month: performance(rows, as_of, month, days=days) for month in sorted(months)}

    @cached_property
    def normalised_months(self) -> dict[Any, Table]:
        """Month → agent_normalised_score_month of it."""
        seen, days = seen_at(self.scenario.rows, self.scenario.as_of), dict(self.days)
        return {month: normalised_scores(seen, days, month) for month in self.months}

    @cached_property
    def kpis(self) -> Table:
        """agent_kpi_month."""
        return kpi_months(self.scenario.rows, self.scenario.as_of, days=dict(self.days))

    @cached_property
    def findings(self) -> dict[Finding, int | None]:
        """fct_compliance_finding, of the rules that look at one agent's rows alone."""
        return findings(self.scenario.rows, self.scenario.as_of)


def disagreements(connection: duckdb.DuckDBPyConnection, reference: Reference) -> Iterator[str]:
    """One line per cell of a mart that is not what the reference says, mart by mart."""
    for (mart, *key), rows in reference.marts.items():
        columns = columns_of(rows, NOT_IN_MART if mart != "fct_agent_day" else set())
        yield from _named(mart, differences(fetch(connection, mart, *key), rows, columns))
    for mart, months in (
        ("agent_performance_month", reference.months),
        ("agent_normalised_score_month", reference.normalised_months),
    ):
        yield from _named(mart, _month_differences(connection, mart, months))
    yield from _named("agent_kpi_month", _kpi_differences(connection, reference))
    yield from _named("fct_compliance_finding", _finding_differences(connection, reference))


def columns_of(rows: Table, without: set[str] | frozenset[str] = frozenset()) -> list[str]:
    """The columns that the reference has."""
    return [name for name in next(iter(rows.values()), {}) if name not in without]


def _named(mart: str, lines: list[str]) -> list[str]:
    return [f"{mart}: {line}" for line in lines]


def _month_differences(
    connection: duckdb.DuckDBPyConnection, mart: str, months: Mapping[Any, Table]
) -> list[str]:
    shown = fetch(connection, mart, "agent_id", "month")
    problems = []
    for month, rows in months.items():
        found = {agent_id: row for (agent_id, of), row in shown.items() if of == month}
        problems += differences(found, rows, columns_of(rows))
    return problems


def _kpi_differences(connection: duckdb.DuckDBPyConnection, reference: Reference) -> list[str]:
    # The mart shows a KPI under the name it is fed with.
    found = {
        (agent_id, of, ALIASES.get(kpi, kpi)): row
        for (agent_id, of, kpi), row in fetch(
            connection, "agent_kpi_month", "agent_id", "month", "kpi"
        ).items()
        if of in reference.months
    }
    return differences(found, reference.kpis, columns_of(reference.kpis))


def _finding_differences(connection: duckdb.DuckDBPyConnection, reference: Reference) -> list[str]:
    found = {}
    for row in fetch(connection, "fct_compliance_finding", "finding_id").values():
        if row["finding_rule"] in RULES:
            evidence = [(one["dataset"], one["record_id"]) for one in json.loads(row["evidence"])]
            assert len(evidence) == row["evidence_rows"]
            key = (row["finding_rule"], row["agent_id"], row["business_date"], frozenset(evidence))
            found[key] = row["finding_seconds"]
    expected = reference.findings
    return [
        f"{key}: mart {found.get(key, 'missing')}, reference {expected.get(key, 'missing')}"
        for key in sorted(found.keys() | expected.keys(), key=str)
        if found.get(key, "missing") != expected.get(key, "missing")
    ]
