"""Partitions: a close is one calendar month. What is recomputed as a whole has no partition."""

import dagster as dg

FIRST_MONTH = "2015-01"

# `end_offset=1` makes the month that is not over yet a partition too: a provisional close needs it.
close_months = dg.MonthlyPartitionsDefinition(
    start_date=FIRST_MONTH, fmt="%Y-%m", end_offset=1, timezone="UTC"
)
