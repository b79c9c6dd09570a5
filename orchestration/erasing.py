"""`scorehouse erase`: a person leaves raw files, quarantine, closed months, marts, reports and outbox; totals stay.

What is rewritten is written aside first, then listed in a journal, then moved into place and recorded: a stop anywhere
is completed by the next run. The chain is not touched: it holds tokens, and their secret is dropped.
"""

import csv
import email
import email.policy
import io
import json
import secrets
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb

import reports
from ingestion import (
    DATASETS,
    ENTITIES,
    INPUTS,
    SOURCES,
    Entity,
    Home,
    UnusableInput,
    durable,
    encryption,
    engine,
    ledger,
    read_scan,
    stores,
)
from ingestion.chain_check import check_chain
from ingestion.erased import MASKED, PERSON_COLUMNS, Erased, new_pseudonym
from ingestion.home import raw_columns
from ingestion.ledger import Load
from ingestion.people import NOBODY, People
from ingestion.sources import people
from ingestion.sources.entities import PAYLOAD
from orchestration import holds, period_reports, publication, records, traces
from orchestration.delivery import outbox
from orchestration.progress import tell
from orchestration.project import PROJECT_DIR
from orchestration.rules import read_rows, rule_tables
from orchestration.storage import storage_of
from orchestration.storing import store_reports
from orchestration.traces import Person, sql_pattern
from orchestration.verification import file_digest, recorded_files
from reports import Period

# What a row says about its own person alone and no figure needs: a value that stays in its place, or null.
EMPTIED: Mapping[str, Mapping[str, str | None]] = {
    "agents": {"name": MASKED, "email": None, "phone": None},
    "compliance_events": {"description": None},
    "feedback_sessions": {"notes": None, "agent_response": None},
    "performance": {"name": MASKED},
}
# Of these kinds a cell is a word of a fixed list, or no text.
_IDENTIFIERS = frozenset(
    column.name
    for dataset in DATASETS.values()
    for column in dataset.columns
    if column.kind == "identifier"
)
_FIXED = frozenset(
    column.name
    for dataset in DATASETS.values()
    for column in dataset.columns
    if column.kind in ("enum", "time_zone", "currency")
) | {"load_id", "input_fingerprint", "changed_since_load"}


@dataclass(frozen=True)
class Found:
    """Where a person is named. Paths are relative to the home.

    `raw`, `quarantine`, `closes`: rows by file. `reports`, `outbox`: files. `landing`: files of the landing folder, and
    `rules`: lines of the table of rules `agent_ids`, which are not Scorehouse's to change.
    """

    person: Person
    raw: Mapping[str, int]
    quarantine: Mapping[str, int]
    closes: Mapping[str, int]
    reports: tuple[str, ...]
    outbox: tuple[str, ...]
    landing: tuple[str, ...]
    rules: tuple[int, ...]


@dataclass
class Erasure:
    """What an erasure did.

    `reports`: folders made again or removed. `messages`: files of the outbox removed or written again. `left`: files of
    the home that still name the person. `rules`: lines of the table of rules `agent_ids` that do. `reasons`: why the
    marts were not built.
    """

    rewritten: int = 0
    reports: list[str] = field(default_factory=list)
    messages: int = 0
    left: list[str] = field(default_factory=list)
    rules: tuple[int, ...] = ()
    reasons: tuple[str, ...] = ()


def journal(home: Home) -> Path:
    """What an erasure is about to do; it names the person, and is gone at the end."""
    return home.records / "erasing.json"


def _aside(home: Home) -> Path:
    """Where the rewritten files wait for their turn."""
    return home.records / "erasing"


def look(home: Home, agent_id: str) -> Found:
    """Where somebody is named; nothing is changed.

    Raises:
        UnusableInput: nobody has the id, a legal hold is about this person, nobody has said where records of a
            vendor that are held name people.
    """
    holds.refuse_erasing(home, agent_id)
    loaded = {load.dataset for load in ledger.read_ledger(home)}
    unsaid = [name for name in ENTITIES if name in loaded and ENTITIES[name].mentions is None]
    if unsaid:
        raise UnusableInput(
            f"{home.root} holds {', '.join(unsaid)}, and ingestion/sources/entities.py does not say where these name"
            " people: say it there (`about`, `mentions`)"
        )
    person = traces.person_of(home, agent_id, _table())
    if person is None:
        raise UnusableInput(f"nobody in {home.root} has the id '{agent_id}': nothing to erase")
    tell(f"looking for {agent_id}, and {len(person.texts)} names, addresses and numbers")
    scan = read_scan(home)
    landing = Path(scan.landing) if scan else home.landing
    return Found(
        person,
        {name: rows for name, rows in _raw_rows(home, person) if rows},
        {name: rows for name, rows in _quarantine_rows(home, person) if rows},
        {name: rows for name, rows in _close_rows(home, person) if rows},
        tuple(_named(home, home.reports, person, (home.reports / stores.STORED,))),
        tuple(_named(home, home.outbox, person)),
        tuple(
            path.relative_to(landing).as_posix()
            for path in traces.in_folder(landing, person, (landing / "_truth",))
        ),
        _lines(person),
    )


def begin(home: Home, found: Found, reason: str) -> None:
    """Write everything aside and the journal; from here on a stop is completed by `finish_files` and `finish`.

    Raises:
        UnusableInput: a file is not as it was recorded, or the reason names the person.
    """
    person = found.person
    if person.pattern is not None and person.pattern.search(reason):
        raise UnusableInput("--reason names the person: it would be kept; write a case number")
    recorded = {
        name: digest
        for files in recorded_files(check_chain(home.ledger.read_bytes())).values()
        for name, digest in files.items()
    }
    for name in (*found.raw, *found.closes):
        if recorded.get(name) != file_digest(home.root / name):
            raise UnusableInput(
                f"{name} is not as it was recorded: see `scorehouse verify`; erasing would hide that"
            )
    shutil.rmtree(_aside(home), ignore_errors=True)
    pseudonym = new_pseudonym()
    loads = _loads(home)
    for dataset in INPUTS:
        names = [name for name in found.raw if _dataset(name) == dataset]
        if dataset in ENTITIES:
            _rewrite_records(home, ENTITIES[dataset], names, person, pseudonym)
            continue
        for name in names:
            ids = person.ids_of(loads.get(_load_key(name)))
            _rewrite(home, name, dataset, person, ids, pseudonym, "")
    for name in found.closes:
        ids = person.ids_of(None)
        _rewrite(home, name, "performance", person, ids, pseudonym, " order by agent_id")
    for name in found.quarantine:
        _mask_quarantine(home, name, person, loads.get(_load_key(name)))
    files = {
        name: {"before": recorded[name], "now": file_digest(_aside(home) / name)}
        for name in (*found.raw, *found.closes)
    }
    content = {
        "erasure": secrets.token_hex(8),
        "reason": People(home).keep_text(NOBODY, reason),
        "files": {name: digests["now"] for name, digests in files.items()},
        "before": {name: digests["before"] for name, digests in files.items()},
        "rows": sum(found.raw.values()) + sum(found.closes.values()),
        "quarantined_rows": sum(found.quarantine.values()),
        "report_files": len(found.reports),
        "messages": len(found.outbox),
    }
    intention = {
        "agent_id": person.agent_id,
        "texts": person.texts,
        "ids": person.ids,
        "shared": person.shared,
        "record": content,
        "moves": [*files, *found.quarantine],
    }
    text = json.dumps(intention, ensure_ascii=False) + "\n"
    durable.write_bytes(journal(home), encryption.seal(journal(home), text.encode()))


def unfinished(home: Home) -> Person | None:
    """Whoever is being erased, where a run was stopped on the way."""
    try:
        intention = json.loads(encryption.read(journal(home)))
    except FileNotFoundError:
        return None
    return _person(intention)


def _person(intention: Mapping[str, Any]) -> Person:
    ids = tuple((source, one) for source, one in intention["ids"])
    shared = tuple(intention.get("shared", ()))
    return Person(intention["agent_id"], tuple(intention["texts"]), ids, shared)


def finish_files(home: Home) -> None:
    """Move the rewritten files into place and record them; before the next build, or a part would be of before.

    The caller holds the lock of runs.
    """
    if not journal(home).exists():
        # What a run that was stopped before it had all of it has written aside.
        shutil.rmtree(_aside(home), ignore_errors=True)
        return
    intention = json.loads(encryption.read(journal(home)))
    person = _person(intention)
    Erased(home).add(
        person.agent_id,
        person.ids,
        {
            source
            for source, one, agent in _table()
            if one == person.agent_id and agent != person.agent_id
        },
    )
    content = intention["record"]
    for name in intention["moves"]:
        written = _aside(home) / name
        if written.exists():
            durable.put_in_place(written, home.root / name)
    for name in content["files"]:
        stores.put(home, home.root / name)
    People(home).forget([person.agent_id, *person.texts, *(one for _, one in person.ids)])
    chain = ledger.Ledger(home)
    with chain.appending() as batch:
        done = {one.content.get("erasure") for one in batch.new if one.kind == "erasure"}
        if content["erasure"] not in done:
            batch.add("erasure", content)
    # A database file keeps what was deleted from it until it is written over.
    for left in home.root.glob(f"{home.warehouse.name}*"):
        left.unlink()
    shutil.rmtree(_aside(home), ignore_errors=True)


def finish(home: Home) -> Erasure:
    """Build, publish, render and deliver what names the person without the person, then look for what is left."""
    from orchestration import running
    from orchestration.job_names import REBUILD
    from orchestration.run_settings import AS_OF_TAG

    intention = json.loads(encryption.read(journal(home)))
    person = _person(intention)
    done = Erasure(rewritten=len(intention["moves"]), rules=_lines(person))
    past = records.publications(home)
    if past:
        outcome = running.run_job(REBUILD, home, None, {AS_OF_TAG: past[-1]["as_of"]})
        if outcome.exit_code:
            done.reasons = outcome.reasons
            return done
    stores.forget_before(home)
    done.reports = _render_again(home, person)
    done.messages = _write_messages_again(home, person)
    journal(home).unlink()
    tell("looking for what is left")
    landing = read_scan(home)
    # In exports of other systems an id may be somebody else's, and is looked for where people stand alone.
    besides = [home.landing, *(home.raw / source for source in SOURCES)]
    besides += [
        home.raw_folder(load.dataset) / f"{load.load_id}.parquet"
        for load in ledger.read_ledger(home)
        if load.mapping is not None
    ]
    if landing:
        besides.append(Path(landing.landing))
    left = {
        path.relative_to(home.root).as_posix()
        for path in traces.in_folder(home.root, person, tuple(besides))
    }
    left.update(name for name, rows in _raw_rows(home, person) if rows)
    done.left = sorted(left)
    return done


def _table() -> list[tuple[str, str, str]]:
    """The table of rules `agent_ids`: (system, id there, agent's id)."""
    return [(source, one, agent) for _, source, one, agent in _numbered_table()]


def _lines(person: Person) -> tuple[int, ...]:
    """The lines of the table of rules `agent_ids` that name somebody."""
    return tuple(
        line
        for line, source, one, agent in _numbered_table()
        if agent == person.agent_id or (source, one) in person.ids
    )


def _numbered_table() -> Iterator[tuple[int, str, str, str]]:
    (table,) = (table for table in rule_tables(PROJECT_DIR) if table.name == "agent_ids")
    for row in read_rows(table):
        source, one, agent = (
            row.cells[name] or "" for name in ("source", "source_agent_id", "agent_id")
        )
        yield row.line, source, one, agent


def _dataset(name: str) -> str:
    """The dataset or entity of a file below `raw` or `quarantine`."""
    return "/".join(Path(name).parts[1:-1])


def _load_key(name: str) -> tuple[str, str]:
    """What a load is known by, of its file below `raw` or `quarantine`: (dataset or entity, load_id)."""
    return _dataset(name), Path(name).name.split(".")[0]


def _loads(home: Home) -> dict[tuple[str, str], Load]:
    return {(load.dataset, load.load_id): load for load in ledger.read_ledger(home)}


def _raw_rows(home: Home, person: Person) -> Iterator[tuple[str, int]]:
    """Rows that name somebody, by raw file; of vendors' records, which lie in thousands of files, in one go each."""
    with engine.connect() as connection:
        for load in ledger.read_ledger(home):
            path = home.raw_folder(load.dataset) / f"{load.load_id}.parquet"
            if load.dataset not in ENTITIES and path.exists():
                rows = _count(connection, path, person, person.ids_of(load))
                yield path.relative_to(home.root).as_posix(), rows
        for name, entity in ENTITIES.items():
            if traces.has_raw(home, name):
                found = connection.execute(
                    "select load_id, count(*)"
                    f" from {traces.raw(connection, home, entity.dataset)}"
                    f" where {_is_named_record(entity, person)} group by load_id order by load_id"
                ).fetchall()
                folder = home.raw_folder(name).relative_to(home.root).as_posix()
                yield from ((f"{folder}/{load_id}.parquet", rows) for load_id, rows in found)


def _is_named_record(entity: Entity, person: Person) -> str:
    """SQL that is true where a vendor's record names somebody."""
    at_places = people.named(entity, entity.places, person.ids_in(entity.source))
    # An id that is a number is one of many in such a record.
    sought = [text for text in person.sought if text != person.agent_id or traces.is_telling(text)]
    anywhere = f"regexp_matches({PAYLOAD}, {sql_pattern(sought)}, 'i')" if sought else "false"
    return f"({at_places} or {anywhere})"


def _close_rows(home: Home, person: Person) -> Iterator[tuple[str, int]]:
    with engine.connect() as connection:
        for path in sorted(records.performance_folder(home).glob("*.parquet")):
            rows = _count(connection, path, person, person.ids_of(None))
            yield path.relative_to(home.root).as_posix(), rows


def _count(
    connection: duckdb.DuckDBPyConnection, path: Path, person: Person, ids: list[str]
) -> int:
    """Rows of a Parquet file, in which the person has these ids, that name the person."""
    source = engine.parquet(connection, path)
    texts = _text_columns(connection, source)
    tests = [traces.has_id(name, ids) for name in texts if name in PERSON_COLUMNS]
    if sought := _sought(person, ids):
        pattern = sql_pattern(sought)
        tests += [
            f"coalesce(regexp_matches({engine.identifier(name)}, {pattern}, 'i'), false)"
            for name in texts
        ]
    row = connection.execute(
        f"select count(*) from {source} where {' or '.join(tests) or 'false'}"
    ).fetchone()
    assert row is not None
    return int(row[0])


def _sought(person: Person, ids: list[str]) -> list[str]:
    """What is looked for inside of texts where the person has these ids, and the own may be somebody else's."""
    return [text for text in person.sought if text != person.agent_id or text in ids]


def _text_columns(connection: duckdb.DuckDBPyConnection, source: str) -> list[str]:
    columns = connection.execute(f"describe from {source}").fetchall()
    return [name for name, kind, *_ in columns if kind == "VARCHAR" and name not in _FIXED]


def _rewrite(
    home: Home,
    name: str,
    topic: str,
    person: Person,
    ids: list[str],
    pseudonym: str,
    order: str,
) -> None:
    """Write a Parquet file, in which the person has these ids, aside with the person replaced in every cell."""
    final = _aside(home) / name
    final.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with engine.connect(preserve_insertion_order=True) as connection:
        source = engine.parquet(connection, home.root / name)
        replaced = ", ".join(
            f"{_replaced(column, topic, person, ids, pseudonym)} as {engine.identifier(column)}"
            for column in _text_columns(connection, source)
        )
        rows = f"select * replace ({replaced}) from {source}{order}"
        engine.write_parquet(connection, rows, final)


def _rewrite_records(
    home: Home, entity: Entity, names: Sequence[str], person: Person, pseudonym: str
) -> None:
    """Write raw files of an entity aside with the person replaced in every record."""
    if not names:
        return
    (_aside(home) / names[0]).parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with (
        engine.scratch_folder(home.scratch) as folder,
        engine.connection(folder, on_disk=True) as connection,
    ):
        files = [home.root / name for name in names]
        source = engine.parquet(connection, files, raw_columns(entity.dataset))
        rows = f"from {source} where {_is_named_record(entity, person)}"
        for step in _replaced_record(entity, person, pseudonym):
            rows = f"select * replace ({step} as {PAYLOAD}) from ({rows})"
        connection.execute(f"create table changed as {rows}")
        for name in names:
            load_id = engine.literal(Path(name).stem)
            engine.write_parquet(
                connection,
                f"select read.* replace (coalesce(changed.{PAYLOAD}, read.{PAYLOAD}) as {PAYLOAD})"
                f" from {engine.parquet(connection, home.root / name)} as read"
                f" left join (from changed where load_id = {load_id}) as changed"
                " using (load_id, row_number) order by row_number",
                _aside(home) / name,
            )


def _replaced(column: str, topic: str, person: Person, ids: list[str], pseudonym: str) -> str:
    """SQL of a cell without the person."""
    cell = engine.identifier(column)
    stand_in = engine.literal(pseudonym)
    value = cell
    words, texts = _ids_and_texts(person, ids)
    if words:
        value = _exchanged(value, words, pseudonym)
    if texts and column not in _IDENTIFIERS:
        value = _exchanged(value, texts, MASKED)
    cases = []
    if column in EMPTIED.get(topic, {}):
        emptied = EMPTIED[topic][column]
        new = engine.literal(emptied) if emptied else "null"
        cases.append(f"when {traces.has_id('agent_id', ids)} then {new}")
    if column in PERSON_COLUMNS:
        cases.append(f"when {traces.has_id(column, ids)} then {stand_in}")
    return f"case {' '.join(cases)} else {value} end" if cases else value


def _replaced_record(entity: Entity, person: Person, pseudonym: str) -> Iterator[str]:
    """SQL of a vendor's record without the person, in steps; what does not name the person stays byte by byte."""
    ids = person.ids_in(entity.source)
    if entity.names:
        emptied = people.emptied(entity, MASKED, PAYLOAD)
        yield f"case when {people.named(entity, entity.about, ids)} then {emptied} else {PAYLOAD} end"
    replaced = people.replaced(entity, entity.places, ids, pseudonym, PAYLOAD)
    yield f"case when {people.named(entity, entity.places, ids)} then {replaced} else {PAYLOAD} end"
    words, texts = _ids_and_texts(person, [person.agent_id])
    telling = [one for one in words if traces.is_telling(one)]
    if telling:
        yield _exchanged(PAYLOAD, telling, pseudonym)
    numbers = [text for text in texts if text.isdecimal()]
    words = [text for text in texts if text not in numbers]
    if words:
        yield _exchanged(PAYLOAD, words, MASKED)
    for number in numbers:
        yield people.without_number(entity, number, MASKED)
        if entity.form == "objects":
            # A number among others in a list cannot become a text.
            masked, zero = (_exchanged(PAYLOAD, [number], by) for by in (MASKED, "0"))
            yield (
                f"case when not contains({PAYLOAD}, {engine.literal(number)}) then {PAYLOAD}"
                f" when json_valid({masked}) then {masked} else {zero} end"
            )


def _ids_and_texts(person: Person, ids: list[str]) -> tuple[list[str], list[str]]:
    """What is looked for inside of texts where the person has these ids: ids, then names and addresses."""
    sought = _sought(person, ids)
    texts = [text for text in sought if text in person.texts]
    return [text for text in sought if text not in texts], texts


def _exchanged(value: str, texts: list[str], by: str) -> str:
    """SQL of a text with whole words replaced; twice, because two neighbours share the character between them."""
    pattern, new = sql_pattern(texts), engine.literal(rf"\1{by}\3")
    for _ in range(2):
        value = f"regexp_replace({value}, {pattern}, {new}, 'gi')"
    return value


def _quarantine_rows(home: Home, person: Person) -> Iterator[tuple[str, int]]:
    loads = _loads(home)
    for path in sorted(home.quarantine.rglob(f"*.csv{storage_of(home.root).suffix}")):
        name = path.relative_to(home.root).as_posix()
        load = loads.get(_load_key(name))
        yield name, sum(_is_named_in(name, row, person, load) for row in _read_csv(path)[1:])


def _mask_quarantine(home: Home, name: str, person: Person, load: Load | None) -> None:
    """Write a quarantine file aside; of rows that name the person, file and row number remain."""
    header, *rows = _read_csv(home.root / name)
    kept = {"file", "row_number", "line_number", "column"}
    masked = [
        [
            cell if column in kept else MASKED if column == "reason" else ""
            for column, cell in zip(header, row, strict=True)
        ]
        if _is_named_in(name, row, person, load)
        else row
        for row in rows
    ]
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([header, *masked])
    final = _aside(home) / name
    final.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    final.write_bytes(encryption.seal(final, text.getvalue().encode()))


def _read_csv(path: Path) -> list[list[str]]:
    csv.field_size_limit(10**9)
    return list(csv.reader(io.StringIO(encryption.read(path).decode(), newline="")))


def _names(row: list[str], person: Person) -> bool:
    return person.agent_id in row or bool(
        person.pattern and any(person.pattern.search(cell) for cell in row)
    )


def _is_named_in(name: str, row: list[str], person: Person, load: Load | None) -> bool:
    """Whether a row of a quarantine file names somebody; of what is no record nobody knows what stands where."""
    if _names(row, person):
        return True
    if entity := ENTITIES.get(_dataset(name)):
        ids = set(person.ids_in(entity.source))
        return any(not ids.isdisjoint(people.tokens(entity, cell)) for cell in row)
    ids = set(person.ids_of(load))
    return any(not ids.isdisjoint(people.words(cell)) for cell in row)


def _named(
    home: Home, folder: Path, person: Person, besides: tuple[Path, ...] = ()
) -> Iterator[str]:
    for path in traces.in_folder(folder, person, besides):
        yield path.relative_to(home.root).as_posix()


def _render_again(home: Home, person: Person) -> list[str]:
    """Remove the report files that name the person and render their folders again; returns the folders.

    What cannot be rendered as it was (a filtered period, a month that is not closed) is removed whole.
    """
    closed = {close.month for close in records.recorded_closes(home)}
    touched = []
    storage = storage_of(home.reports)
    for name, period in reports.read_periods(home.reports, storage):
        folder = home.reports / name
        gone = [
            storage.known_as(path).relative_to(folder).as_posix()
            for path in traces.in_folder(folder, person)
        ]
        if not gone:
            continue
        touched.append(name)
        is_plain = name == period.folder and (
            period.cadence != "month" or period.starts_on in closed
        )
        if not is_plain or not home.published_database.exists():
            shutil.rmtree(folder)
            tell(f"removed reports/{name}: ask for it again with `scorehouse report`")
            continue
        reports.forget(folder, [path for path in gone if path != "manifest.json"], storage)
        if period.cadence == "now":
            period = Period.now(publication.published_as_of(home))
        period_reports.render_into(home, period)
    if touched:
        reports.write_overview(home.reports, storage)
    store_reports(home, [])
    return touched


def _write_messages_again(home: Home, person: Person) -> int:
    """Remove what was written to or about the person; write what only mentions the person again without."""
    count = 0
    storage = storage_of(home.outbox)
    for place in list(traces.in_folder(home.outbox, person)):
        count += 1
        path = storage.known_as(place)
        if path.suffix == ".csv":
            header, *rows = _read_csv(place)
            text = io.StringIO()
            kept = [row for row in rows if not _names(row, person)]
            csv.writer(text, lineterminator="\n").writerows([header, *kept])
            storage.write(path, text.getvalue().encode())
        elif _is_to_or_about(path, storage.read(path), person) or not outbox.write_again(
            home, path
        ):
            storage.remove(path)
    return count


def _is_to_or_about(path: Path, content: bytes, person: Person) -> bool:
    if path.suffix == ".json":
        said = json.loads(content)
        return person.agent_id in (said["agent_id"], said["to"]["id"])
    if path.name.startswith("agent_summary-"):
        return True
    message = email.message_from_bytes(content, policy=email.policy.default)
    return bool(person.pattern and person.pattern.search(str(message["To"])))
