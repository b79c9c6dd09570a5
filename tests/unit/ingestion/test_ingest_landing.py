"""The landing folder: what is seen, what is left out, and what is remembered of it."""

import json
import os
from pathlib import Path

import pytest
from ingestion_bench import EVENT, Bench

from ingestion import UnusableInput, landing, load, read_scan


def test_a_missing_folder_is_an_error(bench: Bench) -> None:
    with pytest.raises(UnusableInput, match="does not exist"):
        bench.ingest()


@pytest.mark.parametrize("file", [None, "other/a.csv", "a.csv", "status_events/.hidden.csv"])
def test_a_folder_without_a_file_is_an_error(bench: Bench, file: str | None) -> None:
    bench.landing.mkdir()
    if file:
        bench.put(file, "x")

    with pytest.raises(UnusableInput, match="no file in a dataset folder"):
        bench.ingest()


def test_an_unknown_dataset_is_an_error(bench: Bench) -> None:
    with pytest.raises(UnusableInput, match="no dataset is named calls"):
        bench.ingest(datasets=["calls"])


def test_unfinished_and_hidden_files_are_ignored(bench: Bench) -> None:
    names = ["a.csv.tmp", "a.csv.part", "a.csv~", ".a.csv", "_a.csv", "_old/a.csv", ".git/a.csv"]
    for name in names:
        bench.put(f"status_events/{name}", "x")
    bench.put_rows("status_events/sub/A.CSV", [EVENT])
    bench.put("_notes/x", "x")

    summary = bench.ingest()

    assert [line.file for line in bench.ledger()] == ["status_events/sub/A.CSV"]
    assert summary.unknown_entries == ()


def test_entries_that_are_no_dataset_are_reported(bench: Bench) -> None:
    bench.put_rows("status_events/a.csv", [EVENT])
    bench.put("calls/a.csv", "x")
    bench.put("agents.csv", "x")
    told: list[str] = []

    summary = bench.ingest(progress=told.append)

    assert summary.unknown_entries == ("agents.csv", "calls")
    assert "agents.csv in the landing folder is no dataset folder and was left out" in told
    assert (
        "calls in the landing folder is no dataset folder and was left out; a mapping file"
        " calls/mapping.yml makes its CSV readable (docs/sources/mapping.md)"
    ) in told


@pytest.mark.parametrize("name", ["a.xlsx", "a", "a.parquet.gz", "a.csv.zip"])
def test_unknown_formats_are_quarantined(bench: Bench, name: str) -> None:
    bench.put(f"status_events/{name}", "x")

    bench.ingest()

    reason = bench.ledger()[0].reason or ""
    assert "cannot be read; readable are .csv, .csv.gz, .ndjson" in reason


def test_an_unchanged_file_is_not_hashed_again(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = bench.put_rows("status_events/a.csv", [EVENT])
    bench.put_rows("status_events/b.csv", [{**EVENT, "event_id": "e2"}])
    bench.ingest()
    hashed: list[str] = []
    content_hash = landing.content_hash

    def spy(path: Path) -> str:
        hashed.append(path.name)
        return content_hash(path)

    monkeypatch.setattr(landing, "content_hash", spy)
    bench.ingest()
    assert hashed == []

    os.utime(first, ns=(1, 1))
    bench.ingest()
    assert hashed == ["a.csv"]
    assert len(bench.ledger()) == 2


def test_the_scan_tells_what_lies_there_now(bench: Bench) -> None:
    path = bench.put_rows("status_events/a.csv", [EVENT])
    bench.ingest()
    path.unlink()
    bench.put_rows("status_events/b.csv", [{**EVENT, "event_id": "e2"}])
    bench.ingest()

    facts = json.loads(bench.home.landing_scan.read_text())["files"]
    assert list(facts) == ["status_events/b.csv"]
    assert set(facts["status_events/b.csv"]) == {"dataset", "size", "mtime_ns", "sha256"}
    scanned = read_scan(bench.home)
    assert scanned is not None
    assert scanned.contents() == {("status_events", bench.ledger()[1].file_sha256)}


def test_a_run_for_some_datasets_remembers_the_others(bench: Bench) -> None:
    bench.put_rows("status_events/a.csv", [EVENT])
    bench.put("teams/a.txt", "x")
    bench.ingest()

    summary = bench.ingest(datasets=["teams"])

    assert list(summary.datasets) == ["teams"]
    scanned = read_scan(bench.home)
    assert scanned is not None
    assert {file.dataset for file in scanned.files} == {"teams", "status_events"}


@pytest.mark.parametrize("damage", ["", "{", "[]", '{"files": {"a": {}}}'])
def test_a_damaged_scan_is_made_anew(bench: Bench, damage: str) -> None:
    bench.put_rows("status_events/a.csv", [EVENT])
    bench.ingest()
    bench.home.landing_scan.write_text(damage)

    bench.ingest()

    assert len(bench.ledger()) == 1
    assert read_scan(bench.home) is not None


def test_a_file_that_changes_while_it_is_read_waits(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = bench.put_rows("status_events/a.csv", [EVENT])
    write = load._write

    def written_to(*arguments: object) -> object:
        path.write_bytes(path.read_bytes() + b"\n")
        return write(*arguments)  # type: ignore[arg-type]

    with monkeypatch.context() as patched:
        patched.setattr(load, "_write", written_to)
        summary = bench.ingest()
    assert "was written to while it was read" in summary.skipped["status_events/a.csv"]
    assert bench.ledger() == []
    assert bench.raw("status_events") == []

    bench.ingest()
    assert len(bench.ledger()) == 1
