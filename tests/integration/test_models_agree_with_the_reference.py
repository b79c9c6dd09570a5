"""Property: over hostile scenarios, every mart says what the slow second implementation says."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings

from tests.oracle.attendance import attendance
from tests.oracle.channels import channel_days, channel_months
from tests.oracle.days import agent_days
from tests.oracle.intervals import status_intervals
from tests.oracle.kpis import kpi_months
from tests.oracle.performance import performance
from tests.oracle.rollups import (
    agent_months,
    agent_weeks,
    organisation_months,
    team_months,
)
from tests.oracle.strategies import Scenario, scenarios
from tests.oracle.targets import ALIASES
from tests.oracle.versions import seen_at
from tests.support.compare import differences
from tests.support.warehouse import build, fetch


@pytest.fixture(scope="session")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("compiled")


# Clock-in and clock-out are instants of a day; they have no sum over a week, month or team.
INTERVAL_KPIS = {"csat", "fcr", "average_quality_score"}
DAY_ONLY = {"first_clock_in_at", "last_clock_out_at"}
# The reference bounds a shift by its time off too; the mart does not.
NOT_IN_MART = {*DAY_ONLY, "shift_started_at", "shift_ended_at"}


def columns_of(rows: dict, without: set[str] = frozenset()) -> list[str]:
    return [name for name in next(iter(rows.values()), {}) if name not in without]


@settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(scenario=scenarios())
def test_every_mart_says_what_the_reference_says(compiled: Path, scenario: Scenario) -> None:
    marts = build(compiled, scenario.rows, scenario.as_of)
    days = agent_days(scenario.rows, scenario.as_of)
    by_channel = channel_days(scenario.rows, scenario.as_of)
    expected = {
        ("fct_agent_day", "agent_id", "business_date"): days,
        ("fct_agent_week", "agent_id", "week_start_date"): agent_weeks(days),
        ("fct_agent_month", "agent_id", "month"): agent_months(days),
        ("fct_team_month", "team_id", "month"): team_months(days),
        ("fct_organisation_month", "level", "unit_id", "month"): organisation_months(
            days, seen_at(scenario.rows, scenario.as_of)
        ),
        ("fct_status_interval", "agent_id", "started_at"): {
            (row["agent_id"], row["started_at"]): row
            for row in status_intervals(scenario.rows, scenario.as_of)
        },
        ("fct_agent_channel_day", "agent_id", "business_date", "channel"): by_channel,
        ("fct_agent_channel_month", "agent_id", "month", "channel"): channel_months(by_channel),
        ("fct_attendance", "agent_id", "shift_id"): attendance(scenario.rows, scenario.as_of),
    }
    problems = []
    for (mart, *key), rows in expected.items():
        found = fetch(marts, mart, *key)
        columns = columns_of(rows, NOT_IN_MART if mart != "fct_agent_day" else set())
        problems += [f"{mart}: {line}" for line in differences(found, rows, columns)]
    assert not problems, "\n".join(problems)

    months = {key[1].replace(day=1) for key in days}
    for month in months:
        reference = performance(scenario.rows, scenario.as_of, month, days=days)
        found = {
            agent_id: row
            for (agent_id, of), row in fetch(
                marts, "agent_performance_month", "agent_id", "month"
            ).items()
            if of == month
        }
        problems += differences(found, reference, columns_of(reference))
    kpis = kpi_months(scenario.rows, scenario.as_of, days=days)
    # The mart shows a KPI under the name it is fed with, and a sample size for every KPI that has one.
    found = {
        (agent_id, of, ALIASES.get(kpi, kpi)): row
        for (agent_id, of, kpi), row in fetch(
            marts, "agent_kpi_month", "agent_id", "month", "kpi"
        ).items()
        if of in months
    }
    with_interval = {
        key: row
        for key, row in kpis.items()
        if key[2] in INTERVAL_KPIS and row["sample_size"] is not None
    }
    problems += differences(found, kpis, columns_of(kpis, {"sample_size"}))
    problems += differences(
        {key: found[key] for key in with_interval if key in found}, with_interval, ["sample_size"]
    )
    assert not problems, "\n".join(problems)
