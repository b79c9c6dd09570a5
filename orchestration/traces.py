"""Where a home still names somebody: by id, name, e-mail address or phone number, in every kind of file it holds."""

import email
import email.policy
import gzip
import html
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import duckdb

import reports
from ingestion import DATASETS, Home, encryption, engine
from ingestion.contract import Dataset
from ingestion.home import raw_columns

# Shorter ones are found in half of all words: they count only where a whole cell is one.
SHORTEST = 4
_ESCAPED = re.compile(r"\\u([0-9a-fA-F]{4})")


@dataclass(frozen=True)
class Person:
    """Somebody's traces. `texts`: names, addresses and numbers that are nobody else's."""

    agent_id: str
    texts: tuple[str, ...]

    @property
    def sought(self) -> list[str]:
        """What is looked for inside of texts, the longest first."""
        found = {text for text in (self.agent_id, *self.texts) if len(text) >= SHORTEST}
        return sorted(found, key=lambda text: (-len(text), text))

    @property
    def pattern(self) -> re.Pattern[str] | None:
        """Any of them as whole words; a line of a page may end within a name. None: all are too short."""
        words = "|".join(re.sub(r"\\ ", r"\\s+", re.escape(text)) for text in self.sought)
        return re.compile(rf"(?<![^\W_])(?:{words})(?![^\W_])", re.IGNORECASE) if words else None


def sql_pattern(texts: list[str]) -> str:
    """Any of the texts as whole words, as a SQL string of a regular expression; group 2 is the text."""
    words = "|".join(re.sub(r"([!-/:-@\[-`{-~])", r"\\\1", text) for text in texts)
    return engine.literal(rf"(^|[^\p{{L}}\p{{N}}])({words})($|[^\p{{L}}\p{{N}}])")


def person_of(home: Home, agent_id: str) -> Person | None:
    """Whoever has an id in the raw files or in closed months; None where nobody has.

    A name that somebody else has as well tells nobody who is meant, and stays.
    """
    closes = sorted((home.records / "performance").glob("*.parquet"))
    with engine.connect() as connection:
        profiles = _raw(connection, home, DATASETS["agents"])
        sources = [f"select agent_id, unnest([name, email, phone]) as text from {profiles}"]
        if closes:
            sources.append(f"select agent_id, name from {engine.parquet(connection, closes)}")
        connection.execute(f"create table known as {' union '.join(sources)}")
        found = connection.execute(
            "select distinct text from known where agent_id = $agent"
            " and lower(text) not in (select lower(text) from known where agent_id <> $agent and text is not null)",
            {"agent": agent_id},
        ).fetchall()
        is_known = connection.execute(
            "select count(*) from known where agent_id = ?", [agent_id]
        ).fetchone()
    if not (is_known and is_known[0]) and not _happens(home, agent_id):
        return None
    return Person(agent_id, tuple(sorted(text for (text,) in found if text)))


def _happens(home: Home, agent_id: str) -> bool:
    """Whether rows name an id that `agents` does not know."""
    with engine.connect() as connection:
        for dataset in DATASETS.values():
            if not any(column.name == "agent_id" for column in dataset.columns):
                continue
            row = connection.execute(
                f"select 1 from {_raw(connection, home, dataset)} where agent_id = ? limit 1",
                [agent_id],
            ).fetchone()
            if row is not None:
                return True
    return False


def _raw(connection: duckdb.DuckDBPyConnection, home: Home, dataset: Dataset) -> str:
    return engine.parquet(
        connection, home.raw_folder(dataset.name) / "*.parquet", raw_columns(dataset)
    )


def in_file(path: Path, person: Person, connection: duckdb.DuckDBPyConnection) -> bool:
    """Whether a file names somebody, whatever is packed into it; one that cannot be read is searched as it is.

    connection: to any database; it reads what needs one.

    Raises:
        UnusableInput: what is sealed is damaged, so nobody knows whom it names.
    """
    pattern = person.pattern
    if pattern is None:
        return False
    try:
        match path.with_name(path.name.removesuffix(encryption.SUFFIX)).suffix:
            case ".parquet":
                return _in_relation(connection, engine.parquet_as_it_lies(connection, path), person)
            case ".duckdb":
                return _in_database(connection, path, person)
            case ".pdf":
                return bool(pattern.search(reports.text_of_pdf(_content(path))))
            case ".eml":
                return any(pattern.search(text) for text in message_texts(_content(path)))
            case ".gz":
                return bool(
                    pattern.search(gzip.decompress(_content(path)).decode(errors="replace"))
                )
    except (duckdb.Error, ValueError, OSError, EOFError):
        pass
    text = _content(path).decode(errors="replace")
    return any(pattern.search(read) for read in (text, html.unescape(text), _unescaped(text)))


def _unescaped(text: str) -> str:
    r"""A text of JSON or a script with its letters in place of `\uXXXX`."""
    read = _ESCAPED.sub(lambda found: chr(int(found[1], 16)), text)
    # Letters beyond the first plane are written as two.
    return read.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _content(path: Path) -> bytes:
    """What a file says, sealed or not: a landing folder in an encrypted home lies in the clear."""
    content = path.read_bytes()
    if content.startswith(encryption.MAGIC) and (keys := encryption.keys_of(path)) is not None:
        return encryption.unsealed(path, content, keys)
    return content


def in_folder(folder: Path, person: Person, besides: tuple[Path, ...] = ()) -> Iterator[Path]:
    """The files below a folder that name somebody, in their content or their path, except below `besides`."""
    pattern = person.pattern
    if pattern is None or not folder.is_dir():
        return
    with engine.connect() as connection:
        for path in sorted(folder.rglob("*")):
            if not path.is_file() or any(path.is_relative_to(one) for one in besides):
                continue
            is_named = pattern.search(path.relative_to(folder).as_posix())
            if is_named or in_file(path, person, connection):
                yield path


def message_texts(content: bytes) -> Iterator[str]:
    """Headers and parts of an e-mail as they are read, its PDFs too."""
    message = email.message_from_bytes(content, policy=email.policy.default)
    for part in message.walk():
        yield from (str(value) for value in part.values())
        if part.get_content_type() == "application/pdf":
            yield reports.text_of_pdf(part.get_content())
        elif part.get_content_maintype() == "text":
            yield html.unescape(str(part.get_content()))


def _in_database(connection: duckdb.DuckDBPyConnection, path: Path, person: Person) -> bool:
    engine.attach(connection, path, "held", read_only=True)
    try:
        tables = connection.execute(
            "select schema_name, table_name from duckdb_tables() where database_name = 'held'"
        ).fetchall()
        return any(
            _in_relation(
                connection, f"held.{engine.identifier(schema)}.{engine.identifier(name)}", person
            )
            for schema, name in tables
        )
    finally:
        connection.execute("detach held")


def _in_relation(connection: duckdb.DuckDBPyConnection, relation: str, person: Person) -> bool:
    columns = connection.execute(f"describe from {relation}").fetchall()
    pattern = sql_pattern(person.sought)
    tests = [
        f"regexp_matches(cast({engine.identifier(name)} as varchar), {pattern}, 'i')"
        for name, kind, *_ in columns
        if "VARCHAR" in kind or kind == "JSON"
    ]
    if not tests:
        return False
    found = connection.execute(f"select 1 from {relation} where {' or '.join(tests)} limit 1")
    return found.fetchone() is not None
