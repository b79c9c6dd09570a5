"""One report: its page and its PDF, from the rows of its queries.

Nothing here asks the database for figures, so that any number of processes can do it side by side: what all reports
of a run have in common goes to each of them once, as a `Site`.
"""

import gc
import hashlib
import importlib.metadata
import posixpath
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from pathlib import Path

from reports.components import Components
from reports.csvfile import csv_text
from reports.document import Attachment, CsvFile, Document
from reports.figures import figure_format, figure_label
from reports.formats import NUMERIC_FORMATS, instant_text, printable
from reports.html import page_html
from reports.manifest import Entry, Folder
from reports.markdown import build_blocks, build_line
from reports.page import Page, parameters_of
from reports.pdf import PdfWriter, font_folders
from reports.period import Period
from reports.privacy import Discretion
from reports.rows import Rows
from reports.warehouse import digest

THEME = Path(__file__).parent / "theme"
_BANNER = "PROVISIONAL: this month is not closed, and its figures may still change."


Key = tuple[tuple[str, object], ...]
Results = Mapping[str, Rows]


@dataclass(frozen=True)
class Subject:
    """Whom or what one report is about: the row of the page's subjects, and where the report goes.

    page: path of the page's file. used: marts and columns whose figures the report prints.
    """

    page: str
    path: str
    values: Mapping[str, object] = field(default_factory=dict)
    used: set[tuple[str, str]] = field(default_factory=set)

    @property
    def identity(self) -> str | None:
        """The last name in the page's path."""
        names = parameters_of(self.page)
        return str(self.values[names[-1]]) if names else None

    @property
    def kind(self) -> str:
        """The level of the unit it is about, ``index`` or ``page``."""
        level = self.values.get("level")
        if level is not None:
            return str(level)
        return "index" if self.page == "index.md" else "page"

    @property
    def name(self) -> str:
        """What the subject is called."""
        return printable(str(self.values.get("name") or self.identity or ""))

    @property
    def key(self) -> Key:
        """What reports about the same thing have in common."""
        return tuple((name, self.values[name]) for name in parameters_of(self.page))

    @property
    def revision(self) -> int | None:
        """Of the month of the subject; None for reports of no one revision."""
        found = self.values.get("revision")
        return None if found is None else max(1, int(str(found)))

    @property
    def stamped_at(self) -> datetime | None:
        """When the subject's figures were last closed."""
        found = self.values.get("stamped_at")
        return found if isinstance(found, datetime) else None


@dataclass(frozen=True)
class Site:
    """What all reports of a run have in common.

    pages: by the path of their files. targets: folder and id of a report to its path. menus: the reports about the
    same thing, each as its title and path, in the menu's order. links: of each page, a digest of where it may lead.
    meanings: of each mart's columns. discretion: takes out what a report may not say.
    """

    period: Period
    provisional: bool
    filters: Mapping[str, str]
    as_of: datetime
    pages: Mapping[str, Page]
    targets: Mapping[tuple[str, str], str]
    menus: Mapping[Key, Sequence[tuple[str, str]]]
    links: Mapping[str, str]
    meanings: Mapping[tuple[str, str], str]
    discretion: Discretion


@dataclass(frozen=True)
class Rendered:
    """What became of some reports: the files that are theirs now, and a line for each page or PDF that was made."""

    entries: list[Entry]
    lines: list[str]


@contextmanager
def rare_collections() -> Iterator[None]:
    """Look for circles of garbage rarely: pages make hundreds of thousands of objects, and none."""
    before = gc.get_threshold()
    gc.set_threshold(100_000, 50, 100)
    try:
        yield
    finally:
        gc.set_threshold(*before)


class Renderer:
    """Renders the reports of one run into its folder, one after the other."""

    def __init__(self, site: Site, folder: Folder) -> None:
        """Read the fonts."""
        self._site = site
        self._folder = folder
        # What the component calls of the report at hand need: its folder, and the CSV files it offers.
        self._here = "."
        self._downloads: dict[str, CsvFile] = {}
        self._saved_as = ""
        self._components = Components(self._resolve, self._download).names()
        self._shared = _shared_fingerprint()
        self._writer = PdfWriter()
        self._lines: list[str] = []

    def render(self, reports: Sequence[tuple[Subject, Results]]) -> Rendered:
        """Write what is not there yet of each subject's page and PDF.

        Raises PageError for a page that cannot be rendered, and ReportError for a PDF that cannot be set.
        """
        earlier = len(self._folder.listed)
        self._lines = []
        with rare_collections():
            for subject, results in reports:
                self._render(subject, {n: self._discreet(r, subject) for n, r in results.items()})
        return Rendered(list(islice(self._folder.listed.values(), earlier, None)), self._lines)

    def _discreet(self, rows: Rows, subject: Subject) -> Rows:
        """The rows without anybody whom a report about the subject is not about."""
        discreet = self._site.discretion.rows(rows, subject.kind, subject.identity)
        return discreet if rows.source is None else discreet.with_source(rows.source)

    def _render(self, subject: Subject, results: Results) -> None:
        site, page = self._site, self._site.pages[subject.page]
        data = digest(results, site.period.folder, site.provisional, sorted(subject.values.items()))
        build = digest({}, data, page.source, self._shared, self._links_of(subject))
        pdf = self._pdf_path(subject)
        is_page_kept = self._folder.keep(subject.path, build)
        # The PDF of a closed revision is an archived record: it is issued once.
        is_pdf_kept = pdf is None or (
            self._folder.keep_issued(pdf)
            if self._is_issued(subject)
            else self._folder.keep(pdf, build)
        )
        if is_page_kept and is_pdf_kept:
            return
        document = self._document(subject, results, data)
        if not is_page_kept:
            self._put(subject.path, self._html(subject, document).encode(), subject, data, build)
        if pdf is not None and not is_pdf_kept:
            self._put(pdf, self._writer.write(document), subject, data, build)

    def _is_issued(self, subject: Subject) -> bool:
        return subject.revision is not None and not self._site.provisional

    def _pdf_path(self, subject: Subject) -> str | None:
        if not self._site.pages[subject.page].is_pdf(self._site.period.cadence):
            return None
        stem = subject.path.removesuffix(".html")
        if self._site.provisional:
            return f"{stem}-provisional.pdf"
        return f"{stem}-r{subject.revision}.pdf" if self._is_issued(subject) else f"{stem}.pdf"

    def _links_of(self, subject: Subject) -> list[str]:
        menu = [path for _, path in self._site.menus.get(subject.key, ())]
        return [self._site.links[subject.page], *menu]

    def _resolve(self, folder: str, identity: str) -> str | None:
        target = self._site.targets.get((folder, identity))
        return None if target is None else posixpath.relpath(target, self._here)

    def _download(self, rows: Rows) -> CsvFile:
        if rows.name not in self._downloads:
            name = f"{self._saved_as}-{rows.name}.csv"
            self._downloads[rows.name] = CsvFile(name, csv_text(rows))
        return self._downloads[rows.name]

    def _put(self, path: str, content: bytes, subject: Subject, data: str, build: str) -> None:
        replaced = path in self._folder.earlier
        is_new = self._folder.put(
            path,
            content,
            subject.kind,
            subject_id=subject.identity,
            revision=None if self._site.provisional else subject.revision,
            data_fingerprint=data,
            build_fingerprint=build,
        )
        if is_new:
            self._lines.append(f"{'replaced' if replaced else 'wrote'} {path}")

    def _document(self, subject: Subject, results: Results, data: str) -> Document:
        """Say what a report says."""
        site, page = self._site, self._site.pages[subject.page]
        self._here = posixpath.dirname(subject.path) or "."
        # Among what else somebody has saved, a file says what it is of.
        stem = subject.path.removesuffix(".html").replace("/", "-")
        self._saved_as = f"{site.period.folder}-{stem}"
        self._downloads = {}
        names: dict[str, object] = {
            **self._components,
            **site.period.parameters,
            "period": site.period.title,
            "provisional": site.provisional,
            **{name: subject.values[name] for name in page.parameters},
            "subject": dict(subject.values),
            **results,
        }
        revision = "" if subject.revision is None else f"Revision {subject.revision}"
        facts = [("Period", site.period.title)]
        if site.provisional and page.parameters:
            facts.append(("Revision", "PROVISIONAL"))
        elif revision:
            facts.append(("Revision", str(subject.revision)))
        stamped_at = subject.stamped_at or site.as_of
        closed = self._is_issued(subject)
        facts.append(("Closed" if closed else "Figures as of", instant_text(stamped_at)))
        facts += [(label.capitalize(), value) for label, value in sorted(site.filters.items())]
        facts.append(("Data fingerprint", data))
        title, blocks = build_line(page.title, names), build_blocks(page.body, names)
        return Document(
            title=title,
            subject=subject.name,
            period=site.period.title,
            revision="" if site.provisional else revision,
            fingerprint=data,
            facts=facts,
            blocks=blocks,
            definitions=self._definitions(subject),
            language=str(page.front.get("language", "en")),
            banner=_BANNER if site.provisional else "",
            timestamp=stamped_at if closed or site.provisional else site.as_of,
            search=bool(page.front.get("search")),
            attachments=[
                Attachment(rule.file, rule.description, csv_text(results[rule.query]))
                for rule in page.attachments
            ],
        )

    def _definitions(self, subject: Subject) -> list[tuple[str, str]]:
        """Term and meaning of each figure the page prints, sorted by term; of one term, the first mart's."""
        found: dict[str, str] = {}
        for mart, column in sorted(subject.used):
            meaning = self._site.meanings.get((mart, column))
            if meaning is not None and figure_format(column) in NUMERIC_FORMATS:
                found.setdefault(figure_label(column), meaning)
        return sorted(found.items())

    def _html(self, subject: Subject, document: Document) -> str:
        here = posixpath.dirname(subject.path)
        home = "../" * (subject.path.count("/"))
        navigation = [
            (title, posixpath.relpath(path, here or "."))
            for title, path in self._site.menus.get(subject.key, ())
        ]
        pdf = self._pdf_path(subject)
        if pdf is not None:
            navigation.append(("PDF", posixpath.relpath(pdf, here or ".")))
        is_below = subject.kind != "index" and "index.md" in self._site.pages
        trail = [(self._site.period.title, f"{home}index.html")] if is_below else []
        return page_html(
            document, home, navigation, trail=trail, here=posixpath.basename(subject.path)
        )


_renderer: Renderer | None = None


def start_renderer(site: Site, folder: Folder) -> None:
    """Make this process one that renders reports of a run."""
    global _renderer
    _renderer = Renderer(site, folder)


def render(reports: Sequence[tuple[Subject, Results]]) -> Rendered:
    """What the renderer of this process makes of some reports; see `Renderer.render`."""
    assert _renderer is not None
    return _renderer.render(reports)


def _shared_fingerprint() -> str:
    """Return a digest of everything but the page itself that decides a report's bytes."""
    here = Path(__file__).parent
    parts = [hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(here.glob("*.py"))]
    parts.append(hashlib.sha256((THEME / "report.typ").read_bytes()).hexdigest())
    parts += [importlib.metadata.version(name) for name in ("jinja2", "mistune", "typst")]
    parts += [
        f"{path.name} {path.stat().st_size}"
        for folder in font_folders()
        for path in sorted(folder.rglob("*.ttf"))
    ]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()
