"""Purging and erasing on real homes: what is kept is the same cell by cell, totals stay, and a close changes nothing.

Each begins with a build or a close of its own, so most of this runs with `make test-long`.
"""

import datetime as dt
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from ingestion import Home, ledger
from ingestion.erased import is_pseudonym
from orchestration import purging, retention, running, verification
from orchestration.database import attached
from orchestration.job_names import MONTHLY_CLOSE
from orchestration.project import PROJECT_DIR
from orchestration.run_settings import AS_OF_TAG
from tests.integration.scenes import (
    AS_OF,
    LATER,
    MONTH,
    Finished,
    Run,
    Stage,
    assert_nothing_temporary,
    close,
    marts,
    query,
)
from tests.support.command import scorehouse

# A scene waits for its turn: see scenes.py.
pytestmark = [pytest.mark.timeout(1800), pytest.mark.long]

PERSON = "A00009"
# By the rules as shipped (25 months), the first whole month on this day is 2026-10: rows before 2026-09 go.
PURGED_ON = dt.date(2028, 11, 15)


@dataclass(frozen=True)
class Purged:
    before: Path
    home: Home
    landing: Path
    built: Finished


@pytest.fixture(scope="module")
def purged(tmp_path_factory: pytest.TempPathFactory) -> Purged:
    folder = tmp_path_factory.mktemp("purged")
    home, landing = Home(folder / "home"), folder / "landing"
    centre = ("--agents", 8, "--months", 3, "--end", "2026-10", "--seed", 1)
    assert scorehouse("simulate", *centre, "--out", landing).returncode == 0
    build = ("build", "--home", home.root, "--landing", landing, "--as-of", AS_OF)
    first = scorehouse(*build)
    assert first.returncode == 0, first.stderr
    before = Path(shutil.copy(home.published_database, folder / "before.duckdb"))
    listing = retention.look(home, retention.rule_table(PROJECT_DIR), PURGED_ON, ())
    assert {item.month for item in listing.due if item.kind in retention.RAW_KINDS} == {
        dt.date(2026, 8, 1)
    }
    with dg.DagsterInstance.ephemeral() as instance:
        purging.purge(home, listing, instance)
    return Purged(before, home, landing, scorehouse(*build))


# What looks back to the month before the first whole one, and is null there from now on.
LOOKS_BACK = {
    "agent_kpi_month": {"previous_value"},
    "fct_training": {"kpi_value_before"},
}
# The week that the first whole month begins in is a part of a week.
FIRST_WHOLE = {
    "business_date": "2026-10-01",
    "month": "2026-10-01",
    "date": "2026-10-01",
    "week_start_date": "2026-10-05",
}


class TestPurge:
    def test_what_is_kept_is_the_same_cell_by_cell(self, purged: Purged) -> None:
        assert purged.built.returncode == 0, purged.built.stderr
        with attached(before=purged.before, now=purged.home.published_database) as connection:
            names = connection.execute(
                "select table_name, list(column_name) from duckdb_columns()"
                " where database_name = 'before' and schema_name = 'marts' group by all order by 1"
            ).fetchall()
            assert len(names) > 30
            for mart, columns in names:
                left_out = LOOKS_BACK.get(mart, set())
                shown = ", ".join(name for name in columns if name not in left_out)
                day = next((name for name in FIRST_WHOLE if name in columns), None)
                where = f"where {day} >= date '{FIRST_WHOLE[day]}'" if day else ""
                first, second = (
                    f"(select {shown} from {database}.marts.{mart} {where})"
                    for database in ("before", "now")
                )
                for one, other in ((first, second), (second, first)):
                    differing = connection.execute(f"from {one} except all from {other}").fetchall()
                    assert differing == [], mart

    def test_days_of_before_are_in_no_mart_that_adds_up(self, purged: Purged) -> None:
        for mart, day in (
            ("fct_agent_day", "business_date"),
            ("fct_agent_channel_day", "business_date"),
            ("fct_queue_day", "business_date"),
            ("fct_agent_month", "month"),
            ("agent_performance_month", "month"),
        ):
            (row,) = query(purged.home, f"select min({day}) as first from marts.{mart}")
            assert row["first"] == dt.date(2026, 10, 1), mart

    def test_it_verifies(self, purged: Purged) -> None:
        assert verification.verify(purged.home).problems == []

    def test_a_purged_month_cannot_be_closed(self, purged: Purged) -> None:
        refused = scorehouse(
            "close", "2026-08", "--home", purged.home.root, "--landing", purged.landing
        )
        assert refused.returncode == 2
        assert "2026-08 cannot be closed: its raw rows were purged" in refused.stderr
        assert_nothing_temporary(purged.home)


@dataclass(frozen=True)
class Erased:
    before: dict[str, list[tuple[Any, ...]]]
    home: Home
    erased: Finished
    closed_again: Finished


@pytest.fixture(scope="module")
def erased(closed: Run, stage: Stage) -> Erased:
    """An agent with a namesake, erased from a closed home; then the month is closed again on the same exports."""
    home = stage.copy_closed("erased")
    done = scorehouse("erase", PERSON, "--home", home.root, "--reason", "request 12", "--yes")
    return Erased(marts(closed.home), home, done, close(home, stage.landing))


# Rows of these name nobody: they must not change at all.
TOTALS = ("dim_date", "dim_kpi_target", "fct_organisation_month", "fct_queue_day", "fct_team_month")


class TestErase:
    def test_nothing_names_the_person_any_more(self, erased: Erased) -> None:
        assert erased.erased.returncode == 0, erased.erased.stderr + erased.erased.stdout
        assert "nothing in this home names the person any more" in erased.erased.stdout
        assert "files in the landing folder name the person" in erased.erased.stdout

    def test_totals_are_the_same_to_the_last_bit(self, erased: Erased) -> None:
        now = marts(erased.home)
        for name in TOTALS:
            assert now[name] == erased.before[name], name

    def test_of_all_other_rows_those_alone_differ_that_name_the_person(
        self, erased: Erased
    ) -> None:
        (pseudonym,) = {
            row["agent_id"]
            for row in query(erased.home, "select agent_id from marts.dim_agent")
            if is_pseudonym(row["agent_id"])
        }
        for name, rows in marts(erased.home).items():
            was = {str(row) for row in erased.before[name]}
            now = {str(row) for row in rows}
            assert len(rows) == len(erased.before[name]), name
            if name == "performance_action":
                # The actions about the person have ids of their own, made from the person's.
                continue
            assert all(PERSON in row for row in was - now), name
            assert all(pseudonym in row for row in now - was), name

    def test_closing_again_changes_and_sends_nothing(self, erased: Erased) -> None:
        assert erased.closed_again.returncode == 0, erased.closed_again.stderr
        assert "0 new revisions recorded" in erased.closed_again.stderr
        assert "0 messages written" in erased.closed_again.stderr
        assert_nothing_temporary(erased.home)

    def test_records_and_files_verify(self, erased: Erased) -> None:
        assert verification.verify(erased.home).problems == []
        assert len(ledger.records(erased.home, "erasure")) == 1

    def test_no_page_of_the_person_is_left_and_the_month_has_its_pages(
        self, erased: Erased, closed: Run
    ) -> None:
        month = erased.home.reports / MONTH
        assert not list(month.rglob(f"*{PERSON}*"))
        count = len(list((closed.home.reports / MONTH).rglob("*.html")))
        assert len(list(month.rglob("*.html"))) == count


@pytest.mark.parametrize(
    ("module", "function"),
    [
        ("orchestration.publication", "write_candidate"),
        ("orchestration.closing", "record_revisions"),
        ("orchestration.period_reports", "render_into"),
        ("orchestration.delivery.outbox", "deliver"),
    ],
)
def test_a_close_that_fails_leaves_nothing_temporary(
    module: str, function: str, stage: Stage, closed: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Step 15 after a failure at each stage, also of what that stage had begun to write."""
    home = stage.copy_closed(f"fails_in_{function}")

    def fail(*_arguments: object, **_named: object) -> None:
        (home.scratch / "half").mkdir()
        (home.scratch / "half" / "table.csv").write_text("1")
        for folder in (home.published, home.reports, home.outbox):
            (folder / ".half.tmp").write_text("1")
        raise RuntimeError("the disk is full")

    monkeypatch.setattr(f"{module}.{function}", fail)
    outcome = running.run_job(MONTHLY_CLOSE, home, stage.landing, {AS_OF_TAG: LATER}, MONTH)
    assert outcome.exit_code == running.STOPPED
    assert "the disk is full" in str(outcome.reasons)
    assert_nothing_temporary(home)
