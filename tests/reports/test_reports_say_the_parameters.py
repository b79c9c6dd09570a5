"""Limits that a report names are those of the project's variables: change one, and the report says so."""

import shutil
from collections.abc import Mapping
from pathlib import Path

import duckdb
import pytest
import yaml

import reports
from reports import Period
from reports.site import PAGES
from tests.reports.test_reports_name_nobody_else import Elements
from tests.support.hostile_centre import DAYS, published
from tests.support.warehouse import PROJECT

pytestmark = pytest.mark.timeout(900)

CHANGED = {
    "occupancy_watch_above": "0.31::double",
    "occupancy_risk_above": "0.625::double",
    "fcr_window_days": "11",
    "max_status_interval_hours": "13",
    "small_sample_below": "3",
}
# Page of the centre, or of an agent, and what it says with the variables as shipped, and as changed.
SAID = [
    ("performance", "Up to 85.0% there is room", "Up to 31.0% there is room"),
    ("performance", "above 90.0% there is hardly", "above 62.5% there is hardly"),
    ("performance", "Watch: above 85.0%", "Watch: above 31.0%"),
    ("performance", "Risk: above 90.0%", "Risk: above 62.5%"),
    ("service", "about the same topic within 7 days", "about the same topic within 11 days"),
    ("sessions", "lasts more than 12 hours", "lasts more than 13 hours"),
    ("agent", "Above 85.0% there is hardly", "Above 31.0% there is hardly"),
    ("agent", "above 90.0% it is", "above 62.5% it is"),
    ("agent", "Few cases (fewer than 30) stand", None),
    ("agent", "a judgement: below 30 answers", None),
    ("agent", "With fewer than 30 leads", None),
    ("agent", "It rests on few evaluations", None),
]


@pytest.fixture(scope="module")
def words(
    compiled: Path, tmp_path_factory: pytest.TempPathFactory
) -> Mapping[str, Mapping[str, str]]:
    """What the pages say, as shipped and with other variables."""
    folder = tmp_path_factory.mktemp("parameters")
    shipped = published(compiled)
    changed = Path(shutil.copy(shipped, folder / "changed.duckdb"))
    with duckdb.connect(str(changed)) as connection:
        row = ", ".join(f"{value} as {name}" for name, value in CHANGED.items())
        connection.execute(
            f"create or replace macro marts.report_parameters() as table select {row}"
        )
    pages = Path(shutil.copytree(PAGES, folder / "pages"))
    kept = {
        "index.md",
        "[agent_id].md",
        "details.md",
        "performance.md",
        "service.md",
        "sessions.md",
    }
    for page in pages.rglob("*.md"):
        if page.name not in kept and page.parent.name != "_partials":
            page.unlink()
    said = {}
    for name, database in (("shipped", shipped), ("changed", changed)):
        out = folder / name
        reports.render_reports(database, Period.week(DAYS[1]), out, pages=pages)
        agent = sorted((out / "agents").glob("*.html"))[0]
        own = [agent, agent.with_suffix("") / "details.html"]
        said[name] = {"agent": _words(*own)} | {
            kind: _words(out / "centre" / "all" / f"{kind}.html")
            for kind in ("performance", "service", "sessions")
        }
    return said


def _words(*paths: Path) -> str:
    found = (Elements(path.read_text(encoding="utf-8")).words for path in paths)
    return " ".join(" ".join("".join(one).split()) for one in found)


@pytest.mark.parametrize(("page", "shipped", "changed"), SAID)
def test_a_report_names_the_limits_of_the_project(
    words: Mapping[str, Mapping[str, str]], page: str, shipped: str, changed: str | None
) -> None:
    assert shipped in words["shipped"][page]
    assert shipped not in words["changed"][page]
    assert changed is None or changed in words["changed"][page]


def test_every_parameter_is_a_variable_that_was_changed_here() -> None:
    described = yaml.safe_load(
        (PROJECT / "dbt_project/models/functions/report_parameters.yml").read_text("utf-8")
    )
    (model,) = described["models"]
    assert [column["name"] for column in model["columns"]] == list(CHANGED)
