"""What a run sets up before its first step."""

from pathlib import Path

from dagster._core.storage.event_log.sqlite import sqlite_event_log

from ingestion import Home
from orchestration import running


def test_the_log_of_events_has_one_engine_per_file(tmp_path: Path) -> None:
    """So that a statement is compiled once and not once per event."""
    home = Home(tmp_path / "home")
    running.prepare_instance(home)
    with running.open_instance(home):
        make = sqlite_event_log.create_engine  # type: ignore[attr-defined]
        made = [make(f"sqlite:///{tmp_path}/{name}.db") for name in "aab"]
    assert made[0] is made[1]
    assert made[1] is not made[2]
