"""Wrong use and unusable input: one clear line, exit code 2, and nothing done."""

import datetime as dt
import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest

from ingestion import Home
from orchestration import records
from tests.integration.scenes import (
    MONTH,
    Finished,
    Run,
    Stage,
    assert_nothing_temporary,
    close,
    query,
    scene,
)
from tests.support.command import scorehouse

# A scene waits for its turn: see scenes.py.
pytestmark = pytest.mark.timeout(1800)

DURING = "2026-10-20T12:00:00Z"


def assert_refused(finished: Finished, *sentences: str) -> None:
    assert finished.returncode == 2, finished.stderr
    errors = [line for line in finished.stderr.splitlines() if line.startswith("error: ")]
    assert len(errors) == 1, finished.stderr
    for sentence in sentences:
        assert sentence in errors[0]
    assert "Traceback" not in finished.stderr + finished.stdout


def assert_nothing_done(home: Home) -> None:
    assert records.recorded_closes(home) == []
    assert records.publications(home) == []
    assert records.deliveries(home) == []
    for folder in (home.published, home.reports, home.outbox):
        assert not folder.exists() or list(folder.iterdir()) == [], folder
    if home.root.exists():
        assert_nothing_temporary(home)


@pytest.mark.parametrize(
    ("arguments", "sentences"),
    [
        (["close", "2026-13"], ["'2026-13' is no month", "YYYY-MM"]),
        (["close", "October"], ["'October' is no month"]),
        (["close", "0000-01"], ["'0000-01' is no month"]),
        (["close", "2014-12"], ["2014-12 is too early"]),
        (["close", MONTH, "--as-of", "yesterday"], ["'yesterday' is no instant", "ISO 8601"]),
        (["close", MONTH, "--as-of", "2026-11-15T00:00:00"], ["Z or an offset"]),
        (["close", MONTH, "--as-of", "2026-11-15"], ["Z or an offset"]),
        (["close", MONTH, "--landing", "nowhere"], ["no landing folder nowhere"]),
        (["ingest", "--landing", "nowhere"], ["no landing folder nowhere"]),
        (["status"], ["there is no home folder"]),
    ],
)
def test_wrong_arguments(tmp_path: Path, arguments: list[str], sentences: list[str]) -> None:
    home = Home(tmp_path / "home")
    assert_refused(scorehouse(*arguments, "--home", home.root), *sentences)
    assert not home.root.exists()


def test_a_month_after_the_present_one(tmp_path: Path, stage: Stage) -> None:
    month = f"{dt.datetime.now(dt.UTC) + dt.timedelta(days=70):%Y-%m}"
    home = Home(tmp_path / "home")
    finished = scorehouse("close", month, "--home", home.root, "--landing", stage.landing)
    assert_refused(finished, f"{month} is in the future")
    assert_nothing_done(home)


@pytest.mark.parametrize("arguments", [[], ["close"], ["bogus"], ["close", MONTH, "--bogus"]])
def test_missing_and_unknown_arguments_point_at_the_help(arguments: list[str]) -> None:
    finished = scorehouse(*arguments)
    assert finished.returncode == 2
    assert "--help" in finished.stdout + finished.stderr
    assert "Traceback" not in finished.stdout + finished.stderr


@pytest.mark.parametrize(
    "command", [pytest.param(["close", MONTH], marks=pytest.mark.long), ["ingest"]]
)
def test_an_empty_landing_folder(tmp_path: Path, command: list[str]) -> None:
    (tmp_path / "landing").mkdir()
    home = Home(tmp_path / "home")
    finished = scorehouse(*command, "--home", home.root, "--landing", tmp_path / "landing")
    assert_refused(finished, "landing", "has no file")
    assert_nothing_done(home)


@dataclass(frozen=True)
class Refusals:
    """One home, ingested once, refused for several reasons one after another."""

    home: Home
    missing_dataset: Finished
    not_over: Finished
    future: Finished


@scene()
def refusals(stage: Stage) -> Refusals:
    home, landing = stage.fresh("refusals"), stage.copy_landing("refusals")
    shutil.move(landing / "tickets", landing / "_tickets")
    missing = close(home, landing)
    shutil.move(landing / "_tickets", landing / "tickets")
    return Refusals(
        home,
        missing,
        close(home, landing, as_of=DURING),
        close(home, landing, "--provisional", as_of="2026-09-20T12:00:00Z"),
    )


def test_a_missing_required_dataset(refusals: Refusals) -> None:
    assert_refused(refusals.missing_dataset, "required datasets are missing: tickets.")


def test_a_month_that_is_not_over(refusals: Refusals) -> None:
    assert_refused(refusals.not_over, "2026-10 is not over yet", "--provisional")


def test_a_month_that_had_not_begun_at_the_instant_asked_about(refusals: Refusals) -> None:
    assert_refused(refusals.future, "2026-10 is in the future")


def test_refusals_do_nothing(refusals: Refusals) -> None:
    assert_nothing_done(refusals.home)


@pytest.mark.long
def test_a_month_without_data(closed: Run, stage: Stage) -> None:
    home = stage.fresh("no_data")
    finished = scorehouse("close", "2026-03", "--home", home.root, "--landing", stage.landing)
    assert_refused(finished, "2026-03 has no data", "the data hold")
    assert_nothing_done(home)


@scene()
def provisional(stage: Stage) -> Run:
    home = stage.fresh("provisional")
    return Run(home, close(home, stage.landing, "--provisional", as_of=DURING))


@pytest.mark.long
class TestProvisional:
    def test_it_reports_what_is_known(self, provisional: Run) -> None:
        assert provisional.finished.returncode == 0, provisional.finished.stderr
        assert "provisional" in provisional.finished.stdout
        pages = sorted((provisional.home.reports / MONTH).rglob("*.html"))
        assert len(pages) > 12
        for page in pages:
            assert "PROVISIONAL" in page.read_text(), page
        pdfs = {path.name for path in (provisional.home.reports / MONTH / "agents").glob("*.pdf")}
        assert "A00001-provisional.pdf" in pdfs
        assert not [name for name in pdfs if "-r1" in name]

    def test_it_makes_no_revision_and_no_message(self, provisional: Run) -> None:
        home = provisional.home
        assert records.recorded_closes(home) == []
        assert records.deliveries(home) == []
        assert list(home.outbox.iterdir()) == []
        for mart in ("monthly_performance_summary", "performance_action"):
            assert query(home, f"from marts.{mart}") == []

    def test_nothing_after_the_instant_is_seen(self, provisional: Run) -> None:
        (row,) = query(
            provisional.home, "select max(business_date) as last from marts.fct_agent_day"
        )
        assert row["last"] <= dt.date(2026, 10, 20)

    def test_nothing_temporary_is_left(self, provisional: Run) -> None:
        assert_nothing_temporary(provisional.home)
