"""The published database as pages may query it: read-only, one period, nothing else on the disk."""

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from pathlib import Path
from types import TracebackType
from typing import Any

import duckdb

from reports.errors import ReportError
from reports.period import Period
from reports.rows import Rows, Source
from reports.storage import PLAIN, Storage

_NO_CLOSE = (
    "cast(null as integer) as revision, cast(null as integer) as close_number, true as is_current,"
    " cast(null as timestamptz) as closed_at, cast(null as varchar) as changes,"
    " cast(null as varchar) as changed_since_load"
)
# What each level's reports are kept under.
FOLDERS = {
    "agent": "agents",
    "team": "teams",
    "department": "departments",
    "site": "sites",
    "function": "functions",
    "centre": "centre",
}
FILTERS = ("department", "site", "function", "team")
# Where the months of agents are: those that were closed, and those that were not.
_CLOSED = "monthly_performance_summary"
_PROVISIONAL = "agent_performance_month"
# Made when a query first names them, in this order, and only once: every page sees the same rows.
_RELATIONS = {
    "revisions": "select * from ({revisions}) where month = {month}",
    "performance": "select * from revisions where is_current",
    "unit_days": "from warehouse.marts.unit_days({starts_on}, {ends_on}{filters})",
    # A unit's report changes when a row of anyone who counts in it does: whoever is in it in any
    # revision of the month, or worked in it on any day. Its revision is the number of such closes.
    "units": """
        with members as (
            select distinct level, unit_id, agent_id, unit_name from unit_days
            union
            select distinct level, unit_id, agent_id, unit_name
            from (
                select agent_id, name, unnest([
                    {{'level': 'agent', 'unit_id': agent_id, 'unit_name': name}},
                    {{'level': 'team', 'unit_id': team_id, 'unit_name': team_name}},
                    {{'level': 'centre', 'unit_id': 'all', 'unit_name': 'Whole centre'}},
                ], recursive := true)
                from revisions
                where {is_unfiltered}
            )
            where unit_id is not null
        )

        select
            members.level,
            members.unit_id,
            coalesce(max(members.unit_name), members.unit_id) as name,
            {folder} as folder,
            case
                when {is_provisional} then null
                when members.level = 'agent' then max(revisions.revision)
                else count(distinct revisions.close_number)
            end as revision,
            coalesce(max(revisions.{instant}), {as_of}) as stamped_at
        from members
        left join revisions
            on members.agent_id = revisions.agent_id
        group by members.level, members.unit_id
    """,
    # Looked up once: the contact of a survey lies anywhere among all contacts.
    "answered_surveys": """
        select surveys.*, contacts.channel, contacts.topic
        from warehouse.marts.fct_csat_response as surveys
        left join warehouse.marts.fct_interaction as contacts
            on surveys.interaction_id = contacts.interaction_id
        where surveys.is_response and surveys.business_date between {starts_on} and {ends_on}
    """,
}
# What the quality gates found, and its columns where an earlier version published without any.
_QUALITY = {
    "quality_runs": (
        "quality_run",
        "run integer, stage varchar, as_of timestamptz, load_sequence bigint, passed integer,"
        " warned integer, stopped integer, not_looked_at integer, failed_rules varchar",
    ),
    "quality_results": (
        "quality_result",
        "suite varchar, rule varchar, run integer, as_of timestamptz, load_sequence bigint,"
        " severity varchar, outcome varchar, found varchar, observed double, failing bigint,"
        " looked_at bigint, threshold varchar, reason varchar",
    ),
    "quality_failing_rows": (
        "quality_failing_row",
        "suite varchar, rule varchar, place varchar, shown varchar",
    ),
}
# The table functions as pages call them, over the period and the filters: name, function, buckets.
# Of a function without buckets there is one relation; `trend` are the six periods up to this one.
_FUNCTIONS = {
    # Whose facts belong to a unit, also those of days without figures, such as a coaching on a day off.
    "unit_profiles": ("unit_profiles", None),
    "figures": ("unit_figures", "period"),
    "day_figures": ("unit_figures", "day"),
    "trend_figures": ("unit_figures", "trend"),
    "channel_figures": ("unit_channel_figures", "period"),
    "day_channel_figures": ("unit_channel_figures", "day"),
    "application_figures": ("unit_application_figures", None),
    "attendance_figures": ("unit_attendance_figures", "period"),
    "day_attendance_figures": ("unit_attendance_figures", "day"),
    "clock_out_figures": ("unit_clock_out_figures", None),
    "finding_figures": ("unit_finding_figures", None),
    "compliance_event_figures": ("unit_compliance_event_figures", None),
    "ticket_figures": ("unit_ticket_figures", "period"),
    "day_ticket_figures": ("unit_ticket_figures", "day"),
    "revenue_figures": ("unit_revenue_figures", "period"),
    "trend_revenue_figures": ("unit_revenue_figures", "trend"),
    "evaluation_figures": ("unit_evaluation_figures", None),
    "calibration": ("evaluator_calibration", None),
    "queue_figures": ("queue_figures", "period"),
    "day_queue_figures": ("queue_figures", "day"),
    "kpi_attainment": ("unit_kpi_attainment", None),
    "parameters": ("report_parameters", None),
}
_OF_NO_PERIOD = frozenset({"unit_profiles", "report_parameters"})
_UNFILTERED = frozenset({"queue_figures", "report_parameters"})
_TOKEN = re.compile(r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|--[^\n]*|/\*.*?\*/|\$(\w+)", re.DOTALL)
_ORDER = re.compile(r"\border\s+by\b", re.IGNORECASE)
_AFTER_ORDER = re.compile(r"\b(limit|offset|union|intersect|except)\b", re.IGNORECASE)


class QueryError(Exception):
    """DuckDB refuses a query; ``line`` counts from the query's first line, when it is known."""

    def __init__(self, cause: str, line: int | None = None) -> None:
        """Keep the cause in one line and where in the query it is."""
        super().__init__(cause)
        self.line = line


@dataclass(frozen=True)
class Subjects:
    """The rows that have a page each, in the order of their numbers from 0, and the table that holds them."""

    table: str
    rows: Rows


class Warehouse:
    """A connection that reads one published database for one period.

    Pages find ``marts.*`` and, of the period and the filters: ``units`` (who has reports),
    ``unit_days`` (who has figures in which unit on which day), and the relations of ``_FUNCTIONS``
    (figures of each unit, in the period, by day, and over six periods; who belongs to which unit from
    when to when; limits that the figures are judged by). Of a month there are
    ``performance``, the current revisions, or with provisional=True the figures of a month that has
    not been closed, and ``revisions``, which holds the earlier ones too; both are empty for other
    periods.
    """

    def __init__(
        self,
        database: Path,
        period: Period,
        provisional: bool = False,
        filters: Mapping[str, str] | None = None,
        storage: Storage = PLAIN,
    ) -> None:
        """Attach the database read-only; a ReportError says what is missing.

        filters: values of ``FILTERS`` that every figure is limited to.
        """
        if not database.is_file():
            raise ReportError(
                f"there is no published database at {database}: build the warehouse first"
            )
        self.period = period
        self.filters = dict(filters or {})
        self._provisional = provisional
        self._made: set[str] = set()
        self._columns: dict[str, frozenset[str]] = {}
        self._kept = 0
        self._shapes: dict[str, tuple[str, ...]] = {}
        try:
            self._connection = storage.open_database(database, "warehouse")
        except duckdb.Error as error:
            raise _unreadable(database, error) from error
        try:
            run = self._connection.execute
            run("set search_path = 'memory.main,warehouse.marts'")
            # A page's SQL may read the marts and nothing else on this machine.
            run("set enable_external_access = false")
            run("set lock_configuration = true")
            found = run("select as_of from warehouse.meta.publication").fetchone()
            self._grains: dict[str, list[str]] = dict(
                run("select mart, grain from warehouse.meta.mart").fetchall()
            )
            # What each column of a mart means, as its author describes it.
            self.meanings: Mapping[tuple[str, str], str] = {
                (mart, column): description
                for mart, column, description in run(
                    "select mart, name, description from warehouse.meta.mart_column"
                ).fetchall()
            }
        except duckdb.Error as error:
            self._connection.close()
            raise _unreadable(database, error) from error
        assert found is not None
        self.as_of: datetime = found[0]

    def query(self, name: str, sql: str, parameters: Mapping[str, object]) -> Rows:
        """Run one SELECT with bound parameters; those it does not name are left out.

        Raises QueryError when the SQL is not one SELECT, binds an unknown parameter or fails.
        """
        try:
            self._make_relations(sql)
            result = self._execute(sql, parameters)
            return Rows(name, [column[0] for column in result.description], result.fetchall())
        except duckdb.Error as error:
            raise _query_error(error) from error

    def keep_subjects(self, sql: str, parameters: Mapping[str, object]) -> Subjects:
        """Run the query whose rows have a page each, and keep the rows, numbered, for `query_subjects`.

        Raises QueryError as `query` does.
        """
        try:
            self._make_relations(sql)
            table = f"_subjects_{self._kept}"
            self._kept += 1
            # What the query may be is found out before it becomes part of a statement of ours.
            self._execute(sql, parameters)
            self._connection.execute(
                f"create temp table {table} as"
                f" select row_number() over () - 1 as _subject, * from (\n{sql}\n)",
                self._bound(sql, parameters),
            )
            # Read back from where every later query takes them: a number means the same row to all.
            found = self._connection.execute(f"from {table} order by _subject")
            columns = [column[0] for column in found.description]
            rows = Rows("subjects", columns[1:], [row[1:] for row in found.fetchall()])
        except duckdb.Error as error:
            raise _query_error(error) from error
        return Subjects(table, rows)

    def query_subjects(
        self,
        name: str,
        sql: str,
        parameters: Mapping[str, object],
        subjects: Subjects,
        first: int,
        last: int,
    ) -> list[Rows]:
        """Run one SELECT for the subjects first (included) to last (not), in one go if possible.

        A column of a subject is a parameter of the query. The rows of each subject are those that
        `query` would give, in its order; rows that the order leaves equal come sorted by all columns.
        Raises QueryError as `query` does.
        """
        if first >= last:
            return []

        def single(number: int) -> Rows:
            row = dict(zip(subjects.rows.columns, subjects.rows.values[number], strict=True))
            return self.query(name, sql, {**parameters, **row})

        if sql not in self._shapes:
            # One alone finds what is wrong with the query, at its line.
            self._shapes[sql] = single(first).columns
        columns = self._shapes[sql]
        batch = self._batch(sql, parameters, subjects, first, last, columns)
        if batch is None:
            return [single(number) for number in range(first, last)]
        return [Rows(name, columns, batch.get(number, [])) for number in range(first, last)]

    def source(
        self,
        name: str,
        named_by: str | None,
        columns: Sequence[str],
        constants: Mapping[str, object],
        revision: int | None,
        used: set[tuple[str, str]],
    ) -> Source:
        """Return where the rows of a query come from; used receives the figures that are printed.

        name: the mart or relation that the query says. columns: the query's own. constants: key
        values that all its rows share. Raises QueryError for an unknown mart, and for rows that
        cannot be told apart because a key is missing.
        """
        mart, relation = name, name
        if name in _FUNCTIONS:
            mart = _FUNCTIONS[name][0]
            arguments = ",".join(value for _, value in self._arguments(name))
            relation = f"{mart}({arguments})"
        elif name in ("performance", "revisions"):
            mart = relation = _PROVISIONAL if self._provisional else _CLOSED
        if mart not in self._grains:
            raise QueryError(
                f"from={name}: there is no such mart; there are {', '.join(self._grains)}"
            )
        keys = tuple(self._grains[mart])
        missing = [key for key in keys if key not in columns and constants.get(key) is None]
        if missing:
            raise QueryError(
                f"from={name}: its rows are told apart by {', '.join(keys)}: select {missing[0]} too"
            )
        if named_by is not None and named_by not in columns:
            raise QueryError(f'column={named_by}: the query has no column "{named_by}"')
        if name not in self._columns:
            is_relation = name in _RELATIONS or name in _FUNCTIONS
            read = f"from {name}" if is_relation else f"from warehouse.marts.{mart}"
            found = self._connection.execute(f"select * {read} limit 0").description
            self._columns[name] = frozenset(column[0] for column in found)
        columns_of_mart = self._columns[name]
        return Source(relation, keys, columns_of_mart, constants, named_by, revision, mart, used)

    def _batch(
        self,
        sql: str,
        parameters: Mapping[str, object],
        subjects: Subjects,
        first: int,
        last: int,
        columns: Sequence[str],
    ) -> dict[int, list[tuple[object, ...]]] | None:
        """Run a query for several subjects at once; None when DuckDB cannot, or the order would be lost."""

        def bound(match: re.Match[str]) -> str:
            known = match[1] is not None and match[1] in subjects.rows.columns
            return f"_each.{_quoted(match[1])}" if known else match[0]

        body, order = _split_order(_TOKEN.sub(bound, sql))
        if order is None:
            return None
        by = "1" if order.lower() in ("", "all") else order
        ranked = f"select rank() over (order by {by}) as _rank, * from (\n{body}\n)"
        try:
            found = self._connection.execute(
                f"select _each._subject, _own.* from (select * from {subjects.table} where _subject >="
                f" {first:d} and _subject < {last:d}) as _each cross join lateral ({ranked})"
                " as _own order by all",
                self._bound(_TOKEN.sub(bound, sql), parameters),
            ).fetchall()
        except duckdb.Error:
            return None
        if any(len(row) != len(columns) + 2 for row in found[:1]):
            return None
        rows = {
            number: [row[2:] for row in group]
            for number, group in groupby(found, key=lambda row: row[0])
        }
        if order == "" and any(len(own) > 1 for own in rows.values()):
            return None
        return rows

    def _execute(self, sql: str, parameters: Mapping[str, object]) -> Any:
        statements = self._connection.extract_statements(sql)
        if len(statements) != 1 or statements[0].type != duckdb.StatementType.SELECT:
            raise QueryError("a query is exactly one SELECT")
        wanted = statements[0].named_parameters
        unknown = sorted(wanted - set(parameters))
        if unknown:
            known = ", ".join(f"${parameter}" for parameter in parameters)
            raise QueryError(f"unknown parameter ${unknown[0]}; this page has {known}")
        return self._connection.execute(
            statements[0], {parameter: parameters[parameter] for parameter in wanted}
        )

    def _bound(self, sql: str, parameters: Mapping[str, object]) -> dict[str, object]:
        wanted = self._connection.extract_statements(sql)[0].named_parameters
        return {name: parameters[name] for name in wanted}

    def _make_relations(self, sql: str) -> None:
        known = [*_RELATIONS, *_FUNCTIONS, *_QUALITY]
        named = set(re.findall(r"\w+", sql)) & set(known)
        for relation in sorted(named - self._made, key=known.index):
            if relation in _QUALITY:
                text = self._quality(relation)
            elif relation in _FUNCTIONS:
                text = f"from warehouse.marts.{self._call(relation)}"
            else:
                text = self._filled(_RELATIONS[relation])
            # One that stands on another needs that first.
            self._made.add(relation)
            self._make_relations(text)
            try:
                self._connection.execute(f"create temp table {relation} as {text}")
            except duckdb.Error as error:
                cause = str(error).splitlines()[0]
                raise ReportError(
                    f"the published database lacks what reports need ({cause}): build it again"
                ) from error

    def _quality(self, relation: str) -> str:
        """What the gates found; nothing, of the same columns, where nothing was published of it."""
        table, columns = _QUALITY[relation]
        there = self._connection.execute(
            "select 1 from duckdb_tables() where database_name = 'warehouse'"
            " and schema_name = 'meta' and table_name = ?",
            [table],
        ).fetchone()
        if there:
            return f"from warehouse.meta.{table}"
        nulls = ", ".join(
            f"cast(null as {kind}) as {name}"
            for name, kind in (column.split() for column in columns.split(", "))
        )
        return f"select {nulls} where false"

    def _arguments(self, relation: str) -> list[tuple[str, str]]:
        """The arguments of the table function behind a relation: parameter (or '') and value."""
        function, grain = _FUNCTIONS[relation]
        period = self.period
        arguments = [("", str(period.starts_on)), ("", str(period.ends_on))]
        if function in _OF_NO_PERIOD:
            arguments = []
        elif function == "unit_kpi_attainment":
            arguments = [("", str(period.month_start))] if period.month_start else [("", "null")]
        elif grain == "trend":
            arguments[0] = ("", str(period.trend_starts_on))
            grain = period.trend_grain
        if grain is not None:
            arguments.append(("", grain))
        # A queue is nobody's: it has no team, site or department.
        if function not in _UNFILTERED:
            arguments += [(f"of_{name}", value) for name, value in sorted(self.filters.items())]
        return arguments

    def _call(self, relation: str) -> str:
        written = (
            f"{name} := {_literal(value)}"
            if name
            else "null"
            if value == "null"
            else _literal(value)
            for name, value in self._arguments(relation)
        )
        return f"{_FUNCTIONS[relation][0]}({', '.join(written)})"

    def _filled(self, text: str) -> str:
        period = self.period
        folders = " ".join(f"when '{level}' then '{name}'" for level, name in FOLDERS.items())
        month = "null" if period.month_start is None else f"date '{period.month_start}'"
        return text.format(
            starts_on=f"date '{period.starts_on}'",
            ends_on=f"date '{period.ends_on}'",
            month=f"cast({month} as date)",
            filters="".join(
                f", of_{name} := {_literal(value)}" for name, value in self.filters.items()
            ),
            is_unfiltered="false" if self.filters else "true",
            is_provisional="true" if self._provisional else "false",
            instant="as_of" if self._provisional else "closed_at",
            as_of=f"timestamptz '{self.as_of.isoformat()}'",
            folder=f"case members.level {folders} end",
            # A month that is not closed has no revisions; pages name their columns all the same.
            revisions=(
                f"select *, {_NO_CLOSE} from warehouse.marts.{_PROVISIONAL}"
                if self._provisional
                else f"select * from warehouse.marts.{_CLOSED}"
            ),
        )

    def close(self) -> None:
        """Let go of the database, so that the next open sees a newly published one."""
        self._connection.close()

    def __enter__(self) -> "Warehouse":
        """Return itself; leaving the block closes the connection."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the connection."""
        self.close()


def models_read(relation: str) -> frozenset[str]:
    """Return the marts and table functions that a relation of pages is made of; of a mart, itself."""
    if relation in _FUNCTIONS:
        return frozenset({_FUNCTIONS[relation][0]})
    if relation in _QUALITY:
        return frozenset()
    if relation not in _RELATIONS:
        return frozenset({relation})
    if relation == "revisions":
        return frozenset({_CLOSED, _PROVISIONAL})
    text = _RELATIONS[relation]
    below = _RELATIONS.keys() & set(re.findall(r"\b(?:from|join) (\w+)", text))
    named = re.findall(r"\bmarts\.(\w+)", text)
    return frozenset(named).union(*(models_read(name) for name in below))


def _split_order(sql: str) -> tuple[str, str | None]:
    """Return a query without its outermost ORDER BY, and that; None where a limit depends on it.

    An empty order: the query has none.
    """
    # Whatever lies in brackets or quotes is masked, so that only the outermost words are seen.
    depth, masked = 0, []
    quoted = [match.span() for match in _TOKEN.finditer(sql) if match[1] is None]
    inside = {position for start, end in quoted for position in range(start, end)}
    for position, character in enumerate(sql):
        if position in inside:
            masked.append(" ")
            continue
        depth += character in "([{"
        masked.append(character if depth == 0 else " ")
        depth -= character in ")]}"
    outer = "".join(masked)
    orders = list(_ORDER.finditer(outer))
    if not orders:
        return sql, None if _AFTER_ORDER.search(outer) and re.search(
            r"\b(limit|offset)\b", outer, re.IGNORECASE
        ) else ""
    last = orders[-1]
    if _AFTER_ORDER.search(outer, last.end()):
        return sql, None
    order = re.sub(r"--[^\n]*", "", sql[last.end() :]).strip()
    return sql[: last.start()], order


def _unreadable(database: Path, error: duckdb.Error) -> ReportError:
    first = str(error).splitlines()[0]
    return ReportError(
        f"{database} cannot be read as a published database ({first}): build it again"
    )


def _query_error(error: duckdb.Error) -> QueryError:
    text = str(error)
    line = re.search(r"^LINE (\d+):", text, re.MULTILINE)
    cause = re.sub(r"\s+", " ", re.split(r"\n\s*LINE \d+:", text)[0]).strip()
    return QueryError(cause, int(line[1]) if line else None)


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def digest(results: Mapping[str, Rows], *more: object) -> str:
    """Return the SHA-256 of query results and further values: the same data, the same digest."""
    content = [[name, rows.columns, rows.values] for name, rows in sorted(results.items())]
    text = json.dumps([content, more], default=str, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()
