"""Hostile input: nothing crashes, hangs, fills the memory or leaves the landing folder."""

import csv
import dataclasses
import gzip
import io
import os
import socket
from collections.abc import Callable
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from ingestion_bench import Bench

from ingestion import Limits, load
from ingestion.limits import printable

HEADER = "team_id,team_name,department\n"
ROW = "T3,C,D\n"
MIB = 1024**2


@pytest.fixture
def beside(bench: Bench) -> Bench:
    """A bench with a good file, which must load whole whatever lies beside it."""
    bench.put("teams/good.csv", HEADER + "T1,A,D\nT2,B,D\n")
    return bench


def outcome(bench: Bench, limits: Limits | None = None) -> tuple[int, int, str]:
    """Rows loaded and rejected of the other file, and the first reason."""
    summary = bench.ingest(limits=limits)
    loads = {load.file: load for load in summary.loads}
    assert loads.pop("teams/good.csv").rows_loaded == 2
    (load,) = loads.values()
    return load.rows_loaded, load.rows_rejected, bench.rejects("teams")[0]["reason"]


def packed(*parts: tuple[bytes, int]) -> bytes:
    made = io.BytesIO()
    with gzip.open(made, "wb", compresslevel=6) as opened:
        for part, times in parts:
            opened.write(part * times)
    return made.getvalue()


@pytest.mark.parametrize(
    ("name", "content", "limits", "reason"),
    [
        ("b.csv", HEADER + ROW * 99, {"file_bytes": 700}, "file_bytes of 700: the file has 722"),
        ("b.csv.gz", packed((b"\0", 20 * MIB)), {}, "line_bytes of 16,777,216: line 1 has 20,9"),
        ("b.ndjson.gz", packed((b" ", 20 * MIB)), {}, "line_bytes of 16,777,216: line 1 has 20,9"),
        (
            "b.csv.gz",
            packed((HEADER.encode(), 1), (ROW.encode(), MIB)),
            {"ratio_free_bytes": MIB},
            "unpack_ratio of 200",
        ),
        (
            "b.csv",
            HEADER + 'T3,"C,D\n' + ROW * 400_000,
            {"record_bytes": MIB},
            "record_bytes of 1,048,576: the record that begins in line 2 does not end",
        ),
        (
            "b.csv",
            HEADER + "T3" + ",x" * 10**6 + "\n",
            {},
            "the row in line 2 has 1,000,001 values",
        ),
        ("b.csv", HEADER + "T3\n" * 100_001, {}, "refused_lines of 100,000: up to line 100,002"),
        (
            "b.csv",
            HEADER.strip() + "".join(f",x{i}" for i in range(10**6)) + "\n",
            {},
            "columns of 1,000: the file has 1,000,003",
        ),
        (
            "b.ndjson",
            '{"team_id":"T3",' + ",".join(f'"x{i}":1' for i in range(2000)) + "}\n",
            {},
            "columns of 1,000: the file has 2,001",
        ),
    ],
)
def test_what_asks_too_much_is_quarantined_whole_with_limit_and_value(
    beside: Bench, name: str, content: bytes | str, limits: dict[str, int], reason: str
) -> None:
    beside.put(f"teams/{name}", content)

    loaded, rejected, said = outcome(beside, Limits(**limits))

    assert (loaded, rejected) == (0, 0)
    assert said.startswith("over the limit ")
    assert reason in said


def parquet_file(**columns: object) -> bytes:
    made = io.BytesIO()
    base = {name: ["T3"] for name in ("team_id", "team_name", "department")}
    pq.write_table(pa.table({**base, **columns}), made, compression="zstd")
    return made.getvalue()


def many_times(value: str, rows: int) -> pa.DictionaryArray:
    return pa.DictionaryArray.from_arrays(pa.array(np.zeros(rows, dtype=np.int8)), [value])


def bomb() -> bytes:
    names = ("team_id", "team_name", "department")
    return parquet_file(**{name: many_times("x" * 10_000, 200_000) for name in names})


@pytest.mark.parametrize(
    ("make", "limits", "reason"),
    [
        (bomb, {"file_bytes": 100 * MIB}, "file_bytes of 104,857,600: the values have 6,000,000,0"),
        (lambda: parquet_file(team_name=["x" * 2 * MIB]), {}, "a value has 2,097,152 bytes"),
        (bomb, {"parquet_rows": 1000}, "parquet_rows of 1,000: the file has 200,000 rows"),
        (
            lambda: parquet_file(**{f"x{i}": [1] for i in range(1100)}),
            {},
            "columns of 1,000: the file has 1,103",
        ),
        (parquet_file, {"footer_bytes": 99}, "footer_bytes of 99: the footer has"),
    ],
)
def test_parquet_that_stands_for_more_than_it_holds_is_quarantined_whole(
    beside: Bench, make: Callable[[], bytes], limits: dict[str, int], reason: str
) -> None:
    beside.put("teams/b.parquet", make())

    loaded, rejected, said = outcome(beside, Limits(**limits))

    assert (loaded, rejected) == (0, 0)
    assert reason in said


@pytest.mark.parametrize(
    "damage",
    [
        lambda good: good[:-8] + b"\xff\xff\xff\x7fPAR1",
        lambda good: b"PAR1" + b"\xff" * 1000 + (1000).to_bytes(4, "little") + b"PAR1",
        lambda good: good[:-4] + b"PARE",
        lambda good: b"PAR1PAR1",
        lambda good: b"",
    ],
)
def test_a_damaged_footer_is_quarantined_without_the_folders_of_this_machine(
    beside: Bench, damage: Callable[[bytes], bytes]
) -> None:
    beside.put("teams/*b?.parquet", damage(parquet_file()))

    loaded, _, said = outcome(beside)

    assert loaded == 0
    assert "cannot be read as Parquet" in said
    assert str(beside.home.root.parent) not in said


@pytest.mark.parametrize(
    ("name", "row", "loads"),
    [
        ("b.csv", 'T4,"A\0",D', False),
        ("b.ndjson", '{"team_id":"T4","team_name":"A\\u0000","department":"D"}', False),
        ("b.csv", "T4,\0,D", False),
        ("b.csv", "T4,'); DROP TABLE teams; --,{{ 1 }}", True),
        ("b.csv", '"T4""\'; --",=cmd|x,$(id)', True),
        ("b.ndjson", '{"team_id":"T4","team_name":"\\ud800","department":"D"}', False),
        ("b.ndjson", '{"team_id":"T4","team_id":"T4","team_name":"A","department":"D"}', False),
        ("b.ndjson", '{"team_id":"T4","team_name":' + "[" * 10**5 + "]" * 10**5 + "}", False),
        ("b.ndjson", '{"team_id":"T4","team_name":' + '{"a":' * 10**5, False),
        ("b.csv", "T4," + "x" * 3 * MIB + ",D", False),
        ("b.csv", "T4,A,D" + ",x" * 900, False),
    ],
)
def test_a_hostile_row_costs_itself_alone(beside: Bench, name: str, row: str, loads: bool) -> None:
    head = HEADER if name == "b.csv" else ""
    good = ROW if name == "b.csv" else '{"team_id":"T3","team_name":"C","department":"D"}\n'
    beside.put(f"teams/{name}", head + row + "\n" + good)

    summary = beside.ingest()

    load = next(load for load in summary.loads if load.file == f"teams/{name}")
    assert (load.rows_loaded, load.rows_rejected) == ((2, 0) if loads else (1, 1))
    assert len(beside.raw("teams")) == 2 + load.rows_loaded
    assert all(reject["reason"] for reject in beside.rejects("teams"))


def outside(bench: Bench) -> Path:
    secret = bench.landing.parent / "secret.csv"
    secret.write_text(HEADER + ROW)
    return secret


def a_link_out(bench: Bench) -> None:
    (bench.landing / "teams/b.csv").symlink_to(outside(bench))


def a_relative_link_out(bench: Bench) -> None:
    outside(bench)
    (bench.landing / "teams/b.csv").symlink_to("../../secret.csv")


def a_linked_folder(bench: Bench) -> None:
    (bench.landing / "teams/b.csv").symlink_to(outside(bench).parent)


def a_link_to_itself(bench: Bench) -> None:
    (bench.landing / "teams/b.csv").symlink_to("b.csv")


def a_link_to_nothing(bench: Bench) -> None:
    (bench.landing / "teams/b.csv").symlink_to("gone.csv")


def a_link_to_zeros(bench: Bench) -> None:
    (bench.landing / "teams/b.csv").symlink_to("/dev/zero")


def a_pipe(bench: Bench) -> None:
    os.mkfifo(bench.landing / "teams/b.csv")


def a_socket(bench: Bench) -> None:
    made = socket.socket(socket.AF_UNIX)
    folder = os.open(bench.landing / "teams", os.O_RDONLY)
    made.bind(f"/proc/self/fd/{folder}/b.csv")
    os.close(folder)


def a_name_that_is_not_utf8(bench: Bench) -> None:
    Path(os.fsdecode(os.fsencode(bench.landing / "teams") + b"/\xff.csv")).write_text(HEADER)


def a_folder_too_deep(bench: Bench) -> None:
    folder = os.open(bench.landing / "teams", os.O_RDONLY)
    for _ in range(30):
        os.mkdir("d" * 200, dir_fd=folder)
        below = os.open("d" * 200, os.O_RDONLY, dir_fd=folder)
        os.close(folder)
        folder = below
    os.close(folder)


@pytest.mark.parametrize(
    ("put", "reason"),
    [
        (a_link_out, "link out of the landing folder"),
        (a_relative_link_out, "link out of the landing folder"),
        (a_linked_folder, "link out of the landing folder"),
        (a_link_to_itself, "link to itself"),
        (a_link_to_nothing, "link to nothing"),
        (a_link_to_zeros, "link out of the landing folder"),
        (a_pipe, "no regular file"),
        (a_socket, "no regular file"),
        (a_name_that_is_not_utf8, "not UTF-8"),
        (a_folder_too_deep, "File name too long"),
    ],
)
def test_what_is_no_file_of_the_landing_folder_is_left_out_with_a_reason(
    beside: Bench, put: Callable[[Bench], None], reason: str
) -> None:
    put(beside)
    told: list[str] = []

    summary = beside.ingest(progress=told.append)

    assert summary.datasets["teams"].rows_loaded == 2
    (said,) = summary.skipped.values()
    assert reason in said
    assert any(said in sentence for sentence in told)
    assert all(sentence.isprintable() for sentence in told)


def test_a_dataset_folder_that_is_a_link_out_is_left_out(beside: Bench) -> None:
    away = outside(beside).parent / "away"
    away.mkdir()
    (away / "a.csv").write_text("x\n")
    (beside.landing / "tickets").symlink_to(away)

    assert "link out" in beside.ingest().skipped["tickets"]


def test_a_link_within_the_landing_folder_is_read(beside: Bench) -> None:
    beside.put("_inbox/b.csv", HEADER + ROW)
    (beside.landing / "teams/b.csv").symlink_to("../_inbox/b.csv")

    assert beside.ingest().datasets["teams"].rows_loaded == 3


@pytest.mark.parametrize(
    "name",
    [
        "o'b\".csv",
        "a\nb.csv",
        "..x.csv"[1:] + ".csv",
        "-rf.csv",
        "'; DROP TABLE cells; --.csv",
        "*.csv",
        "[a].csv",
        "$(id).csv",
        "%s{}.csv",
        "\x1b[31m.csv",
        "a\\b.csv",
        "x" * 251 + ".csv",
        "d'\"\n/e.csv",
    ],
)
def test_any_name_is_only_a_name(beside: Bench, name: str) -> None:
    name = name.lstrip(".")
    beside.put(f"teams/{name}", HEADER + ROW + "T4,A\n")
    told: list[str] = []

    summary = beside.ingest(progress=told.append)

    assert summary.datasets["teams"].rows_loaded == 3
    assert [reject["file"] for reject in beside.rejects("teams")] == [f"teams/{name}"]
    assert all(sentence.isprintable() for sentence in told)


def test_many_and_long_unknown_columns_are_not_recorded_endlessly(beside: Bench) -> None:
    names = [f"x{i}" for i in range(500)]
    names[0] = "y" * 5000
    beside.put("teams/b.csv", HEADER.strip() + "," + ",".join(names) + "\n")

    beside.ingest()

    (load,) = [load for load in beside.ledger() if load.file == "teams/b.csv"]
    assert len(load.unknown_columns) == 101
    assert load.unknown_columns[0] == "y" * 128 + "…"
    assert load.unknown_columns[-1] == "and 400 more"


def test_a_file_over_a_limit_loads_when_the_limit_is_raised(beside: Bench) -> None:
    beside.put("teams/b.csv", HEADER + ROW)
    beside.ingest(limits=Limits(file_bytes=len(HEADER + "T1,A,D\nT2,B,D\n") - 1))
    before = beside.ledger()
    assert {load.status for load in before} == {"quarantined", "loaded"}

    beside.ingest(limits=Limits(file_bytes=len(HEADER + "T1,A,D\nT2,B,D\n") - 1))
    assert beside.ledger() == before
    assert len(list(beside.home.quarantine_folder("teams").iterdir())) == 1

    assert beside.ingest().datasets["teams"].rows_loaded == 2
    assert len(beside.raw("teams")) == 3


def test_a_file_loads_under_the_name_that_its_reason_asks_for(beside: Bench) -> None:
    path = beside.put("teams/b.csv", gzip.compress((HEADER + ROW).encode()))
    assert "name it with .gz" in outcome(beside)[2]

    path.rename(path.with_name("b.csv.gz"))

    assert beside.ingest().datasets["teams"].rows_loaded == 1
    assert beside.ingest().datasets["teams"].files_new == 0


def test_one_content_under_two_names_is_recorded_once_for_each_reason(beside: Bench) -> None:
    for name in ("b.csv", "c.parquet", "d.csv.gz", "e.csv"):
        beside.put(f"teams/{name}", b"")

    assert beside.ingest().datasets["teams"].files_quarantined == 3
    assert beside.ingest().loads == []


@pytest.mark.parametrize("text", ["columns", "columns=0", "columns=-1", "rows=3", "columns=²"])
def test_a_limit_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"is no limit|whole number"):
        Limits.read(text)


def test_limits_are_read_from_text() -> None:
    assert Limits.read(" columns=5, file_bytes=7 ") == dataclasses.replace(
        Limits(), columns=5, file_bytes=7
    )


def test_want_of_memory_is_a_matter_of_the_file(
    beside: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object) -> None:
        raise duckdb.OutOfMemoryException("Out of Memory Error: could not allocate")

    beside.put("teams/b.csv", HEADER + ROW)
    with monkeypatch.context() as patched:
        patched.setattr(load, "_write", fails)
        beside.ingest()
    assert "memory_bytes of 805,306,368" in (beside.ledger()[0].reason or "")

    assert beside.ingest().datasets["teams"].rows_loaded == 3


def test_a_failing_disk_is_no_matter_of_the_file(
    beside: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object) -> None:
        raise duckdb.IOException("IO Error: No space left on device")

    monkeypatch.setattr(load, "_write", fails)
    with pytest.raises(duckdb.IOException):
        beside.ingest()
    assert beside.ledger() == []


def test_a_nul_in_the_header_is_no_more_than_shown(beside: Bench) -> None:
    beside.put("teams/b.csv", "team_id,a\0'b\n")

    assert "the file has team_id, a\\x00'b" in outcome(beside)[2]


def test_control_characters_are_shown_and_not_sent() -> None:
    assert printable("a\x1b[31m\n\udcff é\u202e") == "a\\x1b[31m\\n\\udcff é\\u202e"


def test_quarantine_stays_csv_whatever_a_value_holds(beside: Bench) -> None:
    beside.put("teams/b.csv", HEADER + '"a\n"",b","=1+1\r\n",\n')

    beside.ingest()

    (file,) = beside.home.quarantine_folder("teams").iterdir()
    with file.open(newline="") as lines:
        assert {len(row) for row in csv.reader(lines)} == {7}
