"""Which columns each column is made of, from the compiled SQL of the models.

A column's sources are the columns that its expression reads; what only filters, joins or orders rows is no source.
A count of rows has the rows of the table it counts as its source, written as the column `*`.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from sqlglot import exp, parse_one
from sqlglot.lineage import Node, lineage
from sqlglot.optimizer.qualify import qualify
from sqlglot.optimizer.scope import build_scope

ROWS = "*"
# A table in one part of a query, such as `landing.tickets` or `marts.fct_agent_day`, and a column of it.
Column = tuple[str, str]
Columns = dict[str, set[Column]]

_DIALECT = "duckdb"
_RAW_FILES = re.compile(r"read_parquet\('[^']*/raw/(\w+(?:/\w+)?)/\*[^)]*\)")
_RAW_RECORDS = re.compile(
    r"\(select \* rename [^;]*?/ledger\.ndjson'[^;]*?where kind = '(\w+)'\)\)", re.DOTALL
)
# The database that the tables of a `with` clause are put in, for they have none of their own.
_PARTS = "parts"


def model_lineage(
    sql: str, tables: Mapping[str, Mapping[str, str]], parameters: Iterable[str] = ()
) -> Columns:
    """The sources of every column of a model.

    sql: the compiled SQL. tables: columns and types of everything it may read, by `schema.name`. parameters: the
    names that stand for a value in a table function, where they stand bare; a value is no source.
    """
    landed = _RAW_FILES.sub(lambda found: "landing." + found[1].replace("/", "_"), sql)
    plain = _RAW_RECORDS.sub(r"records.\1s", landed)
    tree = parse_one(plain.replace('"warehouse".', ""), dialect=_DIALECT)
    for column in [*tree.find_all(exp.Column)]:
        if not column.table and column.name in set(parameters):
            column.replace(exp.null())
    return _columns(tree, tables, {})


def origins(columns: Mapping[Column, set[Column]], column: Column) -> set[Column]:
    """Where a column comes from at last: columns that no other column is a source of."""
    found: set[Column] = set()
    seen: set[Column] = set()
    waiting = [column]
    while waiting:
        current = waiting.pop()
        if current in seen:
            continue
        seen.add(current)
        sources = columns.get(current, set())
        waiting += sources
        if not sources and current != column:
            found.add(current)
    return found


def _columns(
    query: exp.Expr, tables: Mapping[str, Mapping[str, str]], parts: Mapping[str, Columns]
) -> Columns:
    known = dict(parts)
    clause = query.args.get("with_") or query.args.get("with")
    if clause is not None:
        for part in clause.expressions:
            known[part.alias] = _columns(part.this, tables, known)
        clause.pop()
    if isinstance(query, exp.Subquery):
        return _columns(query.this, tables, known)
    if isinstance(query, exp.SetOperation):
        left, right = _columns(query.left, tables, known), _columns(query.right, tables, known)
        if not query.args.get("by_name"):
            # By position; the names are those of the first part.
            right = dict(zip(left, right.values(), strict=True))
        return {name: left.get(name, set()) | right.get(name, set()) for name in {**left, **right}}
    assert isinstance(query, exp.Query)
    return _columns_of_select(query, tables, known)


def _columns_of_select(
    select: exp.Query, tables: Mapping[str, Mapping[str, str]], parts: Mapping[str, Columns]
) -> Columns:
    schema: dict[str, Any] = {}
    for name, columns in tables.items():
        schema.setdefault(name.partition(".")[0], {})[name.partition(".")[2]] = columns
    if parts:
        schema[_PARTS] = {
            name: {column: "unknown" for column in columns if column != ROWS}
            for name, columns in parts.items()
        }
    for table in select.find_all(exp.Table):
        if not table.db and table.name in parts:
            table.set("db", exp.to_identifier(_PARTS))
    qualified: Any = qualify(
        select, schema=schema, dialect=_DIALECT, validate_qualify_columns=False
    )
    scope = build_scope(qualified)
    first = qualified.args["from_"].find(exp.Table) if qualified.args.get("from_") else None
    counted = {(_name(first), ROWS)} if first and first.name else set()
    found: Columns = {}
    for projection in qualified.selects:
        name = projection.alias_or_name
        node = lineage(
            name, qualified, {}, dialect=_DIALECT, scope=scope, trim_selects=False, copy=False
        )
        sources = {leaf for leaf in map(_leaf, node.walk()) if leaf}
        if not sources and projection.find(exp.Count):
            sources = counted
        found[name] = _through(parts, sources)
    return found | {ROWS: _through(parts, counted)}


def _through(parts: Mapping[str, Columns], sources: set[Column]) -> set[Column]:
    """The sources, with the columns of a `with` clause's tables replaced by their own sources."""
    found: set[Column] = set()
    for table, column in sources:
        schema, _, name = table.partition(".")
        found |= parts[name].get(column, set()) if schema == _PARTS else {(table, column)}
    return found


def _leaf(node: Node) -> Column | None:
    if not isinstance(node.expression, exp.Table) or not node.expression.name:
        return None
    column = node.name.rpartition(".")[2].strip('"')
    return None if column == ROWS else (_name(node.expression), column)


def _name(table: exp.Table) -> str:
    return f"{table.db}.{table.name}"


def all_lineage(
    manifest: Mapping[str, Any], tables: Mapping[str, Mapping[str, str]]
) -> dict[Column, set[Column]]:
    """The sources of every column of every model, by (`schema.name`, column)."""
    found: dict[Column, set[Column]] = {}
    for node in manifest["nodes"].values():
        if node["resource_type"] == "model" and node["config"]["materialized"] != "ephemeral":
            name = f"{node['schema']}.{node['name']}"
            parameters = [
                parameter.split()[0] for parameter in node["config"].get("parameters") or ()
            ]
            columns = model_lineage(node["compiled_code"], tables, parameters)
            for column, sources in columns.items():
                found[name, column] = sources
    return found
