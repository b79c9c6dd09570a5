"""The dbt models without dbt: compiled once, then run in memory over rows that a test makes.

A property test runs the models hundreds of times; starting dbt each time would cost seconds per example.
"""

import json
import os
import subprocess
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import duckdb
import pyarrow as pa
import pytest

from ingestion import DATASETS, Home
from ingestion.home import raw_columns
from orchestration.project import DBT, reuse_parsed

PROJECT = Path(__file__).resolve().parents[2]
Rows = dict[str, list[dict[str, Any]]]
Nodes = dict[str, dict[str, Any]]
# Where a run of pytest on a mutant finds the nodes to test.
BROKEN_NODES = pytest.StashKey[Nodes]()

CONTEXT = "int_run__context"
LOADS = "stg_records__loads"

_ARROW_TYPES = {
    "VARCHAR": pa.string(),
    "TIMESTAMPTZ": pa.timestamp("us", tz="UTC"),
    "DATE": pa.date32(),
    "BIGINT": pa.int64(),
    "BOOLEAN": pa.bool_(),
    "DECIMAL(18,9)": pa.decimal128(18, 9),
    "DECIMAL(18,4)": pa.decimal128(18, 4),
}


class Model(NamedTuple):
    """A seed or model as a select statement, where its table belongs, and the models that it reads."""

    schema: str
    name: str
    sql: str
    parents: frozenset[str]


def run_dbt(folder: Path, *command: str) -> Path:
    """Run dbt on an empty home in `folder`, and return the folder of its output, which is in there too.

    dbt keeps what it parsed beside its output: the next command on the same folder parses nothing again.
    """
    home, target = Home(folder / "home"), folder / "target"
    home.prepare()
    environment = {
        **os.environ,
        "SCOREHOUSE_HOME": str(home.root),
        "SCOREHOUSE_AS_OF": "2026-01-01T00:00:00Z",
        "SCOREHOUSE_CLOSE_MONTH": "",
        "SCOREHOUSE_KEPT_FROM": "",
        "DBT_TARGET": "duckdb",
    }
    reuse_parsed(target)
    finished = subprocess.run(
        [DBT, "--quiet", *command, "--target-path", target],
        cwd=PROJECT, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert finished.returncode == 0, finished.stdout + finished.stderr
    return target


@cache
def compiled_nodes(folder: Path) -> Nodes:
    """Every node of the project by its id, with the SQL that dbt made of it; `folder`: see `run_dbt`."""
    manifest = run_dbt(folder, "compile") / "manifest.json"
    nodes: Nodes = json.loads(manifest.read_bytes())["nodes"]
    return nodes


@cache
def compiled_models(folder: Path) -> list[Model]:
    """Every seed and model in the order in which they can be built; `folder`: see `compiled_nodes`."""
    return models_of(compiled_nodes(folder))


def models_of(nodes: Nodes, project: Path = PROJECT, *, by_change: bool = False) -> list[Model]:
    """The seeds and models among compiled nodes, in the order in which they can be built.

    `by_change`: those too that only builds by change need.
    """
    wanted = {
        key: node
        for key, node in nodes.items()
        if node["resource_type"] in ("model", "seed")
        and not is_table_function(node)
        and (by_change or node["schema"] != "changes")
    }
    ordered: list[str] = []
    waiting = dict(wanted)
    while waiting:
        ready = [
            key
            for key, node in waiting.items()
            if not any(parent in waiting for parent in node["depends_on"].get("nodes", []))
        ]
        assert ready, "the models depend on one another in a circle"
        ordered += ready
        for key in ready:
            del waiting[key]
    return [
        Model(
            wanted[key]["schema"],
            wanted[key]["name"],
            _sql(wanted[key], project),
            frozenset(
                wanted[parent]["name"]
                for parent in wanted[key]["depends_on"].get("nodes", [])
                if parent in wanted
            ),
        )
        for key in ordered
    ]


def is_table_function(node: Mapping[str, Any]) -> bool:
    """Whether a node becomes no table, but a function that readers call."""
    return bool(node["config"].get("materialized") == "table_function")


def create_table_functions(connection: duckdb.DuckDBPyConnection, nodes: Nodes) -> None:
    """The project's table functions, in the schema `marts` of the database in use, which has the marts they read."""
    for node in nodes.values():
        if is_table_function(node) and node["schema"] == "marts":
            parameters = ", ".join(node["config"]["parameters"])
            connection.execute(
                f"create macro marts.{node['name']}({parameters}) as table {node['compiled_code']}"
            )


def identities_of(nodes: Nodes) -> dict[str, str]:
    """The singular data tests among compiled nodes, by name: each selects what breaks it.

    Those that only warn are about the data, not about the models.
    """
    return {
        node["name"]: node["compiled_code"]
        for node in nodes.values()
        if node["resource_type"] == "test"
        and not node.get("test_metadata")
        and node["config"]["severity"].lower() == "error"
    }


def broken_identities(
    connection: duckdb.DuckDBPyConnection, identities: Mapping[str, str]
) -> list[str]:
    """One line per singular data test that finds a row in the database."""
    return [
        f"{name}: {row}"
        for name, sql in sorted(identities.items())
        if (row := connection.execute(sql).fetchone()) is not None
    ]


def _sql(node: dict[str, Any], project: Path) -> str:
    if node["resource_type"] == "model":
        return str(node["compiled_code"])
    types = json.dumps(node["config"]["column_types"]).replace('"', "'")
    return f"select * from read_csv('{project / node['original_file_path']}', types = {types})"


def build(
    folder: Path,
    rows: Rows,
    as_of: datetime,
    close_month: date | None = None,
    wanted: Sequence[str] | None = None,
    kept_from: date | None = None,
) -> duckdb.DuckDBPyConnection:
    """Run the models over `rows` (dataset -> rows, one per key) and return the database they are in.

    A dataset that `rows` has no key for has not been collected. `wanted` names the models to build, with all that
    they are made from; None builds all. `kept_from`: of days before it rows were purged.
    """
    return build_models(compiled_models(folder), rows, as_of, close_month, wanted, kept_from)


def build_models(
    models: Sequence[Model],
    rows: Rows,
    as_of: datetime,
    close_month: date | None = None,
    wanted: Sequence[str] | None = None,
    kept_from: date | None = None,
) -> duckdb.DuckDBPyConnection:
    """`build` of models that were compiled elsewhere."""
    # With a handful of rows, handing them from thread to thread is most of the work.
    connection = duckdb.connect(config={"threads": 1})
    connection.execute("set TimeZone = 'UTC'; attach ':memory:' as warehouse; use warehouse")
    for schema in sorted({model.schema for model in models}):
        connection.execute(f"create schema {schema}")
    for schema, name, sql, _ in chosen(models, wanted):
        if name.startswith("stg_landing__"):
            dataset = name.removeprefix("stg_landing__")
            connection.register("landed", landed_table(dataset, rows.get(dataset, [])))
            connection.execute(f"create table {schema}.{name} as select * from landed")
            connection.unregister("landed")
        elif name == CONTEXT:
            connection.execute(
                f"create table {schema}.{name} as select $1::timestamptz as as_of,"
                " epoch_us($1::timestamptz) // 1000000 as as_of_seconds, $2::date as close_month,"
                " $3::date as kept_from",
                [as_of, close_month, kept_from],
            )
        elif name == LOADS:
            connection.execute(f"create table {schema}.{name} as {loads_table(rows)}")
        else:
            connection.execute(f"create table {schema}.{name} as {sql}")
    return connection


def chosen(models: Sequence[Model], wanted: Sequence[str] | None) -> Sequence[Model]:
    """The wanted models and all that they are made from, in the order in which they can be built."""
    if wanted is None:
        return models
    needed = set(wanted)
    assert needed <= {model.name for model in models}, wanted
    # Backwards: whoever reads a model comes before it.
    for model in reversed(models):
        if model.name in needed:
            needed |= model.parents
    return [model for model in models if model.name in needed]


def is_fed(model: str) -> bool:
    """Whether `build` makes the model from the rows or parameters given, and not from its SQL."""
    return model.startswith("stg_landing__") or model in (CONTEXT, LOADS)


def loads_table(rows: Rows) -> str:
    """A query for one loaded file of each dataset among `rows`."""
    return (
        "select unnest(range(1, len(names) + 1)) as sequence,"
        " unnest(names) as dataset, unnest(names) as load_id, unnest(names) as file,"
        " unnest(names) as file_sha256, null::varchar as mapping_sha256, null::varchar as source,"
        " 0 as rows_read, 0 as rows_loaded, 0 as rows_rejected, now() as loaded_at"
        f" from (select {sorted(rows)}::varchar[] as names)"
    )


def landed_table(dataset: str, rows: list[dict[str, Any]]) -> pa.Table:
    """The rows of a dataset as its model in `staging` has them."""
    columns = {**dict(raw_columns(DATASETS[dataset])), "load_sequence": "BIGINT"}
    schema = pa.schema([(name, _ARROW_TYPES[kind]) for name, kind in columns.items()])
    return pa.Table.from_pylist(
        [{name: row.get(name) for name in columns} for row in rows], schema=schema
    )


def fetch(connection: duckdb.DuckDBPyConnection, mart: str, *key: str) -> dict[Any, dict[str, Any]]:
    """The rows of a mart by their key (a tuple, or the value of a single column)."""
    found = connection.execute(f"select * from warehouse.marts.{mart}")
    names = [column[0] for column in found.description]
    rows = [dict(zip(names, row, strict=True)) for row in found.fetchall()]
    if len(key) == 1:
        return {row[key[0]]: row for row in rows}
    return {tuple(row[name] for name in key): row for row in rows}
