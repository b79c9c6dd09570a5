"""Property: whatever lands in whatever order, a warehouse built by change is the one that is built at once."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, example, given, seed, settings
from hypothesis import strategies as st

from ingestion import DATASETS
from tests.oracle.strategies import Scenario, scenarios
from tests.support.by_change import ByChange
from tests.support.warehouse import Rows, build_models, compiled_models, compiled_nodes, models_of

SEED, STEPS = 1, 3


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


def a_night_that_ends_later() -> list[Scenario]:
    """Nobody calls from eight in the evening on; only the end, on the next date, is corrected.

    The idle stretch is a finding of the first date, the clock-out that of a shift of the first date.
    """
    zone = {
        "time_zone": "UTC",
        "team_id": "team-a",
        "role": "agent",
        "effective_from": date(2026, 1, 1),
    }
    evening, night = datetime(2026, 5, 4, 20, tzinfo=UTC), datetime(2026, 5, 5, 3, tzinfo=UTC)
    shift = {"segment_id": "s", "shift_id": "s", "agent_id": "a", "activity": "work"}
    came = {"event_id": "1", "agent_id": "a", "occurred_at": evening, "status": "available"}
    went = {"event_id": "2", "agent_id": "a", "status": "away", "reason": "end of shift"}

    def known(leaving: datetime) -> Rows:
        return {
            "agents": [{"agent_id": "a", "name": "A", **zone}],
            "teams": [{"team_id": "team-a", "team_name": "A", "department": "care"}],
            "status_events": [came, {**went, "occurred_at": leaving}],
            "shifts": [{**shift, "starts_at": evening, "ends_at": night - timedelta(hours=4)}],
            "interactions": [],
        }

    as_of = night + timedelta(days=2)
    return [Scenario(known(night), as_of), Scenario(known(night + timedelta(minutes=30)), as_of)]


def _instants(row: dict[str, Any]) -> list[Any]:
    return [value for value in row.values() if hasattr(value, "tzinfo") and value.tzinfo]


def in_one_go(compiled: Path, history: list[Scenario]) -> None:
    nodes = compiled_nodes(compiled)
    warehouse = ByChange(models_of(nodes, by_change=True), nodes)
    for rows, as_of in history:
        warehouse.build(rows, as_of)
    whole = build_models(compiled_models(compiled), *history[-1])
    differing = warehouse.differing(whole)
    assert not differing, "\n".join(differing)


# Shrinking what was found would take longer than reading it.
drawn = settings(
    max_examples=4,
    deadline=None,
    database=None,
    phases=(Phase.explicit, Phase.generate),
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


@seed(SEED)
@drawn
@given(history=histories())
@example(history=a_night_that_ends_later())
def test_any_order_of_loads_ends_in_the_same_warehouse(
    compiled: Path, history: list[Scenario]
) -> None:
    in_one_go(compiled, history)


@pytest.mark.long
@pytest.mark.timeout(3600)
@seed(SEED + 1)
@settings(drawn, max_examples=150)
@given(history=histories())
def test_so_do_many_more(compiled: Path, history: list[Scenario]) -> None:
    in_one_go(compiled, history)
