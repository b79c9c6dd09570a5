"""What each kind of column admits and what it refuses, in every format."""

from typing import Any

import pytest
from ingestion_bench import EVENT, FORMATS, Bench

SHIFT = {
    "segment_id": "s1",
    "shift_id": "x",
    "agent_id": "a1",
    "starts_at": "2026-01-31T09:00:00Z",
    "ends_at": "2026-01-31T17:00:00Z",
    "activity": "work",
}
CONTACT = {
    "interaction_id": "i1",
    "customer_id": "c1",
    "channel": "voice",
    "direction": "inbound",
    "queued_at": "2026-01-31T09:00:00Z",
}
EVALUATION = {
    "evaluation_id": "q1",
    "agent_id": "a1",
    "evaluated_at": "2026-01-31T09:00:00Z",
    "score": "90",
}
SURVEY = {"survey_id": "v1", "agent_id": "a1"}
SALE = {"lead_id": "l1", "agent_id": "a1", "created_at": "2026-01-31T09:00:00Z"}
AGENT = {
    "agent_id": "a1",
    "name": "Ana",
    "role": "agent",
    "team_id": "t1",
    "time_zone": "Europe/Madrid",
    "effective_from": "2026-01-01",
}
USAGE = {
    "usage_id": "u1",
    "agent_id": "a1",
    "application": "crm",
    "started_at": "2026-01-31T09:00:00Z",
    "ended_at": "2026-01-31T09:05:00Z",
}
BASE: dict[str, dict[str, Any]] = {
    "status_events": EVENT,
    "shifts": SHIFT,
    "interactions": CONTACT,
    "qa_evaluations": EVALUATION,
    "csat_surveys": SURVEY,
    "sales": SALE,
    "agents": AGENT,
    "system_usage": USAGE,
}

ACCEPTED = [
    ("status_events", "occurred_at", "2026-01-31T09:30:00Z", "2026-01-31 09:30:00+00"),
    ("status_events", "occurred_at", "2026-01-31 09:30:00Z", "2026-01-31 09:30:00+00"),
    ("status_events", "occurred_at", "2026-01-31T09:30Z", "2026-01-31 09:30:00+00"),
    ("status_events", "occurred_at", "2026-01-31T09:30+05:30", "2026-01-31 04:00:00+00"),
    ("status_events", "occurred_at", "2026-01-31T09:30:00+0530", "2026-01-31 04:00:00+00"),
    ("status_events", "occurred_at", "2026-01-31T09:30:00-05", "2026-01-31 14:30:00+00"),
    ("status_events", "occurred_at", "2026-01-31T09:30:00.5Z", "2026-01-31 09:30:00.5+00"),
    (
        "status_events",
        "occurred_at",
        "2026-01-31T09:30:00.123456789Z",
        "2026-01-31 09:30:00.123456+00",
    ),
    ("status_events", "occurred_at", "1970-01-01T00:00:00Z", "1970-01-01 00:00:00+00"),
    ("status_events", "updated_at", "2026-01-31T09:30:00Z", "2026-01-31 09:30:00+00"),
    ("status_events", "reason", 'Ümlaut, "quoted" \n two lines', 'Ümlaut, "quoted" \n two lines'),
    ("status_events", "reason", "", None),
    ("status_events", "event_id", "é" * 128, "é" * 128),
    ("interactions", "talk_seconds", "120", "120"),
    ("interactions", "talk_seconds", "120.0", "120"),
    ("interactions", "talk_seconds", "0", "0"),
    ("interactions", "talk_seconds", "", None),
    ("csat_surveys", "score", "5", "5"),
    ("csat_surveys", "score", "1.0", "1"),
    ("qa_evaluations", "score", "0", "0.000000000"),
    ("qa_evaluations", "score", "100", "100.000000000"),
    ("qa_evaluations", "tone", "99.5", "99.500000000"),
    ("qa_evaluations", "tone", "1e1", "10.000000000"),
    ("qa_evaluations", "critical_fail", "true", "true"),
    ("qa_evaluations", "critical_fail", "False", "false"),
    ("qa_evaluations", "critical_fail", "1", "true"),
    ("sales", "revenue", "-12.3456", "-12.3456"),
    ("sales", "currency", "EUR", "EUR"),
    ("agents", "time_zone", "Asia/Kolkata", "Asia/Kolkata"),
    ("agents", "hired_on", "1999-12-31", "1999-12-31"),
    ("agents", "left_on", "9999-12-31", "9999-12-31"),
    ("shifts", "ends_at", "2026-01-31T09:00:00Z", "2026-01-31 09:00:00+00"),
    ("system_usage", "feature", "search", "search"),
]

REJECTED = [
    ("status_events", "occurred_at", "2026-01-31T09:30:00", "naive instant: occurred_at"),
    ("status_events", "occurred_at", "2026-01-31 09:30", "naive instant: occurred_at"),
    ("status_events", "occurred_at", "2026-01-31", "is no ISO 8601 instant"),
    ("status_events", "occurred_at", "31/01/2026 09:30Z", "is no ISO 8601 instant"),
    ("status_events", "occurred_at", "2026-01-31 09:30:00 Europe/Madrid", "no ISO 8601 instant"),
    ("status_events", "occurred_at", "2026-01-31T09:30:00+99:00", "is no ISO 8601 instant"),
    ("status_events", "occurred_at", "1769851800", "is no ISO 8601 instant"),
    ("status_events", "occurred_at", "2026-02-30T09:30:00Z", "is no time that exists"),
    ("status_events", "occurred_at", "2026-01-31T25:30:00Z", "is no time that exists"),
    ("status_events", "occurred_at", "1969-12-31T23:59:59Z", "years 1970 to 2100"),
    ("status_events", "occurred_at", "2101-01-01T00:00:00Z", "years 1970 to 2100"),
    ("status_events", "occurred_at", "", "occurred_at is empty, but every row must have a value"),
    ("status_events", "updated_at", "2026-01-31T09:30:00", "naive instant: updated_at"),
    ("status_events", "event_id", "x" * 129, "event_id has 129 characters"),
    (
        "status_events",
        "status",
        "Available",
        "status 'Available' is none of away, available, active, unavailable",
    ),
    ("status_events", "status", "", "status is empty"),
    ("interactions", "talk_seconds", "-5", "talk_seconds '-5' is negative"),
    ("interactions", "talk_seconds", "1.5", "is no whole number of seconds"),
    ("interactions", "talk_seconds", "00:02:00", "is no whole number of seconds"),
    ("interactions", "talk_seconds", "1_000", "is no whole number of seconds"),
    ("interactions", "talk_seconds", "9" * 30, "is too large for a duration"),
    ("interactions", "outcome", "done", "is none of resolved, unresolved"),
    ("csat_surveys", "score", "0", "is not between 1 and 5"),
    ("csat_surveys", "score", "6", "is not between 1 and 5"),
    ("csat_surveys", "score", "4.5", "is no whole number"),
    ("qa_evaluations", "score", "100.5", "is not between 0 and 100"),
    ("qa_evaluations", "score", "-1", "is not between 0 and 100"),
    ("qa_evaluations", "score", "A+", "is no number"),
    ("qa_evaluations", "score", "nan", "is no number"),
    ("qa_evaluations", "score", "9" * 20, "has more digits than DECIMAL(18,9) holds"),
    ("qa_evaluations", "critical_fail", "maybe", "is none of true, false"),
    ("sales", "revenue", "1,5", "is no number"),
    ("sales", "revenue", "9" * 20, "has more digits than DECIMAL(18,4) holds"),
    ("sales", "currency", "eur", "is no currency code"),
    ("agents", "time_zone", "Mars/Olympus", "is no time zone name"),
    ("agents", "time_zone", "+05:30", "is no time zone name"),
    ("agents", "hired_on", "31.12.1999", "is no date of the form YYYY-MM-DD"),
    ("agents", "hired_on", "2026-02-30", "is no day that exists"),
    ("agents", "hired_on", "1899-12-31", "lies before the year 1900"),
    (
        "shifts",
        "ends_at",
        "2026-01-31T08:00:00Z",
        "ends_at '2026-01-31T08:00:00Z' lies before starts_at '2026-01-31T09:00:00Z'",
    ),
    ("system_usage", "ended_at", "2026-01-31T08:00:00Z", "lies before started_at"),
]


@pytest.mark.parametrize("kind", FORMATS)
def test_good_values_load(bench: Bench, kind: str) -> None:
    for dataset, base in BASE.items():
        cases = [case for case in ACCEPTED if case[0] == dataset]
        bench.put_rows(
            f"{dataset}/a.{kind}", [{**base, column: value} for _, column, value, _ in cases]
        )

    bench.ingest()

    for dataset in BASE:
        assert bench.rejects(dataset) == []
        cases = [case for case in ACCEPTED if case[0] == dataset]
        for row, (_, column, _, expected) in zip(bench.raw(dataset), cases, strict=True):
            assert row[column] == expected


@pytest.mark.parametrize("kind", FORMATS)
def test_bad_values_are_rejected_with_reason(bench: Bench, kind: str) -> None:
    for dataset, base in BASE.items():
        cases = [case for case in REJECTED if case[0] == dataset]
        bench.put_rows(
            f"{dataset}/a.{kind}",
            [base, *({**base, column: value} for _, column, value, _ in cases)],
        )

    summary = bench.ingest()

    assert [load.rows_loaded for load in summary.loads] == [1] * len(BASE)
    for dataset in BASE:
        cases = [case for case in REJECTED if case[0] == dataset]
        rejects = bench.rejects(dataset)
        for place, (reject, case) in enumerate(zip(rejects, cases, strict=True), start=2):
            _, column, value, reason = case
            assert reason in reject["reason"]
            assert reject["file"] == f"{dataset}/a.{kind}"
            assert (reject["row_number"], reject["column"]) == (str(place), column)
            assert reject["value"] == value
            line = {"c": place + 1, "n": place, "j": place, "p": ""}[kind[0]]
            assert reject["line_number"] == str(line)


def test_every_fault_of_a_row_is_told(bench: Bench) -> None:
    bench.put_rows(
        "interactions/a.csv",
        [{**CONTACT, "channel": "fax", "talk_seconds": "x", "queued_at": "", "queue": "q"}],
    )

    bench.ingest()

    rejects = bench.rejects("interactions")
    assert [line["column"] for line in rejects] == ["channel", "queued_at", "talk_seconds"]
    assert all('"queue":"q"' in line["record"] for line in rejects)
    assert bench.ledger()[0].rows_rejected == 1


def test_an_order_rule_passes_where_one_side_is_null(bench: Bench) -> None:
    bench.put_rows(
        "interactions/a.csv",
        [
            {**CONTACT, "answered_at": "", "ended_at": "2026-01-31T09:00:00Z"},
            {**CONTACT, "answered_at": "2026-01-31T09:00:00Z", "ended_at": ""},
            {**CONTACT, "answered_at": "2026-01-31T10:00:00Z", "ended_at": "2026-01-31T09:00:00Z"},
        ],
    )

    bench.ingest()

    assert len(bench.raw("interactions")) == 2
    (reject,) = bench.rejects("interactions")
    assert "lies before answered_at" in reject["reason"]


def test_a_value_with_quotes_is_shown_as_it_is(bench: Bench) -> None:
    bench.put_rows("status_events/a.csv", [{**EVENT, "status": 'it\'s "x"; DROP TABLE y'}])

    bench.ingest()

    (reject,) = bench.rejects("status_events")
    assert "status 'it's \"x\"; DROP TABLE y' is none of" in reject["reason"]
