"""Simulated centres shared by the tests: built once, only read."""

from pathlib import Path

import pytest

from ingestion.simulation import SimulationSettings, SimulationSummary, simulate

# March 2026 has both the American and the European change to daylight-saving time.
CENTRE = {"agents": 30, "months": 1, "end": "2026-03", "seed": 7}


@pytest.fixture(scope="session")
def clean(tmp_path_factory: pytest.TempPathFactory) -> SimulationSummary:
    out = tmp_path_factory.mktemp("clean") / "landing"
    return simulate(SimulationSettings(**CENTRE, out=out))


@pytest.fixture(scope="session")
def quirky(tmp_path_factory: pytest.TempPathFactory) -> SimulationSummary:
    out = tmp_path_factory.mktemp("quirky") / "landing"
    return simulate(SimulationSettings(**CENTRE, out=out, quirks=True))


@pytest.fixture(scope="session")
def two_months(tmp_path_factory: pytest.TempPathFactory) -> SimulationSummary:
    out: Path = tmp_path_factory.mktemp("two_months") / "landing"
    return simulate(SimulationSettings(31, 2, "2026-04", 3, out, quirks=True))
