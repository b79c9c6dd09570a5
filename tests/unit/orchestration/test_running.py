"""What a run sets up before its first step, and what the command line leaves for later."""

import subprocess
import sys
from pathlib import Path

from dagster._core.storage.event_log.sqlite import sqlite_event_log

from ingestion import Home
from orchestration import instance


def test_the_log_of_events_has_one_engine_per_file(tmp_path: Path) -> None:
    """So that a statement is compiled once and not once per event."""
    home = Home(tmp_path / "home")
    instance.prepare_instance(home)
    with instance.open_instance(home):
        make = sqlite_event_log.create_engine  # type: ignore[attr-defined]
        made = [make(f"sqlite:///{tmp_path}/{name}.db") for name in "aab"]
    assert made[0] is made[1]
    assert made[1] is not made[2]


def test_only_a_command_that_needs_it_waits_for_a_heavy_import() -> None:
    heavy = "{'dagster', 'dbt', 'duckdb', 'great_expectations', 'jinja2', 'numpy', 'pyarrow', 'sqlalchemy'}"
    code = f"import sys, orchestration.cli; print(sorted({heavy} & sys.modules.keys()))"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"
