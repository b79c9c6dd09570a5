"""How a run writes the orchestrator's history."""

from pathlib import Path

import dagster as dg
import pytest
from dagster._core.storage.event_log.sqlite import sqlite_event_log

from ingestion import Home
from orchestration.running import one_engine_per_file, open_instance, prepare_instance

TIMES = 5


def recorded(home: Home) -> int:
    """Record an asset several times, and return how often the history has it afterwards."""
    asset = dg.AssetKey("asset")
    with open_instance(home) as instance:
        for _ in range(TIMES):
            instance.report_runless_asset_event(dg.AssetMaterialization(asset))
    with open_instance(home) as instance:
        return len(instance.fetch_materializations(asset, limit=100).records)


def test_events_share_the_engines_of_their_files(
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
        assert recorded(homes[0]) == TIMES
    assert made
    assert len(made) == len(set(made))
    # What it is for: the orchestrator by itself makes one for every event.
    made.clear()
    assert recorded(homes[1]) == TIMES
    assert len(made) > len(set(made)) + TIMES
