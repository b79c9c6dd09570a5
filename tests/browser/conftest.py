"""A headless browser, and a folder of rendered pages to look at.

`site` holds what the fixture of the reports renders and a gallery of every component; with
RENDERED_PAGES=demo/reports it holds the pages of that folder too. The tests of test_pages.py look at
every page there is.
"""

import os
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "unit" / "reports"))

import warehouse_fixture
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

import reports
from reports.overview import write_overview
from tests.browser import gallery

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
THEME = Path(reports.__file__).parent / "theme"
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
SERIOUS = {"serious", "critical"}
# Preloading would fetch the stylesheet, which the pages' own policy rightly refuses. What passes, and the selector of
# what does not, nobody reads, and finding them takes long.
BRIEFLY = {"resultTypes": ["violations"], "selectors": False, "preload": False}
# Only colours are others in the dark.
AXE = {"light": BRIEFLY, "dark": BRIEFLY | {"runOnly": ["color-contrast"]}}


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A month of reports of people with hostile names, the page above it, and the gallery."""
    root = tmp_path_factory.mktemp("site")
    warehouse_fixture.build(root / "scorehouse.duckdb")
    reports.render_reports(
        root / "scorehouse.duckdb",
        warehouse_fixture.PERIOD,
        root / "2026-10",
        pages=warehouse_fixture.PAGES,
    )
    write_overview(root)
    (root / "gallery").mkdir()
    for name in ("report.css", "report.js"):
        shutil.copy(THEME / name, root / "gallery" / name)
    gallery.write(root / "gallery")
    if more := os.environ.get("RENDERED_PAGES"):
        shutil.copytree(more, root / "more")
    return root


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    if CHROMIUM is None:
        pytest.skip("needs chromium: install it and put it on the PATH")
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        yield launched
        launched.close()


@dataclass
class Visit:
    """An open page, and what happened while it was open."""

    page: Page
    errors: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)


@contextmanager
def visits(browser: Browser) -> Iterator[Callable[..., Visit]]:
    """A function that opens a page, recording errors and requests; nothing leaves the machine.

    What it opened closes with the context.
    """
    contexts: list[BrowserContext] = []

    def open_page(
        path: Path, width: int = 1280, scheme: str = "light", scripts: bool = True
    ) -> Visit:
        context = browser.new_context(
            viewport={"width": width, "height": 900},
            color_scheme=scheme,  # type: ignore[arg-type]
            java_script_enabled=scripts,
        )
        contexts.append(context)
        context.set_default_timeout(30_000)
        seen = Visit(context.new_page())

        def route(one: object) -> None:
            url = one.request.url  # type: ignore[attr-defined]
            seen.requests.append(url)
            one.continue_() if url.startswith("file:") else one.abort()  # type: ignore[attr-defined]

        context.route("**/*", route)
        seen.page.on("console", lambda m: seen.errors.append(f"{m.type}: {m.text}"))
        seen.page.on("pageerror", lambda error: seen.errors.append(str(error)))
        seen.page.on("requestfailed", lambda r: seen.errors.append(f"failed: {r.url}"))
        seen.page.goto(path.as_uri())
        return seen

    yield open_page
    for context in contexts:
        context.close()


@pytest.fixture
def visit(browser: Browser) -> Iterator[Callable[..., Visit]]:
    with visits(browser) as open_page:
        yield open_page


def serious_faults(page: Page) -> Iterator[tuple[str, str, list[str]]]:
    """What axe finds in an open page, in light and in dark: the scheme, the rule and the first elements."""
    for scheme, options in AXE.items():
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        for violation in Axe().run(page, options=options).response["violations"]:
            if violation["impact"] in SERIOUS:
                yield scheme, violation["id"], [node["html"] for node in violation["nodes"]][:3]
