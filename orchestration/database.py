"""Opening DuckDB files: instants print and compare in UTC, whatever the machine's own zone."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from ingestion import engine


@contextmanager
def attached(**databases: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection with each database attached read-only under its keyword's name."""
    with engine.connect() as connection:
        for name, path in databases.items():
            engine.attach(connection, path, name, read_only=True)
        yield connection
