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
from ingestion import (
    DATASETS,
    ENTITIES,
    SOURCES,
    Entity,
    Home,
    encryption,
    engine,
    read_ledger,
)
from ingestion.contract import Dataset
from ingestion.erased import MASKED, is_pseudonym
from ingestion.home import holds_no_load, raw_columns
from ingestion.ledger import Load
from ingestion.sources import INPUTS, people

# Shorter ones are found in half of all words: they count only where a whole cell is one.
SHORTEST = 4
_ESCAPED = re.compile(r"\\u([0-9a-fA-F]{4})")


@dataclass(frozen=True)
class Person:
    """Somebody's traces.

    `texts`: names, addresses and numbers that are nobody else's. `ids`: (system, id) in the systems of vendors and of
    mapping files; the agent's own id is one in each, but where it is somebody else's there. `shared`: those of them
    that are also the own id of somebody else: they mean the person only where that system puts an agent.
    """

    agent_id: str
    texts: tuple[str, ...]
    ids: tuple[tuple[str, str], ...] = ()
    shared: tuple[str, ...] = ()

    @property
    def sought(self) -> list[str]:
        """What is looked for inside of texts, the longest first."""
        ids = (one for _, one in self.ids if is_telling(one) and one not in self.shared)
        found = {text for text in (self.agent_id, *self.texts, *ids) if len(text) >= SHORTEST}
        return sorted(found, key=lambda text: (-len(text), text))

    def ids_in(self, source: str) -> list[str]:
        """What the system of a vendor or of a mapping file calls the person."""
        return [one for system, one in self.ids if system == source]

    def ids_of(self, load: Load | None) -> list[str]:
        """What the person is called in rows of the landing contract; a mapping file leaves the ids of its system."""
        if load is None or load.mapping is None or load.source is None:
            return [self.agent_id]
        return self.ids_in(load.source)

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

    table: (system, id there, agent's id), as the table of rules `agent_ids` says it. A name that somebody else has as
    well tells nobody who is meant, and stays.
    """
    table = list(table)
    mapped = [load for load in read_ledger(home) if load.mapping is not None]
    closes = sorted((home.records / "performance").glob("*.parquet"))
    with engine.connect() as connection:
        sources = [
            "select agent_id, unnest([name, email, phone]) as text"
            f" from ({_profiles(connection, home, table, mapped)})"
        ]
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
        ids = _ids(connection, home, agent_id, table, everybody)
        systems = {load.source for load in mapped if load.source is not None}
        ids += _mapped_ids(agent_id, table, systems)
        shared = {one for _, one in ids} & everybody - {agent_id}
        person = Person(agent_id, texts, tuple(sorted(ids)), tuple(sorted(shared)))
        if agent_id not in everybody and not _happens(connection, home, person, mapped):
            return None
    return person


def _profiles(
    connection: duckdb.DuckDBPyConnection,
    home: Home,
    table: list[tuple[str, str, str]],
    mapped: list[Load],
) -> str:
    """SQL of the rows of `agents`, with the agents' own ids also where a mapping file left those of its system."""
    connection.execute("create table other_id (source varchar, other varchar, own varchar)")
    connection.execute("create table mapped_load (load_id varchar, source varchar)")
    loads = [(load.load_id, load.source) for load in mapped if load.dataset == "agents"]
    for name, rows in (("other_id", table), ("mapped_load", loads)):
        if rows:
            places = ", ".join("?" for _ in rows[0])
            connection.executemany(f"insert into {name} values ({places})", rows)
    return (
        "select landed.* replace (coalesce(own, agent_id) as agent_id)"
        f" from {raw(connection, home, DATASETS['agents'])} as landed"
        " left join mapped_load using (load_id)"
        " left join other_id on mapped_load.source = other_id.source and agent_id = other"
    )


def _mapped_ids(
    agent_id: str, table: list[tuple[str, str, str]], loaded: set[str]
) -> list[tuple[str, str]]:
    """The ids of a person in systems that mapping files read: the agent's own, and what the table says.

    loaded: systems that something came from.
    """
    own = {
        (system, agent_id) for system in {*loaded, *(system for system, _, _ in table)} - {*SOURCES}
    }
    for system, one, agent in table:
        if system not in SOURCES:
            (own.add if agent == agent_id else own.discard)((system, one))
    return list(own)


def _ids(
    connection: duckdb.DuckDBPyConnection,
    home: Home,
    agent_id: str,
    table: list[tuple[str, str, str]],
    everybody: set[str],
) -> list[tuple[str, str]]:
    """The ids of a person in vendors' systems: by the table, and by records that have several of one person."""
    found = []
    for source in SOURCES:
        entities = [entity for entity in ENTITIES.values() if entity.source == source]
        said = {
            form: agent
            for vendor, one, agent in table
            if vendor == source
            for form in (one, people.bare(entities[0], one))
        }
        own = {one for one, agent in {agent_id: agent_id, **said}.items() if agent == agent_id}
        others = (everybody | said.keys()) - own
        linked: list[set[str]] = []
        for entity in entities:
            if len(entity.about) > 1 and has_raw(home, entity.name):
                linked += _linked(connection, home, entity)
        # Whose an id is, the table says, then the list of agents, before any record does.
        grown = True
        while grown:
            size = len(own)
            own.update(*(group - others for group in linked if not group.isdisjoint(own)))
            grown = len(own) > size
        found += [(source, one) for one in own]
    return found


def _linked(connection: duckdb.DuckDBPyConnection, home: Home, entity: Entity) -> list[set[str]]:
    """The ids that stand together in records about one person."""
    ids = " || ".join(people.ids(entity, place) for place in entity.about)
    groups = connection.execute(
        f"select distinct list_sort(list_distinct({ids})) as ids"
        f" from {raw(connection, home, entity.dataset)}"
    ).fetchall()
    return [{one for one in ids if one != MASKED and not is_pseudonym(one)} for (ids,) in groups]


def _happens(
    connection: duckdb.DuckDBPyConnection, home: Home, person: Person, mapped: list[Load]
) -> bool:
    """Whether rows or records name an id that `agents` does not know."""
    tests = {
        name: _is_own_row([load for load in mapped if load.dataset == name], person)
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


def _is_own_row(mapped: list[Load], person: Person) -> str:
    """SQL that is true of a person's rows of a dataset, of which these loads came by mapping files."""
    cases = [
        f"when load_id = {engine.literal(load.load_id)} then {has_id('agent_id', person.ids_of(load))}"
        for load in mapped
    ]
    landed = has_id("agent_id", person.ids_of(None))
    return f"case {' '.join(cases)} else {landed} end" if cases else landed


def has_id(column: str, ids: list[str]) -> str:
    """SQL that is true where a column holds one of the ids."""
    among = ", ".join(engine.literal(one) for one in ids)
    return f"coalesce({engine.identifier(column)} in ({among}), false)" if ids else "false"


def has_raw(home: Home, name: str) -> bool:
    """Whether there is any raw file of a dataset or entity."""
    files = home.raw_folder(name).glob("*.parquet")
    return any(not holds_no_load(file) for file in files)


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
            case ".html":
                files = reports.csv_texts_of_page(_content(path).decode())
                if any(pattern.search(file) for file in files):
                    return True
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
