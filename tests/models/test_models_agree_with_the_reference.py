"""Property: over hostile scenarios, every mart says what the slow second implementation says."""

from pathlib import Path

from hypothesis import HealthCheck, example, given, seed, settings

from tests.oracle.strategies import Scenario, at_the_bounds, scenarios
from tests.support.agreement import Reference, disagreements
from tests.support.warehouse import broken_identities, build, compiled_nodes, identities_of

# The mutation check (tests/mutants) draws the same scenarios by the same seed.
SEED, EXAMPLES = 1, 60
# Every run of the tests draws the first of them, `make mutants` all.
FIRST = 25


@seed(SEED)
@settings(
    max_examples=FIRST,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(scenario=scenarios())
@example(scenario=at_the_bounds())
def test_every_mart_says_what_the_reference_says(compiled: Path, scenario: Scenario) -> None:
    marts = build(compiled, scenario.rows, scenario.as_of)
    problems = list(disagreements(marts, Reference(scenario)))
    assert not problems, "\n".join(problems)
    broken = broken_identities(marts, identities_of(compiled_nodes(compiled)))
    assert not broken, "\n".join(broken)
