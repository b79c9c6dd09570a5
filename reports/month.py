"""All reports of one month: one page and one PDF per agent and per team, and an index."""

import hashlib
import importlib.metadata
from collections import deque
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

from reports.components import Components
from reports.csvfile import csv_text
from reports.document import Attachment, Document
from reports.errors import ReportError
from reports.formats import instant_text, month_name, printable
from reports.html import page_html
from reports.manifest import Folder, Kind
from reports.markdown import build_blocks, build_line
from reports.page import Page, load_page
from reports.pdf import PdfWriter, font_folders
from reports.rows import Rows
from reports.slugs import slugs
from reports.warehouse import QueryError, Warehouse, digest

_HERE = Path(__file__).parent
_BANNER = "PROVISIONAL: this month is not closed, and its figures may still change."
# Typst lets go of the interpreter while it sets a document, so threads are enough.
_WORKERS = 2
_WAITING = 16

_AGENTS = """
select
    agent_id,
    any_value(name) as name,
    max(revision) as revision,
    max({instant}) as stamped_at
from performance
where month = $month
group by agent_id
order by agent_id
"""
# A team's report changes when a row of anyone who counts in it does: who is in the team in any
# revision of the month, or worked in it on any day. Its revision is the number of such closes.
_TEAMS = """
with members as (
    select distinct team_id, agent_id
    from revisions
    where team_id is not null
    union
    select distinct team_id, agent_id
    from marts.fct_agent_day
    where date_trunc('month', business_date) = $month and team_id is not null
),

teams as (
    select team_id, max(team_name) as team_name
    from performance
    where team_id is not null
    group by team_id
    union all
    select team_id, max(team_name) as team_name
    from marts.fct_team_month
    where month = $month and team_id is not null
    group by team_id
)

select
    teams.team_id,
    max(teams.team_name) as name,
    count(distinct figures.close_number) as revision,
    max(figures.{instant}) as stamped_at
from teams
left join members on teams.team_id = members.team_id
left join revisions as figures
    on members.agent_id = figures.agent_id
group by teams.team_id
order by teams.team_id
"""


@dataclass(frozen=True)
class ReportFile:
    """One file of a month's reports, with its path relative to the output folder.

    kind ``asset`` is the stylesheet. revision: null for pages of no one revision and for drafts.
    """

    path: str
    kind: Kind
    subject_id: str | None
    revision: int | None
    sha256: str


@dataclass(frozen=True)
class _Pending:
    """A file whose content is on its way."""

    content: Future[bytes]
    path: str
    subject: "_Subject"
    data: str
    build: str


@dataclass(frozen=True)
class _Subject:
    """Whom or what a page is about, and the instant its figures are of."""

    kind: Kind
    identity: str | None
    name: str
    slug: str
    revision: int | None
    stamped_at: datetime | None

    @property
    def folder(self) -> str:
        return "" if self.kind == "index" else f"{self.kind}s/"


def render_month(
    database: Path,
    month: date,
    out: Path,
    provisional: bool = False,
    progress: Callable[[str], None] | None = None,
    *,
    pages: Path = _HERE / "pages",
) -> list[ReportFile]:
    """Render every report of a month into a folder and list what it now holds for that month.

    database: the published DuckDB file, read only. month: the first day of the month. provisional:
    render a month that has not been closed. progress: called with one line for each report made.
    pages: the folder with ``index.md``, ``agents/[agent_id].md`` and ``teams/[team_id].md``.

    Returns the current page and PDF of each subject, sorted by path; PDFs of earlier revisions are
    in ``manifest.json`` only. The same data and pages rewrite nothing.

    Raises PageError for a wrong page, ReportError when the database lacks what reports need, and
    ValueError when month is not the first day of a month.
    """
    if month.day != 1:
        raise ValueError(f"month is the first day of a month, not {month}")
    with Warehouse(database, month, provisional) as warehouse:
        run = _Run(warehouse, month, out, provisional, progress or (lambda line: None), pages)
        return run.all()


class _Run:
    """One call of render_month."""

    def __init__(
        self,
        warehouse: Warehouse,
        month: date,
        out: Path,
        provisional: bool,
        progress: Callable[[str], None],
        pages: Path,
    ) -> None:
        self._warehouse = warehouse
        self._month = month
        self._provisional = provisional
        self._progress = progress
        names = frozenset(Components(lambda folder, identity: None).names())
        names |= {"month", "provisional"}
        self._pages: dict[str, Page] = {
            "index": load_page(pages, "index.md", names),
            "agent": load_page(pages, "agents/[agent_id].md", names | {"agent_id"}),
            "team": load_page(pages, "teams/[team_id].md", names | {"team_id"}),
        }
        agents, teams = self._subjects("agent", _AGENTS), self._subjects("team", _TEAMS)
        index = _Subject("index", None, month_name(month), "index", None, None)
        self._all = [*agents, *teams, index]
        self._targets = {(s.folder, s.identity): f"{s.folder}{s.slug}.html" for s in self._all}
        self._shared = _shared_fingerprint()
        self._folder = Folder.open(out)
        self._writer = PdfWriter()

    def all(self) -> list[ReportFile]:
        style = (_HERE / "theme" / "report.css").read_bytes()
        print_of_style = hashlib.sha256(style).hexdigest()
        self._folder.put(
            "report.css",
            style,
            "asset",
            data_fingerprint=print_of_style,
            build_fingerprint=print_of_style,
        )
        with ThreadPoolExecutor(_WORKERS) as pool:
            waiting: deque[_Pending] = deque()
            try:
                for subject in self._all:
                    pending = self._render(subject, pool)
                    if pending is not None:
                        waiting.append(pending)
                    while len(waiting) > _WAITING:
                        self._put(waiting.popleft())
                while waiting:
                    self._put(waiting.popleft())
            except BaseException:
                pool.shutdown(cancel_futures=True)
                raise
        current = sorted(self._folder.listed.items())
        for path in self._folder.finish(f"{self._month:%Y-%m}"):
            self._progress(f"removed {path}")
        return [ReportFile(p, e.kind, e.subject_id, e.revision, e.sha256) for p, e in current]

    def _subjects(self, kind: Kind, sql: str) -> list[_Subject]:
        text = sql.format(instant="as_of" if self._provisional else "closed_at")
        try:
            rows = self._warehouse.query(f"{kind}s", text, {"month": self._month})
        except QueryError as error:
            raise ReportError(
                f"the published database lacks what reports need ({error}): build it again"
            ) from error
        names = slugs(str(values[0]) for values in rows.values)
        subjects = []
        for row in rows:
            identity, stamped_at = str(row[rows.columns[0]]), row["stamped_at"]
            revision = None if self._provisional else max(1, int(str(row["revision"] or 1)))
            subjects.append(
                _Subject(
                    kind,
                    identity,
                    printable(str(row["name"] or identity)),
                    names[identity],
                    revision,
                    stamped_at if isinstance(stamped_at, datetime) else None,
                )
            )
        return subjects

    def _render(self, subject: _Subject, pool: ThreadPoolExecutor) -> "_Pending | None":
        """Write the page, and hand the PDF to the pool, unless both are there already."""
        page = self._pages[subject.kind]
        parameters: dict[str, object] = {"month": self._month}
        if subject.identity is not None:
            parameters[f"{subject.kind}_id"] = subject.identity
        results = page.run(self._warehouse, parameters)
        facts = (subject.identity, subject.name, subject.revision, subject.stamped_at)
        data = digest(results, self._month, self._provisional, *facts)
        targets = sorted(self._targets.values()) if subject.kind != "agent" else subject.slug
        build = digest({}, data, page.source, self._shared, targets)
        html = f"{subject.folder}{subject.slug}.html"
        ending = "provisional" if self._provisional else f"r{subject.revision}"
        pdf = None if subject.kind == "index" else f"{subject.folder}{subject.slug}-{ending}.pdf"
        is_page_kept = self._folder.keep(html, build)
        # The PDF of a closed revision is an archived record: it is issued once.
        is_pdf_kept = pdf is None or (
            self._folder.keep(pdf, build) if self._provisional else self._folder.keep_issued(pdf)
        )
        if is_page_kept and is_pdf_kept:
            return None

        document = self._document(subject, page, results, parameters, data)
        if not is_page_kept:
            written: Future[bytes] = Future()
            written.set_result(self._html(subject, document).encode())
            self._put(_Pending(written, html, subject, data, build))
        if pdf is None or is_pdf_kept:
            return None
        setting = pool.submit(self._writer.write, document)
        return _Pending(setting, pdf, subject, data, build)

    def _put(self, pending: "_Pending") -> None:
        replaced = pending.path in self._folder.earlier
        if self._folder.put(
            pending.path,
            pending.content.result(),
            pending.subject.kind,
            subject_id=pending.subject.identity,
            revision=pending.subject.revision,
            data_fingerprint=pending.data,
            build_fingerprint=pending.build,
        ):
            self._progress(f"{'replaced' if replaced else 'wrote'} {pending.path}")

    def _document(
        self,
        subject: _Subject,
        page: Page,
        results: Mapping[str, Rows],
        parameters: Mapping[str, object],
        data: str,
    ) -> Document:
        up = "../" if subject.folder else ""

        def resolve(folder: str, identity: str) -> str | None:
            target = self._targets.get((f"{folder}/", identity))
            return None if target is None else up + target

        names: dict[str, object] = {
            **Components(resolve).names(),
            **results,
            **parameters,
            "provisional": self._provisional,
        }
        revision = "PROVISIONAL" if self._provisional else f"Revision {subject.revision}"
        facts = [("Period", month_name(self._month))]
        if subject.identity is not None:
            facts.append(("Revision", revision.removeprefix("Revision ")))
        if subject.stamped_at is not None:
            label = "Figures as of" if self._provisional else "Closed"
            facts.append((label, instant_text(subject.stamped_at)))
        facts.append(("Data fingerprint", data[:12]))
        return Document(
            title=build_line(page.title, names),
            subject=subject.name,
            period=month_name(self._month),
            revision="" if self._provisional else revision,
            fingerprint=data[:12],
            facts=facts,
            blocks=build_blocks(page.body, names),
            language=str(page.front.get("language", "en")),
            banner=_BANNER if self._provisional else "",
            timestamp=subject.stamped_at or _month_end(self._month),
            attachments=[
                Attachment(rule.file, rule.description, csv_text(results[rule.query]))
                for rule in page.attachments
            ],
        )

    def _html(self, subject: _Subject, document: Document) -> str:
        if subject.kind == "index":
            return page_html(document, "", [])
        return page_html(document, "../", [("All reports of the month", "../index.html")])


def _month_end(month: date) -> datetime:
    following = date(month.year + month.month // 12, month.month % 12 + 1, 1)
    return datetime(following.year, following.month, 1, tzinfo=UTC)


def _shared_fingerprint() -> str:
    """Return a digest of everything but the page itself that decides a report's bytes."""
    parts = [hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(_HERE.glob("*.py"))]
    parts.append(hashlib.sha256((_HERE / "theme" / "report.typ").read_bytes()).hexdigest())
    parts += [importlib.metadata.version(name) for name in ("jinja2", "mistune", "typst")]
    parts += [
        f"{path.name} {path.stat().st_size}"
        for folder in font_folders()
        for path in sorted(folder.rglob("*.ttf"))
    ]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()
