"""Which version of a thing counts, and which instants have happened yet.

Every other module of the oracle reads rows that went through `seen_at` first.
"""

from __future__ import annotations

from datetime import datetime

from tests.oracle.contract import DATASETS, Row, Rows
from tests.oracle.instants import second_of
from tests.oracle.profiles import profile_begins


def latest_versions(versions: Rows, as_of: datetime | None = None) -> Rows:
    """One row per key, without `updated_at` and `load_order`.

    "Rows are versions of the thing their key names: for one key the row with the latest
    `updated_at` wins (no `updated_at`: the one from the newest file by load order). A row repeated
    exactly changes nothing."

    Each version may carry `updated_at` (aware datetime or None) and `load_order` (anything that
    sorts). A version without `updated_at` loses to one with it; equal `updated_at` fall back to
    load order. Versions updated after `as_of` are not seen ("Nothing after it is seen").
    """
    final: Rows = {}
    for name, rows in versions.items():
        winners: dict[tuple[object, ...], Row] = {}
        for row in rows:
            updated_at = row.get("updated_at")
            if as_of is not None and updated_at is not None and updated_at > as_of:
                continue
            key = tuple(row.get(column) for column in DATASETS[name].key)
            if key not in winners or _age(row) >= _age(winners[key]):
                winners[key] = row
        final[name] = [
            {column: value for column, value in row.items() if column not in _ABOUT_THE_VERSION}
            for row in winners.values()
        ]
    return final


_ABOUT_THE_VERSION = ("updated_at", "load_order")


def _age(row: Row) -> tuple[bool, float, object]:
    updated_at = row.get("updated_at")
    stamp = 0.0 if updated_at is None else updated_at.timestamp()
    return (updated_at is not None, stamp, row.get("load_order", 0))


# The event that a row stands for: before it happens there is no row.
_ROW_HAPPENS_AT = {
    "status_events": "occurred_at",
    "qa_evaluations": "evaluated_at",
    "sales": "created_at",
    "compliance_events": "occurred_at",
}

# Later stages of a thing that exists already: before each happens, that one is still unknown.
_STAGES = {
    "interactions": ("queued_at", "answered_at", "ended_at"),
    "tickets": ("resolved_at",),
    "csat_surveys": ("sent_at", "responded_at"),
    "sales": ("engaged_at", "converted_at"),
}


def seen_at(rows: Rows, as_of: datetime) -> Rows:
    """The rows as they can be known at `as_of`.

    "`as_of` is the instant a run reports at (default: now). Nothing after it is seen." A profile
    begins at local midnight of its own time zone, and one that has not begun is not seen either.
    """
    seen: Rows = {}
    for name, dataset_rows in rows.items():
        seen[name] = []
        for row in dataset_rows:
            happens_at = _ROW_HAPPENS_AT.get(name)
            if happens_at is not None and row[happens_at] > as_of:
                continue
            if name == "agents" and profile_begins(row) > second_of(as_of):
                continue
            copy = dict(row)
            for stage in _STAGES.get(name, ()):
                if copy.get(stage) is not None and copy[stage] > as_of:
                    copy[stage] = None
            seen[name].append(copy)
    return seen
