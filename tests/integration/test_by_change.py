"""Builds by change through dbt, on files: day after day, late and corrected rows, a killed build."""

import json
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from ingestion import Home
from orchestration.project import DBT, PROJECT_DIR, reuse_parsed
from tests.support.command import scorehouse

pytestmark = [pytest.mark.long, pytest.mark.timeout(3600)]

WITHOUT_DAY = frozenset({"agents", "teams", "kpi_targets", "training_records", "shifts"})
OLD, NEW, LATE = "2026-10-20", "2026-10-21", "2026-10-05"


@pytest.fixture(scope="module")
def days(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A landing folder of a small centre with a file per dataset and day on which its rows were last changed."""
    folder = tmp_path_factory.mktemp("days")
    centre = ("--agents", 6, "--months", 1, "--end", "2026-10", "--seed", 3, "--quirks")
    assert scorehouse("simulate", *centre, "--out", folder / "month").returncode == 0
    landed = ("--home", folder / "home", "--landing", folder / "month")
    assert scorehouse("ingest", *landed).returncode == 0
    for raw in (folder / "home" / "raw").iterdir():
        if "/" in raw.name or not list(raw.glob("*.parquet")):
            continue
        rows = f"read_parquet('{raw}/*.parquet', union_by_name = true)"
        columns = [name for name, *_ in duckdb.sql(f"describe from {rows}").fetchall()]
        if "updated_at" not in columns:
            continue
        into = folder / "days" / raw.name
        into.mkdir(parents=True)
        known = "null" if raw.name in WITHOUT_DAY else "updated_at"
        found = duckdb.sql(
            f"select distinct cast({known} as date) from {rows} order by 1"
        ).fetchall()
        for (day,) in found:
            duckdb.sql(
                f"copy (select * exclude (load_id, row_number) from {rows}"
                f" where cast({known} as date) is not distinct from cast('{day}' as date))"
                f" to '{into}/{raw.name}_{day}.parquet'"
                if day
                else f"copy (select * exclude (load_id, row_number) from {rows}"
                f" where cast({known} as date) is null) to '{into}/{raw.name}_first.parquet'"
            )
    return folder / "days"


def land(days: Path, landing: Path, home: Home, wanted: Callable[[str], bool]) -> None:
    for file in days.glob("*/*.parquet"):
        day = file.stem.rpartition("_")[2]
        if day == "first" or wanted(day):
            (landing / file.parent.name).mkdir(parents=True, exist_ok=True)
            shutil.copy(file, landing / file.parent.name)
    loaded = scorehouse("ingest", "--home", home.root, "--landing", landing)
    assert loaded.returncode == 0, loaded.stderr


def start(home: Home, as_of: str, *words: str) -> subprocess.Popen[str]:
    target = home.dagster / "dbt"
    reuse_parsed(target)
    return subprocess.Popen(
        [DBT, "build", "--exclude-resource-type", "unit_test",
         "--target-path", target, *words],
        cwd=PROJECT_DIR, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        env={**os.environ, "SCOREHOUSE_HOME": str(home.root), "SCOREHOUSE_AS_OF": as_of,
             "SCOREHOUSE_CLOSE_MONTH": "", "SCOREHOUSE_KEPT_FROM": "", "DBT_TARGET": "duckdb"},
    )  # fmt: skip


def build(home: Home, as_of: str, *words: str) -> str:
    process = start(home, as_of, *words)
    said, _ = process.communicate()
    assert process.returncode == 0, said[-3000:]
    return said


def tables(home: Home) -> dict[str, list[str]]:
    """Every row of every table but those that say what changed."""
    with duckdb.connect(str(home.warehouse), read_only=True) as connection:
        connection.execute("set TimeZone = 'UTC'")
        named = connection.execute(
            "select schema_name || '.' || table_name from duckdb_tables() where schema_name != 'changes'"
        ).fetchall()
        return {
            name: sorted(map(repr, connection.execute(f"from {name}").fetchall()))
            for (name,) in named
        }


def assert_as_whole(home: Home, as_of: str) -> None:
    by_change = tables(home)
    assert "built whole: asked for" in build(home, as_of, "--full-refresh")
    whole = tables(home)
    assert by_change.keys() == whole.keys()
    assert [name for name in whole if by_change[name] != whole[name]] == []


def test_day_after_day_and_late_ones_end_as_one_build(days: Path, tmp_path: Path) -> None:
    home, landing = Home(tmp_path / "home"), tmp_path / "landing"
    land(days, landing, home, lambda day: day < OLD and day != LATE)
    assert "built whole: nothing was built before" in build(home, f"{OLD}T00:00:00Z")
    for day, as_of in (
        (OLD, f"{NEW}T06:00:00Z"),
        (LATE, f"{NEW}T18:00:00Z"),
        (NEW, "2026-10-22T06:00:00Z"),
    ):
        land(days, landing, home, lambda other, day=day: other == day)
        assert "built by change" in build(home, as_of)
    assert_as_whole(home, as_of)


def test_a_killed_build_and_one_of_a_single_model_are_made_good(days: Path, tmp_path: Path) -> None:
    home, landing = Home(tmp_path / "home"), tmp_path / "landing"
    land(days, landing, home, lambda day: day < OLD)
    build(home, f"{OLD}T00:00:00Z")
    land(days, landing, home, lambda day: day == OLD)
    process = start(home, f"{NEW}T06:00:00Z")
    marked = home.dagster / "dbt" / "run_results.json"
    before = marked.stat().st_mtime_ns
    assert process.stdout is not None
    for line in process.stdout:
        if "int_activity__pieces" in line and "OK" in line:
            break
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    time.sleep(1)
    assert marked.stat().st_mtime_ns == before, "it was over before it was killed"
    assert "built whole: the build before was not completed" in build(home, f"{NEW}T06:00:00Z")
    land(days, landing, home, lambda day: day == NEW)
    with duckdb.connect(str(home.warehouse)) as connection:
        connection.execute("create table kept.of_no_model as select 'somebody' as agent_id")
    build(home, "2026-10-22T06:00:00Z", "--select", "stg_landing__status_events")
    assert "built whole: the build before was not completed" in build(home, "2026-10-22T06:00:00Z")
    assert "kept.of_no_model" not in tables(home)
    results = json.loads(marked.read_bytes())["results"]
    assert {result["status"] for result in results} <= {"success", "pass", "warn", "no-op"}
    assert_as_whole(home, "2026-10-22T06:00:00Z")
