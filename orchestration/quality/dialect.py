"""SQLAlchemy's DuckDB dialect for a file that is only read: opened as every other, and without transactions.

Whoever opens a file has its key, if it needs one: no address holds any. Great Expectations fetches rows after it has
ended the transaction that read them; DuckDB has let go of them by then.
"""

from pathlib import Path
from typing import Any

from duckdb_sqlalchemy import ConnectionWrapper, Dialect

from ingestion import engine


class ReadOnlyDialect(Dialect):
    """Begins and ends nothing."""

    supports_statement_cache = True

    def connect(self, *_: Any, **parameters: Any) -> Any:
        """Open the file that the address names."""
        return ConnectionWrapper(engine.reading(Path(parameters["database"])))

    def do_begin(self, dbapi_connection: Any) -> None:
        """A statement is a transaction of its own."""

    def do_commit(self, dbapi_connection: Any) -> None:
        """There is nothing to keep."""

    def do_rollback(self, dbapi_connection: Any) -> None:
        """There is nothing to undo."""
