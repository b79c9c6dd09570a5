"""Who was erased, so that nobody's rows come back with the next export. Nobody is named.

`records/erased.json` holds a random key and the HMAC-SHA-256 of each erased id under it, of ids in a vendor's system
together with the vendor: enough to know an id again when it comes, and no list of ids. What stands in the place of an
erased id elsewhere is random: nothing leads from one to the other.
"""

import hashlib
import hmac
import json
import re
import secrets
from collections.abc import Callable, Iterable

import duckdb

from ingestion import durable, encryption
from ingestion.engine import identifier, literal
from ingestion.home import Home
from ingestion.ledger import locked
from ingestion.sources import people
from ingestion.sources.entities import PAYLOAD, Entity

PERSON_COLUMNS = (
    "agent_id",
    "team_lead_id",
    "supervisor_id",
    "department_head_id",
    "evaluator_id",
    "transferred_to",
    "escalated_to",
)
"""Columns of the contract that may hold the id of somebody who works here."""

MASKED = "(erased)"
"""Stands where the name of an erased person stood, and where a later row names that person."""

REASON = "erased: this person's rows are kept out on request; remove them at the source"

_PSEUDONYM = re.compile(r"erased-[0-9a-f]{16}")


def new_pseudonym() -> str:
    """What stands for an erased id from now on: random, so that nothing leads back."""
    return f"erased-{secrets.token_hex(8)}"


def is_pseudonym(person: str | None) -> bool:
    """Whether an id stands for somebody who was erased."""
    return person is not None and _PSEUDONYM.fullmatch(person) is not None


class Erased:
    """The list of one home, as it was when read."""

    def __init__(self, home: Home) -> None:
        """Read what is there."""
        self._file = home.erased
        self._read()

    def __bool__(self) -> bool:
        """Whether anybody was erased."""
        return bool(self._marks)

    def holds(self, person: str) -> bool:
        """Whether this person was erased."""
        return bool(self._marks) and self._mark(person) in self._marks

    def holds_in(self, source: str, person: str) -> bool:
        """Whether who has this id in a vendor's system was erased."""
        return self.holds(_within(source, person))

    def holds_mapped(self, system: str, person: str) -> bool:
        """Whether who has this id in a system that a mapping file reads was erased.

        Where nobody said anything, an id there is the agent's own.
        """
        if self.holds_in(system, person):
            return True
        return self.holds(person) and not self.holds_in(system, _somebody_elses(person))

    def add(
        self,
        person: str,
        ids: Iterable[tuple[str, str]] = (),
        somebody_elses_in: Iterable[str] = (),
    ) -> None:
        """Keep this person's rows out from now on.

        ids: (system, id) of the person in other systems. somebody_elses_in: systems where the person's own id is that
        of somebody else.
        """
        with locked(self._file.with_suffix(".lock")):
            self._read()
            self._marks.add(self._mark(person))
            self._marks.update(self._mark(_within(*one)) for one in ids)
            others = [_within(system, _somebody_elses(person)) for system in somebody_elses_in]
            self._marks.update(self._mark(one) for one in others)
            # In the order of the hashes: nothing tells who came first.
            content = {"key": self._key.hex(), "erased": sorted(self._marks)}
            text = json.dumps(content, indent=1) + "\n"
            durable.write_bytes(self._file, encryption.seal(self._file, text.encode()))

    def _read(self) -> None:
        try:
            content = json.loads(encryption.read(self._file))
        except FileNotFoundError:
            content = {"key": secrets.token_hex(32), "erased": []}
        self._key = bytes.fromhex(content["key"])
        self._marks = set(content["erased"])

    def _mark(self, person: str) -> str:
        return hmac.new(self._key, person.encode(), hashlib.sha256).hexdigest()


def _within(source: str, person: str) -> str:
    # No id of the contract holds a NUL character.
    return f"{source}\0{person}"


def _somebody_elses(person: str) -> str:
    return f"\0{person}"


def keep_out(
    opened: duckdb.DuckDBPyConnection,
    present: tuple[str, ...],
    erased: Erased,
    system: str | None = None,
) -> int:
    """Take the rows of erased people out of `landed` and note them in `refused` without a value; returns how many.

    Where somebody else's row names an erased person, the id is masked and the row stays. Of a line that is no row and
    may name one neither text nor value is kept. `system`: whose ids the rows have, where a mapping file made them.
    """
    if not erased:
        return 0

    def holds(person: str) -> bool:
        return erased.holds_mapped(system, person) if system else erased.holds(person)

    _forget_refused(opened, lambda text: any(map(holds, people.words(text))))
    columns = [name for name in PERSON_COLUMNS if name in present]
    if not columns:
        return 0
    named = " union ".join(f"SELECT {identifier(name)} FROM landed" for name in columns)
    found = [
        literal(person)
        for (person,) in opened.execute(named).fetchall()
        if person is not None and holds(person)
    ]
    if not found:
        return 0
    among = ", ".join(found)
    own = f"coalesce(agent_id IN ({among}), false)" if "agent_id" in present else "false"
    masked = ", ".join(
        f"CASE WHEN {identifier(name)} IN ({among}) THEN {literal(MASKED)}"
        f" ELSE {identifier(name)} END AS {identifier(name)}"
        for name in columns
        if name != "agent_id"
    )
    names = " OR ".join(f"coalesce({identifier(name)} IN ({among}), false)" for name in columns)
    opened.execute("ALTER VIEW landed RENAME TO landed_as_read")
    replaced = (
        f"REPLACE ({masked}, CASE WHEN {names} THEN NULL ELSE record END AS record)"
        if masked
        else ""
    )
    opened.execute(
        f"CREATE TEMP VIEW landed AS SELECT * {replaced} FROM landed_as_read WHERE NOT {own}"
    )
    opened.execute(
        "INSERT INTO refused SELECT row_number, line_number,"
        f" 'agent_id', NULL, {literal(REASON)}, NULL FROM landed_as_read WHERE {own}"
    )
    row = opened.execute(f"SELECT count(*) FROM landed_as_read WHERE {own}").fetchone()
    assert row is not None
    return int(row[0])


def _forget_refused(
    opened: duckdb.DuckDBPyConnection, is_about_erased: Callable[[str], bool]
) -> None:
    """Keep neither text nor value of what is no row or record, and may name an erased person."""
    refused = opened.execute("SELECT row_number, record FROM refused").fetchall()
    naming = [(row,) for row, text in refused if text and is_about_erased(text)]
    if naming:
        opened.executemany(
            "UPDATE refused SET value = NULL, record = NULL WHERE row_number = ?", naming
        )


def names_somebody(entity: Entity, texts: Iterable[str], erased: Erased) -> bool:
    """Whether anything in these records may be the id of an erased person, wherever it stands."""
    if not erased:
        return False
    found = {token for text in texts for token in people.tokens(entity, text)}
    return any(erased.holds_in(entity.source, token) for token in found)


def keep_records_out(opened: duckdb.DuckDBPyConnection, entity: Entity, erased: Erased) -> int:
    """Do for a vendor's records what `keep_out` does for rows of the contract; returns how many were taken out.

    A record about an erased person is taken out; in one that only mentions the person the id is masked. Of what is no
    record and may name the person neither text nor value is kept.
    """
    if not erased:
        return 0
    _forget_refused(opened, lambda text: names_somebody(entity, [text], erased))
    listed = " UNION ".join(
        f"SELECT unnest({people.ids(entity, place)}) FROM landed" for place in entity.places
    )
    found = [
        person
        for (person,) in (opened.execute(listed).fetchall() if listed else ())
        if erased.holds_in(entity.source, person)
    ]
    if not found:
        return 0
    own = people.named(entity, entity.about, found)
    masked = people.replaced(entity, entity.mentions or (), found, MASKED, PAYLOAD)
    opened.execute("ALTER VIEW landed RENAME TO landed_as_read")
    opened.execute(
        "CREATE TEMP TABLE those AS SELECT row_number, line_number,"
        f" {own} AS is_own, {people.named(entity, entity.mentions or (), found)} AS is_named"
        " FROM landed_as_read"
    )
    opened.execute(
        f"CREATE TEMP VIEW landed AS SELECT landed_as_read.* REPLACE ("
        f"CASE WHEN is_named THEN {masked} ELSE {PAYLOAD} END AS {PAYLOAD},"
        " CASE WHEN is_named THEN NULL ELSE record END AS record)"
        " FROM landed_as_read INNER JOIN those USING (row_number) WHERE NOT is_own"
    )
    opened.execute(
        "INSERT INTO refused SELECT row_number, line_number,"
        f" {literal(PAYLOAD)}, NULL, {literal(REASON)}, NULL FROM those WHERE is_own"
    )
    row = opened.execute("SELECT count(*) FROM those WHERE is_own").fetchone()
    assert row is not None
    return int(row[0])
