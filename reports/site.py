"""All reports of one period: a folder of pages and PDFs."""

import hashlib
import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from reports import processes
from reports.components import Components
from reports.errors import PageError
from reports.manifest import Folder
from reports.page import Page, find_pages, load_page, parameters_of
from reports.period import Period
from reports.privacy import Discretion
from reports.rendering import (
    THEME,
    Key,
    Rendered,
    Renderer,
    Results,
    Site,
    Subject,
    rare_collections,
    render,
    start_renderer,
)
from reports.rows import Rows
from reports.slugs import slugs
from reports.storage import PLAIN, Storage
from reports.warehouse import QueryError, Subjects, Warehouse, digest

PAGES = Path(__file__).parent / "pages"
_STYLES = ("report.css", "report.js")
_SEARCH = "search.js"
_GLOBAL = frozenset(
    {"starts_on", "ends_on", "cadence", "month", "trend_starts_on", "period", "provisional"}
)
_LINK = re.compile(r"""\blink\s*=\s*["']([^"']*)["']""")
# Subjects whose queries run in one go: few enough to hold their rows, enough to pay for a query.
_BATCH = 200
# Subjects whose reports one process renders before it takes others.
_FEW = 10
# Processes take seconds to start: two of them are slower than one for 126 reports, and faster for 192.
_WORTH_PROCESSES = 150


@dataclass(frozen=True, slots=True)
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
    tell = progress or (lambda line: None)
    with (
        Warehouse(database, period, provisional, filters, storage) as warehouse,
        rare_collections(),
    ):
        discretion = Discretion(database, period.starts_on, period.ends_on, storage)
        folder = Folder.open(out, storage)
        _Run(warehouse, discretion, folder, provisional, loaded).render(tell)
    current = sorted(folder.listed)
    for path in folder.finish(period):
        # Earlier versions wrote dozens for each page.
        if not path.endswith(".csv"):
            tell(f"removed {path}")
    listed = map(folder.listed.__getitem__, current)
    return [ReportFile(e.path, e.kind, e.subject_id, e.revision, e.sha256) for e in listed]


def load_pages(root: Path = PAGES) -> list[Page]:
    """Read and check all pages of a folder; raises PageError."""
    names = frozenset(Components(lambda folder, identity: None).names()) | _GLOBAL
    # Without an index nobody finds the others.
    paths = sorted({"index.md", *find_pages(root)})
    return [load_page(root, path, names) for path in paths]


class _Run:
    """One call of render_reports: it finds out who has a report, asks for the figures, and has them rendered."""

    def __init__(
        self,
        warehouse: Warehouse,
        discretion: Discretion,
        folder: Folder,
        provisional: bool,
        pages: list[Page],
    ) -> None:
        self._warehouse = warehouse
        self._discretion = discretion
        self._folder = folder
        self._period = warehouse.period
        self._pages = {p.path: p for p in pages if self._period.cadence in p.cadences}
        self._parameters = self._period.parameters
        self._kept: dict[str, Subjects] = {}
        self._subjects = {path: self._find_subjects(page) for path, page in self._pages.items()}
        everything = [one for subjects in self._subjects.values() for one in subjects]
        self._search = _search_script(everything)
        targets = {_address(one): one.path for one in everything}
        self._site = Site(
            period=self._period,
            provisional=provisional,
            filters=warehouse.filters,
            as_of=warehouse.as_of,
            pages=self._pages,
            targets=targets,
            menus=self._menus(everything),
            links={path: _links_in(page, targets) for path, page in self._pages.items()},
            meanings=warehouse.meanings,
            discretion=discretion,
        )

    def render(self, progress: Callable[[str], None]) -> None:
        for name in _STYLES:
            self._put_asset(name, (THEME / name).read_bytes())
        if any(page.front.get("search") for page in self._pages.values()):
            self._put_asset(_SEARCH, self._search)
        for rendered in self._rendered():
            self._folder.listed.update({entry.path: entry for entry in rendered.entries})
            for line in rendered.lines:
                progress(line)

    def _rendered(self) -> Iterator[Rendered]:
        """Have everything rendered, side by side where there is enough of it."""
        batches = (few for page in self._pages.values() for few in self._batches(page))
        count = sum(map(len, self._subjects.values()))
        if processes.PROCESSES == 1 or count < _WORTH_PROCESSES:
            yield from map(Renderer(self._site, self._folder).render, batches)
            return
        yield from processes.each(render, batches, start_renderer, self._site, self._folder)

    def _menus(self, everything: list[Subject]) -> dict[Key, list[tuple[str, str]]]:
        """The reports about the same thing that have a place in its menu, each as its title and path."""
        fronts = {path: page.front for path, page in self._pages.items()}
        menus: dict[Key, list[tuple[str, str]]] = {}
        for one in sorted(everything, key=lambda s: (fronts[s.page].get("order", 0), s.path)):
            if "menu" in fronts[one.page]:
                menus.setdefault(one.key, []).append((str(fronts[one.page]["menu"]), one.path))
        return menus

    def _put_asset(self, name: str, content: bytes) -> None:
        fingerprint = hashlib.sha256(content).hexdigest()
        self._folder.put(
            name, content, "asset", data_fingerprint=fingerprint, build_fingerprint=fingerprint
        )

    def _find_subjects(self, page: Page) -> list[Subject]:
        if page.subjects is None:
            return [Subject(page.path, f"{page.path.removesuffix('.md')}.html")]
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
            subject = Subject(page.path, f"{path}.html", values)
            if isinstance(values.get("name"), str):
                # A unit may be called after somebody.
                kind, identity = subject.kind, subject.identity
                values["name"] = self._discretion.text(str(values["name"]), kind, identity)
            subjects.append(subject)
        paths = [one.path for one in subjects]
        if len(set(paths)) < len(paths):
            raise page.where.error(query.line, f'query "{query.name}" has two rows for one page')
        return subjects

    def _batches(self, page: Page) -> Iterator[list[tuple[Subject, Results]]]:
        """Yield some subjects of a page at a time, each with the results of the page's queries for it."""
        subjects = self._subjects[page.path]
        if page.subjects is None:
            [subject] = subjects
            found = {query.name: self._run(page, query.name) for query in page.shown}
            yield [(subject, self._sourced(page, found, subject))]
            return
        kept = self._kept[page.path]
        names = [query.name for query in page.shown if query.name != page.subjects]
        for first in range(0, len(subjects), _BATCH):
            last = min(first + _BATCH, len(subjects))
            batches = {name: self._run_batch(page, name, kept, first, last) for name in names}
            with_rows = []
            for number, subject in enumerate(subjects[first:last]):
                found = {name: rows[number] for name, rows in batches.items()}
                with_rows.append((subject, self._sourced(page, found, subject)))
            for start in range(0, len(with_rows), _FEW):
                yield with_rows[start : start + _FEW]

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

    def _sourced(self, page: Page, found: Results, subject: Subject) -> Results:
        """The results, with the addresses of their figures."""
        constants = {**self._parameters, **subject.values}
        sourced = dict(found)
        for name, rows in found.items():
            query = page.queries[name]
            if query.source is None:
                continue
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
            sourced[name] = rows.with_source(source)
        return sourced

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


def _address(subject: Subject) -> tuple[str, str]:
    """The folder and id by which other pages link to this one."""
    path = subject.page.removesuffix(".md")
    names = parameters_of(subject.page)
    for name in names:
        path = path.replace(f"[{name}]", str(subject.values[name]), 1)
    folder, _, last = path.rpartition("/")
    if subject.page.endswith("].md"):
        last = str(subject.values[names[-1]])
        folder = path.removesuffix(last).removesuffix("/")
    return folder, last


def _links_in(page: Page, targets: Mapping[tuple[str, str], str]) -> str:
    """Return a digest of the pages that a page may link to: when they change, so may it."""
    folders = set(_LINK.findall(page.source))
    return digest({}, sorted(path for (folder, _), path in targets.items() if folder in folders))


def _search_script(subjects: list[Subject]) -> bytes:
    """Return the list of pages that the search box of an index looks through, as a script."""
    entries = [[one.name, one.kind, one.path] for one in subjects if one.page.endswith("].md")]
    text = json.dumps(sorted(entries), ensure_ascii=True, separators=(",", ":"))
    return f"globalThis.scorehouseSearch={text};\n".encode()
