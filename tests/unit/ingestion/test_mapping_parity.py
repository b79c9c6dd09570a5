"""A simulated month as another system exports it, in its own words and local times, loads as the same rows."""

import csv
import shutil

import duckdb
import pytest

from ingestion import Home, ingest
from ingestion.simulation.run import simulate
from ingestion.simulation.settings import SimulationSettings
from tests.support.dialler import export

# What the rows of one home are told apart by, and the ids that the system does not have.
OWN = {
    "status_events": "event_id, updated_at, load_id, row_number",
    "interactions": "updated_at, load_id, row_number",
    "csat_surveys": "updated_at, load_id, row_number",
}
KEYS = {"status_events": "event_id", "interactions": "interaction_id", "csat_surveys": "survey_id"}

TWICE = "queued_at >= timestamptz '2026-10-25 00:00:00+00' and queued_at < timestamptz '2026-10-25 02:00:00+00'"


@pytest.fixture(scope="module")
def homes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Home]:
    """What was loaded, through the landing contract and through the mapping."""
    folder = tmp_path_factory.mktemp("mapping")
    simulate(SimulationSettings(3, 1, "2026-10", 1, folder / "canonical"))
    shutil.copytree(folder / "canonical", folder / "mapped")
    export(folder / "mapped")
    for dataset in OWN:
        # As the truth has it: landed files have earlier versions of some rows too.
        shutil.rmtree(folder / "canonical" / dataset)
        (folder / "canonical" / dataset).mkdir()
        truth = folder / "canonical" / "_truth" / f"{dataset}.parquet"
        shutil.copy(truth, folder / "canonical" / dataset)
    made = {path: Home(folder / "homes" / path) for path in ("canonical", "mapped")}
    for path, home in made.items():
        ingest(home, folder / path, list(OWN))
    return made


@pytest.mark.parametrize("dataset", OWN)
def test_the_same_rows_are_loaded(homes: dict[str, Home], dataset: str) -> None:
    with duckdb.connect() as connection:
        for path, home in homes.items():
            files = home.raw_folder(dataset) / "*.parquet"
            connection.execute(
                f"create view {path} as select * exclude ({OWN[dataset]}) from (from '{files}'"
                f" qualify row_number() over (partition by {KEYS[dataset]}"
                " order by updated_at desc nulls last, load_id) = 1)"
            )
        if dataset == "interactions":
            # Who arrived in the hour that is there twice cannot be told apart by the export.
            connection.execute(f"create view told as from canonical where not ({TWICE})")
        else:
            connection.execute("create view told as from canonical")
        counted = connection.execute("select count(*) from told").fetchone()
        differing = connection.execute(
            "(from told except all from mapped) union all (from mapped except all from told)"
        ).fetchall()
    assert counted is not None
    assert counted[0] > 100
    assert differing == []


def test_what_fell_into_the_hour_that_is_there_twice_is_rejected_and_nothing_else(
    homes: dict[str, Home],
) -> None:
    found = set()
    for path in sorted(homes["mapped"].quarantine.glob("*/*.csv")):
        with path.open(encoding="utf-8", newline="") as lines:
            for row in csv.DictReader(lines):
                assert row["value"].startswith("25/10/2026 02:")
                assert "is twice in Europe/Warsaw" in row["reason"]
                found.add((path.parent.name, row["column"]))
    assert found == {
        ("interactions", "queued_at from arrived"),
        ("interactions", "answered_at from arrived"),
        ("status_events", "occurred_at from since"),
        ("status_events", "updated_at from since"),
    }
