"""Write, compare, swap: over small databases made by hand."""

import datetime as dt
import json
from pathlib import Path

import duckdb
import pytest

from ingestion import Home, UnusableInput
from orchestration import publication, records

MARTS = ["dim_team", "fct_agent_month"]
OCTOBER = dt.date(2026, 10, 1)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    home = Home(tmp_path)
    for folder in (home.published, home.records):
        folder.mkdir()
    return home


def build_warehouse(home: Home, tickets: int = 5, load_sequence: int = 3) -> None:
    home.warehouse.unlink(missing_ok=True)
    with duckdb.connect(str(home.warehouse)) as connection:
        connection.execute(
            f"""
            create schema marts; create schema intermediate;
            create table marts.dim_team as select 'T1' as team_id, 'Łódź' as team_name;
            create table marts.fct_agent_month as
                select 'A1' as agent_id, date '2026-10-01' as month, {tickets} as resolved_tickets
                union all select 'A2', date '2026-09-01', 7;
            create table intermediate.int_run__context as
                select timestamptz '2026-11-15T00:00:00Z' as as_of, {load_sequence}::bigint as load_sequence;
            create table intermediate.int_run__fingerprint as select 'abc' as input_fingerprint;
            """
        )


def publish(home: Home, tickets: int = 5, load_sequence: int = 3) -> bool:
    build_warehouse(home, tickets, load_sequence)
    publication.write_candidate(home, MARTS)
    return publication.swap_in(home)


def published_tickets(home: Home) -> int:
    with duckdb.connect(str(home.published_database), read_only=True) as connection:
        row = connection.sql("from marts.fct_agent_month where agent_id = 'A1'").fetchone()
    assert row is not None
    return int(row[2])


def test_the_marts_and_nothing_else_are_published(home: Home) -> None:
    assert publish(home)
    with duckdb.connect(str(home.published_database), read_only=True) as connection:
        tables = connection.sql(
            "select schema_name || '.' || table_name from duckdb_tables() order by 1"
        ).fetchall()
    assert [name for (name,) in tables] == [
        "marts.dim_team",
        "marts.fct_agent_month",
        "meta.publication",
    ]
    assert home.published_database.stat().st_mode & 0o777 == 0o600
    assert [path.name for path in home.published.iterdir()] == ["scorehouse.duckdb"]


def test_the_storage_format_is_one_that_older_readers_open(home: Home) -> None:
    publish(home)
    with duckdb.connect() as connection:
        connection.execute(f"attach '{home.published_database}' as published (read_only)")
        tags = connection.sql(
            "select tags from duckdb_databases() where database_name = 'published'"
        ).fetchone()
    assert tags is not None
    # DuckDB writes the oldest version that reads the format: 1.4 readers and newer.
    assert tags[0]["storage_version"].startswith("v1.4")


def test_a_candidate_is_told_from_the_warehouse_by_any_cell_and_any_row(home: Home) -> None:
    build_warehouse(home)
    publication.write_candidate(home, MARTS)
    assert publication.differing_marts(home, MARTS) == []
    changes = [
        "update marts.fct_agent_month set resolved_tickets = 6 where agent_id = 'A1'",
        "insert into marts.fct_agent_month values ('A3', '2026-10-01', 0)",
        "delete from marts.fct_agent_month where agent_id = 'A2'",
        "update marts.fct_agent_month set resolved_tickets = null where agent_id = 'A1'",
    ]
    for change in changes:
        build_warehouse(home)
        publication.write_candidate(home, MARTS)
        with duckdb.connect(str(publication.candidate_file(home))) as connection:
            connection.execute(change)
        assert publication.differing_marts(home, MARTS) == ["fct_agent_month"], change


def test_writing_a_candidate_touches_nothing_that_is_published(home: Home) -> None:
    publish(home)
    before = home.published_database.read_bytes()
    build_warehouse(home, tickets=9)
    publication.write_candidate(home, MARTS)
    assert home.published_database.read_bytes() == before


def test_a_reader_with_the_old_file_open_keeps_it_while_the_new_one_is_swapped_in(
    home: Home,
) -> None:
    publish(home)
    question = "select resolved_tickets from marts.fct_agent_month where agent_id = 'A1'"
    with duckdb.connect(str(home.published_database), read_only=True) as reader:
        assert reader.sql(question).fetchone() == (5,)
        build_warehouse(home, tickets=9)
        publication.write_candidate(home, MARTS)
        assert publication.swap_in(home)
        # A fresh query of the open reader goes to the file that it opened.
        assert reader.sql("select sum(resolved_tickets) from marts.fct_agent_month").fetchone() == (
            12,
        )
    assert published_tickets(home) == 9


def test_equal_content_is_not_swapped(home: Home) -> None:
    publish(home)
    before = home.published_database.read_bytes()
    assert not publish(home, load_sequence=4)
    assert home.published_database.read_bytes() == before
    assert [path.name for path in home.published.iterdir()] == ["scorehouse.duckdb"]
    assert len(records.publications(home)) == 1


def test_every_swap_is_on_record(home: Home) -> None:
    publish(home)
    publish(home, tickets=9, load_sequence=4)
    assert [line["load_sequence"] for line in records.publications(home)] == [3, 4]
    assert records.publications(home)[-1]["as_of"] == "2026-11-15T00:00:00+00:00"
    assert publication.published_load_sequence(home) == 4


def test_a_swap_that_crashed_before_its_record_is_recorded_by_the_next_run(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    def crash(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as crashing:
        crashing.setattr(records, "append_line", crash)
        with pytest.raises(KeyboardInterrupt):
            publish(home)
    assert published_tickets(home) == 5
    assert not publish(home)
    assert len(records.publications(home)) == 1


def test_a_candidate_left_by_a_crash_is_in_nobodys_way(home: Home) -> None:
    publication.candidate_file(home).write_bytes(b"half a database")
    Path(f"{publication.candidate_file(home)}.wal").write_bytes(b"half a log")
    assert publish(home)
    assert published_tickets(home) == 5
    assert [path.name for path in home.published.iterdir()] == ["scorehouse.duckdb"]


def test_before_the_first_publication_no_load_is_published(home: Home) -> None:
    assert publication.published_load_sequence(home) == 0


def test_a_month_without_figures_is_refused_and_the_months_at_hand_are_named(home: Home) -> None:
    build_warehouse(home)
    publication.write_candidate(home, MARTS)
    publication.require_figures(home, OCTOBER)
    with pytest.raises(
        UnusableInput, match="2026-08 has no data: the data hold 2026-09 to 2026-10"
    ):
        publication.require_figures(home, dt.date(2026, 8, 1))


def test_no_month_at_all_is_refused_too(home: Home) -> None:
    build_warehouse(home)
    with duckdb.connect(str(home.warehouse)) as connection:
        connection.execute("delete from marts.fct_agent_month")
    publication.write_candidate(home, MARTS)
    with pytest.raises(UnusableInput, match="no month at all"):
        publication.require_figures(home, OCTOBER)


def test_marts_are_the_models_of_that_schema(tmp_path: Path) -> None:
    nodes = {
        "a": {"name": "fct_b", "resource_type": "model", "schema": "marts"},
        "b": {"name": "dim_a", "resource_type": "model", "schema": "marts"},
        "c": {"name": "int_c", "resource_type": "model", "schema": "intermediate"},
        "d": {"name": "grain", "resource_type": "test", "schema": "marts"},
    }
    manifest = tmp_path / "manifest.json"
    manifest.write_text(json.dumps({"nodes": nodes}))
    assert publication.mart_names(manifest) == ["dim_a", "fct_b"]
