"""One simulated landing folder, the scenes played on it, and the order of the tests.

Scenes are runs of the command line, in processes of their own. All tests that look at them go to the first of two
workers, which plays the scenes beside its tests: those that look at the undisturbed close come first, for that is the
first of the scenes. The other worker takes all other tests meanwhile, file by file.
"""

import os
import sys
import threading
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling

import reports
from ingestion import engine
from orchestration.project import refresh_manifest
from tests.integration.scenes import MONTH, PERIODS, SCENES, Run, Stage, close, scene
from tests.support.command import scorehouse

# pyspark, where it is installed, takes a main program without a file, as a worker's is, for a run of its own doctests,
# and ends the process.
sys.modules["__main__"].__dict__.setdefault("__file__", __file__)

WITH_SCENES = ("tests/integration/", "tests/browser/test_shipped_pages.py")


@pytest.fixture(scope="session")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("compiled")


@pytest.fixture(autouse=True)
def no_bounds_of_another_home() -> Iterator[None]:
    yield
    engine.keep_within_nothing()


class ScenesApart(LoadScopeScheduling):
    """Tests that may look at scenes are one unit of work, any other file is one."""

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.split("::")[0]
        return "scenes" if file.startswith(WITH_SCENES) else file


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> ScenesApart:
    return ScenesApart(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=_turn)
    outside = {item.nodeid for item in items if _waits_for_scenes(item)}
    outside = {nodeid for nodeid in outside if not nodeid.startswith(WITH_SCENES)}
    assert not outside, f"looks at scenes, so belongs into {WITH_SCENES}: {outside}"


def _turn(item: pytest.Item) -> int:
    if _waits_for_scenes(item):
        return 1 if SCENES.keys() & set(item.fixturenames) - {"closed"} else 0  # type: ignore[attr-defined]
    if item.nodeid.startswith(WITH_SCENES):
        return 2
    return 4 if "unit" in item.path.parts else 3


def _waits_for_scenes(item: pytest.Item) -> bool:
    return "plays" in getattr(item, "fixturenames", ())


@pytest.fixture(scope="session")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Stage:
    # Scenes run side by side: what the first of them would bring up to date is brought up to date before.
    refresh_manifest()
    folder = tmp_path_factory.mktemp("scenes")
    landing = folder / "landing"
    centre = ("--agents", 12, "--months", 1, "--end", "2026-10", "--seed", 1, "--quirks")
    simulated = scorehouse("simulate", *centre, "--out", landing)
    assert simulated.returncode == 0, simulated.stderr
    return Stage(landing, folder)


@pytest.fixture(scope="session")
def plays(request: pytest.FixtureRequest, stage: Stage) -> Iterator[dict[str, Future[Any]]]:
    # A parameter of another test may have a scene's name.
    waiting = filter(_waits_for_scenes, request.session.items)
    asked = {name for item in waiting for name in getattr(item, "fixturenames", ())}
    with ThreadPoolExecutor(min(4, os.cpu_count() or 1), initializer=_give_way) as pool:
        # The undisturbed close first, for others begin with a copy of it; then whoever closes most often.
        for name in sorted(asked & SCENES.keys() | {"closed"}, key=_place):
            stage.plays[name] = pool.submit(SCENES[name].play, stage)
        yield stage.plays
        for future in stage.plays.values():
            future.cancel()


def _give_way() -> None:
    """Let this thread, and the processes that it starts, have what the tests leave of the cores."""
    # A third of the tests' weight: the three processes of two scenes have together as much as the tests.
    os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), 5)


def _place(name: str) -> tuple[bool, int, str]:
    return name != "closed", -SCENES[name].closes, name


@scene()
def closed(stage: Stage) -> Run:
    home = stage.fresh("closed")
    return Run(home, close(home, stage.landing))


@pytest.fixture(scope="session")
def cadences(closed: Run, tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Path]:
    """Reports of every cadence on the closed month, to be read only; the month's are those in the home."""
    out = tmp_path_factory.mktemp("cadences")
    folders = {name: out / period.folder for name, period in PERIODS.items()}
    folders["month"] = closed.home.reports / MONTH
    for name in folders.keys() - {"month"}:
        reports.render_reports(closed.home.published_database, PERIODS[name], folders[name])
    return folders
