"""Ids of people in vendors' records: found and replaced where the vendor puts people, and nowhere else."""

import json
from typing import Any

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingestion.engine import literal
from ingestion.sources import ENTITIES, Entity, people

EVENTS = ENTITIES["amazon_connect/agent_events"]
LOG = ENTITIES["asterisk/queue_log"]
PLACES = Entity(
    "some/records",
    "objects",
    (),
    about=("$.agent.id",),
    mentions=(
        "$..userId",
        "$.followers[*]",
        "$..value[field_name=assignee_id]",
        "$.evaluator.user.id",
    ),
)


def ask(expression: str, payload: str) -> Any:
    row = duckdb.execute(f"select {expression} from (select {literal(payload)} as payload)")
    return row.fetchall()[0][0]


def without(entity: Entity, found: list[str], payload: str) -> str:
    return str(ask(people.replaced(entity, entity.places, found, "X", "payload"), payload))


@pytest.mark.parametrize(
    ("payload", "expected"),
    [
        ('{"agent":{"id":"1001"},"id":"1001"}', '{"agent":{"id":"X"},"id":"1001"}'),
        ('{"id":1001, "agent" :\n{ "n":{"id":1001},"id" : 1001 }}',
         '{"id":1001, "agent" :\n{ "n":{"id":1001},"id" : "X" }}'),
        ('{"o":{"agent":{"id":"1001"}}}', '{"o":{"agent":{"id":"1001"}}}'),
        ('{"s":"{\\"agent\\":{\\"id\\":\\"1001\\"}}","agent":{"id":"1001"}}',
         '{"s":"{\\"agent\\":{\\"id\\":\\"1001\\"}}","agent":{"id":"X"}}'),
        ('{"a":"}{[","agent":{"x":["]}"],"id":"1001"}}', '{"a":"}{[","agent":{"x":["]}"],"id":"X"}}'),
        ('{"p":[{"userId":"1001","s":[{"userId":1001}]},{"userId":"10011"}],"n":1001}',
         '{"p":[{"userId":"X","s":[{"userId":"X"}]},{"userId":"10011"}],"n":1001}'),
        ('{"followers":[7, 1001 ,"1001x"],"n":[1001]}', '{"followers":[7, "X" ,"1001x"],"n":[1001]}'),
        ('{"followers":[1001]}', '{"followers":["X"]}'),
        ('{"e":[{"field_name":"assignee_id","id":1001,"value":"1001"},{"value":"1001","field_name":"priority"},'
         '{"value":"1001", "t":{"u":1},"field_name":"assignee_id"}]}',
         '{"e":[{"field_name":"assignee_id","id":1001,"value":"X"},{"value":"1001","field_name":"priority"},'
         '{"value":"X", "t":{"u":1},"field_name":"assignee_id"}]}'),
        ('{"evaluator":{"id":"1001","user":{"name":"\\"id\\":\\"1001\\"","id":"1001"}}}',
         '{"evaluator":{"id":"1001","user":{"name":"\\"id\\":\\"1001\\"","id":"X"}}}'),
        ('{"agent":{"id":1001.5}}', '{"agent":{"id":1001.5}}'),
    ],
    ids=["its own", "blanks", "deeper", "text", "brackets", "anywhere", "list", "list of one", "condition", "path",
         "decimal"],
)  # fmt: skip
def test_only_whole_values_at_the_places_are_replaced(payload: str, expected: str) -> None:
    assert without(PLACES, ["1001"], payload) == expected
    json.loads(expected)
    is_named = ask(people.named(PLACES, PLACES.places, ["1001"]), payload)
    assert is_named == (payload != expected)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("1|c|q|1001|CONNECT|1001|1001.1|1001", "1|c|q|X|CONNECT|1001|1001.1|1001"),
        ("1|c|q|1001-0000001a|PAUSE|", "1|c|q|X|PAUSE|"),
        ("1|c|q|1001/n|PAUSE", "1|c|q|X|PAUSE"),
        ("1|1001|1001|10010|ENTERQUEUE||1001|1", "1|1001|1001|10010|ENTERQUEUE||1001|1"),
        ("1|c|q|a|BLINDTRANSFER|1001|ctx|1001|5|1", "1|c|q|a|BLINDTRANSFER|X|ctx|1001|5|1"),
        ("1|c|q|a|ATTENDEDTRANSFER|1001|1001|1|5|1", "1|c|q|a|ATTENDEDTRANSFER|1001|X|1|5|1"),
        ("1|NONE|NONE|1001|AGENTLOGIN|1001-0000001a", "1|NONE|NONE|X|AGENTLOGIN|X"),
    ],
    ids=["member", "channel", "local", "others", "transfer", "attended", "log-in"],
)
def test_a_short_id_in_a_log_is_somebody_only_where_somebody_stands(
    line: str, expected: str
) -> None:
    assert without(LOG, ["1001"], line) == expected
    assert ask(people.named(LOG, LOG.places, ["1001"]), line) == (line != expected)


def test_an_arn_is_the_uuid_at_its_end() -> None:
    arn = "arn:aws:connect:eu:1:instance/i/agent/7f-1"
    event = json.dumps(
        {"AgentARN": arn, "CurrentAgentSnapshot": {"Configuration": {"Username": "ana"}}, "N": "ana"}
    )  # fmt: skip
    found = [ask(people.ids(EVENTS, place), event) for place in EVENTS.about]
    assert found == [["7f-1"], ["ana"]]
    read = json.loads(without(EVENTS, ["7f-1", "ana"], event))
    assert read["AgentARN"] == "X"
    assert read["CurrentAgentSnapshot"]["Configuration"]["Username"] == "X"
    assert read["N"] == "ana"
    # As some write it.
    slashes = event.replace("/", "\\/")
    assert json.loads(without(EVENTS, ["7f-1"], slashes))["AgentARN"] == "X"


WORDS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=6)  # fmt: skip


@given(
    person=WORDS.filter(lambda text: text != "NONE"),
    other=WORDS,
    indent=st.sampled_from([None, 2]),
    is_ascii=st.booleans(),
)
def test_whatever_an_id_is_it_goes_and_all_else_stays(
    person: str, other: str, indent: int | None, is_ascii: bool
) -> None:
    def record(id_of_agent: str) -> dict[str, Any]:
        agent = {"deep": {"id": person}, "list": [person, {"id": person}], "id": id_of_agent}
        others = other if other != person else id_of_agent
        return {
            "id": person,
            "note": f'"{person}": "{person}"',
            "agent": agent,
            "p": [{"userId": others}, {"userId": id_of_agent}, {"x": [], "userId": id_of_agent}],
        }

    payload = json.dumps(record(person), indent=indent, ensure_ascii=is_ascii)
    assert ask(people.ids(PLACES, "$.agent.id"), payload) == [person]
    assert json.loads(without(PLACES, [person], payload)) == record("X")
    assert person in set(people.tokens(PLACES, payload))


def test_every_entity_says_where_it_names_people() -> None:
    unsaid = [name for name, entity in ENTITIES.items() if entity.mentions is None]
    assert unsaid == [], "say `about` and `mentions`, or nobody can be erased where these are held"
    for entity in ENTITIES.values():
        for place in (*entity.places, *entity.names):
            # SQL that cannot be read fails here.
            duckdb.execute(
                f"select {people.ids(entity, place)}, {people.named(entity, [place], ['x'])},"
                f" {people.replaced(entity, [place], ['x'], 'y', 'payload')},"
                f" {people.emptied(entity, 'y', 'payload')} from (select '{{}}' as payload)"
            )
