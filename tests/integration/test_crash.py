"""Killed at any point, a close is completed by running it again, and repeats nothing."""

import random
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

from ingestion import Home
from tests.integration.scenes import (
    Finished,
    Run,
    Stage,
    assert_nothing_temporary,
    close,
    kill,
    outcome,
    scene,
    start_close,
)

# A scene waits for its turn: see scenes.py.
pytestmark = pytest.mark.timeout(1800)


def kill_after(home: Home, landing: Path, sentence: str) -> bool:
    """Start a close and kill it as soon as it says `sentence`; False when it ended before."""
    process = start_close(home, landing)
    assert process.stderr is not None
    for line in process.stderr:
        if sentence in line:
            kill(process)
            return True
    process.communicate()
    return False


@dataclass(frozen=True)
class Killed:
    home: Home
    kills: list[bool]
    completed: Finished


@scene(closes=2)
def killed(stage: Stage) -> Killed:
    """Killed while it loads, and again while the models are built."""
    home = stage.fresh("killed")
    kills = [
        kill_after(home, stage.landing, sentence)
        for sentence in ("interactions_2026-10", "building the warehouse")
    ]
    return Killed(home, kills, close(home, stage.landing))


@pytest.mark.long
def test_after_two_kills_everything_is_as_if_undisturbed(killed: Killed, closed: Run) -> None:
    assert killed.kills == [True, True]
    assert killed.completed.returncode == 0, killed.completed.stderr
    assert outcome(killed.home) == outcome(closed.home)
    assert_nothing_temporary(killed.home)


KILLS = 10


@pytest.fixture(scope="module")
def duration(closed: Run, stage: Stage) -> float:
    """Seconds that an undisturbed close takes here and now."""
    began = time.monotonic()
    finished = close(stage.fresh("timed"), stage.landing)
    assert finished.returncode == 0, finished.stderr
    return time.monotonic() - began


@pytest.mark.long
@pytest.mark.parametrize("number", range(KILLS))
def test_killed_at_a_random_moment(number: int, duration: float, closed: Run, stage: Stage) -> None:
    # One moment in each tenth of the run, so that the moments cover all of it.
    share = (number + random.Random(f"kill {number}").random()) / KILLS
    home = stage.fresh(f"killed_{number}")
    process = start_close(home, stage.landing)
    time.sleep(share * duration)
    kill(process)
    completed = close(home, stage.landing)
    assert completed.returncode == 0, completed.stderr
    assert outcome(home) == outcome(closed.home)
    assert_nothing_temporary(home)


@pytest.mark.long
@pytest.mark.parametrize(
    "sentence",
    [
        "writing the candidate",
        "new revisions recorded",
        "· published",
        "report files in",
        "messages written",
    ],
)
def test_killed_at_a_seam(sentence: str, closed: Run, stage: Stage) -> None:
    home = stage.fresh(sentence.replace(" ", "_"))
    assert kill_after(home, stage.landing, sentence)
    completed = close(home, stage.landing)
    assert completed.returncode == 0, completed.stderr
    assert outcome(home) == outcome(closed.home)
    assert_nothing_temporary(home)
