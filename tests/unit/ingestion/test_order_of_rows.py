"""Rows keep the order of their file, however many threads read it."""

import duckdb
import pytest
from ingestion_bench import Bench

ROWS = 400_000
COLUMNS = {
    "agents": "'a' || i as agent_id, 'n' as name, 'agent' as role, 't' as team_id, 'UTC' as time_zone,"
    " '2026-01-01' as effective_from",
    "interactions": "'i' || i as interaction_id, 'c' as customer_id, 'voice' as channel, 'inbound' as direction,"
    " 'resolved' as outcome, '2026-01-31T09:30:00Z' as queued_at",
}
WRITTEN = {
    "csv": "format csv",
    "ndjson": "format json",
    "parquet": "format parquet, row_group_size 50000",
}


@pytest.mark.parametrize("kind", WRITTEN)
@pytest.mark.parametrize("dataset", COLUMNS)
def test_rows_keep_their_order(bench: Bench, dataset: str, kind: str) -> None:
    path = bench.put(f"{dataset}/a.{kind}", b"")
    with duckdb.connect() as opened:
        opened.execute(
            f"copy (select {COLUMNS[dataset]} from range({ROWS}) as r(i)) to '{path}' ({WRITTEN[kind]})"
        )
        bench.ingest()
        raw = bench.home.raw_folder(dataset) / f"{bench.ledger()[0].load_id}.parquet"
        key = COLUMNS[dataset].split()[4].rstrip(",")
        moved = opened.execute(
            f"select count(*), count(*) filter (row_number <> substr({key}, 2)::bigint + 1),"
            f" count(*) filter (row_number <> file_row_number + 1) from read_parquet('{raw}', file_row_number = true)"
        ).fetchone()
    assert moved == (ROWS, 0, 0)
