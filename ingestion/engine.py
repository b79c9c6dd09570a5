"""DuckDB: the one place where connections are opened and files attached, and a few quoting helpers.

Instants print and compare in UTC, whatever the machine's own zone, and nothing is fetched from a network.
"""

import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

SCRATCH_PREFIX = "ingestion-"
MEMORY_BYTES = 768 * 1024 * 1024


def identifier(name: str) -> str:
    """`name` as a quoted SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """`text` as a quoted SQL string."""
    return "'" + text.replace("'", "''") + "'"


@contextmanager
def scratch_folder(scratch: Path) -> Iterator[Path]:
    """A private folder under `scratch` that is gone afterwards, also after an error."""
    folder = scratch / f"{SCRATCH_PREFIX}{uuid.uuid4().hex}"
    folder.mkdir(mode=0o700)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def connect(
    database: str = ":memory:", **config: str | int | bool | list[str]
) -> duckdb.DuckDBPyConnection:
    """A connection of its own, with these settings of DuckDB; close it, or use it in a `with`."""
    opened = duckdb.connect(database, config={"autoinstall_known_extensions": False, **config})
    opened.execute("SET TimeZone = 'UTC'")
    return opened


def attach(
    connection: duckdb.DuckDBPyConnection,
    file: Path,
    name: str,
    *,
    read_only: bool = False,
    storage_version: str | None = None,
) -> None:
    """Attach a database file under a name; one that is not read-only is created where it is missing.

    storage_version: of a new file, such as `v1.4.0`.
    """
    options = ["READ_ONLY"] if read_only else []
    if storage_version:
        options.append(f"STORAGE_VERSION {literal(storage_version)}")
    said = f" ({', '.join(options)})" if options else ""
    connection.execute(f"ATTACH {literal(str(file))} AS {identifier(name)}{said}")


@contextmanager
def writing(file: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection that may change a database file, which is its default database under the name `file`."""
    with connect() as opened:
        attach(opened, file, "file")
        opened.execute("USE file")
        yield opened


@contextmanager
def connection(
    folder: Path, on_disk: bool = False, memory_bytes: int = MEMORY_BYTES
) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection of its own, in UTC and in insertion order, that spills into `folder`.

    `on_disk` keeps its tables in a database file in `folder` in place of memory. `memory_bytes`:
    what its buffers may take before they spill.
    """
    database = str(folder / "work.duckdb") if on_disk else ":memory:"
    opened = connect(
        database,
        temp_directory=str(folder / "spill"),
        memory_limit=f"{memory_bytes}B",
        preserve_insertion_order=True,
    )
    try:
        opened.execute("SET enable_progress_bar = false")
        yield opened
    finally:
        opened.close()
