"""All reports of one period: a folder of pages, PDFs, and a CSV file for each table of a page."""

import gc
import hashlib
import importlib.metadata
import json
import os
import posixpath
import re
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from reports.components import Components
from reports.csvfile import csv_text
from reports.document import Attachment, Document
from reports.errors import PageError
from reports.figures import figure_format, figure_label
from reports.formats import NUMERIC_FORMATS, instant_text, printable
from reports.html import page_html
from reports.manifest import Folder
from reports.markdown import build_blocks, build_line
from reports.page import Page, find_pages, load_page
from reports.pdf import PdfWriter, font_folders
from reports.period import Period
from reports.privacy import Discretion
from reports.rows import Rows
from reports.slugs import slugs
from reports.storage import PLAIN, Storage
from reports.warehouse import QueryError, Subjects, Warehouse, digest

PAGES = Path(__file__).parent / "pages"
_THEME = Path(__file__).parent / "theme"
_STYLES = ("report.css", "report.js")
_SEARCH = "search.js"
_BANNER = "PROVISIONAL: this month is not closed, and its figures may still change."
_GLOBAL = frozenset(
    {"starts_on", "ends_on", "cadence", "month", "trend_starts_on", "period", "provisional"}
)
# Typst lets go of the interpreter while it sets a document, so threads are enough.
_WORKERS = os.cpu_count() or 1
_WAITING = 8 * _WORKERS
_LINK = re.compile(r"""\blink\s*=\s*["']([^"']*)["']""")
# Subjects whose queries run in one go: few enough to hold their rows, enough to pay for a query.
_BATCH = 100


@dataclass(frozen=True)
class ReportFile:
    """One file of a report folder, with its path relative to it.

    kind: the level of the unit it is about, ``index``, ``page`` (of the whole centre) or ``asset``.
    revision: null for pages of no one revision and for drafts.
    """

    path: str
    kind: str
    subject_id: str | None
    revision: int | None
    sha256: str


@dataclass(frozen=True)
class _Subject:
    """Whom or what one page is about: the row of the page's subjects, and where the page goes.

    used: marts and columns whose figures the page prints.
    """

    page: Page
    path: str
    values: Mapping[str, object] = field(default_factory=dict)
    used: set[tuple[str, str]] = field(default_factory=set)

    @property
    def identity(self) -> str | None:
        """The last name in the page's path."""
        names = self.page.parameters
        return str(self.values[names[-1]]) if names else None

    @property
    def kind(self) -> str:
        level = self.values.get("level")
        if level is not None:
            return str(level)
        return "index" if self.page.path == "index.md" else "page"

    @property
    def name(self) -> str:
        return printable(str(self.values.get("name") or self.identity or ""))

    @property
    def key(self) -> tuple[tuple[str, object], ...]:
        """What pages about the same thing have in common."""
        return tuple((name, self.values[name]) for name in self.page.parameters)

    @property
    def revision(self) -> int | None:
        found = self.values.get("revision")
        return None if found is None else max(1, int(str(found)))

    @property
    def stamped_at(self) -> datetime | None:
        found = self.values.get("stamped_at")
        return found if isinstance(found, datetime) else None


@dataclass(frozen=True)
class _Pending:
    """A PDF that is being set."""

    content: Future[bytes]
    path: str
    subject: _Subject
    data: str
    build: str


def render_reports(
    database: Path,
    period: Period,
    out: Path,
    provisional: bool = False,
    progress: Callable[[str], None] | None = None,
    *,
    filters: Mapping[str, str] | None = None,
    pages: Path = PAGES,
    storage: Storage = PLAIN,
) -> list[ReportFile]:
    """Render every report of a period into a folder and list what it now holds.

    database: the published DuckDB file, read only. provisional: render a month that has not been
    closed. progress: called with one line for each page or PDF made. filters: limit all figures to
    a department, site, function or team. pages: the folder of the pages. storage: how the database and
    the folder lie on the disk.

    Returns the current files, sorted by path; PDFs of earlier revisions are in ``manifest.json``
    only. The same data and pages rewrite nothing.

    Raises PageError for a wrong page, and ReportError when the database lacks what reports need.
    """
    loaded = load_pages(pages)
    with (
        Warehouse(database, period, provisional, filters, storage) as warehouse,
        _rare_collections(),
    ):
        discretion = Discretion(database, period.starts_on, period.ends_on, storage)
        folder = Folder.open(out, storage)
        run = _Run(
            warehouse, discretion, folder, provisional, progress or (lambda line: None), loaded
        )
        return run.all()


@contextmanager
def _rare_collections() -> Iterator[None]:
    """Look for circles of garbage rarely: pages make hundreds of thousands of objects, and none."""
    before = gc.get_threshold()
    gc.set_threshold(100_000, 50, 100)
    try:
        yield
    finally:
        gc.set_threshold(*before)


def load_pages(root: Path = PAGES) -> list[Page]:
    """Read and check all pages of a folder; raises PageError."""
    names = frozenset(Components(lambda folder, identity: None).names()) | _GLOBAL
    # Without an index nobody finds the others.
    paths = sorted({"index.md", *find_pages(root)})
    return [load_page(root, path, names) for path in paths]


class _Run:
    """One call of render_reports."""

    def __init__(
        self,
        warehouse: Warehouse,
        discretion: Discretion,
        folder: Folder,
        provisional: bool,
        progress: Callable[[str], None],
        pages: list[Page],
    ) -> None:
        self._warehouse = warehouse
        self._discretion = discretion
        self._period = warehouse.period
        self._provisional = provisional
        self._progress = progress
        self._pages = [page for page in pages if self._period.cadence in page.cadences]
        self._parameters = self._period.parameters
        self._kept: dict[str, Subjects] = {}
        self._subjects = {page.path: self._find_subjects(page) for page in self._pages}
        everything = [one for subjects in self._subjects.values() for one in subjects]
        self._targets = {_address(one): one.path for one in everything}
        self._menus: dict[tuple[tuple[str, object], ...], list[_Subject]] = {}
        for one in sorted(everything, key=lambda s: (s.page.front.get("order", 0), s.path)):
            if "menu" in one.page.front:
                self._menus.setdefault(one.key, []).append(one)
        self._search = _search_script(everything)
        self._links = {page.path: self._links_in(page) for page in self._pages}
        # What the component calls of the page at hand lead to: its folder, and its CSV files.
        self._here = "."
        self._tables: dict[str, Rows] = {}
        self._stem = ""
        self._components = Components(self._resolve, self._download).names()
        self._shared = _shared_fingerprint()
        self._folder = folder
        self._writer = PdfWriter()

    def all(self) -> list[ReportFile]:
        for name in _STYLES:
            self._put_asset(name, (_THEME / name).read_bytes())
        if any(page.front.get("search") for page in self._pages):
            self._put_asset(_SEARCH, self._search)
        with ThreadPoolExecutor(_WORKERS) as pool:
            waiting: deque[_Pending] = deque()
            try:
                for page in self._pages:
                    for subject, results in self._results(page):
                        pending = self._render(subject, results, pool)
                        if pending is not None:
                            waiting.append(pending)
                        while len(waiting) > _WAITING:
                            self._put_pdf(waiting.popleft())
                while waiting:
                    self._put_pdf(waiting.popleft())
            except BaseException:
                pool.shutdown(cancel_futures=True)
                raise
        current = sorted(self._folder.listed.items())
        for path in self._folder.finish(self._period):
            if not path.endswith(".csv"):
                self._progress(f"removed {path}")
        return [ReportFile(p, e.kind, e.subject_id, e.revision, e.sha256) for p, e in current]

    def _put_asset(self, name: str, content: bytes) -> None:
        fingerprint = hashlib.sha256(content).hexdigest()
        self._folder.put(
            name, content, "asset", data_fingerprint=fingerprint, build_fingerprint=fingerprint
        )

    def _find_subjects(self, page: Page) -> list[_Subject]:
        if page.subjects is None:
            return [_Subject(page, f"{page.path.removesuffix('.md')}.html")]
        query = page.queries[page.subjects]
        try:
            kept = self._warehouse.keep_subjects(page.composed(query), self._parameters)
        except QueryError as error:
            raise self._error(page, query.name, error, self._parameters) from error
        self._kept[page.path] = kept
        rows = kept.rows
        for name in page.parameters:
            if name not in rows.columns:
                known = ", ".join(rows.columns)
                cause = f'subjects: query "{query.name}" has no column "{name}"; it has {known}'
                raise page.where.error(query.line, cause)
        found = [dict(zip(rows.columns, values, strict=True)) for values in rows.values]
        # A name in the path is told apart from those beside it in its own folder.
        beside: dict[tuple[object, ...], set[str]] = {}
        for values in found:
            before: tuple[object, ...] = ()
            for name in page.parameters:
                beside.setdefault((name, *before), set()).add(str(values[name]))
                before = (*before, values[name])
        safe = {place: slugs(names) for place, names in beside.items()}
        subjects = []
        for values in found:
            path, before = page.path.removesuffix(".md"), ()
            for name in page.parameters:
                path = path.replace(f"[{name}]", safe[(name, *before)][str(values[name])])
                before = (*before, values[name])
            subject = _Subject(page, f"{path}.html", values)
            if isinstance(values.get("name"), str):
                # A unit may be called after somebody.
                kind, identity = subject.kind, subject.identity
                values["name"] = self._discretion.text(str(values["name"]), kind, identity)
            subjects.append(subject)
        paths = [one.path for one in subjects]
        if len(set(paths)) < len(paths):
            raise page.where.error(query.line, f'query "{query.name}" has two rows for one page')
        return subjects

    def _results(self, page: Page):  # type: ignore[no-untyped-def]
        """Yield each subject of a page with the results of the page's queries for it."""
        subjects = self._subjects[page.path]
        if page.subjects is None:
            results = {
                query.name: self._sourced(
                    page, query.name, self._run(page, query.name), subjects[0]
                )
                for query in page.shown
            }
            yield subjects[0], results
            return
        kept = self._kept[page.path]
        names = [query.name for query in page.shown if query.name != page.subjects]
        for first in range(0, len(subjects), _BATCH):
            last = min(first + _BATCH, len(subjects))
            batches = {name: self._run_batch(page, name, kept, first, last) for name in names}
            for number in range(first, last):
                yield (
                    subjects[number],
                    {
                        name: self._sourced(
                            page,
                            name,
                            self._discreet(rows[number - first], subjects[number]),
                            subjects[number],
                        )
                        for name, rows in batches.items()
                    },
                )

    def _discreet(self, rows: Rows, subject: _Subject) -> Rows:
        """The rows without anybody whom a page about the subject is not about."""
        return self._discretion.rows(rows, subject.kind, subject.identity)

    def _run(self, page: Page, name: str) -> Rows:
        try:
            return self._warehouse.query(name, page.composed(page.queries[name]), self._parameters)
        except QueryError as error:
            raise self._error(page, name, error, self._parameters) from error

    def _run_batch(
        self, page: Page, name: str, kept: Subjects, first: int, last: int
    ) -> list[Rows]:
        try:
            return self._warehouse.query_subjects(
                name, page.composed(page.queries[name]), self._parameters, kept, first, last
            )
        except QueryError as error:
            own = dict(zip(kept.rows.columns, kept.rows.values[first], strict=True))
            raise self._error(page, name, error, {**self._parameters, **own}) from error

    def _sourced(self, page: Page, name: str, rows: Rows, subject: _Subject) -> Rows:
        query = page.queries[name]
        if query.source is None:
            return rows
        constants = {**self._parameters, **subject.values}
        try:
            source = self._warehouse.source(
                query.source,
                query.named_by,
                rows.columns,
                constants,
                subject.revision,
                subject.used,
            )
        except QueryError as error:
            raise page.where.error(query.line - 1, f'query "{name}": {error}') from error
        return rows.with_source(source)

    def _error(
        self, page: Page, name: str, error: QueryError, parameters: Mapping[str, object]
    ) -> PageError:
        query = page.queries[name]
        for inner in query.references:
            # What is wrong in a query that this one has in it is said of that one, at its line.
            try:
                self._warehouse.query(inner, page.composed(page.queries[inner]), parameters)
            except QueryError as deeper:
                return self._error(page, inner, deeper, parameters)
        exact = "${" not in query.sql and error.line is not None
        line = query.line + (error.line or 1) - 1 if exact else query.line
        return page.where.error(line, f'query "{name}": {error}')

    def _render(
        self, subject: _Subject, results: Mapping[str, Rows], pool: ThreadPoolExecutor
    ) -> _Pending | None:
        """Write the page and its CSV files, and hand the PDF to the pool, unless all are there."""
        page = subject.page
        data = digest(
            results, self._period.folder, self._provisional, sorted(subject.values.items())
        )
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
            return None
        document = self._document(subject, results, data)
        if not is_page_kept:
            self._put(subject.path, self._html(subject, document).encode(), subject, data, build)
            for path, rows in self._tables.items():
                content = csv_text(rows).encode()
                self._put(path, content, subject, data, build, of=subject.path)
        if pdf is None or is_pdf_kept:
            return None
        return _Pending(pool.submit(self._writer.write, document), pdf, subject, data, build)

    def _is_issued(self, subject: _Subject) -> bool:
        return subject.revision is not None and not self._provisional

    def _pdf_path(self, subject: _Subject) -> str | None:
        if not subject.page.is_pdf(self._period.cadence):
            return None
        stem = subject.path.removesuffix(".html")
        if self._provisional:
            return f"{stem}-provisional.pdf"
        return f"{stem}-r{subject.revision}.pdf" if self._is_issued(subject) else f"{stem}.pdf"

    def _links_in(self, page: Page) -> str:
        """Return a digest of the pages that a page may link to: when they change, so may it."""
        folders = set(_LINK.findall(page.source))
        targets = [path for (folder, _), path in self._targets.items() if folder in folders]
        return digest({}, sorted(targets))

    def _links_of(self, subject: _Subject) -> list[str]:
        menu = [one.path for one in self._menus.get(subject.key, [])]
        return [self._links[subject.page.path], *menu]

    def _resolve(self, folder: str, identity: str) -> str | None:
        target = self._targets.get((folder, identity))
        return None if target is None else posixpath.relpath(target, self._here)

    def _download(self, rows: Rows) -> str | None:
        path = f"{self._stem}/{rows.name}.csv"
        self._tables[path] = rows
        return posixpath.relpath(path, self._here)

    def _put_pdf(self, pending: _Pending) -> None:
        subject = pending.subject
        self._put(pending.path, pending.content.result(), subject, pending.data, pending.build)

    def _put(
        self,
        path: str,
        content: bytes,
        subject: _Subject,
        data: str,
        build: str,
        of: str | None = None,
    ) -> None:
        replaced = path in self._folder.earlier
        is_new = self._folder.put(
            path,
            content,
            subject.kind,
            subject_id=subject.identity,
            revision=None if self._provisional else subject.revision,
            of=of,
            data_fingerprint=data,
            build_fingerprint=build,
        )
        if is_new and of is None:
            self._progress(f"{'replaced' if replaced else 'wrote'} {path}")

    def _document(
        self,
        subject: _Subject,
        results: Mapping[str, Rows],
        data: str,
    ) -> Document:
        """Say what a page says; leaves the CSV files that belong beside it in `_tables`."""
        page = subject.page
        self._here = posixpath.dirname(subject.path) or "."
        self._stem = subject.path.removesuffix(".html")
        self._tables = {}
        names: dict[str, object] = {
            **self._components,
            **self._parameters,
            "period": self._period.title,
            "provisional": self._provisional,
            **{name: subject.values[name] for name in page.parameters},
            "subject": dict(subject.values),
            **results,
        }
        revision = "" if subject.revision is None else f"Revision {subject.revision}"
        facts = [("Period", self._period.title)]
        if self._provisional and page.parameters:
            facts.append(("Revision", "PROVISIONAL"))
        elif revision:
            facts.append(("Revision", str(subject.revision)))
        stamped_at = subject.stamped_at or self._warehouse.as_of
        closed = self._is_issued(subject)
        facts.append(("Closed" if closed else "Figures as of", instant_text(stamped_at)))
        facts += [
            (label.capitalize(), value) for label, value in sorted(self._warehouse.filters.items())
        ]
        facts.append(("Data fingerprint", data))
        title, blocks = build_line(page.title, names), build_blocks(page.body, names)
        return Document(
            title=title,
            subject=subject.name,
            period=self._period.title,
            revision="" if self._provisional else revision,
            fingerprint=data,
            facts=facts,
            blocks=blocks,
            definitions=self._definitions(subject),
            language=str(page.front.get("language", "en")),
            banner=_BANNER if self._provisional else "",
            timestamp=stamped_at if closed or self._provisional else self._warehouse.as_of,
            search=bool(page.front.get("search")),
            attachments=[
                Attachment(rule.file, rule.description, csv_text(results[rule.query]))
                for rule in page.attachments
            ],
        )

    def _definitions(self, subject: _Subject) -> list[tuple[str, str]]:
        """Term and meaning of each figure the page prints, sorted by term; of one term, the first mart's."""
        found: dict[str, str] = {}
        for mart, column in sorted(subject.used):
            meaning = self._warehouse.meaning(mart, column)
            if meaning is not None and figure_format(column) in NUMERIC_FORMATS:
                found.setdefault(figure_label(column), meaning)
        return sorted(found.items())

    def _html(self, subject: _Subject, document: Document) -> str:
        here = posixpath.dirname(subject.path)
        home = "../" * (subject.path.count("/"))
        navigation = [
            (str(one.page.front["menu"]), posixpath.relpath(one.path, here or "."))
            for one in self._menus.get(subject.key, [])
        ]
        pdf = self._pdf_path(subject)
        if pdf is not None:
            navigation.append(("PDF", posixpath.relpath(pdf, here or ".")))
        is_below = subject.kind != "index" and "index.md" in self._subjects
        trail = [(self._period.title, f"{home}index.html")] if is_below else []
        return page_html(
            document, home, navigation, trail=trail, here=posixpath.basename(subject.path)
        )


def _address(subject: _Subject) -> tuple[str, str]:
    """The folder and id by which other pages link to this one."""
    path = subject.page.path.removesuffix(".md")
    for name in subject.page.parameters:
        path = path.replace(f"[{name}]", str(subject.values[name]), 1)
    folder, _, last = path.rpartition("/")
    if subject.page.path.endswith("].md"):
        last = str(subject.values[subject.page.parameters[-1]])
        folder = path.removesuffix(last).removesuffix("/")
    return folder, last


def _search_script(subjects: list[_Subject]) -> bytes:
    """Return the list of pages that the search box of an index looks through, as a script."""
    entries = [[one.name, one.kind, one.path] for one in subjects if one.page.path.endswith("].md")]
    text = json.dumps(sorted(entries), ensure_ascii=True, separators=(",", ":"))
    return f"globalThis.scorehouseSearch={text};\n".encode()


def _shared_fingerprint() -> str:
    """Return a digest of everything but the page itself that decides a report's bytes."""
    here = Path(__file__).parent
    parts = [hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(here.glob("*.py"))]
    parts.append(hashlib.sha256((_THEME / "report.typ").read_bytes()).hexdigest())
    parts += [importlib.metadata.version(name) for name in ("jinja2", "mistune", "typst")]
    parts += [
        f"{path.name} {path.stat().st_size}"
        for folder in font_folders()
        for path in sorted(folder.rglob("*.ttf"))
    ]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()
