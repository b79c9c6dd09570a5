"""The landing contract as data: every dataset's key, columns and what each column may hold.

Source: the dataset table of the landing contract. The slow landing reader and the version rule
use it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

Row = dict[str, Any]
Rows = dict[str, list[Row]]

TEXT, IDENTIFIER, ZONE, DATE, INSTANT, DURATION, NUMBER, INTEGER, BOOLEAN, CURRENCY = (
    "text",
    "identifier",
    "time zone",
    "date",
    "instant",
    "duration",
    "number",
    "integer",
    "boolean",
    "currency",
)


@dataclass(frozen=True)
class Column:
    """One column: its type, whether it may be null, its enumeration and its inclusive range."""

    kind: str
    required: bool = False
    values: tuple[str, ...] = ()
    low: int | None = None
    high: int | None = None


@dataclass(frozen=True)
class Dataset:
    """One dataset: the columns that name a thing, all its columns, and pairs that must be in order.

    `ordered` holds (earlier, later) columns: the later one may not lie before the earlier one.
    """

    key: tuple[str, ...]
    columns: dict[str, Column]
    ordered: tuple[tuple[str, str], ...] = ()


def _must(kind: str, *values: str) -> Column:
    return Column(kind, required=True, values=values)


def _may(kind: str, *values: str) -> Column:
    return Column(kind, values=values)


_PERCENT = Column(NUMBER, low=0, high=100)

DATASETS: dict[str, Dataset] = {
    "agents": Dataset(
        ("agent_id", "effective_from"),
        {
            "agent_id": _must(IDENTIFIER),
            "name": _must(TEXT),
            "email": _may(TEXT),
            "phone": _may(TEXT),
            "role": _must(
                TEXT, "agent", "team_lead", "supervisor", "department_head", "qa", "trainer"
            ),
            "function": _may(TEXT, "inbound", "outbound", "back_office", "blended"),
            "team_id": _must(IDENTIFIER),
            "site": _may(TEXT),
            "time_zone": _must(ZONE),
            "skill_level": _may(TEXT),
            "hired_on": _may(DATE),
            "left_on": _may(DATE),
            "effective_from": _must(DATE),
        },
    ),
    "teams": Dataset(
        ("team_id",),
        {
            "team_id": _must(IDENTIFIER),
            "team_name": _must(TEXT),
            "department": _must(TEXT),
            "team_lead_id": _may(IDENTIFIER),
            "supervisor_id": _may(IDENTIFIER),
            "department_head_id": _may(IDENTIFIER),
        },
    ),
    "kpi_targets": Dataset(
        ("team_id", "kpi", "effective_from"),
        {
            "team_id": _may(IDENTIFIER),
            "kpi": _must(TEXT),
            "direction": _must(TEXT, "higher", "lower"),
            "target": _must(NUMBER),
            "coaching_threshold": _may(NUMBER),
            "critical_threshold": _may(NUMBER),
            "effective_from": _must(DATE),
            "review_due_on": _may(DATE),
        },
    ),
    "status_events": Dataset(
        ("event_id",),
        {
            "event_id": _must(IDENTIFIER),
            "agent_id": _must(IDENTIFIER),
            "occurred_at": _must(INSTANT),
            "status": _must(TEXT, "away", "available", "active", "unavailable"),
            "reason": _may(TEXT),
            "unit": _may(TEXT),
        },
    ),
    "shifts": Dataset(
        ("segment_id",),
        {
            "segment_id": _must(IDENTIFIER),
            "shift_id": _must(IDENTIFIER),
            "agent_id": _must(IDENTIFIER),
            "starts_at": _must(INSTANT),
            "ends_at": _must(INSTANT),
            "activity": _must(TEXT, "work", "break", "meeting", "training", "time_off"),
        },
        ordered=(("starts_at", "ends_at"),),
    ),
    "interactions": Dataset(
        ("interaction_id",),
        {
            "interaction_id": _must(IDENTIFIER),
            "agent_id": _may(IDENTIFIER),
            "customer_id": _must(IDENTIFIER),
            "channel": _must(TEXT, "voice", "chat", "email", "social", "video", "back_office"),
            "direction": _must(TEXT, "inbound", "outbound"),
            "queue": _may(TEXT),
            "topic": _may(TEXT),
            "case_id": _may(IDENTIFIER),
            "queued_at": _must(INSTANT),
            "answered_at": _may(INSTANT),
            "ended_at": _may(INSTANT),
            "talk_seconds": _may(DURATION),
            "hold_seconds": _may(DURATION),
            "acw_seconds": _may(DURATION),
            "outcome": _may(
                TEXT, "resolved", "unresolved", "escalated", "transferred", "abandoned"
            ),
            "transferred_to": _may(TEXT),
        },
        ordered=(("answered_at", "ended_at"),),
    ),
    "tickets": Dataset(
        ("ticket_id",),
        {
            "ticket_id": _must(IDENTIFIER),
            "agent_id": _may(IDENTIFIER),
            "kind": _may(TEXT),
            "created_at": _must(INSTANT),
            "status": _must(TEXT, "open", "pending", "resolved", "closed", "reopened", "cancelled"),
            "resolved_at": _may(INSTANT),
        },
    ),
    "qa_evaluations": Dataset(
        ("evaluation_id",),
        {
            "evaluation_id": _must(IDENTIFIER),
            "agent_id": _must(IDENTIFIER),
            "interaction_id": _may(IDENTIFIER),
            "evaluator_id": _may(IDENTIFIER),
            "evaluated_at": _must(INSTANT),
            "method": _may(TEXT, "call_review", "screen_recording", "mystery_shopping"),
            "sampling": _may(TEXT, "random", "targeted"),
            "score": Column(NUMBER, required=True, low=0, high=100),
            "script_adherence": _PERCENT,
            "tone": _PERCENT,
            "solution_accuracy": _PERCENT,
            "critical_fail": _may(BOOLEAN),
        },
    ),
    "csat_surveys": Dataset(
        ("survey_id",),
        {
            "survey_id": _must(IDENTIFIER),
            "interaction_id": _may(IDENTIFIER),
            "agent_id": _must(IDENTIFIER),
            "sent_at": _may(INSTANT),
            "responded_at": _may(INSTANT),
            "score": Column(INTEGER, low=1, high=5),
        },
    ),
    "system_usage": Dataset(
        ("usage_id",),
        {
            "usage_id": _must(IDENTIFIER),
            "agent_id": _must(IDENTIFIER),
            "application": _must(TEXT),
            "feature": _may(TEXT),
            "started_at": _must(INSTANT),
            "ended_at": _must(INSTANT),
        },
        ordered=(("started_at", "ended_at"),),
    ),
    "compliance_events": Dataset(
        ("event_id",),
        {
            "event_id": _must(IDENTIFIER),
            "agent_id": _must(IDENTIFIER),
            "occurred_at": _must(INSTANT),
            "policy": _must(TEXT),
            "regulation": _may(TEXT),
            "severity": _must(TEXT, "minor", "major", "critical"),
            "description": _may(TEXT),
            "disciplinary_step": _may(
                TEXT, "none", "verbal_warning", "written_warning", "final_warning", "termination"
            ),
            "escalated_to": _may(TEXT),
            "resolved_at": _may(INSTANT),
        },
    ),
    "sales": Dataset(
        ("lead_id",),
        {
            "lead_id": _must(IDENTIFIER),
            "agent_id": _must(IDENTIFIER),
            "interaction_id": _may(IDENTIFIER),
            "created_at": _must(INSTANT),
            "engaged_at": _may(INSTANT),
            "converted_at": _may(INSTANT),
            "revenue": _may(NUMBER),
            "currency": _may(CURRENCY),
        },
    ),
    "feedback_sessions": Dataset(
        ("feedback_id",),
        {
            "feedback_id": _must(IDENTIFIER),
            "agent_id": _must(IDENTIFIER),
            "supervisor_id": _must(IDENTIFIER),
            "held_at": _must(INSTANT),
            "kpi": _may(TEXT),
            "notes": _may(TEXT),
            "agent_response": _may(TEXT),
            "acknowledged_at": _may(INSTANT),
            "task_id": _may(IDENTIFIER),
        },
    ),
    "training_records": Dataset(
        ("record_id",),
        {
            "record_id": _must(IDENTIFIER),
            "agent_id": _must(IDENTIFIER),
            "course": _must(TEXT),
            "kpi": _may(TEXT),
            "completed_at": _must(INSTANT),
            "pre_score": _PERCENT,
            "post_score": _PERCENT,
        },
    ),
}
