"""Rendering the reports of a period into the home, whoever asks: a close, the daily build, or a person."""

import datetime as dt
import re
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

import reports
from ingestion import Home, UnusableInput, ledger
from orchestration.database import attached
from orchestration.progress import counter, tell
from orchestration.storage import storage_of
from orchestration.storing import store_reports
from orchestration.verification import write_reports_head
from reports import Leak, Period

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
# Older ones go: whoever needs one again asks for it with `scorehouse report`.
KEPT = {"day": dt.timedelta(days=31), "week": dt.timedelta(weeks=13)}


def render_period(
    home: Home, first: str, last: str | None, filters: Mapping[str, str], out: Path | None
) -> Path:
    """Render the reports of the days first to last, as a person wrote them; returns the page to open.

    filters: department, site, function and team (by id) that figures are limited to.

    Raises:
        UnusableInput: a date is none, the period is reversed or holds no figures, or nothing has such a label.
    """
    starts_on = parse_day(first, "--from")
    period = period_of(starts_on, parse_day(last, "--to") if last else starts_on)
    _require_figures(home, period, filters)
    if out is None:
        chosen = [f"{name}-{_safe(value)}" for name, value in sorted(filters.items())]
        out = home.reports / "--".join([period.folder, *chosen])
    leaks = render_into(home, period, out, filters=filters)
    if leaks:
        raise reports.ReportError(leaks_sentence(leaks))
    return out / "index.html"


def render_into(
    home: Home,
    period: Period,
    out: Path | None = None,
    provisional: bool = False,
    filters: Mapping[str, str] | None = None,
) -> list[Leak]:
    """Render a period's reports, and the page above all of them.

    Returns where a report named somebody whom it is not about: such a file is removed again.
    """
    out = out or home.reports / period.folder
    # Whoever names a folder outside of an encrypted home wants to read there what lies in it.
    storage = storage_of(out)
    count = len(
        reports.render_reports(
            home.published_database,
            period,
            out,
            provisional,
            counter("pages and PDFs written", every=100),
            filters=filters,
            storage=storage,
        )
    )
    if home.reports.exists():
        reports.write_overview(home.reports, storage_of(home.reports))
    tell(f"{count} report files in {out}")
    leaks = reports.remove_leaks(out, home.published_database, period, storage)
    if not leaks:
        tell(f"nobody is named in {out.name} whom a report is not about")
    write_reports_head(out, ledger.head(home))
    store_reports(home, [out.name] if out.parent == home.reports else [])
    return leaks


def leaks_sentence(leaks: Sequence[Leak]) -> str:
    """Say what was found without naming anybody: who reads logs may not be who may read reports."""
    files = sorted({leak.file for leak in leaks})
    return (
        f"{len(files)} report files named somebody they are not about, and were removed"
        f" (first: {files[0]}, {leaks[0].kind} in {leaks[0].place}); mend the page and run again"
    )


def remove_old(home: Home, as_of: dt.datetime) -> list[str]:
    """Remove reports of days and weeks that are older than they are kept; returns their folders."""
    today = as_of.astimezone(dt.UTC).date()
    removed = []
    for folder, period in reports.read_periods(home.reports, storage_of(home.reports)):
        kept = KEPT.get(period.cadence)
        if kept is not None and period.ends_on < today - kept:
            shutil.rmtree(home.reports / folder)
            removed.append(folder)
    if removed:
        reports.write_overview(home.reports, storage_of(home.reports))
        store_reports(home, [])
    return removed


def recent_periods(as_of: dt.datetime) -> list[Period]:
    """The two days before an instant, because yesterday may not be over everywhere, and the week before."""
    today = as_of.astimezone(dt.UTC).date()
    days = [Period.day(today - dt.timedelta(days=back)) for back in (2, 1)]
    return [*days, Period.week(today - dt.timedelta(days=7))]


def period_of(starts_on: dt.date, ends_on: dt.date) -> Period:
    """A day, a week from Monday to Sunday, or any other days.

    Raises:
        UnusableInput: the period ends before it starts.
    """
    if ends_on < starts_on:
        raise UnusableInput(f"--to {ends_on} is before --from {starts_on}: swap them")
    if starts_on == ends_on:
        return Period.day(starts_on)
    if starts_on.weekday() == 0 and ends_on == starts_on + dt.timedelta(days=6):
        return Period.week(starts_on)
    return Period.between(starts_on, ends_on)


def parse_day(text: str, option: str) -> dt.date:
    """A date written as YYYY-MM-DD.

    Raises:
        UnusableInput: the text is no date.
    """
    try:
        if _DAY.fullmatch(text):
            return dt.date.fromisoformat(text)
    except ValueError:
        pass
    raise UnusableInput(f"{option} '{text}' is no date: write it as YYYY-MM-DD, such as 2026-10-05")


def _require_figures(home: Home, period: Period, filters: Mapping[str, str]) -> None:
    if not home.published_database.is_file():
        raise UnusableInput(
            f"nothing is published in {home.root}: run `scorehouse build` or `scorehouse close` first"
        )
    with attached(published=home.published_database) as connection:
        span = connection.execute(
            "select count(*) filter (where business_date between ? and ?), min(business_date),"
            " max(business_date) from published.marts.fct_agent_day",
            [period.starts_on, period.ends_on],
        ).fetchone()
        assert span is not None
        found, first, last = span
        if not found:
            held = f"the data hold {first} to {last}" if first else "the data hold no day at all"
            raise UnusableInput(f"{period.title} has no figures: {held}")
        labels = {
            "department": "published.marts.dim_team",
            "site": "published.marts.fct_agent_day",
            "function": "published.marts.fct_agent_day",
            "team": "published.marts.fct_agent_day",
        }
        for name, value in filters.items():
            column = "team_id" if name == "team" else name
            known = [
                str(row[0])
                for row in connection.execute(
                    f"select distinct {column} from {labels[name]} where {column} is not null order by all"
                ).fetchall()
            ]
            if value not in [*known, "(unknown)"]:
                some = ", ".join(known[:20]) + (" …" if len(known) > 20 else "")
                raise UnusableInput(f"there is no {name} '{value}'; there are {some or 'none'}")


def _safe(text: str) -> str:
    """A part of a folder's name that says what it was made from."""
    return next(iter(reports.slugs([text]).values()))
