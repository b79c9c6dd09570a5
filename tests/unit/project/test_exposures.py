"""What is made of the marts names the marts that it reads, and every model has an owner and the right readers."""

import inspect
import json
import re
from typing import Any

import duckdb
import pytest

from orchestration.delivery import outbox
from orchestration.project import MANIFEST, refresh_manifest
from orchestration.publication import interface, mart_names
from reports.page import Page, find_pages
from reports.site import PAGES, load_pages
from reports.warehouse import models_read


@pytest.fixture(scope="module")
def pages() -> dict[str, Page]:
    return {page.path: page for page in load_pages()}


@pytest.fixture(scope="module")
def manifest() -> dict[str, Any]:
    refresh_manifest()
    return json.loads(MANIFEST.read_bytes())


@pytest.fixture(scope="module")
def exposures(manifest: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {exposure["name"]: exposure for exposure in manifest["exposures"].values()}


@pytest.fixture(scope="module")
def models(manifest: dict[str, Any]) -> dict[str, dict[str, Any]]:
    nodes = manifest["nodes"].values()
    return {node["name"]: node for node in nodes if node["resource_type"] == "model"}


def marts_named_in(module: Any) -> set[str]:
    """The marts that the SQL in a module's source names."""
    return set(re.findall(r"\bmarts\.([a-z_]+)", inspect.getsource(module))) & set(
        mart_names(MANIFEST)
    )


def models_of(page: Page) -> set[str]:
    """The marts and table functions that a page's queries read, themselves or through a relation of all pages."""
    read: set[str] = set()
    with duckdb.connect() as connection:
        for query in page.queries.values():
            sql = page.composed(query).replace("$", "x_")
            for table in connection.get_table_names(sql):
                read |= models_read(table.rpartition(".")[2])
    return read


def reads(exposure: dict[str, Any]) -> set[str]:
    return {node.rpartition(".")[2] for node in exposure["depends_on"]["nodes"]}


def pages_of(exposures: dict[str, dict[str, Any]], kind: str) -> dict[str, dict[str, Any]]:
    """Page → its exposure: as a page (dashboard) or as a PDF (analysis)."""
    found = [exposure for exposure in exposures.values() if exposure["type"] == kind]
    by_page = {exposure["config"]["meta"]["page"]: exposure for exposure in found}
    assert len(by_page) == len(found)
    return by_page


def test_a_page_and_its_pdf_name_the_models_their_queries_read(
    exposures: dict[str, Any], pages: dict[str, Page]
) -> None:
    expected = {path: models_of(page) for path, page in pages.items()}
    for kind in ("dashboard", "analysis"):
        named = pages_of(exposures, kind)
        assert {path: reads(one) for path, one in named.items()} == {
            path: expected[path] for path in named
        }


def test_the_models_of_a_page_are_found_in_queries_partials_and_relations(
    pages: dict[str, Page],
) -> None:
    # Two stand behind the relation `units` that says who has a page, the rest is read by the partial.
    assert models_of(pages["[folder]/[unit_id]/sales.md"]) == {
        "agent_performance_month",
        "fct_sale",
        "monthly_performance_summary",
        "report_parameters",
        "unit_days",
        "unit_figures",
        "unit_revenue_figures",
    }


def test_every_page_pdf_and_kind_of_message_is_an_exposure(
    exposures: dict[str, Any], pages: dict[str, Page], manifest: dict[str, Any]
) -> None:
    on_paper = {path for path, page in pages.items() if page.front.get("pdf")}
    assert on_paper
    assert set(pages_of(exposures, "dashboard")) == set(find_pages(PAGES)) == set(pages)
    assert set(pages_of(exposures, "analysis")) == on_paper
    messages = {name for name, one in exposures.items() if one["type"] == "application"}
    assert messages == message_kinds(manifest)


def test_a_message_names_the_marts_that_the_outbox_reads(
    exposures: dict[str, Any], pages: dict[str, Page], manifest: dict[str, Any]
) -> None:
    expected = {kind: marts_named_in(outbox) for kind in message_kinds(manifest)}
    # The agent's PDF goes with it.
    expected["agent_summary"] |= models_of(pages["agents/[agent_id].md"])
    assert {kind: reads(exposures[kind]) for kind in expected} == expected


def message_kinds(manifest: dict[str, Any]) -> set[str]:
    """The values that `performance_action.action_type` may have."""
    return next(
        set(node["test_metadata"]["kwargs"]["values"])
        for node in manifest["nodes"].values()
        if node["resource_type"] == "test"
        and node.get("column_name") == "action_type"
        and node["attached_node"] == "model.scorehouse.performance_action"
        and node["test_metadata"]["name"] == "accepted_values"
    )


def test_every_exposure_and_group_has_an_owner_with_an_address(manifest: dict[str, Any]) -> None:
    owners = [
        item["owner"]
        for kind in ("exposures", "groups")
        for item in manifest[kind].values()
    ]  # fmt: skip
    assert owners
    assert all(owner["name"] and "@" in owner["email"] for owner in owners)


def test_the_marts_and_table_functions_are_public_and_nothing_else_is(
    models: dict[str, Any],
) -> None:
    public = {name for name, model in models.items() if model["access"] == "public"}
    assert public == {mart.name for mart in interface(MANIFEST)}


def test_every_model_belongs_to_a_group_and_every_group_has_models(
    models: dict[str, Any], manifest: dict[str, Any]
) -> None:
    groups = {group["name"] for group in manifest["groups"].values()}
    assert {model["group"] for model in models.values()} == groups
