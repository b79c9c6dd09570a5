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


# Before the first block of a DuckDB file.
_HEADERS = 3 * 4096


def is_whole(database: Path) -> bool:
    """Whether a file can be opened as a database and has all blocks in use; one that another process holds can."""
    size = database.stat().st_size
    try:
        with attached(checked=database) as connection:
            total, free, block_size = connection.execute(
                "select total_blocks, free_blocks, block_size from pragma_database_size()"
                " where database_name = 'checked'"
            ).fetchall()[0]
            missing = total - (size - _HEADERS) // block_size
            # DuckDB cuts free blocks off the end of a file after it has written how many blocks there are.
            if missing <= 0:
                return True
            in_use = _HEADERS + (_last_block_in_use(connection) + 1) * int(block_size)
            return bool(missing <= free) and size >= in_use
    except duckdb.Error as error:
        return "lock on file" in str(error) or "Permission denied" in str(error)


def _last_block_in_use(connection: duckdb.DuckDBPyConnection) -> int:
    """Number of the last block that a table of the database `checked` has; -1 if none has any.

    Raises:
        duckdb.Error: what says so is itself in a block that is missing.
    """
    tables = connection.execute(
        "select format('checked.\"{}\".\"{}\"', replace(schema_name, '\"', '\"\"'), replace(table_name, '\"', '\"\"'))"
        " from duckdb_tables() where database_name = 'checked' and not temporary"
    ).fetchall()
    if not tables:
        return -1
    blocks = " union all ".join(
        "select greatest(max(block_id), max(list_max(additional_block_ids))) as last"
        f" from pragma_storage_info({engine.literal(table)})"
        for (table,) in tables
    )
    return int(
        connection.execute(f"select coalesce(max(last), -1) from ({blocks})").fetchall()[0][0]
    )


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
