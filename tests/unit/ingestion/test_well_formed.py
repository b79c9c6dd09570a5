"""A file whose lines all are rows is read as it lies there; that loads and rejects what reading line by line does."""

import random
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from ingestion_bench import Bench

from ingestion import DATASETS, Home, Load
from ingestion.readers import csv, ndjson

INSTANTS = (
    "2026-01-31T09:30:00Z", "2026-01-31 09:30Z", "2026-01-31T09:30:00.123456789+05:30", "2026-01-31T24:00:00Z",
    "2016-12-31T23:59:60Z", "0000-01-01T00:00:00Z", "2026-1-31T09:30:00Z", "2026-01-31T 9:30:00Z", "1970-01-01T00:00Z",
    "2026-01-31T09:30:5.Z", "٢٠٢٦-01-31T09:30:00Z", "2100-12-31T23:59:59.999999Z", "2100-12-31T23:59:59-00:01",
    "2026-01-31T09:30:00", " 2026-01-31T09:30:00Z", "2026-01-31T09:30:00Z ", "infinity", "+2026-01-31T09:30:00Z",
)  # fmt: skip
NUMBERS = (
    "0",
    "-0",
    "+7",
    "7.0",
    "7.5",
    "007",
    "1e2",
    "٧",
    " 7",
    "9" * 19,
    "9223372036854775807",
    "1_000",
    "7.",
    ".5",
)
OTHERS = (
    "",
    "a",
    "true",
    "[1]",
    "{",
    "{}",
    "x\0y",
    "é" * 129,
    "voice",
    "inbound",
    "resolved",
    '"',
    "a,b",
    "two\nlines",
)
NESTED = ([], [1], {}, {"a": 1}, None, 5, 1.5, True)


def drawn(rng: random.Random, texts: Sequence[Any]) -> dict[str, Any]:
    """A row that is good, but for some columns now and then."""
    row = {
        "interaction_id": f"i{rng.random()}",
        "customer_id": "c",
        "channel": "voice",
        "direction": "inbound",
        "queued_at": "2026-01-31T09:30:00Z",
    }
    for column in DATASETS["interactions"].columns:
        if rng.random() < 0.1:
            row[column.name] = rng.choice(texts)
    return row


@pytest.mark.parametrize("kind", ["csv", "ndjson"])
def test_both_ways_of_reading_say_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    texts = (*INSTANTS, *NUMBERS, *OTHERS, *(NESTED if kind == "ndjson" else ()))
    found = []
    for number, line_by_line in enumerate((False, True)):
        bench = Bench(tmp_path / "landing", Home(tmp_path / f"home{number}"))
        if line_by_line:
            monkeypatch.setattr(csv, "read_well_formed", lambda *_: None)
            monkeypatch.setattr(ndjson, "read_well_formed", lambda *_: None)
        else:
            rng = random.Random(8)
            for place in range(20):
                rows = [drawn(rng, texts) for _ in range(30)]
                bench.put_rows(f"interactions/{place}.{kind}", rows)
            monkeypatch.setattr(csv, "read", _not_well_formed)
            monkeypatch.setattr(ndjson, "read", _not_well_formed)
        bench.ingest()
        monkeypatch.undo()
        loads = [replace(load, loaded_at="", raw_sha256=None) for load in bench.ledger()]
        found.append((bench.raw("interactions"), bench.rejects("interactions"), loads))

    assert found[0] == found[1]
    raw, rejects, _ = found[0]
    assert len(raw) > 50
    assert len(rejects) > 200


def _not_well_formed(*_: object) -> None:
    raise AssertionError("this file was not read as it lies there")


@pytest.mark.parametrize(
    ("file", "damage"),
    [
        ("a.csv", lambda text: text.replace("\n", "\nshort\n", 2)),
        ("a.csv", lambda text: text.replace('"a1"', 'a"1')),
        ("a.ndjson", lambda text: text + "\n{}\n"),
        ("a.ndjson", lambda text: text + "\n"),
        ("a.ndjson", lambda text: text.replace('"a1"', '"a1", "status": "away"')),
        ("a.ndjson", lambda text: text + "[1]\n"),
        ("a.ndjson", lambda text: text + "{\n"),
    ],
)
def test_other_files_are_read_line_by_line(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, file: str, damage: Callable[[str], str]
) -> None:
    read: list[str] = []
    for reader in (csv, ndjson):
        slow = reader.read

        def noted(*given: Any, slow: Callable[..., Any] = slow) -> Any:
            read.append(file)
            return slow(*given)

        monkeypatch.setattr(reader, "read", noted)
    row = {
        "event_id": "e",
        "agent_id": "a1",
        "occurred_at": "2026-01-31T09:30:00Z",
        "status": "away",
    }
    path = bench.put_rows(f"status_events/{file}", [row, row])
    path.write_text(damage(path.read_text()))

    bench.ingest()

    assert read == [file]
    assert bench.ledger()[0].status == "loaded"


def test_names_that_the_first_line_has_not_are_seen(bench: Bench) -> None:
    row = {
        "event_id": "e",
        "agent_id": "a1",
        "occurred_at": "2026-01-31T09:30:00Z",
        "status": "away",
    }
    bench.put_rows("status_events/a.ndjson", [row, {**row, "reason": "r", "x": 1}])

    bench.ingest()

    assert [one["reason"] for one in bench.raw("status_events")] == [None, "r"]
    assert bench.ledger()[0].unknown_columns == ("x",)


def test_native_values_of_parquet_pass_the_tests_that_their_texts_do(tmp_path: Path) -> None:
    hour = 3_600_000_000
    instants = [None, -1, 0, 1, 4_133_980_799_999_999, 4_133_980_800_000_000, -(2**62), 2**53]
    size = len(instants)
    base = {name: ["x"] * size for name in ("interaction_id", "customer_id")}
    native = {
        **base,
        "channel": ["voice"] * size,
        "direction": ["inbound"] * size,
        "queued_at": pa.array([hour] * size, pa.timestamp("us", "UTC")),
        "answered_at": pa.array(instants, pa.timestamp("us", "UTC")),
        "ended_at": pa.array([5 * hour] * size, pa.timestamp("us", "UTC")),
        "talk_seconds": pa.array([0, -1, None, 2**31 - 1, -(2**31), 1, 2, 3], pa.int32()),
        "hold_seconds": pa.array([0, 2**63 - 1, None, -(2**63), 4, 1, 2, 3], pa.int64()),
    }
    found: list[tuple[list[dict[str, Any]], list[dict[str, str]], list[Load]]] = []
    for way in ("native", "text"):
        bench = Bench(tmp_path / way, Home(tmp_path / f"home-{way}"))
        table = pa.table(native)
        if way == "text":
            table = _as_texts(table)
        path = bench.put("interactions/a.parquet", b"")
        pq.write_table(table, path)
        bench.ingest()
        loads = [(load.rows_loaded, load.rows_rejected) for load in bench.ledger()]
        raw = [{**row, "load_id": ""} for row in bench.raw("interactions")]
        found.append((raw, bench.rejects("interactions"), loads))  # type: ignore[arg-type]

    assert found[0] == found[1]
    assert found[0][2] == [(2, 6)]


def _as_texts(table: pa.Table) -> pa.Table:
    """Every column as DuckDB writes its values as text."""
    import duckdb

    with duckdb.connect() as opened:
        opened.execute("SET TimeZone = 'UTC'")
        opened.register("given", table)
        return opened.execute("SELECT COLUMNS(*)::VARCHAR FROM given").to_arrow_table()
