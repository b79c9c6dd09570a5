"""Erasing a person from a made-up home: what is rewritten, what stays, and that a stop anywhere is completed."""

import base64
import csv
import datetime as dt
import gzip
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from ingestion import Home, UnusableInput, encryption, engine, ingest, ledger
from ingestion.erased import MASKED, Erased, is_pseudonym
from ingestion.people import People
from orchestration import encrypting, erasing, holds, records, traces, verification
from orchestration.storage import storage_of
from reports.csvfile import csv_address
from tests.support.command import scorehouse

AGENTS = """\
agent_id,name,email,phone,role,team_id,time_zone,effective_from
A00001,Ana Prieto,ana@example.org,+12005550100,agent,T1,UTC,2025-01-01
A00001,Ana Soto,ana@example.org,+12005550100,agent,T1,UTC,2026-01-01
A00002,Ben Ito,ben@example.org,+12005550101,agent,T1,UTC,2025-01-01
A00003,Ana Soto,other@example.org,,agent,T1,UTC,2025-01-01
A00011,Li,li@example.org,,agent,T1,UTC,2025-01-01
"""
TEAMS = "team_id,team_name,department,team_lead_id\nT1,Team Ana Prieto,Care,A00001\n"
FEEDBACK = """\
feedback_id,agent_id,supervisor_id,held_at,notes,agent_response
f1,A00001,A00002,2026-10-01T09:00:00Z,calm,thanks
f2,A00002,A00001,2026-10-01T09:00:00Z,"A00001 and ana prieto, Ana Prieto; not A000011 nor Joana Prieto",ok
A00001-f3,A00003,A00002,2026-10-01T09:00:00Z,none of them,ok
f4,A00001,A00002,never,secret,x
"""
TICKETS = """\
ticket_id,agent_id,created_at,status,resolved_at
t1,A00001,2026-10-01T09:00:00Z,resolved,2026-10-02T09:00:00Z
t2,A00002,2026-10-01T09:00:00Z,resolved,2026-10-02T09:00:00Z
"""
PERSON = ("A00001", "Ana Prieto", "ana@example.org", "+12005550100")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """Loaded exports, a closed month, messages, and people in the ledger: to be copied."""
    tmp_path = tmp_path_factory.mktemp("made")
    home = Home(tmp_path / "home")
    home.prepare()
    for name, text in (
        ("agents", AGENTS), ("teams", TEAMS), ("feedback_sessions", FEEDBACK), ("tickets", TICKETS),
    ):  # fmt: skip
        folder = tmp_path / "landing" / name
        folder.mkdir(parents=True)
        (folder / f"{name}.csv").write_text(text)
    ingest(home, tmp_path / "landing")
    records.performance_folder(home).mkdir(parents=True)
    close = records.close_file(home, dt.date(2026, 10, 1), 1)
    duckdb.sql(f"""
        copy (
            select
                agent_id, name, date '2026-10-01' as month, 'Team Ana Prieto' as team_name,
                case when agent_id = 'A00002' then 'A00001' end as supervisor_id,
                number as total_resolved_tickets, 1 as revision, 1 as close_number, 1 as load_sequence,
                timestamptz '2026-11-15 00:00:00+00' as as_of
            from (values ('A00001', 'Ana Soto', 3), ('A00002', 'Ben Ito', 4)) as v (agent_id, name, number)
            order by agent_id
        ) to '{close}' (format parquet)
    """)
    records.record_closes(home, None)
    records.Deliveries(home).record(
        [records.Delivery("act", "review_task", "2026-10", "A00001", "A00002")]
    )
    People(home).keep_text("Ana Prieto", "Ana Prieto")
    outbox = home.outbox / "2026-10"
    outbox.mkdir()
    for number, (about, to, text) in enumerate(
        [("A00001", "A00002", "x"), ("A00002", "A00001", "x"), ("A00002", "A00003", "Ben Ito")]
    ):
        message = {"agent_id": about, "to": {"id": to}, "text": text}
        (outbox / f"review_task-{number}.json").write_text(json.dumps(message))
    (outbox / "skill_levels-close-0001.csv").write_text("agent_id,name\nA00001,x\nA00002,Ben Ito\n")
    return home


def copied(made: Home, folder: Path) -> Home:
    shutil.copytree(made.root.parent, folder, dirs_exist_ok=True)
    return Home(folder / "home")


@pytest.fixture
def home(made: Home, tmp_path: Path) -> Home:
    return copied(made, tmp_path)


@pytest.fixture(scope="module")
def erased(made: Home, tmp_path_factory: pytest.TempPathFactory) -> tuple[Home, erasing.Erasure]:
    """A home without the person; to be read only."""
    home = copied(made, tmp_path_factory.mktemp("erased"))
    return home, erase(home)


def erase(home: Home) -> erasing.Erasure:
    erasing.begin(home, erasing.look(home, "A00001"), "case 17/26")
    return complete(home)


def complete(home: Home) -> erasing.Erasure:
    erasing.finish_files(home)
    return erasing.finish(home)


def raw(home: Home, dataset: str, columns: str) -> list[tuple[object, ...]]:
    files = home.raw_folder(dataset) / "*.parquet"
    return duckdb.sql(f"select {columns} from '{files}' order by row_number").fetchall()


def test_everything_is_rewritten_and_nothing_else(
    made: Home, erased: tuple[Home, erasing.Erasure]
) -> None:
    home, done = erased
    assert done.left == []
    (pseudonym,) = {row[0] for row in raw(home, "agents", "agent_id")[:2]}
    assert is_pseudonym(str(pseudonym))
    assert raw(home, "agents", "agent_id, name, email, phone, effective_from") == [
        (pseudonym, MASKED, None, None, dt.date(2025, 1, 1)),
        (pseudonym, MASKED, None, None, dt.date(2026, 1, 1)),
        ("A00002", "Ben Ito", "ben@example.org", "+12005550101", dt.date(2025, 1, 1)),
        # Whoever has the same name keeps it.
        ("A00003", "Ana Soto", "other@example.org", None, dt.date(2025, 1, 1)),
        ("A00011", "Li", "li@example.org", None, dt.date(2025, 1, 1)),
    ]
    assert raw(home, "teams", "team_name, team_lead_id") == [(f"Team {MASKED}", pseudonym)]
    mentions = f"{pseudonym} and {MASKED}, {MASKED}; not A000011 nor Joana Prieto"
    assert raw(home, "feedback_sessions", "feedback_id, agent_id, supervisor_id, notes, agent_response") == [
        ("f1", pseudonym, "A00002", None, None),
        ("f2", "A00002", pseudonym, mentions, "ok"),
        (f"{pseudonym}-f3", "A00003", "A00002", "none of them", "ok"),
    ]  # fmt: skip
    assert raw(home, "tickets", "ticket_id, agent_id") == [("t1", pseudonym), ("t2", "A00002")]
    (close,) = records.performance_folder(home).iterdir()
    assert duckdb.sql(
        f"select agent_id, name, team_name, supervisor_id, total_resolved_tickets from '{close}'"
    ).fetchall() == [
        ("A00002", "Ben Ito", f"Team {MASKED}", pseudonym, 4),
        (pseudonym, MASKED, f"Team {MASKED}", None, 3),
    ]
    # The chain goes on from where it was, and everything fits it.
    assert home.ledger.read_bytes().startswith(made.ledger.read_bytes())
    assert verification.verify(home).problems == []
    (record,) = ledger.records(home, "erasure")
    assert set(record.content["files"]) == set(record.content["before"])
    assert len(record.content["files"]) == 5
    assert not [text for text in (*PERSON, str(pseudonym)) if text in json.dumps(record.content)]


def test_quarantine_keeps_the_place_and_loses_the_values(
    made: Home, erased: tuple[Home, erasing.Erasure]
) -> None:
    home, _ = erased
    (path,) = home.quarantine_folder("feedback_sessions").glob("*.csv")
    with path.open(newline="") as stream:
        (line,) = csv.DictReader(stream)
    assert (line["file"], line["row_number"]) == ("feedback_sessions/feedback_sessions.csv", "4")
    assert (line["value"], line["reason"], line["record"]) == ("", MASKED, "")


def test_messages_to_and_about_the_person_go(
    made: Home, erased: tuple[Home, erasing.Erasure]
) -> None:
    home, done = erased
    assert done.messages == 3
    outbox = home.outbox / "2026-10"
    assert {path.name for path in outbox.iterdir()} == {
        "review_task-2.json", "skill_levels-close-0001.csv",
    }  # fmt: skip
    assert (outbox / "skill_levels-close-0001.csv").read_text() == "agent_id,name\nA00002,Ben Ito\n"


def test_nobody_can_tell_any_more_whose_tokens_were_whose(
    made: Home, erased: tuple[Home, erasing.Erasure]
) -> None:
    home, _ = erased
    assert People(made).token("A00001") is not None
    people = People(home)
    assert people.token("A00001") is None
    assert people.token("A00002") is not None
    assert not [text for text in PERSON if text in home.people.read_text()]


def test_rows_that_come_later_are_kept_out(home: Home) -> None:
    erase(home)
    assert Erased(home).holds("A00001")
    landing = home.root.parent / "landing"
    (landing / "tickets" / "late.csv").write_text(TICKETS.replace("\nt", "\nu"))
    ingest(home, landing)
    found = {ticket for (ticket,) in raw(home, "tickets", "ticket_id")}
    assert found == {"t1", "t2", "u2"}


def test_the_show_changes_nothing_and_says_what_is_not_ours(home: Home) -> None:
    before = {path: path.read_bytes() for path in home.root.rglob("*") if path.is_file()}
    found = erasing.look(home, "A00001")
    assert found.person.texts == ("+12005550100", "Ana Prieto", "ana@example.org")
    assert sum(found.raw.values()) == 2 + 1 + 3 + 1
    assert list(found.closes.values()) == [2]
    assert list(found.quarantine.values()) == [1]
    assert len(found.outbox) == 3
    assert found.landing == tuple(
        f"{name}/{name}.csv" for name in ("agents", "feedback_sessions", "teams", "tickets")
    )
    assert {path: path.read_bytes() for path in home.root.rglob("*") if path.is_file()} == before


def test_what_is_left_is_named(home: Home) -> None:
    (home.records / "note.txt").write_text("call Ana  Prieto")
    (home.reports / "A00001.txt").write_text("x")
    assert erase(home).left == ["records/note.txt", "reports/A00001.txt"]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.js", b'["\\u0141ucja Zieli\\u0144ski"]'),
        ("a.html", b"<td>&#321;ucja Zieli&#324;ski</td>"),
        ("b.html", b'<a href="%s" download="x.csv">' % csv_address("name\r\nŁucja Zieliński\r\n").encode()),
        ("a.csv.gz", gzip.compress("Łucja Zieliński,1".encode(), mtime=0)),
        ("a.eml", b"To: x@y.z\nContent-Transfer-Encoding: base64\nContent-Type: text/plain; charset=utf-8\n\n"
                  + base64.b64encode("Dear Łucja Zieliński,".encode())),
        ("a.gz", "Łucja Zieliński".encode()),
    ],
)  # fmt: skip
def test_a_name_is_found_however_it_is_written(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)
    (tmp_path / f"other{name}").write_bytes(b"x")
    person = traces.Person("A00003", ("Łucja Zieliński",))
    assert [path.name for path in traces.in_folder(tmp_path, person)] == [name]


def test_a_file_that_is_not_as_recorded_is_not_made_good(home: Home) -> None:
    (path,) = home.raw_folder("tickets").glob("[!_s]*.parquet")
    duckdb.sql(f"create table t as from '{path}'; copy t to '{path}' (format parquet)")
    with pytest.raises(UnusableInput, match=r"raw/tickets/.* is not as it was recorded"):
        erase(home)
    assert erasing.unfinished(home) is None


def test_refusals_are_one_line(home: Home) -> None:
    with pytest.raises(UnusableInput, match="has the id 'A9': nothing to erase"):
        erasing.look(home, "A9")
    with pytest.raises(UnusableInput, match="--reason names the person"):
        erasing.begin(home, erasing.look(home, "A00001"), "asked by ana prieto")
    holds.place(home, "tickets", ["tickets"], (None, None), None, "case", "J. Doe")
    with pytest.raises(UnusableInput, match=r"hold 1 .* keeps data about A00001"):
        erasing.look(home, "A00001")


MAPPING = """\
rows:
- from: staff
  into: agents
  columns:
    {agent_id: who, name: name, role: {constant: agent}, team_id: {constant: T1}, time_zone: {constant: UTC},
     effective_from: {constant: 2025-01-01}}
- from: coaching
  into: feedback_sessions
  columns: {feedback_id: id, agent_id: who, supervisor_id: by, held_at: at, notes: notes}
"""
STAFF = "who,name\nu1,Ana P. Soto\n77,Ana Priet\nA00001,Berta Ito\n"
COACHING = """\
id,who,by,at,notes
m1,u1,x,2026-10-05T08:00:00Z,secret
m2,77,x,2026-10-05T08:00:00Z,secret
m3,A00001,77,2026-10-05T08:00:00Z,done 77 calls
m4,78,u1,2026-10-05T08:00:00Z,u1 and Ana P. Soto and A00001
m5,77,x,never,secret
m6,77
m7,78,x,never,mine
"""
IDS = "talkdesk,u1,A00001\ntalkdesk,77,A00001\ntalkdesk,A00001,A00002\nfive9,A00002,A00001\n"


@pytest.fixture
def mapped(home: Home, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Home:
    """Rows of a mapping file, in whose system the person has other ids and somebody else the person's own."""
    landing = home.root.parent / "landing"
    for name, text in (
        ("mapping.yml", MAPPING),
        ("staff/a.csv", STAFF),
        ("coaching/a.csv", COACHING),
    ):
        path = landing / "talkdesk" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    ingest(home, landing)
    seeds = tmp_path / "dbt_project" / "seeds"
    shutil.copytree(erasing.PROJECT_DIR / "dbt_project" / "seeds", seeds)
    with (seeds / "agent_ids.csv").open("a") as file:
        file.write(IDS)
    monkeypatch.setattr(erasing, "PROJECT_DIR", tmp_path)
    return home


def test_what_the_table_says_goes_before_who_has_the_id_here(home: Home) -> None:
    table = [("asterisk", "A00002", "A00001"), ("zendesk", "A00001", "A00002")]
    person = traces.person_of(home, "A00001", table)
    assert person is not None
    assert person.ids_in("asterisk") == ["A00001", "A00002"]
    assert person.ids_in("zendesk") == []
    # Elsewhere it means the colleague.
    assert "A00002" not in person.sought


def mapped_rows(home: Home) -> list[tuple[object, ...]]:
    rows = raw(home, "feedback_sessions", "feedback_id, agent_id, supervisor_id, notes")
    return sorted(row for row in rows if str(row[0]).startswith("m"))


def test_rows_of_a_mapping_file_are_erased_by_the_ids_of_their_system(mapped: Home) -> None:
    found = erasing.look(mapped, "A00001")
    assert found.person.ids_in("talkdesk") == ["77", "u1"]
    assert {"Ana P. Soto", "Ana Priet"} <= set(found.person.texts)
    assert "Berta Ito" not in found.person.texts
    assert len(found.rules) == 3
    quarantined = sum(found.quarantine.values())
    erasing.begin(mapped, found, "case 17/26")
    left = complete(mapped)
    (pseudonym,) = {
        row[0] for row in raw(mapped, "agents", "agent_id") if is_pseudonym(str(row[0]))
    }
    assert mapped_rows(mapped) == [
        ("m1", pseudonym, "x", None),
        ("m2", pseudonym, "x", None),
        ("m3", "A00001", pseudonym, "done 77 calls"),
        ("m4", "78", pseudonym, f"u1 and {MASKED} and A00001"),
    ]
    assert ("A00001", "Berta Ito") in raw(mapped, "agents", "agent_id, name")
    # Rows 5 and 6 of the mapped file, and the one of the landed file.
    assert quarantined == 3
    assert left.left == []


def test_mapped_rows_that_come_again_are_kept_out_by_the_ids_of_their_system(mapped: Home) -> None:
    erasing.begin(mapped, erasing.look(mapped, "A00001"), "case 17/26")
    complete(mapped)
    landing = mapped.root.parent / "landing"
    coaching = landing / "talkdesk" / "coaching"
    (coaching / "b.csv").write_text(COACHING.replace("\nm", "\nn"))
    new = landing / "dialler"
    (new / "coaching").mkdir(parents=True)
    (new / "mapping.yml").write_text(
        MAPPING[: MAPPING.index("- from: staff")] + MAPPING[MAPPING.index("- from: coaching") :]
    )
    (new / "coaching" / "c.csv").write_text(
        "id,who,by,at,notes\nd1,A00001,x,2026-10-05T08:00:00Z,a\nd2,u1,A00001,2026-10-05T08:00:00Z,b\n"
    )
    loads = {load.file: load for load in ingest(mapped, landing).loads}
    again, other = loads["talkdesk/coaching/b.csv"], loads["dialler/coaching/c.csv"]
    assert (again.rows_loaded, again.rows_erased, again.rows_rejected) == (2, 3, 2)
    assert (other.rows_loaded, other.rows_erased) == (1, 1)
    rows = raw(mapped, "feedback_sessions", "feedback_id, agent_id, supervisor_id")
    assert sorted(row for row in rows if str(row[0])[0] in "dn") == [
        ("d2", "u1", MASKED),
        ("n3", "A00001", MASKED),
        ("n4", "78", MASKED),
    ]
    text = (mapped.quarantine_folder("feedback_sessions") / f"{again.load_id}.csv").read_text()
    assert "secret" not in text
    assert "77" not in text
    assert "mine" in text


def test_the_name_of_somebody_too_short_to_look_for_goes_from_its_own_rows(home: Home) -> None:
    erasing.begin(home, erasing.look(home, "A00011"), "case")
    complete(home)
    assert raw(home, "agents", "name, email")[-1] == (MASKED, None)


@pytest.mark.parametrize("stop_at", [0, 4, 9])
def test_stopped_anywhere_it_is_completed_once(
    home: Home, stop_at: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    deeds = iter(range(100))

    def stopping(real: Callable[..., object]) -> Callable[..., object]:
        def deed(*arguments: object, **named: object) -> object:
            if next(deeds) == stop_at:
                raise KeyboardInterrupt
            return real(*arguments, **named)

        return deed

    erasing.begin(home, erasing.look(home, "A00001"), "case 17/26")
    with monkeypatch.context() as patch:
        for name in ("replace", "unlink"):
            patch.setattr(Path, name, stopping(getattr(Path, name)))
        with pytest.raises(KeyboardInterrupt):
            complete(home)
    person = erasing.unfinished(home)
    assert person is not None
    assert person.agent_id == "A00001"
    erasing.finish_files(home)
    assert verification.verify(home).problems == []
    assert erasing.finish(home).left == []
    assert erasing.unfinished(home) is None
    assert len(ledger.records(home, "erasure")) == 1


def test_what_a_stop_before_the_journal_left_goes_with_the_next_run(home: Home) -> None:
    found = erasing.look(home, "A00001")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(erasing.durable, "write_bytes", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            erasing.begin(home, found, "case")
    assert (home.records / "erasing").exists()
    erasing.finish_files(home)
    assert not (home.records / "erasing").exists()
    assert verification.verify(home).problems == []
    assert not ledger.records(home, "erasure")


def sealed(home: Home) -> set[str]:
    return {path.name for path in home.root.rglob("*.enc")}


def test_an_encrypted_home_loses_the_person_and_stays_encrypted(home: Home) -> None:
    encrypting.encrypt(home, bytes(32))
    before = sealed(home)
    found = erasing.look(home, "A00001")
    assert (len(found.outbox), list(found.quarantine.values())) == (3, [1])
    assert found.landing != ()
    done = erase(home)
    assert (done.left, done.messages) == ([], 3)
    assert verification.verify(home).problems == []
    assert traces.person_of(home, "A00001") is None
    with engine.connect() as connection:
        feedback = engine.parquet(
            connection, home.raw_folder("feedback_sessions") / "[!_s]*.parquet"
        )
        notes = connection.execute(f"select notes from {feedback} order by row_number").fetchall()
    assert MASKED in notes[1][0]
    messages = storage_of(home.root).find(home.outbox, "*/*")
    assert [path.name for path in messages] == ["review_task-2.json", "skill_levels-close-0001.csv"]
    # Nothing was sealed before and lies in the clear now, and who was erased cannot be guessed without the key.
    assert sealed(home) == before - {"review_task-0.json.enc", "review_task-1.json.enc"}
    assert all(path.read_bytes().startswith(b"PARE") for path in home.raw.rglob("*.parquet"))
    for path in (home.erased, home.people):
        assert path.read_bytes().startswith(encryption.MAGIC)
    told = [
        path for path in home.root.rglob("*") if path.is_file() and b"Ben Ito" in path.read_bytes()
    ]
    assert told == []


def test_a_stopped_erasure_of_an_encrypted_home_names_nobody(home: Home) -> None:
    encrypting.encrypt(home, bytes(32))
    erasing.begin(home, erasing.look(home, "A00001"), "case 17/26")
    stopped = erasing.unfinished(home)
    assert stopped is not None
    texts = [text.encode() for text in PERSON[1:]]
    files = [path for path in home.root.rglob("*") if path.is_file()]
    assert not [path for path in files if any(text in path.read_bytes() for text in texts)]
    assert complete(home).left == []


@pytest.mark.long
def test_the_command_shows_first_and_then_does_it(home: Home) -> None:
    command = ["erase", "A00001", "--reason", "case 17/26", "--home", home.root]
    shown = scorehouse(*command)
    assert shown.returncode == 0, shown.stderr
    assert "nothing was changed: --yes does it" in shown.stdout
    assert not ledger.records(home, "erasure")
    done = scorehouse(*command, "--yes")
    assert done.returncode == 0, done.stderr + done.stdout
    assert "nothing in this home names the person any more" in done.stdout
    again = scorehouse(*command)
    assert again.returncode == 2
    assert "nothing to erase" in again.stderr


def test_words_are_whole_words() -> None:
    person = traces.Person("A00001", ("Ana Prieto", "Li"))
    assert person.sought == ["Ana Prieto", "A00001"]
    pattern = person.pattern
    assert pattern is not None
    for text in ("A00001", "xy_a00001-f3", "Ana\n Prieto's", "(ana prieto)"):
        assert pattern.search(text), text
    for text in ("A000011", "Joana Prieto", "Ana Prietos", "Li"):
        assert not pattern.search(text), text
    assert traces.Person("A1", ()).pattern is None
