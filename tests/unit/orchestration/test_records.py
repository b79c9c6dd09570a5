"""The append-only records: whole lines only, one writer at a time."""

import datetime as dt
import json
import multiprocessing
from pathlib import Path

import duckdb
import pytest

from ingestion import Home
from orchestration import records


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "records" / "deliveries.ndjson"


def test_what_was_never_written_is_empty(path: Path) -> None:
    assert records.read_lines(path) == []


def test_lines_come_back_in_order(path: Path) -> None:
    for number in range(3):
        records.append_line(path, {"number": number, "name": "Łucja\nمريم"})
    assert [line["number"] for line in records.read_lines(path)] == [0, 1, 2]
    assert records.read_lines(path)[0]["name"] == "Łucja\nمريم"
    assert path.read_bytes().count(b"\n") == 3


def test_a_record_is_private(path: Path) -> None:
    records.append_line(path, {"number": 1})
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("partial", [b'{"number": 9', b'{"number": 9}'])
def test_a_partial_last_line_is_no_record_and_is_cut_by_the_next(
    path: Path, partial: bytes
) -> None:
    records.append_line(path, {"number": 1})
    with path.open("ab") as file:
        file.write(partial)
    assert records.read_lines(path) == [{"number": 1}]
    records.append_line(path, {"number": 2})
    assert path.read_bytes() == b'{"number": 1}\n{"number": 2}\n'


def test_a_record_that_is_nothing_but_a_partial_line_starts_again(path: Path) -> None:
    path.parent.mkdir()
    path.write_bytes(b'{"numb')
    records.append_line(path, {"number": 1})
    assert records.read_lines(path) == [{"number": 1}]


def append_many(path: Path, writer: int) -> None:
    for number in range(40):
        records.append_line(path, {"writer": writer, "number": number, "filler": "x" * 300})


def test_writers_side_by_side_lose_and_mix_nothing(path: Path) -> None:
    start = multiprocessing.get_context("spawn")
    writers = [start.Process(target=append_many, args=(path, writer)) for writer in range(2)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    assert sorted((line["writer"], line["number"]) for line in lines) == [
        (writer, number) for writer in range(2) for number in range(40)
    ]


def hold(path: Path, held: object, release: object) -> None:
    with records.locked(path):
        held.set()  # type: ignore[attr-defined]
        release.wait()  # type: ignore[attr-defined]


def test_a_lock_is_waited_for_and_the_wait_is_said_once(tmp_path: Path) -> None:
    start = multiprocessing.get_context("spawn")
    held, release = start.Event(), start.Event()
    holder = start.Process(target=hold, args=(tmp_path / "run.lock", held, release), daemon=True)
    holder.start()
    held.wait()
    said: list[str] = []

    def waiting() -> None:
        said.append("waiting")
        release.set()

    with records.locked(tmp_path / "run.lock", waiting):
        assert said == ["waiting"]
    holder.join()
    assert holder.exitcode == 0


def test_a_free_lock_is_taken_without_a_word(tmp_path: Path) -> None:
    def waiting() -> None:
        raise AssertionError("nobody holds the lock")

    for _ in range(2):
        with records.locked(tmp_path / "run.lock", waiting):
            pass


def write_close(home: Home, month: str, number: int, load_sequence: int, agents: int) -> None:
    records.performance_folder(home).mkdir(parents=True, exist_ok=True)
    file = records.close_file(home, dt.date.fromisoformat(month), number)
    duckdb.sql(
        f"""
        copy (
            select
                date '{month}' as month, {number} as close_number,
                timestamptz '2026-11-{number:02}T00:00:00Z' as as_of, {load_sequence} as load_sequence
            from range({agents})
        ) to '{file}' (format parquet)
        """
    )


def test_the_last_close_of_a_month_is_the_one_with_the_highest_number(tmp_path: Path) -> None:
    home = Home(tmp_path)
    october = dt.date(2026, 10, 1)
    assert records.last_close(home, october) is None
    write_close(home, "2026-10-01", 1, 7, 12)
    write_close(home, "2026-10-01", 2, 9, 1)
    write_close(home, "2026-09-01", 3, 8, 5)
    last = records.last_close(home, october)
    assert last is not None
    assert (last.close_number, last.load_sequence, last.revisions) == (2, 9, 1)
    assert last.as_of == dt.datetime(2026, 11, 2, tzinfo=dt.UTC)
    assert records.last_close(home, dt.date(2026, 8, 1)) is None
    assert [close.revisions for close in records.recorded_closes(home)] == [5, 12, 1]
