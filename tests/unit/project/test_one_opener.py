"""Whoever opens DuckDB does so in one place per package: what holds there for a file holds for every file."""

import re
from pathlib import Path

from orchestration.project import PROJECT_DIR

OPENERS = {"ingestion/engine.py", "reports/storage.py"}
_OPENS = re.compile(
    r"\bduckdb\s*\.\s*connect\b|from duckdb import[^\n]*\bconnect\b|\battach '", re.I
)

_PARQUET = re.compile(r"\bread_parquet\(|\bformat parquet\b|pyarrow\.parquet", re.I)


def _code() -> list[Path]:
    return [
        file
        for package in ("ingestion", "orchestration", "reports")
        for file in sorted((PROJECT_DIR / package).rglob("*.py"))
    ]


def test_databases_are_opened_by_the_openers_alone() -> None:
    opening = {
        file.relative_to(PROJECT_DIR).as_posix()
        for file in _code()
        if _OPENS.search(file.read_text(encoding="utf-8"))
    }
    assert opening == OPENERS


def test_parquet_is_read_and_written_by_the_engine_alone() -> None:
    """Whoever writes it elsewhere writes it in the clear; the landing reader reads what users bring."""
    touching = {
        file.relative_to(PROJECT_DIR).as_posix()
        for file in _code()
        if _PARQUET.search(file.read_text(encoding="utf-8"))
    }
    assert touching == {
        "ingestion/engine.py",
        "ingestion/readers/parquet.py",
        "ingestion/simulation/export.py",
        "ingestion/simulation/vendors.py",
        # Where the home is encrypted, it is not called.
        "ingestion/sources/records.py",
        # What it converts lies in the clear.
        "orchestration/encrypting.py",
        # It names what it reads, and reads nothing.
        "orchestration/model_version.py",
    }
