"""What holds for every page: it loads only its own files, fits a phone, and can be read aloud."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from urllib.request import url2pathname

import pytest
from playwright.sync_api import Browser

from tests.browser.conftest import AXE, Visit, serious_faults, visits

Open = Callable[..., Any]


def pages(site: Path) -> list[Path]:
    found = sorted(site.rglob("*.html"))
    # At least an agent, a team, an index and the gallery.
    assert len({path.parent for path in found}) >= 4
    return found


@dataclass
class Found:
    """What each page did when it was opened, and what is wrong with it."""

    errors: list[object] = field(default_factory=list)
    requests: dict[Path, list[str]] = field(default_factory=dict)
    missing: list[object] = field(default_factory=list)
    axe: dict[str, list[object]] = field(default_factory=lambda: {scheme: [] for scheme in AXE})


@pytest.fixture(scope="module")
def found(site: Path, browser: Browser) -> Found:
    """All pages, each opened once."""
    result = Found()
    for path in pages(site):
        with visits(browser) as visit:
            look(path, visit(path), result)
    return result


def look(path: Path, seen: Visit, found: Found) -> None:
    """Add what an open page does, and what is wrong with it, to what was found."""
    links = seen.page.eval_on_selector_all("a[href]", "all => all.map(a => a.href)")
    local = {link.partition("#")[0] for link in links if link.startswith("file:")}
    missing = {link for link in local if not Path(url2pathname(urlsplit(link).path)).is_file()}
    found.missing += [(path, link) for link in missing]
    # What axe does itself is no matter of the page.
    found.errors += [(path, error) for error in seen.errors]
    found.requests[path] = list(seen.requests)
    for scheme, *fault in serious_faults(seen.page):
        found.axe[scheme].append((path, *fault))


def test_no_page_reports_an_error(found: Found) -> None:
    assert found.errors == []


def test_a_page_asks_for_its_own_files_only(site: Path, found: Found) -> None:
    files = set(site.rglob("*"))
    for path, urls in found.requests.items():
        loaded = {Path(url2pathname(urlsplit(url).path)) for url in urls}
        assert all(url.startswith("file:") for url in urls), path
        assert loaded <= files, path
        assert {"report.css", "report.js"} <= {file.name for file in loaded}, path


def test_every_link_leads_to_a_file(found: Found) -> None:
    assert found.missing == []


@pytest.mark.parametrize("scheme", AXE)
def test_axe_finds_nothing_serious(found: Found, scheme: str) -> None:
    assert found.axe[scheme] == []


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no scripts"])
def test_no_page_is_wider_than_a_phone(site: Path, visit: Open, scripts: bool) -> None:
    for path in pages(site):
        page = visit(path, width=360, scripts=scripts).page
        assert page.evaluate("document.documentElement.scrollWidth") <= 360, path
        page.context.close()


def test_dark_is_dark(site: Path, visit: Open) -> None:
    shades = {}
    for scheme in ("light", "dark"):
        page = visit(site / "gallery" / "gallery.html", scheme=scheme).page
        colours = page.evaluate(
            """() => ["main", "main p", ".fill0", ".ink"].map((s, n) => {
                const style = getComputedStyle(document.querySelector(s));
                return [style.backgroundColor, style.color, style.fill, style.fill][n];
            })"""
        )
        shades[scheme] = [sum(map(int, c[4:-1].split(","))) for c in colours]
    # Paper gets darker; text, bars and the letters in charts lighter.
    assert shades["dark"][0] < shades["light"][0]
    assert all(d > n for d, n in zip(shades["dark"][1:], shades["light"][1:], strict=True))
