"""Reports that follow the data day by day: yesterday, the week that is over, and now."""

from collections.abc import Sequence

import dagster as dg

from orchestration import period_reports, publication
from orchestration.resources import HomeResource
from reports import Leak, Period


def check_of(leaks: Sequence[Leak]) -> dg.AssetCheckResult:
    """The result of the check on finished reports."""
    return dg.AssetCheckResult(
        check_name="reports_name_nobody_else",
        passed=not leaks,
        description=period_reports.leaks_sentence(leaks)
        if leaks
        else "nobody but those they are about",
    )


@dg.asset(
    deps=["published_database"],
    group_name="reports",
    kinds={"html"},
    # Blocking, or else a run with a leak would end as if nothing had been found.
    check_specs=[
        dg.AssetCheckSpec("reports_name_nobody_else", asset="recent_reports", blocking=True)
    ],
)
def recent_reports(home: HomeResource) -> dg.MaterializeResult:  # type: ignore[type-arg]
    """The days and the ISO week that ended last before the data's instant."""
    as_of = publication.published_as_of(home.home)
    periods = period_reports.recent_periods(as_of)
    leaks = [leak for period in periods for leak in period_reports.render_into(home.home, period)]
    removed = period_reports.remove_old(home.home, as_of)
    return dg.MaterializeResult(
        metadata={"periods": ", ".join(p.folder for p in periods), "removed": len(removed)},
        check_results=[check_of(leaks)],
    )


@dg.asset(deps=["published_database"], group_name="reports", kinds={"html"})
def current_state_page(home: HomeResource) -> dg.MaterializeResult:  # type: ignore[type-arg]
    """Who is in which state, and the day so far, at the data's instant."""
    as_of = publication.published_as_of(home.home)
    period_reports.render_into(home.home, Period.now(as_of))
    return dg.MaterializeResult(metadata={"as_of": as_of.isoformat()})


report_assets = [recent_reports, current_state_page]
