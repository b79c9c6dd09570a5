"""The published database: written aside, compared with the warehouse, swapped in whole.

A reader with the old file open keeps it; nobody waits for a build, and nothing is ever half published.
"""

import datetime as dt
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb

from ingestion import Home, UnusableInput, durable, engine
from orchestration import records
from orchestration.database import attached

# Readers of DuckDB 1.4 and newer, and Evidence's connector, open this storage format.
STORAGE_VERSION = "v1.4.0"


@dataclass(frozen=True)
class Publication:
    """What a published database stands on. `content` is a hash over every row of every mart."""

    as_of: dt.datetime
    input_fingerprint: str
    load_sequence: int
    content: str


def mart_names(manifest: Path) -> list[str]:
    """The marts of the project, sorted: what readers get, and nothing else of the warehouse."""
    nodes = json.loads(manifest.read_bytes())["nodes"].values()
    return sorted(
        node["name"]
        for node in nodes
        if node["resource_type"] == "model" and node["schema"] == "marts"
    )


def candidate_file(home: Home) -> Path:
    """Where the next published database is built."""
    return home.published / ".candidate.duckdb"


def write_candidate(home: Home, marts: Sequence[str]) -> Publication:
    """Copy the marts of the warehouse into a new database aside."""
    candidate = candidate_file(home)
    _remove(candidate)
    with attached(warehouse=home.warehouse) as connection:
        connection.execute(
            f"attach {engine.literal(str(candidate))} as candidate"
            f" (storage_version '{STORAGE_VERSION}')"
        )
        connection.execute("create schema candidate.marts; create schema candidate.meta")
        for mart in marts:
            connection.execute(
                f"create table candidate.marts.{mart} as from warehouse.marts.{mart}"
            )
        content = _content(connection, "candidate", marts)
        connection.execute(
            "create table candidate.meta.publication as"
            " select as_of, input_fingerprint, load_sequence, ? as content"
            " from warehouse.intermediate.int_run__context"
            " cross join warehouse.intermediate.int_run__fingerprint",
            [content],
        )
        return _publication(connection, "candidate")


def differing_marts(home: Home, marts: Sequence[str]) -> list[str]:
    """The marts whose copy in the candidate is not, row for row, what the warehouse holds."""
    with attached(warehouse=home.warehouse, candidate=candidate_file(home)) as connection:
        return [
            mart
            for mart in marts
            if _content(connection, "candidate", [mart])
            != _content(connection, "warehouse", [mart])
        ]


def require_figures(home: Home, month: dt.date) -> None:
    """Refuse a month of which nothing is known.

    Raises:
        UnusableInput: no agent has a figure in the month.
    """
    with attached(candidate=candidate_file(home)) as connection:
        span = connection.execute(
            "select count(*) filter (where month = ?), min(month), max(month)"
            " from candidate.marts.fct_agent_month",
            [month],
        ).fetchone()
    assert span is not None
    found, first, last = span
    if not found:
        held = (
            f"the data hold {first:%Y-%m} to {last:%Y-%m}"
            if first
            else "the data hold no month at all"
        )
        raise UnusableInput(f"{month:%Y-%m} has no data: {held}")


def swap_in(home: Home) -> bool:
    """Make the candidate the published database; False when it holds just what is published already."""
    candidate, published = candidate_file(home), home.published_database
    new = _read(candidate)
    if published.exists() and _read(published).content == new.content:
        _remove(candidate)
        # A crash between the swap and its record left the record out.
        _record(home, new)
        return False
    durable.put_in_place(candidate, published)
    _record(home, new)
    return True


def published_load_sequence(home: Home) -> int:
    """The newest load that the published database has seen; 0 before the first publication."""
    return _read(home.published_database).load_sequence if home.published_database.exists() else 0


def published_as_of(home: Home) -> dt.datetime:
    """The instant that the published database reports at."""
    return _read(home.published_database).as_of


def _record(home: Home, publication: Publication) -> None:
    past = records.publications(home)
    if past and past[-1]["content"] == publication.content:
        return
    records.append_line(
        home.records / "publications.ndjson",
        {
            "published_at": dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
            "as_of": publication.as_of.isoformat(),
            "input_fingerprint": publication.input_fingerprint,
            "load_sequence": publication.load_sequence,
            "content": publication.content,
        },
    )


def _content(connection: duckdb.DuckDBPyConnection, database: str, marts: Sequence[str]) -> str:
    # Every mart has a unique grain, so no two equal rows cancel each other in the exclusive or.
    hashes = [
        connection.execute(
            f"select count(*), coalesce(bit_xor(hash(mart)), 0) from {database}.marts.{mart} as mart"
        ).fetchone()
        for mart in marts
    ]
    return ";".join(f"{mart}:{found}" for mart, found in zip(marts, hashes, strict=True))


def _publication(connection: duckdb.DuckDBPyConnection, database: str) -> Publication:
    row = connection.execute(
        f"select as_of, input_fingerprint, load_sequence, content from {database}.meta.publication"
    ).fetchone()
    assert row is not None
    return Publication(*row)


def _read(database: Path) -> Publication:
    with attached(database=database) as connection:
        return _publication(connection, "database")


def _remove(database: Path) -> None:
    for suffix in ("", ".wal"):
        Path(f"{database}{suffix}").unlink(missing_ok=True)
