"""Any rows come out the same, whichever format they went in by."""

import tempfile
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from ingestion_bench import Bench

from ingestion import Home

text = st.text(
    st.characters(codec="utf-8", exclude_characters="\r\x00\x1f", exclude_categories=["Cs"]),
    min_size=1,
    max_size=30,
)
offsets = st.integers(-12 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
instants = st.datetimes(datetime(1970, 1, 3), datetime(2100, 12, 29), timezones=offsets)
contacts = st.fixed_dictionaries(
    {
        "interaction_id": text,
        "customer_id": text,
        "channel": st.sampled_from(["voice", "chat", "back_office"]),
        "direction": st.sampled_from(["inbound", "outbound"]),
        "queued_at": instants,
        "queue": st.none() | text,
        "topic": st.none() | text,
        "talk_seconds": st.none() | st.integers(0, 10**9),
        "updated_at": st.none() | instants,
    }
)


def shown(value: Any) -> str | None:
    if not isinstance(value, datetime):
        return None if value is None else str(value)
    utc = value.astimezone(UTC)
    fraction = f".{utc.microsecond:06}".rstrip("0").rstrip(".")
    return f"{utc:%Y-%m-%d %H:%M:%S}{fraction}+00"


@settings(max_examples=15, deadline=None)
@given(st.lists(contacts, min_size=1, max_size=8))
def test_rows_survive_every_format(rows: list[dict[str, Any]]) -> None:
    written = [
        {
            name: value.isoformat() if isinstance(value, datetime) else value
            for name, value in row.items()
        }
        for row in rows
    ]
    with tempfile.TemporaryDirectory() as folder:
        for kind in ("csv", "ndjson", "parquet"):
            bench = Bench(Path(folder) / kind / "landing", Home(Path(folder) / kind / "home"))
            bench.put_rows(f"interactions/a.{kind}", written)
            bench.ingest()
            assert bench.rejects("interactions") == []
            loaded = [{name: row[name] for name in rows[0]} for row in bench.raw("interactions")]
            assert loaded == [{n: shown(v) for n, v in row.items()} for row in rows]
