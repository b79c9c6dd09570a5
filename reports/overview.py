"""The page above all report folders: which periods have reports."""

from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

from reports.document import Document, Heading, Link, Listing, Paragraph, Text
from reports.formats import printable
from reports.html import page_html
from reports.manifest import MANIFEST, read_head
from reports.period import CADENCES, Period
from reports.storage import PLAIN, Storage

_THEME = Path(__file__).parent / "theme"
_HEADINGS = {
    "now": "Now",
    "day": "Days",
    "week": "Weeks",
    "month": "Months",
    "period": "Other periods",
}


def read_periods(folder: Path, storage: Storage = PLAIN) -> list[tuple[str, Period]]:
    """Return the names of the report folders in a folder, and their periods, as their manifests say."""
    periods = []
    for manifest in storage.find(folder, f"*/{MANIFEST}"):
        name = manifest.parent.name
        content = read_head(manifest.parent, storage)
        starts_on = date.fromisoformat(content["starts_on"])
        ends_on = date.fromisoformat(content["ends_on"])
        match content["cadence"]:
            case "now":
                noon = datetime.combine(starts_on + timedelta(days=1), time(12), tzinfo=UTC)
                periods.append((name, Period.now(noon)))
            case "day":
                periods.append((name, Period.day(starts_on)))
            case "week":
                periods.append((name, Period.week(starts_on)))
            case "month":
                periods.append((name, Period.month(starts_on)))
            case _:
                periods.append((name, Period.between(starts_on, ends_on)))
    return periods


def _label(folder: str, period: Period) -> str:
    """What a folder is called; one that is filtered has its filters in its name."""
    more = folder.removeprefix(period.folder).replace("--", ", ")
    return printable(period.title + more)


def write_overview(folder: Path, storage: Storage = PLAIN) -> Path:
    """Write ``index.html`` of a folder of report folders and return its path.

    Lists each folder that has a manifest, the newest of each cadence first; what is written already is left alone.
    """
    periods = sorted(
        read_periods(folder, storage),
        key=lambda one: (one[1].starts_on, one[1].ends_on, one[0]),
        reverse=True,
    )
    blocks: list[Heading | Listing | Paragraph] = []
    for cadence in CADENCES:
        page = "now.html" if cadence == "now" else "index.html"
        links = [
            Link(f"{name}/{page}", [Text(_label(name, period))], local=True)
            for name, period in periods
            # Of old periods only PDFs may be kept: see `scorehouse purge`.
            if period.cadence == cadence and (folder / name / page).is_file()
        ]
        if links:
            blocks += [
                Heading(2, [Text(_HEADINGS[cadence])]),
                Listing(False, [[Paragraph([link])] for link in links]),
            ]
    document = Document(
        title=[Text("Reports")],
        subject="Reports",
        period="",
        revision="",
        fingerprint="",
        facts=[],
        blocks=[*blocks] or [Paragraph([Text("There is no report yet.")])],
    )
    files = {
        "index.html": page_html(document, "", []).encode(),
        **{name: (_THEME / name).read_bytes() for name in ("report.css", "report.js")},
    }
    for name, content in files.items():
        path = folder / name
        if not storage.exists(path) or storage.read(path) != content:
            storage.write(path, content, lasting=False)
    return folder / "index.html"
