"""Reports that follow the data day by day: yesterday, the week that is over, and now."""

import dagster as dg

from orchestration import period_reports, publication
from orchestration.resources import HomeResource
from reports import Period


@dg.asset(deps=["published_database"], group_name="reports", kinds={"html"})
def recent_reports(home: HomeResource) -> dg.MaterializeResult:  # type: ignore[type-arg]
    """The days and the ISO week that ended last before the data's instant."""
    as_of = publication.published_as_of(home.home)
    periods = period_reports.recent_periods(as_of)
    for period in periods:
        period_reports.render_into(home.home, period)
    removed = period_reports.remove_old(home.home, as_of)
    return dg.MaterializeResult(
        metadata={"periods": ", ".join(p.folder for p in periods), "removed": len(removed)}
    )


@dg.asset(deps=["published_database"], group_name="reports", kinds={"html"})
def current_state_page(home: HomeResource) -> dg.MaterializeResult:  # type: ignore[type-arg]
    """Who is in which state, and the day so far, at the data's instant."""
    as_of = publication.published_as_of(home.home)
    period_reports.render_into(home.home, Period.now(as_of))
    return dg.MaterializeResult(metadata={"as_of": as_of.isoformat()})


report_assets = [recent_reports, current_state_page]
