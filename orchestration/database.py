"""Opening DuckDB files: instants print and compare in UTC, whatever the machine's own zone."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from ingestion import engine


@contextmanager
def attached(**databases: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection with each database attached read-only under its keyword's name."""
    with duckdb.connect() as connection:
        connection.execute("set TimeZone = 'UTC'")
        for name, path in databases.items():
            connection.execute(f"attach {engine.literal(str(path))} as {name} (read_only)")
        yield connection
