"""OpenLineage events: as the specification's own client reads them, complete, and never in the way of a run."""

import datetime as dt
import hashlib
import http.server
import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ingestion import Home, ingest
from orchestration import lineage_events
from orchestration.progress import progress

RUN = "0199f3a4-1111-4222-8333-444455556666"
TEAMS = "team_id,team_name,department\nT1,Secret Team,D\n"
MANIFEST = {
    "nodes": {
        "model.s.stg_teams": {
            "resource_type": "model",
            "name": "stg_teams",
            "schema": "staging",
            "depends_on": {"nodes": ["source.s.landing.teams"]},
            "columns": {"team_id": {"data_type": "varchar"}, "team_name": {}},
        },
        "model.s.dim_team": {
            "resource_type": "model",
            "name": "dim_team",
            "schema": "marts",
            "depends_on": {"nodes": ["model.s.stg_teams"]},
            "columns": {},
        },
        "test.s.t": {"resource_type": "test", "name": "t", "schema": "x", "columns": {}},
    },
    "sources": {
        "source.s.landing.teams": {
            "resource_type": "source",
            "source_name": "landing",
            "name": "teams",
        }
    },
}


def result(unique_id: str, status: str = "success") -> dict[str, Any]:
    times = {"started_at": "2099-01-01T00:00:01.5Z", "completed_at": "2099-01-01T00:00:02Z"}
    return {"unique_id": unique_id, "status": status, "timing": [{"name": "execute", **times}]}


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    for name in ("URL", "ENDPOINT", "API_KEY"):
        monkeypatch.delenv(f"OPENLINEAGE_{name}", raising=False)
    manifest = tmp_path / "manifest.json"
    manifest.write_text(json.dumps(MANIFEST))
    monkeypatch.setattr(lineage_events, "MANIFEST", manifest)
    home = Home(tmp_path / "home")
    home.prepare()
    folder = home.landing / "teams"
    folder.mkdir()
    (folder / "a.csv").write_text(TEAMS)
    (folder / "b.csv").write_text("x\n")
    return home


def play(home: Home, succeeded: bool = True, status: str = "success") -> list[dict[str, Any]]:
    """A run that loads the landing folder and builds two models; its events, as they were written."""
    with lineage_events.of_run(home, RUN, "monthly_close") as outcome:
        ingest(home, home.landing)
        target = home.dagster / "dbt"
        target.mkdir(exist_ok=True)
        nodes = [
            result("model.s.stg_teams"),
            result("model.s.dim_team", status),
            result("test.s.t", "pass"),
        ]
        content = {"metadata": {"invocation_started_at": "2099-01-01T00:00:00Z"}, "results": nodes}
        (target / "run_results.json").write_text(json.dumps(content))
        if succeeded:
            outcome.append(True)
    (file,) = lineage_events.folder(home).iterdir()
    assert file.stat().st_mode & 0o777 == 0o600
    return [json.loads(line) for line in file.read_text().splitlines()]


def said(events: list[dict[str, Any]]) -> list[tuple[str, str]]:
    return [(event["job"]["name"], event["eventType"]) for event in events]


def names(datasets: list[dict[str, Any]]) -> list[str]:
    return [one["name"] for one in datasets]


def test_every_run_starts_and_ends_with_what_went_in_and_out(home: Home) -> None:
    events = play(home)

    assert said(events) == [
        ("monthly_close", "START"),
        ("ingest.teams", "START"),
        ("ingest.teams", "COMPLETE"),
        ("dbt.stg_teams", "START"),
        ("dbt.stg_teams", "COMPLETE"),
        ("dbt.dim_team", "START"),
        ("dbt.dim_team", "COMPLETE"),
        ("monthly_close", "COMPLETE"),
    ]
    loading, staging, end = events[2], events[4], events[-1]
    assert names(loading["inputs"]) == ["files/teams/a.csv"]
    version = loading["inputs"][0]["facets"]["version"]["datasetVersion"]
    assert version == hashlib.sha256(TEAMS.encode()).hexdigest()
    assert names(loading["outputs"]) == names(staging["inputs"]) == ["landing.teams"]
    assert loading["outputs"][0]["outputFacets"]["outputStatistics"]["rowCount"] == 1
    assert staging["outputs"][0]["facets"]["schema"]["fields"] == [
        {"name": "team_id", "type": "varchar"},
        {"name": "team_name"},
    ]
    assert (names(end["inputs"]), names(end["outputs"])) == (
        ["files/teams/a.csv"],
        ["marts.dim_team"],
    )
    assert {event["run"]["facets"]["parent"]["run"]["runId"] for event in events[1:-1]} == {RUN}
    assert "Secret Team" not in json.dumps(events)


def test_a_failed_run_says_so(home: Home) -> None:
    events = play(home, succeeded=False, status="error")

    assert said(events)[-2:] == [("dbt.dim_team", "FAIL"), ("monthly_close", "FAIL")]
    assert events[-1]["outputs"] == []


def test_a_run_that_builds_nothing_tells_of_no_earlier_build(home: Home) -> None:
    play(home)
    for file in lineage_events.folder(home).iterdir():
        file.unlink()
    earlier = home.dagster / "dbt" / "run_results.json"
    earlier.write_text(earlier.read_text().replace("2099", "1999"))

    with lineage_events.of_run(home, RUN, "ingestion") as outcome:
        outcome.append(True)

    (file,) = lineage_events.folder(home).iterdir()
    assert said([json.loads(line) for line in file.read_text().splitlines()]) == [
        ("ingestion", "START"),
        ("ingestion", "COMPLETE"),
    ]


def test_the_events_are_what_the_specification_says(home: Home) -> None:
    """Made again by the client that OpenLineage generates from its schemas, they are the same."""
    from openlineage.client.event_v2 import InputDataset, Job, OutputDataset, Run, RunEvent
    from openlineage.client.facet_v2 import (
        dataset_version_dataset,
        job_type_job,
        output_statistics_output_dataset,
        parent_run,
        schema_dataset,
    )
    from openlineage.client.generated.base import EventType
    from openlineage.client.serde import Serde

    def plain(facet: dict[str, Any]) -> dict[str, Any]:
        return {key: value for key, value in facet.items() if not key.startswith("_")}

    def facets(of: dict[str, Any], **made: Any) -> dict[str, Any]:
        assert set(of) <= set(made)
        return {key: made[key](plain(value)) for key, value in of.items()}

    def schema(content: dict[str, Any]) -> Any:
        fields = [schema_dataset.SchemaDatasetFacetFields(**one) for one in content["fields"]]
        return schema_dataset.SchemaDatasetFacet(fields=fields)

    def parent(content: dict[str, Any]) -> Any:
        return parent_run.ParentRunFacet(
            parent_run.Run(**content["run"]), parent_run.Job(**content["job"])
        )

    known = {
        "schema": schema,
        "version": lambda content: dataset_version_dataset.DatasetVersionDatasetFacet(**content),
    }
    statistics = output_statistics_output_dataset.OutputStatisticsOutputDatasetFacet
    for event in play(home):
        run, job = event["run"], event["job"]
        made = RunEvent(
            eventType=EventType(event["eventType"]),
            eventTime=event["eventTime"],
            run=Run(run["runId"], facets(run["facets"], parent=parent)),
            job=Job(
                job["namespace"],
                job["name"],
                facets(
                    job["facets"], jobType=lambda content: job_type_job.JobTypeJobFacet(**content)
                ),
            ),
            inputs=[
                InputDataset(
                    one["namespace"], one["name"], facets=facets(one.get("facets", {}), **known)
                )
                for one in event["inputs"]
            ],
            outputs=[
                OutputDataset(
                    one["namespace"],
                    one["name"],
                    facets=facets(one.get("facets", {}), **known),
                    outputFacets=facets(
                        one.get("outputFacets", {}),
                        outputStatistics=lambda content: statistics(**content),
                    ),
                )
                for one in event["outputs"]
            ],
            producer=event["producer"],
        )
        assert without_producer(Serde.to_dict(made)) == without_producer(event)


def without_producer(value: Any) -> Any:
    """Facets of the client name the client itself; what is empty may be left out."""
    if isinstance(value, dict):
        kept = {key: without_producer(one) for key, one in value.items() if key != "_producer"}
        return {key: one for key, one in kept.items() if one not in ({}, [], None)}
    return [without_producer(one) for one in value] if isinstance(value, list) else value


@pytest.fixture
def told() -> Iterator[list[str]]:
    import logging

    class Listener(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            sentences.append(record.getMessage())

    sentences: list[str] = []
    listener = Listener()
    level = progress.level
    progress.addHandler(listener)
    progress.setLevel(logging.INFO)
    yield sentences
    progress.removeHandler(listener)
    progress.setLevel(level)


def test_the_events_go_to_the_server_that_is_named(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    received: list[tuple[str, str | None, dict[str, Any]]] = []

    class Server(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            received.append((self.path, self.headers["Authorization"], json.loads(body)))
            self.send_response(201)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with http.server.HTTPServer(("127.0.0.1", 0), Server) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        monkeypatch.setenv("OPENLINEAGE_URL", f"http://127.0.0.1:{server.server_port}/")
        monkeypatch.setenv("OPENLINEAGE_API_KEY", "key")
        events = play(home)
        server.shutdown()

    assert {(path, key) for path, key, _ in received} == {("/api/v1/lineage", "Bearer key")}
    assert [event for _, _, event in received] == events


@pytest.mark.parametrize("url", ["http://user:hidden@127.0.0.1:1", "nonsense://hidden", "hidden"])
def test_a_server_that_cannot_be_reached_is_one_warning(
    home: Home, monkeypatch: pytest.MonkeyPatch, told: list[str], url: str
) -> None:
    monkeypatch.setenv("OPENLINEAGE_URL", url)

    assert len(play(home)) == 8

    (warning,) = [sentence for sentence in told if "lineage" in sentence]
    assert "not sent" in warning
    assert "hidden" not in warning


def test_events_that_cannot_be_written_are_one_warning(home: Home, told: list[str]) -> None:
    lineage_events.folder(home).write_text("in the way")

    with lineage_events.of_run(home, RUN, "ingestion") as outcome:
        outcome.append(True)

    assert len([sentence for sentence in told if "not written" in sentence]) == 1


def test_the_oldest_files_go(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lineage_events, "KEPT_RUNS", 2)
    folder = lineage_events.folder(home)
    folder.mkdir()
    for day in (1, 2, 3):
        (folder / f"2020010{day}T000000Z-x-1.ndjson").write_text("")

    with lineage_events.of_run(home, RUN, "ingestion"):
        pass

    left = sorted(file.name for file in folder.iterdir())
    assert len(left) == 2
    assert left[0] == "20200103T000000Z-x-1.ndjson"
    assert left[1].startswith(f"{dt.datetime.now(dt.UTC):%Y}")
