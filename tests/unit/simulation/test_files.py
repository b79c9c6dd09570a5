"""What lands on disk: determinism, the contract's columns, and files that yield the truth."""

import hashlib
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ingestion.simulation import SimulationSettings, SimulationSummary, simulate
from tests.unit.simulation import reader
from tests.unit.simulation.conftest import CENTRE

DATASETS = list(reader.COLUMNS)
# Quirks of the world, which the truth contains; everything else must not change.
CHANGED_BY_QUIRKS = {"status_events", "interactions", "tickets"}
REQUIRED = ("agents", "teams", "status_events", "interactions", "tickets", "qa_evaluations")
ARROW = {
    "": pa.string(),
    "instant": pa.timestamp("us", tz="UTC"),
    "date": pa.date32(),
    "whole": pa.int64(),
    "stars": pa.int64(),
    "number": pa.float64(),
    "share": pa.float64(),
    "flag": pa.bool_(),
    "money": pa.decimal128(18, 2),
}


def fingerprint(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def truth(summary: SimulationSummary, name: str) -> pa.Table:
    return pq.read_table(summary.truth / f"{name}.parquet")


def as_set(rows: list[reader.Row]) -> set[tuple[object, ...]]:
    return {tuple(row.values()) for row in rows}


@pytest.mark.parametrize("quirks", [False, True])
def test_same_seed_gives_the_same_bytes(tmp_path: Path, quirks: bool) -> None:
    settings = {"agents": 14, "months": 2, "end": "2026-01", "quirks": quirks}
    for name, seed in (("one", 5), ("two", 5), ("three", 6)):
        simulate(SimulationSettings(**settings, seed=seed, out=tmp_path / name))
    one, two, three = (fingerprint(tmp_path / name) for name in ("one", "two", "three"))
    assert one == two
    assert one["_truth/interactions.parquet"] != three["_truth/interactions.parquet"]
    assert one["_truth/agents.parquet"] != three["_truth/agents.parquet"]


@pytest.mark.parametrize("dataset", DATASETS)
def test_truth_has_the_columns_of_the_contract(clean: SimulationSummary, dataset: str) -> None:
    expected = {}
    for item in reader.COLUMNS[dataset].split():
        name, _, kind = item.partition(":")
        expected[name] = ARROW[kind]
    schema = truth(clean, dataset).schema
    assert dict(zip(schema.names, schema.types, strict=True)) == expected


@pytest.mark.parametrize("dataset", DATASETS)
def test_files_have_the_columns_of_the_contract(quirky: SimulationSummary, dataset: str) -> None:
    for path in reader.files(quirky.landing, dataset):
        row = next(row for row in reader.raw_rows(path) if row)
        extra = set(row) - set(reader.columns(dataset))
        assert set(reader.columns(dataset)) <= set(row)
        assert extra <= {"updated_at", "x_export_batch"}


@pytest.mark.parametrize("dataset", DATASETS)
def test_clean_files_hold_the_truth_and_nothing_else(
    clean: SimulationSummary, dataset: str
) -> None:
    rows, total, rejected = reader.read(clean.landing, dataset)
    assert rejected == 0
    assert total == len(rows) == clean.rows[dataset]
    assert as_set(rows) == as_set(truth(clean, dataset).to_pylist())


@pytest.mark.parametrize("dataset", DATASETS)
def test_a_perfect_reading_of_quirky_files_yields_the_truth(
    two_months: SimulationSummary, dataset: str
) -> None:
    rows, total, rejected = reader.read(two_months.landing, dataset)
    assert rejected == two_months.bad_rows.get(dataset, 0)
    assert rejected < 0.005 * total
    assert as_set(rows) == as_set(truth(two_months, dataset).to_pylist())
    assert len(rows) == two_months.rows[dataset]


@pytest.mark.parametrize("dataset", DATASETS)
def test_quirks_change_the_truth_only_where_stated(
    clean: SimulationSummary, quirky: SimulationSummary, dataset: str
) -> None:
    before = as_set(truth(clean, dataset).to_pylist())
    after = as_set(truth(quirky, dataset).to_pylist())
    if dataset not in CHANGED_BY_QUIRKS:
        assert before == after
    elif dataset == "status_events":
        lost, gained = before - after, after - before
        assert {row[3] for row in lost} == {"away"}
        assert {row[1] for row in gained} == {"X-9001"}
    else:
        assert before < after
        # Overlapping handling and the orphan: a handful, not a different month.
        assert len(after - before) < 0.01 * len(before)


def test_quirks_of_every_kind_occur(two_months: SimulationSummary) -> None:
    landing = two_months.landing
    paths = [path for dataset in DATASETS for path in reader.files(landing, dataset)]
    plain = [path.read_bytes() for path in paths if path.suffix == ".csv"]
    assert any(content.startswith(b"\xef\xbb\xbf") for content in plain)
    assert any(b"\r\n" in content for content in plain)
    assert any(b"export aborted" in content for content in plain)
    digests = [hashlib.sha256(path.read_bytes()).digest() for path in paths]
    assert len(set(digests)) < len(digests)
    versions: dict[str, set[str]] = {}
    without_updated_at = 0
    for path in reader.files(landing, "interactions"):
        rows = [row for row in reader.raw_rows(path) if row]
        without_updated_at += "updated_at" not in rows[0]
        for row in rows:
            versions.setdefault(str(row["interaction_id"]), set()).add(str(row["outcome"]))
    assert without_updated_at
    assert sum(len(outcomes) > 1 for outcomes in versions.values()) > 20


def test_formats_are_mixed_and_instants_are_written_both_ways(
    two_months: SimulationSummary,
) -> None:
    names = [path.name for path in two_months.landing.rglob("*_1.*")]
    for suffix in (".csv", ".csv.gz", ".ndjson", ".ndjson.gz", ".parquet"):
        assert any(name.endswith(suffix) for name in names), suffix
    shifts = [
        str(row["starts_at"])
        for path in reader.files(two_months.landing, "shifts")
        if not path.name.endswith(".parquet")
        for row in reader.raw_rows(path)[:20]
        if row
    ]
    assert any(text.endswith("Z") for text in shifts)
    assert any(text[-6] in "+-" for text in shifts)


@pytest.mark.parametrize("agents", [1, 2])
@pytest.mark.parametrize("quirks", [False, True])
def test_small_centres_have_all_that_a_close_needs(
    tmp_path: Path, agents: int, quirks: bool
) -> None:
    summary = simulate(
        SimulationSettings(agents, 1, "2026-02", 11, tmp_path / "out", quirks=quirks)
    )
    for dataset in REQUIRED:
        assert summary.rows[dataset] > 0
        rows, _, _ = reader.read(summary.landing, dataset)
        assert len(rows) == summary.rows[dataset]


def test_a_queue_whose_only_agent_is_there_for_minutes_is_no_obstacle(tmp_path: Path) -> None:
    simulate(SimulationSettings(1, 1, "2026-10", 3, tmp_path / "landing"))
    assert (tmp_path / "landing" / "_truth" / "agents.parquet").exists()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"agents": 0}, "agents must be at least 1"),
        ({"months": 0}, "months must be at least 1"),
        ({"seed": -1}, "seed must not be negative"),
        ({"end": "2026-13"}, "YYYY-MM"),
        ({"end": "March"}, "YYYY-MM"),
        ({"months": 500}, "between 1990 and 2099"),
    ],
)
def test_bad_settings_are_refused_with_a_sentence(
    tmp_path: Path, change: dict[str, object], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        simulate(SimulationSettings(**{**CENTRE, **change}, out=tmp_path / "out"))


def test_a_folder_with_files_is_refused(tmp_path: Path) -> None:
    (tmp_path / "mine.csv").write_text("precious\n")
    with pytest.raises(ValueError, match="not empty"):
        simulate(SimulationSettings(**CENTRE, out=tmp_path))
    assert [path.name for path in tmp_path.iterdir()] == ["mine.csv"]
