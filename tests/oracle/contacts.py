"""Handled contacts, issues and first-contact resolution."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby

from tests.oracle.contract import Row, Rows
from tests.oracle.parameters import DEFAULTS, Parameters


def handled_contacts(rows: Rows) -> list[Row]:
    """ "`handled_contacts`: interactions with an agent and an `answered_at`."

    "Handling without an `ended_at` yet … is no contact yet." `rows` went through `seen_at`.
    """
    return [
        row
        for row in rows.get("interactions", [])
        if row.get("agent_id") is not None
        and row.get("answered_at") is not None
        and row.get("ended_at") is not None
    ]


def talk_hold_acw(contact: Row) -> tuple[int, int, int]:
    """The three parts of a contact's handle time in seconds; a null part counts 0."""
    return (
        contact.get("talk_seconds") or 0,
        contact.get("hold_seconds") or 0,
        contact.get("acw_seconds") or 0,
    )


@dataclass(frozen=True)
class FirstContact:
    """The first contact of an issue and what first-contact resolution says of it."""

    contact: Row
    is_eligible: bool
    is_resolved_at_once: bool


def issues(contacts: list[Row], window: timedelta) -> list[list[Row]]:
    """ "Handled contacts of one `customer_id` and one `topic` (null is a topic of its own), by any
    agent and channel, in order of (`answered_at`, `interaction_id`), each answered no later than
    `fcr_window_days` (7) × 24 h after the latest `ended_at` of those before it in the issue."
    """

    def subject(row: Row) -> tuple[str, bool, str]:
        topic = row.get("topic")
        return (row["customer_id"], topic is not None, topic or "")

    result: list[list[Row]] = []
    for _, same_subject in groupby(sorted(contacts, key=subject), key=subject):
        issue: list[Row] = []
        ordered = sorted(same_subject, key=lambda row: (row["answered_at"], row["interaction_id"]))
        for contact in ordered:
            if issue and contact["answered_at"] <= max(c["ended_at"] for c in issue) + window:
                issue.append(contact)
            else:
                issue = [contact]
                result.append(issue)
    return result


def first_contacts(
    rows: Rows, as_of: datetime, parameters: Parameters = DEFAULTS
) -> list[FirstContact]:
    """ "FCR counts an issue's first contact when its outcome is `resolved` and the issue has no
    second contact …, where eligible = first contacts with `ended_at` + 7 × 24 h ≤ `as_of`."
    """
    window = timedelta(days=parameters.fcr_window_days)
    return [
        FirstContact(
            contact=issue[0],
            is_eligible=issue[0]["ended_at"] + window <= as_of,
            is_resolved_at_once=issue[0].get("outcome") == "resolved" and len(issue) == 1,
        )
        for issue in issues(handled_contacts(rows), window)
    ]
