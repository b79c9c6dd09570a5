"""Ids of other systems that stand for no agent: what the table of rules `agent_ids` still has to say."""

import duckdb

from ingestion import DATASETS, Home, engine
from ingestion.erased import MASKED
from orchestration.database import attached


def unknown_agents(home: Home) -> list[tuple[str, list[str]]]:
    """Per system the ids, sorted, as the warehouse was last built; empty before it was.

    The build warns of the same rows (`vendors_agents_are_known`).
    """
    if not home.warehouse.exists():
        return []
    datasets = [
        dataset.name
        for dataset in DATASETS.values()
        if dataset.name != "agents" and any(column.name == "agent_id" for column in dataset.columns)
    ]
    rows = " union ".join(
        f"select agent_id, load_sequence from warehouse.staging.stg_landing__{dataset}"
        for dataset in datasets
    )
    try:
        with attached(warehouse=home.warehouse) as connection:
            return connection.execute(
                "select source, list(distinct agent_id order by agent_id)"
                f" from ({rows}) inner join warehouse.staging.stg_records__loads"
                " on load_sequence = sequence"
                f" where source is not null and agent_id <> {engine.literal(MASKED)} and agent_id not in"
                " (select agent_id from warehouse.staging.stg_landing__agents)"
                " group by all order by all"
            ).fetchall()
    except duckdb.CatalogException:
        return []
