"""What holds for every report kind: a partial, its unit page, and SQL that computes no figure."""

import re
from pathlib import Path

import pytest

from reports.page import PARTIALS, Page
from reports.site import PAGES, load_pages

KINDS = sorted(path.stem for path in (PAGES / PARTIALS).glob("*.md"))
_ARITHMETIC = re.compile(
    r"\b(?:sum|avg|mean|median|count)\s*\(|[\w)]\s+(?:[-+/]|(?<!select )\*)\s+(?!interval )[\w(]"
)
_COMMENT = re.compile(r"--[^\n]*|'[^']*'")


@pytest.fixture(scope="module")
def pages() -> dict[str, Page]:
    """The page of each kind, which loads only if its template and its queries can be read."""
    return {page.path: page for page in load_pages()}


def computes(sql: str) -> str | None:
    found = _ARITHMETIC.search(_COMMENT.sub("", sql))
    return found and found[0]


@pytest.mark.parametrize("kind", KINDS)
def test_a_kind_has_a_page_in_the_menu_of_every_unit(pages: dict[str, Page], kind: str) -> None:
    page = pages[f"[folder]/[unit_id]/{kind}.md"]
    assert page.front["menu"]
    assert f'{{@partial "{kind}.md"}}' in page.source
    assert "level <> 'agent'" in page.queries[str(page.subjects)].sql


@pytest.mark.parametrize("kind", KINDS)
def test_its_queries_share_a_page_with_those_of_other_kinds(kind: str) -> None:
    text = (PAGES / PARTIALS / f"{kind}.md").read_text(encoding="utf-8")
    names = re.findall(r"^```sql (\w+)", text, re.MULTILINE)
    assert names
    assert [name for name in names if not name.startswith(f"{kind}_")] == []


@pytest.mark.parametrize("kind", KINDS)
def test_its_queries_compute_no_figure(pages: dict[str, Page], kind: str) -> None:
    queries = pages[f"[folder]/[unit_id]/{kind}.md"].queries.values()
    assert {query.name: computes(query.sql) for query in queries if computes(query.sql)} == {}


def test_the_test_sees_a_computed_figure() -> None:
    assert computes("select sum(leads) from figures") == "sum("
    assert computes("select a_seconds / b from figures") == "s / b"
    assert computes("select leads * 2 from figures") == "s * 2"
    assert computes("select * from figures") is None
    assert computes("select month > $ends_on - interval 6 month from figures") is None
    assert computes("select 'a / b' as words, csat -- a + b\nfrom figures") is None


def test_menu_places_are_taken_once(pages: dict[str, Page]) -> None:
    folder = Path("[folder]")
    orders = [page.front["order"] for path, page in pages.items() if folder in Path(path).parents]
    assert len(orders) == len(set(orders))
