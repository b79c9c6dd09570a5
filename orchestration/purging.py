"""Removing what is due, so that a crash at any point is completed by the next run, and recording the proof."""

import datetime as dt
import json
import secrets
from collections.abc import Sequence
from pathlib import Path

import dagster as dg

import reports
from ingestion import Home, durable, encryption, ledger
from orchestration import retention
from orchestration.progress import tell
from orchestration.retention import Item, Listing
from orchestration.storage import storage_of
from orchestration.storing import store_raw, store_reports

RUN_HISTORY = "run_history"


def journal(home: Home) -> Path:
    """What a purge is about to do: written before the first file goes, removed after the record is there."""
    return home.records / "purge.json"


def past_runs(instance: dg.DagsterInstance) -> list[Item]:
    """Runs of the orchestrator that are over, with the month in which they began."""
    over = dg.RunsFilter(
        statuses=[
            dg.DagsterRunStatus.SUCCESS,
            dg.DagsterRunStatus.FAILURE,
            dg.DagsterRunStatus.CANCELED,
        ]
    )
    return [
        Item(RUN_HISTORY, month, month, record.dagster_run.run_id, None, 0)
        for record in instance.get_run_records(over)
        for month in [record.create_timestamp.astimezone(dt.UTC).date().replace(day=1)]
    ]


def purge(home: Home, listing: Listing, instance: dg.DagsterInstance) -> None:
    """Remove what is due and record it; the caller holds the lock of runs."""
    if not listing.due:
        return
    intention = {
        "record": retention.record_of(home, listing, secrets.token_hex(8)),
        "paths": [item.path for item in listing.due if item.kind != RUN_HISTORY],
        "runs": [item.path for item in listing.due if item.kind == RUN_HISTORY],
    }
    text = json.dumps(intention, ensure_ascii=False) + "\n"
    durable.write_bytes(journal(home), encryption.seal(journal(home), text.encode()))
    complete(home, instance)


def complete(home: Home, instance: dg.DagsterInstance) -> bool:
    """Carry out the purge that is in the journal, wherever it was stopped; False where there is none."""
    path = journal(home)
    if not path.exists():
        return False
    intention = json.loads(encryption.read(path))
    _remove(home, intention["paths"])
    for run_id in intention["runs"]:
        if instance.has_run(run_id):
            instance.delete_run(run_id)
    content = intention["record"]
    chain = ledger.Ledger(home)
    with chain.appending() as batch:
        done = {one.content.get("purge") for one in batch.new if one.kind == "purge"}
        if content["purge"] not in done:
            batch.add("purge", content)
    # Only now does the ledger let go of raw files.
    store_raw(home)
    in_reports = (Path(name).parts for name in intention["paths"] if name.startswith("reports/"))
    store_reports(home, {parts[1] for parts in in_reports})
    path.unlink()
    return True


def complete_unfinished(home: Home, instance: dg.DagsterInstance) -> None:
    """Before a run builds on the raw files: a purge that was stopped half-way is carried out to its end."""
    if complete(home, instance):
        tell("completed a purge that was stopped half-way")


def _remove(home: Home, paths: Sequence[str]) -> None:
    in_reports: dict[Path, list[str]] = {}
    storage = storage_of(home.root)
    for name in paths:
        path = home.root / name
        if path.is_relative_to(home.reports):
            folder = home.reports / path.relative_to(home.reports).parts[0]
            in_reports.setdefault(folder, []).append(
                storage.known_as(path).relative_to(folder).as_posix()
            )
        else:
            path.unlink(missing_ok=True)
    for month in home.outbox.glob("*"):
        if month.is_dir() and not any(month.iterdir()):
            month.rmdir()
    for folder, names in in_reports.items():
        reports.forget(folder, names, storage)
    if in_reports and home.reports.exists():
        reports.write_overview(home.reports, storage)
