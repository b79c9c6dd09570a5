"""Contacts of an agent told apart by channel: "AHT … overall and per channel"."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, datetime

from tests.oracle.contacts import first_contacts, handled_contacts, talk_hold_acw
from tests.oracle.contract import Row, Rows
from tests.oracle.instants import month_of, second_of
from tests.oracle.parameters import DEFAULTS, Parameters
from tests.oracle.profiles import business_date, profiles_of
from tests.oracle.ratios import exact_ratio
from tests.oracle.versions import seen_at

ChannelDay = tuple[str, date, str]
PARTS = (
    "handled_contacts",
    "talk_seconds",
    "hold_seconds",
    "acw_seconds",
    "handle_seconds",
    "transferred_contacts",
    "escalated_contacts",
    "fcr_contacts",
    "fcr_eligible_contacts",
    "fcr_pending_contacts",
)
RATIOS = ("aht_seconds", "transfer_rate", "escalation_rate", "fcr")


def channel_days(
    rows: Rows, as_of: datetime, parameters: Parameters = DEFAULTS
) -> dict[ChannelDay, Row]:
    """(agent_id, business_date, channel) → parts and ratios of the contacts handled.

    FCR is "credited to the agent of the first contact, on its date", and so to its channel.
    """
    seen = seen_at(rows, as_of)
    first_of = {
        first.contact["interaction_id"]: first for first in first_contacts(seen, as_of, parameters)
    }
    days: dict[ChannelDay, Row] = defaultdict(lambda: dict.fromkeys(PARTS, 0))
    for contact in handled_contacts(seen):
        calendar = profiles_of(seen, contact["agent_id"])
        day = days[
            contact["agent_id"],
            business_date(calendar, second_of(contact["answered_at"])),
            contact["channel"],
        ]
        talk, hold, acw = talk_hold_acw(contact)
        day["handled_contacts"] += 1
        day["talk_seconds"] += talk
        day["hold_seconds"] += hold
        day["acw_seconds"] += acw
        day["handle_seconds"] += talk + hold + acw
        day["transferred_contacts"] += contact.get("outcome") == "transferred"
        day["escalated_contacts"] += contact.get("outcome") == "escalated"
        first = first_of.get(contact["interaction_id"])
        if first is not None:
            day["fcr_eligible_contacts"] += first.is_eligible
            day["fcr_pending_contacts"] += not first.is_eligible
            day["fcr_contacts"] += first.is_eligible and first.is_resolved_at_once
    return {key: _with_ratios(day) for key, day in days.items()}


def channel_months(days: dict[ChannelDay, Row]) -> dict[ChannelDay, Row]:
    """(agent_id, first day of the month, channel) → summed parts and ratios of the sums."""
    months: dict[ChannelDay, Row] = defaultdict(lambda: dict.fromkeys(PARTS, 0))
    for (agent_id, day, channel), figures in days.items():
        for part in PARTS:
            months[agent_id, month_of(day), channel][part] += figures[part]
    return {key: _with_ratios(month) for key, month in months.items()}


def _with_ratios(parts: Row) -> Row:
    exact = {name: exact_ratio(parts, name) for name in RATIOS}
    return parts | {name: None if ratio is None else float(ratio) for name, ratio in exact.items()}
