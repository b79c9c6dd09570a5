"""SQLAlchemy's DuckDB dialect for a file that is only read: without transactions.

Great Expectations fetches rows after it has ended the transaction that read them; DuckDB has let go of them by then.
"""

from typing import Any

from duckdb_sqlalchemy import Dialect


class ReadOnlyDialect(Dialect):
    """Begins and ends nothing."""

    supports_statement_cache = True

    def do_begin(self, dbapi_connection: Any) -> None:
        """A statement is a transaction of its own."""

    def do_commit(self, dbapi_connection: Any) -> None:
        """There is nothing to keep."""

    def do_rollback(self, dbapi_connection: Any) -> None:
        """There is nothing to undo."""
