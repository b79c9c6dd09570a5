"""Vendors' own exports: which entities there are, and how their files become raw records."""

from ingestion.sources.entities import ENTITIES, SOURCES, Entity
from ingestion.sources.inputs import INPUTS

__all__ = ["ENTITIES", "INPUTS", "SOURCES", "Entity"]
