"""All shipped pages over a centre whose every text is marked, names others and attacks: who gets to read what.

The check looks for marks in the files and knows nothing of the linter, which has to agree.
"""

import csv
import datetime as dt
import io
import json
import re
import shutil
import unicodedata
from base64 import b64decode
from collections.abc import Iterator, Mapping
from html import unescape
from html.parser import HTMLParser
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote

import pytest

import reports
from reports import Period
from reports.csvfile import csv_at
from reports.formats import printable
from reports.pdfread import read_pdf
from reports.privacy import WITHHELD, lint_reports
from reports.site import PAGES
from tests.support.hostile_centre import (
    AGENTS,
    AS_OF,
    COLUMNS,
    DAYS,
    MONTH,
    NORTH,
    PEOPLE,
    SOUTH,
    STARTS,
    TEAMS_FROM,
    Person,
    Team,
    mark,
    published,
    text_of,
)

pytestmark = pytest.mark.timeout(900)

PERIODS = {
    "day": Period.day(DAYS[1]),
    "week": Period.week(DAYS[1]),
    "month": Period.month(MONTH),
    "period": Period.between(dt.date(2026, 10, 3), dt.date(2026, 10, 30)),
    "now": Period.now(AS_OF),
}
# A week and a period show what a day and a month show.
CADENCES = [
    pytest.param(name, marks=pytest.mark.long if name in ("week", "period") else ())
    for name in PERIODS
]
MARK = re.compile(r"q(\d\d)x(\d\d)q", re.IGNORECASE)
CARRIED = re.compile('"data:text/csv[^",]*,([^"]*)"')

# In a report about whom what somebody's texts say may stand: in the agent's own, in those of the agent's units,
# in the centre's. A column in none of them is printed nowhere.
OWN = "agent_id name skill_level away_reason shift_id interaction_id topic ticket_id kind evaluation_id survey_id"
OWN += " application feature compliance_event_id policy regulation lead_id feedback_id task_id record_id course"
IN_UNITS = frozenset(OWN.split())
IN_OWN = IN_UNITS | {"notes", "agent_response", "unavailable_reason", "segment_id"}
IN_CENTRE = IN_UNITS | {"description", "escalated_to", "queue"}
# Pages about nobody in particular name everybody; the list of files names agents by their ids.
IN_COMMON = frozenset({"agent_id", "name", "away_reason", "unavailable_reason"})
OF_TEAMS = frozenset({"team_id", "team_name", "department", "site"})


class File(NamedTuple):
    """A report file: what it is about, and all that it says."""

    path: str
    kind: str
    subject: str | None
    text: str


def text_in(path: Path) -> str:
    """All that a file says, however it is written down."""
    if path.suffix != ".pdf":
        page = path.read_text(encoding="utf-8")
        return unquote(unescape(CARRIED.sub(lambda file: b64decode(file[1]).decode(), page)))
    pdf = read_pdf(path.read_bytes())
    attached = [name + content.decode() for name, content in pdf.attachments]
    # A line may end within a mark.
    return re.sub(r"\s", "", "\n".join([*pdf.pages, *pdf.spoken, *pdf.about, *attached]))


def files(folder: Path) -> Iterator[File]:
    listed = {
        entry["path"]: entry
        for entry in json.loads((folder / "manifest.json").read_text(encoding="utf-8"))["files"]
    }
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            name = path.relative_to(folder).as_posix()
            entry = listed.get(name, {"kind": "manifest", "subject_id": None})
            yield File(name, entry["kind"], entry["subject_id"], text_in(path))


def teams_of(person: Person, starts_on: dt.date) -> set[Team]:
    """The teams that a person is in on a day of the period."""
    if person.moved_to is None:
        return {person.team}
    return {person.moved_to, *([person.team] if starts_on <= dt.date(2026, 10, 15) else [])}


def team_of_unit(file: File) -> Team | None:
    if file.kind == "function":
        return {"inbound": NORTH, "outbound": SOUTH}.get(file.subject or "")
    found = MARK.search(file.subject or "")
    return next((t for t in (NORTH, SOUTH) if found and int(found[1]) == t.number), None)


def strangers(file: File, starts_on: dt.date) -> set[tuple[int, str]]:
    """Owner and column of each mark that may not be in the file."""
    found = {(int(owner), COLUMNS[int(column)]) for owner, column in MARK.findall(file.text)}
    return {one for one in found if not may_stand(*one, file, starts_on)}


def may_stand(owner: int, column: str, file: File, starts_on: dt.date) -> bool:
    # Nothing but a text that names somebody holds an e-mail address; so it stands where the name may.
    column = "name" if column == "email" else column
    if file.kind == "centre":
        return column in IN_CENTRE | OF_TEAMS
    if file.kind in ("index", "page", "asset", "manifest"):
        return column in IN_COMMON | OF_TEAMS
    if file.kind == "agent":
        about = next(person for person in AGENTS if person.agent_id == file.subject)
        if owner >= TEAMS_FROM and column in OF_TEAMS:
            return owner in {t.number for t in (about.team, about.moved_to) if t}
        return owner == about.number and column in IN_OWN
    unit = team_of_unit(file)
    members = [person for person in AGENTS if unit in teams_of(person, starts_on)]
    if column in OF_TEAMS:
        # Whoever moved has a team of today, too.
        return owner in {t.number for p in members for t in (p.team, p.moved_to, unit) if t}
    return owner in {person.number for person in members} and column in IN_UNITS


@pytest.fixture(scope="module")
def database(compiled: Path) -> Path:
    return published(compiled)


@pytest.fixture(scope="module")
def folders(
    database: Path, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Mapping[str, Path]:
    """The reports of the cadences that are asked for."""
    chosen = {
        item.callspec.params["cadence"]
        for item in request.session.items
        if "folders" in getattr(item, "fixturenames", ()) and hasattr(item, "callspec")
    }
    out = tmp_path_factory.mktemp("pages")
    for name in chosen:
        reports.render_reports(database, PERIODS[name], out / name)
    return {name: out / name for name in chosen}


@pytest.mark.parametrize("cadence", CADENCES)
def test_a_text_stands_only_where_it_may(
    database: Path, folders: Mapping[str, Path], cadence: str
) -> None:
    period, folder = PERIODS[cadence], folders[cadence]
    seen: set[str] = set()
    phones = {re.sub(r"\D", "", person.phone): person for person in PEOPLE}
    for file in files(folder):
        assert strangers(file, period.starts_on) == set(), file.path
        seen |= {COLUMNS[int(column)] for _, column in MARK.findall(file.text)}
        digits = re.sub(r"\D", "", file.text)
        called = {person.number for phone, person in phones.items() if phone in digits}
        assert all(may_stand(n, "name", file, period.starts_on) for n in called), file.path
    # So that nothing passes for not being shown at all.
    expected = IN_OWN | IN_CENTRE | OF_TEAMS
    if cadence == "now":
        expected = IN_COMMON - {"unavailable_reason"} | OF_TEAMS - {"department"}
    elif cadence != "month":
        expected -= {"skill_level"}
    assert seen >= expected
    checked = [p.relative_to(folder).as_posix() for p in folder.rglob("*.*") if p.suffix != ".json"]
    read = [path for path in checked if path.endswith((".html", ".pdf"))]
    assert lint_reports(folder, database, read, period.starts_on, period.ends_on) == []


@pytest.mark.parametrize("cadence", ["month"])
def test_a_note_about_an_agent_comes_without_the_colleague_it_names(
    folders: Mapping[str, Path], cadence: str
) -> None:
    """In the centre's report, where everybody may appear, texts are whole."""
    agent, folder = PEOPLE[0], folders[cadence]
    shown = f"Note {mark(1, 'notes')} see {WITHHELD}, {WITHHELD}, {WITHHELD}, {WITHHELD}."
    assert shown in (folder / "agents" / f"{agent.agent_id}.html").read_text(encoding="utf-8")
    centre = (folder / "centre" / "all" / "compliance.html").read_text(encoding="utf-8")
    assert f"{mark(1, 'description')} see {PEOPLE[2].name}, {PEOPLE[2].email}" in centre


class Elements(HTMLParser):
    """The elements and attributes of a page, what its scripts say, and its text."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: set[str] = set()
        self.attributes: set[tuple[str, str]] = set()
        self.words: list[str] = []
        self._tag = ""
        self.script = ""
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._tag = tag
        self.tags.add(tag)
        self.attributes |= {(name, value or "") for name, value in attrs}

    def handle_endtag(self, tag: str) -> None:
        self._tag = ""

    def handle_data(self, data: str) -> None:
        if self._tag in ("script", "style"):
            self.script += data
        self.words.append(data)

    def handle_comment(self, data: str) -> None:
        self.tags.add("!--")

    def unknown_decl(self, data: str) -> None:
        self.tags.add("![")

    def handle_pi(self, data: str) -> None:
        self.tags.add("?")


# What no page of ours has, and what a text of the centre would bring.
FORBIDDEN_TAGS = {"img", "iframe", "object", "embed", "form", "input", "!--", "![", "?", "label"}
FORMULA = re.compile(r"[\s\"\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff]*[=+\-@＝＋－＠]")


@pytest.mark.parametrize("cadence", CADENCES)
def test_a_text_does_nothing(folders: Mapping[str, Path], cadence: str) -> None:
    read = 0
    for path in sorted(folders[cadence].rglob("*.html")):
        page = Elements(path.read_text(encoding="utf-8"))
        assert page.tags & FORBIDDEN_TAGS == set(), path
        assert page.script == "", path
        names = {name for name, _ in page.attributes}
        assert not [name for name in names if name.startswith("on")], path
        links = {value for name, value in page.attributes if name in ("href", "src")}
        files = {link: file for link in links if (file := csv_at(link)) is not None}
        links -= files.keys()
        assert not [link for link in links if re.match(r"[a-z]+:|//", link, re.IGNORECASE)], path
        for file in files.values():
            cells = [c for row in csv.reader(io.StringIO(file, newline="")) for c in row]
            words = [cell for cell in cells if not re.fullmatch(r"-?[\d.]+(e-?\d+)?", cell)]
            assert not [word for word in words if FORMULA.match(word)], path
            read += 1
    assert read


def joined(text: str) -> str:
    composed = unicodedata.normalize("NFKC", text)
    return "".join(c for c in composed if not c.isspace() and unicodedata.category(c) != "Cf")


@pytest.mark.parametrize("cadence", ["month"])
def test_a_text_is_printed_as_it_is(folders: Mapping[str, Path], cadence: str) -> None:
    """Each start of a text in each free text of the agent's pages, and in the notes of the PDF."""
    looked_at = set()
    for person in AGENTS:
        if person.number < 10:
            continue
        own = folders[cadence] / "agents" / person.agent_id
        pages = [own.with_suffix(".html"), own / "details.html"]
        words = joined("".join("".join(Elements(p.read_text("utf-8")).words) for p in pages))
        pdf = read_pdf(next(own.parent.glob(f"{person.agent_id}-r*.pdf")).read_bytes())
        printed = joined("".join(pdf.pages))
        for day in range(len(DAYS)):
            # What was on 1 November is in no report of October.
            if DAYS[day].month != MONTH.month:
                continue
            for column in (
                "topic",
                "notes",
                "agent_response",
                "kind",
                "application",
                "course",
                "policy",
            ):
                assert joined(printable(text_of(person, day, column))) in words, (column, day)
            # A running header may stand in the middle of a long one.
            assert joined(printable(text_of(person, day, "notes")))[:300] in printed, day
            looked_at.add(text_of(person, day, "notes").partition(" q")[0])
    assert len(looked_at) > len(STARTS) / 2


LEAKS = {
    "notes in a unit's report": (
        "coaching.md",
        "case when $level = 'agent' then feedback.notes end as notes",
        "feedback.notes as notes",
        {"notes"},
    ),
    "somebody else's contacts": (
        "interactions.md",
        "days.level = $level and days.unit_id = $unit_id\n            and contacts.is_handled",
        "days.level = $level\n            and contacts.is_handled",
        {"interaction_id", "topic"},
    ),
}


@pytest.mark.parametrize("leak", LEAKS)
def test_a_page_that_leaks_is_seen(database: Path, tmp_path: Path, leak: str) -> None:
    file, right, wrong, columns = LEAKS[leak]
    pages = Path(shutil.copytree(PAGES, tmp_path / "pages"))
    partial = pages / "_partials" / file
    assert right in partial.read_text(encoding="utf-8")
    partial.write_text(partial.read_text(encoding="utf-8").replace(right, wrong), encoding="utf-8")
    for page in [*pages.rglob("*.md")]:
        if page.parent.name != "_partials" and page.name not in ("index.md", "details.md", file):
            page.unlink()
    reports.render_reports(database, PERIODS["day"], tmp_path / "out", pages=pages)
    found = {
        column
        for one in files(tmp_path / "out")
        for _, column in strangers(one, PERIODS["day"].starts_on)
    }
    assert found >= columns
