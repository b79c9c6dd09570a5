"""CSV: structure, quoting, encodings, headers, and what happens to lines that are no rows."""

import gzip

import pytest
from ingestion_bench import EVENT, Bench

HEADER = "event_id,agent_id,occurred_at,status,reason\n"


def row(event: str, reason: str = "") -> str:
    return f"{event},a1,2026-01-31T09:30:00Z,active,{reason}\n"


def test_columns_match_by_name_in_any_order_case_and_blanks(bench: Bench) -> None:
    bench.put(
        "status_events/a.csv",
        "Status, EVENT_ID ,colour,occurred_at,agent_id\nactive,e1,red,2026-01-31T09:30:00Z,a1\n",
    )

    summary = bench.ingest()

    (loaded,) = bench.raw("status_events")
    assert (loaded["event_id"], loaded["status"], loaded["unit"]) == ("e1", "active", None)
    assert summary.datasets["status_events"].unknown_columns == {"status_events/a.csv": ("colour",)}
    assert bench.ledger()[0].unknown_columns == ("colour",)


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_line_ends_and_byte_order_mark(bench: Bench, end: str, mark: str) -> None:
    bench.put("status_events/a.csv", mark + (HEADER + row("e1") + row("e2")).replace("\n", end))

    bench.ingest()

    assert [r["event_id"] for r in bench.raw("status_events")] == ["e1", "e2"]


def test_mixed_line_ends(bench: Bench) -> None:
    mixed = HEADER + row("e1").replace("\n", "\r\n") + row("e2") + "x\n" + row("e3")
    bench.put("status_events/a.csv", mixed)

    bench.ingest()

    assert [r["event_id"] for r in bench.raw("status_events")] == ["e1", "e2", "e3"]
    assert [r["line_number"] for r in bench.rejects("status_events")] == ["4"]


def test_row_and_line_numbers_count_through_everything_before(bench: Bench) -> None:
    bench.put(
        "status_events/a.csv",
        HEADER  # 1
        + row("e1", '"two\nlines"')  # 2-3
        + "\n"  # 4
        + "short,row\n"  # 5
        + row("e3", '"a ""quoted"" word\r\nand more"')  # 6-7
        + "\n\n"  # 8-9
        + row("e4").replace("active", "idle")  # 10
        + row("e5").replace("\n", ",one,too,many\n")  # 11
        + row("e6")  # 12
        + row("e7").replace("Z", ""),  # 13
    )

    bench.ingest()

    assert [(r["event_id"], r["row_number"]) for r in bench.raw("status_events")] == [
        ("e1", "1"),
        ("e3", "3"),
        ("e6", "6"),
    ]
    rejects = bench.rejects("status_events")
    assert [(r["row_number"], r["line_number"], r["column"]) for r in rejects] == [
        ("2", "5", ""),
        ("4", "10", "status"),
        ("5", "11", ""),
        ("7", "13", "occurred_at"),
    ]
    assert rejects[0]["reason"] == "the row has 2 values, but the header names 5 columns"
    assert rejects[0]["record"] == "short,row"
    assert "the row has 8 values" in rejects[2]["reason"]
    assert bench.ledger()[0].rows_read == 7


def test_a_quote_left_open_rejects_every_line_it_swallows(bench: Bench) -> None:
    bench.put(
        "status_events/a.csv", HEADER + row("e1") + row("e2", '"open') + row("e3") + row("e4")
    )

    bench.ingest()

    load = bench.ledger()[0]
    assert (load.rows_loaded, load.rows_rejected) == (1, 3)
    rejects = bench.rejects("status_events")
    assert [r["line_number"] for r in rejects] == ["3", "4", "5"]
    assert "does not end with one" in rejects[0]["reason"]


@pytest.mark.parametrize("closed_later", [False, True])
def test_every_line_behind_an_open_quote_counts(bench: Bench, closed_later: bool) -> None:
    tail = "".join(row(f"e{number}", "x" * 100) for number in range(2_000))
    closing = row("e8", 'y"y"') if closed_later else ""
    bench.put("status_events/a.csv", HEADER + row("e1") + row("e2", '"open') + tail + closing)

    bench.ingest()

    load = bench.ledger()[0]
    assert (load.rows_loaded, load.rows_rejected) == (1, 2_001 + closed_later)


def test_an_open_quote_that_the_reader_loses_makes_the_file_unusable(bench: Bench) -> None:
    tail = row("e3", "x" * 100) * 300_000
    bench.put("status_events/a.csv", HEADER + row("e1") + row("e2", '"open') + tail)

    bench.ingest()

    load = bench.ledger()[0]
    assert (load.status, load.rows_loaded) == ("quarantined", 0)
    assert load.reason is not None
    assert "record that begins in line 3 does not end" in load.reason


def test_a_quote_within_an_unquoted_value_is_text(bench: Bench) -> None:
    bench.put("status_events/a.csv", HEADER + row("e1", '5" screen') + row("e2", 'x"y"z'))

    bench.ingest()

    assert [r["reason"] for r in bench.raw("status_events")] == ['5" screen', 'x"y"z']


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "the first line is no header"),
        (b"\n" + HEADER.encode(), "the first line is no header"),
        (HEADER.replace(",", ";").encode(), "separate the columns by commas"),
        (b"event_id,agent_id,status\n", "required column occurred_at missing"),
        (b"event_id,status\n", "required columns agent_id, occurred_at missing"),
        (HEADER.replace("reason", "STATUS ").encode(), "column status is there twice"),
        (HEADER.encode() + row("e\n1\n").encode() + b"\xff", "byte 0xff in line 5 is not UTF-8"),
        (HEADER.encode() + row("é").encode("latin-1"), "byte 0xe9 in line 2 is not UTF-8"),
        ((HEADER + row("e1")).encode("utf-16"), "is not UTF-8"),
        (gzip.compress(HEADER.encode(), mtime=0), "the file is gzip; name it with .gz"),
    ],
)
def test_unusable_files_are_quarantined_whole(bench: Bench, content: bytes, reason: str) -> None:
    bench.put("status_events/bad.csv", content)
    bench.put_rows("status_events/good.csv", [EVENT])

    summary = bench.ingest()

    bad, good = bench.ledger()
    assert (bad.status, bad.rows_read, good.status) == ("quarantined", 0, "loaded")
    assert bad.reason is not None
    assert reason in bad.reason
    (reject,) = bench.rejects("status_events")
    assert (reject["file"], reject["reason"]) == ("status_events/bad.csv", bad.reason)
    assert (reject["row_number"], reject["column"]) == ("", "")
    assert summary.datasets["status_events"].files_quarantined == 1
    assert len(bench.raw("status_events")) == 1


def test_a_header_alone_is_a_load_of_no_rows(bench: Bench) -> None:
    bench.put("status_events/a.csv", HEADER)

    bench.ingest()

    load = bench.ledger()[0]
    assert (load.status, load.rows_read, load.reason) == ("loaded", 0, None)


def test_a_name_with_pattern_characters_is_one_file(bench: Bench) -> None:
    bench.put_rows("status_events/export [1]*.csv", [EVENT])

    bench.ingest()

    assert len(bench.raw("status_events")) == 1


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (lambda packed: packed[: len(packed) // 2], "ends too early"),
        (lambda packed: packed[:-4], "ends too early"),
        (lambda packed: packed[:-8] + bytes(4) + packed[-4:], "the gzip data is damaged"),
        (lambda packed: b"plain text", "the file is not gzip"),
        (lambda packed: b"", "the file is not gzip"),
        (lambda packed: packed + b"rubbish", "the gzip data is damaged"),
    ],
)
def test_damaged_gzip_loads_nothing(bench: Bench, damage, reason: str) -> None:  # type: ignore[no-untyped-def]
    packed = gzip.compress((HEADER + "".join(row(f"e{n}") for n in range(1000))).encode())
    bench.put("status_events/a.csv.gz", damage(packed))

    bench.ingest()

    load = bench.ledger()[0]
    assert load.reason is not None
    assert reason in load.reason
    assert bench.raw("status_events") == []


def test_gzip_of_several_members_and_padding_loads_whole(bench: Bench) -> None:
    parts = gzip.compress((HEADER + row("e1")).encode()) + gzip.compress(row("e2").encode())
    bench.put("status_events/a.csv.gz", parts + bytes(600))

    bench.ingest()

    assert [r["event_id"] for r in bench.raw("status_events")] == ["e1", "e2"]
