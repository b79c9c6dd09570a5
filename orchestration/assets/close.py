"""What a close leaves behind: the performance record, reports, messages, and nothing temporary."""

import dagster as dg

from orchestration import closing, period_reports
from orchestration.assets.publication import CANDIDATE
from orchestration.assets.reports import check_of
from orchestration.delivery.carrying_out import NOTHING, carry_out
from orchestration.instance import WRITER_POOL
from orchestration.partitions import close_months
from orchestration.progress import tell
from orchestration.resources import ExclusiveRun, HomeResource, delivery_settings
from orchestration.run_settings import settings_of
from reports import Period


@dg.asset(
    deps=[CANDIDATE],
    partitions_def=close_months,
    group_name="close",
    kinds={"parquet"},
    pool=WRITER_POOL,
)
def performance_record(
    context: dg.AssetExecutionContext, home: HomeResource, exclusive_run: ExclusiveRun
) -> dg.MaterializeResult:  # type: ignore[type-arg]
    """Step 9: the month's new revisions, written once, never rewritten."""
    month = settings_of(context).closing_month
    revisions = closing.record_revisions(home.home, month) if month else 0
    tell(f"{revisions} new revisions recorded")
    return dg.MaterializeResult(metadata={"new_revisions": revisions})


@dg.asset(
    deps=["published_database"],
    partitions_def=close_months,
    group_name="close",
    kinds={"html", "pdf"},
    check_specs=[
        dg.AssetCheckSpec("reports_name_nobody_else", asset="monthly_reports", blocking=True)
    ],
)
def monthly_reports(context: dg.AssetExecutionContext, home: HomeResource) -> dg.MaterializeResult:  # type: ignore[type-arg]
    """Step 13: the pages of the month, and one PDF per agent and per unit."""
    settings = settings_of(context)
    assert settings.month is not None
    period = Period.month(settings.month)
    leaks = period_reports.render_into(home.home, period, provisional=settings.provisional)
    return dg.MaterializeResult(check_results=[check_of(leaks)])


@dg.asset(
    deps=["published_database", monthly_reports],
    partitions_def=close_months,
    group_name="close",
    pool=WRITER_POOL,
)
def outbox_messages(
    context: dg.AssetExecutionContext, home: HomeResource, exclusive_run: ExclusiveRun
) -> dg.MaterializeResult:  # type: ignore[type-arg]
    """Steps 7, 8, 10, 11, 12 and 14: tasks, mails, alerts and the skill-level export, each once."""
    month = settings_of(context).closing_month
    result = NOTHING
    if month:
        result = carry_out(home.home, month, delivery_settings(home.home))
    sent = f"{result.sent} sent, " if result.sent else ""
    tell(
        f"{result.written} messages written, {sent}{result.undeliverable} without a usable address"
    )
    for note in result.notes:
        tell(note)
    return dg.MaterializeResult(
        metadata={
            "written": result.written,
            "sent": result.sent,
            "undeliverable": result.undeliverable,
        }
    )


@dg.asset(deps=["published_database"], group_name="close", pool=WRITER_POOL)
def scratch_cleanup(home: HomeResource, exclusive_run: ExclusiveRun) -> None:
    """Step 15: temporary tables and files are gone, also after a run that failed (see `clean_up_after_failure`)."""
    closing.clean_up(home.home)


@dg.failure_hook(name="clean_up_after_failure", required_resource_keys={"home"})
def clean_up_after_failure(context: dg.HookContext) -> None:
    """Step 15 of a run that failed: whatever it left half-way goes."""
    closing.clean_up(context.resources.home.home)


close_assets = [performance_record, monthly_reports, outbox_messages, scratch_cleanup]
