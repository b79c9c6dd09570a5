"""Published databases for readers who may not see everything: written aside, swapped in whole, one file per audience.

Each is made from the published database, of which it holds only what its audience may read; what it may not read is
never written into the file. Who may read what is said by the marts (`orchestration.access`).
"""

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb

from ingestion import Home, durable, engine
from orchestration import pseudonyms
from orchestration.access import About, Privacy
from orchestration.database import attached
from orchestration.publication import (
    Mart,
    MisfitFunction,
    TableFunction,
    copy_function,
    read,
)
from reports.slugs import slugs

# Changes when this module makes other files from the same marts.
EDITION = 1


class Audience(ABC):
    """Who reads a file. `name` is part of what the file stands on."""

    name: str

    @abstractmethod
    def rows(self, about: About) -> str:
        """SQL condition: which rows of `mart` the audience may read."""

    @abstractmethod
    def value(self, column: str, privacy: Privacy, about: About) -> str | None:
        """SQL of what the audience gets of a column; None: the column is left out."""

    @property
    @abstractmethod
    def unspeakable(self) -> str:
        """SQL query of the labels that name whom the audience may not know, as one column `label`."""


class BI(Audience):
    """All rows, nobody's name: ids are pseudonyms, names are empty, addresses and free text are not there at all."""

    name = "bi"

    def rows(self, about: About) -> str:
        """Every row."""
        return "true"

    def value(self, column: str, privacy: Privacy, about: About) -> str | None:
        """A pseudonym of an id, no name; a label that names somebody becomes a pseudonym as well."""
        quoted = f"mart.{engine.identifier(column)}"
        shown = {
            "person": f"pseudonym({quoted})",
            "identifier": f"pseudonym({quoted})",
            # The table functions look names up: without any, they answer with the id.
            "name": "cast(null as varchar)",
            "label": f"speakable({quoted})",
            "code": quoted,
        }
        return shown.get(privacy.kind)

    @property
    def unspeakable(self) -> str:
        """Labels that name a person, or look as if they held an e-mail address or a phone number."""
        return (
            "select label from mention union select label from label"
            r" where regexp_matches(label, '[^\s@]@[^\s@]')"
            r" or regexp_matches(label, '\d([\s()./-]*\d){6}')"
        )


@dataclass(frozen=True)
class Managers(Audience):
    """Rows of one department's people and days, with names; nobody else's id, name or address."""

    department: str

    @property
    def name(self) -> str:  # type: ignore[override]
        """The department, told from the name of any other audience."""
        return f"managers/{self.department}"

    @property
    def _own(self) -> str:
        return f"department = {engine.literal(self.department)}"

    def rows(self, about: About) -> str:
        """The rows of the department's teams; of a period without a team, by the team in which it ended."""
        if about.is_open:
            return "true"
        if about.team:
            return f"mart.{about.team} in (select team_id from team where {self._own})"
        if about.period:
            return (
                f"exists (from profile where profile.agent_id = mart.{about.agent}"
                f" and {about.last_day()} between first_day and last_day and {self._own})"
            )
        if about.department:
            own = f"mart.{about.department} = {engine.literal(self.department)}"
            return f"{own} and ({about.where})"
        return "false"

    def value(self, column: str, privacy: Privacy, about: About) -> str | None:
        """The value itself, unless it is somebody else's, which is left empty."""
        quoted = f"mart.{engine.identifier(column)}"
        if privacy.kind == "label":
            return f"speakable({quoted})"
        whose = column if privacy.kind == "person" else privacy.of
        if whose is None or whose == about.agent:
            return quoted
        known = f"mart.{engine.identifier(whose)} in ({self._people})"
        return f"case when {known} then {quoted} end"

    @property
    def _people(self) -> str:
        return (
            f"select agent_id from profile where {self._own} and agent_id is not null"
            f" union select leader from leader where {self._own} and leader is not null"
        )

    @property
    def unspeakable(self) -> str:
        """Labels that name somebody else's people."""
        return f"select label from mention where agent_id not in ({self._people})"


def bi_file(home: Home) -> Path:
    """The pseudonymous database."""
    return home.published / "bi.duckdb"


def managers_folder(home: Home) -> Path:
    """Folder of the databases of the departments."""
    return home.published / "managers"


def files(home: Home) -> list[Path]:
    """The databases of audiences that are published, BI first."""
    found = [bi_file(home), *sorted(managers_folder(home).glob("[!.]*.duckdb"))]
    return [file for file in found if file.exists()]


def publish(home: Home, marts: Sequence[Mart], key: bytes) -> list[Path]:
    """Bring every audience's database to what is published; returns those that changed or went.

    A file that stands on the published content, the same rules and the same key already is left alone.
    """
    managers_folder(home).mkdir(mode=0o700, parents=True, exist_ok=True)
    wanted = _wanted(home)
    stands_on = {file: _content(home, marts, who, key) for file, who in wanted.items()}
    stale = {
        file: who
        for file, who in wanted.items()
        if not file.exists() or read(file).content != stands_on[file]
    }
    gone = [file for file in files(home) if file not in wanted]
    if stale:
        with attached(warehouse=home.published_database) as connection:
            _prepare(connection, marts, key)
            for file, who in stale.items():
                _write(connection, file, who, marts, stands_on[file])
    for file in gone:
        file.unlink()
    return [*stale, *gone]


def _wanted(home: Home) -> dict[Path, Audience]:
    with attached(published=home.published_database) as connection:
        found = connection.execute(
            "select distinct department from published.marts.dim_team where department is not null"
        ).fetchall()
    names = slugs(department for (department,) in found)
    folder = managers_folder(home)
    return {
        bi_file(home): BI(),
        **{folder / f"{name}.duckdb": Managers(which) for which, name in sorted(names.items())},
    }


def _content(home: Home, marts: Sequence[Mart], who: Audience, key: bytes) -> str:
    rules = [(mart.name, mart.about, sorted(mart.privacy.items(), key=str)) for mart in marts]
    parts = (EDITION, who.name, read(home.published_database).content, rules, key)
    return hashlib.sha256(repr(parts).encode()).hexdigest()


def _prepare(connection: duckdb.DuckDBPyConnection, marts: Sequence[Mart], key: bytes) -> None:
    """Put who belongs where, and which labels name somebody, into temporary tables; no file holds them."""
    pseudonyms.define(connection, key)
    connection.execute(TEAMS_AND_PROFILES.format(source="warehouse.marts"))
    connection.execute(
        "create temp table leader as unpivot (select department, team_lead_id, supervisor_id,"
        " department_head_id from warehouse.marts.dim_team)"
        " on team_lead_id, supervisor_id, department_head_id into name post value leader"
    )
    connection.execute(f"create temp table label as {_distinct(marts, 'label', 'label')}")
    people = [
        _column(mart, name, "text", f"mart.{privacy.of or mart.about.agent}")
        for mart, name, privacy in _columns(marts)
        if privacy.kind in ("person", "name", "contact") and (privacy.of or mart.about.agent)
    ]
    ids = _distinct(marts, "person", "text")
    connection.execute(
        "create temp table personal as select distinct text, coalesce(agent_id, text) as agent_id"
        f" from (select text, text as agent_id from ({ids})"
        f" union all {' union all '.join(people) or 'select null, null where false'})"
        " where text is not null"
    )
    # A short id or name would be found in half of all words, so it counts only as a whole label.
    connection.execute(
        "create temp table mention as with found as materialized ("
        " select label.label, lower(label.label) as words, lower(personal.text) as words_of_person,"
        " personal.agent_id from label inner join personal"
        " on contains(lower(label.label), lower(personal.text)))"
        " select label, agent_id from found"
        " where words = words_of_person or (length(words_of_person) >= 4"
        r" and regexp_matches(words, '(^|[^\p{L}\p{N}])' || regexp_escape(words_of_person)"
        r" || '($|[^\p{L}\p{N}])'))"
    )


# The team of a day is that of the profile in force; the first profile also covers what came before it.
TEAMS_AND_PROFILES = """
    create temp table team as select team_id, department from {source}.dim_team;
    create temp table profile as
    select
        people.agent_id,
        case
            when row_number() over (
                partition by people.agent_id order by people.valid_from asc nulls first
            ) > 1
                then people.valid_from
            else date '1900-01-01'
        end as first_day,
        coalesce(people.valid_to, date '9999-12-31') as last_day,
        people.team_id,
        team.department,
    from {source}.dim_agent as people
    left join team on people.team_id = team.team_id;
"""


def _columns(marts: Sequence[Mart]) -> list[tuple[Mart, str, Privacy]]:
    return [(mart, name, privacy) for mart in marts for name, privacy in mart.privacy.items()]


def _column(mart: Mart, name: str, alias: str, agent: str) -> str:
    return (
        f"select distinct mart.{engine.identifier(name)} as {alias}, {agent} as agent_id"
        f" from warehouse.marts.{mart.name} as mart"
    )


def _distinct(marts: Sequence[Mart], kind: str, alias: str) -> str:
    """Query of every value in the columns of a kind."""
    found = [
        f"select {engine.identifier(name)} as {alias} from warehouse.marts.{mart.name}"
        f" where {engine.identifier(name)} is not null"
        for mart, name, privacy in _columns(marts)
        if privacy.kind == kind
    ]
    return " union ".join(found) or f"select cast(null as varchar) as {alias} where false"


def _write(
    connection: duckdb.DuckDBPyConnection,
    final: Path,
    who: Audience,
    marts: Sequence[Mart],
    content: str,
) -> None:
    written = durable.temporary_beside(final)
    try:
        engine.attach(connection, written, "candidate")
        try:
            _fill(connection, who, marts, content)
        finally:
            connection.execute("use memory; detach candidate")
        durable.put_in_place(written, final)
    finally:
        for leftover in (written, Path(f"{written}.wal")):
            leftover.unlink(missing_ok=True)


def _fill(
    connection: duckdb.DuckDBPyConnection, who: Audience, marts: Sequence[Mart], content: str
) -> None:
    connection.execute(f"create or replace temp table unspeakable as {who.unspeakable}")
    # Whoever a label names gets a pseudonym there too, so that two labels stay two.
    connection.execute(
        "create or replace temp macro speakable(value) as"
        " case when value in (select label from unspeakable) then pseudonym(value) else value end"
    )
    connection.execute("use candidate; create schema candidate.marts; create schema candidate.meta")
    for mart in marts:
        if isinstance(mart, TableFunction):
            _copy_where_it_fits(connection, mart)
        else:
            _copy_mart(connection, who, mart)
    connection.execute(DESCRIBED)
    connection.execute(
        "create table candidate.meta.publication as"
        " select as_of, input_fingerprint, load_sequence, ? as content, ? as audience"
        " from warehouse.meta.publication",
        [content, who.name],
    )


# The descriptions of what the file holds, from those of everything: a function returns all its columns.
DESCRIBED = """
    create temp table held as
    select table_name as mart, column_name as name from duckdb_columns()
    where database_name = 'candidate' and schema_name = 'marts'
    union all
    select mart_column.mart, mart_column.name
    from warehouse.meta.mart_column
    inner join duckdb_functions() as functions
        on
            functions.function_name = mart_column.mart
            and functions.database_name = 'candidate'
            and functions.schema_name = 'marts';
    create table candidate.meta.mart as
    from warehouse.meta.mart where mart in (select mart from held);
    create table candidate.meta.mart_column as
    from warehouse.meta.mart_column where (mart, name) in (select (mart, name) from held);
    drop table held;
"""


def _copy_mart(connection: duckdb.DuckDBPyConnection, who: Audience, mart: Mart) -> None:
    """Write what the audience may read of a mart."""
    held = connection.execute(f"from warehouse.marts.{mart.name} limit 0").description
    shown = []
    for name in (column[0] for column in held):
        quoted, privacy = engine.identifier(name), mart.privacy.get(name)
        value = who.value(name, privacy, mart.about) if privacy else f"mart.{quoted}"
        if value is not None:
            shown.append(f"{value} as {quoted}")
    connection.execute(
        f"create table candidate.marts.{mart.name} as select {', '.join(shown)}"
        f" from warehouse.marts.{mart.name} as mart where {who.rows(mart.about)}"
    )


def _copy_where_it_fits(connection: duckdb.DuckDBPyConnection, function: TableFunction) -> None:
    """Copy a table function if the audience holds what it reads."""
    try:
        copy_function(connection, function)
    except MisfitFunction:
        connection.execute(f"drop macro table if exists candidate.marts.{function.name}")
