"""What `source check` prints, line by line, of findings that are made up."""

import datetime as dt
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from ingestion import DATASETS
from ingestion.sources.forms import Form
from ingestion.sources.recognise import Looked, Match, SeenFile
from orchestration.source_check import WITHOUT, Checked, Preview, Rejected
from orchestration.source_summary import aligned, lines_of

EVENTS = "amazon_connect/agent_events"
AT = dt.datetime(2026, 10, 1, 8, 0, tzinfo=dt.UTC)
FIELDS = ("AgentARN", "EventId")
EVENT_FILES = [
    SeenFile(
        f"{hour}/stream",
        600,
        Form("json", said, first_day=day, last_day=day),
        (Match(EVENTS, score, FIELDS, ()),),
        None,
        EVENTS,
    )
    for hour, said, day, score in (
        ("08", "JSON objects one after the other", "2026-10-01", 1.0),
        ("09", "JSON objects one after the other, gzip", "2026-10-02", 0.8),
    )
]
AGENTS = SeenFile(
    "agents.csv",
    1500,
    Form("csv", "CSV separated by commas", ("agent_id",)),
    (Match("agents", 0.9, ("agent_id", "name"), ()),),
    "agents",
    "agents",
)
CALLS = SeenFile(
    "calls.csv",
    80,
    Form("csv", "CSV separated by semicolons", ("call_id", "start_at"), ";"),
    (Match("interactions", 0.1, (), ("channel",)),),
    None,
    None,
)
PREVIEW = Preview(
    EVENTS,
    "status_events",
    20,
    12,
    ("event_id", "agent_id", "occurred_at", "status", "reason", "score", "known"),
    (
        ("e1", "a1", AT, "available", None, Decimal("1.50"), True),
        ("e2", "a1", AT + dt.timedelta(minutes=5), "available", None, Decimal(2), False),
    ),
)
NOTHING = Checked(Looked(Path("exports"), (), 1, 80, (), ()), (), (), (), (), (), (), None, ())
ALL = Checked(
    Looked(
        Path("exports"), (*EVENT_FILES, AGENTS, CALLS), 5000, 12_345_678, (), (".hidden", "x.tmp")
    ),
    (replace(PREVIEW, target="agents", dataset="agents"), PREVIEW),
    (Rejected(EVENTS, 7, ("08/stream, line 3: the record is no valid JSON",)),),
    (("bro\x1bken.gz", "the gzip data ends too early (truncated file)"),),
    (CALLS,),
    ("teams",),
    ("interactions", "tickets"),
    ((EVENTS, ("bob", "eve\x1b[31m")),),
    ((EVENTS, 3, ("Gone fishing",)),),
)


def test_everything_is_told_in_this_order() -> None:
    assert (
        "\n".join(lines_of(ALL, 100))
        == """\
exports: 5,000 files, 12.3 MB
  4 of them were opened, some of each kind of name
  hidden or unfinished, and left alone: .hidden, x.tmp

agents: 1 file, 1.5 kB
  form      CSV separated by commas (1)
  known by  agent_id, name; score 90 %
  put into  <landing>/agents/ (it lies there)

amazon_connect/agent_events: 2 files, 1.2 kB
  form      JSON objects one after the other (1); JSON objects one after the other, gzip (1)
  known by  AgentARN, EventId; score 80 to 100 %
  instants  2026-10-01 to 2026-10-02
  feeds     status_events
  put into  <landing>/amazon_connect/agent_events/

not recognised: 1 file
  calls.csv: CSV separated by semicolons
  A mapping file makes CSV of any system readable, see docs/sources/mapping.md. Complete this
  beginning as <landing>/<system>/mapping.yml, with the exports in the folder that it names:

    time_zone: "?"   # such as Europe/Warsaw, where their times have no offset
    rows:
    - from: calls
      into: interactions   # or another dataset of docs/landing.md
      separator: semicolon
      columns:
        interaction_id: call_id   # needed; identifier
        customer_id: "?"   # needed; identifier
        channel: "?"   # needed; values: voice, chat, email, social, video, back_office
        direction: "?"   # needed; values: inbound, outbound
        queued_at: start_at   # needed; instant
      # their columns: call_id, start_at

unusable, or not where it lies:
  bro\\x1bken.gz: the gzip data ends too early (truncated file)

what the first records become (a sample, loaded and mapped as a close does it):
  agents: 20 records, 12 rows
  amazon_connect/agent_events → status_events: 20 records, 12 rows

status_events from amazon_connect/agent_events, the first 2 of 12 rows:
  event_id  occurred_at           score  known
  e1        2026-10-01T08:00:00Z  1.5    true
  e2        2026-10-01T08:05:00Z  2      false
  in each: agent_id a1, status available
  empty: reason

amazon_connect/agent_events: rejected in the sample: 7 records
  08/stream, line 3: the record is no valid JSON

amazon_connect/agent_events: ids without a row in agents: bob, eve\\x1b[31m
  say whose they are in the table of rules agent_ids (source amazon_connect): scorehouse rules agent_ids

amazon_connect/agent_events: 3 rows of unclassified time; statuses without a row in source_statuses: Gone fishing

missing, and a close needs it:
  teams: no teams, departments and people who answer for them
not there; figures that need it are null:
  interactions (or amazon_connect/contact_records): no contacts, handle time, FCR and queue figures
  tickets: no resolved tickets, and so no productivity score"""
    )


def test_what_is_ready_says_what_comes_next() -> None:
    assert NOTHING.is_ready
    assert list(lines_of(NOTHING, 100))[-1].startswith(
        "a close can stand on this: scorehouse close"
    )


@pytest.mark.parametrize(
    "wrong",
    [
        {"missing": ("agents",)},
        {"unusable": (("x", "why"),)},
        {"unknown": (CALLS,)},
    ],
    ids=["missing", "unusable", "unknown"],
)
def test_what_is_missing_or_unusable_is_not_ready(wrong: dict[str, object]) -> None:
    assert not replace(NOTHING, **wrong).is_ready  # type: ignore[arg-type]


def test_a_table_wider_than_the_screen_goes_on_below_with_its_key() -> None:
    rows = [["e1", "日本", "available"], ["e22", "x", "away"]]
    assert list(aligned(["id", "agent", "status"], rows, 12)) == [
        "id   agent",
        "e1   日本",
        "e22  x",
        "",
        "id   status",
        "e1   available",
        "e22  away",
    ]


def test_a_wide_character_takes_two_places() -> None:
    rows = [["e1", "日本", "available"], ["e22", "x", "away"]]
    assert list(aligned(["id", "by", "status"], rows, 80)) == [
        "id   by    status",
        "e1   日本  available",
        "e22  x     away",
    ]


def test_many_files_are_counted_not_listed() -> None:
    many = replace(NOTHING, unusable=tuple((f"f{n}", "empty") for n in range(1000)))
    lines = list(lines_of(many, 100))
    assert "  and 990 more files" in lines
    assert len(lines) < 20


def test_it_is_said_of_every_dataset_what_there_is_not_without_it() -> None:
    assert WITHOUT.keys() == DATASETS.keys()
