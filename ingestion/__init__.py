"""Landing contract: what users feed in, made into raw Parquet and quarantine."""
