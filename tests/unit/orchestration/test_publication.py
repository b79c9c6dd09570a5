"""Write, compare, swap: over small databases made by hand."""

import datetime as dt
import json
from pathlib import Path

import duckdb
import pytest

from ingestion import Home, UnusableInput
from orchestration import publication, records
from orchestration.quality import history

MARTS = [
    publication.Mart("dim_team", ("team_id",)),
    publication.Mart("fct_agent_month", ("agent_id", "month")),
    publication.TableFunction("tickets_of", ("month",), ("of_month", "of_agent := null")),
]
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
            create macro marts.tickets_of(of_month, of_agent := null) as table
                select m.month, sum(m.resolved_tickets) as resolved_tickets from "marts"."fct_agent_month" as m
                where m.month = of_month and (of_agent is null or m.agent_id = of_agent) group by m.month;
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
        "meta.mart",
        "meta.mart_column",
        "meta.publication",
        "meta.quality_failing_row",
        "meta.quality_result",
        "meta.quality_run",
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
        crashing.setattr(records, "record_publication", crash)
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


def test_the_interface_is_the_models_of_that_schema_tables_first(tmp_path: Path) -> None:
    table = {"resource_type": "model", "schema": "marts", "columns": {}}
    config = {"materialized": "table", "meta": {"grain": ["x"]}}
    nodes = {
        "a": {**table, "name": "fct_b", "config": {**config, "meta": {"grain": ["x", "y"]}}},
        "b": {
            **table,
            "name": "dim_a",
            "config": config,
            "columns": {"x": {"description": "Which one.", "data_type": "bigint"}},
        },
        "c": {**table, "name": "int_c", "schema": "intermediate", "config": config},
        "d": {**table, "name": "grain", "resource_type": "test", "config": config},
        "e": {
            **table,
            "name": "a_function",
            "config": {
                **config,
                "materialized": "table_function",
                "parameters": ["p", "q := null"],
            },
        },
    }
    manifest = tmp_path / "manifest.json"
    manifest.write_text(json.dumps({"nodes": nodes}))
    assert publication.interface(manifest) == [
        publication.Mart("dim_a", ("x",), columns=(("x", "Which one."),)),
        publication.Mart("fct_b", ("x", "y")),
        publication.TableFunction("a_function", ("x",), ("p", "q := null")),
    ]
    assert publication.mart_names(manifest) == ["dim_a", "fct_b"]


@pytest.mark.parametrize(
    ("attach", "call"),
    [
        ([], "marts.tickets_of"),
        (["set search_path = 'memory.main,warehouse.marts'"], "marts.tickets_of"),
        (["set search_path = 'memory.main,warehouse.marts'"], "tickets_of"),
        (["use warehouse"], "warehouse.marts.tickets_of"),
    ],
)
def test_a_table_function_answers_in_the_published_file(
    home: Home, attach: list[str], call: str
) -> None:
    publish(home)
    file = str(home.published_database)
    with duckdb.connect(":memory:" if attach else file, read_only=not attach) as connection:
        for statement in [f"attach '{file}' as warehouse (read_only)", *attach] if attach else []:
            connection.execute(statement)
        october = (OCTOBER, 5)
        assert connection.execute(f"from {call}('2026-10-01')").fetchall() == [october]
        with_parameters = f"from {call}($month, of_agent := $agent)"
        for agent, found in [(None, [october]), ("A1", [october]), ("A2", [])]:
            values = {"month": OCTOBER, "agent": agent}
            assert connection.execute(with_parameters, values).fetchall() == found


def test_readers_find_the_grain_of_everything_they_may_query(home: Home) -> None:
    publish(home)
    with duckdb.connect(str(home.published_database), read_only=True) as connection:
        assert connection.sql("select mart, grain from meta.mart order by mart").fetchall() == [
            ("dim_team", ["team_id"]),
            ("fct_agent_month", ["agent_id", "month"]),
            ("tickets_of", ["month"]),
        ]


CHANGES = {
    "the query": "create or replace macro marts.tickets_of(of_month, of_agent := null) as table"
    " select of_month as month",
    "nothing": "select 1",
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_function_that_asks_something_else_is_other_content(home: Home, change: str) -> None:
    publish(home)
    build_warehouse(home)
    with duckdb.connect(str(home.warehouse)) as connection:
        connection.execute(CHANGES[change])
    differing = ["tickets_of"] if change == "the query" else []
    candidate_of_before = home.published_database.read_bytes()
    publication.candidate_file(home).write_bytes(candidate_of_before)
    assert publication.differing_marts(home, MARTS) == differing
    publication.write_candidate(home, MARTS)
    assert publication.differing_marts(home, MARTS) == []
    assert publication.swap_in(home) == (change != "nothing")


def test_another_grain_or_parameter_is_other_content(home: Home) -> None:
    publish(home)
    for other in (
        [publication.Mart("dim_team", ("team_name",)), *MARTS[1:]],
        [*MARTS[:2], publication.TableFunction("tickets_of", ("month",), ("of_month", "of_agent"))],
    ):
        build_warehouse(home)
        publication.write_candidate(home, other)
        assert publication.swap_in(home)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (
            "alter table marts.fct_agent_month rename resolved_tickets to tickets",
            r"marts.tickets_of does not fit the marts \(Binder Error.*resolved_tickets",
        ),
        (
            "drop macro table marts.tickets_of",
            "the warehouse has no table function marts.tickets_of",
        ),
    ],
)
def test_a_function_that_does_not_fit_the_marts_is_named_with_the_cause(
    home: Home, change: str, why: str
) -> None:
    publish(home)
    build_warehouse(home)
    with duckdb.connect(str(home.warehouse)) as connection:
        connection.execute(change)
    with pytest.raises(publication.MisfitFunction, match=why):
        publication.write_candidate(home, MARTS)
    assert published_tickets(home) == 5


def test_a_function_reads_the_marts_beside_it_not_those_it_was_made_from(home: Home) -> None:
    publish(home)
    home.warehouse.unlink()
    with duckdb.connect(str(home.published_database), read_only=True) as connection:
        assert connection.execute("from marts.tickets_of('2026-09-01')").fetchall() == [
            (dt.date(2026, 9, 1), 7)
        ]


def look(home: Home, note: str) -> None:
    result = history.Result(
        "landed.tickets", "one", "warn", "warned", "no such row", "Because.", note=note
    )
    history.append(home, "landed", dt.datetime(2026, 11, 2, tzinfo=dt.UTC), 3, note, [result], [])


def test_what_the_gates_found_is_published_with_it_and_is_no_content(home: Home) -> None:
    publish(home)
    content = publication.published_content(home)
    look(home, "new")
    assert publish(home)
    with duckdb.connect(str(home.published_database), read_only=True) as connection:
        found = connection.sql("select run, warned, failed_rules from meta.quality_run").fetchall()
        results = connection.sql("select outcome, found from meta.quality_result").fetchall()
    assert found == [(1, 1, "landed.tickets: one")]
    assert results == [("warned", "new")]
    assert publication.published_content(home) == content
    assert len(records.publications(home)) == 1
    before = home.published_database.stat().st_ino
    assert not publish(home)
    assert home.published_database.stat().st_ino == before


def test_a_look_that_was_killed_half_way_is_no_look(home: Home) -> None:
    look(home, "whole")
    with history.file(home).open("ab") as file:
        file.write(b'{"stage": "lan')
    assert [run.fingerprint for run in history.runs(home)] == ["whole"]
    look(home, "next")
    assert [(run.number, run.fingerprint) for run in history.runs(home)] == [
        (1, "whole"),
        (2, "next"),
    ]


def test_a_rule_shows_what_it_found_when_it_last_looked(home: Home) -> None:
    look(home, "found")
    idle = history.Result(
        "landed.tickets", "one", "warn", "not looked at", "t", "r", note="nothing new"
    )
    other = history.Result(
        "landed.tickets", "two", "warn", "not looked at", "t", "r", note="nothing new"
    )
    history.append(
        home, "landed", dt.datetime(2026, 11, 3, tzinfo=dt.UTC), 3, "f", [idle, other], []
    )
    latest = history.latest_results(history.runs(home))
    assert [(run.number, one.rule, one.found) for run, one in latest] == [
        (1, "one", "found"),
        (2, "two", "nothing new"),
    ]
