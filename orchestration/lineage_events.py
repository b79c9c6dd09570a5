"""OpenLineage events of a run: which landed files and tables went into which tables.

One file per run under `<home>/records/openlineage`, one JSON event per line (OpenLineage 2-0-2), and
to a server where OPENLINEAGE_URL names one. Nothing here may stop a run: what cannot be written or sent is one warning.

The events hold names of files, tables and columns, hashes and counts; no values and no persons.
"""

import datetime as dt
import json
import os
import urllib.request
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ingestion import DATASETS, Home, Load, UnusableInput, durable, read_ledger
from ingestion.home import raw_columns
from orchestration.progress import tell
from orchestration.project import MANIFEST

NAMESPACE = "scorehouse"
PRODUCER = "urn:scorehouse"
KEPT_RUNS = 400
"""Some 350 kB each: a year of daily builds and closes."""

URL_VARIABLE = "OPENLINEAGE_URL"
ENDPOINT_VARIABLE = "OPENLINEAGE_ENDPOINT"
KEY_VARIABLE = "OPENLINEAGE_API_KEY"
TIMEOUT_SECONDS = 5

_SPEC = "https://openlineage.io/spec"
_FACETS = {
    "schema": "1-2-0/SchemaDatasetFacet",
    "version": "1-0-1/DatasetVersionDatasetFacet",
    "parent": "1-2-0/ParentRunFacet",
    "jobType": "2-0-4/JobTypeJobFacet",
    "outputStatistics": "1-0-2/OutputStatisticsOutputDatasetFacet",
}
_STATES = {"success": "COMPLETE", "error": "FAIL", "skipped": "ABORT"}

Event = dict[str, Any]


@dataclass(frozen=True)
class Events:
    """Where the events of a run go: a file of its own, and a server or none.

    `run_id`: of the whole run, a UUID. `job`: its name. `server`: the address and key, if any.
    """

    home: Home
    run_id: str
    job: str
    began: dt.datetime
    server: tuple[str, str | None] | None = None
    _failed: set[str] = field(default_factory=set)

    @property
    def file(self) -> Path:
        """The file of this run; names order as the runs began."""
        return (
            folder(self.home) / f"{self.began:%Y%m%dT%H%M%SZ}-{self.job}-{self.run_id[:8]}.ndjson"
        )

    def emit(self, events: Sequence[Event]) -> None:
        """Add events to the file, and send them. The first failure is told; the server is not asked again."""
        try:
            folder(self.home).mkdir(mode=0o700, parents=True, exist_ok=True)
            before = self.file.read_text(encoding="utf-8") if self.file.exists() else ""
            lines = "".join(json.dumps(event, ensure_ascii=False) + "\n" for event in events)
            durable.write_text(self.file, before + lines)
        except OSError as error:
            self._warn("written", error.strerror or str(error))
        for event in events if self.server and "sent" not in self._failed else ():
            if not self._send(event):
                break

    def _send(self, event: Event) -> bool:
        assert self.server is not None
        url, key = self.server
        headers = {"Content-Type": "application/json"}
        if key:
            headers["Authorization"] = f"Bearer {key}"
        try:
            request = urllib.request.Request(url, json.dumps(event).encode(), headers)
            with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS):
                return True
        except (OSError, ValueError) as error:
            # The address may hold a password.
            reason = getattr(error, "reason", None) or type(error).__name__
            self._warn("sent", f"{reason}; look at {URL_VARIABLE}")
            return False

    def _warn(self, what: str, reason: str) -> None:
        if what not in self._failed:
            tell(f"warning: lineage events were not {what}: {reason}")
        self._failed.add(what)


def folder(home: Home) -> Path:
    """Where the files of events are."""
    return home.records / "openlineage"


def server_of(environment: Mapping[str, str]) -> tuple[str, str | None] | None:
    """The address of the server and its key, from the variables that OpenLineage clients share; None without."""
    url = environment.get(URL_VARIABLE, "").rstrip("/")
    if not url:
        return None
    endpoint = environment.get(ENDPOINT_VARIABLE, "api/v1/lineage").lstrip("/")
    return f"{url}/{endpoint}", environment.get(KEY_VARIABLE)


@contextmanager
def of_run(home: Home, run_id: str, job: str) -> Iterator[list[bool]]:
    """Write the events of the run that goes on inside.

    What it yields gets one entry at the end: whether the run succeeded. Without, it failed.
    """
    began = dt.datetime.now(dt.UTC)
    events = Events(home, run_id, job, began, server_of(os.environ))
    loads_before = len(_loads(home))
    succeeded: list[bool] = []
    events.emit([run_event("START", began, run_id, job)])
    try:
        yield succeeded
    finally:
        _sweep(home)
        state = "COMPLETE" if succeeded and succeeded[-1] else "FAIL"
        new = [load for load in _loads(home)[loads_before:] if load.status == "loaded"]
        found = [*ingestion_events(events, new), *model_events(events, *artifacts(home, began))]
        made = [dataset for event in found for dataset in event.get("outputs", ())]
        published = [
            one for one in made if state == "COMPLETE" and one["name"].startswith("marts.")
        ]
        end = run_event(
            state,
            dt.datetime.now(dt.UTC),
            run_id,
            job,
            inputs=[landed_file(load) for load in new],
            outputs=[{"namespace": NAMESPACE, "name": one["name"]} for one in published],
        )
        events.emit([*found, end])


def artifacts(home: Home, began: dt.datetime) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """dbt's manifest, and what it says of each model of this run; nothing where this run built nothing."""
    try:
        results = json.loads((home.dagster / "dbt" / "run_results.json").read_bytes())
        started = dt.datetime.fromisoformat(results["metadata"]["invocation_started_at"])
        if started < began:
            return {}, []
        return json.loads(MANIFEST.read_bytes()), results["results"]
    except (OSError, ValueError, KeyError, TypeError):
        return {}, []


def ingestion_events(events: Events, loads: Sequence[Load]) -> list[Event]:
    """Per dataset the files that this run loaded, with the hash of each as its version."""
    made: list[Event] = []
    for name, dataset in DATASETS.items():
        files = [load for load in loads if load.dataset == name]
        if not files:
            continue
        job, run_id = f"ingest.{name}", child_run(events.run_id, f"ingest.{name}")
        end = dt.datetime.fromisoformat(files[-1].loaded_at)
        output = table(f"landing.{name}", raw_columns(dataset))
        output["outputFacets"] = {
            "outputStatistics": facet(
                "outputStatistics", rowCount=sum(f.rows_loaded for f in files)
            )
        }
        made += [
            run_event("START", events.began, run_id, job, parent=events),
            run_event(
                "COMPLETE",
                end,
                run_id,
                job,
                parent=events,
                inputs=[landed_file(load) for load in files],
                outputs=[output],
            ),
        ]
    return made


def model_events(
    events: Events, manifest: Mapping[str, Any], results: Sequence[Mapping[str, Any]]
) -> list[Event]:
    """Start and end of every model and table of rules that dbt was asked for, with what it reads and makes."""
    made: list[Event] = []
    for result in results:
        node = manifest.get("nodes", {}).get(result["unique_id"])
        state = _STATES.get(result["status"])
        if node is None or state is None or node["resource_type"] not in ("model", "seed"):
            continue
        job, run_id = f"dbt.{node['name']}", child_run(events.run_id, result["unique_id"])
        times = [
            time for timing in result["timing"] for time in timing.values() if time[:1].isdigit()
        ]
        begun = dt.datetime.fromisoformat(min(times)) if times else events.began
        ended = dt.datetime.fromisoformat(max(times)) if times else begun
        inputs = [
            {"namespace": NAMESPACE, "name": table_of(manifest, upstream)}
            for upstream in node["depends_on"].get("nodes", ())
        ]
        columns = [(name, one.get("data_type") or "") for name, one in node["columns"].items()]
        made += [
            run_event("START", begun, run_id, job, parent=events),
            run_event(
                state,
                ended,
                run_id,
                job,
                parent=events,
                inputs=inputs,
                outputs=[table(table_of(manifest, result["unique_id"]), columns)],
            ),
        ]
    return made


def run_event(
    state: str,
    at: dt.datetime,
    run_id: str,
    job: str,
    *,
    parent: Events | None = None,
    inputs: Sequence[Event] = (),
    outputs: Sequence[Event] = (),
) -> Event:
    """One event; `state` is START, COMPLETE, ABORT or FAIL."""
    facets: Event = {}
    if parent is not None:
        facets["parent"] = facet(
            "parent", run={"runId": parent.run_id}, job={"namespace": NAMESPACE, "name": parent.job}
        )
    kind = "DBT" if job.startswith("dbt.") else "SCOREHOUSE"
    job_type = facet("jobType", processingType="BATCH", integration=kind, jobType="JOB")
    return {
        "eventType": state,
        "eventTime": at.astimezone(dt.UTC)
        .isoformat(timespec="milliseconds")
        .replace("+00:00", "Z"),
        "run": {"runId": run_id, "facets": facets},
        "job": {"namespace": NAMESPACE, "name": job, "facets": {"jobType": job_type}},
        "inputs": list(inputs),
        "outputs": list(outputs),
        "producer": PRODUCER,
        "schemaURL": f"{_SPEC}/2-0-2/OpenLineage.json#/$defs/RunEvent",
    }


def facet(key: str, **content: object) -> Event:
    """A facet of a known kind with where its schema is."""
    path = _FACETS[key]
    return {
        "_producer": PRODUCER,
        "_schemaURL": f"{_SPEC}/facets/{path}.json#/$defs/{path.partition('/')[2]}",
        **content,
    }


def landed_file(load: Load) -> Event:
    """A landed file as a dataset; its version is the hash of its bytes."""
    return {
        "namespace": NAMESPACE,
        "name": f"files/{load.file}",
        "facets": {"version": facet("version", datasetVersion=load.file_sha256)},
    }


def table(name: str, columns: Sequence[tuple[str, str]]) -> Event:
    """A table as a dataset, with its columns."""
    fields = [
        {"name": column, "type": kind} if kind else {"name": column} for column, kind in columns
    ]
    return {
        "namespace": NAMESPACE,
        "name": name,
        "facets": {"schema": facet("schema", fields=fields)} if fields else {},
    }


def table_of(manifest: Mapping[str, Any], unique_id: str) -> str:
    """`schema.name` of a node or source of dbt."""
    node = manifest["nodes"].get(unique_id) or manifest["sources"].get(unique_id)
    if node is None:
        return unique_id
    if node["resource_type"] == "source":
        return f"{node['source_name']}.{node['name']}"
    return f"{node['schema']}.{node['name']}"


def child_run(run_id: str, name: str) -> str:
    """The run of a part, the same for the same run and part."""
    return str(uuid.uuid5(uuid.UUID(run_id), name))


def _loads(home: Home) -> list[Load]:
    try:
        return read_ledger(home)
    except UnusableInput:
        # The run itself says that its ledger is damaged.
        return []


def _sweep(home: Home) -> None:
    """Remove the files of the oldest runs."""
    files = sorted(folder(home).glob("*.ndjson"))
    for file in files[: max(0, len(files) - KEPT_RUNS)]:
        file.unlink(missing_ok=True)
