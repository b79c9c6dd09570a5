"""The landing contract as data: the datasets a user may feed in, their columns and their rules.

Everything that reads, checks or documents landing files takes the contract from here.
"""

from dataclasses import dataclass
from typing import Literal

Kind = Literal[
    "identifier",
    "text",
    "instant",
    "date",
    "seconds",
    "integer",
    "decimal",
    "boolean",
    "enum",
    "time_zone",
    "currency",
]

IDENTIFIER_LENGTH = 128


@dataclass(frozen=True)
class Column:
    """One column of a dataset.

    `required`: must be in the file and must not be null. `values`: what an enum admits.
    `minimum` and `maximum`: the inclusive range of an integer or decimal. `scale`: digits after
    the point that a decimal keeps.
    """

    name: str
    kind: Kind
    required: bool = False
    values: tuple[str, ...] = ()
    minimum: int | None = None
    maximum: int | None = None
    scale: int = 9

    @property
    def sql_type(self) -> str:
        """The DuckDB type of the column in raw Parquet."""
        if self.kind == "decimal":
            return f"DECIMAL(18,{self.scale})"
        return _SQL_TYPES.get(self.kind, "VARCHAR")


@dataclass(frozen=True)
class OrderRule:
    """`later` must not lie before `earlier`; both are columns of the dataset, nulls pass."""

    later: str
    earlier: str


@dataclass(frozen=True)
class Dataset:
    """One folder of the landing folder; `columns` includes the optional `updated_at`, last.

    `mapped_columns`: what no landed file has, but a mapping of another system's export may say.
    """

    name: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]
    required: bool = False
    order_rules: tuple[OrderRule, ...] = ()
    mapped_columns: tuple[Column, ...] = ()

    @property
    def required_columns(self) -> tuple[str, ...]:
        """Names of the columns without which a file is unusable."""
        return tuple(column.name for column in self.columns if column.required)


_SQL_TYPES: dict[str, str] = {
    "instant": "TIMESTAMPTZ",
    "date": "DATE",
    "seconds": "BIGINT",
    "integer": "BIGINT",
    "boolean": "BOOLEAN",
}


def _id(name: str, required: bool = False) -> Column:
    return Column(name, "identifier", required)


def _text(name: str, required: bool = False) -> Column:
    return Column(name, "text", required)


def _instant(name: str, required: bool = False) -> Column:
    return Column(name, "instant", required)


def _date(name: str, required: bool = False) -> Column:
    return Column(name, "date", required)


def _enum(name: str, values: str, required: bool = False) -> Column:
    return Column(name, "enum", required, tuple(values.split()))


def _percent(name: str, required: bool = False) -> Column:
    return Column(name, "decimal", required, minimum=0, maximum=100)


def _dataset(
    name: str,
    key: str,
    *columns: Column,
    required: bool = False,
    order: tuple[OrderRule, ...] = (),
    mapped: tuple[Column, ...] = (),
) -> Dataset:
    every = (*columns, _instant("updated_at"))
    return Dataset(name, tuple(key.split()), every, required, order, mapped)


_ALL = (
    _dataset(
        "agents",
        "agent_id effective_from",
        _id("agent_id", True),
        _text("name", True),
        _text("email"),
        _text("phone"),
        _enum("role", "agent team_lead supervisor department_head qa trainer", True),
        _enum("function", "inbound outbound back_office blended"),
        _id("team_id", True),
        _text("site"),
        Column("time_zone", "time_zone", True),
        _text("skill_level"),
        _date("hired_on"),
        _date("left_on"),
        _date("effective_from", True),
        required=True,
    ),
    _dataset(
        "teams",
        "team_id",
        _id("team_id", True),
        _text("team_name", True),
        _text("department", True),
        _id("team_lead_id"),
        _id("supervisor_id"),
        _id("department_head_id"),
        required=True,
    ),
    _dataset(
        "kpi_targets",
        "team_id kpi effective_from",
        _id("team_id"),
        _text("kpi", True),
        _enum("direction", "higher lower", True),
        Column("target", "decimal", True),
        Column("coaching_threshold", "decimal"),
        Column("critical_threshold", "decimal"),
        _date("effective_from", True),
        _date("review_due_on"),
    ),
    _dataset(
        "status_events",
        "event_id",
        _id("event_id", True),
        _id("agent_id", True),
        _instant("occurred_at", True),
        _enum("status", "away available active unavailable", True),
        _text("reason"),
        _text("unit"),
        required=True,
    ),
    _dataset(
        "shifts",
        "segment_id",
        _id("segment_id", True),
        _id("shift_id", True),
        _id("agent_id", True),
        _instant("starts_at", True),
        _instant("ends_at", True),
        _enum("activity", "work break meeting training time_off", True),
        order=(OrderRule("ends_at", "starts_at"),),
    ),
    _dataset(
        "interactions",
        "interaction_id",
        _id("interaction_id", True),
        _id("agent_id"),
        _id("customer_id", True),
        _enum("channel", "voice chat email social video back_office", True),
        _enum("direction", "inbound outbound", True),
        _text("queue"),
        _text("topic"),
        _id("case_id"),
        _instant("queued_at", True),
        _instant("answered_at"),
        _instant("ended_at"),
        Column("talk_seconds", "seconds"),
        Column("hold_seconds", "seconds"),
        Column("acw_seconds", "seconds"),
        _enum("outcome", "resolved unresolved escalated transferred abandoned"),
        _text("transferred_to"),
        required=True,
        order=(OrderRule("ended_at", "answered_at"),),
        # Which record of which other system it is.
        mapped=(_id("same_as"),),
    ),
    _dataset(
        "tickets",
        "ticket_id",
        _id("ticket_id", True),
        _id("agent_id"),
        _text("kind"),
        _instant("created_at", True),
        _enum("status", "open pending resolved closed reopened cancelled", True),
        _instant("resolved_at"),
        required=True,
    ),
    _dataset(
        "qa_evaluations",
        "evaluation_id",
        _id("evaluation_id", True),
        _id("agent_id", True),
        _id("interaction_id"),
        _id("evaluator_id"),
        _instant("evaluated_at", True),
        _enum("method", "call_review screen_recording mystery_shopping"),
        _enum("sampling", "random targeted"),
        _percent("score", True),
        _percent("script_adherence"),
        _percent("tone"),
        _percent("solution_accuracy"),
        Column("critical_fail", "boolean"),
        required=True,
    ),
    _dataset(
        "csat_surveys",
        "survey_id",
        _id("survey_id", True),
        _id("interaction_id"),
        _id("agent_id", True),
        _instant("sent_at"),
        _instant("responded_at"),
        Column("score", "integer", minimum=1, maximum=5),
    ),
    _dataset(
        "system_usage",
        "usage_id",
        _id("usage_id", True),
        _id("agent_id", True),
        _text("application", True),
        _text("feature"),
        _instant("started_at", True),
        _instant("ended_at", True),
        order=(OrderRule("ended_at", "started_at"),),
    ),
    _dataset(
        "compliance_events",
        "event_id",
        _id("event_id", True),
        _id("agent_id", True),
        _instant("occurred_at", True),
        _text("policy", True),
        _text("regulation"),
        _enum("severity", "minor major critical", True),
        _text("description"),
        _enum(
            "disciplinary_step",
            "none verbal_warning written_warning final_warning termination",
        ),
        _text("escalated_to"),
        _instant("resolved_at"),
    ),
    _dataset(
        "sales",
        "lead_id",
        _id("lead_id", True),
        _id("agent_id", True),
        _id("interaction_id"),
        _instant("created_at", True),
        _instant("engaged_at"),
        _instant("converted_at"),
        Column("revenue", "decimal", scale=4),
        Column("currency", "currency"),
    ),
    _dataset(
        "feedback_sessions",
        "feedback_id",
        _id("feedback_id", True),
        _id("agent_id", True),
        _id("supervisor_id", True),
        _instant("held_at", True),
        _text("kpi"),
        _text("notes"),
        _text("agent_response"),
        _instant("acknowledged_at"),
        _id("task_id"),
    ),
    _dataset(
        "training_records",
        "record_id",
        _id("record_id", True),
        _id("agent_id", True),
        _text("course", True),
        _text("kpi"),
        _instant("completed_at", True),
        _percent("pre_score"),
        _percent("post_score"),
    ),
)

DATASETS: dict[str, Dataset] = {dataset.name: dataset for dataset in _ALL}
"""Every dataset of the contract by name, in contract order (which is the load order)."""
