"""A home and marts in which everything is wrong at once: each rule of each suite has something to fail on."""

import datetime as dt
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.parquet as pq

from ingestion import DATASETS, Home, ingest
from orchestration.publication import Mart

# Stands in names, addresses, texts and ids of people: nothing that is shown may hold it.
MARKED = "zebulon"
NOBODY = f"{MARKED}-x"
FIRST_DAY = dt.datetime(2026, 8, 1, 9, tzinfo=dt.UTC)
AS_OF = dt.datetime(2026, 10, 2, tzinfo=dt.UTC)
MONTH = dt.date(2026, 9, 1)
# Six rows a day, then a day with none, one with many and one that is not over.
DAYS = [6] * 35 + [0, 60, 1]

Row = dict[str, Any]


def land(home: Home, landing: Path) -> None:
    """Ingest a landing folder of faults, twice over, and damage one raw file."""
    home.prepare()
    for dataset in DATASETS:
        (landing / dataset).mkdir(parents=True)
        rows = list(globals()[f"_{dataset}"]())
        for version in (1, 2):
            stamped = [{**row, "updated_at": f"2026-09-20T00:00:0{version}Z"} for row in rows]
            text = "".join(json.dumps(row) + "\n" for row in stamped)
            (landing / dataset / f"{version}.ndjson").write_text(text)
    ingest(home, landing, list(DATASETS), lambda _: None)
    raw = next(home.raw_folder("tickets").glob("[!_s]*.parquet"))
    table = pq.read_table(raw).drop_columns(["kind"])
    pq.write_table(table.slice(1), raw)


def _instants() -> Iterator[tuple[int, dt.datetime]]:
    number = 0
    for day, rows in enumerate(DAYS):
        for _ in range(rows):
            number += 1
            yield number, FIRST_DAY + dt.timedelta(days=day, minutes=number % 400)


def _at(instant: dt.datetime, hours: float = 0) -> str:
    return (instant + dt.timedelta(hours=hours)).isoformat()


def _agents() -> Iterator[Row]:
    for number in range(30):
        yield {
            "agent_id": f"A{number}", "name": f"{MARKED.capitalize()} {number}", "role": "agent",
            "team_id": f"{MARKED}-team", "time_zone": "UTC", "effective_from": "2026-01-01",
            "hired_on": "2026-05-01", "left_on": "2026-04-01",
        }  # fmt: skip


def _teams() -> Iterator[Row]:
    people = dict.fromkeys(("team_lead_id", "supervisor_id", "department_head_id"), NOBODY)
    yield {"team_id": "T1", "team_name": "One", "department": "Care", **people}


def _kpi_targets() -> Iterator[Row]:
    yield {
        "team_id": "T9", "kpi": "csat", "direction": "higher", "target": -1, "coaching_threshold": 0.5,
        "critical_threshold": 0.6, "effective_from": "2026-01-01",
    }  # fmt: skip


def _status_events() -> Iterator[Row]:
    for number, at in _instants():
        yield {
            "event_id": f"S{number}",
            "agent_id": NOBODY,
            "occurred_at": _at(at),
            "status": "unavailable",
        }


def _shifts() -> Iterator[Row]:
    for number, at in _instants():
        yield {
            "segment_id": f"G{number}", "shift_id": f"H{number}", "agent_id": NOBODY, "starts_at": _at(at),
            "ends_at": _at(at, 30), "activity": "work",
        }  # fmt: skip


def _interactions() -> Iterator[Row]:
    for number, at in _instants():
        who = {"agent_id": NOBODY, "outcome": "abandoned"} if number % 2 else {}
        yield {
            "interaction_id": f"I{number}", "customer_id": f"{MARKED}-customer", "channel": "voice",
            "direction": "inbound", "queued_at": _at(at), "answered_at": _at(at, -1), "ended_at": _at(at),
            "talk_seconds": 9999, **who,
        }  # fmt: skip


def _tickets() -> Iterator[Row]:
    for number, at in _instants():
        who = {"agent_id": NOBODY} if number % 2 else {"resolved_at": _at(at, -5)}
        yield {"ticket_id": f"K{number}", "created_at": _at(at), "status": "resolved", **who}


def _qa_evaluations() -> Iterator[Row]:
    for number, at in _instants():
        yield {
            "evaluation_id": f"E{number}", "agent_id": NOBODY, "evaluator_id": NOBODY,
            "interaction_id": "gone", "evaluated_at": _at(at), "score": 50,
        }  # fmt: skip


def _csat_surveys() -> Iterator[Row]:
    for number, at in _instants():
        said = {"responded_at": _at(at)} if number % 2 else {"score": 1}
        yield {
            "survey_id": f"V{number}", "agent_id": NOBODY, "interaction_id": "gone",
            "sent_at": _at(at, 3), **said,
        }  # fmt: skip


def _system_usage() -> Iterator[Row]:
    for number, at in _instants():
        yield {
            "usage_id": f"U{number}", "agent_id": NOBODY, "application": "crm", "started_at": _at(at),
            "ended_at": _at(at, 30),
        }  # fmt: skip


def _compliance_events() -> Iterator[Row]:
    yield {
        "event_id": "C1", "agent_id": NOBODY, "occurred_at": _at(FIRST_DAY), "policy": "p",
        "severity": "minor", "description": f"{MARKED} spoke", "resolved_at": _at(FIRST_DAY, -1),
    }  # fmt: skip


def _sales() -> Iterator[Row]:
    for number, at in _instants():
        sold = {"converted_at": _at(at, -9)} if number % 2 else {}
        yield {
            "lead_id": f"L{number}", "agent_id": NOBODY, "created_at": _at(at), "engaged_at": _at(at, -8),
            "revenue": 5, **sold,
        }  # fmt: skip


def _feedback_sessions() -> Iterator[Row]:
    yield {
        "feedback_id": "F1", "agent_id": NOBODY, "supervisor_id": NOBODY, "held_at": _at(FIRST_DAY),
        "notes": f"told {MARKED}", "acknowledged_at": _at(FIRST_DAY, -1),
    }  # fmt: skip


def _training_records() -> Iterator[Row]:
    yield {
        "record_id": "R1", "agent_id": NOBODY, "course": "c", "completed_at": _at(FIRST_DAY),
        "pre_score": 90, "post_score": 10,
    }  # fmt: skip


MARTS: dict[str, list[Row]] = {
    "fct_agent_day": [
        {"agent_id": NOBODY, "business_date": day, "logged_in_seconds": 100_000, "concurrency": 50,
         "aht_seconds": 100_000, "unclassified_seconds": 90_000, "resolved_tickets": 1, "handled_contacts": 1,
         "evaluations": 1}
        for day in ("2026-09-01", "2026-09-02")
    ],
    "fct_attendance": [
        {"agent_id": NOBODY, "shift_id": "H1", "business_date": "2026-09-01", "is_absent": True}
    ],
    "fct_status_interval": [
        {"agent_id": NOBODY, "started_at": "2026-09-01T09:00:00Z", "business_date": "2026-09-01",
         "missing_clock_out": True}
    ],
    "monthly_performance_summary": [
        {"agent_id": NOBODY, "month": "2026-09-01", "revision": 1, "is_current": True,
         "productivity_score": 1e6, "productivity_attainment": 99, "score_status": "insufficient_data"}
    ],
    "fct_organisation_month": [
        {"level": "centre", "unit_id": "all", "month": month, "csat": 0.8 * f, "fcr": 0.8 * f,
         "occupancy": 0.8 * f, "adherence": 0.8 * f, "aht_seconds": 300 * f, "quality_score": 80 * f,
         "agents": int(100 * f), "resolved_tickets": int(9000 * f * f)}
        for month, f in (("2026-06-01", 1), ("2026-07-01", 1), ("2026-08-01", 1), ("2026-09-01", 0.5))
    ],
}  # fmt: skip


def write_marts(file: Path, marts: list[Mart], *, copies: int, as_of: dt.datetime) -> None:
    """A database with the made-up rows; agent-days so many times over, as of an instant."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with duckdb.connect(str(file)) as connection:
        connection.execute("set TimeZone = 'UTC'; create schema marts; create schema meta")
        connection.execute(
            "create table meta.publication as select ?::timestamptz as as_of, 'f' as input_fingerprint,"
            " 7::bigint as load_sequence, ? as content",
            [as_of, f"{copies} copies"],
        )
        # What pages look for in a published database.
        connection.execute(
            "create table meta.mart (mart varchar, grain varchar[]);"
            "create table meta.mart_column (mart varchar, name varchar, description varchar)"
        )
        for mart in marts:
            rows = MARTS.get(mart.name, [])
            columns = ", ".join(f'"{name}" {kind}' for name, kind in mart.types.items())
            connection.execute(f"create table marts.{mart.name} ({columns})")
            for row in rows * (copies if mart.name == "fct_agent_day" else 1):
                names = ", ".join(f'"{name}"' for name in row)
                marks = ", ".join("?" * len(row))
                connection.execute(
                    f"insert into marts.{mart.name} ({names}) values ({marks})", list(row.values())
                )
