"""What dbt needs in an encrypted home, as a plugin of its DuckDB adapter: named by the profile's target `encrypted`.

Keys are bound or known to the connection alone: none is in the profile, in a model's SQL, or in what dbt writes.
"""

import os
from pathlib import Path

import duckdb
from dbt.adapters.duckdb.plugins import BasePlugin

from ingestion import INPUTS, Home, encryption, engine
from ingestion.home import raw_columns
from orchestration.records import performance_folder


class Plugin(BasePlugin):
    """Opens the home's files for dbt's one connection."""

    def configure_connection(self, conn: duckdb.DuckDBPyConnection) -> None:
        """Attach the warehouse, and make views of what the models read of raw files and recorded closes.

        Raises:
            UnusableInput: the home's key is missing or wrong.
        """
        home = Home(Path(os.environ["SCOREHOUSE_HOME"]).absolute())
        encryption.unlock(home.root, os.environ)
        for setting, value in engine.bounds_of_models(home.scratch, os.environ).items():
            conn.execute(f"set {setting} = {engine.literal(value)}")
        engine.prepare_writing(conn)
        engine.attach(conn, home.warehouse, "warehouse")
        for dataset in INPUTS.values():
            files = home.raw_folder(dataset.name) / "*.parquet"
            rows = engine.parquet(conn, files, raw_columns(dataset))
            view = f"raw_{dataset.name.replace('/', '_')}"
            conn.execute(f"create view memory.main.{view} as from {rows}")
        closes = sorted(performance_folder(home).glob("*.parquet"))
        if closes:
            rows = engine.parquet(conn, closes)
            conn.execute(f"create view memory.main.recorded_performance as from {rows}")

    def configure_cursor(self, cursor: duckdb.DuckDBPyConnection) -> None:
        """Have names without a database mean the warehouse, as they do where it is the only one."""
        cursor.execute("use warehouse")
