"""DuckDB connections and the few quoting helpers that generated SQL needs."""

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


@contextmanager
def connection(
    folder: Path, on_disk: bool = False, memory_bytes: int = MEMORY_BYTES
) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection of its own, in UTC and in insertion order, that spills into `folder`.

    `on_disk` keeps its tables in a database file in `folder` in place of memory. `memory_bytes`:
    what its buffers may take before they spill.
    """
    database = str(folder / "work.duckdb") if on_disk else ":memory:"
    opened = duckdb.connect(
        database,
        config={
            "temp_directory": str(folder / "spill"),
            "memory_limit": f"{memory_bytes}B",
            "preserve_insertion_order": True,
            "autoinstall_known_extensions": False,
        },
    )
    try:
        opened.execute("SET TimeZone = 'UTC'")
        opened.execute("SET enable_progress_bar = false")
        yield opened
    finally:
        opened.close()
