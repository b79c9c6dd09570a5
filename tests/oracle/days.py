"""fct_agent_day: every part of every definition, per agent and business date."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from tests.oracle.attendance import attendance
from tests.oracle.contacts import first_contacts, handled_contacts, talk_hold_acw
from tests.oracle.contract import Row, Rows
from tests.oracle.instants import instant_of, second_of
from tests.oracle.parameters import DEFAULTS, Parameters
from tests.oracle.profiles import Profiles, business_date, label_on, profiles_of
from tests.oracle.ratios import with_ratios
from tests.oracle.timeline import AWAY, UNAVAILABLE, Run, Timeline, by_run, clock_of, joined
from tests.oracle.versions import seen_at

AgentDay = tuple[str, date]

# Each part and the datasets that must have been collected for it to be known.
PARTS: Mapping[str, tuple[str, ...]] = (
    dict.fromkeys(
        (
            "available_seconds",
            "active_seconds",
            "unavailable_seconds",
            "break_seconds",
            "meeting_seconds",
            "training_seconds",
            "back_office_seconds",
            "other_unavailable_seconds",
            "unclassified_seconds",
            "logged_in_seconds",
            "sessions",
        ),
        ("status_events",),
    )
    | dict.fromkeys(("handling_seconds", "handling_interval_seconds"), ("interactions",))
    | {"off_clock_handling_seconds": ("interactions", "status_events")}
    | dict.fromkeys(
        (
            "handled_contacts",
            "talk_seconds",
            "hold_seconds",
            "acw_seconds",
            "handle_seconds",
            "fcr_contacts",
            "fcr_eligible_contacts",
            "fcr_pending_contacts",
            "transferred_contacts",
            "escalated_contacts",
        ),
        ("interactions",),
    )
    | dict.fromkeys(
        ("csat_sent", "csat_responses", "csat_satisfied", "csat_points"), ("csat_surveys",)
    )
    | dict.fromkeys(("evaluations", "quality_points"), ("qa_evaluations",))
    | {"resolved_tickets": ("tickets",)}
    | {"scheduled_seconds": ("shifts",)}
    | dict.fromkeys(("adherent_seconds", "late_seconds"), ("shifts", "status_events"))
    | dict.fromkeys(("leads", "engaged_leads", "converted_leads"), ("sales",))
    | {"compliance_events": ("compliance_events",)}
)

UNAVAILABLE_REASONS = ("break", "meeting", "training", "back_office")


def agent_days(
    rows: Rows,
    as_of: datetime,
    parameters: Parameters = DEFAULTS,
    timeline: Timeline = by_run,
) -> dict[AgentDay, Row]:
    """(agent_id, business_date) → every column of fct_agent_day.

    "A row exists for an agent and a date as soon as any of them has something to say."
    """
    days: dict[AgentDay, Row] = defaultdict(_nothing_yet)
    seen = seen_at(rows, as_of)
    calendars = {agent_id: profiles_of(seen, agent_id) for agent_id in _agent_ids(seen)}

    def day_of(row: Row, column: str) -> Row:
        agent_id = row["agent_id"]
        return days[agent_id, business_date(calendars[agent_id], second_of(row[column]))]

    for agent_id in sorted(calendars):
        clock = clock_of(seen, agent_id, as_of, parameters.max_status_interval_hours)
        _add_time(days, agent_id, joined(timeline(clock)))
    _add_contacts(day_of, seen, as_of, parameters)
    _add_surveys(day_of, seen)
    _add_evaluations_and_tickets(day_of, seen)
    _add_sales_and_compliance(day_of, seen)
    _add_shifts(days, rows, as_of, parameters, timeline)
    return {key: _finish(key, days[key], seen, calendars[key[0]]) for key in sorted(days)}


def _nothing_yet() -> Row:
    return dict.fromkeys(PARTS, 0) | {"first_clock_in_at": None, "last_clock_out_at": None}


def _agent_ids(seen: Rows) -> set[str]:
    return {
        row["agent_id"]
        for dataset_rows in seen.values()
        for row in dataset_rows
        if row.get("agent_id") is not None
    }


def _add_time(days: dict[AgentDay, Row], agent_id: str, runs: list[Run]) -> None:
    """Status and handling seconds, and sessions: "a maximal run of time that is not away"."""
    before: Run | None = None
    for run in runs:
        is_logged_in = run.state != AWAY
        if not is_logged_in and run.handling == 0:
            continue
        day = days[agent_id, run.business_date]
        if is_logged_in:
            day[f"{run.state}_seconds"] += run.seconds
            day["logged_in_seconds"] += run.seconds
            if run.state == UNAVAILABLE:
                known = run.reason in UNAVAILABLE_REASONS
                day[f"{run.reason if known else 'other_unavailable'}_seconds"] += run.seconds
            goes_on = (
                before is not None
                and before.end == run.start
                and before.business_date == run.business_date
            )
            if not goes_on:
                day["sessions"] += 1
            day["first_clock_in_at"] = day["first_clock_in_at"] or instant_of(run.start)
            day["last_clock_out_at"] = instant_of(run.end)
            before = run
        if run.handling > 0:
            day["handling_seconds"] += run.seconds
            day["handling_interval_seconds"] += run.seconds * run.handling
            if not is_logged_in:
                day["off_clock_handling_seconds"] += run.seconds


DayOf = Callable[[Row, str], Row]


def _add_contacts(day_of: DayOf, seen: Rows, as_of: datetime, parameters: Parameters) -> None:
    """ "`aht_seconds` = (Σ talk + Σ hold + Σ acw) / handled"; FCR is "credited to the agent of the
    first contact, on its date"; "younger ones are `fcr_pending_contacts` and count in neither".
    """
    for contact in handled_contacts(seen):
        day = day_of(contact, "answered_at")
        talk, hold, acw = talk_hold_acw(contact)
        day["handled_contacts"] += 1
        day["talk_seconds"] += talk
        day["hold_seconds"] += hold
        day["acw_seconds"] += acw
        day["handle_seconds"] += talk + hold + acw
        day["transferred_contacts"] += contact.get("outcome") == "transferred"
        day["escalated_contacts"] += contact.get("outcome") == "escalated"
    for first in first_contacts(seen, as_of, parameters):
        day = day_of(first.contact, "answered_at")
        day["fcr_eligible_contacts"] += first.is_eligible
        day["fcr_pending_contacts"] += not first.is_eligible
        day["fcr_contacts"] += first.is_eligible and first.is_resolved_at_once


def _add_surveys(day_of: DayOf, seen: Rows) -> None:
    """ "`csat` = share of survey responses with score ≥ 4", dated "by `responded_at`";
    "`survey_response_rate` = responses / sent", each on its own date. A survey
    that came back without a score says nothing about satisfaction and is no response.
    """
    for survey in seen.get("csat_surveys", []):
        if survey.get("sent_at") is not None:
            day_of(survey, "sent_at")["csat_sent"] += 1
        if survey.get("responded_at") is not None and survey.get("score") is not None:
            day = day_of(survey, "responded_at")
            day["csat_responses"] += 1
            day["csat_satisfied"] += survey["score"] >= 4
            day["csat_points"] += survey["score"]


def quality_points(evaluation: Row) -> Decimal:
    """ "Mean of the month's evaluation scores; a `critical_fail` scores 0": one such score."""
    return Decimal(0) if evaluation.get("critical_fail") else Decimal(evaluation["score"])


def _add_evaluations_and_tickets(day_of: DayOf, seen: Rows) -> None:
    """ "Tickets whose current status is `resolved` or `closed`, by `resolved_at`, for their
    `agent_id`."
    """
    for evaluation in seen.get("qa_evaluations", []):
        day = day_of(evaluation, "evaluated_at")
        day["evaluations"] += 1
        day["quality_points"] += quality_points(evaluation)
    for ticket in seen.get("tickets", []):
        is_resolved = ticket["status"] in ("resolved", "closed")
        if is_resolved and ticket.get("agent_id") is not None and ticket.get("resolved_at"):
            day_of(ticket, "resolved_at")["resolved_tickets"] += 1


def _add_sales_and_compliance(day_of: DayOf, seen: Rows) -> None:
    """A lead is dated by `created_at`, whatever became of it later; an event by `occurred_at`."""
    for lead in seen.get("sales", []):
        day = day_of(lead, "created_at")
        day["leads"] += 1
        day["engaged_leads"] += lead.get("engaged_at") is not None
        day["converted_leads"] += lead.get("converted_at") is not None
    for event in seen.get("compliance_events", []):
        day_of(event, "occurred_at")["compliance_events"] += 1


def _add_shifts(
    days: dict[AgentDay, Row],
    rows: Rows,
    as_of: datetime,
    parameters: Parameters,
    timeline: Timeline,
) -> None:
    """Sums over the date's shifts. Lateness: 0 without a shift, None when all were missed."""
    lateness: dict[AgentDay, list[Row]] = defaultdict(list)
    for (agent_id, _), shift in attendance(rows, as_of, parameters, timeline).items():
        key = (agent_id, shift["business_date"])
        days[key]["scheduled_seconds"] += shift["scheduled_seconds"]
        days[key]["adherent_seconds"] += shift["adherent_seconds"] or 0
        lateness[key].append(shift)
    for key, shifts in lateness.items():
        if all(shift["is_absent"] for shift in shifts):
            days[key]["late_seconds"] = None
        else:
            days[key]["late_seconds"] = sum(shift["late_seconds"] or 0 for shift in shifts)


def _finish(key: AgentDay, day: Row, seen: Rows, profiles: Profiles) -> Row:
    """Labels, ratios, and None for whatever was not collected."""
    labels: dict[str, Any] = {
        label: label_on(profiles, key[1], label) for label in ("team_id", "site", "function")
    }
    not_collected = {
        part: None
        for part, datasets in PARTS.items()
        if any(dataset not in seen for dataset in datasets)
    }
    return labels | with_ratios(day | not_collected)
