"""The walk through every second and the one from boundary to boundary say the same."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings

from tests.oracle.parameters import DEFAULTS
from tests.oracle.strategies import ORPHAN, Scenario, scenarios
from tests.oracle.timeline import by_run, by_second, clock_of, joined
from tests.oracle.versions import seen_at

CALM = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example]


def assert_timelines_agree(scenario: Scenario) -> None:
    seen = seen_at(*scenario)
    for agent_id in {row["agent_id"] for row in scenario.rows["agents"]} | {ORPHAN}:
        clock = clock_of(seen, agent_id, scenario.as_of, DEFAULTS.max_status_interval_hours)
        assert joined(by_second(clock)) == joined(by_run(clock))


@settings(max_examples=20, deadline=None, suppress_health_check=CALM)
@given(scenarios(max_agents=1, max_days=1, is_compact=True))
def test_seconds_and_runs_agree(scenario: Scenario) -> None:
    assert_timelines_agree(scenario)


@pytest.mark.long
@settings(max_examples=30, deadline=None, suppress_health_check=CALM)
@given(scenarios(max_agents=2, max_days=2, is_compact=True))
def test_seconds_and_runs_agree_over_days(scenario: Scenario) -> None:
    assert_timelines_agree(scenario)
