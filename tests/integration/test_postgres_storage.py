"""Runs and events on a PostgreSQL server, several processes, and two closes at once: each as if it were alone."""

import json
import os
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from ingestion import Home
from orchestration.instance import POSTGRES_VARIABLE
from tests.integration.scenes import outcome
from tests.support.command import PROGRAM, scorehouse
from tests.support.postgres import PASSWORD, Server, running_server

pytestmark = [pytest.mark.long, pytest.mark.timeout(1800)]

MONTHS = ("2026-09", "2026-10")
# The same for both: which of them is published last makes no difference.
AS_OF = "2026-11-15T00:00:00+00:00"
LAUNCH = """mutation($of: ExecutionParams!) { launchRun(executionParams: $of) {
    __typename ... on LaunchRunSuccess { run { runId } } ... on PythonError { message } } }"""
REPOSITORIES = (
    "{repositoriesOrError{... on RepositoryConnection{nodes{name location{name} pipelines{name}}}}}"
)


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with running_server() as started:
        with started.connect("postgres") as connection:
            connection.execute(f"create role owner login password '{PASSWORD}'")
        yield started


def address(server: Server, name: str) -> str:
    """Of a new database for one home."""
    with server.connect("postgres") as connection:
        connection.execute(f"create database {name} owner owner")
    return f"postgresql://owner:{quote(PASSWORD, safe='')}@127.0.0.1:{server.port}/{name}"


@pytest.fixture(scope="module")
def landing(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("two_months") / "landing"
    centre = ("--agents", 4, "--months", 2, "--end", MONTHS[-1], "--seed", 3)
    made = scorehouse("simulate", *centre, "--out", folder)
    assert made.returncode == 0, made.stderr
    return folder


@pytest.fixture(scope="module")
def one_after_another(landing: Path, tmp_path_factory: pytest.TempPathFactory) -> Home:
    home = Home(tmp_path_factory.mktemp("one_after_another") / "home")
    for month in MONTHS:
        done = scorehouse(
            "close", month, "--home", home.root, "--landing", landing, "--as-of", AS_OF
        )
        assert done.returncode == 0, done.stderr
    return home


def start(log: Path, environment: Mapping[str, str], *arguments: object) -> subprocess.Popen[bytes]:
    inherited = {k: v for k, v in os.environ.items() if not k.startswith("SCOREHOUSE_")}
    with log.open("wb") as written:
        return subprocess.Popen(
            [PROGRAM, *(str(argument) for argument in arguments)],
            env={**inherited, **environment},
            stdout=written,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


def recorded_runs(url: str) -> list[tuple[str, str, float, float, int]]:
    """Of each run in the server's tables, by its start: job, status, start, end, events."""
    import psycopg

    with psycopg.connect(url) as connection:
        return connection.execute(
            "select pipeline_name, status, start_time, end_time,"
            " (select count(*) from event_logs where event_logs.run_id = runs.run_id)"
            " from runs order by start_time"
        ).fetchall()


def files_with(folder: Path, text: str) -> list[Path]:
    return [f for f in folder.rglob("*") if f.is_file() and text.encode() in f.read_bytes()]


def test_two_closes_at_once_end_as_one_after_the_other(
    server: Server, landing: Path, one_after_another: Home, tmp_path: Path
) -> None:
    url, home = address(server, "at_once"), Home(tmp_path / "home")
    where = ("--home", home.root, "--landing", landing, "--as-of", AS_OF)
    logs = [tmp_path / f"{month}.log" for month in MONTHS]
    closes = [
        start(log, {POSTGRES_VARIABLE: url}, "close", month, *where)
        for log, month in zip(logs, MONTHS, strict=True)
    ]
    said = dict(zip(closes, logs, strict=True))
    assert [close.wait() for close in closes] == [0, 0], [f.read_text() for f in said.values()]
    assert ["waiting for another run" in log.read_text() for log in logs].count(True) == 1
    assert outcome(home) == outcome(one_after_another)
    runs = recorded_runs(url)
    assert [(job, status) for job, status, *_ in runs] == [("monthly_close", "SUCCESS")] * 2
    assert all(events > 400 for *_, events in runs)
    # Nothing of a run is in the home, nor is the password.
    assert {path.name for path in home.dagster.iterdir() if path.is_dir()} == {"alive", "dbt"}
    secret = quote(PASSWORD, safe="")
    assert files_with(home.dagster, secret) + files_with(home.dagster, PASSWORD) == []


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


class Orchestrator:
    """Code location, page and daemon of a home, as processes of their own."""

    def __init__(self, folder: Path, url: str, landing: Path) -> None:
        self.home = Home(folder / "home")
        self._folder, self._landing = folder, landing
        self._environment = {POSTGRES_VARIABLE: url}
        self._ports = (free_port(), free_port())
        self.processes: dict[str, subprocess.Popen[bytes]] = {}

    def begin(self) -> None:
        code, page = self._ports
        self.start("code-location", self.home.root, "--landing", self._landing, "--port", code)
        wait_for(lambda: self._listens(code), "the code location")
        of_code = ("--code-location", f"127.0.0.1:{code}")
        self.start("webserver", self._folder / "page", *of_code, "--port", page)
        self.start_daemon()
        wait_for(self._has_jobs, "the page")

    def start(self, role: str, home: Path, *more: object) -> None:
        log = self._folder / f"{role}-{time.monotonic_ns()}.log"
        self.processes[role] = start(log, self._environment, "serve", role, "--home", home, *more)

    def kill(self, role: str) -> None:
        process = self.processes.pop(role)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    def end(self) -> None:
        for process in self.processes.values():
            os.killpg(process.pid, signal.SIGTERM)
        for role in list(self.processes):
            try:
                self.processes[role].wait(20)
            except subprocess.TimeoutExpired:
                self.kill(role)

    def start_daemon(self) -> None:
        of_code = ("--code-location", f"127.0.0.1:{self._ports[0]}")
        self.start("daemon", self._folder / "daemon", *of_code)

    def restart_code_location(self) -> None:
        code = self._ports[0]
        self.start("code-location", self.home.root, "--landing", self._landing, "--port", code)
        wait_for(lambda: self._listens(code), "the code location")

    def launch(self, job: str, tags: Mapping[str, str] = {}) -> str:
        (repository,) = self._ask(REPOSITORIES)["repositoriesOrError"]["nodes"]
        of = {
            "selector": {
                "repositoryName": repository["name"],
                "repositoryLocationName": repository["location"]["name"],
                "jobName": job,
            },
            "runConfigData": {},
            "mode": "default",
            "executionMetadata": {"tags": [{"key": k, "value": v} for k, v in tags.items()]},
        }
        launched = self._ask(LAUNCH, {"of": of})["launchRun"]
        assert launched["__typename"] == "LaunchRunSuccess", launched
        run: str = launched["run"]["runId"]
        return run

    def state(self, run: str) -> str:
        asked = f'{{runOrError(runId: "{run}") {{ ... on Run {{ status }} }}}}'
        status: str = self._ask(asked)["runOrError"]["status"]
        return status

    def wait_for(self, run: str, *states: str) -> None:
        wait_for(lambda: self.state(run) in states, f"{run} to be {states}")

    def _ask(self, query: str, variables: Mapping[str, Any] | None = None) -> Any:
        request = urllib.request.Request(
            f"http://127.0.0.1:{self._ports[1]}/graphql",
            json.dumps({"query": query, "variables": variables or {}}).encode(),
            {"content-type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.load(answer)["data"]

    def _listens(self, port: int) -> bool:
        asked = [PROGRAM.with_name("dagster"), "api", "grpc-health-check", "--port", str(port)]
        return subprocess.run(asked, capture_output=True, check=False).returncode == 0

    def _has_jobs(self) -> bool:
        try:
            return bool(self._ask(REPOSITORIES)["repositoriesOrError"].get("nodes"))
        except (urllib.error.URLError, ConnectionError):
            return False


def wait_for(happens: Callable[[], bool], what: str, seconds: float = 900) -> None:
    until = time.monotonic() + seconds
    while not happens():
        assert time.monotonic() < until, f"waited in vain for {what}"
        time.sleep(1)


@contextmanager
def orchestrated(folder: Path, url: str, landing: Path) -> Iterator[Orchestrator]:
    orchestrator = Orchestrator(folder, url, landing)
    try:
        orchestrator.begin()
        yield orchestrator
    finally:
        orchestrator.end()


def test_of_two_closes_in_the_queue_one_runs_at_a_time_and_deliveries_beside_it(
    server: Server, landing: Path, one_after_another: Home, tmp_path: Path
) -> None:
    url = address(server, "in_the_queue")
    with orchestrated(tmp_path, url, landing) as orchestrator:
        # A run that is killed with all of its machine leaves its place to the next.
        killed = orchestrator.launch("daily_build", {"scorehouse/as_of": AS_OF})
        orchestrator.wait_for(killed, "STARTED")
        wait_for(lambda: (orchestrator.home.dagster / "alive" / killed).exists(), "its mark")
        orchestrator.kill("code-location")
        # The daemon has no home, and so cannot tell; later than a run that just began may be without a mark.
        time.sleep(61)
        orchestrator.kill("daemon")
        orchestrator.start_daemon()
        time.sleep(20)
        assert orchestrator.state(killed) == "STARTED"
        orchestrator.restart_code_location()
        assert orchestrator.state(killed) == "FAILURE"
        seen = []
        for process in orchestrator.processes.values():
            seen.append(Path(f"/proc/{process.pid}/cmdline").read_bytes())
        assert not any(quote(PASSWORD, safe="").encode() in line for line in seen)
        closes = [
            orchestrator.launch(
                "monthly_close", {"dagster/partition": month, "scorehouse/as_of": AS_OF}
            )
            for month in MONTHS
        ]
        wait_for(
            lambda: any(orchestrator.state(run) == "STARTED" for run in closes), "the first close"
        )
        deliveries = orchestrator.launch("deliveries")
        orchestrator.wait_for(deliveries, "SUCCESS")
        assert sorted(orchestrator.state(run) for run in closes) == ["QUEUED", "STARTED"]
        for run in closes:
            orchestrator.wait_for(run, "SUCCESS", "FAILURE")
        assert [orchestrator.state(run) for run in closes] == ["SUCCESS", "SUCCESS"]
        home = orchestrator.home
    first, second = (run for run in recorded_runs(url) if run[0] == "monthly_close")
    assert first[3] <= second[2]
    assert outcome(home) == outcome(one_after_another)
