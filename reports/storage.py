"""How what reports are made from lies on the disk: the one place where this package opens databases."""

from pathlib import Path

import duckdb


def open_database(database: Path, name: str) -> duckdb.DuckDBPyConnection:
    """A connection of its own, in UTC, with a published database attached read-only under a name.

    Raises duckdb.Error when the file cannot be read as a database.
    """
    connection = duckdb.connect(":memory:", config={"autoinstall_known_extensions": False})
    try:
        connection.execute("set TimeZone = 'UTC'")
        path = str(database).replace("'", "''")
        connection.execute(f"attach '{path}' as {name} (read_only)")
    except duckdb.Error:
        connection.close()
        raise
    return connection
