"""Exports of a system that nobody knew: what a mapping file makes of them, and what it refuses."""

import codecs
import gzip
import re
from datetime import datetime
from pathlib import Path

import duckdb
import pytest

from ingestion import Limits, UnusableInput, preview, read_scan, rejected_share, unread
from ingestion.erased import Erased
from ingestion.mapping import read_mapping
from tests.unit.ingestion.ingestion_bench import Bench

PAGE = Path(__file__).parents[3] / "docs" / "sources" / "mapping.md"

STATUSES = """\
time_zone: Europe/Warsaw
time_format: "%d/%m/%Y %H:%M"
rows:
  - from: status
    into: status_events
    columns:
      event_id: {template: "{who}/{at}"}
      agent_id: who
      occurred_at: at
      status: {column: label, values: {On: available, Off: away, No: active}, other: unclassified}
"""
WORK = """\
rows:
  - from: work
    into: tickets
    columns:
      ticket_id: id
      status: {constant: open}
      created_at: at
"""


def put_mapping(bench: Bench, text: str, system: str = "dialler") -> Path:
    return bench.put(f"{system}/mapping.yml", text)


def statuses(bench: Bench, *lines: str, name: str = "a.csv") -> None:
    bench.put(f"dialler/status/{name}", "who,at,label\n" + "".join(f"{one}\n" for one in lines))


def talkdesk() -> str:
    found = re.search(r"```yaml\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert found is not None
    return found[1]


def test_the_example_of_the_page_makes_contract_rows_of_talkdesks_reports(bench: Bench) -> None:
    put_mapping(bench, talkdesk(), "talkdesk")
    bench.put(
        "talkdesk/user_status/october.csv",
        "user_id,user_name,status_label,status_start_at,status_end_at,status_time\n"
        "u1,Anna,Available,2026-10-01 08:00:00,2026-10-01 09:00:00,3600\n"
        "u1,Anna,lunch,2026-10-01 09:00:00,2026-10-01 09:30:00,1800\n"
        "u1,Anna,Yoga,2026-10-02 09:00:00,,\n"
        "u2,Jan,Available,2026-10-25 02:30:00,2026-10-25 04:00:00,5400\n",
    )
    bench.put(
        "talkdesk/calls/october.csv",
        "call_id,type,start_at,end_at,user_id,handling_user_id,talk_time,wait_time,hold_time,"
        "csat_score,csat_survey_time,team_name\n"
        "c1,inbound,2026-10-01T08:00:00Z,2026-10-01T08:10:00Z,u9,u1,540,30,5,4,2026-10-01T09:00:00Z,Sales\n"
        "c2,abandoned,2026-10-01T08:00:00Z,2026-10-01T08:00:40Z,u9,,,40,,,,Sales\n"
        "c3,voicemail,2026-10-01T08:00:00Z,2026-10-01T08:00:40Z,,,,40,,,,Sales\n"
        "c4,outbound,2026-10-01T08:00:00Z,2026-10-01T08:00:40Z,u2,,30,,0,,,Sales\n"
        "c5,callback,2026-10-01T08:00:00Z,2026-10-01T08:00:40Z,u2,,30,,0,,,Sales\n",
    )
    said: list[str] = []
    summary = bench.ingest(progress=said.append)
    assert {load.dataset: load.source for load in summary.loads} == dict.fromkeys(
        ("status_events", "interactions", "csat_surveys"), "talkdesk"
    )
    assert (
        "talkdesk/calls/october.csv: 3 rows of interactions loaded, 1 rejected, 1 not wanted by the mapping"
        in said
    )
    assert [
        (
            row["event_id"][12:],
            row["occurred_at"],
            row["status"],
            row["reason"],
            row["updated_at"] is None,
        )
        for row in sorted(
            bench.raw("status_events"), key=lambda row: (row["occurred_at"], row["status"])
        )
    ] == [
        ("2026-10-01 08:00:00", "2026-10-01 06:00:00+00", "available", None, False),
        ("2026-10-01 09:00:00", "2026-10-01 07:00:00+00", "away", None, True),
        ("2026-10-01 09:00:00", "2026-10-01 07:00:00+00", "unavailable", "break", False),
        ("2026-10-01 09:30:00", "2026-10-01 07:30:00+00", "away", None, True),
        ("2026-10-02 09:00:00", "2026-10-02 07:00:00+00", "unclassified", None, False),
        ("2026-10-25 04:00:00", "2026-10-25 03:00:00+00", "away", None, True),
    ]
    assert [
        tuple(
            row[name]
            for name in (
                *("interaction_id", "agent_id", "customer_id", "channel", "direction", "queue"),
                *(
                    "answered_at",
                    "ended_at",
                    "talk_seconds",
                    "hold_seconds",
                    "acw_seconds",
                    "outcome",
                ),
            )
        )
        for row in bench.raw("interactions")
    ] == [
        (
            *("c1", "u1", "call c1", "voice", "inbound", "Sales"),
            *("2026-10-01 08:00:30+00", "2026-10-01 08:10:00+00", "540", "5", None, None),
        ),
        (
            *("c2", None, "call c2", "voice", "inbound", "Sales"),
            *(None, "2026-10-01 08:00:40+00", None, None, None, "abandoned"),
        ),
        (
            *("c4", "u2", "call c4", "voice", "outbound", "Sales"),
            *(None, "2026-10-01 08:00:40+00", "30", "0", None, None),
        ),
    ]
    assert [
        (row["interaction_id"], row["agent_id"], row["score"]) for row in bench.raw("csat_surveys")
    ] == [("c1", "u1", "4")]
    (fault,) = bench.rejects("interactions")
    assert (fault["row_number"], fault["line_number"], fault["column"], fault["value"]) == (
        *("5", "6", "direction from type", "callback"),
    )
    assert fault["reason"] == (
        "direction from type 'callback' is not among the values of the mapping: add it there, or say what other is"
    )
    assert '"type":"callback"' in fault["record"]
    assert {row["column"] for row in bench.rejects("status_events")} == {
        "occurred_at from status_start_at",
        "updated_at from status_start_at",
    }


TWICE = (
    "is twice in {}: the clocks were put back over it, and the export does not say which it is;"
    " export it in UTC or with the offset from UTC"
)
MISSING = "does not exist in {}: the clocks were put forward over it"


@pytest.mark.parametrize(
    ("zone", "local", "expected"),
    [
        ("Europe/Warsaw", "2026-10-25 01:59:59", "2026-10-24 23:59:59+00"),
        ("Europe/Warsaw", "2026-10-25 02:00:00", TWICE),
        ("Europe/Warsaw", "2026-10-25 02:30:00", TWICE),
        ("Europe/Warsaw", "2026-10-25 02:59:59", TWICE),
        ("Europe/Warsaw", "2026-10-25 03:00:00", "2026-10-25 02:00:00+00"),
        ("Europe/Warsaw", "2026-03-29 01:59:59", "2026-03-29 00:59:59+00"),
        ("Europe/Warsaw", "2026-03-29 02:00:00", MISSING),
        ("Europe/Warsaw", "2026-03-29 02:30:00", MISSING),
        ("Europe/Warsaw", "2026-03-29 03:00:00", "2026-03-29 01:00:00+00"),
        ("America/New_York", "2026-11-01 01:30:00", TWICE),
        ("America/New_York", "2026-11-01 02:00:00", "2026-11-01 07:00:00+00"),
        ("America/New_York", "2026-03-08 02:30:00", MISSING),
        # Half an hour is there twice, and half an hour is missing.
        ("Australia/Lord_Howe", "2026-04-05 01:29:59", "2026-04-04 14:29:59+00"),
        ("Australia/Lord_Howe", "2026-04-05 01:45:00", TWICE),
        ("Australia/Lord_Howe", "2026-04-05 02:00:00", "2026-04-04 15:30:00+00"),
        ("Australia/Lord_Howe", "2026-10-04 02:15:00", MISSING),
        ("Australia/Lord_Howe", "2026-10-04 02:30:00", "2026-10-03 15:30:00+00"),
        # A day that the island left out.
        ("Pacific/Apia", "2011-12-30 12:00:00", MISSING),
        ("Asia/Kolkata", "2026-10-25 02:30:00", "2026-10-24 21:00:00+00"),
    ],
)
def test_a_local_time_is_an_instant_or_a_reason(
    bench: Bench, zone: str, local: str, expected: str
) -> None:
    mapping = put_mapping(bench, f"time_zone: {zone}\n{WORK}")
    file = bench.put("dialler/work/a.csv", f"id,at\n1,{local}\n2,{local}+05:30\n3,{local}Z\n")
    (seen,) = preview(mapping, file)
    rows = {row[0]: row[seen.columns.index("created_at")] for row in seen.rows}
    assert rows["3"] == datetime.fromisoformat(f"{local}+00:00")
    assert rows["2"] == datetime.fromisoformat(f"{local}+05:30")
    if expected in (TWICE, MISSING):
        assert [row[:4] for row in seen.rejected] == [(1, 2, "created_at from at", local)]
        assert seen.rejected[0][4] == f"created_at from at '{local}' {expected.format(zone)}"
    else:
        assert rows["1"] == datetime.fromisoformat(expected)
        assert not seen.rejected


@pytest.mark.parametrize(
    ("said", "cell", "expected"),
    [
        ('"%d/%m/%Y %H:%M"', "03/02/2026 08:05", "2026-02-03 07:05:00+00"),
        ('"%d/%m/%Y %H:%M"', "3/2/2026 8:05", "2026-02-03 07:05:00+00"),
        ('"%d/%m/%Y %H:%M"', "31/02/2026 08:05", "is no time of the form %d/%m/%Y %H:%M"),
        ('"%d/%m/%Y %H:%M"', "2026-02-03 08:05", "is no time of the form %d/%m/%Y %H:%M"),
        ('"%d/%m/%Y %I:%M %p"', "03/02/2026 08:05 PM", "2026-02-03 19:05:00+00"),
        ('"%d/%m/%Y %H:%M %z"', "03/02/2026 08:05 -0500", "2026-02-03 13:05:00+00"),
        ('["%d.%m.%y %H:%M:%S", iso]', "2026-02-03T08:05", "2026-02-03 07:05:00+00"),
        ('["%d.%m.%y %H:%M:%S", iso]', "03.02.26 08:05:09", "2026-02-03 07:05:09+00"),
        ("iso", "2026-02-03T08:05:01.25+01:00", "2026-02-03 07:05:01.25+00"),
        (
            "iso",
            "3 February",
            "is no ISO 8601 time, such as 2026-01-31 09:30:00: say its time_format in the mapping",
        ),
        (
            "iso",
            "2026-02-30 08:00",
            "is no ISO 8601 time, such as 2026-01-31 09:30:00: say its time_format in the mapping",
        ),
        ("iso", "1969-12-31 23:00", "does not lie in the years 1970 to 2100"),
        ("iso", "9999-12-31 23:00", "does not lie in the years 1970 to 2100"),
        ("epoch", "1770102300", "2026-02-03 07:05:00+00"),
        ("epoch", "1770102300.5", "2026-02-03 07:05:00.5+00"),
        ("epoch_ms", "1770102300500", "2026-02-03 07:05:00.5+00"),
        ("epoch", "soon", "is no time of the form epoch"),
    ],
)
def test_a_time_is_read_in_the_form_that_was_said(
    bench: Bench, said: str, cell: str, expected: str
) -> None:
    mapping = put_mapping(bench, f"time_zone: Europe/Warsaw\ntime_format: {said}\n{WORK}")
    file = bench.put("dialler/work/a.csv", f"id,at\n1,{cell}\n")
    (seen,) = preview(mapping, file)
    if expected.startswith("20"):
        assert seen.rows[0][seen.columns.index("created_at")] == datetime.fromisoformat(expected)
    else:
        assert [row[4] for row in seen.rejected] == [f"created_at from at '{cell}' {expected}"]


def test_without_a_zone_a_local_time_is_rejected_as_in_the_contract(bench: Bench) -> None:
    mapping = put_mapping(bench, WORK)
    (seen,) = preview(mapping, bench.put("dialler/work/a.csv", "id,at\n1,2026-02-03 08:00\n"))
    assert seen.rejected[0][4].startswith(
        "naive instant: created_at '2026-02-03 08:00' does not say"
    )


@pytest.mark.parametrize(
    ("said", "cell", "expected"),
    [
        ("wait", "30", 30),
        ("wait", "1.5", "wait_seconds"),
        ("{column: wait, unit: milliseconds}", "1500", 2),
        ("{column: wait, unit: minutes}", "2.5", 150),
        ("{column: wait, unit: minutes, decimal: comma}", '"2,5"', 150),
        ("{column: wait, unit: 'hh:mm:ss'}", "01:02:03", 3723),
        ("{column: wait, unit: 'hh:mm:ss'}", "100:00:00", 360000),
        ("{column: wait, unit: 'hh:mm:ss'}", "02:03", "is no time in hh:mm:ss"),
        ("{column: wait, unit: 'hh:mm:ss'}", "00:61:00", "is no time in hh:mm:ss"),
        ("{column: wait, unit: 'mm:ss'}", "62:03", 3723),
        ("{column: wait, unit: milliseconds}", "-5", "is no time in milliseconds"),
        ("{column: wait, unit: seconds, decimal: comma}", '"1.200,0"', 1200),
    ],
)
def test_a_duration_is_whole_seconds(bench: Bench, said: str, cell: str, expected: object) -> None:
    mapping = put_mapping(
        bench,
        "rows:\n- from: x\n  into: interactions\n  columns:\n"
        "    {interaction_id: id, customer_id: id, channel: {constant: voice},"
        f" direction: {{constant: inbound}}, queued_at: at, acw_seconds: {said}}}\n",
    )
    file = bench.put("dialler/x/a.csv", f"id,at,wait\n1,2026-01-01T00:00:00Z,{cell}\n")
    (seen,) = preview(mapping, file)
    if isinstance(expected, int):
        assert [row[-1] for row in seen.rows] == [expected]
    else:
        assert len(seen.rejected) == 1
        assert expected == "wait_seconds" or str(expected) in seen.rejected[0][4]


@pytest.mark.parametrize(
    ("plus", "wait", "expected"),
    [
        ("plus: wait", "30", "2026-01-01 00:00:30+00"),
        ("minus: wait", "30", "2025-12-31 23:59:30+00"),
        ("plus: [wait, {column: ring, unit: milliseconds}]", "30", "2026-01-01 00:00:31.5+00"),
        ("plus: wait, minus: wait", "7", "2026-01-01 00:00:00+00"),
        ("plus: wait", "", None),
        ("plus: wait", "long", "answered_at from wait 'long' is no time in seconds"),
        ("plus: wait", "99999999999", "answered_at from wait '99999999999' is no time in seconds"),
    ],
)
def test_an_instant_is_another_and_some_seconds(
    bench: Bench, plus: str, wait: str, expected: str | None
) -> None:
    mapping = put_mapping(
        bench,
        "rows:\n- from: x\n  into: interactions\n  columns:\n"
        "    {interaction_id: id, customer_id: id, channel: {constant: voice}, queued_at: at,"
        f" direction: {{constant: inbound}}, answered_at: {{column: at, {plus}}}}}\n",
    )
    file = bench.put("dialler/x/a.csv", f"id,at,wait,ring\n1,2026-01-01T00:00:00Z,{wait},1500\n")
    (seen,) = preview(mapping, file)
    if expected and expected.startswith("answered_at"):
        assert [row[4] for row in seen.rejected] == [expected]
    else:
        found = seen.rows[0][-1]
        assert found == (datetime.fromisoformat(expected) if expected else None)


@pytest.mark.parametrize(
    ("said", "cell", "expected"),
    [
        ("{column: v, values: {a: b}}", "A ", "b"),
        ("{column: v, values: {a: b}}", "c", "reject"),
        ("{column: v, values: {a: b}, other: keep}", "C", "C"),
        ("{column: v, values: {a: b}, other: empty}", "c", None),
        ("{column: v, values: {a: ''}}", "a", None),
        ("{column: v, values: {'': none, a: b}}", "", "none"),
        ("{column: v, values: {a: b}}", "", None),
        ("v", " as it is ", "as it is"),
        ("[w, v]", "second", "second"),
        ("[v, w]", "first", "first"),
        ("{constant: always}", "", "always"),
        ("{template: 'x-{V}-{id}'}", "7", "x-7-1"),
        ("{template: 'x-{v}'}", "", None),
        ("{column: v, only_if: {id: [1, 2]}}", "yes", "yes"),
        ("{column: v, only_if: {id: 2}}", "no", None),
        ("{column: v, skip_if: {w: ''}}", "no", None),
        ("{column: v, values: {it's: it's}}", "it's", "it's"),
    ],
)
def test_a_text_of_ours(bench: Bench, said: str, cell: str, expected: str | None) -> None:
    mapping = put_mapping(
        bench,
        "rows:\n- from: x\n  into: tickets\n  columns:\n"
        f"    {{ticket_id: id, created_at: at, status: {{constant: open}}, kind: {said}}}\n",
    )
    file = bench.put("dialler/x/a.csv", f'id,at,V,w\n1,2026-01-01T00:00:00Z,"{cell}",\n')
    (seen,) = preview(mapping, file)
    kind = seen.columns.index("kind")
    assert [row[kind] for row in seen.rows] == ([] if expected == "reject" else [expected])
    assert seen.rows_rejected == (expected == "reject")


@pytest.mark.parametrize(
    ("cell", "expected"),
    [('"87,5"', 87.5), ("90", 90), ('"1.000,0"', "not between"), ('"8.5"', "decimal comma")],
)
def test_a_number_may_have_a_decimal_comma(bench: Bench, cell: str, expected: object) -> None:
    mapping = put_mapping(
        bench,
        "decimal: comma\nrows:\n- from: x\n  into: qa_evaluations\n  columns:\n"
        "    {evaluation_id: id, agent_id: id, evaluated_at: at, score: v}\n",
    )
    file = bench.put("dialler/x/a.csv", f"id,at,v\n1,2026-01-01T00:00:00Z,{cell}\n")
    (seen,) = preview(mapping, file)
    if isinstance(expected, str):
        assert expected in seen.rejected[0][4]
    else:
        assert float(seen.rows[0][-1]) == expected


def test_dates_are_read_in_their_form(bench: Bench) -> None:
    mapping = put_mapping(
        bench,
        'date_format: "%d/%m/%Y"\nrows:\n- from: x\n  into: agents\n  columns:\n'
        "    {agent_id: id, name: id, role: {constant: agent}, team_id: id,"
        " time_zone: {constant: Europe/Madrid}, effective_from: since}\n",
    )
    file = bench.put("dialler/x/a.csv", "id,since\n1,03/02/2026\n2,31/02/2026\n")
    (seen,) = preview(mapping, file)
    assert [str(row[-1]) for row in seen.rows] == ["2026-02-03"]
    assert (
        seen.rejected[0][4]
        == "effective_from from since '31/02/2026' is no day of the form %d/%m/%Y"
    )


@pytest.mark.parametrize(
    "content",
    [
        b"who,at,label\nj\xc3\xb6,01/02/2026 08:00,On\n1 row\n",
        b"\xef\xbb\xbfWho ;at;label\r\nj\xc3\xb6;01/02/2026 08:00;On\r\n1 row\r\n",
        codecs.BOM_UTF16_LE
        + "who\tat\tlabel\njö\t01/02/2026 08:00\tOn\n1 row\n".encode("utf-16-le"),
        gzip.compress(b'who|at|label|note\nj\xc3\xb6|01/02/2026 08:00|On|"a|b"\n1 row\n'),
    ],
    ids=["plain", "BOM and semicolons", "UTF-16 and tabs", "gzip and bars"],
)
def test_files_are_read_as_spreadsheets_write_them(bench: Bench, content: bytes) -> None:
    put_mapping(bench, STATUSES)
    bench.put("dialler/status/deep/export", content)
    (load,) = bench.ingest().loads
    assert (load.status, load.rows_loaded, load.rows_rejected) == ("loaded", 1, 0)
    assert [name.startswith("(trailer in line 3) 1 row") for name in load.unknown_columns] == [True]
    assert [row["agent_id"] for row in bench.raw("status_events")] == ["jö"]


def test_an_old_encoding_has_to_be_said(bench: Bench) -> None:
    put_mapping(bench, STATUSES)
    bench.put("dialler/status/a.csv", "who,at,label\njö,01/02/2026 08:00,On\n".encode("cp1252"))
    (load,) = bench.ingest().loads
    assert load.reason == (
        "byte 0xf6 in line 2 is not UTF-8; save the file with UTF-8 encoding,"
        " or say its encoding in the mapping, such as encoding: cp1252"
    )
    put_mapping(bench, "encoding: cp1252\n" + STATUSES)
    (load,) = bench.ingest().loads
    assert (load.status, load.rows_loaded) == ("loaded", 1)
    assert unread(bench.ledger()) == []


def test_a_cut_off_last_line_is_no_trailer(bench: Bench) -> None:
    put_mapping(bench, STATUSES)
    bench.put("dialler/status/a.csv", "who,at,label\na,01/02/2026 08:00,On\na,01/02/20")
    (load,) = bench.ingest().loads
    assert (load.rows_loaded, load.rows_rejected, load.unknown_columns) == (1, 1, ())


def test_a_missing_column_quarantines_the_file(bench: Bench) -> None:
    put_mapping(bench, STATUSES)
    bench.put("dialler/status/a.csv", "who,when,label\na,01/02/2026 08:00,On\n")
    (load,) = bench.ingest().loads
    assert load.reason == "column at of the mapping missing; the file has who, when, label"


def test_a_file_over_a_limit_is_quarantined(bench: Bench) -> None:
    put_mapping(bench, STATUSES)
    statuses(bench, *["a,01/02/2026 08:00,On"] * 10)
    (load,) = bench.ingest(limits=Limits(file_bytes=100)).loads
    assert load.reason is not None
    assert load.reason.startswith("over the limit file_bytes")
    assert bench.ingest().loads[0].rows_loaded == 10


def test_a_changed_mapping_reads_the_file_again_and_what_was_before_is_gone(bench: Bench) -> None:
    put_mapping(bench, STATUSES)
    statuses(bench, "a,01/02/2026 08:00,On", "a,01/02/2026 09:00,Yoga", "b,25/10/2026 02:30,On")
    (first,) = bench.ingest().loads
    assert (first.rows_loaded, first.rows_rejected) == (2, 1)
    assert bench.ingest().loads == []
    put_mapping(bench, "# why it is so\n" + STATUSES + WORK.removeprefix("rows:\n"))
    assert bench.ingest().loads == [], "a comment, and another folder, change nothing"
    put_mapping(bench, STATUSES.replace("Off: away", "Off: away, Yoga: unavailable"))
    (second,) = bench.ingest().loads
    assert second.load_id != first.load_id
    assert second.mapping == first.mapping == "dialler/status#1"
    assert bench.ingest().loads == []
    # The rejected row of before is of no weight beside the one of now.
    scanned = read_scan(bench.home)
    assert scanned is not None
    assert rejected_share(bench.home, scanned)["status_events"].rows_rejected == 1
    put_mapping(bench, STATUSES)
    (third,) = bench.ingest().loads
    assert third.mapping_sha256 == first.mapping_sha256
    assert third.load_id not in (first.load_id, second.load_id)
    assert bench.ingest().loads == []


def test_the_same_content_counts_once_per_folder(bench: Bench) -> None:
    put_mapping(bench, STATUSES)
    statuses(bench, "a,01/02/2026 08:00,On")
    statuses(bench, "a,01/02/2026 08:00,On", name="copy.csv")
    assert len(bench.ingest().loads) == 1
    assert bench.ingest(datasets=["tickets"]).loads == []
    assert bench.ingest().loads == []


def test_rows_of_an_erased_person_stay_out(bench: Bench) -> None:
    bench.home.prepare()
    Erased(bench.home).add("a")
    put_mapping(bench, STATUSES)
    statuses(bench, "a,01/02/2026 08:00,On", "b,01/02/2026 08:00,On", "a,never,On")
    (load,) = bench.ingest().loads
    assert (load.rows_loaded, load.rows_rejected, load.rows_erased) == (1, 0, 2)
    assert all(
        row["value"] != "a" and row["record"] == "" for row in bench.rejects("status_events")
    )


def test_same_as_is_kept_with_contacts_alone(bench: Bench) -> None:
    columns = (
        "    {interaction_id: id, customer_id: id, channel: {constant: voice}, queued_at: at,"
        " direction: {constant: inbound}, same_as: other}\n"
    )
    put_mapping(bench, f"rows:\n- from: x\n  into: interactions\n  columns:\n{columns}")
    bench.put("dialler/x/a.csv", "id,at,other\n1,2026-01-01T00:00:00Z,asterisk:7\n")
    bench.put(
        "interactions/b.csv",
        "interaction_id,customer_id,channel,direction,queued_at,same_as\n2,c,voice,inbound,2026-01-01T00:00:00Z,1\n",
    )
    loads = {load.file: load for load in bench.ingest().loads}
    assert [
        row["same_as"]
        for row in sorted(bench.raw("interactions"), key=lambda row: row["interaction_id"])
    ] == [
        "asterisk:7",
        None,
    ]
    assert loads["interactions/b.csv"].unknown_columns == ("same_as",)


def test_a_status_can_be_unclassified_by_a_mapping_alone(bench: Bench) -> None:
    bench.put(
        "status_events/a.csv",
        "event_id,agent_id,occurred_at,status\n1,a,2026-01-01T00:00:00Z,unclassified\n",
    )
    (load,) = bench.ingest().loads
    assert load.rows_rejected == 1


def test_what_no_mapping_is_for_says_so(bench: Bench) -> None:
    put_mapping(bench, STATUSES)
    statuses(bench, "a,01/02/2026 08:00,On")
    bench.put("dialler/calls/a.csv", "x\n")
    bench.put("five9/calls/a.csv", "x\n")
    said: list[str] = []
    bench.ingest(progress=said.append)
    assert (
        "dialler/calls in the landing folder is no dataset folder and was left out;"
        " dialler/mapping.yml has no item 'from: calls'"
    ) in said
    assert (
        "five9 in the landing folder is no dataset folder and was left out; a mapping file"
        " five9/mapping.yml makes its CSV readable (docs/sources/mapping.md)"
    ) in said
    assert not any("mapping.yml in the landing" in one for one in said)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "dialler/mapping.yml is empty"),
        ("rows: [", "line 1: no valid YAML"),
        ("rows: []", "line 1: rows must be a list"),
        ("- a", "line 1: a mapping: write it as 'key: value' lines"),
        ("zone: x\nrows: []", "line 1: a mapping has no 'zone'; there are time_zone, time_format"),
        ("time_zone: Europe/Warsaw", "line 1: rows is missing"),
        ("rows:\n- {from: a, into: b}", "line 2: columns is missing in this item of rows"),
        ("rows:\n- {from: a, into: b, columns: {}}", "line 2: into: 'b' is none of agents, teams"),
        ("rows:\n- {from: ../a, into: teams, columns: {}}", "line 2: from: '../a' is no name"),
        (
            "rows:\n- {from: a, into: teams, columns: {}}",
            "line 2: teams needs team_id, team_name, department",
        ),
        (
            STATUSES.replace("occurred_at: at", "happened: at"),
            "line 9: the columns of status_events has no 'happened'",
        ),
        (
            STATUSES.replace("On: available", "On: avialable"),
            "line 10: status 'avialable' is none of away, available",
        ),
        (
            STATUSES.replace("other: unclassified", "other: available"),
            "line 10: other: 'available' is none of reject, unclassified",
        ),
        (STATUSES.replace("Off: away", "on: away"), "line 10: status: 'on' is there twice"),
        (STATUSES.replace("Off: away", "On: away"), "line 10: On is there twice"),
        (
            STATUSES.replace("Europe/Warsaw", "Warsaw"),
            "line 1: time_zone: 'Warsaw' is no name of the IANA",
        ),
        (
            STATUSES.replace("time_zone: Europe/Warsaw\n", ""),
            "line 1: occurred_at: these are local times",
        ),
        (
            STATUSES.replace("%d/%m/%Y %H:%M", "%d/%m %H:%M"),
            "line 2: time_format: '%d/%m %H:%M' does not say year",
        ),
        (
            STATUSES.replace("%H:%M", "%I:%M"),
            "line 2: time_format: '%d/%m/%Y %I:%M' has hours up to twelve",
        ),
        (STATUSES.replace("%H:%M", "%H:%M %Z"), "names of zones such as CST mean several"),
        (STATUSES.replace("%H:%M", "%H:%M %Q"), "'%d/%m/%Y %H:%M %Q' is no format of a time"),
        (
            STATUSES.replace("agent_id: who", "agent_id: {column: who, constant: x}"),
            "say one of column, constant, template",
        ),
        (
            STATUSES.replace("agent_id: who", "agent_id: {colum: who}"),
            "line 8: agent_id has no 'colum'; there are column",
        ),
        (
            STATUSES.replace("agent_id: who", "agent_id: {column: who, plus: x}"),
            "agent_id has no 'plus'",
        ),
        (
            STATUSES.replace("agent_id: who", "agent_id: {template: who}"),
            "write their columns in braces",
        ),
        (
            STATUSES.replace("agent_id: who", "agent_id: {column: who, other: keep}"),
            "other says what is not among values",
        ),
        (
            STATUSES.replace("agent_id: who", "agent_id: {constant: x, values: {a: b}}"),
            "values goes with column alone",
        ),
        (
            STATUSES.replace("occurred_at: at", "occurred_at: {constant: yesterday}"),
            "occurred_at 'yesterday' is no ISO 8601 instant",
        ),
        ("encoding: base64\n" + STATUSES, "line 1: encoding: 'base64' is none that is known"),
        (
            "separator: dot\n" + STATUSES,
            "line 1: separator: 'dot' is none of comma, semicolon, tab, bar",
        ),
        (STATUSES.replace("agent_id: who", "agent_id: &x [who, *x]"), "line 8: *x: write it out"),
        ("rows: \x00", "no valid YAML"),
    ],
)
def test_a_mistake_in_the_mapping_is_one_line(bench: Bench, text: str, complaint: str) -> None:
    put_mapping(bench, text)
    statuses(bench, "a,01/02/2026 08:00,On")
    with pytest.raises(UnusableInput) as caught:
        bench.ingest()
    assert complaint in str(caught.value)
    assert str(caught.value).startswith("dialler/mapping.yml")
    assert "\n" not in str(caught.value)
    assert bench.ledger() == []


def test_names_of_columns_and_values_are_only_names(bench: Bench) -> None:
    """SQL and quotes in a mapping and in a file do nothing."""
    mapping = put_mapping(
        bench,
        "rows:\n- from: x\n  into: tickets\n  columns:\n"
        "    ticket_id: place\n    created_at: record\n    status: {constant: open}\n"
        '    kind:\n      column: "\'; drop table x; --"\n      values: {"\'; --": "it\'s"}\n',
    )
    file = bench.put(
        "dialler/x/it's [1].csv", "place,record,'; drop table x; --\n1,2026-01-01T00:00:00Z,'; --\n"
    )
    (seen,) = preview(mapping, file)
    assert (seen.unreadable, [row[:2] for row in seen.rows]) == (None, [("1", "it's")])


def test_a_preview_needs_a_file_of_a_folder_of_the_mapping(bench: Bench, tmp_path: Path) -> None:
    mapping = put_mapping(bench, STATUSES)
    file = bench.put("dialler/calls/a.csv", "who,at,label\na,01/02/2026 08:00,On\n")
    with pytest.raises(UnusableInput, match="says nothing of folder 'calls': it is for status"):
        preview(mapping, file)
    with pytest.raises(UnusableInput, match="there is no such file"):
        preview(mapping, tmp_path / "none.csv")
    assert preview(mapping, file, folder="status")[0].rows_loaded == 1


def test_the_folder_is_the_name_of_the_system(bench: Bench) -> None:
    with pytest.raises(UnusableInput, match="the folder's name is the name of the system"):
        read_mapping(put_mapping(bench, STATUSES, "My Dialler"))


def test_a_raw_file_of_a_mapping_has_the_columns_of_the_contract(bench: Bench) -> None:
    put_mapping(bench, STATUSES)
    statuses(bench, "a,01/02/2026 08:00,On")
    bench.ingest()
    folder = bench.home.raw_folder("status_events")
    with duckdb.connect() as connection:
        shapes = {
            str(connection.execute(f"describe from '{file}'").fetchall())
            for file in folder.glob("*.parquet")
        }
    assert len(shapes) == 1
