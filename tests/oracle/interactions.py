"""fct_interaction and fct_queue_day: every contact as it is known, and what a queue is judged by."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, datetime
from fractions import Fraction

from tests.oracle.contacts import first_contacts, handled_contacts, talk_hold_acw
from tests.oracle.contract import Row, Rows
from tests.oracle.instants import local_date, second_of
from tests.oracle.parameters import DEFAULTS, Parameters
from tests.oracle.profiles import business_date, label_on, profiles_of
from tests.oracle.versions import seen_at

QueueDay = tuple[str | None, str, date]


def interactions(rows: Rows, as_of: datetime, parameters: Parameters = DEFAULTS) -> dict[str, Row]:
    """interaction_id → fct_interaction. A contact is seen from its queueing, or its answer, on.

    "An interaction [is dated] by `answered_at`", in the agent's time zone; one without an agent by its queueing, in
    UTC. Who answers later is not known yet, and what comes of a contact is not known before it has ended.
    """
    seen = seen_at(rows, as_of)
    handled = {row["interaction_id"]: row for row in handled_contacts(seen)}
    firsts = {
        first.contact["interaction_id"]: first for first in first_contacts(seen, as_of, parameters)
    }
    facts: dict[str, Row] = {}
    for fed, row in zip(rows.get("interactions", []), seen.get("interactions", []), strict=True):
        queued_at, answered_at = row["queued_at"], row.get("answered_at")
        if queued_at is None and answered_at is None:
            continue
        is_answer_to_come = fed.get("answered_at") is not None and answered_at is None
        is_end_to_come = fed.get("ended_at") is not None and row.get("ended_at") is None
        agent_id = None if is_answer_to_come else row.get("agent_id")
        outcome = None if is_answer_to_come or is_end_to_come else row.get("outcome")
        if agent_id is None:
            day = local_date(second_of(queued_at or answered_at), "UTC")
        else:
            profiles = profiles_of(seen, agent_id)
            day = business_date(profiles, second_of(answered_at or queued_at))
        wait = None
        if answered_at is not None:
            wait = max(0, second_of(answered_at) - second_of(fed["queued_at"]))
        contact, first = handled.get(row["interaction_id"]), firsts.get(row["interaction_id"])
        is_eligible = first.is_eligible if first else None
        facts[row["interaction_id"]] = {
            "agent_id": agent_id,
            "business_date": day,
            "team_id": label_on(profiles_of(seen, agent_id), day, "team_id") if agent_id else None,
            "outcome": outcome,
            "wait_seconds": wait,
            "first_response_seconds": wait if row["channel"] in ("chat", "email") else None,
            "handle_seconds": sum(talk_hold_acw(contact)) if contact else None,
            "is_answered": answered_at is not None,
            "is_abandoned": row["direction"] == "inbound"
            and answered_at is None
            and not (is_answer_to_come or is_end_to_come)
            and (row.get("ended_at") is not None or outcome == "abandoned"),
            "is_handled": contact is not None,
            "is_first_contact": (first is not None) if contact else None,
            "is_fcr_eligible": is_eligible,
            "is_fcr": first.is_resolved_at_once if first and is_eligible else None,
        }
    return facts


def queue_days(
    rows: Rows, as_of: datetime, parameters: Parameters = DEFAULTS
) -> dict[QueueDay, Row]:
    """(queue, channel, business_date) → fct_queue_day.

    "Queue and day: `offered`, `answered`, `abandoned`, `asa_seconds` (mean wait of the answered), `service_level` =
    answered within `service_level_seconds` (20; per channel) / offered, `abandon_rate`." Outbound contacts are not
    offered to a queue.
    """
    facts = interactions(rows, as_of, parameters)
    groups: dict[QueueDay, list[Row]] = defaultdict(list)
    for row in rows.get("interactions", []):
        fact = facts.get(row["interaction_id"])
        if fact is not None and row["direction"] == "inbound":
            groups[row.get("queue"), row["channel"], fact["business_date"]].append(fact)
    return {key: _queue_day(key[1], contacts, parameters) for key, contacts in groups.items()}


def _queue_day(channel: str, contacts: list[Row], parameters: Parameters) -> Row:
    offered = len(contacts)
    waits = [contact["wait_seconds"] for contact in contacts if contact["is_answered"]]
    abandoned = sum(contact["is_abandoned"] for contact in contacts)
    in_time = sum(wait <= parameters.service_level_seconds for wait in waits)
    mean_wait = Fraction(sum(waits), len(waits)) if waits else None
    return {
        "offered": offered,
        "answered": len(waits),
        "abandoned": abandoned,
        "waiting": offered - len(waits) - abandoned,
        "answered_within_service_level": in_time,
        "wait_seconds": sum(waits),
        "asa_seconds": mean_wait,
        "first_response_seconds": mean_wait if channel in ("chat", "email") else None,
        "service_level": Fraction(in_time, offered),
        "abandon_rate": Fraction(abandoned, offered),
    }
