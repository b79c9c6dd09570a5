"""Erasing a person from a home that holds vendors' records: every id of theirs goes, all else stays byte by byte."""

import io
import json
import shutil
from pathlib import Path

import duckdb
import pytest
from rich.console import Console

from ingestion import (
    ENTITIES,
    Entity,
    Home,
    UnusableInput,
    encryption,
    engine,
    ingest,
    ledger,
    read_ledger,
)
from ingestion.erased import MASKED, Erased, is_pseudonym
from orchestration import encrypting, erasing, summary, traces, verification
from orchestration.traces import Person
from tests.unit.ingestion.ingestion_bench import Bench

AGENTS = """\
agent_id,name,email,phone,role,team_id,time_zone,effective_from
1001,Ana Łoś,ana@example.org,12005550100,agent,T1,UTC,2025-01-01
1002,Ben Ito,ben@example.org,+12005550101,agent,T1,UTC,2025-01-01
"""
TEAMS = "team_id,team_name,department\nT1,One,Care\n"
ARN = "arn:aws:connect:eu:1:instance/i/agent/"
ANA, BEN = "7f000000-0000-0000-0000-00000000000a", "7f000000-0000-0000-0000-00000000000b"
LOG = """\
1790000000|NONE|all|PJSIP/77|ADDMEMBER|
1790000000|NONE|all|1002|ADDMEMBER|
1790001001|1001.77|sales|NONE|ENTERQUEUE||12005550100|1
1790001002|1001.77|sales|PJSIP/77-0000001a|CONNECT|1|1001.1|1
1790001003|1001.77|sales|PJSIP/77/n|BLINDTRANSFER|1002|internal|1001|77|1
1790001004|1001.78|sales|1002|BLINDTRANSFER|PJSIP/77|internal|1|1001|1
1790001005|NONE|NONE|1001|PAUSEALL|Ana Łoś asked
1790001006|NONE|NONE|PJSIP/770|PAUSEALL|1001
"""
CONTACTS = [
    f'{{"ContactId": "c1",\n  "Agent":{{"Username" : "ana.l", "ARN":"{ARN}{ANA}","AgentInteractionDuration":1001}}}}',
    f'{{"ContactId":"c2","Agent":{{"Username":"ben","ARN":"{ARN}{BEN}"}},"Attributes":'
    '{"said":"to ana.l: \\u0041na \\u0141o\\u015b, \\nAna \\u0141o\\u015b"}}',
    '{"ContactId":"c3","TransferredToEndpoint":{"Address":"ana.l"},"CustomerEndpoint":'
    '{"Address":12005550100}, "n":[12005550100]}',
]
EVENTS = [
    f'{{"AgentARN":"{ARN}{ANA}","EventId":"e1","CurrentAgentSnapshot":{{"Configuration":{{"FirstName":"Ana","LastName":"\\u0141o\\u015b","Username":"ana.l"}}}}}}',
    f'{{"AgentARN":"{ARN}{BEN}","EventId":"e2","CurrentAgentSnapshot":{{"Configuration":{{"FirstName":"Ana","LastName":"Ito","Username":"ben"}}}}}}',
]
EVALUATIONS = [
    f'{{"evaluationId":"v1","metadata":{{"agentId":"{ANA}","evaluator":"ben","score":{{"percentage":1001}}}}}}',
    f'{{"evaluationId":"v2","metadata":{{"agentId":"{BEN}","evaluator":"ana.l"}}}}',
]
VENDORS = {
    "asterisk/queue_log": LOG,
    "amazon_connect/contact_records": "".join(CONTACTS),
    "amazon_connect/agent_events": "".join(EVENTS),
    "amazon_connect/evaluations": "".join(EVALUATIONS),
}
TABLE = [
    ("asterisk", "PJSIP/77", "1001"),
    ("amazon_connect", ANA, "1001"),
    ("amazon_connect", "ben", "1002"),
]
SOURCES_IDS = {
    ("asterisk", "1001"), ("asterisk", "PJSIP/77"),
    ("amazon_connect", "1001"), ("amazon_connect", "ana.l"), ("amazon_connect", ANA),
}  # fmt: skip


def put(home: Home, entity: str, name: str, text: str) -> None:
    folder = home.root.parent / "landing" / entity
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(text)
    ingest(home, home.root.parent / "landing")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """Loaded exports of both vendors, with lines that are no records: to be copied."""
    home = Home(tmp_path_factory.mktemp("made") / "home")
    home.prepare()
    put(home, "agents", "agents.csv", AGENTS)
    put(home, "teams", "teams.csv", TEAMS)
    for entity, text in VENDORS.items():
        put(home, entity, "first", text)
    put(home, "asterisk/queue_log", "broken", "x|1001|y\nx|1002|y\n" + LOG.splitlines()[0])
    return home


@pytest.fixture
def home(made: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    monkeypatch.setattr(
        erasing,
        "_numbered_table",
        lambda: ((line, *row) for line, row in enumerate(TABLE, 2)),
    )
    shutil.copytree(made.root.parent, tmp_path, dirs_exist_ok=True)
    return Home(tmp_path / "home")


def erase(home: Home) -> erasing.Erasure:
    erasing.begin(home, erasing.look(home, "1001"), "case 17/26")
    erasing.finish_files(home)
    return erasing.finish(home)


def payloads(home: Home, entity: str) -> list[str]:
    with engine.connect() as connection:
        rows = engine.parquet(connection, home.raw_folder(entity) / "[!_s]*.parquet")
        found = connection.execute(
            f"select distinct payload from {rows} order by payload"
        ).fetchall()
    return [payload for (payload,) in found]


def rejects(home: Home) -> list[dict[str, str]]:
    return Bench(home.root.parent / "landing", home).rejects("asterisk/queue_log")


def pseudonym_in(home: Home) -> str:
    (found,) = {
        cell
        for line in payloads(home, "asterisk/queue_log")
        for cell in line.split("|")
        if is_pseudonym(cell)
    }
    return found


def ids_in_held(person: Person) -> set[tuple[str, str]]:
    """The person's ids in the systems that the home has records of; elsewhere the agent's own id counts."""
    assert all(
        one in person.ids for one in ((source, "1001") for source in ("genesys_cloud", "zendesk"))
    )
    return {one for one in person.ids if one[0] in ("asterisk", "amazon_connect")}


def test_a_persons_ids_are_those_of_the_table_and_of_records_that_have_several(home: Home) -> None:
    found = erasing.look(home, "1001")
    assert ids_in_held(found.person) == SOURCES_IDS
    assert found.rules == (2, 3)
    by_entity: dict[str, int] = {}
    for name, rows in found.raw.items():
        entity = "/".join(Path(name).parts[1:-1])
        by_entity[entity] = by_entity.get(entity, 0) + rows
    assert by_entity == {
        "agents": 1, "asterisk/queue_log": 6 + 1, "amazon_connect/contact_records": 3,
        "amazon_connect/agent_events": 1, "amazon_connect/evaluations": 2,
    }  # fmt: skip
    assert list(found.quarantine.values()) == [1]


def test_the_rows_of_the_table_that_are_left_to_the_user_are_told(home: Home) -> None:
    told = io.StringIO()
    console = Console(file=told, width=300)
    found = erasing.look(home, "1001")
    summary.print_found(console, found, done=False)
    summary.print_erasure(console, erasing.Erasure(rules=found.rules))
    line = "agent_ids.csv names the person in lines 2, 3 and is yours to mend"
    assert told.getvalue().count(line) == 2
    assert "nothing in this home names the person any more" not in told.getvalue()


def test_records_lose_the_person_and_nothing_else(home: Home) -> None:
    assert erase(home).left == []
    p = pseudonym_in(home)
    assert payloads(home, "asterisk/queue_log") == sorted(
        [
            f"1790000000|NONE|all|{p}|ADDMEMBER|",
            "1790000000|NONE|all|1002|ADDMEMBER|",
            f"1790001001|1001.77|sales|NONE|ENTERQUEUE||{MASKED}|1",
            f"1790001002|1001.77|sales|{p}|CONNECT|1|1001.1|1",
            f"1790001003|1001.77|sales|{p}|BLINDTRANSFER|1002|internal|1001|77|1",
            f"1790001004|1001.78|sales|1002|BLINDTRANSFER|{p}|internal|1|1001|1",
            f"1790001005|NONE|NONE|{p}|PAUSEALL|{MASKED} asked",
            "1790001006|NONE|NONE|PJSIP/770|PAUSEALL|1001",
        ]
    )
    assert payloads(home, "amazon_connect/contact_records") == sorted(
        [
            f'{{"ContactId": "c1",\n  "Agent":{{"Username" : "{p}", "ARN":"{p}","AgentInteractionDuration":1001}}}}',
            f'{{"ContactId":"c2","Agent":{{"Username":"ben","ARN":"{ARN}{BEN}"}},"Attributes":'
            f'{{"said":"to {p}: {MASKED}, \\n{MASKED}"}}}}',
            f'{{"ContactId":"c3","TransferredToEndpoint":{{"Address":"{p}"}},"CustomerEndpoint":'
            f'{{"Address":"{MASKED}"}}, "n":[0]}}',
        ]
    )
    (one,) = [
        json.loads(text) for text in payloads(home, "amazon_connect/agent_events") if "e1" in text
    ]
    assert one["CurrentAgentSnapshot"]["Configuration"] == {
        "FirstName": MASKED, "LastName": MASKED, "Username": p,
    }  # fmt: skip
    assert EVENTS[1] in payloads(home, "amazon_connect/agent_events")
    evaluations = [text.replace(ANA, p).replace('"ana.l"', f'"{p}"') for text in EVALUATIONS]
    assert payloads(home, "amazon_connect/evaluations") == sorted(evaluations)
    assert {row["record"] for row in rejects(home)} == {"", "x|1002|y"}
    assert verification.verify(home).problems == []


def test_records_that_come_again_are_kept_out_or_masked(home: Home) -> None:
    erase(home)
    for entity, text in VENDORS.items():
        more = "x|PJSIP/77|y\n" if entity.startswith("asterisk") else "\n"
        put(home, entity, "again", text + more)
    loads = {load.dataset: load for load in read_ledger(home)[-4:]}
    assert {name: load.rows_erased for name, load in loads.items()} == {
        "asterisk/queue_log": 0, "amazon_connect/contact_records": 1,
        "amazon_connect/agent_events": 1, "amazon_connect/evaluations": 1,
    }  # fmt: skip
    log = payloads(home, "asterisk/queue_log")
    assert f"1790001002|1001.77|sales|{MASKED}|CONNECT|1|1001.1|1" in log
    assert f"1790001004|1001.78|sales|1002|BLINDTRANSFER|{MASKED}|internal|1|1001|1" in log
    assert "1790001006|NONE|NONE|PJSIP/770|PAUSEALL|1001" in log
    assert any(
        f'"evaluator":"{MASKED}"' in one for one in payloads(home, "amazon_connect/evaluations")
    )
    # What is no record and names the person keeps its place alone.
    told = [row["record"] for row in rejects(home)]
    assert told.count("x|1002|y") == 1
    assert not any("77|y" in record for record in told)
    for name, ids in (("asterisk", ("PJSIP/77", "1001")), ("amazon_connect", ("ana.l", ANA))):
        for path in home.raw_folder(name).rglob("*.parquet"):
            entity = "/".join(path.relative_to(home.raw).parts[:-1])
            for text in payloads(home, entity):
                cells = text.split("|")[3:4] if name == "asterisk" else text.split('"')
                assert set(cells).isdisjoint(ids)
        for path in home.quarantine_folder(name).rglob("*.csv"):
            assert not any(one in path.read_text() for one in ids)


def test_a_large_file_is_kept_out_as_a_small_one(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    erase(home)
    monkeypatch.setattr("ingestion.sources.records.SMALL_BYTES", 0)
    put(home, "amazon_connect/agent_events", "again", "\n".join(EVENTS))
    assert read_ledger(home)[-1].rows_erased == 1


def test_a_file_without_the_person_is_as_it_came(home: Home) -> None:
    erase(home)
    put(home, "asterisk/queue_log", "other", "1790000009|NONE|all|1002|REMOVEMEMBER|\n")
    assert "1790000009|NONE|all|1002|REMOVEMEMBER|" in payloads(home, "asterisk/queue_log")


def test_an_id_that_is_somebody_elses_in_a_system_stays(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = [
        ("asterisk", "1001", "1002"),
        ("amazon_connect", BEN, "1002"),
        ("amazon_connect", "ana.l", "1001"),
    ]
    monkeypatch.setattr(
        erasing, "_numbered_table", lambda: ((line, *row) for line, row in enumerate(table, 2))
    )
    # Two people had one user name, one after the other.
    shared = f'{{"Agent":{{"Username":"ana.l","ARN":"{ARN}{BEN}"}}}}'
    put(home, "amazon_connect/contact_records", "more", shared)
    found = erasing.look(home, "1001")
    assert ids_in_held(found.person) == {
        ("amazon_connect", "1001"), ("amazon_connect", "ana.l"), ("amazon_connect", ANA),
    }  # fmt: skip
    erase(home)
    stays = f"1790001005|NONE|NONE|1001|PAUSEALL|{MASKED} asked"
    assert stays in payloads(home, "asterisk/queue_log")
    assert Erased(home).holds_in("amazon_connect", "ana.l")
    assert not Erased(home).holds_in("asterisk", "1001")


def test_who_is_known_to_a_vendor_alone_can_be_erased(home: Home) -> None:
    found = erasing.look(home, "PJSIP/770")
    assert sum(found.raw.values()) == 1
    with pytest.raises(UnusableInput, match="nobody"):
        erasing.look(home, "PJSIP/7")


def test_a_vendor_of_whom_nobody_said_where_people_stand_is_refused(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    unsaid = Entity("asterisk/queue_log", "log", ())
    monkeypatch.setitem(ENTITIES, "asterisk/queue_log", unsaid)
    with pytest.raises(UnusableInput, match=r"holds asterisk/queue_log, and .*entities\.py"):
        erasing.look(home, "1001")


@pytest.mark.parametrize("stop_at", [0, 3, 6])
def test_stopped_anywhere_it_is_completed_with_all_ids(
    home: Home, stop_at: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    deeds = iter(range(100))
    real = Path.replace

    def replace(path: Path, target: Path) -> Path:
        if next(deeds) == stop_at:
            raise KeyboardInterrupt
        return real(path, target)

    erasing.begin(home, erasing.look(home, "1001"), "case 17/26")
    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", replace)
        with pytest.raises(KeyboardInterrupt):
            erasing.finish_files(home)
    person = erasing.unfinished(home)
    assert person is not None
    assert ids_in_held(person) == SOURCES_IDS
    erasing.finish_files(home)
    assert erasing.finish(home).left == []
    assert all(Erased(home).holds_in(*one) for one in SOURCES_IDS)
    assert verification.verify(home).problems == []
    assert len(ledger.records(home, "erasure")) == 1


def test_an_encrypted_home_loses_the_person_too(home: Home) -> None:
    encrypting.encrypt(home, bytes(32))
    assert erase(home).left == []
    assert all("ana.l" not in text for text in payloads(home, "amazon_connect/contact_records"))
    assert verification.verify(home).problems == []
    assert home.erased.read_bytes().startswith(encryption.MAGIC)
    put(home, "amazon_connect/agent_events", "again", "\n".join(EVENTS))
    assert read_ledger(home)[-1].rows_erased == 1


def test_no_file_of_the_home_names_the_person(home: Home) -> None:
    erase(home)
    telling = ("Ana Łoś", "ana@example.org", "12005550100", "ana.l", ANA, "PJSIP/77\x00")
    for path in home.root.rglob("*"):
        if path.suffix == ".parquet":
            found = duckdb.sql(f"from '{path}'").fetchall()
            text = str(found).replace("PJSIP/770", "")
        elif path.is_file():
            text = path.read_bytes().decode(errors="replace")
        else:
            continue
        assert not [one for one in telling if one.rstrip("\x00") in text], path
    assert traces.person_of(home, "1001") is None
