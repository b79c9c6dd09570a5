"""Valid files, damaged at random: nothing is lost, nothing crashes, what lies beside loads.

The seed makes each file; a failure names it.
"""

import csv
import gzip
import hashlib
import io
import json
import random
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from ingestion_bench import EVENT, Bench, as_csv

from ingestion import Home, Load

GOOD = [{**EVENT, "event_id": f"good{number}"} for number in range(5)]
NASTY = (
    b'"', b'""', b"\0", b"\r", b"\n", b"\r\n", b",", b"\xff", b"\xef\xbb\xbf", b"\xc0\xaf", b"\xed\xa0\x80",
    b"\\u0000", b"\\ud800", b"{", b"[" * 3000, b"}", b"NaN", b"1e400", b"-0", b"'; DROP TABLE cells; --",
    b"9" * 400, b"0000-00-00T00:00:00Z", b"99999-01-01T00:00:00Z", b"\x1f\x8b", b"PAR1", b"\x1f", b"\xe2\x80\xae",
)  # fmt: skip


def valid(kind: str, rng: random.Random) -> bytes:
    rows = [
        {
            **EVENT,
            "event_id": f"e{rng.random()}",
            "reason": rng.choice(["break", "a, b", 'say "hi"', "two\nlines", "é", ""]),
        }
        for _ in range(rng.randint(1, 8))
    ]
    if kind == "parquet":
        made = io.BytesIO()
        pq.write_table(pa.Table.from_pylist(rows), made, compression=rng.choice(["none", "zstd"]))
        return made.getvalue()
    if kind.startswith("csv"):
        return as_csv(list(rows[0]), rows).encode()
    return "".join(json.dumps(row) + "\n" for row in rows).encode()


def damaged(content: bytes, other: bytes, rng: random.Random) -> bytes:
    data = bytearray(content)
    for _ in range(rng.randint(1, 4)):
        place = rng.randrange(len(data) + 1)
        match rng.randrange(6):
            case 0 if data:
                data[place % len(data)] ^= 1 << rng.randrange(8)
            case 1:
                del data[place:]
            case 2:
                del data[place : place + rng.randint(1, 40)]
            case 3:
                data[place:place] = data[: rng.randint(0, 200)]
            case 4:
                data[place:] = other[rng.randrange(len(other)) :]
            case _:
                data[place:place] = rng.choice(NASTY)
    return bytes(data)


def make(number: int) -> tuple[str, bytes]:
    rng = random.Random(number)
    kind = rng.choice(["csv", "csv.gz", "ndjson", "jsonl.gz", "parquet"])
    content = damaged(valid(kind, rng), valid(rng.choice(["csv", "ndjson", "parquet"]), rng), rng)
    if kind.endswith("gz"):
        content = gzip.compress(content, 1, mtime=0)
        if rng.random() < 0.3:
            content = damaged(content, content, rng)
    return f"{number}.{kind}", content


def check(bench: Bench, numbers: range) -> Counter[str]:
    """Ingest the files of these seeds beside a good one, and see that everything is accounted for."""
    files = dict(map(make, numbers))
    for name, content in files.items():
        bench.put(f"status_events/{name}", content)
    bench.put_rows("status_events/good.csv", GOOD)

    bench.ingest()

    loads = {load.file.partition("/")[2]: load for load in bench.ledger()}
    raw = Counter(row["load_id"] for row in bench.raw("status_events"))
    assert raw[loads.pop("good.csv").load_id] == len(GOOD)
    # Files of the same bytes are one content.
    assert {load.file_sha256 for load in loads.values()} == {
        hashlib.sha256(content).hexdigest() for content in files.values()
    }
    before = bench.ledger()
    assert bench.ingest().loads == []
    assert bench.ledger() == before
    outcomes: Counter[str] = Counter()
    for name, load in loads.items():
        outcomes[account(bench, name, files[name], load, raw[load.load_id])] += 1
    return outcomes


def account(bench: Bench, name: str, content: bytes, load: Load, raw_rows: int) -> str:
    """How a file ended; fails when a row of it is nowhere."""
    path = bench.home.quarantine_folder("status_events") / f"{load.load_id}.csv"
    rejects = []
    if path.exists():
        with path.open(newline="") as lines:
            rejects = list(csv.DictReader(lines))
    assert raw_rows == load.rows_loaded, name
    assert all(reject["reason"] for reject in rejects), name
    if load.status == "quarantined":
        assert (load.rows_read, len(rejects)) == (0, 1), name
        return "quarantined whole"
    refused = {(reject["row_number"], reject["line_number"]) for reject in rejects}
    assert len(refused) == load.rows_rejected, name
    if not name.endswith(("gz", "parquet")) and not {b'"'[0], b"\r"[0]} & set(content):
        lines_held = sum(1 for line in content.split(b"\n") if line.strip(b" \t"))
        assert load.rows_read == lines_held - name.endswith("csv"), name
    return "some rows rejected" if rejects else "loaded"


def test_damaged_files_lose_nothing(bench: Bench) -> None:
    outcomes = check(bench, range(120))

    assert min(outcomes[name] for name in ("quarantined whole", "some rows rejected", "loaded")) > 0


@pytest.mark.long
@pytest.mark.timeout(3600)
def test_ten_thousand_damaged_files_lose_nothing(
    tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    outcomes: Counter[str] = Counter()
    for first in range(1000, 11_000, 500):
        bench = Bench(tmp_path / str(first) / "landing", Home(tmp_path / str(first) / "home"))
        outcomes += check(bench, range(first, first + 500))
    for name, count in outcomes.items():
        record_property(name, count)
    print(f"{outcomes.total():,} damaged files: {dict(outcomes)}")
    assert outcomes.total() > 9_900
