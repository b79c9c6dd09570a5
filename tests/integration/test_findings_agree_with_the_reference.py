"""Property: over hostile scenarios, the findings and their evidence are those of the slow second implementation."""

import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings

from tests.oracle.findings import findings
from tests.oracle.strategies import Scenario, scenarios
from tests.support.warehouse import build, fetch

RULES = {
    "off_clock_work", "missing_clock_out", "clock_out_while_handling", "blank_reason", "inactivity",
    "skipped_disciplinary_step", "evaluator_not_qa",
}  # fmt: skip


@pytest.fixture(scope="session")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("compiled_for_findings")


@settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(scenario=scenarios())
def test_findings_are_those_of_the_reference(compiled: Path, scenario: Scenario) -> None:
    marts = build(compiled, scenario.rows, scenario.as_of, wanted=["fct_compliance_finding"])
    found = {}
    for row in fetch(marts, "fct_compliance_finding", "finding_id").values():
        if row["finding_rule"] in RULES:
            evidence = frozenset(
                (one["dataset"], one["record_id"]) for one in json.loads(row["evidence"])
            )
            assert len(evidence) == row["evidence_rows"]
            key = (row["finding_rule"], row["agent_id"], row["business_date"], evidence)
            found[key] = row["finding_seconds"]
    assert found == findings(scenario.rows, scenario.as_of)
