"""The slow landing reader, and which version of a thing counts."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as parquet
import pytest
from hypothesis import HealthCheck, given, settings
from scenes import agent, at

from tests.oracle.days import agent_days
from tests.oracle.landing import inspect_landing, read_landing, write_landing
from tests.oracle.strategies import Scenario, scenarios
from tests.oracle.versions import latest_versions

CALM = list(HealthCheck)
HEADER = "event_id,agent_id,occurred_at,status,reason\n"
GOOD = "e1,a,2026-03-02T09:00:00+01:00,away,\n"


def put(folder: Path, name: str, content: str | bytes, dataset: str = "status_events") -> None:
    (folder / dataset).mkdir(exist_ok=True)
    data = content.encode() if isinstance(content, str) else content
    (folder / dataset / name).write_bytes(data)


@settings(max_examples=20, deadline=None, suppress_health_check=CALM)
@given(scenarios(max_agents=2, max_days=2))
def test_written_rows_come_back(
    tmp_path_factory: pytest.TempPathFactory, scenario: Scenario
) -> None:
    folder = tmp_path_factory.mktemp("landing")
    write_landing(scenario.rows, folder)
    assert inspect_landing(folder).rejects == []
    read = read_landing(folder)
    assert read.keys() == scenario.rows.keys()
    assert agent_days(read, scenario.as_of) == agent_days(*scenario)


def test_good_rows_load_typed_and_unknown_columns_stay_out(tmp_path: Path) -> None:
    put(tmp_path, "a.csv", HEADER.replace("reason", "reason,x") + GOOD.replace("\n", ",1\n"))
    (row,) = read_landing(tmp_path)["status_events"]
    assert (row["occurred_at"], row["reason"]) == (at("08:00"), None)
    assert "x" not in row


@pytest.mark.parametrize(
    ("bad", "column"),
    [
        ("e2,a,2026-03-02T09:00:00,away,", "occurred_at"),
        ("e2,,2026-03-02T09:00:00Z,away,", "agent_id"),
        ("e2,a,2026-03-02T09:00:00Z,Away,", "status"),
        ("e2,a,soon,away,", "occurred_at"),
        (f"{'e' * 129},a,2026-03-02T09:00:00Z,away,", "event_id"),
        ("e2,a", None),
    ],
)
def test_a_bad_row_is_refused_and_the_others_load(
    tmp_path: Path, bad: str, column: str | None
) -> None:
    put(tmp_path, "a.csv", HEADER + bad + "\n" + GOOD)
    landing = inspect_landing(tmp_path)
    assert [(reject.row, reject.column) for reject in landing.rejects] == [(1, column)]
    assert len(landing.versions["status_events"]) == 1


@pytest.mark.parametrize(
    ("dataset", "row", "column"),
    [
        ("qa_evaluations", '{"score": 100.5}', "score"),
        ("csat_surveys", '{"score": 4.5}', "score"),
        ("interactions", '{"talk_seconds": -1}', "talk_seconds"),
        ("interactions", '{"ended_at": "2026-03-02T08:59:59Z"}', "ended_at"),
        ("agents", '{"time_zone": "Mars/Olympus"}', "time_zone"),
        ("agents", '{"effective_from": "02.03.2026"}', "effective_from"),
    ],
)
def test_ranges_and_orders(tmp_path: Path, dataset: str, row: str, column: str) -> None:
    instant = "2026-03-02T09:00:00Z"
    good = {
        "qa_evaluations": {"evaluation_id": "q", "agent_id": "a", "evaluated_at": instant},
        "csat_surveys": {"survey_id": "s", "agent_id": "a"},
        "interactions": {
            "interaction_id": "i",
            "customer_id": "c",
            "channel": "voice",
            "direction": "inbound",
            "queued_at": instant,
            "answered_at": instant,
        },
        "agents": {
            "agent_id": "a",
            "name": "A",
            "role": "agent",
            "team_id": "t",
            "time_zone": "UTC",
            "effective_from": "2026-03-02",
        },
    }[dataset]
    put(tmp_path, "a.ndjson", json.dumps(good | json.loads(row)) + "\n", dataset)
    assert [reject.column for reject in inspect_landing(tmp_path).rejects] == [column]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("bad.csv", (HEADER + GOOD.replace("away", "Zürich")).encode("latin-1")),
        ("bad.csv.gz", gzip.compress((HEADER + GOOD).encode(), mtime=0)[:-9]),
        ("bad.parquet", b"not parquet"),
        ("bad.csv", HEADER.replace("status,", "") + "e1,a,2026-03-02T09:00:00Z,\n"),
    ],
)
def test_an_unreadable_file_loads_nothing_and_the_others_go_on(
    tmp_path: Path, name: str, content: str | bytes
) -> None:
    put(tmp_path, name, content)
    put(tmp_path, "good.csv", HEADER + GOOD)
    landing = inspect_landing(tmp_path)
    assert [(reject.file, reject.row) for reject in landing.rejects] == [(name, None)]
    assert len(landing.versions["status_events"]) == 1


def test_a_file_under_two_names_is_loaded_once(tmp_path: Path) -> None:
    put(tmp_path, "a.csv", HEADER + GOOD)
    put(tmp_path, "b.csv", HEADER + GOOD)
    assert len(inspect_landing(tmp_path).versions["status_events"]) == 1


def test_parquet(tmp_path: Path) -> None:
    (tmp_path / "status_events").mkdir()
    columns = {"event_id": ["e"], "agent_id": ["a"], "occurred_at": [at("09:00")]}
    table = pa.table(columns | {"status": ["away"]})
    parquet.write_table(table, tmp_path / "status_events" / "a.parquet")
    assert read_landing(tmp_path)["status_events"][0]["occurred_at"] == at("09:00")


def test_a_header_alone_is_a_dataset_that_was_collected(tmp_path: Path) -> None:
    write_landing({"shifts": []}, tmp_path)
    assert read_landing(tmp_path) == {"shifts": []}


def names(*versions: dict[str, Any]) -> list[str]:
    rows = [agent() | version for version in versions]
    return [row["name"] for row in latest_versions({"agents": rows}, at("12:00"))["agents"]]


def test_versions() -> None:
    older = {"name": "older", "updated_at": at("09:00"), "load_order": 2}
    newer = {"name": "newer", "updated_at": at("10:00"), "load_order": 1}
    future = {"name": "future", "updated_at": at("12:00:00.1"), "load_order": 3}
    undated = {"name": "undated", "updated_at": None, "load_order": 4}
    assert names(newer, older) == ["newer"]
    assert names(newer, future) == ["newer"]
    assert names(undated, newer) == ["newer"]
    assert names(undated, undated | {"name": "first", "load_order": 3}) == ["undated"]
    assert names(newer, newer) == ["newer"]
