"""Reports that follow the data day by day: yesterday, the week that is over, and now."""

import datetime as dt
import shutil

import dagster as dg

import reports
from ingestion import Home
from orchestration import publication
from orchestration.progress import counter, tell
from orchestration.resources import HomeResource
from reports import Period

# Older ones go: whoever needs one again asks for it with `scorehouse report`.
KEPT = {"day": dt.timedelta(days=31), "week": dt.timedelta(weeks=13)}


@dg.asset(deps=["published_database"], group_name="reports", kinds={"html"})
def recent_reports(home: HomeResource) -> dg.MaterializeResult:  # type: ignore[type-arg]
    """The days and the ISO week that ended last before the data's instant."""
    as_of = publication.published_as_of(home.home)
    periods = recent_periods(as_of)
    for period in periods:
        render(home.home, period)
    removed = remove_old(home.home, as_of)
    return dg.MaterializeResult(
        metadata={"periods": ", ".join(p.folder for p in periods), "removed": len(removed)}
    )


@dg.asset(deps=["published_database"], group_name="reports", kinds={"html"})
def current_state_page(home: HomeResource) -> dg.MaterializeResult:  # type: ignore[type-arg]
    """Who is in which state, and the day so far, at the data's instant."""
    as_of = publication.published_as_of(home.home)
    render(home.home, Period.now(as_of))
    return dg.MaterializeResult(metadata={"as_of": as_of.isoformat()})


def recent_periods(as_of: dt.datetime) -> list[Period]:
    """The two days before an instant, because yesterday may not be over everywhere, and the week before."""
    today = as_of.astimezone(dt.UTC).date()
    days = [Period.day(today - dt.timedelta(days=back)) for back in (2, 1)]
    return [*days, Period.week(today - dt.timedelta(days=7))]


def render(home: Home, period: Period, provisional: bool = False) -> int:
    """Render a period's reports, and the page above all of them; returns the number of files."""
    files = reports.render_reports(
        home.published_database,
        period,
        home.reports / period.folder,
        provisional,
        counter("pages and PDFs written", every=100),
    )
    reports.write_overview(home.reports)
    tell(f"{len(files)} report files in {home.reports / period.folder}")
    return len(files)


def remove_old(home: Home, as_of: dt.datetime) -> list[str]:
    """Remove reports of days and weeks that are older than they are kept; returns their folders."""
    today = as_of.astimezone(dt.UTC).date()
    removed = []
    for period in reports.read_periods(home.reports):
        kept = KEPT.get(period.cadence)
        if kept is not None and period.ends_on < today - kept:
            shutil.rmtree(home.reports / period.folder)
            removed.append(period.folder)
    if removed:
        reports.write_overview(home.reports)
    return removed


report_assets = [recent_reports, current_state_page]
