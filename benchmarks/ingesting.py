"""Rows a second from each format into raw Parquet, beside DuckDB's own reader on the same file."""

import json
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import duckdb

from benchmarks import centres
from benchmarks.measuring import OURS, Row, measure, scorehouse

FORMATS = {
    "csv": "format csv, header",
    "csv.gz": "format csv, header, compression gzip",
    "ndjson": "format json",
    "ndjson.gz": "format json, compression gzip",
    "parquet": "format parquet, compression zstd",
}
DUCKDB = "DuckDB's reader"
COMMAND = "scorehouse ingest"
"""The orchestrator's run around the same, which takes as long for one row."""

INGEST = """
import sys
from pathlib import Path
from ingestion import Home, ingest
home, landing = map(Path, sys.argv[1:])
ingest(Home(home), landing)
"""

READ_PLAINLY = """
import duckdb, sys
file, target = sys.argv[1:]
reader = "read_parquet" if file.endswith("parquet") else "read_csv" if ".csv" in file else "read_json"
duckdb.execute(f"copy (from {reader}('{file}')) to '{target}' (format parquet, compression zstd)")
"""


def ingesting(folder: Path, rows: int) -> Iterator[Row]:
    """Interactions in each format, and both ways of reading them."""
    source = centres.loaded(folder, 100) / "raw" / "interactions" / "*.parquet"
    for suffix, options in FORMATS.items():
        files, home = folder / "format", folder / "format-home"
        for made in (files, home):
            shutil.rmtree(made, ignore_errors=True)
        file = files / "interactions" / f"interactions.{suffix}"
        file.parent.mkdir(parents=True)
        with duckdb.connect() as connection:
            connection.execute("set TimeZone = 'UTC'")
            instants = "" if suffix == "parquet" else ", timestampformat '%Y-%m-%dT%H:%M:%SZ'"
            connection.execute(
                "copy (select interaction_id || '-' || copy as interaction_id,"
                " * exclude (interaction_id, load_id, row_number, same_as, copy)"
                f" from read_parquet('{source}', union_by_name = true), range(100) as copies(copy)"
                f" limit {rows}) to '{file}' ({options}{instants})"
            )
        ours = measure([sys.executable, "-c", INGEST, home, files])
        loads = (home / "records" / "ledger.ndjson").read_text().splitlines()
        if sum(json.loads(line)["content"].get("rows_loaded", 0) for line in loads) != rows:
            sys.exit(f"{file.name}: not all rows were loaded")
        plain = measure([sys.executable, "-c", READ_PLAINLY, file, folder / "plain.parquet"])
        yield Row("ingestion", suffix, rows, OURS, ours, rows)
        yield Row("ingestion", suffix, rows, DUCKDB, plain, rows)
        shutil.rmtree(home)
        command = measure(scorehouse("ingest", "--home", home, "--landing", files))
        yield Row("ingestion", suffix, rows, COMMAND, command, rows)
