"""Apache Spark builds the marts that DuckDB builds, cell by cell: a small centre's month, closed, and closed again."""

import datetime as dt
import os
import shutil
from importlib.util import find_spec
from pathlib import Path

import pytest

from benchmarks.spark_parity import Parity, build, compare
from ingestion import Home, ingest
from ingestion.simulation import SimulationSettings, simulate
from orchestration import closing
from tests.golden.marts import CLOSES, GOLDEN, MONTH
from tests.support import spark as settings

pytestmark = [
    pytest.mark.timeout(1800),
    pytest.mark.skipif(find_spec("pyspark") is None, reason="the extra `spark` is not installed"),
    pytest.mark.skipif(
        not (shutil.which("java") or "JAVA_HOME" in os.environ), reason="there is no Java"
    ),
]
VENDORS = ("asterisk", "amazon_connect", "genesys_cloud", "zendesk")


@pytest.fixture(scope="module")
def marts(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Parity]:
    folder = tmp_path_factory.mktemp("spark")
    home = Home(folder / "home")
    home.prepare()
    for number, vendor in enumerate(VENDORS):
        landing = folder / vendor
        simulate(SimulationSettings(1, 1, MONTH, number + 1, landing, quirks=True, vendor=vendor))
        ingest(home, landing)
    (_, first), (later, second) = CLOSES
    ingest(home, GOLDEN / "landing" / "first")
    build(home, "duckdb", first, MONTH)
    closing.record_revisions(home, dt.date.fromisoformat(f"{MONTH}-01"))
    ingest(home, GOLDEN / "landing" / later)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SPARK_CONF_DIR", str(Path(settings.__file__).parent))
        for engine in ("duckdb", "spark"):
            build(home, engine, second, MONTH)
    return {one.mart: one for one in compare(home)}


def test_no_cell_differs(marts: dict[str, Parity]) -> None:
    assert {name: one.example for name, one in marts.items() if one.differing} == {}


def test_there_is_something_to_compare(marts: dict[str, Parity]) -> None:
    """Every mart has rows on both engines, but for what this month does not have."""
    empty = {name for name, one in marts.items() if not (one.duckdb_rows and one.spark_rows)}
    assert empty == set()
