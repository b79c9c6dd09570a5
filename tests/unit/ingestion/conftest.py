from pathlib import Path

import pytest
from ingestion_bench import Bench

from ingestion import Home


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path / "landing", Home(tmp_path / "home"))
