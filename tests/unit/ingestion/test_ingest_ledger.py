"""The ledger: identity, sequence, crashes, and processes side by side."""

import hashlib
import json
import multiprocessing
import shutil
from pathlib import Path
from typing import Any

import pytest
from ingestion_bench import EVENT, Bench

from ingestion import Home, durable, ingest, ledger, load, read_ledger

KEYS = [
    "load_sequence",
    "dataset",
    "load_id",
    "status",
    "file",
    "file_sha256",
    "bytes",
    "rows_read",
    "rows_loaded",
    "rows_rejected",
    "unknown_columns",
    "reason",
    "raw_sha256",
    "rows_erased",
    "mapping",
    "mapping_sha256",
    "rows_left_out",
]


class Killed(BaseException):
    """Stands for a process that ends here: nothing catches it."""


def test_a_line_has_exactly_the_agreed_keys(bench: Bench) -> None:
    path = bench.put_rows("status_events/deep/er/a.csv", [EVENT])
    bench.ingest()

    (line,) = bench.home.ledger.read_text().splitlines()

    record = json.loads(line)
    fields = record["content"]
    assert (record["kind"], list(fields)) == ("load", KEYS)
    raw = bench.home.raw_folder("status_events") / f"{fields['load_id']}.parquet"
    assert fields["raw_sha256"] == hashlib.sha256(raw.read_bytes()).hexdigest()
    assert fields["file"] == "status_events/deep/er/a.csv"
    assert fields["load_id"] == fields["file_sha256"][:12]
    assert fields["bytes"] == path.stat().st_size
    assert record["recorded_at"].endswith("Z")


def test_load_order_is_contract_order_then_path(bench: Bench) -> None:
    bench.put_rows("status_events/b.csv", [EVENT])
    bench.put_rows("status_events/a.ndjson", [EVENT])
    team = {"team_id": "t", "team_name": "T", "department": "D"}
    bench.put_rows("teams/z.csv", [team])

    bench.ingest()
    bench.put_rows("teams/a.ndjson", [team])
    bench.ingest()

    assert [(line.sequence, line.file) for line in bench.ledger()] == [
        (1, "teams/z.csv"),
        (2, "status_events/a.ndjson"),
        (3, "status_events/b.csv"),
        (4, "teams/a.ndjson"),
    ]


def test_a_second_run_adds_nothing(bench: Bench) -> None:
    bench.put_rows("status_events/a.csv", [EVENT])
    bench.put("status_events/b.txt", "x")
    bench.ingest()
    before = bench.home.ledger.read_bytes()

    summary = bench.ingest()

    assert bench.home.ledger.read_bytes() == before
    assert summary.loads == []
    assert summary.datasets["status_events"].files_already_loaded == 2


def test_the_same_content_under_two_names_adds_nothing(bench: Bench) -> None:
    bench.put_rows("status_events/a.csv", [EVENT])
    bench.put_rows("status_events/copy.csv", [EVENT])

    counts = bench.ingest().datasets["status_events"]

    assert (counts.files_new, counts.files_already_loaded) == (1, 1)
    assert len(bench.raw("status_events")) == 1


def test_the_same_content_in_two_datasets_counts_twice(bench: Bench) -> None:
    bench.put("status_events/a.txt", "x")
    bench.put("teams/a.txt", "x")

    bench.ingest()

    assert [line.dataset for line in bench.ledger()] == ["teams", "status_events"]


def test_a_load_id_that_is_taken_grows() -> None:
    sha256 = "0123456789abcdef" * 4

    assert load.make_load_id(sha256, set()) == "0123456789ab"
    assert load.make_load_id(sha256, {"0123456789ab", "0123456789abc"}) == "0123456789abcd"


def test_a_partial_last_line_is_ignored_and_then_removed(bench: Bench) -> None:
    bench.put_rows("status_events/a.csv", [EVENT])
    bench.ingest()
    with bench.home.ledger.open("ab") as opened:
        opened.write(b'{"sequence": 2, "dataset": "sta')
    assert len(bench.ledger()) == 1

    bench.put_rows("status_events/b.csv", [{**EVENT, "event_id": "e2"}])
    bench.ingest()

    assert [line.sequence for line in bench.ledger()] == [1, 2]
    assert bench.home.ledger.read_bytes().count(b"\n") == 2


def test_everything_is_private(bench: Bench) -> None:
    bench.put_rows("status_events/a.csv", [EVENT, {**EVENT, "status": "x"}])
    bench.ingest()

    paths = [bench.home.root, *bench.home.root.rglob("*")]
    assert {oct(path.stat().st_mode & 0o777) for path in paths if path.is_file()} == {"0o600"}
    assert {oct(path.stat().st_mode & 0o777) for path in paths if path.is_dir()} == {"0o700"}
    assert list(bench.home.scratch.iterdir()) == []


def kill_at_scan(monkeypatch: pytest.MonkeyPatch) -> None:
    kill_where_suffix_is(monkeypatch, ".json")


def kill_before_raw(monkeypatch: pytest.MonkeyPatch) -> None:
    kill_where_suffix_is(monkeypatch, ".parquet")


def kill_between_raw_and_quarantine(monkeypatch: pytest.MonkeyPatch) -> None:
    kill_where_suffix_is(monkeypatch, ".csv")


def kill_where_suffix_is(monkeypatch: pytest.MonkeyPatch, suffix: str) -> None:
    put = durable.put_in_place

    def killed(written: Path, final: Path) -> None:
        if final.suffix == suffix:
            raise Killed
        put(written, final)

    monkeypatch.setattr(durable, "put_in_place", killed)


def kill_at_ledger(monkeypatch: pytest.MonkeyPatch) -> None:
    def killed(*_: Any) -> None:
        raise Killed

    monkeypatch.setattr(ledger.Loads, "append", killed)


@pytest.mark.parametrize(
    "kill", [kill_at_scan, kill_before_raw, kill_between_raw_and_quarantine, kill_at_ledger]
)
@pytest.mark.parametrize("cleans_up", [True, False])
def test_a_run_after_a_kill_completes(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, kill: Any, cleans_up: bool
) -> None:
    bench.put_rows("status_events/a.csv", [EVENT, {**EVENT, "status": "x"}])
    bench.home.prepare()
    with monkeypatch.context() as patched:
        kill(patched)
        if not cleans_up:
            # A killed process runs no clean-up of its own.
            patched.setattr(Path, "unlink", lambda self, missing_ok=False: None)
            patched.setattr(shutil, "rmtree", lambda *_, **__: None)
        with pytest.raises(Killed):
            bench.ingest()
    assert bench.ledger() == []

    bench.ingest()

    assert [(line.rows_loaded, line.rows_rejected) for line in bench.ledger()] == [(1, 1)]
    assert len(bench.raw("status_events")) == 1
    assert len(bench.rejects("status_events")) == 1
    assert list(bench.home.scratch.iterdir()) == []
    assert list(bench.home.root.rglob(".*")) == []


def _run(root: Path, landing: Path, barrier: Any) -> None:
    barrier.wait()
    ingest(Home(root), landing)


def test_two_processes_at_once_make_one_line_per_content(bench: Bench) -> None:
    for number in range(5):
        bench.put_rows(f"status_events/{number}.csv", [{**EVENT, "event_id": f"e{number}"}])
    bench.home.prepare()
    context = multiprocessing.get_context("spawn")
    barrier = context.Barrier(2)
    processes = [
        context.Process(target=_run, args=(bench.home.root, bench.landing, barrier))
        for _ in range(2)
    ]
    for process in processes:
        process.start()
    for process in processes:
        process.join()

    assert [process.exitcode for process in processes] == [0, 0]
    assert [line.sequence for line in bench.ledger()] == [1, 2, 3, 4, 5]
    assert len({line.file_sha256 for line in bench.ledger()}) == 5
    assert len(bench.raw("status_events")) == 5


def test_a_content_loaded_meanwhile_adds_no_line(bench: Bench) -> None:
    bench.put_rows("status_events/a.csv", [EVENT])
    bench.ingest()
    (line,) = bench.ledger()

    assert ledger.Loads(bench.home).append(line) is None
    assert read_ledger(bench.home) == [line]


def test_a_run_that_goes_on_is_not_swept_by_another(bench: Bench) -> None:
    bench.home.prepare()
    swept: list[str] = []
    with (
        ledger.running(bench.home, lambda: swept.append("first")),
        ledger.running(bench.home, lambda: swept.append("second")),
    ):
        assert swept == ["first"]
