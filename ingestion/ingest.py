"""Ingestion of a landing folder: every new file content, once, in a fixed order."""

import hashlib
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ingestion import durable, engine, ledger, old_records
from ingestion.errors import UnusableInput
from ingestion.home import Home
from ingestion.landing import LandingFile, read_scan, scan, write_scan
from ingestion.ledger import Load, Loads
from ingestion.limits import OVER_LIMIT, Limits, printable
from ingestion.load import FileChangedError, kind_of, load_file, make_load_id
from ingestion.mapping import FILE_NAME
from ingestion.sources import INPUTS, SOURCES


@dataclass
class DatasetSummary:
    """What one run did for one dataset.

    `files_new` counts the contents recorded by this run, of which `files_quarantined` whole.
    `unknown_columns`: by file, the columns kept out.
    """

    files_seen: int = 0
    files_new: int = 0
    files_already_loaded: int = 0
    files_quarantined: int = 0
    rows_read: int = 0
    rows_loaded: int = 0
    rows_rejected: int = 0
    unknown_columns: dict[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass
class IngestSummary:
    """What one run did.

    `loads`: the loads it recorded. `unknown_entries`: entries of the landing folder that are
    no dataset. `skipped`: files left for the next run, with the reason.
    """

    datasets: dict[str, DatasetSummary]
    loads: list[Load] = field(default_factory=list)
    unknown_entries: tuple[str, ...] = ()
    skipped: dict[str, str] = field(default_factory=dict)


def ingest(
    home: Home,
    landing: Path,
    datasets: Sequence[str] | None = None,
    progress: Callable[[str], None] | None = None,
    limits: Limits | None = None,
) -> IngestSummary:
    """Load every file of `landing` whose content is new into `home`; repeating it adds nothing.

    `datasets` limits the run to these. `progress` receives one sentence per file that is new or
    is left out. `limits`: what one file may ask of the machine; default `Limits()`.

    Raises:
        UnusableInput: the landing folder is missing or has no file, or a dataset is unknown.
    """

    def tell(sentence: str) -> None:
        if progress is not None:
            progress(printable(sentence))

    unknown = sorted(set(datasets or ()) - set(INPUTS))
    if unknown:
        raise UnusableInput(
            f"no dataset is named {', '.join(unknown)}; the datasets are {', '.join(INPUTS)}"
        )
    chosen = [name for name in INPUTS if datasets is None or name in datasets]
    home.prepare()
    old_records.convert(home, tell)
    with ledger.running(home, when_alone=lambda: _sweep(home)):
        scanned = scan(landing, chosen, read_scan(home))
        write_scan(home, scanned)
        summary = IngestSummary(
            {name: DatasetSummary() for name in chosen},
            unknown_entries=scanned.unknown,
            skipped=dict(scanned.unreadable),
        )
        for name in scanned.unknown:
            tell(
                f"{name} in the landing folder is no dataset folder and was left out{_way_in(landing, name)}"
            )
        for path, reason in scanned.unreadable:
            tell(f"{path} was left out: {reason}")
        loads = Loads(home)
        taken: dict[str, set[str]] = {name: set() for name in INPUTS}
        for load in loads.past:
            taken[load.dataset].add(load.load_id)
        for file in scanned.files:
            if file.dataset in summary.datasets:
                _take(home, landing, file, summary, loads, taken, tell, limits or Limits())
        return summary


def _take(
    home: Home,
    landing: Path,
    file: LandingFile,
    summary: IngestSummary,
    loads: Loads,
    taken: dict[str, set[str]],
    tell: Callable[[str], None],
    limits: Limits,
) -> None:
    counts = summary.datasets[file.dataset]
    counts.files_seen += 1
    past = loads.past_of(file.dataset, file.sha256, file.mapping, file.mapping_sha256)
    if past and not _may_read_otherwise(past, file):
        counts.files_already_loaded += 1
        return
    load_id = make_load_id(_identity(file), taken[file.dataset])
    try:
        load = load_file(home, landing, file, load_id, loads, limits)
    except FileChangedError as error:
        summary.skipped[file.path] = str(error)
        tell(str(error))
        return
    taken[file.dataset].add(load_id)
    if load is None:
        counts.files_already_loaded += 1
        return
    summary.loads.append(load)
    counts.files_new += 1
    counts.files_quarantined += load.status == "quarantined"
    counts.rows_read += load.rows_read
    counts.rows_loaded += load.rows_loaded
    counts.rows_rejected += load.rows_rejected
    if load.unknown_columns:
        counts.unknown_columns[load.file] = load.unknown_columns
    tell(_sentence(load))


def _identity(file: LandingFile) -> str:
    """What a load is named by: the content, and the mapping that it was read by."""
    if file.mapping is None:
        return file.sha256
    named = f"{file.sha256} {file.mapping} {file.mapping_sha256}"
    return hashlib.sha256(named.encode()).hexdigest()


def _way_in(landing: Path, name: str) -> str:
    """How a folder that nobody knows can be read all the same."""
    system, _, folder = name.partition("/")
    if not (landing / name).is_dir() or system in SOURCES:
        return ""
    if folder:
        return f"; {system}/{FILE_NAME} has no item 'from: {folder}'"
    return f"; a mapping file {name}/{FILE_NAME} makes its CSV readable (docs/sources/mapping.md)"


def _may_read_otherwise(past: Sequence[Load], file: LandingFile) -> bool:
    """Whether a content that was recorded may load now: under another name, or by other limits.

    Otherwise the way out that a reason names would lead nowhere.
    """
    return all(
        load.reason is not None
        and (kind_of(load.file) != kind_of(file.path) or load.reason.startswith(OVER_LIMIT))
        for load in past
    )


def _sentence(load: Load) -> str:
    if load.reason is not None:
        return f"{load.file} quarantined whole: {load.reason}"
    rejected = f", {load.rows_rejected} rejected" if load.rows_rejected else ""
    unknown = f"; unknown columns {', '.join(load.unknown_columns)}" if load.unknown_columns else ""
    if load.mapping is None:
        return f"{load.file}: {load.rows_loaded} rows loaded{rejected}{unknown}"
    left_out = f", {load.rows_left_out} not wanted by the mapping" if load.rows_left_out else ""
    return f"{load.file}: {load.rows_loaded} rows of {load.dataset} loaded{rejected}{left_out}{unknown}"


def _sweep(home: Home) -> None:
    """Remove what a run that was killed left behind; only while no other run is going on."""
    folders = [of(name) for name in INPUTS for of in (home.raw_folder, home.quarantine_folder)]
    for folder in folders:
        for left in folder.glob(f".*{durable.TEMPORARY_SUFFIX}"):
            left.unlink()
    for left in home.records.glob(f".{home.landing_scan.name}.*{durable.TEMPORARY_SUFFIX}"):
        left.unlink()
    for left in home.scratch.glob(f"{engine.SCRATCH_PREFIX}*"):
        shutil.rmtree(left)
