"""Two runs on one home at once: one waits, and neither spoils the other's work."""

import subprocess
from dataclasses import dataclass

import pytest

from ingestion import Home, read_ledger
from tests.integration.scenes import (
    Run,
    Stage,
    assert_nothing_temporary,
    outcome,
    scene,
    start,
    start_close,
)

# A scene waits for its turn: see scenes.py.
pytestmark = pytest.mark.timeout(1800)


@dataclass(frozen=True)
class Together:
    home: Home
    exit_codes: list[int]
    said: list[str]


def finish(home: Home, processes: list[subprocess.Popen[str]]) -> Together:
    said = [process.communicate()[1] for process in processes]
    return Together(home, [process.returncode for process in processes], said)


@scene()
def two_ingestions(stage: Stage) -> Together:
    home = stage.fresh("two_ingestions")
    arguments = ("ingest", "--home", home.root, "--landing", stage.landing)
    return finish(home, [start(*arguments) for _ in range(2)])


def test_two_ingestions_load_every_file_once(two_ingestions: Together, closed: Run) -> None:
    assert two_ingestions.exit_codes == [0, 0], two_ingestions.said
    loads = read_ledger(two_ingestions.home)
    assert [load.sequence for load in loads] == list(range(1, len(loads) + 1))
    expected = read_ledger(closed.home)
    assert {(load.dataset, load.load_id, load.rows_loaded) for load in loads} == {
        (load.dataset, load.load_id, load.rows_loaded) for load in expected
    }
    assert len(loads) == len(expected)
    for load in loads:
        loaded = two_ingestions.home.raw_folder(load.dataset) / f"{load.load_id}.parquet"
        original = closed.home.raw_folder(load.dataset) / f"{load.load_id}.parquet"
        assert loaded.read_bytes() == original.read_bytes()
    assert_nothing_temporary(two_ingestions.home)


@pytest.mark.long
def test_of_two_closes_the_second_waits_and_then_changes_nothing(stage: Stage, closed: Run) -> None:
    home = stage.fresh("two_closes")
    together = finish(home, [start_close(home, stage.landing) for _ in range(2)])
    assert together.exit_codes == [0, 0], together.said
    waited = [said for said in together.said if "waiting for another run" in said]
    assert len(waited) == 1
    assert "0 new revisions recorded" in waited[0]
    assert "0 messages written" in waited[0]
    assert outcome(home) == outcome(closed.home)
    assert_nothing_temporary(home)
