"""The metrics of the semantic layer: the same parts and ratios as the models, each with a label and a description."""

import json
from typing import Any

import pytest

from orchestration.project import MANIFEST, SEMANTIC_MANIFEST, refresh_manifest
from tests.support.figures import agent_parts, agent_ratios

# A ratio divides two metrics, so a denominator that is a sum of parts is a metric of its own.
SUMS = {"active_seconds + available_seconds": "active_and_available_seconds"}


@pytest.fixture(scope="module")
def manifest() -> dict[str, Any]:
    refresh_manifest()
    return json.loads(MANIFEST.read_bytes())


@pytest.fixture(scope="module")
def metrics(manifest: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {metric["name"]: metric for metric in manifest["metrics"].values()}


@pytest.fixture(scope="module")
def agent_day(manifest: dict[str, Any]) -> dict[str, Any]:
    return next(m for m in manifest["semantic_models"].values() if m["name"] == "agent_day")


def test_the_agent_day_has_a_measure_for_every_part_and_no_other(agent_day: dict[str, Any]) -> None:
    measures = {m["name"]: (m["agg"], m["expr"] or m["name"]) for m in agent_day["measures"]}
    expected = {part["name"]: ("sum", part["name"]) for part in agent_parts()}
    assert measures == expected | {name: ("sum", expr) for expr, name in SUMS.items()}


def test_every_part_is_a_metric(metrics: dict[str, Any]) -> None:
    found = {
        name: metric["type_params"]["measure"]["name"]
        for name, metric in metrics.items()
        if metric["type"] == "simple"
    }
    parts = {part["name"] for part in agent_parts()}
    assert {name: found.get(name) for name in parts} == {name: name for name in parts}


def test_every_ratio_is_a_metric_of_the_same_parts(
    metrics: dict[str, Any], agent_day: dict[str, Any]
) -> None:
    parts = {measure["name"] for measure in agent_day["measures"]}
    found = {
        name: (metric["type_params"]["numerator"]["name"], metric["type_params"]["denominator"]["name"])
        for name, metric in metrics.items()
        if metric["type"] == "ratio" and metric["type_params"]["numerator"]["name"] in parts
    }  # fmt: skip
    assert found == {
        ratio["name"]: (
            ratio["numerator"],
            SUMS.get(ratio["denominator"], ratio["denominator"]),
        )
        for ratio in agent_ratios()
    }


def test_every_metric_says_what_it_is(metrics: dict[str, Any]) -> None:
    assert metrics
    silent = {
        name
        for name, metric in metrics.items()
        if metric["label"] in ("", name)
        or metric["description"] in ("", f"Metric created from measure {name}")
        or "{{" in metric["description"]
    }
    assert silent == set()


def test_metricflow_finds_the_metrics_where_it_looks(metrics: dict[str, Any]) -> None:
    found = {metric["name"] for metric in json.loads(SEMANTIC_MANIFEST.read_bytes())["metrics"]}
    assert found == set(metrics)
