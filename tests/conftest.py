"""One simulated landing folder, the scenes played on it, and the order of the tests: what waits for scenes comes last.

Scenes are runs of the command line, in processes of their own. They begin before the first test, so that all other
tests pass on one core while they play on the other.
"""

import os
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from orchestration.project import refresh_manifest
from tests.integration.scenes import SCENES, Run, Stage, close, scene
from tests.support.command import scorehouse


@pytest.fixture(scope="session")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("compiled")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=_waits_for_scenes)


def _waits_for_scenes(item: pytest.Item) -> bool:
    return "plays" in getattr(item, "fixturenames", ())


@pytest.fixture(scope="session", autouse=True)
def scenes_have_begun(request: pytest.FixtureRequest) -> None:
    if any(_waits_for_scenes(item) for item in request.session.items):
        request.getfixturevalue("plays")


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
    asked = {name for item in request.session.items for name in getattr(item, "fixturenames", ())}
    with ThreadPoolExecutor(max_workers=min(4, os.cpu_count() or 1)) as pool:
        for name, play in SCENES.items():
            if name in asked | {"closed"}:
                stage.plays[name] = pool.submit(play, stage)
        yield stage.plays
        for future in stage.plays.values():
            future.cancel()


@scene
def closed(stage: Stage) -> Run:
    home = stage.fresh("closed")
    return Run(home, close(home, stage.landing))
