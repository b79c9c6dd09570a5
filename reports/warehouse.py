"""The published database as pages may query it: read-only, one month, nothing else on the disk."""

import hashlib
import json
import re
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from types import TracebackType

import duckdb

from reports.errors import ReportError
from reports.rows import Rows

_NO_CLOSE = (
    "cast(null as integer) as revision, cast(null as integer) as close_number, true as is_current,"
    " cast(null as timestamptz) as closed_at, cast(null as varchar) as changes,"
    " cast(null as varchar) as changed_since_load"
)
PARAMETERS = ("agent_id", "team_id", "month")


class QueryError(Exception):
    """DuckDB refuses a query; ``line`` counts from the query's first line, when it is known."""

    def __init__(self, cause: str, line: int | None = None) -> None:
        """Keep the cause in one line and where in the query it is."""
        super().__init__(cause)
        self.line = line


class Warehouse:
    """A connection that reads the marts of one published database for one month.

    Pages find ``marts.*`` and the relation ``performance``: the month's current revisions, or with
    provisional=True the figures of a month that has not been closed. ``revisions`` holds the
    earlier ones too.
    """

    def __init__(self, database: Path, month: date, provisional: bool) -> None:
        """Attach the database read-only; a ReportError says what is missing."""
        if not database.is_file():
            raise ReportError(
                f"there is no published database at {database}: build the warehouse first"
            )
        self._connection = duckdb.connect(":memory:")
        try:
            self._attach(database, month, provisional)
        except duckdb.Error as error:
            self._connection.close()
            first = str(error).splitlines()[0]
            raise ReportError(
                f"{database} cannot be read as a published database ({first}): build it again"
            ) from error

    def _attach(self, database: Path, month: date, provisional: bool) -> None:
        run = self._connection.execute
        quoted = str(database).replace("'", "''")
        run("set TimeZone = 'UTC'")
        run(f"attach '{quoted}' as warehouse (read_only)")
        run("set search_path = 'memory.main,warehouse.marts'")
        # A month that is not closed has no revisions; pages name their columns all the same.
        revisions = (
            f"select *, {_NO_CLOSE} from warehouse.marts.agent_performance_month"
            if provisional
            else "select * from warehouse.marts.monthly_performance_summary"
        )
        # Materialised once: every page asks for them, and all of them must see the same rows.
        run(f"create temp table revisions as {revisions} where month = ?", [month])
        run("create temp table performance as from revisions where is_current")
        # A page's SQL may read the marts and nothing else on this machine.
        run("set enable_external_access = false")
        run("set lock_configuration = true")

    def query(self, name: str, sql: str, parameters: Mapping[str, object]) -> Rows:
        """Run one SELECT with bound parameters; those it does not name are left out.

        Raises QueryError when the SQL is not one SELECT, binds an unknown parameter or fails.
        """
        try:
            statements = self._connection.extract_statements(sql)
            if len(statements) != 1 or statements[0].type != duckdb.StatementType.SELECT:
                raise QueryError("a query is exactly one SELECT")
            wanted = statements[0].named_parameters
            unknown = sorted(wanted - set(parameters))
            if unknown:
                known = ", ".join(f"${parameter}" for parameter in parameters)
                raise QueryError(f"unknown parameter ${unknown[0]}; this page has {known}")
            result = self._connection.execute(
                statements[0], {parameter: parameters[parameter] for parameter in wanted}
            )
            return Rows(name, [column[0] for column in result.description], result.fetchall())
        except duckdb.Error as error:
            raise _query_error(error) from error

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


def _query_error(error: duckdb.Error) -> QueryError:
    text = str(error)
    line = re.search(r"^LINE (\d+):", text, re.MULTILINE)
    cause = re.sub(r"\s+", " ", re.split(r"\n\s*LINE \d+:", text)[0]).strip()
    return QueryError(cause, int(line[1]) if line else None)


def digest(results: Mapping[str, Rows], *more: object) -> str:
    """Return the SHA-256 of query results and further values: the same data, the same digest."""
    content = [[name, rows.columns, rows.values] for name, rows in sorted(results.items())]
    text = json.dumps([content, more], default=str, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()
