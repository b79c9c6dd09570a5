"""The physical floor: DuckDB scans the raw rows that agents' figures are made of, and sorts them by agent and time.

python -m benchmarks.floor HOME OUT.duckdb
"""

import sys

import duckdb

COLUMNS = {
    "status_events": "agent_id, occurred_at, status, reason, event_id",
    "interactions": "agent_id, answered_at, ended_at, customer_id, topic, outcome, talk_seconds,"
    " hold_seconds, acw_seconds, interaction_id",
    "shifts": "agent_id, starts_at, ends_at, activity, shift_id, segment_id",
    "tickets": "agent_id, resolved_at, status, ticket_id",
    "qa_evaluations": "agent_id, evaluated_at, score, critical_fail, evaluation_id",
    "csat_surveys": "agent_id, sent_at, responded_at, score, survey_id",
    "sales": "agent_id, created_at, engaged_at, converted_at, lead_id",
    "compliance_events": "agent_id, occurred_at, event_id",
}  # fmt: skip


def main() -> None:
    """Scan and sort."""
    home, out = sys.argv[1:]
    with duckdb.connect(out) as connection:
        connection.execute("set preserve_insertion_order = false")
        for dataset, columns in COLUMNS.items():
            connection.execute(
                f"create table {dataset} as select {columns}"
                f" from read_parquet('{home}/raw/{dataset}/*.parquet', union_by_name = true)"
                f" order by {', '.join(columns.split(', ')[:2])}"
            )


if __name__ == "__main__":
    main()
