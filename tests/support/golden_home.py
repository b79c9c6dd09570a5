"""A home with the golden marts published, and a nastier one: quick, for no model runs and nothing lands.

The golden centre has two departments, `Service` and `Commerce`; ben moves from the first to the second on 16 October
2026, and sam supervises both.
"""

from pathlib import Path

import duckdb

from ingestion import Home
from orchestration import publication
from orchestration.project import MANIFEST
from tests.golden.marts import GOLDEN
from tests.support.warehouse import Nodes, create_table_functions

PATHLIKE = '../Sales & "Ops"\'; --'
# What an export may hold where a label is meant; each statement puts it into the marts.
NASTY = {
    "ana is named with quotes": "update {mart} set name = 'Ana O''Alba; --' where agent_id = 'ana'",
    "a topic names an agent": "update {mart} set topic = 'asked for Cleo Cruz again' where topic is not null",
    "a queue has an address": "update {mart}"
    " set queue = 'mail to jo.doe+x@shop.example' where queue is not null",
    "a site is an agent's id": "update {mart} set site = 'cleo' where site is not null",
    "an application has a phone number": "update {mart} set application = 'dial (212) 555-0003' where true",
    "a team is named for its lead": "update {mart} set team_name = 'Team of Lea Lang' where team_id = 'care'",
    "a department is a path": f"update {{mart}} set department = '{PATHLIKE.replace(chr(39), chr(39) * 2)}'"
    " where department = 'Commerce'",
    "a unit is a path": f"update {{mart}} set unit_id = '{PATHLIKE.replace(chr(39), chr(39) * 2)}'"
    " where unit_id = 'Commerce'",
    "a call goes to a person": "update {mart} set transferred_to = 'hugo' where true",
    "text that would act": "update {mart}"
    " set notes = 'a,\"b\"\r\n\\N \\. ''; drop schema marts; --\tÀ😀' where agent_id = 'ana'",
    "text that looks like nothing": "update {mart} set agent_response = '\\N' where agent_id = 'ben'",
    "text that is empty": "update {mart} set description = '' where agent_id = 'ben'",
}


def build_warehouse(home: Home, nodes: Nodes | None = None, nasty: bool = False) -> None:
    """Put the golden marts into the warehouse; with compiled `nodes`, the table functions too."""
    home.published.mkdir(mode=0o700, parents=True, exist_ok=True)
    home.records.mkdir(mode=0o700, exist_ok=True)
    home.scratch.mkdir(mode=0o700, exist_ok=True)
    home.warehouse.unlink(missing_ok=True)
    with duckdb.connect(str(home.warehouse)) as connection:
        connection.execute("set TimeZone = 'UTC'; create schema marts; create schema intermediate")
        for mart in marts():
            connection.execute(_table(mart))
        connection.execute(
            "create table intermediate.int_run__context as"
            " select timestamptz '2026-11-15T00:00:00Z' as as_of, 3::bigint as load_sequence;"
            "create table intermediate.int_run__fingerprint as select 'abc' as input_fingerprint"
        )
        if nasty:
            _spoil(connection)
        if nodes:
            create_table_functions(connection, nodes)


def publish(home: Home, nodes: Nodes | None = None, nasty: bool = False) -> list[publication.Mart]:
    """Publish the golden marts; returns what was published."""
    build_warehouse(home, nodes, nasty)
    published = publication.interface(MANIFEST) if nodes else marts()
    publication.write_candidate(home, published)
    publication.swap_in(home)
    return published


def marts() -> list[publication.Mart]:
    """The marts without the table functions."""
    return [
        mart
        for mart in publication.interface(MANIFEST)
        if not isinstance(mart, publication.TableFunction)
    ]


def _table(mart: publication.Mart) -> str:
    columns = ", ".join(f"'{name}': '{kind}'" for name, kind in mart.types.items())
    return (
        f"create table marts.{mart.name} as from read_csv('{GOLDEN / mart.name}.csv', header = true,"
        f" columns = {{{columns}}}, nullstr = '', quote = '\"', escape = '\"', allow_quoted_nulls = true)"
    )


def _spoil(connection: duckdb.DuckDBPyConnection) -> None:
    for statement in NASTY.values():
        column = statement.split(" set ")[1].split(" ")[0]
        changed = 0
        for (mart,) in connection.execute(
            "select table_name from duckdb_columns() where column_name = ? and schema_name = 'marts'",
            [column],
        ).fetchall():
            try:
                row = connection.execute(statement.format(mart=f"marts.{mart}")).fetchone()
            except duckdb.BinderException:
                continue
            changed += row[0] if row else 0
        assert changed, statement


def text_values(file: Path) -> list[tuple[str, str, str]]:
    """(table, column, value) of every distinct text in any table of a database, the descriptions apart."""
    found = []
    with duckdb.connect(str(file), read_only=True) as connection:
        columns = connection.execute(
            "select schema_name || '.' || table_name, column_name from duckdb_columns()"
            " where not internal and data_type not in ('BIGINT', 'BOOLEAN', 'DOUBLE', 'INTEGER')"
            " and table_name not in ('mart', 'mart_column')"
        ).fetchall()
        for table, column in columns:
            rows = connection.execute(
                f'select distinct "{column}"::varchar from {table} where "{column}" is not null'
            ).fetchall()
            found += [(table, column, value) for (value,) in rows]
    return found
