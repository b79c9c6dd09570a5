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

from ingestion.sources.entities import PAYLOAD

ROWS = "*"
# A table in one part of a query, such as `landing.tickets` or `marts.fct_agent_day`, and a column of it.
Column = tuple[str, str]
Columns = dict[str, set[Column]]

_DIALECT = "duckdb"
_RAW_FILES = re.compile(r"read_parquet\('[^']*/raw/(\w+(?:/\w+)?)/\*[^)]*\)")
_RAW_RECORDS = re.compile(
    r"\(select \* rename [^;]*?/ledger\.ndjson'[^;]*?where kind = '(\w+)'\)\)", re.DOTALL
)
_FIELD = "payload_field_"
# What a line of a queue log holds before its parameters.
_LOG_VALUES = ("epoch", "callid", "queue", "member", "EVENT")
# The database that the tables of a `with` clause are put in, for they have none of their own.
_PARTS = "parts"


def model_lineage(
    sql: str, tables: Mapping[str, Mapping[str, str]], parameters: Iterable[str] = ()
) -> Columns:
    """The sources of every column of a model.

    sql: the compiled SQL. tables: columns and types of everything it may read, by `schema.name`. parameters: the
    names that stand for a value in a table function, where they stand bare; a value is no source.

    What is read of a vendor's record is a source under the record's own name for it, such as `Agent.ARN`.
    """
    tree = parse_one(_plain(sql), dialect=_DIALECT)
    for column in [*tree.find_all(exp.Column)]:
        if not column.table and column.name in set(parameters):
            column.replace(exp.null())
    named = _name_fields(tree)
    if not named:
        return _columns(tree, tables, {})
    columns = _columns(tree, _with_fields(tables, named), {})
    return {
        name: {(table, named.get(column, column)) for table, column in sources}
        for name, sources in columns.items()
        if name not in named
    }


def fields_read(sql: str) -> list[str]:
    """What a model reads of a vendor's record itself, as `model_lineage` names it."""
    tree = parse_one(_plain(sql), dialect=_DIALECT)
    named = _name_fields(tree)
    return sorted(named.values())


def fields_within(sql: str) -> list[str]:
    """What is read of the parts of a vendor's record that were taken out of it before, such as the items of a list."""
    tree = parse_one(_plain(sql), dialect=_DIALECT)
    found = (
        _path(node)
        for node in tree.find_all(exp.JSONExtract, exp.JSONExtractScalar)
        if not _is_payload(node.this)
    )
    return sorted({path for path in found if path})


def null_columns(sql: str, columns: Columns) -> set[str]:
    """The columns that a model sets to null and to nothing else. columns: their sources."""
    tree = parse_one(_plain(sql), dialect=_DIALECT)
    nulls = {
        alias.alias
        for alias in tree.find_all(exp.Alias)
        if isinstance(alias.this.this if isinstance(alias.this, exp.Cast) else alias.this, exp.Null)
    }
    return {name for name in nulls if name in columns and not columns[name]}


def _plain(sql: str) -> str:
    """The SQL with plain names for the files and ledgers that it reads."""
    landed = _RAW_FILES.sub(lambda found: "landing." + found[1].replace("/", "_"), sql)
    return _RAW_RECORDS.sub(r"records.\1s", landed).replace('"warehouse".', "")


def _name_fields(tree: exp.Expr) -> dict[str, str]:
    """Make a column of every field that is read of a vendor's record; their names, by the columns' names.

    A field is a path into a JSON record (`payload ->> '$.Agent.ARN'`), or one of the values of a log's line, which
    were split first. The columns go wherever the record goes.
    """
    splits = {
        alias.alias
        for alias in tree.find_all(exp.Alias)
        if isinstance(alias.this, exp.Split) and _is_payload(alias.this.this)
    }
    named: dict[str, str] = {}
    for node in [*tree.find_all(exp.JSONExtract, exp.JSONExtractScalar, exp.Bracket)]:
        field = None
        if isinstance(node, exp.Bracket):
            of = node.this
            if isinstance(of, exp.Column) and of.name in splits:
                field = _value_of_a_line(node)
        elif _is_payload(node.this):
            field = _path(node)
        if field is None:
            continue
        name = next((name for name, known in named.items() if known == field), None)
        name = name or f"{_FIELD}{len(named)}"
        named[name] = field
        node.replace(exp.column(name, table=node.this.table or None))
    if named:
        for select in tree.find_all(exp.Select):
            for projection in [*select.expressions]:
                if _is_payload(projection):
                    table = projection.table or None
                    for name in named:
                        select.append("expressions", exp.column(name, table=table))
    return named


def _with_fields(
    tables: Mapping[str, Mapping[str, str]], named: Iterable[str]
) -> dict[str, Mapping[str, str]]:
    return {
        table: {**columns, **dict.fromkeys(named, "unknown")} if PAYLOAD in columns else columns
        for table, columns in tables.items()
    }


def _is_payload(node: exp.Expr) -> bool:
    return isinstance(node, exp.Column) and node.name == PAYLOAD


def _path(node: exp.Expr) -> str | None:
    """The path as it is written, without its root and quotes; None where it is not written there."""
    path = node.expression
    if not isinstance(path, (exp.JSONPath, exp.Literal)):
        return None
    text = path.sql(dialect=_DIALECT).strip("'")
    return text.removeprefix("$").removeprefix(".").replace('"', "") or None


def _value_of_a_line(node: exp.Bracket) -> str | None:
    place = node.expressions[0]
    if not (isinstance(place, exp.Literal) and place.is_number):
        return None
    # sqlglot counts from 0.
    number = int(place.name) + 1
    beyond = number - len(_LOG_VALUES)
    return f"parameter {beyond}" if beyond > 0 else _LOG_VALUES[number - 1]


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
    known = {
        name: {column: "unknown" for column in columns if column != ROWS}
        for name, columns in parts.items()
    }
    # A part that reads what is no model, as the record of builds is, has no column that anybody knows.
    known = {name: columns for name, columns in known.items() if columns}
    if known:
        schema[_PARTS] = known
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
