"""Schedules: the marts every morning, the close of the month before on the second, messages as they fall due."""

import datetime as dt

import dagster as dg

from orchestration.jobs import daily_build_job, deliveries_job, monthly_close_job

daily_build_schedule = dg.ScheduleDefinition(
    name="daily_build_at_five",
    job=daily_build_job,
    cron_schedule="0 5 * * *",
    execution_timezone="UTC",
)


@dg.schedule(
    name="monthly_close_on_the_second",
    job=monthly_close_job,
    # By noon of the second, UTC, the month is over in every time zone and the night's exports have landed.
    cron_schedule="0 12 2 * *",
    execution_timezone="UTC",
)
def monthly_close_schedule(context: dg.ScheduleEvaluationContext) -> dg.RunRequest:
    """Close the month before the one that the tick lies in."""
    month = (context.scheduled_execution_time.replace(day=1) - dt.timedelta(days=1)).strftime(
        "%Y-%m"
    )
    return dg.RunRequest(run_key=month, partition_key=month)


deliveries_schedule = dg.ScheduleDefinition(
    name="deliveries_every_ten_minutes",
    job=deliveries_job,
    cron_schedule="*/10 * * * *",
    execution_timezone="UTC",
)

schedules = [daily_build_schedule, monthly_close_schedule, deliveries_schedule]
