"""Opening DuckDB files: instants print and compare in UTC, whatever the machine's own zone."""

from collections.abc import Iterable, Iterator
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


def is_whole(database: Path) -> bool:
    """Whether a file can be opened as a database and is as long as it says; one that another process holds can."""
    try:
        with attached(checked=database) as connection:
            said = connection.execute(
                "select total_blocks * block_size from pragma_database_size()"
                " where database_name = 'checked'"
            ).fetchone()
    except duckdb.Error as error:
        return "lock on file" in str(error) or "Permission denied" in str(error)
    assert said is not None
    return database.stat().st_size >= int(said[0])


def remove_damaged(databases: Iterable[Path]) -> list[Path]:
    """Remove files that are no whole databases, each with its log of changes; returns them.

    Only for what is made again from raw files and records: cut off by a full disk or overwritten, such a file would
    stop every later run. The caller holds the home for itself.
    """
    removed = [path for path in databases if path.exists() and not is_whole(path)]
    for path in removed:
        path.unlink()
        Path(f"{path}.wal").unlink(missing_ok=True)
    return removed
