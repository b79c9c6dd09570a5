"""What report.js does on the gallery: sorting, search, choices, and the search over all reports."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page

Open = Callable[..., Any]
AGENTS = '.table[aria-label="Agents"]'
NAMES = ["Ada Byron", "Zoë Łódź", "مريم الحسن", "李小龍", "<b>Bo</b> & Co", "नेहा", "Émile", "bo"]


@pytest.fixture
def page(site: Path, visit: Open) -> Page:
    opened: Page = visit(site / "gallery" / "gallery.html").page
    return opened


def names(page: Page) -> list[str]:
    return page.locator(f"{AGENTS} tbody tr:visible th").all_inner_texts()


def press(page: Page, head: str) -> str | None:
    """Press a heading, and return the sort that it then has."""
    cell = page.locator(f"{AGENTS} thead th", has_text=head).first
    cell.locator("button").click()
    return cell.get_attribute("aria-sort")


def order(*places: int) -> list[str]:
    return [NAMES[place] for place in places]


def test_the_page_comes_in_the_order_of_its_query(page: Page) -> None:
    assert names(page) == NAMES
    assert page.locator("[aria-sort]").count() == 0


@pytest.mark.parametrize(
    ("head", "up", "down"),
    [
        # 9.5, 49.75, 90, none, 170.5 ...: by size, not by digits; nobody's score is last both ways.
        ("Score", (0, 1, 2, 4, 5, 6, 7, 3), (7, 6, 5, 4, 2, 1, 0, 3)),
        # 2:00:00 comes before 12:00:14.
        ("Active", (0, 1, 5, 2, 6, 3, 7, 4), (7, 3, 6, 2, 5, 1, 0, 4)),
        ("Joined", (7, 6, 5, 4, 3, 2, 1, 0), (0, 1, 2, 3, 4, 5, 6, 7)),
        # -9.0 pp to +5.0 pp.
        ("FCR, change", (7, 6, 4, 3, 2, 1, 0, 5), (0, 1, 2, 3, 4, 6, 7, 5)),
        # By the last value of the line.
        ("FCR, 6 months", (7, 6, 5, 4, 3, 2, 1, 0), (0, 1, 2, 3, 4, 5, 6, 7)),
        # Equal teams keep their order, also backwards.
        ("Team", (0, 3, 6, 1, 4, 7, 2, 5), (1, 4, 7, 0, 3, 6, 2, 5)),
    ],
)
def test_a_heading_sorts_by_value(
    page: Page, head: str, up: tuple[int, ...], down: tuple[int, ...]
) -> None:
    assert press(page, head) == "ascending"
    assert names(page) == order(*up)
    assert press(page, head) == "descending"
    assert names(page) == order(*down)
    assert page.locator(f"{AGENTS} [aria-sort]").count() == 1


def test_names_sort_as_people_do(page: Page) -> None:
    press(page, "Name")
    latin = [name for name in names(page) if name in ("Ada Byron", "bo", "Émile", "Zoë Łódź")]
    assert latin == ["Ada Byron", "bo", "Émile", "Zoë Łódź"]


def test_sorting_by_keyboard(page: Page) -> None:
    button = page.locator(f"{AGENTS} thead th", has_text="Score").locator("button")
    button.focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Space")
    assert names(page)[0] == "bo"
    assert page.evaluate("document.activeElement.textContent") == "Score"


@pytest.mark.parametrize(
    ("asked", "left"),
    [
        ("emile", (6,)),
        ("BYRON ada", (0,)),
        ("<b>", (4,)),
        ("north", (0, 3, 6)),
        ("nobody at all", ()),
        ("", tuple(range(8))),
    ],
)
def test_search_leaves_the_rows_with_every_word(
    page: Page, asked: str, left: tuple[int, ...]
) -> None:
    page.get_by_label("Search").fill(asked)
    assert names(page) == order(*left)
    count = page.locator(".controls [role=status]")
    assert count.inner_text() == f"{len(left)} of 8 rows"


def test_a_choice_and_a_search_together(page: Page) -> None:
    choice = page.get_by_label("Team", exact=True)
    assert choice.locator("option").all_inner_texts() == ["All", "none", "North", "South"]
    choice.select_option(label="South")
    assert names(page) == order(1, 4, 7)
    page.get_by_label("Search").fill("bo")
    assert names(page) == order(4, 7)
    press(page, "Score")
    press(page, "Score")
    assert names(page) == order(7, 4)
    choice.select_option(label="none")
    assert names(page) == []
    page.get_by_label("Search").fill("")
    assert names(page) == order(5, 2)


def test_two_choices_hold_together(page: Page) -> None:
    page.get_by_label("Team", exact=True).select_option(label="South")
    page.get_by_label("Joined", exact=True).select_option(label="2026-10-25")
    assert names(page) == order(1)
    page.get_by_label("Joined", exact=True).select_option(label="2026-10-28")
    assert names(page) == []


def test_finding_a_report_by_keyboard(page: Page) -> None:
    box = page.get_by_label("Find a report")
    box.focus()
    page.keyboard.type("zoe ag")
    found = page.locator(".found li")
    assert found.locator("a").all_inner_texts() == ["Zoë Łódź"]
    assert found.locator(".kind").all_inner_texts() == ["agent"]
    assert page.locator(".site-search [role=status]").inner_text() == "1 report"
    page.keyboard.press("ArrowDown")
    assert page.evaluate("document.activeElement.textContent") == "Zoë Łódź"
    page.keyboard.press("ArrowUp")
    assert page.evaluate("document.activeElement.type") == "search"
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Escape")
    assert box.input_value() == ""
    assert found.count() == 0
    page.keyboard.type("agent")
    assert found.count() == 2
    page.keyboard.press("Enter")
    page.wait_for_url("**/agents/A-0.html")


def test_what_is_found_is_text(page: Page) -> None:
    page.get_by_label("Find a report").fill("north")
    assert page.locator(".found a").inner_text() == "<b>North</b>"
    assert page.locator(".found b").count() == 0


def test_long_tables_keep_their_heads_in_sight(page: Page) -> None:
    region = page.locator('.table[aria-label="Days"]')
    region.evaluate("one => { one.scrollTop = one.scrollHeight; }")
    head = region.locator("thead th").first.bounding_box()
    outer = region.bounding_box()
    assert head
    assert outer
    assert abs(head["y"] - outer["y"]) < 3


def test_the_first_column_stays_when_a_phone_scrolls_sideways(site: Path, visit: Open) -> None:
    page = visit(site / "gallery" / "gallery.html", width=360).page
    region = page.locator(AGENTS)
    region.evaluate("one => { one.scrollLeft = 200; }")
    name, outer = region.locator("tbody th").first.bounding_box(), region.bounding_box()
    assert name["x"] - outer["x"] < 3


def test_without_scripts_all_rows_are_there_and_no_idle_controls(site: Path, visit: Open) -> None:
    page = visit(site / "gallery" / "gallery.html", scripts=False).page
    assert names(page) == NAMES
    assert page.locator("button, input, select").count() == 0


def test_a_table_can_be_downloaded(page: Page) -> None:
    link = page.get_by_role("link", name="Download as CSV for Agents")
    with page.expect_download() as download:
        link.click()
    assert download.value.suggested_filename == "agents.csv"
    assert Path(download.value.path()).read_bytes().startswith(b"agent_id,")
