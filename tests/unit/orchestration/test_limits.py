"""What stops a run before it publishes, and what a stopped run leaves."""

from pathlib import Path

import dagster as dg
import duckdb
import pytest

from ingestion import Home, UnusableInput, ingest
from orchestration import closing, publication
from orchestration.assets.publication import rejected_rows_within_limit
from orchestration.inputs import agents_time_zones, check_required_datasets, load_sequence
from orchestration.resources import HomeResource

HEADER = "ticket_id,created_at,status\n"
GOOD = "{n},2026-10-01T08:00:00Z,open\n"
BAD = "{n},2026-10-01 08:00:00,open\n"


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "home")


@pytest.fixture
def landing(tmp_path: Path) -> Path:
    folder = tmp_path / "landing"
    (folder / "tickets").mkdir(parents=True)
    return folder


def land(home: Home, landing: Path, name: str, good: int, bad: int) -> None:
    rows = [GOOD.format(n=f"{name}{n}") for n in range(good)]
    rows += [BAD.format(n=f"{name}-bad{n}") for n in range(bad)]
    (landing / "tickets" / f"{name}.csv").write_text(HEADER + "".join(rows))
    ingest(home, landing)


def check(home: Home) -> dg.AssetCheckResult:
    result = rejected_rows_within_limit(HomeResource(path=str(home.root)))
    assert isinstance(result, dg.AssetCheckResult)
    return result


def publish(home: Home) -> None:
    """A published database that has seen all loads so far."""
    home.published_database.unlink(missing_ok=True)
    with duckdb.connect(str(home.published_database)) as connection:
        connection.execute("create schema meta")
        connection.execute(
            "create table meta.publication as select timestamptz '2026-11-01' as as_of,"
            " '' as input_fingerprint, ?::bigint as load_sequence, '' as content",
            [load_sequence(home)],
        )


@pytest.mark.parametrize(("bad", "passed"), [(0, True), (1, True), (2, False)])
def test_one_rejected_row_in_a_hundred_is_the_limit(
    home: Home, landing: Path, bad: int, passed: bool
) -> None:
    land(home, landing, "a", 100 - bad, bad)
    assert check(home).passed is passed


def test_the_reason_names_dataset_share_file_and_where_to_read_on(
    home: Home, landing: Path
) -> None:
    land(home, landing, "good", 10, 0)
    land(home, landing, "worst", 7, 3)
    said = check(home).description
    assert said is not None
    assert "tickets: 3 of 20 rows rejected (15.0%, limit 1.0%), most in tickets/worst.csv" in said
    quarantined = Path(said.rsplit(" ", 1)[-1])
    assert quarantined.is_file()
    assert quarantined.is_relative_to(home.quarantine)


def test_running_again_stops_again_and_mending_the_file_goes_on(home: Home, landing: Path) -> None:
    land(home, landing, "a", 7, 3)
    ingest(home, landing)
    assert not check(home).passed
    land(home, landing, "a", 10, 0)
    assert check(home).passed


def test_rows_that_a_publication_has_seen_stop_nothing_later(home: Home, landing: Path) -> None:
    land(home, landing, "a", 999, 1)
    publish(home)
    land(home, landing, "b", 50, 0)
    assert check(home).passed
    land(home, landing, "c", 1, 1)
    said = check(home).description
    assert said is not None
    assert "1 of 52 rows" in said


def test_the_limit_is_a_setting(home: Home, landing: Path) -> None:
    land(home, landing, "a", 7, 3)
    result = rejected_rows_within_limit(HomeResource(path=str(home.root), max_reject_share=0.3))
    assert isinstance(result, dg.AssetCheckResult)
    assert result.passed


def test_missing_required_datasets_are_named(home: Home, landing: Path) -> None:
    land(home, landing, "a", 1, 0)
    with pytest.raises(UnusableInput) as refused:
        check_required_datasets(home)
    said = str(refused.value)
    for dataset in ("agents", "teams", "status_events", "interactions", "qa_evaluations"):
        assert dataset in said
    assert "tickets" not in said.split(".")[0]


def test_time_zones_are_those_of_all_agents(home: Home, landing: Path) -> None:
    (landing / "agents").mkdir()
    header = "agent_id,name,role,team_id,time_zone,effective_from\n"
    rows = [
        f"A{n},Ann,agent,T1,{zone},2026-01-01\n"
        for n, zone in enumerate(["Europe/Warsaw", "Asia/Kolkata", "Europe/Warsaw"])
    ]
    (landing / "agents" / "a.csv").write_text(header + "".join(rows))
    ingest(home, landing)
    assert agents_time_zones(home) == ["Asia/Kolkata", "Europe/Warsaw"]


def test_cleaning_up_removes_what_is_temporary_and_nothing_else(home: Home) -> None:
    home.prepare()
    with duckdb.connect(str(home.warehouse)) as connection:
        connection.execute(
            "create schema intermediate; create table intermediate.int_a as select 1 as a;"
            "create schema marts; create table marts.fct_a as select 1 as a"
        )
    (home.scratch / "duckdb").mkdir()
    (home.scratch / "duckdb" / "spill.tmp").touch()
    (home.scratch / "loose").touch()
    publication.candidate_file(home).touch()
    Path(f"{publication.candidate_file(home)}.wal").touch()
    kept = [
        home.published_database,
        home.records / "performance" / "2026-10-close-0001.parquet",
        home.ledger,
        home.reports / "2026-10" / "agents" / "A1-r1.pdf",
        home.outbox / "2026-10" / "review_task-1.json",
    ]
    left = [
        home.records / "performance" / ".2026-10-close-0001.parquet.00ff.tmp",
        home.reports / "2026-10" / "agents" / ".x8d.part",
        home.outbox / "2026-10" / ".review_task-1.json.00ff.tmp",
    ]
    for path in kept + left:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    closing.clean_up(home)
    assert list(home.scratch.iterdir()) == []
    assert [path.name for path in home.published.iterdir()] == ["scorehouse.duckdb"]
    assert all(path.exists() for path in kept)
    assert not any(path.exists() for path in left)
    with duckdb.connect(str(home.warehouse)) as connection:
        tables = connection.execute("select table_name from duckdb_tables()").fetchall()
    assert tables == [("fct_a",)]
    closing.clean_up(home)


def test_cleaning_up_a_home_that_never_ran_is_no_error(home: Home) -> None:
    closing.clean_up(home)
    assert not home.root.exists()
