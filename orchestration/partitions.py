"""Partitions: a close is one calendar month. What is recomputed as a whole has no partition."""

import dagster as dg

from ingestion import UnusableInput

FIRST_MONTH = "2015-01"

# `end_offset=1` makes the month that is not over yet a partition too: a provisional close needs it.
close_months = dg.MonthlyPartitionsDefinition(
    start_date=FIRST_MONTH, fmt="%Y-%m", end_offset=1, timezone="UTC"
)


def require_begun(month: str) -> None:
    """Refuse a month (YYYY-MM) that is no partition.

    Raises:
        UnusableInput: the month begins after today, or lies before the first partition.
    """
    if close_months.has_partition_key(month):
        return
    if month < FIRST_MONTH:
        raise UnusableInput(
            f"{month} is too early: the first month that can be closed is {FIRST_MONTH}"
        )
    raise UnusableInput(f"{month} is in the future: nothing of it can be known yet")
