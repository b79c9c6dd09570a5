"""Fixtures of the integration tests: one simulated landing folder, and the scenes played on it."""

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
