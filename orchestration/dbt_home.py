"""Where dbt finds the home, as a plugin of its DuckDB adapter: named by the profile's target `duckdb`.

The profile cannot say it without making what dbt parsed for one home useless for the next.
"""

import os
from pathlib import Path
from typing import Any

from dbt.adapters.duckdb.credentials import DuckDBCredentials
from dbt.adapters.duckdb.plugins import BasePlugin

from ingestion import engine
from orchestration.project import definitions


class Plugin(BasePlugin):
    """Puts the warehouse into the home that SCOREHOUSE_HOME names, else the demo's."""

    def update_connection_config(self, creds: DuckDBCredentials, config: dict[str, Any]) -> None:
        """Say where the warehouse is, how much memory it may take, and that spilling goes where the clean-up looks."""
        home = Path(os.environ.get("SCOREHOUSE_HOME", "demo"))
        creds.path = str(home / "warehouse.duckdb")
        config.update(
            engine.bounds_of_models(home / "scratch", os.environ),
            storage_compatibility_version=engine.STORAGE_VERSION,
        )

    def configure_cursor(self, cursor: Any) -> None:
        """Let models know of a change of any definition (macros/by_change.sql)."""
        cursor.execute("set variable definitions = $1", [definitions()])
