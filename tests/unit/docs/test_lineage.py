"""Where a column comes from: small queries, each with the sources that can be read off it."""

import pytest

from docs.dictionary.lineage import (
    Columns,
    fields_read,
    fields_within,
    model_lineage,
    null_columns,
    origins,
)

TABLES = {
    "landing.system_calls": {"payload": "varchar", "load_id": "varchar"},
    "landing.tickets": {"id": "bigint", "agent": "varchar", "status": "varchar"},
    "staging.people": {"agent": "varchar", "name": "varchar"},
}


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        (
            "select t.id + 1 as number, t.status from landing.tickets as t where t.agent = 'a'",
            {
                "number": {("landing.tickets", "id")},
                "status": {("landing.tickets", "status")},
            },
        ),
        (
            "with mine as (select * from landing.tickets),"
            " both as (select mine.*, people.name from mine"
            " left join staging.people as people on mine.agent = people.agent)"
            " select name, status || agent as label from both",
            {
                "name": {("staging.people", "name")},
                "label": {("landing.tickets", "status"), ("landing.tickets", "agent")},
            },
        ),
        # Nobody knows what columns a table has that is no model.
        (
            "with build as (select * from (select * from changes.builds)),"
            " final as (select t.id from landing.tickets as t cross join build where t.id > build.id)"
            " select * from final",
            {"id": {("landing.tickets", "id")}},
        ),
        # By name, the second part gives the columns in another order, and one more.
        (
            "with one as (select agent, name from staging.people),"
            " final as (select * from one union all by name"
            " select status as name, agent, id from landing.tickets) select * from final",
            {
                "agent": {("staging.people", "agent"), ("landing.tickets", "agent")},
                "name": {("staging.people", "name"), ("landing.tickets", "status")},
                "id": {("landing.tickets", "id")},
            },
        ),
        (
            "select agent, name from staging.people union select agent, status from landing.tickets",
            {
                "agent": {("staging.people", "agent"), ("landing.tickets", "agent")},
                "name": {("staging.people", "name"), ("landing.tickets", "status")},
            },
        ),
        # A count has the rows it counts, not those it is joined to; a constant has nothing.
        (
            "with mine as (select * from landing.tickets)"
            " select count(*) as tickets, 'x' as fixed from mine"
            " left join staging.people as people on mine.agent = people.agent",
            {"tickets": {("landing.tickets", "*")}, "fixed": set()},
        ),
        (
            "select name, agent, id from staging.people full join landing.tickets using (agent)",
            {
                "name": {("staging.people", "name")},
                "agent": {("staging.people", "agent"), ("landing.tickets", "agent")},
                "id": {("landing.tickets", "id")},
            },
        ),
        (
            "select id from read_parquet('home/raw/tickets/*.parquet', union_by_name = true)",
            {"id": {("landing.tickets", "id")}},
        ),
    ],
)  # fmt: skip
def test_the_sources_of_a_models_columns(sql: str, expected: Columns) -> None:
    found = model_lineage(sql, TABLES)
    assert {name: sources for name, sources in found.items() if name != "*"} == expected


RECORDS = (
    "with records as (select raw.payload, raw.load_id"
    " from read_parquet('home/raw/system/calls/*.parquet', union_by_name = true) as raw),"
)


def test_what_is_read_of_a_record_is_a_source_of_its_own() -> None:
    sql = (
        f"{RECORDS} taken as (select payload ->> '$.id' as id,"
        """ nullif(json_extract_string(payload, '$.Agent."full name"'), '') as name,"""
        " payload -> '$.legs[*]' as legs, payload like '%fail%' as failed, load_id from records)"
        " select id, name || id as label, legs, failed, legs ->> '$.queue' as queue, load_id from taken"
    )
    call = "landing.system_calls"
    assert {
        name: sources for name, sources in model_lineage(sql, TABLES).items() if name != "*"
    } == {
        "id": {(call, "id")},
        "label": {(call, "id"), (call, "Agent.full name")},
        "legs": {(call, "legs[*]")},
        "failed": {(call, "payload")},
        "queue": {(call, "legs[*]")},
        "load_id": {(call, "load_id")},
    }
    assert fields_read(sql) == ["Agent.full name", "id", "legs[*]"]
    assert fields_within(sql) == ["queue"]


def test_the_values_of_a_logs_line_are_sources_of_their_own() -> None:
    sql = (
        f"{RECORDS} lines as (select *, string_split(payload, '|') as cells from records),"
        " named as (select *, cells[5] as event from lines)"
        " select event, named.cells[1] as at, nullif(named.cells[7], '') as other from named"
    )
    log = "landing.system_calls"
    found = model_lineage(sql, TABLES)
    assert (found["event"], found["at"]) == ({(log, "EVENT")}, {(log, "epoch")})
    assert found["other"] == {(log, "parameter 2")}


def test_a_column_that_is_set_to_null_is_known_from_one_that_is_set_to_a_value() -> None:
    sql = (
        "with final as (select id, cast(null as bigint) as hold, null as reason, 'voice' as channel,"
        " case when id > 1 then null else id end as other, null as status from landing.tickets"
        " union all select id as a, id as b, null as c, 'chat' as d, id as e, status from landing.tickets)"
        " select * from final"
    )
    assert null_columns(sql, model_lineage(sql, TABLES)) == {"reason"}


def test_a_parameter_is_no_column_even_of_a_table_that_has_one_so_named() -> None:
    sql = "select t.id, coalesce(status, t.agent) as label from landing.tickets as t"
    found = model_lineage(sql, TABLES, ["status"])
    assert found["label"] == {("landing.tickets", "agent")}


def test_the_origins_are_what_nothing_else_is_a_source_of() -> None:
    columns = {
        ("c", "x"): {("b", "x"), ("b", "y")},
        ("b", "x"): {("a", "x")},
        ("b", "y"): {("a", "x"), ("run", "as_of")},
    }
    assert origins(columns, ("c", "x")) == {("a", "x"), ("run", "as_of")}
    assert origins(columns, ("run", "as_of")) == set()
