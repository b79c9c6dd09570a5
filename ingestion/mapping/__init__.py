"""Exports of any other system: a mapping file says which of its CSV columns and values are which of ours."""

from ingestion.mapping.language import FILE_NAME, Entry, Mapping, read_mapping
from ingestion.mapping.preview import Preview, preview

__all__ = ["FILE_NAME", "Entry", "Mapping", "Preview", "preview", "read_mapping"]
