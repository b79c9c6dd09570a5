"""What a run has to stand on, looked up before anything is built."""

from collections.abc import Collection

from ingestion import DATASETS, Home, UnusableInput, engine, read_ledger
from ingestion.home import raw_columns

# A profile says whose figures they are and in which zone; no vendor's export has it.
ALWAYS_REQUIRED = ("agents", "teams")


def load_sequence(home: Home) -> int:
    """The number of the newest load; 0 before the first."""
    return max((load.sequence for load in read_ledger(home) if load.status == "loaded"), default=0)


def check_required_datasets(home: Home) -> None:
    """Refuse to build without the datasets that every figure rests on.

    A centre that feeds a vendor's exports has what the vendor records: the rest is null, not refused.

    Raises:
        UnusableInput: a required dataset has no loaded file.
    """
    loads = [load for load in read_ledger(home) if load.status == "loaded"]
    missing = missing_datasets(
        {load.dataset for load in loads}, any(load.source is not None for load in loads)
    )
    if missing:
        raise UnusableInput(
            f"required datasets are missing: {', '.join(missing)}. Put their files into a folder of "
            "that name in the landing folder (see docs/landing.md), then run again"
        )


def missing_datasets(loaded: Collection[str], is_fed_by_systems: bool) -> list[str]:
    """The datasets that a close needs beside those that there are.

    is_fed_by_systems: whether any of them came from another system, by its own export or by a mapping file.
    """
    return [
        name
        for name, dataset in DATASETS.items()
        if dataset.required
        and name not in loaded
        and (name in ALWAYS_REQUIRED or not is_fed_by_systems)
    ]


def agents_time_zones(home: Home) -> list[str]:
    """The time zones of all agents ever loaded, sorted."""
    with engine.connect() as connection:
        agents = engine.parquet(
            connection, home.raw_folder("agents") / "*.parquet", raw_columns(DATASETS["agents"])
        )
        rows = connection.execute(f"select distinct time_zone from {agents} order by 1").fetchall()
    return [zone for (zone,) in rows]
