"""The orchestrator's instance of a home: which storage it has, what is said where it has none, which runs are dead."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest
import yaml

from ingestion import Home, UnusableInput
from orchestration import instance
from orchestration.instance import POSTGRES_VARIABLE, WRITER_POOL
from tests.support.command import PROGRAM

pytestmark = pytest.mark.long

SECRET = "s3cret"
NOBODY_LISTENS = f"postgresql://owner:{SECRET}@127.0.0.1:1/runs"
HOLD = """
import sys
from pathlib import Path
from ingestion import Home
from orchestration.instance import mark_alive
mark_alive(Home(Path(sys.argv[1])), sys.argv[2])
print("held", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "home")


@pytest.fixture
def reachable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(instance, "_require_server", lambda address: None)


def settings(home: Home) -> dict[str, object]:
    loaded: dict[str, object] = yaml.safe_load((home.dagster / "dagster.yaml").read_text())
    return loaded


def test_a_home_keeps_its_runs_itself_and_settings_of_an_older_version_go(home: Home) -> None:
    home.prepare()
    (home.dagster / "dagster.yaml").write_text("nux: {enabled: true}\n")
    instance.prepare_instance(home, {})
    assert "storage" not in settings(home)
    assert settings(home)["telemetry"] == {"enabled": False}
    assert not instance.is_on_postgres(home)


@pytest.mark.usefixtures("reachable")
@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg2"])
def test_the_address_of_a_server_stays_in_the_environment(home: Home, scheme: str) -> None:
    environment = {POSTGRES_VARIABLE: NOBODY_LISTENS.replace("postgresql", scheme)}
    instance.prepare_instance(home, environment)
    assert settings(home)["storage"] == {"postgres": {"postgres_url": {"env": POSTGRES_VARIABLE}}}
    assert environment == {POSTGRES_VARIABLE: NOBODY_LISTENS.replace("ql:", "ql+psycopg2:")}
    files = [path for path in home.root.rglob("*") if path.is_file()]
    assert not [path for path in files if SECRET.encode() in path.read_bytes()]


@pytest.mark.usefixtures("reachable")
def test_a_home_with_its_runs_on_a_server_is_not_used_without_its_address(home: Home) -> None:
    instance.prepare_instance(home, {POSTGRES_VARIABLE: NOBODY_LISTENS})
    with pytest.raises(UnusableInput, match=rf"give its address in {POSTGRES_VARIABLE}; or remove"):
        instance.prepare_instance(home, {})
    (home.dagster / "dagster.yaml").unlink()
    instance.prepare_instance(home, {})
    assert not instance.is_on_postgres(home)


def command(home: Home, url: str, *arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [PROGRAM, *arguments, "--home", home.root],
        env={**os.environ, POSTGRES_VARIABLE: url},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(
    ("url", "exit_code", "says"),
    [
        (NOBODY_LISTENS, 1, "server 127.0.0.1:1/runs with the runs cannot be used"),
        (f"mysql://owner:{SECRET}@h/runs", 2, f"{POSTGRES_VARIABLE}: the address of the server"),
    ],
    ids=["unreachable", "unreadable"],
)
def test_a_server_that_is_none_is_one_line_without_its_password(
    home: Home, url: str, exit_code: int, says: str
) -> None:
    home.prepare()
    done = command(home, url, "monitor")
    assert done.returncode == exit_code
    assert says in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert SECRET not in done.stdout + done.stderr


@pytest.mark.parametrize(
    ("more", "url", "says"),
    [
        ((), "", f"name their server in {POSTGRES_VARIABLE}"),
        (("--code-location", "elsewhere"), NOBODY_LISTENS, "write HOST:PORT"),
    ],
    ids=["no-server", "no-port"],
)
def test_processes_of_one_installation_need_its_server_and_its_code_location(
    home: Home, more: tuple[str, ...], url: str, says: str
) -> None:
    done = command(home, url, "serve", "daemon", *more)
    assert (done.returncode, len(done.stderr.splitlines())) == (2, 1)
    assert says in done.stderr


def test_writers_have_one_place_in_the_queue_from_the_beginning(home: Home) -> None:
    instance.prepare_instance(home, {})
    with instance.open_instance(home) as opened:
        instance.limit_writers(opened)
        (pool,) = opened.event_log_storage.get_pool_limits()
    assert (pool.name, pool.limit) == (WRITER_POOL, 1)
    concurrency = settings(home)["concurrency"]
    assert concurrency == {"runs": {"max_concurrent_runs": 4}, "pools": {"granularity": "run"}}


@dg.op
def nothing() -> None:
    pass


@dg.job
def daily() -> None:
    nothing()


@pytest.fixture
def opened(home: Home) -> Iterator[dg.DagsterInstance]:
    instance.prepare_instance(home, {})
    with instance.open_instance(home) as made:
        yield made


def run_that_goes_on(opened: dg.DagsterInstance) -> str:
    run = opened.create_run_for_job(daily)
    opened.report_dagster_event(
        dg.DagsterEvent(dg.DagsterEventType.RUN_START.value, "daily"), run.run_id
    )
    return run.run_id


def is_going(opened: dg.DagsterInstance, run: str) -> bool:
    found = opened.get_run_by_id(run)
    assert found is not None
    return not found.is_finished


def test_a_run_goes_on_as_long_as_its_process(home: Home, opened: dg.DagsterInstance) -> None:
    run = run_that_goes_on(opened)
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(home.root), run],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    instance.end_dead_runs(home, opened)
    assert is_going(opened, run)
    holder.kill()
    holder.communicate()
    instance.end_dead_runs(home, opened)
    assert not is_going(opened, run)


def test_a_run_that_has_just_begun_may_have_no_mark_yet(
    home: Home, opened: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = run_that_goes_on(opened)
    instance.end_dead_runs(home, opened)
    assert is_going(opened, run)
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + 61)
    instance.end_dead_runs(home, opened)
    assert not is_going(opened, run)


def test_marks_of_runs_that_are_over_go_after_a_day(home: Home, opened: dg.DagsterInstance) -> None:
    marks = home.dagster / "alive"
    instance.mark_alive(home, "held")
    for name in ("young", "old"):
        (marks / name).touch()
    for name in ("held", "old"):
        os.utime(marks / name, (0, 0))
    instance.end_dead_runs(home, opened)
    assert sorted(mark.name for mark in marks.iterdir()) == ["held", "young"]
