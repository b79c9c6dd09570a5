"""Databases that a run makes again: only what is no whole database is removed."""

import re
import struct
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from ingestion import engine
from orchestration.database import is_whole, remove_damaged

HOLD = """
import sys, duckdb
connection = duckdb.connect(sys.argv[1])
print("held", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def database(tmp_path: Path) -> Path:
    """More than a block of rows, so that half of the file is not enough."""
    path = tmp_path / "figures.duckdb"
    with engine.writing(path) as connection:
        connection.execute(
            "create table numbers as select md5(i::varchar) as i from range(90000) r(i)"
        )
    return path


def test_a_whole_database_stays(database: Path, tmp_path: Path) -> None:
    assert remove_damaged([database, tmp_path / "none.duckdb"]) == []
    assert database.exists()


@pytest.mark.parametrize("kept", [0, 16, 5000, 200_000])
def test_one_that_was_cut_off_goes_with_its_log(database: Path, kept: int) -> None:
    database.write_bytes(database.read_bytes()[:kept])
    log = Path(f"{database}.wal")
    log.write_bytes(b"what was not written yet")
    assert remove_damaged([database]) == [database]
    assert not database.exists()
    assert not log.exists()


@pytest.fixture
def shortened(database: Path) -> Path:
    """Free blocks at its end are not in the file, though it counts them."""
    with engine.writing(database) as connection:
        connection.execute("create table last as from range(2000000) r(i)")
    with engine.writing(database) as connection:
        connection.execute("drop table last")
    return database


def test_free_blocks_at_the_end_may_be_missing(shortened: Path) -> None:
    with duckdb.connect(shortened, read_only=True) as connection:
        blocks, block_size = connection.execute(
            "select total_blocks, block_size from pragma_database_size()"
        ).fetchall()[0]
    assert shortened.stat().st_size < blocks * block_size
    assert remove_damaged([shortened]) == []


def test_beside_free_blocks_no_other_may_be_missing(shortened: Path) -> None:
    shortened.write_bytes(shortened.read_bytes()[:-200_000])
    assert remove_damaged([shortened]) == [shortened]


def test_one_that_is_none_goes(database: Path) -> None:
    database.write_bytes(b"not what it was\n" * 64)
    assert remove_damaged([database]) == [database]


def test_one_that_another_process_holds_is_whole(database: Path) -> None:
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(database)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    try:
        assert is_whole(database)
    finally:
        holder.communicate("")
    assert remove_damaged([database]) == []


# Where a file of DuckDB has its checksum and its storage version.
CHECKSUM_AT, VERSION_AT = 0, 12


def version_of(file: Path) -> int:
    found: int = struct.unpack_from("<Q", file.read_bytes(), VERSION_AT)[0]
    return found


def test_one_that_an_older_duckdb_wrote_stays_and_is_written_on(tmp_path: Path) -> None:
    old = tmp_path / "old.duckdb"
    with engine.connect() as connection:
        connection.execute(f"attach '{old}' as old (storage_version 'v1.0.0')")
        connection.execute("create table old.figures as from range(5) r(i)")
        connection.execute("detach old")
    oldest = version_of(old)
    assert remove_damaged([old]) == []
    with engine.writing(old) as connection:
        connection.execute("create or replace table figures as from range(7) r(i)")
        assert connection.execute("select count(*) from figures").fetchone() == (7,)
    assert version_of(old) == oldest


def test_one_that_a_newer_duckdb_wrote_goes_and_is_made_again(database: Path) -> None:
    content = bytearray(database.read_bytes())
    struct.pack_into("<Q", content, VERSION_AT, 999)
    database.write_bytes(content)
    with pytest.raises(duckdb.IOException) as refused:
        engine.writing(database).__enter__()
    # It says what the checksum of such a file is.
    computed = re.search(r"computed checksum (\d+)", str(refused.value))
    assert computed
    struct.pack_into("<Q", content, CHECKSUM_AT, int(computed[1]))
    database.write_bytes(content)
    with pytest.raises(duckdb.IOException, match="version number 999"):
        engine.writing(database).__enter__()
    assert remove_damaged([database]) == [database]
