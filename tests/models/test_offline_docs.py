"""The pages that an auditor opens: complete, and without any network."""

import json
import re
import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

import docs.dictionary.__main__
from docs.dictionary.__main__ import main
from docs.dictionary.contents import Contents, contents, coverage
from docs.dictionary.page import field_anchor
from ingestion import ENTITIES
from ingestion.sources import SOURCES
from tests.support.warehouse import run_dbt

pytestmark = pytest.mark.long

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
# The browser's own errands, which it runs whatever page is open.
OF_THE_BROWSER = re.compile(r"(^|\.)(google|googleapis|gvt1|gstatic)\.com$")
# Columns that a model sets itself: ones that it adds up, and the name of a level.
VARIABLES = "report_parameters"
WITHOUT_SOURCES = {
    ("fct_agent_application_day", "uses"),
    ("fct_organisation_month", "level"),
    ("unit_ticket_figures", "created_tickets"),
    ("unit_ticket_figures", "resolved_tickets"),
}


@pytest.fixture(scope="module")
def target(compiled: Path) -> Path:
    """dbt's documentation of the project, built on a home without data."""
    run_dbt(compiled, "build", "--exclude-resource-type", "unit_test", "test")
    return run_dbt(compiled, "docs", "generate", "--static")


@pytest.fixture(scope="module")
def manifest(target: Path) -> dict[str, Any]:
    return json.loads((target / "manifest.json").read_bytes())


@pytest.fixture(scope="module")
def catalog(target: Path) -> dict[str, Any]:
    return json.loads((target / "catalog.json").read_bytes())


@pytest.fixture(scope="module")
def written(target: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Contents]:
    """The folder of the written pages, and the contents that they were made from."""
    folder, made = tmp_path_factory.mktemp("docs") / "site", []

    def kept(*artifacts: dict[str, Any]) -> Contents:
        made.append(contents(*artifacts))
        return made[-1]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(docs.dictionary.__main__, "contents", kept)
        main([str(target), str(folder)])
    return folder, made[0]


@pytest.fixture(scope="module")
def content(written: tuple[Path, Contents]) -> Contents:
    return written[1]


@pytest.fixture(scope="module")
def site(written: tuple[Path, Contents]) -> Path:
    return written[0]


class Page(HTMLParser):
    """What the page has: ids, links within it, what it loads, and the languages it names."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.ids: list[str] = []
        self.links: set[str] = set()
        self.loads: list[str] = []
        self.languages: list[str] = []
        self.headers: list[str | None] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        self.ids += [values["id"]] if values.get("id") else []
        if tag == "html":
            self.languages.append(values.get("lang") or "")
        if tag == "a":
            self.links.add(values["href"] or "")
        if tag == "th":
            self.headers.append(values.get("scope"))
        self.loads += [
            f"{tag} {name}" for name in ("src", "srcset", "data", "action", "poster") if name in values
        ]  # fmt: skip
        self.loads += [f"link {values.get('href')}"] if tag == "link" else []


@pytest.fixture(scope="module")
def dictionary(site: Path) -> Page:
    return Page((site / "dictionary.html").read_text())


def test_every_mart_and_column_is_in_the_dictionary(
    dictionary: Page, manifest: dict[str, Any]
) -> None:
    marts = [
        node
        for node in manifest["nodes"].values()
        if node["resource_type"] == "model" and node["schema"] == "marts"
    ]
    expected = {f"marts.{mart['name']}" for mart in marts}
    expected |= {f"marts.{mart['name']}.{column}" for mart in marts for column in mart["columns"]}
    assert marts
    assert {anchor for anchor in dictionary.ids if anchor.startswith("marts.")} == expected


def test_no_anchor_is_there_twice_and_every_link_has_one(dictionary: Page) -> None:
    assert len(set(dictionary.ids)) == len(dictionary.ids)
    assert {link.removeprefix("#") for link in dictionary.links} <= set(dictionary.ids)


def test_the_dictionary_loads_nothing_and_can_be_read_aloud(dictionary: Page, site: Path) -> None:
    text = (site / "dictionary.html").read_text()
    assert dictionary.loads == []
    assert not re.search(r"https?://|url\(|@import|fetch\(|XMLHttpRequest", text)
    assert dictionary.languages == ["en"]
    assert set(dictionary.headers) == {"col", "row"}


def test_every_mart_says_its_grain_owner_and_tests(content: Contents) -> None:
    for mart in content.marts:
        if mart.name == VARIABLES:
            # One row, of no grain: the project's variables.
            assert (mart.grain, mart.tests) == ((), ())
            continue
        assert all([mart.grain, mart.group, mart.owner, "@" in mart.owner_email]), mart.name
        # dbt cannot test what a function returns: test_table_functions.py does.
        tested = any(test.startswith("one row per") for test in mart.tests)
        assert tested != bool(mart.parameters), mart.name
        assert all(field.description and field.type for field in mart.fields), mart.name


def test_every_column_of_a_mart_leads_back_to_an_input(content: Contents) -> None:
    lost = {
        (mart.name, field.name)
        for mart in content.marts
        for field in mart.fields
        if not field.sources and mart.name != VARIABLES
    }
    levels = {
        (mart.name, "level")
        for mart in content.marts
        if mart.parameters and mart.fields[0].name == "level"
    }
    assert len(levels) > 10
    assert lost == WITHOUT_SOURCES | levels


def test_a_figure_leads_back_to_the_landing_columns(content: Contents) -> None:
    field = next(
        field
        for mart in content.marts
        if mart.name == "fct_agent_month"
        for field in mart.fields
        if field.name == "aht_seconds"
    )
    assert field.sources == tuple(
        ("marts.fct_agent_day", column) for column in ("handle_seconds", "handled_contacts")
    )
    assert field.origins == (
        ("landing.amazon_connect_contact_records", "*"),
        *(
            ("landing.amazon_connect_contact_records", f"Agent.{field}")
            for field in (
                *("AfterContactWorkDuration", "AgentInteractionDuration"),
                *("ConnectedToAgentTimestamp", "CustomerHoldDuration"),
            )
        ),
        *(
            ("landing.asterisk_queue_log", value)
            for value in (
                *("*", "EVENT", "epoch"),
                *(f"parameter {number}" for number in (1, 2, 4, 5)),
            )
        ),
        ("landing.asterisk_queue_log", "row_number"),
        # A conversation's participants, sessions and metrics are lists within the record.
        ("landing.genesys_cloud_conversation_details", "*"),
        ("landing.genesys_cloud_conversation_details", "payload"),
        ("landing.interactions", "*"),
        ("landing.interactions", "acw_seconds"),
        ("landing.interactions", "hold_seconds"),
        ("landing.interactions", "talk_seconds"),
        # Whether contacts were ever fed in: null and 0 are not the same.
        ("records.loads", "dataset"),
        ("records.loads", "sequence"),
        # Asterisk's log knows no hold: its nulls come from nowhere.
        ("staging.stg_asterisk__interactions", "hold_seconds"),
    )


def test_a_landing_column_leads_forward_to_the_figures(content: Contents) -> None:
    reached = {origin.column: origin.reaches for origin in content.origins}
    assert ("marts.fct_agent_month", "aht_seconds") in reached[
        "landing.interactions", "talk_seconds"
    ]
    # Both ways say the same: what a column goes into has it as a source.
    fields = {
        (model.table, field.name): field
        for model in (*content.marts, *content.others)
        for field in model.fields
    }
    forward = {(here, there) for here in fields for there in fields[here].goes_into}
    back = {
        (source, column)
        for column, field in fields.items()
        for source in field.sources
        if source in fields
    }
    assert len(forward) > 1000
    assert forward == back


@pytest.mark.parametrize("name", SOURCES)
def test_every_source_has_its_section_with_every_entity_and_field(
    name: str, content: Contents, dictionary: Page
) -> None:
    (source,) = (source for source in content.sources if source.name == name)
    assert f"source.{name}" in dictionary.ids
    assert [entity.name for entity in source.entities] == [
        entity.name for entity in ENTITIES.values() if entity.source == name
    ]
    assert set(source.datasets) == {
        dataset for entity in ENTITIES.values() if entity.source == name for dataset in entity.feeds
    }
    for entity in source.entities:
        assert any(field.feeds and field.reaches for field in entity.fields), entity.name
        assert {field_anchor(entity.table, field.name) for field in entity.fields} <= set(
            dictionary.ids
        )


def test_what_a_source_feeds_and_what_it_cannot(content: Contents) -> None:
    sources = {source.name: source for source in content.sources}
    month = "marts.fct_agent_month"
    asterisk, connect = sources["asterisk"], sources["amazon_connect"]
    # Hold is in talk there, and outcomes, surveys and evaluations are in no log.
    never = {"hold_seconds", "csat", "quality_score", "resolved_tickets", "conversion_rate"}
    assert {(month, column) for column in never} <= set(asterisk.beyond)
    assert ("staging.stg_landing__interactions", "hold_seconds") in asterisk.never
    fed = {"talk_seconds", "acw_seconds", "handled_contacts", "available_seconds", "occupancy"}
    assert not {(month, column) for column in fed} & set(asterisk.beyond)
    fields = {
        field.name: field
        for entity in connect.entities
        if entity.name == "amazon_connect/contact_records"
        for field in entity.fields
    }
    for field, column in (
        ("AgentInteractionDuration", "talk_seconds"),
        ("CustomerHoldDuration", "hold_seconds"),
        ("AfterContactWorkDuration", "acw_seconds"),
    ):
        assert fields[f"Agent.{field}"].feeds == (("staging.stg_landing__interactions", column),)
        assert (month, column) in fields[f"Agent.{field}"].reaches
        assert (month, column) not in connect.beyond
    assert (month, "quality_score") not in connect.beyond
    assert (month, "csat") in connect.beyond
    assert fields["Queue.ARN"].feeds == ()


def test_lineage_knows_the_columns_that_the_database_has(
    content: Contents, catalog: dict[str, Any]
) -> None:
    known = {
        (f"{node['metadata']['schema']}.{node['metadata']['name']}", column)
        for node in catalog["nodes"].values()
        for column in node["columns"]
    }
    sources = {
        source
        for model in (*content.marts, *content.others)
        for field in model.fields
        for source in field.sources
        if source[1] != "*" and not source[0].startswith(("landing.", "records."))
    }
    assert sources
    assert sources - known == set()


def test_everything_is_described_and_the_marts_are_typed(manifest: dict[str, Any]) -> None:
    models = [node for node in manifest["nodes"].values() if node["resource_type"] == "model"]
    nameless = {node["name"] for node in models if not node["description"].strip()}
    columns = {
        f"{node['name']}.{name}"
        for node in models
        if node["schema"] == "marts"
        for name, column in node["columns"].items()
        if not column["description"].strip() or not column["data_type"]
    }
    assert (nameless, columns) == (set(), set())
    typed = re.fullmatch(
        r"marts: (\d+) of \1 models and (\d+) of \2 columns described, \2 typed",
        coverage(manifest)[0],
    )
    assert typed
    assert int(typed[1]) > 0


def test_dbts_own_page_has_no_tracker(site: Path) -> None:
    assert "cloudfront" not in (site / "index.html").read_text()


@pytest.mark.skipif(CHROMIUM is None, reason="needs chromium")
@pytest.mark.parametrize("page", ["dictionary.html", "index.html"])
def test_a_browser_asks_the_network_for_nothing(page: str, site: Path, tmp_path: Path) -> None:
    assert CHROMIUM
    log = tmp_path / "net.json"
    finished = subprocess.run(
        [CHROMIUM, "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-background-networking",
         f"--user-data-dir={tmp_path / 'profile'}", f"--log-net-log={log}", "--virtual-time-budget=3000",
         "--dump-dom", (site / page).as_uri()],
        capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    assert "fct_agent_day" in finished.stdout
    asked = {
        urlsplit(url).hostname or ""
        for url in re.findall(r'"url":"((?:https?|wss?)://[^"]+)', log.read_text())
    }
    assert {host for host in asked if not OF_THE_BROWSER.search(host)} == set()


@pytest.mark.skipif(CHROMIUM is None, reason="needs chromium")
def test_the_filter_leaves_only_what_was_asked_for(site: Path, tmp_path: Path) -> None:
    assert CHROMIUM
    text = (site / "dictionary.html").read_text()
    asking = "<script>filter.value = 'Abandon_Rate'; filter.dispatchEvent(new Event('input'));</script></body>"
    changed = tmp_path / "asked.html"
    changed.write_text(text.replace("</body>", asking))
    finished = subprocess.run(
        [CHROMIUM, "--headless=new", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path / 'profile'}",
         "--dump-dom", changed.as_uri()],
        capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    shown = re.findall(r'<tr id="([^"]+)">', finished.stdout)
    assert shown == ["marts.fct_queue_day.abandon_rate", "marts.queue_figures.abandon_rate"]
    assert ">2 columns<" in finished.stdout
