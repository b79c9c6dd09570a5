"""How each published figure is called and printed: a label and a format, by column name.

A column that is not listed takes both from its suffix, so a new mart column prints sensibly.
"""

from functools import cache

_LABELS = {
    "active_seconds": "Active",
    "acw_seconds": "After-contact work",
    "adherence": "Schedule adherence",
    "adherent_seconds": "Time in adherence",
    "aht_seconds": "Average handle time",
    "asa_seconds": "Average speed of answer (ASA)",
    "available_seconds": "Available",
    "average_quality_score": "Average quality score",
    "back_office_seconds": "Back office",
    "break_seconds": "Breaks",
    "business_date": "Day",
    "csat": "Customer satisfaction (CSAT)",
    "csat_mean": "Mean survey score",
    "csat_responses": "Surveys answered",
    "csat_sent": "Surveys sent",
    "fcr": "First contact resolution (FCR)",
    "fcr_eligible_contacts": "First contacts judged",
    "fcr_pending_contacts": "First contacts still pending",
    "handle_seconds": "Total handle time",
    "hold_seconds": "Hold time",
    "logged_in_seconds": "Logged in",
    "mean_resolution_seconds": "Average time to resolve",
    "meeting_seconds": "Meetings",
    "month": "Month",
    "name": "Name",
    "off_clock_handling_seconds": "Handling while clocked out",
    "other_unavailable_seconds": "Other unavailable",
    "productivity_attainment": "Attainment",
    "productivity_score": "Productivity score",
    "productivity_target": "Target",
    "productivity_variance": "Variance",
    "quality_score": "Quality score",
    "scope": "Set for",
    "seconds_in_use": "Time in use",
    "survey_response_rate": "Survey response rate",
    "talk_seconds": "Talk time",
    "team_id": "Team id",
    "team_name": "Team",
    "total_resolved_tickets": "Resolved tickets",
    "training_seconds": "Training",
    "unavailable_seconds": "Unavailable",
    "unclassified_seconds": "Not placed in any state",
}

_FORMATS = {
    "adherence": "pct",
    "aht": "duration",
    "attainment": "pct",
    "average_quality_score": "score",
    "concurrency": "score",
    "conformance": "pct",
    "csat": "pct",
    "csat_mean": "score",
    "fcr": "pct",
    "month": "month",
    "occupancy": "pct",
    "productivity_attainment": "pct",
    "productivity_score": "score",
    "productivity_target": "score",
    "productivity_variance": "score",
    "quality_points": "score",
    "quality_score": "score",
    "revenue": "money",
    "seconds_in_use": "duration",
    "service_level": "pct",
    "shrinkage": "pct",
    "utilization": "pct",
}

_COUNTS = ("contacts", "evaluations", "events", "leads", "responses", "sessions", "tickets")
_SUFFIXES = (
    ("seconds", "duration"),
    ("_rate", "pct"),
    ("_score", "score"),
    ("_satisfied", "int"),
    *((count, "int") for count in _COUNTS),
)


@cache
def figure_label(name: str) -> str:
    """Return the words for a figure's column name, such as ``Average handle time``."""
    if name in _LABELS:
        return _LABELS[name]
    words = name.removesuffix("_seconds").replace("_", " ").strip()
    return words[:1].upper() + words[1:]


@cache
def figure_format(name: str) -> str | None:
    """Return the format a figure prints in, or None where its type decides."""
    if name in _FORMATS:
        return _FORMATS[name]
    return next((fmt for suffix, fmt in _SUFFIXES if name.endswith(suffix)), None)
