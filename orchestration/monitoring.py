"""What a monitoring system asks about a home: loads, freshness, runs, closes, messages and tasks, as Prometheus text.

It counts what is recorded; it computes no figure and names nobody.
"""

import datetime as dt
import shutil
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path

import dagster as dg
from prometheus_client import CollectorRegistry, Gauge, generate_latest

from ingestion import ENTITIES, INPUTS, Home, durable, read_ledger, stores
from orchestration import records
from orchestration.database import attached
from orchestration.delivery.register import Register
from orchestration.instance import end_dead_runs, open_instance, prepare_instance
from orchestration.quality import history
from orchestration.resources import delivery_settings

# Whoever watches reads the file as another user; it holds counts and instants alone.
READABLE = 0o644
# A month of daily runs, and more: what ran before says nothing of today.
_RUNS = 200


def write(home: Home, out: Path) -> None:
    """Write the text into a file in one step: whoever reads it meanwhile reads the one of before."""
    durable.write_bytes(out, exposition(home))
    out.chmod(READABLE)


def exposition(home: Home) -> bytes:
    """The state of a home in Prometheus' text format; instants are seconds since 1970.

    Raises:
        UnusableInput: a file of the home cannot be read, or `delivery.yml` is not as it should be.
        ConnectionError: runs are kept on a PostgreSQL server, and it cannot be reached.
    """
    registry = CollectorRegistry()
    _loads(registry, home)
    _runs(registry, home)
    _publications(registry, home)
    _quality(registry, home)
    _deliveries(registry, home)
    _tasks(registry, home)
    _stores(registry, home)
    free = shutil.disk_usage(home.root).free
    _gauge(registry, "disk_free_bytes", "Free bytes of the disk that the home is on", {(): free})
    return generate_latest(registry)


def _gauge(
    registry: CollectorRegistry,
    name: str,
    says: str,
    values: Mapping[tuple[str, ...], float],
    labels: tuple[str, ...] = (),
) -> None:
    """Add a figure with a value for each combination of labels."""
    gauge = Gauge(f"scorehouse_{name}", says, labels, registry=registry)
    for of, value in values.items():
        (gauge.labels(*of) if labels else gauge).set(value)


def _by(
    registry: CollectorRegistry, name: str, says: str, label: str, counted: Mapping[str, float]
) -> None:
    """Add a figure with a value for each value of one label."""
    _gauge(registry, name, says, {(of,): value for of, value in counted.items()}, (label,))


def _seconds(instant: str) -> float:
    return dt.datetime.fromisoformat(instant).timestamp()


def _loads(registry: CollectorRegistry, home: Home) -> None:
    loads = read_ledger(home)
    seen = {load.dataset for load in loads}
    # A dataset of the landing contract that never came is what a watch is for; of vendors only those in use.
    names = [name for name in INPUTS if name in seen or name not in ENTITIES]
    files, rows, rejected, quarantined = (
        Counter[str](),
        Counter[str](),
        Counter[str](),
        Counter[str](),
    )
    last: dict[str, float] = {}
    for load in loads:
        is_loaded = load.status == "loaded"
        files[load.dataset] += is_loaded
        quarantined[load.dataset] += not is_loaded
        rows[load.dataset] += load.rows_loaded
        rejected[load.dataset] += load.rows_rejected
        last[load.dataset] = _seconds(load.loaded_at)
    for name, says, counted in (
        ("loaded_files", "Files loaded", files),
        ("quarantined_files", "Files that could not be read, quarantined whole", quarantined),
        ("loaded_rows", "Rows loaded", rows),
        ("rejected_rows", "Rows rejected, in quarantine with their reason", rejected),
    ):
        _by(registry, name, says, "dataset", {one: counted[one] for one in names})
    _by(
        registry,
        "last_load_timestamp_seconds",
        "When a file of the dataset was last loaded or quarantined; 0: never",
        "dataset",
        {one: last.get(one, 0) for one in names},
    )


def _runs(registry: CollectorRegistry, home: Home) -> None:
    ended: dict[tuple[str, ...], float] = {}
    took: dict[str, float] = {}
    going = Counter[str]()
    prepare_instance(home)
    with open_instance(home) as instance:
        end_dead_runs(home, instance)
        for record in instance.get_run_records(limit=_RUNS):
            run = record.dagster_run
            if run.status == dg.DagsterRunStatus.STARTED:
                going[run.job_name] += 1
            if record.start_time is None or record.end_time is None:
                continue
            outcome = "success" if run.is_success else "failure"
            # The newest come first.
            ended.setdefault((run.job_name, outcome), record.end_time)
            took.setdefault(run.job_name, record.end_time - record.start_time)
    _gauge(
        registry,
        "last_run_timestamp_seconds",
        "When a run of the job last ended so",
        ended,
        ("job", "outcome"),
    )
    _by(registry, "last_run_seconds", "How long the job's last run took", "job", took)
    _by(registry, "running", "Runs of the job that go on", "job", going)


def _publications(registry: CollectorRegistry, home: Home) -> None:
    published = records.publications(home)
    # What never was is 0, which is long ago to whoever watches: a figure that is missing wakes nobody.
    newest, as_of = (
        _seconds(published[-1][name]) if published else 0 for name in ("published_at", "as_of")
    )
    for name, says, instant in (
        ("published_timestamp_seconds", "When the marts were last published; 0: never", newest),
        ("published_as_of_timestamp_seconds", "The instant that they report at", as_of),
    ):
        _gauge(registry, name, says, {(): instant})
    closes = records.recorded_closes(home)
    revisions: Counter[str] = Counter()
    for close in closes:
        revisions[f"{close.month:%Y-%m}"] += close.revisions
    _by(
        registry,
        "closed_month_revisions",
        "Revisions of people's months, by month",
        "month",
        revisions,
    )


def _quality(registry: CollectorRegistry, home: Home) -> None:
    found: Counter[tuple[str, ...]] = Counter()
    for run, result in history.latest_results(history.runs(home)):
        found[run.stage, result.outcome] += 1
    _gauge(
        registry,
        "quality_rules",
        "Rules of the quality gates, by what came of them last",
        found,
        ("stage", "outcome"),
    )


def _deliveries(registry: CollectorRegistry, home: Home) -> None:
    settings = delivery_settings(home)
    register = Register(home, settings.ledger_url)
    try:
        counted = register.counts()
    finally:
        register.close()
    _by(registry, "messages", "Messages on their way over a transport", "state", counted)
    written = float(len(records.deliveries(home)))
    _gauge(registry, "messages_written", "Messages, tasks and exports written", {(): written})


def _stores(registry: CollectorRegistry, home: Home) -> None:
    waiting = {store.name: store.waiting() for store in stores.stores_of(home)}
    says = "Files of a folder that its store in object storage does not have as they are"
    _by(registry, "store_waiting_files", says, "store", waiting)


def _tasks(registry: CollectorRegistry, home: Home) -> None:
    states: Iterable[tuple[str, int]] = ()
    if home.published_database.exists():
        with attached(published=home.published_database) as connection:
            states = connection.execute(
                "select state, count(*) from published.marts.performance_action"
                " where state is not null group by state order by state"
            ).fetchall()
    _by(registry, "tasks", "Review and coaching tasks", "state", dict(states))
