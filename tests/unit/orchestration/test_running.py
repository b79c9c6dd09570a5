"""How a run writes the orchestrator's history."""

from pathlib import Path

import dagster as dg
import pytest
from dagster._core.storage.event_log.sqlite import sqlite_event_log

from ingestion import Home
from orchestration.running import one_engine_per_file, open_instance, prepare_instance


@dg.asset
def first() -> None: ...


@dg.asset(deps=[first])
def second() -> None: ...


def run(home: Home) -> list[str]:
    """Run the two assets, and return what the history says of the run afterwards."""
    with open_instance(home) as instance:
        result = dg.materialize([first, second], instance=instance)
    with open_instance(home) as instance:
        records = instance.get_records_for_run(result.run_id).records
    return [str(record.event_log_entry.dagster_event_type) for record in records]


def test_events_of_a_run_share_the_engines_of_its_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[str] = []
    create = sqlite_event_log.create_engine

    def counted(address: str, **options: object) -> object:
        made.append(address)
        return create(address, **options)

    monkeypatch.setattr(sqlite_event_log, "create_engine", counted)
    homes = [Home(tmp_path / name) for name in ("shared", "not shared")]
    for home in homes:
        prepare_instance(home)
    with one_engine_per_file():
        shared = run(homes[0])
    assert len(made) == len(set(made)) == 2
    assert run(homes[1]) == shared
    assert len(made) > 10
    assert shared.count("DagsterEventType.ASSET_MATERIALIZATION") == 2
