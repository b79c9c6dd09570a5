"""Property: whatever lands in whatever order, a warehouse built by change is the one that is built at once."""

from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from ingestion import DATASETS
from tests.oracle.strategies import Scenario, scenarios
from tests.support.by_change import ByChange
from tests.support.warehouse import Rows, build_models, compiled_models, compiled_nodes, models_of

SEED, EXAMPLES, STEPS = 1, 15, 3


@st.composite
def histories(draw: st.DrawFn) -> list[Scenario]:
    """How a scenario came to be: at each step the rows that are there, and the instant reported at.

    A row comes at any step. It may have come before with the content of another: then it was corrected.
    """
    final = draw(scenarios())
    ends = sorted(
        {at for rows in final.rows.values() for row in rows for at in _instants(row)}
        | {final.as_of}
    )
    reported = sorted(draw(st.sampled_from(ends)) for _ in range(STEPS - 1))
    steps: list[Rows] = [{dataset: [] for dataset in final.rows} for _ in range(STEPS)]
    for dataset, rows in final.rows.items():
        key = DATASETS[dataset].key
        for row in rows:
            first = draw(st.integers(0, STEPS - 1))
            settled = draw(st.integers(first, STEPS - 1))
            other = draw(st.sampled_from(rows))
            wrong = {**other, **{column: row[column] for column in key}}
            for step in range(first, STEPS):
                steps[step][dataset].append(row if step >= settled else wrong)
    instants = [min(at, final.as_of) for at in reported]
    return [Scenario(rows, at) for rows, at in zip(steps, [*instants, final.as_of], strict=True)]


def _instants(row: dict[str, Any]) -> list[Any]:
    return [value for value in row.values() if hasattr(value, "tzinfo") and value.tzinfo]


@seed(SEED)
@settings(
    max_examples=EXAMPLES,
    deadline=None,
    database=None,
    phases=(Phase.generate,),
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(history=histories())
def test_any_order_of_loads_ends_in_the_same_warehouse(
    compiled: Path, history: list[Scenario]
) -> None:
    nodes = compiled_nodes(compiled)
    warehouse = ByChange(models_of(nodes, by_change=True), nodes)
    for rows, as_of in history:
        warehouse.build(rows, as_of)
    whole = build_models(compiled_models(compiled), *history[-1])
    differing = warehouse.differing(whole)
    assert not differing, "\n".join(differing)
