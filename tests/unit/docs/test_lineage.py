"""Where a column comes from: small queries, each with the sources that can be read off it."""

import pytest

from docs.dictionary.lineage import Columns, model_lineage, origins

TABLES = {
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
