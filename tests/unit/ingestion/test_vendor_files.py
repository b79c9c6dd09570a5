"""Vendors' files become raw records, whatever the arrangement; nothing is lost or half-read."""

import gzip
import json

import pytest

from tests.unit.ingestion.ingestion_bench import Bench

CONTACTS = "amazon_connect/contact_records"
LOG = "asterisk/queue_log"
A, B, C = ({"ContactId": name, "Text": '[}{ "ü'} for name in "abc")
TEXTS = [json.dumps(one, ensure_ascii=False) for one in (A, B, C)]


def payloads(bench: Bench, entity: str = CONTACTS) -> list[object]:
    rows = sorted(bench.raw(entity), key=lambda row: int(row["row_number"]))
    return [row["payload"] if entity == LOG else json.loads(row["payload"]) for row in rows]


@pytest.mark.parametrize(
    "content",
    [
        "\n".join(TEXTS),
        "\r\n\r\n".join(TEXTS) + "\r\n",
        "".join(TEXTS),
        "[" + ",".join(TEXTS) + "]",
        "[[" + ",\n".join(TEXTS[:2]) + "],[" + TEXTS[2] + "]]",
        "\n".join(json.dumps(one, indent=2) for one in (A, B, C)),
        "\ufeff" + " ".join(TEXTS),
        "Text;ContactId\n" + "".join(f'"[}}{{ ""ü";{name}\n' for name in "abc"),
    ],
    ids=["lines", "blank CR LF lines", "concatenated", "list", "lists", "indented", "BOM", "CSV"],
)
@pytest.mark.parametrize("is_small", [True, False], ids=["small", "large"])
def test_every_arrangement_is_read(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, content: str, is_small: bool
) -> None:
    data = content.encode()
    packed = len(data) % 2 == 0
    if not is_small:
        monkeypatch.setattr("ingestion.sources.records.SMALL_BYTES", 0)
    # As a stream delivers it: in folders by the hour, under a name that says nothing.
    bench.put(
        f"{CONTACTS}/2026/10/01/09/ctr-1-2026-10-01-09-00-00-4b1f",
        gzip.compress(data) if packed else data,
    )
    (load,) = bench.ingest().loads
    assert (load.status, load.rows_loaded, load.rows_rejected) == ("loaded", 3, 0)
    assert payloads(bench) == [A, B, C]


def test_the_text_of_a_record_is_kept_as_it_came(bench: Bench) -> None:
    bench.put(f"{CONTACTS}/one.json", '{"b": 1.50,\n  "a": "\\u00fc"}')
    bench.ingest()
    assert [row["payload"] for row in bench.raw(CONTACTS)] == ['{"b": 1.50,\n  "a": "\\u00fc"}']


def test_the_records_of_a_long_file_are_numbered_across_chunks(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ingestion.sources.records.SMALL_BYTES", 0)
    monkeypatch.setattr("ingestion.sources.records._CHUNK", 64)
    monkeypatch.setattr("ingestion.sources.records._NEAR_END", 16)
    monkeypatch.setattr("ingestion.sources.records.BATCH", 7)
    many = [{"ContactId": f"c{number}", "Text": "x" * number} for number in range(100)]
    bench.put(f"{CONTACTS}/many", "".join(json.dumps(one) for one in many))
    bench.ingest()
    assert payloads(bench) == many


def test_what_is_no_object_is_refused_with_its_line_and_the_rest_is_read(bench: Bench) -> None:
    bench.put(
        f"{CONTACTS}/mixed.ndjson",
        f'{TEXTS[0]}\n{{"broken": tru}}\n{TEXTS[1]}\n7\n{TEXTS[2]}\n{{"n": NaN}}\n',
    )
    (load,) = bench.ingest().loads
    assert (load.rows_loaded, load.rows_rejected) == (3, 3)
    assert payloads(bench) == [A, B, C]
    rejects = bench.rejects(CONTACTS)
    assert [(row["line_number"], row["row_number"]) for row in rejects] == [
        ("2", "2"),
        ("4", "4"),
        ("6", "6"),
    ]
    assert rejects[0]["record"] == '{"broken": tru}'
    assert "no JSON object" in rejects[1]["reason"]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (f"[{TEXTS[0]},{TEXTS[1]},", "within a list"),
        (TEXTS[0] + '\n{"ContactId": "b", "Te', "within the record that begins in line 2"),
        ("just a sentence\n", "neither JSON nor CSV"),
        (b"\x1f\x8b\x08\x00broken", "gzip"),
        (b'{"a": "\xff"}', "not UTF-8"),
    ],
    ids=["open list", "cut off", "prose", "gzip", "encoding"],
)
def test_a_file_that_is_not_whole_loads_nothing(
    bench: Bench, content: str | bytes, reason: str
) -> None:
    bench.put(f"{CONTACTS}/part", content)
    (load,) = bench.ingest().loads
    assert load.status == "quarantined"
    assert reason in str(load.reason)
    assert bench.raw(CONTACTS) == []


def test_a_last_line_that_counts_the_rows_is_no_row_and_is_told(bench: Bench) -> None:
    bench.put(f"{CONTACTS}/report.csv", "\ufeffContactId,Text\r\na,x\r\nb,\r\nRows: 2\r\n")
    (load,) = bench.ingest().loads
    assert (load.rows_loaded, load.rows_rejected) == (2, 0)
    assert load.unknown_columns == ("(trailer in line 4) Rows: 2",)
    assert payloads(bench) == [{"ContactId": "a", "Text": "x"}, {"ContactId": "b"}]


def test_a_last_row_that_was_cut_off_is_refused(bench: Bench) -> None:
    bench.put(f"{CONTACTS}/report.csv", "ContactId,Text,More\na,x,y\nb,x")
    (load,) = bench.ingest().loads
    assert (load.rows_loaded, load.rows_rejected) == (1, 1)


@pytest.mark.parametrize(
    ("entity", "name"),
    [
        ("genesys_cloud/conversation_details", "conversations"),
        ("genesys_cloud/user_details", "userDetails"),
        ("genesys_cloud/evaluations", "entities"),
    ],
)
def test_a_page_of_an_interface_is_the_records_in_its_list(
    bench: Bench, entity: str, name: str
) -> None:
    page = json.dumps({name: [A, B], "totalHits": 2}) + json.dumps({"totalHits": 0, name: []})
    bench.put(f"{entity}/page.json", page + json.dumps({name: [7]}) + TEXTS[2])
    (load,) = bench.ingest().loads
    assert (load.rows_loaded, load.rows_rejected) == (3, 1)
    assert payloads(bench, entity) == [A, B, C]


def test_lines_of_a_queue_log_are_records_and_others_are_refused(bench: Bench) -> None:
    lines = [
        "1790000000|NONE|NONE|NONE|QUEUESTART|",
        "1790000001.25|c1|sales|NONE|ENTERQUEUE||+34 600|1",
        "1790000002|c1|sales|Anna O'Neill|CONNECT|1|c2|1",
    ]
    bench.put(
        f"{LOG}/queue_log.1", "\n".join([lines[0], "", *lines[1:], "garbage", "17|a|b|c|PAUSE"])
    )
    (load,) = bench.ingest().loads
    assert (load.rows_loaded, load.rows_rejected) == (3, 2)
    assert payloads(bench, LOG) == lines
    assert [row["line_number"] for row in bench.rejects(LOG)] == ["5", "6"]


def test_a_folder_of_a_vendor_that_nobody_knows_is_told(bench: Bench) -> None:
    bench.put(f"{LOG}/queue_log", "1790000000|NONE|NONE|NONE|QUEUESTART|\n")
    bench.put("asterisk/cdr/master.csv", "a,b\n")
    assert bench.ingest().unknown_entries == ("asterisk/cdr",)


def test_pages_of_an_interface_are_taken_apart_and_may_lie_in_two_folders(bench: Bench) -> None:
    """A page of tickets with their metric sets tells of both; what is beside the list is no record."""
    tickets = [{"id": number, "metric_set": {"reopens": number}} for number in (1, 2)]
    page = json.dumps({"tickets": tickets, "next_page": None, "count": 2})
    for folder in ("zendesk/tickets", "zendesk/ticket_metrics"):
        bench.put(f"{folder}/page_1.json", page + page)
    bench.put("zendesk/ticket_metrics/page_2.json", '{"ticket_metrics": [{"ticket_id": 3}]}')
    loads = bench.ingest().loads
    assert {load.status for load in loads} == {"loaded"}
    assert payloads(bench, "zendesk/tickets") == tickets * 2
    assert sorted(payloads(bench, "zendesk/ticket_metrics"), key=str) == sorted(
        [*tickets * 2, {"ticket_id": 3}], key=str
    )


@pytest.mark.parametrize(
    ("entity", "name"),
    [
        ("ticket_audits", "audits"),
        ("satisfaction_ratings", "satisfaction_ratings"),
        ("agent_states", "data"),
        ("users", "users"),
    ],
)
def test_every_list_of_zendesk_is_taken_out_of_its_page(
    bench: Bench, entity: str, name: str
) -> None:
    bench.put(f"zendesk/{entity}/page.json", json.dumps({name: [A, B], "count": 2}))
    bench.put(f"zendesk/{entity}/one.ndjson", TEXTS[2])
    bench.ingest()
    assert sorted(payloads(bench, f"zendesk/{entity}"), key=str) == [A, B, C]
