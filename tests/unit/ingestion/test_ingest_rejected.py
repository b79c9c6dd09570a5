"""The share of rejected rows that a close looks at."""

import pytest
from ingestion_bench import EVENT, Bench

from ingestion import RejectedShare, read_scan, rejected_share


def shares(bench: Bench, after_sequence: int = 0) -> dict[str, RejectedShare]:
    scanned = read_scan(bench.home)
    assert scanned is not None
    return rejected_share(bench.home, scanned, after_sequence)


def test_share_and_worst_file(bench: Bench) -> None:
    bad = {**EVENT, "status": "x"}
    bench.put_rows("status_events/a.csv", [EVENT, EVENT, bad])
    bench.put_rows("status_events/b.csv", [EVENT, EVENT, EVENT, bad, bad])
    bench.put("teams/a.xlsx", "x")
    bench.ingest()

    found = shares(bench)

    events = found["status_events"]
    assert (events.rows_read, events.rows_rejected, events.worst_file) == (
        8,
        3,
        "status_events/b.csv",
    )
    assert events.share == pytest.approx(3 / 8)
    assert events.worst_quarantine is not None
    assert events.worst_quarantine.read_text().count("\n") == 3
    assert (found["teams"].share, found["teams"].worst_file) == (0.0, None)
    assert [file for file, _ in found["teams"].unusable] == ["teams/a.xlsx"]
    assert set(found) == {"status_events", "teams"}


def test_loads_up_to_a_sequence_do_not_count(bench: Bench) -> None:
    bench.put_rows("status_events/a.csv", [{**EVENT, "status": "x"}])
    bench.ingest()

    assert shares(bench, after_sequence=1) == {}


def test_a_file_corrected_in_place_no_longer_counts(bench: Bench) -> None:
    bench.put_rows("status_events/a.csv", [{**EVENT, "status": "x"}])
    bench.ingest()
    assert shares(bench)["status_events"].share == 1.0

    bench.put_rows("status_events/a.csv", [EVENT])
    bench.ingest()

    assert shares(bench)["status_events"].rows_rejected == 0
