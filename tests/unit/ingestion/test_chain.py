"""The chain: what is appended, what a crash leaves, and every way of tampering with it."""

import hashlib
import json
import multiprocessing
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingestion import Home, ledger
from ingestion.chain_check import check_chain
from ingestion.ledger import LedgerDamaged, line_of, parse, seal

KINDS = ("load", "close", "publication", "delivery", "signature", "purge")


def chain_of(count: int) -> list[bytes]:
    lines, previous = [], ledger.GENESIS
    for number in range(1, count + 1):
        kind = KINDS[number % len(KINDS)]
        content = {"number": number, "text": 'Łucja "x", "hash": "y"}\n'}
        record = seal(number, kind, f"2026-11-24T10:00:0{number}.000Z", content, previous)
        lines.append(line_of(record))
        previous = record.hash
    return lines


LINES = chain_of(6)
WHOLE = b"".join(LINES)


def forged(line: bytes, **change: Any) -> bytes:
    """The record with other content, or another place, and a hash that fits."""
    record = parse(line)
    assert record is not None
    parts = {**vars(record), **change}
    del parts["hash"]
    return line_of(seal(**parts))


def fault(content: bytes) -> str:
    return str(check_chain(content).fault)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "home")


def test_a_whole_chain_has_no_fault() -> None:
    chain = check_chain(WHOLE)
    assert (chain.fault, chain.partial, len(chain.records)) == (None, False, 6)


def test_the_hash_is_that_of_the_line_up_to_where_it_begins() -> None:
    body, found = LINES[2].rstrip(b"\n").rsplit(b', "hash": "', 1)
    assert found == hashlib.sha256(body).hexdigest().encode() + b'"}'


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (WHOLE.replace(b'"number": 3', b'"number": 7'), "record 3 (delivery) was changed: it does"),
        (b"".join(LINES[:2] + LINES[3:]), "record 3 is missing: record 4"),
        (b"".join(LINES[:1] + LINES[3:]), "record 2 is missing, and so are those up to 3"),
        (b"".join(LINES[1:]), "record 1 is missing"),
        (
            b"".join([*LINES[:2], LINES[3], LINES[2], *LINES[4:]]),
            "record 3 (delivery) is out of order: record 4 stands before it",
        ),
        (
            b"".join([*LINES[:4], LINES[1], *LINES[4:]]),
            "record 2 (publication) was inserted again, after record 4",
        ),
        (
            b"".join([*LINES[:3], forged(LINES[3], content={"number": 0}), *LINES[3:]]),
            "record 4 (signature) is there twice: one was inserted",
        ),
        (
            b"".join([*LINES[:2], forged(LINES[2], content={}), *LINES[3:]]),
            "record 3 (delivery) was changed and given a new hash: record 4 names another",
        ),
        (
            b"".join([*LINES[:2], forged(LINES[2], previous="f" * 64), *LINES[3:]]),
            "record 3 (delivery) was put in",
        ),
        (forged(LINES[0], previous="f" * 64) + b"".join(LINES[1:]), "record 1 (close) was changed"),
        (b"".join([*LINES[:2], b"nonsense\n", *LINES[2:]]), "record 3 was changed: line 3 is no"),
    ],
)
def test_tampering_is_named(content: bytes, said: str) -> None:
    assert said in fault(content)


def test_a_tail_that_was_cut_off_leaves_a_shorter_chain_that_only_a_noted_head_betrays() -> None:
    assert check_chain(b"".join(LINES[:4])).fault is None


@settings(deadline=None)
@given(st.integers(0, len(WHOLE) - 1), st.integers(1, 255))
def test_any_changed_byte_is_found(position: int, change: int) -> None:
    altered = bytearray(WHOLE)
    altered[position] ^= change
    found = check_chain(bytes(altered)).fault
    assert found is not None
    assert found.sequence == 1 + WHOLE[:position].count(b"\n")


@pytest.mark.parametrize("length", range(1, len(LINES[5]) - 1, 40))
def test_half_a_line_at_the_end_is_no_record_and_no_fault(length: int) -> None:
    chain = check_chain(b"".join(LINES[:5]) + LINES[5][:length])
    assert (chain.fault, chain.partial, len(chain.records)) == (None, True, 5)


def test_what_is_appended_is_a_chain(home: Home) -> None:
    for number in range(5):
        ledger.append(home, "load", {"number": number, "name": "Łucja\nمريم"})
    chain = check_chain(home.ledger.read_bytes())
    assert chain.fault is None
    assert [record.content["number"] for record in chain.records] == list(range(5))
    assert ledger.head(home) == chain.records[-1]
    assert home.ledger.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("partial", [LINES[1][:50], LINES[1][:-1], b"x" * 200_000])
def test_the_next_record_takes_the_place_of_half_a_line(home: Home, partial: bytes) -> None:
    ledger.append(home, "load", {"number": 1})
    with home.ledger.open("ab") as file:
        file.write(partial)
    assert len(ledger.records(home)) == 1
    ledger.append(home, "load", {"number": 2})
    chain = check_chain(home.ledger.read_bytes())
    assert (chain.fault, len(chain.records)) == (None, 2)


def test_nothing_is_built_on_a_record_that_was_changed(home: Home) -> None:
    ledger.append(home, "load", {"number": 1})
    home.ledger.write_bytes(home.ledger.read_bytes().replace(b'"number": 1', b'"number": 2'))
    with pytest.raises(LedgerDamaged, match="was changed at or after record 1"):
        ledger.append(home, "load", {"number": 3})


def append_two(home: Home) -> None:
    with ledger.Ledger(home).appending() as batch:
        batch.add("load", {"number": 2})
        batch.add("load", {"number": 3})


def test_a_batch_is_written_whole_or_not_at_all(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger.append(home, "load", {"number": 1})
    before = home.ledger.read_bytes()
    write = os.write
    with monkeypatch.context() as full:
        # A full disk takes a part, here one whole record of two.
        full.setattr(os, "write", lambda at, lines: write(at, lines[: lines.index(b"\n") + 5]))
        with pytest.raises(OSError, match="only a part"):
            append_two(home)
    assert home.ledger.read_bytes() == before


def test_a_batch_is_synced_once(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[int] = []
    monkeypatch.setattr(os, "fsync", synced.append)
    with ledger.Ledger(home).appending() as batch:
        for number in range(50):
            batch.add("delivery", {"number": number})
    assert len(synced) == 1
    assert len(ledger.records(home)) == 50


def test_appending_reads_the_end_alone(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    with ledger.Ledger(home).appending() as batch:
        for number in range(2000):
            batch.add("load", {"number": number, "filler": "x" * 200})
    read: list[int] = []
    pread = os.pread
    monkeypatch.setattr(
        os, "pread", lambda at, size, start: read.append(size) or pread(at, size, start)
    )
    assert ledger.append(home, "load", {}).sequence == 2001
    assert sum(read) <= 64 * 1024 < home.ledger.stat().st_size


def test_a_clock_that_was_set_back_puts_no_record_before_another(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    for moment in ("2026-11-24T10:00:00.000Z", "2026-11-24T09:00:00.000Z"):
        monkeypatch.setattr(ledger, "now", lambda moment=moment: moment)
        ledger.append(home, "load", {})
    assert {record.recorded_at for record in ledger.records(home)} == {"2026-11-24T10:00:00.000Z"}


def append_once(home: Home, names: list[str]) -> None:
    chain = ledger.Ledger(home)
    seen: set[str] = set()
    for name in names:
        with chain.appending() as batch:
            seen |= {record.content["name"] for record in batch.new}
            if name not in seen:
                batch.add("load", {"name": name})
        seen |= {record.content["name"] for record in batch.added}


def test_two_processes_that_ask_and_append_record_each_thing_once(home: Home) -> None:
    names = [f"thing {number}" for number in range(60)]
    start = multiprocessing.get_context("spawn")
    writers = [start.Process(target=append_once, args=(home, names)) for _ in range(2)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    chain = check_chain(home.ledger.read_bytes())
    assert (chain.fault, [writer.exitcode for writer in writers]) == (None, [0, 0])
    assert [record.content["name"] for record in chain.records] == names


def test_the_program_in_the_documentation_checks_a_ledger(home: Home, tmp_path: Path) -> None:
    page = Path(__file__).parents[3] / "docs" / "operations.md"
    program = page.read_text().split("<!-- verify -->\n```python\n")[1].split("```")[0]
    for content, holds in ((WHOLE, True), (WHOLE.replace(b'"number": 3', b'"number": 7'), False)):
        path = tmp_path / "ledger.ndjson"
        path.write_bytes(content)
        ran = os.spawnlp(os.P_WAIT, "python3", "python3", "-c", program, str(path))
        assert (ran == 0) is holds


def test_an_old_home_is_converted_once_and_in_order(home: Home) -> None:
    from ingestion.old_records import convert

    home.prepare()
    old = {
        "loads.ndjson": {
            "sequence": 1, "dataset": "tickets", "load_id": "abc", "status": "loaded", "file": "tickets/a.csv",
            "file_sha256": "aa", "bytes": 1, "rows_read": 1, "rows_loaded": 1, "rows_rejected": 0,
            "unknown_columns": [], "reason": None, "loaded_at": "2026-11-24T10:00:00.100Z",
        },
        "publications.ndjson": {"published_at": "2026-11-24T10:00:01+00:00", "as_of": "x",
            "input_fingerprint": "f", "load_sequence": 1, "content": "c"},
        "deliveries.ndjson": {"action_id": "act1", "action_type": "review_task", "month": "2026-10",
            "recipient_id": "A00009", "file": "2026-10/review_task-act1.json",
            "delivered_at": "2026-11-24T10:00:02+00:00"},
    }  # fmt: skip
    for name, line in old.items():
        # What follows the last line end is half a record.
        (home.records / name).write_text(json.dumps(line) + '\n{"half')
    said: list[str] = []

    convert(home, said.append)
    convert(home, said.append)

    assert len(said) == 1
    assert "4 records of this home were converted" in said[0]
    chain = check_chain(home.ledger.read_bytes())
    assert chain.fault is None
    assert [record.kind for record in chain.records] == [
        "load", "publication", "delivery", "conversion",
    ]  # fmt: skip
    assert chain.records[0].recorded_at == "2026-11-24T10:00:00.100Z"
    assert [load.file for load in ledger.read_ledger(home)] == ["tickets/a.csv"]
    assert "A00009" not in home.ledger.read_text()
    assert sorted(path.name for path in (home.records / "before_ledger").iterdir()) == sorted(old)
