"""The contract as data, and the files that show it to readers."""

import duckdb
import pytest
from ingestion_bench import Bench

from ingestion import DATASETS

REQUIRED = {
    "agents": "agent_id name role team_id time_zone effective_from",
    "teams": "team_id team_name department",
    "kpi_targets": "kpi direction target effective_from",
    "status_events": "event_id agent_id occurred_at status",
    "shifts": "segment_id shift_id agent_id starts_at ends_at activity",
    "interactions": "interaction_id customer_id channel direction queued_at",
    "tickets": "ticket_id created_at status",
    "qa_evaluations": "evaluation_id agent_id evaluated_at score",
    "csat_surveys": "survey_id agent_id",
    "system_usage": "usage_id agent_id application started_at ended_at",
    "compliance_events": "event_id agent_id occurred_at policy severity",
    "sales": "lead_id agent_id created_at",
    "feedback_sessions": "feedback_id agent_id supervisor_id held_at",
    "training_records": "record_id agent_id course completed_at",
}


def test_datasets_and_their_required_columns() -> None:
    assert {name: " ".join(d.required_columns) for name, d in DATASETS.items()} == REQUIRED
    assert [name for name, dataset in DATASETS.items() if dataset.required] == [
        "agents",
        "teams",
        "status_events",
        "interactions",
        "tickets",
        "qa_evaluations",
    ]


@pytest.mark.parametrize("dataset", DATASETS.values(), ids=DATASETS)
def test_keys_and_rules_name_columns(dataset) -> None:  # type: ignore[no-untyped-def]
    names = [column.name for column in dataset.columns]
    assert names[-1] == "updated_at"
    assert len(names) == len(set(names))
    assert set(dataset.key) <= set(names)
    assert {name for rule in dataset.order_rules for name in (rule.later, rule.earlier)} <= set(
        names
    )


def test_a_reader_always_finds_a_file_with_the_raw_columns(bench: Bench) -> None:
    bench.home.prepare()
    bench.home.prepare()

    with duckdb.connect() as opened:
        for name, dataset in DATASETS.items():
            pattern = str(bench.home.raw_folder(name) / "*.parquet")
            described = opened.execute(
                "DESCRIBE SELECT * FROM read_parquet($1)", [pattern]
            ).fetchall()
            types = {column: sql_type for column, sql_type, *_ in described}
            columns = (*dataset.columns, *dataset.mapped_columns)
            assert list(types) == [*(c.name for c in columns), "load_id", "row_number"]
            expected = [
                c.sql_type.replace("TIMESTAMPTZ", "TIMESTAMP WITH TIME ZONE") for c in columns
            ]
            assert list(types.values()) == [*expected, "VARCHAR", "BIGINT"]
