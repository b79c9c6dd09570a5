"""A slow, plain reading of landing files by the contract, to hold against the truth."""

import csv
import gzip
import hashlib
import io
import json
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

Row = dict[str, Any]

# From the landing contract: columns by type, and keys.
COLUMNS = {
    "agents": "agent_id name email phone role function team_id site time_zone skill_level"
    " hired_on:date left_on:date effective_from:date",
    "teams": "team_id team_name department team_lead_id supervisor_id department_head_id",
    "kpi_targets": "team_id kpi direction target:number coaching_threshold:number"
    " critical_threshold:number effective_from:date review_due_on:date",
    "status_events": "event_id agent_id occurred_at:instant status reason unit",
    "shifts": "segment_id shift_id agent_id starts_at:instant ends_at:instant activity",
    "interactions": "interaction_id agent_id customer_id channel direction queue topic case_id"
    " queued_at:instant answered_at:instant ended_at:instant talk_seconds:whole hold_seconds:whole"
    " acw_seconds:whole outcome transferred_to",
    "tickets": "ticket_id agent_id kind created_at:instant status resolved_at:instant",
    "qa_evaluations": "evaluation_id agent_id interaction_id evaluator_id evaluated_at:instant"
    " method sampling score:share script_adherence:share tone:share solution_accuracy:share"
    " critical_fail:flag",
    "csat_surveys": "survey_id interaction_id agent_id sent_at:instant responded_at:instant"
    " score:stars",
    "system_usage": "usage_id agent_id application feature started_at:instant ended_at:instant",
    "compliance_events": "event_id agent_id occurred_at:instant policy regulation severity"
    " description disciplinary_step escalated_to resolved_at:instant",
    "sales": "lead_id agent_id interaction_id created_at:instant engaged_at:instant"
    " converted_at:instant revenue:money currency",
    "feedback_sessions": "feedback_id agent_id supervisor_id held_at:instant kpi notes"
    " agent_response acknowledged_at:instant task_id",
    "training_records": "record_id agent_id course kpi completed_at:instant pre_score:share"
    " post_score:share",
}
KEYS = {name: (columns.split()[0],) for name, columns in COLUMNS.items()} | {
    "agents": ("agent_id", "effective_from"),
    "kpi_targets": ("team_id", "kpi", "effective_from"),
}
ENUMS = {
    "role": "agent team_lead supervisor department_head qa trainer",
    "function": "inbound outbound back_office blended",
    "time_zone": "Europe/Warsaw Asia/Manila America/Bogota America/Chicago Asia/Kolkata",
    "activity": "work break meeting training time_off",
    "channel": "voice chat email social video back_office",
    "direction": "inbound outbound higher lower",
    "outcome": "resolved unresolved escalated transferred abandoned",
    "severity": "minor major critical",
    "method": "call_review screen_recording mystery_shopping",
    "sampling": "random targeted",
    "disciplinary_step": "none verbal_warning written_warning final_warning termination",
}
STATUSES = {
    "status_events": "away available active unavailable",
    "tickets": "open pending resolved closed reopened cancelled",
}


def columns(dataset: str) -> list[str]:
    return [item.split(":")[0] for item in COLUMNS[dataset].split()]


def files(landing: Path, dataset: str) -> list[Path]:
    return sorted((landing / dataset).iterdir())


def raw_rows(path: Path) -> list[Row | None]:
    """The rows of a file; None for a line that is no row."""
    name = path.name.removesuffix(".gz")
    if name.endswith(".parquet"):
        return list(pq.read_table(path).to_pylist())
    content = path.read_bytes()
    text = (gzip.decompress(content) if path.name.endswith(".gz") else content).decode("utf-8-sig")
    if name.endswith(".ndjson"):
        return [_json(line) for line in text.split("\n") if line.strip()]
    header, *lines = csv.reader(io.StringIO(text, newline=""))
    return [
        dict(zip(header, line, strict=True)) if len(line) == len(header) else None for line in lines
    ]


def read(landing: Path, dataset: str) -> tuple[list[Row], int, int]:
    """Newest valid version per key; rows read from distinct files; rows rejected."""
    newest: dict[tuple[Any, ...], tuple[datetime | None, Row]] = {}
    seen: set[bytes] = set()
    total = rejected = 0
    for path in files(landing, dataset):
        digest = hashlib.sha256(path.read_bytes()).digest()
        if digest in seen:
            continue
        seen.add(digest)
        for raw in raw_rows(path):
            total += 1
            try:
                row, updated = parse(dataset, raw)
            except ValueError:
                rejected += 1
                continue
            key = tuple(row[name] for name in KEYS[dataset])
            best = newest.get(key)
            if best is None or updated is None or best[0] is None or updated >= best[0]:
                newest[key] = (updated, row)
    return [row for _, row in newest.values()], total, rejected


def parse(dataset: str, raw: Row | None) -> tuple[Row, datetime | None]:
    """A valid row, typed, and its `updated_at`; ValueError for one that breaks the contract."""
    if raw is None:
        raise ValueError("not a row")
    row = {}
    for item in COLUMNS[dataset].split():
        name, _, kind = item.partition(":")
        value = raw[name]
        row[name] = None if value is None or value == "" else _typed(kind, value)
        allowed = STATUSES.get(dataset, "") if name == "status" else ENUMS.get(name, "")
        if allowed and row[name] is not None and row[name] not in allowed.split():
            raise ValueError(name)
    nullable = dataset == "kpi_targets"
    if not nullable and any(row[name] is None for name in KEYS[dataset]):
        raise ValueError("no key")
    if dataset == "interactions" and row["answered_at"] and row["ended_at"] < row["answered_at"]:
        raise ValueError("ended before answered")
    updated = raw.get("updated_at")
    return row, None if updated in (None, "") else _typed("instant", updated)


def _typed(kind: str, value: Any) -> Any:
    if kind == "instant":
        moment = value if isinstance(value, datetime) else datetime.fromisoformat(value)
        if moment.tzinfo is None:
            raise ValueError("naive")
        return moment.astimezone(UTC)
    if kind == "date":
        return value if isinstance(value, date) else date.fromisoformat(value)
    if kind == "flag":
        return value in (True, "true")
    if kind in ("whole", "stars"):
        number = int(value)
        if number < 0 or (kind == "stars" and not 1 <= number <= 5):
            raise ValueError("out of range")
        return number
    if kind in ("number", "share"):
        fraction = float(value)
        if kind == "share" and not 0 <= fraction <= 100:
            raise ValueError("out of range")
        return fraction
    return Decimal(str(value)).quantize(Decimal("0.01")) if kind == "money" else value


def _json(line: str) -> Row | None:
    try:
        return dict(json.loads(line))
    except ValueError:
        return None
