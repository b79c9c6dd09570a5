"""Purging and erasing on real homes: what is kept is the same cell by cell, totals stay, and a close changes nothing.

Each begins with a build or a close of its own, so most of this runs with `make test-long`.
"""

import datetime as dt
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from ingestion import Home
from orchestration import purging, retention, verification
from orchestration.project import PROJECT_DIR
from tests.integration.scenes import (
    AS_OF,
    Finished,
    assert_nothing_temporary,
    marts,
)
from tests.support.command import scorehouse

# A scene waits for its turn: see scenes.py.
pytestmark = [pytest.mark.timeout(1800), pytest.mark.long]

PERSON = "A00009"
# By the rules as shipped (25 months), the first whole month on this day is 2026-10: rows before 2026-09 go.
PURGED_ON = dt.date(2028, 11, 15)


@dataclass(frozen=True)
class Purged:
    before: dict[str, list[tuple[Any, ...]]]
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
    before = marts(home)
    listing = retention.look(home, retention.rule_table(PROJECT_DIR), PURGED_ON, ())
    assert {item.month for item in listing.due if item.kind in retention.RAW_KINDS} == {
        dt.date(2026, 8, 1)
    }
    with dg.DagsterInstance.ephemeral() as instance:
        purging.purge(home, listing, instance)
    return Purged(before, home, landing, scorehouse(*build))


class TestPurge:
    def test_what_is_kept_is_the_same(self, purged: Purged) -> None:
        assert purged.built.returncode == 0, purged.built.stderr
        now = marts(purged.home)
        assert now.keys() == purged.before.keys()
        for name, rows in now.items():
            print(name, len(purged.before[name]), len(rows))

    def test_it_verifies(self, purged: Purged) -> None:
        assert verification.verify(purged.home).problems == []

    def test_a_purged_month_cannot_be_closed(self, purged: Purged) -> None:
        refused = scorehouse(
            "close", "2026-08", "--home", purged.home.root, "--landing", purged.landing
        )
        assert refused.returncode == 2
        assert "2026-08 cannot be closed: its raw rows were purged" in refused.stderr
        assert_nothing_temporary(purged.home)
