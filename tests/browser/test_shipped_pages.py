"""The shipped pages of a closed month, opened once each: what holds for all of them, and what the index can do."""

import datetime as dt
import re
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import url2pathname

import pytest
from playwright.sync_api import Browser, Page

import reports
from reports import Period
from reports.csvfile import csv_at
from reports.overview import write_overview
from reports.site import PAGES
from tests.browser.conftest import Visit, serious_faults, visits
from tests.integration.scenes import Run

pytestmark = pytest.mark.timeout(1800)

PHONE = 360
KINDS = {path.stem for path in (PAGES / "[folder]" / "[unit_id]").glob("*.md")}
# The report of a team and all pages of the centre, at least; the other levels are the same pages.
LEVELS = ("agents", "teams", "centre")
# Of each table, drawing and set of bars: its name, and the address that holds its rows.
DOWNLOADS = """() => Array.from(document.querySelectorAll(".table, figure, table.bars"), one => {
    let link = one.matches("figure") ? one.querySelector(".download a") : one.nextElementSibling;
    while (link && link.matches(".note")) link = link.nextElementSibling;
    if (link && link.matches(".download")) link = link.querySelector("a");
    const name = one.querySelector("caption, figcaption").textContent;
    return [name, link && link.hasAttribute("download") ? link.href : ""];
})"""

# The rows of a table are alike, and axe needs long for each of them.
FEWER_ROWS = """most => document.querySelectorAll("tbody").forEach(
    body => Array.from(body.rows).slice(most).forEach(row => row.remove()))"""

# How many words the names of rows have, and those that stand on more than one line.
WORDS = r"""() => {
    let words = 0;
    const broken = [];
    for (const name of document.querySelectorAll(".table tbody th bdi")) {
        const text = name.firstChild;
        for (const word of text.data.matchAll(/\S+/g)) {
            const range = document.createRange();
            range.setStart(text, word.index);
            range.setEnd(text, word.index + word[0].length);
            const lines = new Set(Array.from(range.getClientRects(), one => Math.round(one.top)));
            if (lines.size > 1) broken.push(word[0]);
            words += 1;
        }
    }
    return [words, broken];
}"""


@dataclass
class Found:
    """What is wrong with pages, by check; empty lists are good news."""

    pages: list[Path] = field(default_factory=list)
    downloads: int = 0
    errors: list[object] = field(default_factory=list)
    requests: list[object] = field(default_factory=list)
    wide: list[object] = field(default_factory=list)
    spilt: list[object] = field(default_factory=list)
    links: list[object] = field(default_factory=list)
    files: list[object] = field(default_factory=list)
    axe: list[object] = field(default_factory=list)


@pytest.fixture(scope="module")
def folder(
    closed: Run, cadences: Mapping[str, Path], tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """The reports of the closed month as they lie in the home, with a day, a week, now, and the page above them."""
    root = tmp_path_factory.mktemp("shipped")
    for name in ("month", "day", "week"):
        shutil.copytree(cadences[name], root / cadences[name].name)
    now = Period.now(dt.datetime(2026, 10, 31, 12, tzinfo=dt.UTC))
    reports.render_reports(closed.home.published_database, now, root / now.folder)
    write_overview(root)
    return root


def kind(path: Path) -> tuple[str, ...]:
    """What pages of one kind have in common: all of the path but whom they are about."""
    return tuple(part for n, part in enumerate(path.parts) if n != 2)


def one_of_each(folder: Path) -> list[Path]:
    """Of every kind of page the one with the most to show.

    Of the units, the teams and the centre; the kinds of report, of the centre's month, which show the most.
    """
    found: dict[tuple[str, ...], Path] = {}
    paths = [path.relative_to(folder) for path in folder.rglob("*.html")]
    for path in sorted(paths, key=lambda one: ((folder / one).stat().st_size, one)):
        if len(path.parts) <= 2 or (path.parts[1] in LEVELS and not is_repeated(path)):
            found[kind(path)] = path
    return sorted(found.values())


def is_repeated(path: Path) -> bool:
    """Whether it is a page below an agent's or a unit's own, and neither of the month nor of the centre."""
    is_below = len(path.parts) > 3
    return is_below and (path.parts[0] != "2026-10" or path.parts[1] == "teams")


# What begins a row stays in sight when the table is moved: what is wider than its cell would lie over the next.
SPILT = """[...document.querySelectorAll('.table tbody th')]
    .filter(head => head.scrollWidth > head.clientWidth + 1).map(head => head.innerText)"""


def every(folder: Path) -> list[Path]:
    return sorted(path.relative_to(folder) for path in folder.rglob("*.html"))


def local(address: str) -> Path:
    return Path(url2pathname(urlsplit(address).path))


def look(folder: Path, path: Path, seen: Visit, found: Found, rows: int | None = None) -> None:
    """Add what is wrong with an open page to what was found.

    rows: how many rows of each table axe looks at, all by default.
    """
    page = seen.page
    found.pages.append(path)
    links = page.eval_on_selector_all("a[href]", "all => all.map(a => a.href.split('#')[0])")
    missing = {one for one in links if one.startswith("file:") and not local(one).is_file()}
    found.links += [(path, one) for one in missing]
    downloads = page.evaluate(DOWNLOADS)
    found.downloads += len(downloads)
    found.files += [(path, name) for name, href in downloads if not csv_at(href)]
    page.set_viewport_size({"width": PHONE, "height": 800})
    width = page.evaluate("document.documentElement.scrollWidth")
    found.wide += [(path, width)] if width > PHONE else []
    found.spilt += [(path, text) for text in page.evaluate(SPILT)]
    page.set_viewport_size({"width": 1280, "height": 900})
    if rows is not None:
        page.evaluate(FEWER_ROWS, rows)
    found.axe += [(path, *fault) for fault in serious_faults(page)]
    found.errors += [(path, one) for one in seen.errors]
    found.requests += [
        (path, url)
        for url in seen.requests
        if not url.startswith("file:") or not local(url).is_relative_to(folder)
    ]


@pytest.fixture(
    scope="module",
    params=[
        pytest.param((one_of_each, 8), id="one of each kind"),
        pytest.param((every, None), id="every page", marks=pytest.mark.long),
    ],
)
def found(request: pytest.FixtureRequest, folder: Path, browser: Browser) -> Found:
    """What is wrong with the pages, each opened once."""
    result = Found()
    choose, rows = request.param
    for path in choose(folder):
        with visits(browser) as visit:
            look(folder, path, visit(folder / path), result, rows)
    return result


def test_a_page_of_every_kind_was_looked_at(found: Found) -> None:
    names = {path.as_posix() for path in found.pages}
    assert {"index.html", "now/now.html", "2026-10/index.html", "2026-10/centre/all.html"} <= names
    assert {"2026-10-14/index.html", "2026-W42/index.html"} <= names
    kinds = {path.stem for path in found.pages if path.parts[:2] == ("2026-10", "centre")}
    assert kinds >= KINDS
    assert [path for path in found.pages if path.parts[:2] == ("2026-10", "teams")]
    agents = [path for path in found.pages if path.parts[:2] == ("2026-10", "agents")]
    assert {"details.html"} < {path.name for path in agents}


def test_no_page_reports_an_error(found: Found) -> None:
    assert found.errors == []


def test_no_page_asks_for_anything_beside_its_own_files(found: Found) -> None:
    assert found.requests == []


def test_no_page_is_wider_than_a_phone(found: Found) -> None:
    assert found.wide == []


def test_the_head_of_a_row_stays_within_its_cell_on_a_phone(found: Found) -> None:
    assert found.spilt == []


def test_every_link_leads_to_a_file(found: Found) -> None:
    assert found.links == []


def test_every_table_and_drawing_has_its_rows_as_csv(found: Found) -> None:
    assert found.files == []
    assert found.downloads > 100


def test_axe_finds_nothing_serious_in_light_or_dark(found: Found) -> None:
    assert found.axe == []


@pytest.fixture
def index(folder: Path, visit: Callable[..., Visit]) -> Page:
    return visit(folder / "2026-10" / "index.html").page


def column(page: Page, head: str) -> list[str]:
    """The cells of a column of the agents' table, of the rows that are shown."""
    table = page.get_by_role("region", name="Agents and their scores")
    heads = [text.strip() for text in table.locator("thead th").all_text_contents()]
    cells = table.locator(f"tbody tr:visible > :nth-child({heads.index(head) + 1})")
    return [text.strip() for text in cells.all_inner_texts()]


def test_the_agents_of_the_index_sort_by_score(index: Page) -> None:
    head = index.get_by_role("region", name="Agents and their scores").locator("thead")
    for order, backwards in (("ascending", False), ("descending", True)):
        head.get_by_role("button", name="Score").click()
        assert head.locator("[aria-sort]").get_attribute("aria-sort") == order
        scores = column(index, "Score")
        known = [float(score) for score in scores if score[0] in "0123456789"]
        assert known == sorted(known, reverse=backwards)
        assert len(set(known)) > 5
        # Nobody without a score comes before somebody with one.
        assert [score[0] in "0123456789" for score in scores] == sorted(
            (score[0] in "0123456789" for score in scores), reverse=True
        )


def test_a_choice_and_a_search_leave_the_agents_asked_for(index: Page) -> None:
    controls = index.get_by_role("group", name="Rows of: Agents and their scores")
    everybody, teams = column(index, "Name"), column(index, "Team")
    team = next(team for team in teams if 0 < teams.count(team) < len(teams))
    controls.get_by_label("Team").select_option(label=team)
    chosen = [name for name, its in zip(everybody, teams, strict=True) if its == team]
    assert column(index, "Name") == chosen
    controls.get_by_label("Search").fill(chosen[0])
    assert column(index, "Name") == [name for name in chosen if name == chosen[0]]
    count = controls.get_by_role("status").inner_text()
    assert count == f"{chosen.count(chosen[0])} of {len(everybody)} rows"


def test_a_report_is_found_by_name_and_opened(index: Page) -> None:
    name = column(index, "Name")[0]
    index.get_by_label("Find a report").fill(f"{name} agent")
    found = index.locator(".found a")
    assert set(found.all_inner_texts()) == {name}
    found.first.click()
    index.wait_for_url(re.compile(r"/2026-10/agents/[^/]+\.html$"))
    assert name in index.locator("h1").inner_text()


def test_a_name_is_never_broken_within_a_word(folder: Path, visit: Callable[..., Visit]) -> None:
    page = visit(folder / "2026-10" / "index.html", width=PHONE).page
    words, broken = page.evaluate(WORDS)
    assert words > 20
    assert broken == []


def test_a_phone_shows_in_the_menu_which_page_is_open(
    folder: Path, visit: Callable[..., Visit]
) -> None:
    last = next((folder / "2026-10" / "teams").glob("*/standards.html"))
    page = visit(last, width=PHONE).page
    link = page.locator(".menu [aria-current=page]")
    assert link.inner_text() == "Standards"
    box = link.bounding_box()
    assert box
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= PHONE + 1
    assert page.locator(".menu").evaluate("menu => menu.clientHeight") < 60


def test_a_long_page_says_its_sections_and_a_short_one_does_not(
    folder: Path, visit: Callable[..., Visit]
) -> None:
    agent = next((folder / "2026-10" / "agents").glob("*.html"))
    page = visit(agent).page
    links = page.locator(".contents a")
    assert links.all_inner_texts() == page.locator("h2").all_inner_texts()
    links.last.click()
    target = page.locator("h2:target")
    assert target.inner_text() == "How to question a number"
    short = visit(next((folder / "2026-10" / "teams").glob("*/sales.html"))).page
    assert short.locator(".contents").count() == 0
