"""DuckDB: the one place where connections are opened and files attached, and a few quoting helpers.

Instants print and compare in UTC, whatever the machine's own zone, and nothing is fetched from a network.
"""

import csv
import io
import os
import re
import shutil
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib import resources
from pathlib import Path

import duckdb

from ingestion import durable, encryption
from ingestion.encryption import Keys
from ingestion.errors import UnusableInput

SCRATCH_PREFIX = "ingestion-"
ENCRYPTED_PARQUET = b"PARE"
"""An encrypted Parquet file begins with it."""

STORAGE_VERSION = "v1.4.0"
"""Of new database files: readers of DuckDB 1.4 and newer open them, Evidence's connector among them. Text is
written in seven tenths of the time of the first format; a newer one spells the queries of functions otherwise."""

MEMORY_BYTES = 768 * 1024 * 1024
MEMORY_VARIABLE = "SCOREHOUSE_MEMORY"
_MOST = 2 * 1024**3
_FOR_TWO = 2 * 1000**3
_MEMORY = re.compile(r"(?P<number>\d+(\.\d+)?) ?(?P<unit>[KMGT])(?P<ending>iB|B|)", re.I)
_MOST_BESIDE_OTHERS = 1024**3
# What every connection of this process keeps to: set once the home is known.
_bounds: dict[str, str | int | bool | list[str]] = {}
# What differs for those with other processes beside them that need memory too.
_bounds_beside_others: dict[str, str | int | bool | list[str]] = {}
# The name under which a connection knows the key of Parquet files.
_PARQUET_KEY = "home"
_ROWS_AT_A_TIME = 10_000


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


def memory_limit(environment: Mapping[str, str], most: int = _MOST) -> str:
    """What DuckDB's buffers may take of the memory in one process before it spills, as DuckDB writes it.

    SCOREHOUSE_MEMORY says it, such as `1GB`; otherwise half of the machine's memory, and no more than `most` bytes.

    Raises:
        UnusableInput: it says no size.
    """
    said = environment.get(MEMORY_VARIABLE, "").strip()
    if not said:
        return f"{min(most, os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') // 2)}B"
    if not _MEMORY.fullmatch(said):
        raise UnusableInput(
            f"{MEMORY_VARIABLE}: {said!r} is no size: give one such as 1GB or 800MiB"
        )
    return said


def has_little_memory(environment: Mapping[str, str]) -> bool:
    """Whether DuckDB may take less than 2 GB: two large statements at once may find no room in it.

    Raises:
        UnusableInput: SCOREHOUSE_MEMORY says no size.
    """
    limit = memory_limit(environment)
    parts = _MEMORY.fullmatch(limit)
    if parts is None:
        size = float(limit.removesuffix("B"))
    else:
        step = 1024 if parts["ending"].lower() == "ib" else 1000
        size = float(parts["number"]) * float(step ** " KMGT".index(parts["unit"].upper()))
    return size < _FOR_TWO


def bounds(scratch: Path, environment: Mapping[str, str]) -> dict[str, str]:
    """Settings of DuckDB that keep a connection within the memory limit, spilling into a home's scratch folder.

    Raises:
        UnusableInput: SCOREHOUSE_MEMORY says no size.
    """
    return {"memory_limit": memory_limit(environment), "temp_directory": str(scratch / "duckdb")}


def bounds_of_models(scratch: Path, environment: Mapping[str, str]) -> dict[str, str]:
    """The same for dbt's connection: of little memory each statement has all, and one thread.

    Every thread of a statement holds buffers of its own, which cannot all be spilled.

    Raises:
        UnusableInput: SCOREHOUSE_MEMORY says no size.
    """
    one = {"threads": "1"} if has_little_memory(environment) else {}
    return {**bounds(scratch, environment), **one}


def keep_within(scratch: Path, environment: Mapping[str, str]) -> None:
    """Have every later connection of this process keep within these bounds.

    Raises:
        UnusableInput: SCOREHOUSE_MEMORY says no size.
    """
    keep_within_nothing()
    _bounds.update(bounds(scratch, environment))
    limit = memory_limit(environment, _MOST_BESIDE_OTHERS)
    _bounds_beside_others.update(memory_limit=limit)


def keep_within_nothing() -> None:
    """Forget the bounds: a process that goes on to another home, such as one of tests, has that home's alone."""
    _bounds.clear()
    _bounds_beside_others.clear()


def connect_beside_others() -> duckdb.DuckDBPyConnection:
    """As `connect`, where other processes of the same run need memory too: no more than 1 GiB, unless it was said."""
    return connect(**_bounds_beside_others)


def connect(**config: str | int | bool | list[str]) -> duckdb.DuckDBPyConnection:
    """A connection of its own in memory, with these settings of DuckDB; close it, or use it in a `with`."""
    opened = duckdb.connect(config={"autoinstall_known_extensions": False, **_bounds, **config})
    opened.execute("SET TimeZone = 'UTC'")
    spill = _bounds.get("temp_directory")
    if spill and encryption.keys_of(Path(str(spill))) is not None:
        prepare_writing(opened)
    return opened


def attach(
    connection: duckdb.DuckDBPyConnection,
    file: Path,
    name: str,
    *,
    read_only: bool = False,
) -> None:
    """Attach a database file under a name; one that is not read-only is created where it is missing."""
    options = ["READ_ONLY"] if read_only else []
    # An encrypted file has a newer version than was asked for, and none can be lowered.
    if not read_only and not file.exists():
        options.append(f"STORAGE_VERSION {literal(STORAGE_VERSION)}")
    keys = encryption.keys_of(file)
    if keys is not None:
        options.append("ENCRYPTION_KEY $key")
        if not read_only:
            prepare_writing(connection)
    said = f" ({', '.join(options)})" if options else ""
    # Bound, the key is in no statement, and so in no error and no log.
    connection.execute(
        f"ATTACH {literal(str(file))} AS {identifier(name)}{said}",
        {"key": keys.database(file)} if keys else None,
    )


@contextmanager
def writing(file: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection that may change a database file, which is its default database under the name `file`."""
    with connect() as opened:
        attach(opened, file, "file")
        opened.execute("USE file")
        yield opened


def reading(file: Path) -> duckdb.DuckDBPyConnection:
    """A connection that reads a database file, its default database under the name `file`; close it, or use `with`."""
    opened = connect()
    try:
        attach(opened, file, "file", read_only=True)
        opened.execute("USE file")
    except duckdb.Error:
        opened.close()
        raise
    return opened


def write_parquet(
    connection: duckdb.DuckDBPyConnection,
    query: str,
    file: Path,
    parameters: Mapping[str, object] | None = None,
) -> int:
    """Write the rows of a query into a Parquet file; returns how many."""
    keys = encryption.keys_of(file)
    options = "FORMAT parquet, COMPRESSION zstd"
    if keys is not None:
        prepare_writing(connection)
        _know_parquet_key(connection, keys)
        options += f", ENCRYPTION_CONFIG {{footer_key: {literal(_PARQUET_KEY)}}}"
    written = connection.execute(
        f"COPY ({query}) TO {literal(str(file))} ({options})", parameters
    ).fetchone()
    assert written is not None
    return int(written[0])


def parquet(
    connection: duckdb.DuckDBPyConnection,
    files: Path | Sequence[Path],
    columns: Sequence[tuple[str, str]] = (),
) -> str:
    """SQL of a relation of the rows of Parquet files of one home; a column that a file lacks is null there.

    files: one path, which may be a pattern, or several. columns: (name, type) of all that they may have; without them,
    each file is looked into when the SQL is bound.
    """
    several = [files] if isinstance(files, Path) else list(files)
    listed = f"[{', '.join(literal(str(file)) for file in several)}]"
    keys = encryption.keys_of(several[0])
    if keys is None:
        return f"read_parquet({listed}, union_by_name = true)"
    _know_parquet_key(connection, keys)
    config = f"encryption_config = {{footer_key: {literal(_PARQUET_KEY)}}}"
    if columns:
        # DuckDB 1.5.5 crashes when it unites encrypted files by name, so the columns are said.
        schema = ", ".join(
            f"{literal(name)}: {{name: {literal(name)}, type: {literal(kind)}, default_value: NULL}}"
            for name, kind in columns
        )
        return f"read_parquet({listed}, {config}, schema = MAP {{{schema}}})"
    each = (f"FROM read_parquet({literal(str(file))}, {config})" for file in several)
    return f"({' UNION ALL BY NAME '.join(each)})"


def parquet_as_it_lies(connection: duckdb.DuckDBPyConnection, file: Path) -> str:
    """SQL of a relation of the rows of one Parquet file, encrypted or not, wherever it lies."""
    with file.open("rb") as opened:
        if opened.read(len(ENCRYPTED_PARQUET)) == ENCRYPTED_PARQUET:
            return parquet(connection, file)
    return f"read_parquet({literal(str(file))})"


def write_csv(connection: duckdb.DuckDBPyConnection, query: str, file: Path) -> None:
    """Write the rows of a query into a CSV file with a header, sealed where the file is to lie in an encrypted home."""
    keys = encryption.keys_of(file)
    if keys is None:
        connection.execute(f"COPY ({query}) TO {literal(str(file))} (FORMAT csv, HEADER)")
        return
    rows = connection.execute(query)
    with file.open("xb") as opened, encryption.SealedWriter(opened, keys) as sealed:
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(column[0] for column in rows.description)
        while True:
            sealed.write(text.getvalue().encode())
            text.seek(0)
            text.truncate()
            some = rows.fetchmany(_ROWS_AT_A_TIME)
            if not some:
                return
            writer.writerows(some)


def encrypt_database(file: Path) -> bool:
    """Write a plain database file of an encrypted home anew, encrypted; False where it is encrypted already."""
    written = durable.temporary_beside(file)
    with connect() as opened:
        try:
            opened.execute(f"ATTACH {literal(str(file))} AS plain (READ_ONLY)")
        except duckdb.CatalogException:
            return False
        attach(opened, written, "encrypted")
        opened.execute("COPY FROM DATABASE plain TO encrypted")
    durable.put_in_place(written, file)
    return True


def prepare_writing(connection: duckdb.DuckDBPyConnection) -> None:
    """Make a connection able to write encrypted files; DuckDB itself has the ciphers for reading alone."""
    connection.execute(f"LOAD {literal(str(_extension()))}")
    # What does not fit into memory would lie on the disk as it is.
    connection.execute("SET temp_file_encryption = true")


def _extension() -> Path:
    """The signed extension with OpenSSL's ciphers, as its package brings it; nothing is fetched."""
    package = resources.files("duckdb_extension_httpfs")
    return Path(str(package / "extensions" / f"v{duckdb.__version__}" / "httpfs.duckdb_extension"))


def _know_parquet_key(connection: duckdb.DuckDBPyConnection, keys: Keys) -> None:
    try:
        connection.execute(
            f"PRAGMA add_parquet_key({literal(_PARQUET_KEY)}, {literal(keys.parquet)})"
        )
    except duckdb.Error:
        # The statement cannot be bound, and an error may quote it.
        raise RuntimeError("DuckDB does not take the key of the Parquet files") from None


@contextmanager
def connection(
    folder: Path, on_disk: bool = False, memory_bytes: int = MEMORY_BYTES
) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection of its own, in UTC and in insertion order, that spills into `folder`.

    `on_disk` keeps its tables in a database file in `folder` in place of memory. `memory_bytes`:
    what its buffers may take before they spill.
    """
    opened = connect(
        temp_directory=str(folder / "spill"),
        memory_limit=f"{memory_bytes}B",
        preserve_insertion_order=True,
    )
    try:
        opened.execute("SET enable_progress_bar = false")
        if encryption.keys_of(folder) is not None:
            prepare_writing(opened)
        if on_disk:
            attach(opened, folder / "work.duckdb", "work")
            opened.execute("USE work")
        yield opened
    finally:
        opened.close()
