"""Scenes: runs of the command line that several tests look at, each played once and side by side with others.

A close takes most of a minute, so tests share them: `@scene()` makes a session fixture of a function, and the scenes
that the chosen tests need are played side by side, as many at a time as there are cores (see tests/conftest.py).
"""

import datetime as dt
import hashlib
import os
import shutil
import signal
import subprocess
from collections import Counter
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import pytest

from ingestion import Home, ledger
from orchestration.database import attached
from orchestration.delivery import outbox
from orchestration.verification import REPORTS_HEAD
from reports import Period
from tests.support.command import PROGRAM, scorehouse

MONTH = "2026-10"
AS_OF = "2026-11-15T00:00:00Z"
LATER = "2026-11-16T00:00:00Z"
# Of every cadence one period of the month.
PERIODS = {
    "day": Period.day(dt.date(2026, 10, 14)),
    "week": Period.week(dt.date(2026, 10, 14)),
    "month": Period.month(dt.date(2026, 10, 1)),
    "period": Period.between(dt.date(2026, 10, 3), dt.date(2026, 10, 21)),
    "now": Period.now(dt.datetime(2026, 11, 15, tzinfo=dt.UTC)),
}
# What nobody may rewrite; the orchestrator's own state, the warehouse and locks may differ between runs.
KEPT = ("raw", "quarantine", "records/performance", "published", "reports", "outbox")

Finished = subprocess.CompletedProcess[str]
T = TypeVar("T")


@dataclass
class Stage:
    """What scenes play on: exports that lie ready, and a folder to work in."""

    landing: Path
    folder: Path
    plays: dict[str, Future[Any]] = field(default_factory=dict)

    def closed(self) -> Home:
        """The home of the undisturbed close: copy it, never change it."""
        home: Home = self.plays["closed"].result().home
        return home

    def copy_closed(self, name: str) -> Home:
        """A copy of the home of the undisturbed close."""
        return Home(shutil.copytree(self.closed().root, self.folder / name / "home"))

    def copy_landing(self, name: str) -> Path:
        """A copy of the landing folder, to be changed."""
        return Path(shutil.copytree(self.landing, self.folder / name / "landing"))

    def fresh(self, name: str) -> Home:
        """A home that does not exist yet."""
        return Home(self.folder / name / "home")


@dataclass(frozen=True)
class Scene:
    """A function that plays a scene, and how many closes it runs one after another."""

    play: Callable[[Stage], Any]
    closes: int


SCENES: dict[str, Scene] = {}


def scene(closes: int = 1) -> Callable[[Callable[[Stage], T]], Any]:
    """A session fixture that is what the function returns."""

    def made(play: Callable[[Stage], T]) -> Any:
        name = play.__name__
        SCENES[name] = Scene(play, closes)

        @pytest.fixture(scope="session", name=name)
        def played(plays: dict[str, Future[Any]]) -> Any:
            return plays[name].result()

        return played

    return made


@dataclass(frozen=True)
class Run:
    """A finished run and the home it ran on."""

    home: Home
    finished: Finished


def close(home: Home, landing: Path, *more: str, as_of: str | None = AS_OF) -> Finished:
    """`scorehouse close` of the month."""
    at = ["--as-of", as_of] if as_of else []
    return scorehouse("close", MONTH, "--home", home.root, "--landing", landing, *at, *more)


def start(*arguments: object) -> subprocess.Popen[str]:
    """Start `scorehouse` in a process group of its own, so that it can be killed with all it started."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith("SCOREHOUSE_")}
    return subprocess.Popen(
        [PROGRAM, *(str(argument) for argument in arguments)],
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def start_close(home: Home, landing: Path) -> subprocess.Popen[str]:
    """Start a close of the month."""
    return start("close", MONTH, "--home", home.root, "--landing", landing, "--as-of", AS_OF)


def kill(process: subprocess.Popen[str]) -> None:
    """Kill the process and all it started, at once and without a chance to tidy up."""
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()


def snapshot(home: Home) -> dict[str, str]:
    """SHA-256 of every file that is kept, and the number of lines of every record."""
    kept = {
        path.relative_to(home.root).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for folder in KEPT
        for path in sorted((home.root / folder).rglob("*"))
        if path.is_file()
    }
    lines = {
        f"records/{path.name}": f"{len(path.read_bytes().splitlines())} lines"
        for path in sorted(home.records.glob("*.ndjson"))
    }
    return kept | lines


def query(home: Home, sql: str) -> list[dict[str, Any]]:
    """Rows of the published database."""
    with attached(published=home.published_database) as connection:
        connection.execute("use published")
        found = connection.execute(sql)
        names = [column[0] for column in found.description]
        return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def marts(home: Home) -> dict[str, list[tuple[Any, ...]]]:
    """All rows of all published marts, in an order of their own."""
    with attached(published=home.published_database) as connection:
        connection.execute("use published")
        names = connection.execute(
            "select table_name from duckdb_tables() where schema_name = 'marts' order by 1"
        ).fetchall()
        return {
            name: connection.execute(f"from marts.{name} order by all").fetchall()
            for (name,) in names
        }


def outcome(home: Home) -> dict[str, Any]:
    """What a close is for, without what only tells when it ran: equal for equal closes."""
    content = {
        name: digest
        for name, digest in snapshot(home).items()
        # A database file has its own layout each time it is written: its rows are compared instead. The ledger tells
        # when things happened: what it holds is compared by kind, and by what was delivered.
        if not name.startswith("published/")
        and name != "records/ledger.ndjson"
        and not name.endswith(f"/{REPORTS_HEAD}")
    }
    recorded = Counter(record.kind for record in ledger.records(home))
    delivered = (dict(recorded), [action.action_id for action in outbox.undelivered(home)])
    return {"files": content, "marts": marts(home), "delivered": delivered}


def assert_nothing_temporary(home: Home) -> None:
    """Step 15: no scratch file, no calculation table, no half-written file."""
    assert list(home.scratch.iterdir()) == []
    if home.warehouse.exists():
        with attached(warehouse=home.warehouse) as connection:
            schemas = connection.execute("select distinct schema_name from duckdb_tables()")
            assert "intermediate" not in {name for (name,) in schemas.fetchall()}
    hidden = [
        path
        for folder in (home.published, home.reports, home.outbox, home.records, home.raw)
        for path in folder.rglob(".*")
    ]
    assert hidden == []
