"""The landing contract as Arrow schemas, and tables built from numpy columns.

Numbers travel through the simulator as plain arrays; `MISSING` (-1) stands for null in whole
numbers, days and epoch seconds, none of which is ever negative in the contract, and NaN in
fractions.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

MISSING = -1

TEXT = pa.string()
INSTANT = pa.timestamp("us", tz="UTC")
DATE = pa.date32()
WHOLE = pa.int64()
NUMBER = pa.float64()
FLAG = pa.bool_()
MONEY = pa.decimal128(18, 2)


def _schema(
    text: str = "", instant: str = "", order: str = "", **typed: pa.DataType
) -> dict[str, pa.DataType]:
    types = dict.fromkeys(text.split(), TEXT) | dict.fromkeys(instant.split(), INSTANT) | typed
    return {name: types[name] for name in order.split()}


COLUMNS: dict[str, dict[str, pa.DataType]] = {
    "agents": _schema(
        order="agent_id name email phone role function team_id site time_zone skill_level"
        " hired_on left_on effective_from",
        text="agent_id name email phone role function team_id site time_zone skill_level",
        hired_on=DATE,
        left_on=DATE,
        effective_from=DATE,
    ),
    "teams": _schema(
        order="team_id team_name department team_lead_id supervisor_id department_head_id",
        text="team_id team_name department team_lead_id supervisor_id department_head_id",
    ),
    "kpi_targets": _schema(
        order="team_id kpi direction target coaching_threshold critical_threshold effective_from"
        " review_due_on",
        text="team_id kpi direction",
        target=NUMBER,
        coaching_threshold=NUMBER,
        critical_threshold=NUMBER,
        effective_from=DATE,
        review_due_on=DATE,
    ),
    "status_events": _schema(
        order="event_id agent_id occurred_at status reason unit",
        text="event_id agent_id status reason unit",
        instant="occurred_at",
    ),
    "shifts": _schema(
        order="segment_id shift_id agent_id starts_at ends_at activity",
        text="segment_id shift_id agent_id activity",
        instant="starts_at ends_at",
    ),
    "interactions": _schema(
        order="interaction_id agent_id customer_id channel direction queue topic case_id queued_at"
        " answered_at ended_at talk_seconds hold_seconds acw_seconds outcome transferred_to",
        text="interaction_id agent_id customer_id channel direction queue topic case_id outcome"
        " transferred_to",
        instant="queued_at answered_at ended_at",
        talk_seconds=WHOLE,
        hold_seconds=WHOLE,
        acw_seconds=WHOLE,
    ),
    "tickets": _schema(
        order="ticket_id agent_id kind created_at status resolved_at",
        text="ticket_id agent_id kind status",
        instant="created_at resolved_at",
    ),
    "qa_evaluations": _schema(
        order="evaluation_id agent_id interaction_id evaluator_id evaluated_at method sampling"
        " score script_adherence tone solution_accuracy critical_fail",
        text="evaluation_id agent_id interaction_id evaluator_id method sampling",
        instant="evaluated_at",
        score=NUMBER,
        script_adherence=NUMBER,
        tone=NUMBER,
        solution_accuracy=NUMBER,
        critical_fail=FLAG,
    ),
    "csat_surveys": _schema(
        order="survey_id interaction_id agent_id sent_at responded_at score",
        text="survey_id interaction_id agent_id",
        instant="sent_at responded_at",
        score=WHOLE,
    ),
    "system_usage": _schema(
        order="usage_id agent_id application feature started_at ended_at",
        text="usage_id agent_id application feature",
        instant="started_at ended_at",
    ),
    "compliance_events": _schema(
        order="event_id agent_id occurred_at policy regulation severity description"
        " disciplinary_step escalated_to resolved_at",
        text="event_id agent_id policy regulation severity description disciplinary_step"
        " escalated_to",
        instant="occurred_at resolved_at",
    ),
    "sales": _schema(
        order="lead_id agent_id interaction_id created_at engaged_at converted_at revenue currency",
        text="lead_id agent_id interaction_id currency",
        instant="created_at engaged_at converted_at",
        revenue=MONEY,
    ),
    "feedback_sessions": _schema(
        order="feedback_id agent_id supervisor_id held_at kpi notes agent_response"
        " acknowledged_at task_id",
        text="feedback_id agent_id supervisor_id kpi notes agent_response task_id",
        instant="held_at acknowledged_at",
    ),
    "training_records": _schema(
        order="record_id agent_id course kpi completed_at pre_score post_score",
        text="record_id agent_id course kpi",
        instant="completed_at",
        pre_score=NUMBER,
        post_score=NUMBER,
    ),
}

KEYS: dict[str, tuple[str, ...]] = {
    dataset: (next(iter(columns)),) for dataset, columns in COLUMNS.items()
} | {
    "agents": ("agent_id", "effective_from"),
    "kpi_targets": ("team_id", "kpi", "effective_from"),
}


def build(dataset: str, **columns: Any) -> pa.Table:
    """A table of `dataset` with its contract columns; every column must be given."""
    types = COLUMNS[dataset]
    if set(columns) != set(types):
        raise KeyError(f"{dataset}: columns differ: {set(columns) ^ set(types)}")
    arrays = [_column(columns[name], kind) for name, kind in types.items()]
    return pa.table(arrays, schema=pa.schema(list(types.items())))


def empty(dataset: str) -> pa.Table:
    """A table of `dataset` without rows."""
    return pa.schema(list(COLUMNS[dataset].items())).empty_table()


def texts(pool: Sequence[str | None], codes: npt.NDArray[Any]) -> pa.Array:
    """One text per code: `pool[code]`, null for a code of `MISSING`."""
    indices = pa.array(codes.astype(np.int64), mask=codes == MISSING)
    return pa.array(list(pool), TEXT).take(indices)


def numbered(prefix: str, numbers: npt.NDArray[Any], width: int = 7) -> pa.Array:
    """Identifiers `<prefix>-0000042`; null for a number of `MISSING`."""
    digits = pa.array(numbers.astype(np.int64), mask=numbers == MISSING).cast(TEXT)
    padded = pc.utf8_lpad(digits, width, "0")
    return pc.binary_join_element_wise(pa.scalar(prefix), padded, "-")


def instants(seconds: npt.NDArray[Any]) -> pa.Array:
    """Epoch seconds as UTC instants; `MISSING` becomes null."""
    whole = seconds.astype(np.int64)
    return pa.array(whole * 1_000_000, mask=whole == MISSING).cast(INSTANT)


def _column(values: Any, kind: pa.DataType) -> pa.Array:
    if isinstance(values, pa.ChunkedArray):
        return values.combine_chunks()
    if isinstance(values, pa.Array):
        return values
    if not isinstance(values, np.ndarray):
        return pa.array(values, kind)
    if kind == INSTANT:
        return instants(values)
    if kind == DATE:
        return pa.array(values.astype(np.int32), mask=values == MISSING).cast(DATE)
    if kind == WHOLE:
        return pa.array(values.astype(np.int64), mask=values == MISSING)
    if kind == NUMBER:
        return pa.array(values.astype(np.float64), mask=np.isnan(values))
    if kind == MONEY:
        return pa.array(values.astype(np.float64), mask=np.isnan(values)).cast(MONEY)
    return pa.array(values, kind)
