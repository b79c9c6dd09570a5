"""A landing folder and a home to try the ingestion on."""

import csv
import gzip
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from ingestion import Home, IngestSummary, Load, ingest, read_ledger

FORMATS = ("csv", "csv.gz", "ndjson", "jsonl.gz", "parquet")

EVENT = {
    "event_id": "e1",
    "agent_id": "a1",
    "occurred_at": "2026-01-31T09:30:00Z",
    "status": "active",
}


@dataclass
class Bench:
    """A landing folder and a home, and what one does with them."""

    landing: Path
    home: Home

    def put(self, file: str, content: bytes | str) -> Path:
        path = self.landing / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    def put_rows(self, file: str, rows: Sequence[Mapping[str, Any]]) -> Path:
        """Write rows of text in the format of the file's name."""
        names = list(dict.fromkeys(name for row in rows for name in row))
        kind = file.split(".", 1)[1]
        if kind == "parquet":
            path = self.put(file, b"")
            columns = {name: pa.array([row.get(name) for row in rows]) for name in names}
            pq.write_table(pa.table(columns), path)
            return path
        if kind.startswith("csv"):
            text = as_csv(names, rows)
        else:
            text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
        content = text.encode()
        return self.put(file, gzip.compress(content) if kind.endswith("gz") else content)

    def ingest(self, **options: Any) -> IngestSummary:
        return ingest(self.home, self.landing, **options)

    def ledger(self) -> list[Load]:
        return read_ledger(self.home)

    def raw(self, dataset: str) -> list[dict[str, Any]]:
        with duckdb.connect() as opened:
            opened.execute("SET TimeZone = 'UTC'")
            result = opened.execute(
                "SELECT COLUMNS(*)::VARCHAR FROM (SELECT * FROM read_parquet($1)"
                " ORDER BY load_id, row_number)",
                [str(self.home.raw_folder(dataset) / "*.parquet")],
            )
            names = [column[0] for column in result.description]
            return [dict(zip(names, row, strict=True)) for row in result.fetchall()]

    def rejects(self, dataset: str) -> list[dict[str, str]]:
        found: list[dict[str, str]] = []
        for path in sorted(self.home.quarantine_folder(dataset).glob("*.csv")):
            with path.open(encoding="utf-8", newline="") as lines:
                found += csv.DictReader(lines)
        return found


def as_csv(names: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> str:
    lines = [",".join(names)]
    for row in rows:
        values = ["" if row.get(name) is None else str(row[name]) for name in names]
        lines.append(",".join('"' + value.replace('"', '""') + '"' for value in values))
    return "\n".join(lines) + "\n"
