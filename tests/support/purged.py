"""A scenario as a home has it whose first days were purged."""

from datetime import date, timedelta

from tests.oracle.strategies import Scenario


def middle_day(scenario: Scenario) -> date:
    """A day with rows before it, which count as what a purge left, and mostly rows after it."""
    moments = ("queued_at", "occurred_at", "resolved_at", "evaluated_at")
    days = sorted(
        row[moment].date()
        for rows in scenario.rows.values()
        for row in rows
        for moment in moments
        if row.get(moment)
    )
    middle: date = days[len(days) // 2] if days else scenario.as_of.date()
    return max(middle, days[0] + timedelta(days=1)) if days else middle
