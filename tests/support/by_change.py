"""Builds by change without dbt: what the materializations of macros/by_change.sql do, over rows that a test makes.

`tests/integration/test_by_change.py` does the same through dbt, on files.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import duckdb

from tests.support.warehouse import CONTEXT, LOADS, Model, Nodes, Rows, landed_table, loads_table

# Where a row stands in a file says nothing about it.
_PLACE = ("load_id", "row_number", "load_sequence", "updated_at")


class ByChange:
    """A database that is built several times, each time by what changed since the time before."""

    def __init__(self, models: Sequence[Model], nodes: Nodes) -> None:
        self.models = models
        self.nodes = {node["name"]: node for node in nodes.values()}
        # With a handful of rows, handing them from thread to thread is most of the work.
        self.connection = duckdb.connect(config={"threads": 1})
        self.connection.execute(
            "set TimeZone = 'UTC'; attach ':memory:' as warehouse; use warehouse; create schema changes"
        )
        for schema in sorted({model.schema for model in models} - {"changes"}):
            self.connection.execute(f"create schema {schema}")
        self.builds = 0

    def build(self, rows: Rows, as_of: datetime) -> None:
        """Bring every model up to date with `rows`, all that ever landed (newest versions), as of `as_of`."""
        self.builds += 1
        if self.builds == 1:
            self.connection.execute(
                "create table changes.builds"
                " (number bigint, base_id varchar, base_as_of timestamptz, as_of timestamptz)"
            )
        self.connection.execute(
            "insert into changes.builds select $1, last.number, last.as_of, $2"
            " from (select 1) left join (from changes.builds order by number desc limit 1) as last on true",
            [self.builds, as_of],
        )
        for model in self.models:
            self._make(model, rows, as_of)

    def _make(self, model: Model, rows: Rows, as_of: datetime) -> None:
        table = f"{model.schema}.{model.name}"
        way = self.nodes[model.name]["config"]["materialized"]
        self.connection.execute(
            f"create or replace temp table now as {self._select(model, rows, as_of, way)}"
        )
        rules: Mapping[str, Any] = self.nodes[model.name]["config"]["meta"].get("by_change", {})
        if self.builds == 1:
            self.connection.execute(f"create table {table} as from now")
        before = f"(from {table})"
        if rules and self.builds > 1:
            before = self._reached(table, rules["redo"])
        if way in ("landed", "compared") or rules.get("keeps"):
            self._keep_changes(model.name, before)
        if self.builds > 1:
            condition = ""
            if rules:
                reached = self._reached(table, rules["redo"], "here.rowid")
                condition = f" where rowid in {reached}"
            self.connection.execute(f"delete from {table}{condition}")
            self.connection.execute(f"insert into {table} by name from now")
        self.connection.execute("drop table temp.now")

    def _select(self, model: Model, rows: Rows, as_of: datetime, way: str) -> str:
        if model.name.startswith("stg_landing__"):
            dataset = model.name.removeprefix("stg_landing__")
            self.connection.register("landed", landed_table(dataset, rows.get(dataset, [])))
            return "select * from landed"
        if model.name == CONTEXT:
            at = f"timestamptz '{as_of.isoformat()}'"
            return (
                f"select {at} as as_of, epoch_us({at}) // 1000000 as as_of_seconds,"
                " null::date as close_month, null::date as kept_from"
            )
        if model.name == LOADS:
            return loads_table(rows)
        if way != "by_change" or self.builds == 1:
            return model.sql
        rules = self.nodes[model.name]["config"]["meta"]["by_change"]
        sql = model.sql
        for name, rule in rules["reads"].items():
            relation = self.nodes[name]["relation_name"]
            assert relation in sql, f"{model.name} reads no {name}"
            sql = sql.replace(relation, self._reached(relation, rule))
        return f"from {self._reached(f'({sql})', rules['redo'])}"

    def _reached(self, relation: str, rule: Mapping[str, Any], columns: str = "here.*") -> str:
        changed, on = f"changes.{rule['relation']}", " and ".join(rule["on"])
        return f"(select {columns} from {relation} as here semi join {changed} as changed on {on})"

    def _keep_changes(self, name: str, before: str) -> None:
        columns = ", ".join(
            f'"{column}"'
            for (column,) in self.connection.execute(
                "select column_name from duckdb_columns() where table_name = 'now'"
            ).fetchall()
            if column not in _PLACE
        )
        self.connection.execute(
            f"create or replace table changes.{name} as"
            f" select *, false as is_new from (select {columns} from {before} except select {columns} from now)"
            f" union all"
            f" select *, true as is_new from (select {columns} from now except select {columns} from {before})"
        )

    def differing(self, whole: duckdb.DuckDBPyConnection) -> list[str]:
        """The tables that are not, cell by cell, those of a database that was built at once, with a row of each."""
        found = []
        for model in self.models:
            if model.schema == "changes":
                continue
            table = f"warehouse.{model.schema}.{model.name}"
            columns = [c[0] for c in whole.execute(f"from {table} limit 0").description]
            listed = ", ".join(f'"{column}"' for column in columns if column != "loaded_at")
            one, other = (
                sorted(map(repr, connection.execute(f"select {listed} from {table}").fetchall()))
                for connection in (self.connection, whole)
            )
            if one != other:
                found.append(
                    f"{model.name}: only by change {sorted(set(one) - set(other))[:2]},"
                    f" only whole {sorted(set(other) - set(one))[:2]}"
                )
        return found
