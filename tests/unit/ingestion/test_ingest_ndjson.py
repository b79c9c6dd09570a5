"""NDJSON: every line is either a row or a reject with its line number."""

import json

import pytest
from ingestion_bench import EVENT, Bench

LINE = json.dumps(EVENT)


def test_native_and_text_values_mean_the_same(bench: Bench) -> None:
    base = {"evaluation_id": 7, "agent_id": "a1", "evaluated_at": "2026-01-31T09:30:00Z"}
    rows = [
        {**base, "score": 90, "critical_fail": True, "tone": 99.5, "method": None},
        {**base, "score": "90", "critical_fail": "true", "tone": "99.5"},
    ]
    bench.put_rows("qa_evaluations/a.ndjson", rows)

    bench.ingest()

    first, second = bench.raw("qa_evaluations")
    assert {**first, "row_number": "2"} == second
    assert (first["evaluation_id"], first["score"]) == ("7", "90.000000000")


def test_lines_that_are_no_objects_are_rejected_with_their_number(bench: Bench) -> None:
    bench.put(
        "status_events/a.jsonl",
        "\n".join([LINE, "", "not json", "[1]", '"text"', "   ", "{", LINE, '{"a":"\x1f"}', LINE]),
    )

    bench.ingest()

    assert [r["row_number"] for r in bench.raw("status_events")] == ["1", "6", "8"]
    rejects = bench.rejects("status_events")
    assert [(r["row_number"], r["line_number"]) for r in rejects] == [
        ("2", "3"),
        ("3", "4"),
        ("4", "5"),
        ("5", "7"),
        ("7", "9"),
    ]
    assert "no valid JSON" in rejects[0]["reason"]
    assert rejects[0]["record"] == "not json"
    assert "no object" in rejects[1]["reason"]


@pytest.mark.parametrize("nested", [{"x": 1}, ["x"], {}, []])
def test_a_nested_value_in_a_contract_column_is_rejected(bench: Bench, nested: object) -> None:
    rows = [{**EVENT, "reason": nested}, {**EVENT, "other": nested}, {**EVENT, "reason": "[text]"}]
    bench.put_rows("status_events/a.ndjson", rows)

    bench.ingest()

    (reject,) = bench.rejects("status_events")
    assert (reject["line_number"], reject["column"]) == ("1", "reason")
    assert "nested value" in reject["reason"]
    assert [r["reason"] for r in bench.raw("status_events")] == [None, "[text]"]


def test_a_repeated_name_is_rejected(bench: Bench) -> None:
    bench.put("status_events/a.ndjson", LINE + "\n" + LINE[:-1] + ', "status": "away"}\n')

    bench.ingest()

    (reject,) = bench.rejects("status_events")
    assert reject["line_number"] == "2"
    assert "twice" in reject["reason"]
    assert len(bench.raw("status_events")) == 1


def test_unknown_names_are_reported_once_per_file(bench: Bench) -> None:
    bench.put_rows("status_events/a.ndjson", [{**EVENT, "x": 1}, {**EVENT, "x": 2, "y": 3}])

    assert bench.ingest().datasets["status_events"].unknown_columns == {
        "status_events/a.ndjson": ("x", "y")
    }


def test_names_match_without_case_and_blanks(bench: Bench) -> None:
    bench.put("status_events/a.ndjson", LINE.replace("status", " Status "))

    bench.ingest()

    assert bench.raw("status_events")[0]["status"] == "active"


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (LINE + "\n" + LINE.replace("status", "STATUS"), "column status is there twice"),
        (LINE.replace("occurred_at", "when"), "required column occurred_at missing"),
    ],
)
def test_unusable_names(bench: Bench, content: str, reason: str) -> None:
    bench.put("status_events/a.ndjson", content)

    bench.ingest()

    assert reason in (bench.ledger()[0].reason or "")


@pytest.mark.parametrize(("content", "rejected"), [("", 0), ("\n\n", 0), ("x\n\ny\n", 2)])
def test_a_file_without_objects(bench: Bench, content: str, rejected: int) -> None:
    bench.put("status_events/a.ndjson", content)

    bench.ingest()

    load = bench.ledger()[0]
    assert (load.status, load.rows_loaded, load.rows_rejected) == ("loaded", 0, rejected)


@pytest.mark.parametrize("end", ["\r\n", "mixed"])
def test_line_ends(bench: Bench, end: str) -> None:
    lines = f"{LINE}\r\n{LINE}\n" if end == "mixed" else f"{LINE}\r\n{LINE}\r\n"
    bench.put("status_events/a.ndjson", "\ufeff" + lines)

    bench.ingest()

    assert [r["event_id"] for r in bench.raw("status_events")] == ["e1", "e1"]


@pytest.mark.parametrize("before", range(8))
def test_a_line_that_is_no_json_is_rejected_wherever_its_quotation_ends(
    bench: Bench, before: int
) -> None:
    """An engine quotes the beginning of such a line: in bytes, of which a character has up to four."""
    bad = '{"' + "x" * before + "é€😀" * 40
    bench.put("status_events/events.ndjson", f"{bad}\n{LINE}\n")

    bench.ingest()

    assert len(bench.raw("status_events")) == 1
    (reject,) = bench.rejects("status_events")
    assert reject["line_number"] == "1"
    assert "no valid JSON" in reject["reason"]
