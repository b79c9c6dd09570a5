"""Jobs: the daily build and the monthly close, over the same assets. One process runs one, step by step."""

import datetime as dt
from typing import Any

import dagster as dg

from orchestration.assets.close import clean_up_after_failure, scratch_cleanup
from orchestration.assets.quality import CANDIDATE_GATE
from orchestration.delivery.carrying_out import deliver_what_is_due
from orchestration.job_names import DAILY_BUILD, DELIVERIES, INGESTION, MONTHLY_CLOSE, REBUILD
from orchestration.partitions import close_months
from orchestration.resources import HomeResource, delivery_settings

_landing = dg.AssetSelection.key_prefixes("landing")
_warehouse = dg.AssetSelection.groups(
    "rules", "staging", "changes", "intermediate", "marts", "functions"
)
_publication = dg.AssetSelection.groups("publication")
_reports = dg.AssetSelection.groups("reports")
_close = dg.AssetSelection.groups("close")

ingestion_job = dg.define_asset_job(
    INGESTION,
    # The gate stands before the models: who only loads is told by the next build.
    selection=_landing.without_checks(),
    description="Load what is new in the landing folder.",
    executor_def=dg.in_process_executor,
)

daily_build_job = dg.define_asset_job(
    DAILY_BUILD,
    selection=_landing
    | _warehouse
    | _publication
    | _reports
    | dg.AssetSelection.assets(scratch_cleanup),
    hooks={clean_up_after_failure},
    description="Load what is new, rebuild the marts, check and publish them, report on yesterday, last week and now.",
    executor_def=dg.in_process_executor,
)

monthly_close_job = dg.define_asset_job(
    MONTHLY_CLOSE,
    selection=_landing | _warehouse | _publication | _close,
    partitions_def=close_months,
    hooks={clean_up_after_failure},
    description="All fifteen steps of the close of one month.",
    executor_def=dg.in_process_executor,
)

rebuild_job = dg.define_asset_job(
    REBUILD,
    # What was published then is not judged by the rules of today.
    selection=(_warehouse | _publication | dg.AssetSelection.assets(scratch_cleanup))
    - dg.AssetSelection.checks(CANDIDATE_GATE),
    hooks={clean_up_after_failure},
    description="Build and publish from what is loaded, without looking for new files: a home as it was known.",
    executor_def=dg.in_process_executor,
)


@dg.op
def send_what_is_due(context: dg.OpExecutionContext, home: HomeResource) -> None:
    """Messages that wait for their time, and notices to the operator; see docs/delivery.md."""
    done = deliver_what_is_due(home.home, delivery_settings(home.home), dt.datetime.now(dt.UTC))
    for note in done.notes:
        context.log.warning(note)


@dg.job(name=DELIVERIES, executor_def=dg.in_process_executor)
def deliveries_job() -> None:
    """Send what is due, without building anything."""
    send_what_is_due()


# The orchestrator has no public name for what both kinds of jobs are.
jobs: list[Any] = [ingestion_job, daily_build_job, monthly_close_job, rebuild_job, deliveries_job]
