"""The published database: written aside, compared with the warehouse, swapped in whole.

A reader with the old file open keeps it; nobody waits for a build, and nothing is ever half published.
"""

import datetime as dt
import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb

from ingestion import Home, UnusableInput, durable, engine, ledger
from orchestration import records
from orchestration.access import About, Privacy, about_of, privacy_of
from orchestration.database import attached
from orchestration.model_version import model_version
from orchestration.progress import tell
from orchestration.quality import history

_LEFT_OUT = re.compile(r"EXCLUDE \(([^)]*)\)")


class MisfitFunction(Exception):  # noqa: N818 - read by users, not only by developers
    """A table function that cannot be published; the message names it and the cause."""


@dataclass(frozen=True)
class Publication:
    """What a published database stands on. `content`: hashes of every row of every mart, and of every function."""

    as_of: dt.datetime
    input_fingerprint: str
    load_sequence: int
    content: str


@dataclass(frozen=True)
class Mart:
    """A table that readers get.

    `grain`: the columns that name one of its rows. `columns`: what each column means, by name. `about`: whom its rows
    are about. `privacy`: what its columns may give away; one that is not in it gives nothing away. `types`: of its
    columns, as the contract declares them.
    """

    name: str
    grain: tuple[str, ...]
    columns: tuple[tuple[str, str], ...] = field(default=(), kw_only=True)
    about: About = field(default=About(), kw_only=True)
    privacy: Mapping[str, Privacy] = field(default_factory=dict, kw_only=True, hash=False)
    types: Mapping[str, str] = field(default_factory=dict, kw_only=True, hash=False, compare=False)


@dataclass(frozen=True)
class TableFunction(Mart):
    """A query that readers get as a function. `parameters`: as declared, such as `of_team := null`.

    `grain`: the columns that name one of the rows that it returns.
    """

    parameters: tuple[str, ...]


def interface(manifest: Path) -> list[Mart]:
    """What readers get, and nothing else of the warehouse: the marts, then the table functions, each sorted by name."""
    nodes = json.loads(manifest.read_bytes())["nodes"].values()
    public = [
        _public(node)
        for node in nodes
        if node["resource_type"] == "model" and node["schema"] == "marts"
    ]
    return sorted(public, key=lambda mart: (isinstance(mart, TableFunction), mart.name))


def mart_names(manifest: Path) -> list[str]:
    """The marts of the project, sorted: tables alone."""
    return [mart.name for mart in interface(manifest) if not isinstance(mart, TableFunction)]


def _public(node: Mapping[str, Any]) -> Mart:
    config = node["config"]
    grain = tuple(config["meta"]["grain"])
    columns = tuple((name, column["description"]) for name, column in node["columns"].items())
    if config["materialized"] == "table_function":
        return TableFunction(node["name"], grain, tuple(config["parameters"]), columns=columns)
    classes = {name: privacy_of(column) for name, column in node["columns"].items()}
    return Mart(
        node["name"],
        grain,
        columns=columns,
        about=about_of(config["meta"]),
        privacy={name: found for name, found in classes.items() if found},
        types={name: column.get("data_type", "") for name, column in node["columns"].items()},
    )


def candidate_file(home: Home) -> Path:
    """Where the next published database is built."""
    return home.published / f".{home.published_database.name}.candidate"


def write_candidate(home: Home, marts: Sequence[Mart]) -> Publication:
    """Copy the marts of the warehouse, and then its table functions, into a new database aside.

    Raises:
        MisfitFunction: a table function does not fit the marts, or was never built.
    """
    candidate = candidate_file(home)
    _remove(candidate)
    _settle(home.warehouse)
    with attached(warehouse=home.warehouse) as connection:
        engine.attach(connection, candidate, "candidate")
        # A function names its marts without a database: those of the candidate are meant, not the warehouse's.
        connection.execute(
            "use candidate; create schema candidate.marts; create schema candidate.meta;"
            "create table candidate.meta.mart"
            " (mart varchar primary key, grain varchar[] not null, parameters varchar[]);"
            "create table candidate.meta.mart_column"
            " (mart varchar, name varchar, description varchar not null, primary key (mart, name))"
        )
        for mart in marts:
            _copy(connection, mart)
            connection.execute(
                "insert into candidate.meta.mart values (?, ?, ?)",
                [
                    mart.name,
                    list(mart.grain),
                    list(mart.parameters) if isinstance(mart, TableFunction) else None,
                ],
            )
        described = [[mart.name, *column] for mart in marts for column in mart.columns]
        if described:
            connection.executemany(
                "insert into candidate.meta.mart_column values (?, ?, ?)", described
            )
        # A function that was just made reads differently from the same one in a file: the warehouse has it from a file.
        content = ";".join(
            f"{mart.name}:"
            f"{_content(connection, 'warehouse' if isinstance(mart, TableFunction) else 'candidate', mart)}"
            for mart in marts
        )
        connection.execute(
            "create table candidate.meta.publication as"
            " select as_of, input_fingerprint, load_sequence, ? as content"
            " from warehouse.intermediate.int_run__context"
            " cross join warehouse.intermediate.int_run__fingerprint",
            [content],
        )
        return _publication(connection, "candidate")


def _settle(database: Path) -> None:
    """Put what a log holds into the file beside it: whoever wrote it last, such as dbt in an encrypted home, left it.

    A table function that is read out of a log reads differently from the same one in a file.
    """
    if Path(f"{database}.wal").exists():
        with engine.writing(database) as connection:
            connection.execute("checkpoint")


def differing_marts(home: Home, marts: Sequence[Mart]) -> list[str]:
    """Names of the marts whose copy in the candidate is not, row for row, what the warehouse holds.

    A table function differs when its query does.
    """
    with attached(warehouse=home.warehouse, candidate=candidate_file(home)) as connection:
        return [
            mart.name
            for mart in marts
            if _content(connection, "candidate", mart) != _content(connection, "warehouse", mart)
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
    """Make the candidate the published database; False when it holds just what is published already.

    Published with it is what the quality gates found so far.
    """
    candidate, published = candidate_file(home), home.published_database
    new = read(candidate)
    if (
        published.exists()
        and read(published).content == new.content
        and _knows_ledger(published)
        and history.is_in(published, home)
        and not _was_altered(home, new.content)
    ):
        _remove(candidate)
        # A crash between the swap and its record left the record out.
        _record(home, new)
        return False
    _note_head(home, candidate)
    history.write_into(candidate, home)
    durable.put_in_place(candidate, published)
    _record(home, new)
    return True


def _was_altered(home: Home, content: str) -> bool:
    altered = altered_marts(home, content)
    if altered:
        tell(
            f"warning: {home.published_database} was not what was published last ({', '.join(altered)}): published anew"
        )
    return bool(altered)


def altered_marts(home: Home, content: str) -> list[str]:
    """Names of what is published and differs from a recorded content, or is missing, or is not in it.

    Raises:
        duckdb.Error: the database cannot be read, or does not say what it holds.
    """
    recorded = content_by_mart(content)
    with attached(published=home.published_database) as connection:
        there = _names_in(connection, "published")
        held = {
            mart.name: f"{mart.name}:{_content(connection, 'published', mart)}"
            for mart in _described(connection)
            if mart.name in there
        }
    return sorted(name for name in {*recorded, *there} if recorded.get(name) != held.get(name, ""))


def content_by_mart(content: str) -> dict[str, str]:
    """The parts of a recorded content, by mart."""
    return {part.split(":", 1)[0]: part for part in content.split(";")}


def _described(connection: duckdb.DuckDBPyConnection) -> list[Mart]:
    """What a published database says that it holds."""
    columns: dict[str, list[tuple[str, str]]] = {}
    for mart, name, description in connection.execute(
        "select mart, name, description from published.meta.mart_column"
    ).fetchall():
        columns.setdefault(mart, []).append((name, description))
    found = connection.execute("select mart, grain, parameters from published.meta.mart").fetchall()
    return [
        Mart(name, tuple(grain), columns=tuple(columns.get(name, ())))
        if parameters is None
        else TableFunction(
            name, tuple(grain), tuple(parameters), columns=tuple(columns.get(name, ()))
        )
        for name, grain, parameters in found
    ]


def _names_in(connection: duckdb.DuckDBPyConnection, database: str) -> set[str]:
    found = connection.execute(
        "select table_name from duckdb_tables() where database_name = $1 and schema_name = 'marts'"
        " union all select function_name from duckdb_functions()"
        " where database_name = $1 and schema_name = 'marts' and function_type = 'table_macro'",
        [database],
    ).fetchall()
    return {name for (name,) in found}


def published_load_sequence(home: Home) -> int:
    """The newest load that the published database has seen; 0 before the first publication."""
    return read(home.published_database).load_sequence if home.published_database.exists() else 0


def published_as_of(home: Home) -> dt.datetime:
    """The instant that the published database reports at."""
    return read(home.published_database).as_of


def _knows_ledger(database: Path) -> bool:
    """Whether a published database says how far the ledger had come; earlier versions' do not."""
    with attached(database=database) as connection:
        row = connection.execute(
            "select count(*) from duckdb_columns() where database_name = 'database'"
            " and table_name = 'publication' and column_name = 'ledger_hash'"
        ).fetchone()
    assert row is not None
    return bool(row[0])


def _note_head(home: Home, candidate: Path) -> None:
    """Keep how far the ledger had come: a ledger that is cut off later no longer holds this record."""
    last = ledger.head(home)
    with engine.writing(candidate) as connection:
        connection.execute(
            "create or replace table meta.publication as"
            " select *, cast($number as bigint) as ledger_sequence, cast($hash as varchar) as ledger_hash"
            " from meta.publication",
            {
                "number": last.sequence if last else 0,
                "hash": last.hash if last else ledger.GENESIS,
            },
        )


def _record(home: Home, publication: Publication) -> None:
    records.record_publication(
        home,
        {
            "as_of": publication.as_of.isoformat(),
            "input_fingerprint": publication.input_fingerprint,
            "load_sequence": publication.load_sequence,
            "content": publication.content,
            "model_version": model_version(home),
        },
    )


def _copy(connection: duckdb.DuckDBPyConnection, mart: Mart) -> None:
    if isinstance(mart, TableFunction):
        copy_function(connection, mart)
    else:
        connection.execute(
            f"create table candidate.marts.{mart.name} as from warehouse.marts.{mart.name}"
        )


def copy_function(connection: duckdb.DuckDBPyConnection, function: TableFunction) -> None:
    """Copy a table function from the database `warehouse` to the database `candidate`, which is in use.

    Raises:
        MisfitFunction: it does not fit the marts there, or was never built.
    """
    # DuckDB keeps the query of a function, but does not show the defaults of its parameters.
    parameters = ", ".join(function.parameters)
    required = ", ".join("null" for name in function.parameters if ":=" not in name)
    query = _query_of(connection, "warehouse", function)
    try:
        connection.execute(
            f"create macro candidate.marts.{function.name}({parameters}) as table {query}"
        )
        connection.execute(f"from candidate.marts.{function.name}({required}) limit 0")
    except duckdb.Error as error:
        cause = str(error).splitlines()[0]
        raise MisfitFunction(
            f"the table function marts.{function.name} does not fit the marts ({cause})"
        ) from error


def _content(connection: duckdb.DuckDBPyConnection, database: str, mart: Mart) -> str:
    """A hash of what a mart holds, or of what a table function asks; with its grain and what its columns mean."""
    if isinstance(mart, TableFunction):
        # What is left out of a `*` is a set: each time that a file is written, its names change places.
        query = _LEFT_OUT.sub(
            lambda found: f"EXCLUDE ({', '.join(sorted(found[1].split(', ')))})",
            _query_of(connection, database, mart),
        )
        asked = [*mart.parameters, query]
        found = hashlib.sha256("\n".join(asked).encode()).hexdigest()
    else:
        # Every mart has a unique grain, so no two equal rows cancel each other in the exclusive or.
        found = str(
            connection.execute(
                f"select count(*), coalesce(bit_xor(hash(mart)), 0)"
                f" from {database}.marts.{mart.name} as mart"
            ).fetchone()
        )
    meaning = hashlib.sha256(repr(mart.columns).encode()).hexdigest()[:12]
    return f"{found} by {','.join(mart.grain)}, {meaning}"


def _query_of(connection: duckdb.DuckDBPyConnection, database: str, function: TableFunction) -> str:
    row = connection.execute(
        "select macro_definition from duckdb_functions()"
        " where database_name = ? and schema_name = 'marts' and function_name = ?"
        " and function_type = 'table_macro'",
        [database, function.name],
    ).fetchone()
    if row is None:
        raise MisfitFunction(f"the {database} has no table function marts.{function.name}")
    return str(row[0])


def _publication(connection: duckdb.DuckDBPyConnection, database: str) -> Publication:
    row = connection.execute(
        f"select as_of, input_fingerprint, load_sequence, content from {database}.meta.publication"
    ).fetchone()
    assert row is not None
    return Publication(*row)


def published_content(home: Home) -> str:
    """The content of the published database, as it says itself."""
    return read(home.published_database).content


def read(database: Path) -> Publication:
    """What a published database says that it stands on."""
    with attached(database=database) as connection:
        return _publication(connection, "database")


def _remove(database: Path) -> None:
    for suffix in ("", ".wal"):
        Path(f"{database}{suffix}").unlink(missing_ok=True)
