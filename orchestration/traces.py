"""Where a home still names somebody: by id, name, e-mail address or phone number, in every kind of file it holds."""

import email
import email.policy
import gzip
import html
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import duckdb

import reports
from ingestion import DATASETS, ENTITIES, SOURCES, Entity, Home, encryption, engine
from ingestion.contract import Dataset
from ingestion.erased import MASKED, is_pseudonym
from ingestion.home import raw_columns
from ingestion.sources import INPUTS, people

# Shorter ones are found in half of all words: they count only where a whole cell is one.
SHORTEST = 4
_ESCAPED = re.compile(r"\\u([0-9a-fA-F]{4})")


@dataclass(frozen=True)
class Person:
    """Somebody's traces.

    `texts`: names, addresses and numbers that are nobody else's. `ids`: (vendor, id) in vendors' systems; the agent's
    own id is one in each, but where it is somebody else's there.
    """

    agent_id: str
    texts: tuple[str, ...]
    ids: tuple[tuple[str, str], ...] = ()

    @property
    def sought(self) -> list[str]:
        """What is looked for inside of texts, the longest first."""
        ids = (one for _, one in self.ids if is_telling(one))
        found = {text for text in (self.agent_id, *self.texts, *ids) if len(text) >= SHORTEST}
        return sorted(found, key=lambda text: (-len(text), text))

    def ids_in(self, source: str) -> list[str]:
        """What a vendor's system calls the person."""
        return [one for vendor, one in self.ids if vendor == source]

    @property
    def pattern(self) -> re.Pattern[str] | None:
        """Any of them as whole words; a line of a page may end within a name. None: all are too short."""
        words = "|".join(re.sub(r"\\ ", r"\\s+", re.escape(text)) for text in self.sought)
        return re.compile(rf"(?<![^\W_])(?:{words})(?![^\W_])", re.IGNORECASE) if words else None


def is_telling(vendors_id: str) -> bool:
    """Whether an id of a vendor's system means somebody wherever it stands; a word or a number does not."""
    return not (vendors_id.isalpha() or vendors_id.isdecimal())


def sql_pattern(texts: list[str]) -> str:
    """Any of the texts as whole words, as a SQL string of a regular expression; group 2 is the text.

    In JSON a text may be escaped, and the character before it too.
    """
    words = "|".join(people.written(text) for text in texts)
    before = r"^|[^\p{L}\p{N}]|\\[bfnrt]|\\u[0-9a-fA-F]{4}"
    return engine.literal(rf"({before})({words})($|[^\p{{L}}\p{{N}}])")


def person_of(
    home: Home, agent_id: str, table: Iterable[tuple[str, str, str]] = ()
) -> Person | None:
    """Whoever has an id in the raw files or in closed months; None where nobody has.

    table: (vendor, id there, agent's id), as the table of rules `agent_ids` says it. A name that somebody else has as
    well tells nobody who is meant, and stays.
    """
    closes = sorted((home.records / "performance").glob("*.parquet"))
    with engine.connect() as connection:
        profiles = raw(connection, home, DATASETS["agents"])
        sources = [f"select agent_id, unnest([name, email, phone]) as text from {profiles}"]
        if closes:
            sources.append(f"select agent_id, name from {engine.parquet(connection, closes)}")
        connection.execute(f"create table known as {' union '.join(sources)}")
        found = connection.execute(
            "select distinct text from known where agent_id = $agent"
            " and lower(text) not in (select lower(text) from known where agent_id <> $agent and text is not null)",
            {"agent": agent_id},
        ).fetchall()
        everybody = {
            agent
            for (agent,) in connection.execute("select distinct agent_id from known").fetchall()
        }
        texts = tuple(sorted(text for (text,) in found if text))
        person = Person(agent_id, texts, _ids(connection, home, agent_id, list(table), everybody))
        if agent_id not in everybody and not _happens(connection, home, person):
            return None
    return person


def _ids(
    connection: duckdb.DuckDBPyConnection,
    home: Home,
    agent_id: str,
    table: list[tuple[str, str, str]],
    everybody: set[str],
) -> tuple[tuple[str, str], ...]:
    """The ids of a person in vendors' systems: by the table, and by records that have several of one person."""
    found = []
    for source in SOURCES:
        own = {agent_id}
        others = everybody - own
        linked: list[set[str]] = []
        for entity in ENTITIES.values():
            if entity.source != source:
                continue
            for vendor, one, agent in table:
                if vendor == source:
                    (own if agent == agent_id else others).update({one, people.bare(entity, one)})
            if len(entity.about) > 1 and has_raw(home, entity.name):
                linked += _linked(connection, home, entity)
        # Whose an id is, the table and the list of agents say before any record does.
        own -= others
        grown = True
        while grown:
            size = len(own)
            own.update(*(group - others for group in linked if not group.isdisjoint(own)))
            grown = len(own) > size
        found += [(source, one) for one in own]
    return tuple(sorted(found))


def _linked(connection: duckdb.DuckDBPyConnection, home: Home, entity: Entity) -> list[set[str]]:
    """The ids that stand together in records about one person."""
    ids = " || ".join(people.ids(entity, place) for place in entity.about)
    groups = connection.execute(
        f"select distinct list_sort(list_distinct({ids})) as ids"
        f" from {raw(connection, home, entity.dataset)}"
    ).fetchall()
    return [{one for one in ids if one != MASKED and not is_pseudonym(one)} for (ids,) in groups]


def _happens(connection: duckdb.DuckDBPyConnection, home: Home, person: Person) -> bool:
    """Whether rows or records name an id that `agents` does not know."""
    tests = {
        name: f"agent_id = {engine.literal(person.agent_id)}"
        for name, dataset in DATASETS.items()
        if any(column.name == "agent_id" for column in dataset.columns)
    } | {
        name: people.named(entity, entity.places, person.ids_in(entity.source))
        for name, entity in ENTITIES.items()
        if has_raw(home, name)
    }
    return any(
        connection.execute(
            f"select 1 from {raw(connection, home, INPUTS[name])} where {test} limit 1"
        ).fetchone()
        for name, test in tests.items()
    )


def has_raw(home: Home, name: str) -> bool:
    """Whether there is any raw file of a dataset or entity."""
    return any(home.raw_folder(name).glob("[!_]*.parquet"))


def raw(connection: duckdb.DuckDBPyConnection, home: Home, dataset: Dataset) -> str:
    """SQL of a relation of all raw rows of a dataset or entity."""
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
