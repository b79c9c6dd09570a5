"""Parquet: native types that mean the same as the contract's text."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from ingestion_bench import EVENT, Bench

MOMENT = datetime(2026, 1, 31, 9, 30, tzinfo=UTC)


def put_table(bench: Bench, file: str, columns: dict[str, Any]) -> None:
    pq.write_table(pa.table(columns), bench.put(file, b""))


def contact(**columns: Any) -> dict[str, Any]:
    size = len(next(iter(columns.values())))
    base = {"interaction_id": "i", "customer_id": "c", "channel": "voice", "direction": "inbound"}
    return {
        **{name: pa.array([value] * size) for name, value in base.items()},
        "queued_at": pa.array([MOMENT] * size, pa.timestamp("us", "UTC")),
        **columns,
    }


@pytest.mark.parametrize("unit", ["ms", "us", "ns"])
@pytest.mark.parametrize("zone", ["UTC", "Asia/Kolkata"])
def test_instants_with_a_zone(bench: Bench, unit: str, zone: str) -> None:
    instants = pa.array([MOMENT], pa.timestamp(unit, zone))
    put_table(bench, "interactions/a.parquet", contact(answered_at=instants))

    bench.ingest()

    assert bench.rejects("interactions") == []
    assert bench.raw("interactions")[0]["answered_at"] == "2026-01-31 09:30:00+00"


@pytest.mark.parametrize("unit", ["ms", "us", "ns"])
def test_naive_timestamps_are_rejected_row_by_row(bench: Bench, unit: str) -> None:
    naive = pa.array([MOMENT.replace(tzinfo=None), None], pa.timestamp(unit))
    put_table(bench, "interactions/a.parquet", contact(answered_at=naive))

    bench.ingest()

    (reject,) = bench.rejects("interactions")
    assert reject["reason"].startswith("naive instant: answered_at")
    assert (reject["row_number"], reject["line_number"]) == ("1", "")
    assert [r["row_number"] for r in bench.raw("interactions")] == ["2"]


def test_numbers_as_data_frames_write_them(bench: Bench) -> None:
    put_table(
        bench,
        "interactions/a.parquet",
        contact(
            talk_seconds=pa.array([120.0, None, 1.5]),
            hold_seconds=pa.array([1, 2, 3], pa.int32()),
            acw_seconds=pa.array([Decimal("4.00"), None, None], pa.decimal128(10, 2)),
            case_id=pa.array([1001.0, None, 3.0]),
            queue=pa.array(["a", "b", "a"]).dictionary_encode(),
            topic=pa.array([b"a", "é".encode(), None], pa.binary()),
        ),
    )

    bench.ingest()

    first, second = bench.raw("interactions")
    assert [first[name] for name in ("talk_seconds", "hold_seconds", "acw_seconds")] == [
        "120",
        "1",
        "4",
    ]
    assert (first["case_id"], second["talk_seconds"]) == ("1001", None)
    assert (second["queue"], second["topic"]) == ("b", "é")
    (reject,) = bench.rejects("interactions")
    assert (reject["row_number"], reject["value"]) == ("3", "1.5")


def test_dates_and_booleans(bench: Bench) -> None:
    put_table(
        bench,
        "agents/a.parquet",
        {
            "agent_id": pa.array([1, 2]),
            "name": pa.array(["Ana", "Bo"]),
            "role": pa.array(["agent", "agent"]),
            "team_id": pa.array(["t", "t"]),
            "time_zone": pa.array(["UTC", "UTC"]),
            "effective_from": pa.array([date(2026, 1, 1)] * 2),
            "hired_on": pa.array(
                [datetime(2020, 5, 1), datetime(2020, 5, 1, 8)], pa.timestamp("ns")
            ),
        },
    )
    put_table(
        bench,
        "qa_evaluations/a.parquet",
        {
            "evaluation_id": ["q"],
            "agent_id": ["1"],
            "evaluated_at": pa.array([MOMENT], pa.timestamp("us", "UTC")),
            "score": pa.array([0.25], pa.float32()),
            "critical_fail": [True],
        },
    )

    bench.ingest()

    (agent,) = bench.raw("agents")
    assert (agent["agent_id"], agent["hired_on"]) == ("1", "2020-05-01")
    (reject,) = bench.rejects("agents")
    assert "hired_on '2020-05-01 08:00:00' is no date" in reject["reason"]
    (evaluation,) = bench.raw("qa_evaluations")
    assert (evaluation["score"], evaluation["critical_fail"]) == ("0.250000000", "true")


def test_nested_values_are_rejected(bench: Bench) -> None:
    put_table(
        bench,
        "status_events/a.parquet",
        {name: [value, value] for name, value in EVENT.items()} | {"reason": [["a"], None]},
    )

    bench.ingest()

    (reject,) = bench.rejects("status_events")
    assert (reject["row_number"], reject["column"]) == ("1", "reason")
    assert "nested value" in reject["reason"]
    assert len(bench.raw("status_events")) == 1


def test_unusable_files(bench: Bench) -> None:
    good = bench.put_rows("status_events/a.parquet", [EVENT] * 1000).read_bytes()
    bench.put("status_events/b.parquet", b"PAR1 is not enough PAR1")
    bench.put("status_events/c.parquet", good[: len(good) // 2])
    bench.put("status_events/d.parquet", b"")
    bench.put_rows("status_events/e.parquet", [{"event_id": "e1"}])
    bench.put("status_events/f.parquet", good[:4] + b"\xff" * 200 + good[204:])

    bench.ingest()

    loaded, *bad, missing, damaged = bench.ledger()
    assert loaded.rows_loaded == 1000
    assert all("cannot be read as Parquet" in (load.reason or "") for load in [*bad, damaged])
    assert "required columns agent_id, occurred_at, status missing" in (missing.reason or "")
