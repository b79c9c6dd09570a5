"""Landing contract: what users feed in, made into raw Parquet and quarantine."""

from ingestion.contract import DATASETS
from ingestion.errors import UnusableInput
from ingestion.home import Home
from ingestion.ingest import DatasetSummary, IngestSummary, ingest
from ingestion.landing import LandingFile, LandingScan, read_scan
from ingestion.ledger import Load, read_ledger
from ingestion.limits import Limits
from ingestion.mapping import Preview, preview
from ingestion.rejected import RejectedShare, rejected_share, unread
from ingestion.sources import ENTITIES, INPUTS, SOURCES, Entity
from ingestion.stores import StoreError

__all__ = [
    "DATASETS",
    "ENTITIES",
    "INPUTS",
    "SOURCES",
    "DatasetSummary",
    "Entity",
    "Home",
    "IngestSummary",
    "LandingFile",
    "LandingScan",
    "Limits",
    "Load",
    "Preview",
    "RejectedShare",
    "StoreError",
    "UnusableInput",
    "ingest",
    "preview",
    "read_ledger",
    "read_scan",
    "rejected_share",
    "unread",
]
