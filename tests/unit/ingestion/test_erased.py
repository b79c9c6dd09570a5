"""Rows of an erased person that come again are kept out, without a value; the list names nobody."""

import csv
import json
from pathlib import Path

import duckdb
import pytest

from ingestion import DATASETS, Home, ingest, read_ledger, read_scan, rejected_share
from ingestion.erased import MASKED, PERSON_COLUMNS, Erased, is_pseudonym, new_pseudonym

HEADER = "feedback_id,agent_id,supervisor_id,held_at,notes\n"
ROWS = (
    "f1,A1,S1,2026-10-01T09:00:00Z,mine\n"
    "f2,A2,S1,2026-10-01T09:00:00Z,yours\n"
    "f3,A1,S1,never,mine and wrong\n"
    "f4,A3,A1,2026-10-01T09:00:00Z,written by me\n"
    "f5,A3,A1,never,written by me and wrong\n"
)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    made = Home(tmp_path / "home")
    made.prepare()
    return made


def land(home: Home, name: str, content: bytes, dataset: str = "feedback_sessions") -> None:
    folder = home.landing / dataset
    folder.mkdir(exist_ok=True)
    (folder / name).write_bytes(content)
    ingest(home, home.landing)


def raw(home: Home, columns: str, dataset: str = "feedback_sessions") -> list[tuple[object, ...]]:
    files = home.raw_folder(dataset) / "*.parquet"
    return duckdb.sql(f"select {columns} from '{files}' order by all").fetchall()


def as_ndjson() -> bytes:
    lines = csv.DictReader((HEADER + ROWS).splitlines())
    return b"".join(json.dumps(line).encode() + b"\n" for line in lines)


def as_parquet(folder: Path) -> bytes:
    (folder / "x.csv").write_text(HEADER + ROWS)
    duckdb.sql(
        f"copy (from read_csv('{folder / 'x.csv'}', all_varchar = true)) to '{folder / 'x.parquet'}'"
    )
    return (folder / "x.parquet").read_bytes()


@pytest.mark.parametrize("kind", ["csv", "ndjson", "parquet"])
def test_own_rows_stay_out_and_mentions_are_masked(home: Home, kind: str, tmp_path: Path) -> None:
    Erased(home).add("A1")
    contents = {
        "csv": (HEADER + ROWS).encode(),
        "ndjson": as_ndjson(),
        "parquet": as_parquet(tmp_path),
    }
    land(home, f"late.{kind}", contents[kind])
    assert raw(home, "feedback_id, agent_id, supervisor_id") == [
        ("f2", "A2", "S1"), ("f4", "A3", MASKED),
    ]  # fmt: skip
    (load,) = read_ledger(home)
    assert (load.rows_read, load.rows_loaded, load.rows_rejected, load.rows_erased) == (5, 2, 1, 2)
    (path,) = home.quarantine_folder("feedback_sessions").glob("*.csv")
    with path.open(newline="") as stream:
        lines = list(csv.DictReader(stream))
    kept_out = [line for line in lines if line["reason"].startswith("erased: ")]
    assert [line["row_number"] for line in kept_out] == ["1", "3"]
    assert {(line["column"], line["value"], line["record"]) for line in kept_out} == {
        ("agent_id", "", "")
    }
    # Of a wrong row that only mentions the person, the row as it was read is not kept.
    (wrong,) = [line for line in lines if line not in kept_out]
    assert (wrong["row_number"], wrong["value"], wrong["record"]) == ("5", "never", "")
    assert "A1" not in path.read_text()


@pytest.mark.parametrize("person", ["A1", "crm:7"])
@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("a.csv", "f9,{},S1,2026-10-01T09:00:00Z,mine,one too many"),
        ("a.ndjson", '{{"agent_id": "{}", "notes": mine}}'),
    ],
)
def test_of_a_line_that_is_no_row_nothing_is_kept(
    home: Home, name: str, line: str, person: str
) -> None:
    Erased(home).add(person)
    good = {
        "a.csv": HEADER + "f2,A2,S1,2026-10-01T09:00:00Z,yours\n",
        "a.ndjson": as_ndjson().decode().splitlines(keepends=True)[1],
    }
    text = good[name] + line.format(person) + "\n" + line.format("A2") + "\n"
    land(home, name, text.encode())
    (path,) = home.quarantine_folder("feedback_sessions").glob("*.csv")
    with path.open(newline="") as stream:
        mine, yours = csv.DictReader(stream)
    assert (mine["row_number"], mine["value"], mine["record"]) == ("2", "", "")
    assert "A2" in yours["record"]
    assert person not in path.read_text()


def test_nobody_erased_nothing_changed(home: Home) -> None:
    land(home, "late.csv", (HEADER + ROWS).encode())
    assert len(raw(home, "feedback_id")) == 3
    Erased(home).add("A7")
    land(home, "later.csv", (HEADER + ROWS.replace("f", "g")).encode())
    assert len(raw(home, "feedback_id")) == 6
    assert {load.rows_erased for load in read_ledger(home)} == {0}


def test_what_was_kept_out_stops_no_close(home: Home) -> None:
    Erased(home).add("A1")
    land(home, "late.csv", (HEADER + "f1,A1,S1,2026-10-01T09:00:00Z,x\n").encode())
    scan = read_scan(home)
    assert scan is not None
    assert rejected_share(home, scan)["feedback_sessions"].share == 0


def test_a_team_keeps_its_row_without_the_lead(home: Home) -> None:
    Erased(home).add("A1")
    land(
        home,
        "teams.csv",
        b"team_id,team_name,department,team_lead_id,supervisor_id\nT1,One,Care,A1,A2\n",
        "teams",
    )
    assert raw(home, "team_id, team_lead_id, supervisor_id", "teams") == [("T1", MASKED, "A2")]


def test_the_list_names_nobody_and_is_private(home: Home) -> None:
    for person in ("A00001", "A00002"):
        Erased(home).add(person)
    Erased(home).add("A00001")
    erased = Erased(home)
    assert erased.holds("A00001")
    assert not erased.holds("A00003")
    text = home.erased.read_text()
    assert "A0000" not in text
    assert home.erased.stat().st_mode & 0o777 == 0o600
    # The same id has another mark in another home.
    other = Home(home.root / "other")
    Erased(other).add("A00001")
    marks = [json.loads(one.erased.read_bytes())["erased"] for one in (home, other)]
    assert set(marks[0]).isdisjoint(marks[1])


def test_a_pseudonym_is_known_as_one() -> None:
    made = {new_pseudonym() for _ in range(50)}
    assert len(made) == 50
    assert all(is_pseudonym(one) for one in made)
    assert not any(is_pseudonym(one) for one in (None, "A00001", "erased-", "erased-" + "g" * 16))


def test_every_column_that_may_hold_a_person_is_watched() -> None:
    named = {column.name for dataset in DATASETS.values() for column in dataset.columns}
    assert set(PERSON_COLUMNS) <= named
    # An identifier of the contract is of a thing, or watched.
    things = {
        "team_id", "event_id", "segment_id", "shift_id", "interaction_id", "customer_id", "case_id", "ticket_id",
        "evaluation_id", "survey_id", "usage_id", "lead_id", "feedback_id", "task_id", "record_id",
    }  # fmt: skip
    identifiers = {
        column.name
        for dataset in DATASETS.values()
        for column in dataset.columns
        if column.kind == "identifier"
    }
    assert identifiers - things <= set(PERSON_COLUMNS)
