"""Erasing an agent from homes that hold vendors' exports: totals stay, and what is sent again changes nothing."""

import gzip
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from ingestion import Home, read_ledger
from ingestion.erased import MASKED, is_pseudonym
from ingestion.sources import SOURCES
from orchestration import traces, verification
from tests.integration.scenes import MONTH, Finished, close, marts, query
from tests.support.command import scorehouse

pytestmark = [pytest.mark.timeout(1800), pytest.mark.long]

CENTRE = ("--agents", 8, "--months", 1, "--end", MONTH, "--seed", 1, "--quirks")
PERSON = "A00003"
# Rows of these name nobody: they must not change at all.
TOTALS = ("dim_date", "dim_kpi_target", "fct_organisation_month", "fct_queue_day", "fct_team_month")


@dataclass(frozen=True)
class Erased:
    before: dict[str, list[tuple[Any, ...]]]
    home: Home
    after: dict[str, list[tuple[Any, ...]]]
    erased: Finished
    closed_again: Finished


@pytest.fixture(scope="module", params=SOURCES)
def erased(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Erased:
    """An agent is erased from a closed month; then all exports are sent again, and the month is closed again."""
    vendor = request.param
    folder = tmp_path_factory.mktemp(vendor)
    home, landing = Home(folder / "home"), folder / "landing"
    simulated = scorehouse("simulate", *CENTRE, "--vendor", vendor, "--out", landing)
    assert simulated.returncode == 0, simulated.stderr
    first = close(home, landing)
    assert first.returncode == 0, first.stderr
    before = marts(home)
    done = scorehouse("erase", PERSON, "--home", home.root, "--reason", "request 12", "--yes")
    after = marts(home)
    send_again(landing / vendor)
    return Erased(before, home, after, done, close(home, landing))


def send_again(exports: Path) -> None:
    """The same records in files of other content, one more line end in each."""
    for path in list(exports.rglob("*")):
        if path.is_file():
            content = path.read_bytes()
            is_packed = content.startswith(b"\x1f\x8b")
            text = gzip.decompress(content) if is_packed else content
            path.with_name(f"again-{path.name.removesuffix('.gz')}").write_bytes(text + b"\n")


def test_nothing_names_the_person_any_more(erased: Erased) -> None:
    assert erased.erased.returncode == 0, erased.erased.stderr + erased.erased.stdout
    assert "nothing in this home names the person any more" in erased.erased.stdout
    assert verification.verify(erased.home).problems == []
    assert traces.person_of(erased.home, PERSON) is None


def test_totals_are_the_same_to_the_last_bit(erased: Erased) -> None:
    for name in TOTALS:
        assert erased.after[name] == erased.before[name], name


def test_of_all_other_rows_those_alone_differ_that_name_the_person(erased: Erased) -> None:
    (pseudonym,) = {
        row["agent_id"]
        for row in query(erased.home, "select agent_id from marts.dim_agent")
        if is_pseudonym(row["agent_id"])
    }
    assert erased.after.keys() == erased.before.keys()
    for name, rows in erased.after.items():
        was = {str(row) for row in erased.before[name]}
        now = {str(row) for row in rows}
        assert len(rows) == len(erased.before[name]), name
        if name == "performance_action":
            # The actions about the person have ids of their own, made from the person's.
            continue
        assert all(PERSON in row for row in was - now), name
        assert all(pseudonym in row for row in now - was), name


def test_what_is_sent_again_changes_no_row_and_names_nobody(erased: Erased) -> None:
    assert erased.closed_again.returncode == 0, erased.closed_again.stderr
    again = [load for load in read_ledger(erased.home) if "again-" in load.file]
    assert again
    assert sum(load.rows_rejected for load in again) == 0
    assert "0 new revisions recorded" in erased.closed_again.stderr
    now = marts(erased.home)
    for name in (*TOTALS, "fct_agent_day", "fct_agent_month", "fct_interaction"):
        assert now[name] == erased.after[name], name
    assert verification.verify(erased.home).problems == []
    # The ledger names files, and these are not the person.
    assert traces.person_of(erased.home, PERSON) is None
    assert not [row for row in now["fct_interaction"] if MASKED in row]
