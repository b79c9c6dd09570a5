"""All that may lie in a landing folder: the datasets of the contract, then the vendors' entities."""

from ingestion.contract import DATASETS, Dataset
from ingestion.sources.entities import ENTITIES

INPUTS: dict[str, Dataset] = {
    **DATASETS,
    **{name: entity.dataset for name, entity in ENTITIES.items()},
}
"""Every folder that is read, relative to the landing folder, in load order."""
