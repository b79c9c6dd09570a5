"""What a monitoring system reads of a home: counts and instants, of nobody, and readable by another user."""

from pathlib import Path

import dagster as dg
import pytest
from prometheus_client.parser import text_string_to_metric_families

from ingestion import Home, ingest, read_ledger
from orchestration import instance, monitoring, records
from orchestration.delivery.register import Entry, Register
from tests.support.command import scorehouse

TICKETS = "ticket_id,agent_id,created_at,status\nt1,A00001,2026-10-01T09:00:00Z,open\n,x,y,z\n"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A file with a good and a bad row, one that is none, an old and a new publication, a message, and two runs."""
    tmp_path = tmp_path_factory.mktemp("monitored")
    made = Home(tmp_path / "home")
    made.prepare()
    folder = tmp_path / "landing" / "tickets"
    folder.mkdir(parents=True)
    (folder / "tickets.csv").write_text(TICKETS)
    (folder / "picture.png").write_bytes(b"no rows")
    ingest(made, tmp_path / "landing")
    for as_of in ("2026-11-01T00:00:00+00:00", "2026-11-02T12:00:00+00:00"):
        records.record_publication(made, {"content": as_of, "as_of": as_of})
    register = Register(made)
    at = "2026-11-02T00:00:00Z"
    register.add([Entry("k", "a", "email", "2026-10", "waiting", 0, at, None, None, "", False, at)])
    register.close()
    instance.prepare_instance(made)

    @dg.job
    def daily() -> None:
        works()

    @dg.job
    def monthly() -> None:
        fails()

    with instance.open_instance(made) as opened:
        for job in (daily, monthly):
            job.execute_in_process(instance=opened, raise_on_error=False)
    return made


@dg.op
def works() -> None:
    pass


@dg.op
def fails() -> None:
    raise ValueError("it does not")


def figures(text: bytes) -> dict[tuple[str, ...], float]:
    return {
        (sample.name.removeprefix("scorehouse_"), *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(text.decode())
        for sample in family.samples
    }


def test_what_is_recorded_is_counted(home: Home) -> None:
    found = figures(monitoring.exposition(home))
    assert found["loaded_files", "tickets"] == 1
    assert found["loaded_rows", "tickets"] == 1
    assert found["rejected_rows", "tickets"] == 1
    assert found["quarantined_files", "tickets"] == 1
    assert found["published_timestamp_seconds",] == monitoring._seconds(
        records.publications(home)[-1]["published_at"]
    )
    assert found["published_as_of_timestamp_seconds",] == 1_793_620_800
    assert found["messages", "waiting"] == 1
    assert found["disk_free_bytes",] > 0
    newest = max(load.loaded_at for load in read_ledger(home))
    assert found["last_load_timestamp_seconds", "tickets"] == monitoring._seconds(newest)


def test_a_dataset_that_never_came_is_there_to_be_watched(home: Home) -> None:
    found = figures(monitoring.exposition(home))
    assert found["loaded_files", "shifts"] == 0
    # Never is long ago: a figure that is missing would wake nobody.
    assert found["last_load_timestamp_seconds", "shifts"] == 0
    # Of vendors only those that are in use.
    assert not [one for one in found if "zendesk/tickets" in one]


def test_runs_are_told_by_job_and_outcome(home: Home) -> None:
    found = figures(monitoring.exposition(home))
    assert ("last_run_timestamp_seconds", "daily", "success") in found
    assert ("last_run_timestamp_seconds", "monthly", "failure") in found
    assert ("last_run_timestamp_seconds", "daily", "failure") not in found
    assert found["last_run_seconds", "monthly"] >= 0


def test_nobody_is_named(home: Home) -> None:
    assert b"A00001" not in monitoring.exposition(home)


def test_the_file_is_replaced_in_one_step_and_readable_by_others(
    home: Home, tmp_path: Path
) -> None:
    out = tmp_path / "scorehouse.prom"
    out.write_text("of before")
    before = out.stat().st_ino
    monitoring.write(home, out)
    assert out.stat().st_ino != before
    assert out.stat().st_mode & 0o777 == 0o644
    assert figures(out.read_bytes())["loaded_files", "tickets"] == 1
    assert [path.name for path in tmp_path.glob("*.tmp")] == []


def test_the_command_says_what_is_wrong_in_one_line(home: Home, tmp_path: Path) -> None:
    printed = scorehouse("monitor", "--home", home.root)
    assert printed.returncode == 0, printed.stderr
    assert figures(printed.stdout.encode())["loaded_rows", "tickets"] == 1
    for arguments, says in (
        (("--home", tmp_path / "none"), "there is no home folder"),
        (("--home", home.root, "--out", tmp_path / "none" / "a.prom"), "there is no folder"),
    ):
        finished = scorehouse("monitor", *arguments)
        assert finished.returncode == 2
        assert says in finished.stderr
        assert len(finished.stderr.strip().splitlines()) == 1


def test_what_never_was_is_long_ago(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    home.prepare()
    found = figures(monitoring.exposition(home))
    assert found["published_timestamp_seconds",] == 0
    assert found["published_as_of_timestamp_seconds",] == 0
    assert found["last_load_timestamp_seconds", "status_events"] == 0
