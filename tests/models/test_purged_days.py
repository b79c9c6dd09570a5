"""Days of which rows were purged are in no mart that adds up, and no check takes what is left of them for a fault."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, seed, settings

from tests.models.test_models_agree_with_the_reference import SEED
from tests.oracle.strategies import Scenario, at_the_bounds, scenarios
from tests.support.purged import middle_day
from tests.support.warehouse import broken_identities, build, compiled_nodes, identities_of

ADD_UP = ("fct_agent_day", "fct_agent_channel_day", "fct_queue_day")


@pytest.mark.long
@seed(SEED)
@settings(
    max_examples=20,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(scenario=scenarios())
@example(scenario=at_the_bounds())
def test_what_is_left_of_purged_days_is_in_no_figure_and_no_fault(
    compiled: Path, scenario: Scenario
) -> None:
    first = middle_day(scenario)
    marts = build(compiled, scenario.rows, scenario.as_of, kept_from=first)
    for mart in ADD_UP:
        before = marts.execute(
            f"select count(*) from marts.{mart} where business_date < ?", [first]
        ).fetchone()
        assert before == (0,), mart
    broken = broken_identities(marts, identities_of(compiled_nodes(compiled)))
    assert not broken, "\n".join(broken)
