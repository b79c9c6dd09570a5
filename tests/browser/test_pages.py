"""What holds for every page: it loads only its own files, fits a phone, and can be read aloud."""

from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from urllib.request import url2pathname

import pytest
from axe_playwright_python.sync_playwright import Axe

SERIOUS = {"serious", "critical"}
Open = Callable[..., Any]


def pages(site: Path) -> list[Path]:
    found = sorted(site.rglob("*.html"))
    # At least an agent, a team, an index and the gallery.
    assert len({path.parent for path in found}) >= 4
    return found


def test_a_page_asks_for_its_own_files_only_and_reports_no_error(site: Path, visit: Open) -> None:
    for path in pages(site):
        seen = visit(path)
        assert seen.errors == [], path
        loaded = {Path(url2pathname(urlsplit(url).path)) for url in seen.requests}
        assert all(url.startswith("file:") for url in seen.requests), path
        assert loaded <= set(site.rglob("*")), path
        assert {"report.css", "report.js"} <= {file.name for file in loaded}, path
        seen.page.context.close()


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no scripts"])
def test_no_page_is_wider_than_a_phone(site: Path, visit: Open, scripts: bool) -> None:
    for path in pages(site):
        page = visit(path, width=360, scripts=scripts).page
        assert page.evaluate("document.documentElement.scrollWidth") <= 360, path
        page.context.close()


def test_every_link_leads_to_a_file(site: Path, visit: Open) -> None:
    for path in pages(site):
        page = visit(path).page
        links = page.eval_on_selector_all("a[href]", "all => all.map(a => a.href)")
        local = {link.partition("#")[0] for link in links if link.startswith("file:")}
        missing = {link for link in local if not Path(url2pathname(urlsplit(link).path)).is_file()}
        assert missing == set(), path
        page.context.close()


@pytest.mark.parametrize(
    ("scheme", "rules"),
    [
        ("light", {"resultTypes": ["violations"]}),
        # Only colours are others in the dark.
        ("dark", {"resultTypes": ["violations"], "runOnly": ["color-contrast"]}),
    ],
)
def test_axe_finds_nothing_serious(
    site: Path, visit: Open, scheme: str, rules: dict[str, list[str]]
) -> None:
    for path in pages(site):
        page = visit(path, scheme=scheme).page
        found = [
            (violation["id"], [node["html"] for node in violation["nodes"]][:3])
            for violation in Axe().run(page, options=rules).response["violations"]
            if violation["impact"] in SERIOUS
        ]
        assert found == [], path
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
