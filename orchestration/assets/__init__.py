"""Assets by stage: ingestion, warehouse, publication, outcomes of a close."""
