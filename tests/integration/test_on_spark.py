"""A home whose month is closed on DuckDB, and closed again on Spark: what is published are the golden marts."""

import os
import shutil
from importlib.util import find_spec
from pathlib import Path

import pytest

from ingestion import Home
from orchestration import spark
from orchestration.database import is_whole
from tests.golden.marts import CLOSES, GOLDEN, MONTH, csv_texts
from tests.support import spark as settings
from tests.support.command import scorehouse

pytestmark = [
    pytest.mark.long,
    pytest.mark.timeout(1800),
    pytest.mark.skipif(find_spec("pyspark") is None, reason="the extra `spark` is not installed"),
    pytest.mark.skipif(
        not (shutil.which("java") or "JAVA_HOME" in os.environ), reason="there is no Java"
    ),
]


def test_a_close_on_spark_publishes_the_golden_marts(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SPARK_CONF_DIR", str(Path(settings.__file__).parent))
        for engine, (part, as_of) in zip(spark.ENGINES, CLOSES, strict=True):
            landing = tmp_path / "landing"
            shutil.copytree(GOLDEN / "landing" / part, landing, dirs_exist_ok=True)
            finished = scorehouse(
                *("close", MONTH, "--engine", engine, "--home", home.root),
                *("--landing", landing, "--as-of", as_of),
            )
            assert finished.returncode == 0, finished.stdout + finished.stderr
    found = csv_texts(home)
    assert {path.stem for path in GOLDEN.glob("*.csv")} == set(found)
    for mart, text in found.items():
        assert text == (GOLDEN / f"{mart}.csv").read_text(), mart
    assert not spark.tables(home).exists()
    assert is_whole(home.warehouse)
