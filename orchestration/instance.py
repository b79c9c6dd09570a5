"""The orchestrator's instance of a home: where it keeps runs and events, how many go on at once, which are dead.

Without further ado its storage is SQLite files in `<home>/dagster`. `SCOREHOUSE_DAGSTER_POSTGRES` names a PostgreSQL
database in their place, which processes on several machines or in several containers share.
"""

import fcntl
import os
import re
import time
from collections.abc import MutableMapping
from pathlib import Path
from typing import IO, Any

import dagster as dg
import sqlalchemy
from dagster._core.storage.event_log.sqlite import sqlite_event_log
from sqlalchemy.exc import DatabaseError, OperationalError

from ingestion import Home, UnusableInput, durable, old_records
from orchestration.progress import tell
from orchestration.records import locked
from orchestration.server import Address, parse_address

POSTGRES_VARIABLE = "SCOREHOUSE_DAGSTER_POSTGRES"

# Of the assets that need `ExclusiveRun`, by whose lock such runs take turns, whoever started them. The pool keeps the
# next one in the queue, where it holds no process and others pass it.
WRITER_POOL = "home_writer"

# A run that has not started after five minutes has failed, or it would keep its place in the pool. Nothing is reported
# to anybody. What a step prints goes to `last_run.log` and to dbt's own log in `dagster/dbt`.
SETTINGS = """\
# Written by Scorehouse whenever it starts: what is changed here does not last.
nux:
  enabled: false
telemetry:
  enabled: false
compute_logs:
  module: dagster.core.storage.noop_compute_log_manager
  class: NoOpComputeLogManager
concurrency:
  runs:
    max_concurrent_runs: 4
  pools:
    granularity: run
run_monitoring:
  enabled: true
  start_timeout_seconds: 300
"""

# The address, with its password, stays in the environment; processes that the orchestrator starts find it there too.
POSTGRES_SETTINGS = f"""\
storage:
  postgres:
    postgres_url:
      env: {POSTGRES_VARIABLE}
"""

PROCESS_TAG = "scorehouse/process"

# Between the start of a run and its first resource.
_UNMARKED_SECONDS = 60
_DAY_SECONDS = 86400
_marks: dict[Path, IO[bytes]] = {}


def prepare_instance(home: Home, environment: MutableMapping[str, str] = os.environ) -> None:
    """Create the home folder, and write the orchestrator's settings into it.

    Raises:
        UnusableInput: the address of its server cannot be read, or is missing in a home that keeps its runs there.
        ConnectionError: the server cannot be reached.
    """
    settings = home.dagster / "dagster.yaml"
    address = _address(settings, environment)
    if address is not None:
        _require_server(address)
        environment[POSTGRES_VARIABLE] = _with_driver(address.connection)
    home.prepare()
    old_records.convert(home, tell)
    text = SETTINGS + (POSTGRES_SETTINGS if address else "")
    if not settings.exists() or settings.read_text(encoding="utf-8") != text:
        durable.write_text(settings, text)


def is_on_postgres(home: Home) -> bool:
    """Whether the settings of a home name a server."""
    settings = home.dagster / "dagster.yaml"
    return settings.exists() and POSTGRES_VARIABLE in settings.read_text(encoding="utf-8")


def _address(settings: Path, environment: MutableMapping[str, str]) -> Address | None:
    said = environment.get(POSTGRES_VARIABLE)
    if said:
        try:
            return parse_address(
                re.sub(r"^postgresql\+\w+:", "postgresql:", said), with_password=True
            )
        except UnusableInput as problem:
            raise UnusableInput(f"{POSTGRES_VARIABLE}: {problem}") from None
    if settings.exists() and POSTGRES_VARIABLE in settings.read_text(encoding="utf-8"):
        raise UnusableInput(
            f"the runs of this home are kept on a PostgreSQL server: give its address in {POSTGRES_VARIABLE};"
            f" or remove {settings}, and they are kept in the home from now on"
        )
    return None


def _with_driver(url: str) -> str:
    """The address with the driver that the orchestrator's storage is made for; SQLAlchemy would take another."""
    return re.sub(r"^postgres(ql)?:", "postgresql+psycopg2:", url)


def _require_server(address: Address) -> None:
    """Ask once, for the orchestrator itself asks for a long time and answers with its own lines."""
    import psycopg

    try:
        psycopg.connect(address.connection, connect_timeout=10).close()
    except psycopg.Error as error:
        raise ConnectionError(
            f"the PostgreSQL server {address.shown} with the runs cannot be used ({_line(error)}):"
            " see to it and run again, nothing is lost"
        ) from None


def _line(error: BaseException) -> str:
    return " ".join(str(error).split())


def _keep_engines() -> None:
    """Have the log of events use one engine per file: it makes one per event.

    A new engine compiles each of its statements anew: an eighth of a small close went into that.
    """
    engines: dict[str, sqlalchemy.Engine] = {}

    def one_per_file(url: str, **settings: Any) -> sqlalchemy.Engine:
        if url not in engines:
            engines[url] = sqlalchemy.create_engine(url, **settings)
        return engines[url]

    sqlite_event_log.create_engine = one_per_file  # type: ignore[attr-defined, assignment]


_keep_engines()


def open_instance(home: Home) -> dg.DagsterInstance:
    """The orchestrator's own database of runs; made by one process at a time, or two that begin at once collide.

    Raises:
        UnusableInput: a file of it is no database.
    """
    with locked(home.dagster / "instance.lock"):
        try:
            return dg.DagsterInstance.from_config(str(home.dagster))
        except DatabaseError as error:
            if isinstance(error, OperationalError):
                # It is busy, or the disk is full.
                raise
            raise UnusableInput(
                f"the orchestrator's history of runs cannot be read ({error.orig}): move {home.dagster / 'history'}"
                f" and {home.dagster / 'schedules'} away, no figure is in them, and run again"
            ) from error


def limit_writers(instance: dg.DagsterInstance) -> None:
    """Let the queue start one run at a time that writes the home.

    Of a pool that was never heard of, the first runs would start together.
    """
    instance.event_log_storage.set_concurrency_slots(WRITER_POOL, 1)


def mark_alive(home: Home, run_id: str) -> None:
    """Show that this process carries out a run, until the process ends, however it ends.

    The mark is a lock on a file, not a process id: other containers that have the home see it as well.
    """
    path = _marks_of(home) / run_id
    if path not in _marks:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        file = path.open("wb")
        fcntl.flock(file, fcntl.LOCK_SH)
        _marks[path] = file


def end_dead_runs(home: Home, instance: dg.DagsterInstance) -> None:
    """Mark runs whose process is gone as failed.

    Whoever was killed could not say so, and a run that seems to go on keeps those in the queue waiting for ever.
    """
    going = instance.get_run_records(dg.RunsFilter(statuses=[dg.DagsterRunStatus.STARTED]))
    for record in going:
        run = record.dagster_run
        began = record.start_time or record.create_timestamp.timestamp()
        if not _is_alive(_marks_of(home) / run.run_id, time.time() - began):
            instance.report_run_failed(run, "the process of this run is gone")
    for mark in _marks_of(home).glob("*"):
        # Not a young one: whoever makes it locks it a moment later.
        if time.time() - mark.stat().st_mtime > _DAY_SECONDS and not _is_alive(mark, 0):
            mark.unlink(missing_ok=True)


def _marks_of(home: Home) -> Path:
    return home.dagster / "alive"


def _is_alive(mark: Path, seconds: float) -> bool:
    """Whether a process holds the mark; one that began so long ago may not have made it yet."""
    try:
        with mark.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except FileNotFoundError:
        return seconds < _UNMARKED_SECONDS
    except BlockingIOError:
        return True
    return False
