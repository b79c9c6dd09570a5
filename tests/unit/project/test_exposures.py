"""What is made of the marts names the marts that it reads, and every model has an owner and the right readers."""

import inspect
import json
import re
from pathlib import Path
from typing import Any

import duckdb
import pytest
import reports.month

import reports.warehouse
from orchestration.delivery import outbox
from orchestration.project import MANIFEST, refresh_manifest
from orchestration.publication import interface, mart_names
from reports.components import Components
from reports.page import load_page

PAGES = {
    "report_index": "index.md",
    "report_agent_page": "agents/[agent_id].md",
    "report_agent_pdf": "agents/[agent_id].md",
    "report_team_page": "teams/[team_id].md",
    "report_team_pdf": "teams/[team_id].md",
}
PAGE_FOLDER = Path(reports.month.__file__).parent / "pages"
PAGE_NAMES = frozenset(
    {*Components(lambda folder, identity: None).names(), "month", "provisional", "agent_id", "team_id"}
)  # fmt: skip


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


def marts_of_a_page(file: str) -> set[str]:
    """The marts that a report reads: its own queries, and those every report shares (who has one, which month)."""
    page = load_page(PAGE_FOLDER, file, PAGE_NAMES)
    with duckdb.connect() as connection:
        named = {
            table.rpartition(".")[2]
            for query in page.queries.values()
            for table in connection.get_table_names(
                re.sub(r"\$\{\w+\}", "(select 1)", query.sql).replace("$", "x_")
            )
        }
    own = named & set(mart_names(MANIFEST))
    return own | marts_named_in(reports.month) | marts_named_in(reports.warehouse)


def reads(exposure: dict[str, Any]) -> set[str]:
    return {node.rpartition(".")[2] for node in exposure["depends_on"]["nodes"]}


@pytest.mark.parametrize("name", PAGES)
def test_a_report_names_the_marts_its_queries_read(name: str, exposures: dict[str, Any]) -> None:
    expected = marts_of_a_page(PAGES[name])
    assert expected > {"fct_team_month"}
    assert reads(exposures[name]) == expected


def test_every_page_and_every_kind_of_message_is_an_exposure(
    exposures: dict[str, Any], manifest: dict[str, Any]
) -> None:
    pages = {path.relative_to(PAGE_FOLDER).as_posix() for path in PAGE_FOLDER.rglob("*.md")}
    assert set(PAGES.values()) == pages
    assert set(exposures) == set(PAGES) | message_kinds(manifest)


def test_a_message_names_the_marts_that_the_outbox_reads(
    exposures: dict[str, Any], manifest: dict[str, Any]
) -> None:
    expected = {kind: marts_named_in(outbox) for kind in message_kinds(manifest)}
    # The agent's PDF goes with it.
    expected["agent_summary"] |= marts_of_a_page(PAGES["report_agent_pdf"])
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
