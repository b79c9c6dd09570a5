"""Raw files, published databases and reports in a bucket: a close is what it is on a disk, also after it was killed.

Its closes take minutes, so these are run by `make test-long`; the parts are tested in
tests/unit/ingestion/test_stores.py and tests/unit/orchestration/test_stored_home.py.
"""

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from ingestion import Home, stores
from ingestion.stores import STORED
from tests.integration.scenes import (
    MONTH,
    Finished,
    Run,
    Stage,
    assert_nothing_temporary,
    close,
    outcome,
    start_close,
)
from tests.support.buckets import SECRET, Buckets, assert_stored, reader, running_buckets
from tests.support.command import scorehouse

PERSON = "A00009"

# A scene waits for its turn: see scenes.py.
pytestmark = [pytest.mark.long, pytest.mark.timeout(3600)]


@pytest.fixture(scope="module")
def server() -> Iterator[Buckets]:
    with running_buckets() as running:
        yield running


# Names of objects at which the first runs are killed: when it was put, and before anything tells of it.
KILLED_AT = ("raw/tickets/", "/scorehouse.duckdb", f"{MONTH}/manifest.json")


@dataclass(frozen=True)
class Stored:
    """A home whose stores are in a bucket, closed after three runs that were killed, and closed once more.

    `again`: requests of the last close.
    """

    home: Home
    bucket: str
    killed: tuple[bool, ...]
    finished: tuple[Finished, Finished]
    again: list[str]


@pytest.fixture(scope="module")
def stored(server: Buckets, stage: Stage, closed: Run) -> Stored:
    home, bucket = begun(server, stage, "stored")
    killed = tuple(killed_at(server, start_close(home, stage.landing), name) for name in KILLED_AT)
    server.requests.done = lambda method, path: None
    first = close(home, stage.landing)
    server.asked()
    second = close(home, stage.landing)
    return Stored(home, bucket, killed, (first, second), server.asked())


def begun(server: Buckets, stage: Stage, name: str) -> tuple[Home, str]:
    """A home that holds nothing but where its stores are."""
    home, bucket = stage.fresh(name), server.make(name)
    home.root.mkdir(parents=True)
    addresses = (f"{one}: s3://{bucket}/{one}\n" for one in stores.NAMES)
    (home.root / stores.SETTINGS).write_text("".join(addresses))
    return home, bucket


def without_notes(found: dict[str, Any]) -> dict[str, Any]:
    """An outcome without the notes of what was put."""
    files = {name: one for name, one in found["files"].items() if Path(name).name != STORED}
    return found | {"files": files}


def test_killed_between_object_and_ledger_a_close_ends_as_on_a_disk(
    server: Buckets, stored: Stored, closed: Run
) -> None:
    assert stored.killed == (True, True, True)
    assert stored.finished[0].returncode == 0, stored.finished[0].stderr
    assert without_notes(outcome(stored.home)) == outcome(closed.home)
    assert_stored(server, stored.bucket, stored.home)
    assert_nothing_temporary(stored.home)


def test_what_has_not_changed_is_not_asked_for_again(stored: Stored) -> None:
    assert stored.finished[1].returncode == 0, stored.finished[1].stderr
    assert stored.again == []


def test_it_verifies(stored: Stored) -> None:
    verified = scorehouse("verify", "--home", stored.home.root)
    assert verified.returncode == 0, verified.stdout


def test_no_secret_is_in_the_home(stored: Stored) -> None:
    for path in stored.home.root.rglob("*"):
        assert path.is_dir() or SECRET.encode() not in path.read_bytes(), path


def test_readers_attach_the_published_database_where_it_lies(
    server: Buckets, stored: Stored
) -> None:
    figures = "select count(*), sum(productivity_score) from {}.marts.monthly_performance_summary"
    with reader(server) as connection:
        published = f"s3://{stored.bucket}/published"
        (folder,) = connection.execute(f"select folder from '{published}/current.json'").fetchone()
        address = f"{published}/{folder}/scorehouse.duckdb"
        connection.execute(f"attach '{address}' as there (read_only)")
        connection.execute(f"attach '{stored.home.published_database}' as here (read_only)")
        there, here = (
            connection.execute(figures.format(name)).fetchone() for name in ("there", "here")
        )
        assert there == here
        assert there[0] > 0


def test_raw_files_can_be_read_where_they_lie(server: Buckets, stored: Stored) -> None:
    with reader(server) as connection:
        there, here = (
            connection.execute(
                f"select count(*) from read_parquet('{folder}/status_events/*.parquet')"
            ).fetchone()
            for folder in (f"s3://{stored.bucket}/raw", stored.home.raw)
        )
        assert there == here
        assert there[0] > 0


def killed_at(server: Buckets, process: "subprocess.Popen[str]", object_name: str) -> bool:
    """Kill a close when an object of that name was put and nobody has been told yet; False when it ended before."""
    was_killed = []

    def stop(method: str, path: str) -> None:
        if method == "PUT" and object_name in path and not was_killed:
            was_killed.append(path)
            os.killpg(process.pid, signal.SIGKILL)

    server.requests.done = stop
    process.communicate()
    return bool(was_killed)


def test_a_disk_that_was_lost_comes_back_but_for_the_records(
    server: Buckets, stored: Stored, stage: Stage
) -> None:
    """As after a restore of `records/` and `stores.yml` alone."""
    restored = stage.fresh("restored-stored")
    shutil.copytree(stored.home.records, restored.records)
    shutil.copy(stored.home.root / stores.SETTINGS, restored.root)
    verified = scorehouse("verify", "--home", restored.root)
    assert verified.returncode == 0, verified.stdout + verified.stderr
    assert_stored(server, stored.bucket, restored)
    server.asked()
    loaded = scorehouse("ingest", "--home", restored.root, "--landing", stage.landing)
    assert loaded.returncode == 0, loaded.stderr
    assert server.asked() == []


def test_a_person_who_is_erased_is_in_no_object(server: Buckets, stored: Stored) -> None:
    home, bucket = stored.home, stored.bucket
    erased = scorehouse("erase", PERSON, "--reason", "case 17", "--yes", "--home", home.root)
    assert erased.returncode == 0, erased.stdout + erased.stderr
    assert_stored(server, bucket, home)
    assert not any(PERSON in name for name in server.content(bucket))
    verified = scorehouse("verify", "--home", home.root)
    assert verified.returncode == 0, verified.stdout
