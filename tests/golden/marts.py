"""The small centre's month, closed twice, and its marts as CSV."""

import csv
import io
import json
import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb

from ingestion import Home
from orchestration.project import MANIFEST
from tests.support.command import scorehouse

GOLDEN = Path(__file__).parent
MONTH = "2026-10"
# The first close, and the one after what came later.
CLOSES = (("first", "2026-11-02T12:00:00Z"), ("later", "2026-11-15T00:00:00Z"))


def close_twice(folder: Path) -> Home:
    """The home in which the month was closed, and closed again after later data."""
    home = Home(folder / "home")
    for part, as_of in CLOSES:
        landing = shutil.copytree(GOLDEN / "landing" / part, folder / "landing", dirs_exist_ok=True)
        finished = scorehouse(
            "close", MONTH, "--home", home.root, "--landing", landing, "--as-of", as_of
        )
        assert finished.returncode == 0, finished.stdout + finished.stderr
    return home


def csv_texts(home: Home) -> dict[str, str]:
    """Mart → its rows as CSV, in the order of its grain."""
    with duckdb.connect(str(home.published_database), read_only=True) as connection:
        connection.execute("set TimeZone = 'UTC'")
        names = connection.execute(
            "select table_name from duckdb_tables() where schema_name = 'marts' order by 1"
        ).fetchall()
        return {name: _csv(connection, name) for (name,) in names}


def _csv(connection: duckdb.DuckDBPyConnection, mart: str) -> str:
    order = ", ".join(f"{column} nulls first" for column in grain(mart)) or "all"
    found = connection.execute(f"select * from marts.{mart} order by {order}")
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([column[0] for column in found.description])
    writer.writerows([_shown(value) for value in row] for row in found.fetchall())
    return text.getvalue()


def grain(mart: str) -> list[str]:
    """The columns of a mart's grain, as its description declares them."""
    nodes = json.loads(MANIFEST.read_bytes())["nodes"]
    columns: list[str] = nodes[f"model.scorehouse.{mart}"]["config"]["meta"]["grain"]
    return columns


def _shown(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    # The shortest text that is this very number.
    return repr(value) if isinstance(value, float) else str(value)
