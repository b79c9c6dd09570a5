"""The page above all report folders: which periods have reports."""

import json
import posixpath
from pathlib import Path

from reports.document import Document, Heading, Link, Listing, Paragraph, Text
from reports.formats import printable
from reports.html import page_html
from reports.manifest import MANIFEST, write_private
from reports.period import CADENCES

_THEME = Path(__file__).parent / "theme"
_HEADINGS = {
    "now": "Now",
    "day": "Days",
    "week": "Weeks",
    "month": "Months",
    "period": "Other periods",
}


def write_overview(folder: Path) -> Path:
    """Write ``index.html`` of a folder of report folders and return its path.

    Lists each folder that has a manifest, the newest of each cadence first; what is written already is left alone.
    """
    found: dict[str, list[tuple[str, str, str]]] = {}
    for manifest in folder.glob(f"*/{MANIFEST}"):
        content = json.loads(manifest.read_text(encoding="utf-8"))
        page = "now.html" if content["cadence"] == "now" else "index.html"
        address = posixpath.join(manifest.parent.name, page)
        found.setdefault(content["cadence"], []).append(
            (content["starts_on"], printable(content["title"]), address)
        )
    blocks: list[Heading | Listing | Paragraph] = []
    for cadence in CADENCES:
        periods = sorted(found.get(cadence, []), reverse=True)
        if periods:
            links = [Link(address, [Text(title)], local=True) for _, title, address in periods]
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
        if not path.is_file() or path.read_bytes() != content:
            write_private(path, content, lasting=False)
    return folder / "index.html"
