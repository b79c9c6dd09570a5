"""What a folder of exports is, and what its first records become: looked at without loading anything into a home.

The files are recognised by their content (`ingestion/sources/recognise.py`). What they become, the models say: a sample
of each dataset and entity is loaded into a home that is gone afterwards, and the staging models are built over it.
"""

import csv
import os
import subprocess
import tempfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from ingestion import (
    DATASETS,
    ENTITIES,
    INPUTS,
    Home,
    Load,
    UnusableInput,
    engine,
    ingest,
    preview,
    read_ledger,
)
from ingestion import Preview as MappedPreview
from ingestion.engine import literal
from ingestion.home import raw_columns
from ingestion.limits import UnusableFileError, printable
from ingestion.sources.recognise import Looked, SeenFile, look
from ingestion.sources.sample import write_sample
from orchestration.database import attached
from orchestration.inputs import ALWAYS_REQUIRED, missing_datasets
from orchestration.progress import tell
from orchestration.project import DBT, PROJECT_DIR, reuse_parsed

SHOWN_ROWS = 10
SHOWN_REJECTED = 5
SHOWN_VALUES = 20
SAMPLE_FILES = 100
SAMPLE_BYTES = 16 * 1024 * 1024
"""Of each dataset and entity, files are sampled until there are so many of them, or so many bytes."""

WHOLE_BYTES = 64 * 1024 * 1024
"""Agents and teams up to this size are read whole: ids are looked up in them."""

WITHOUT: dict[str, str] = {
    "agents": "nobody's figures: they say who is who, and in which time zone",
    "teams": "no teams, departments and people who answer for them",
    "kpi_targets": "no variance, skill level, coaching or alert: they need targets",
    "status_events": "no time in states, sessions, occupancy and utilization",
    "shifts": "no adherence, lateness and absence",
    "interactions": "no contacts, handle time, FCR and queue figures",
    "tickets": "no resolved tickets, and so no productivity score",
    "qa_evaluations": "no quality score, and so no productivity score",
    "csat_surveys": "no CSAT",
    "system_usage": "no use of applications",
    "compliance_events": "no compliance events but what the rules find",
    "sales": "no leads, conversion and revenue",
    "feedback_sessions": "no feedback, and tasks that no session completes",
    "training_records": "no training",
}
"""What there is not without a dataset."""

_LEFT_OUT = {"load_id", "row_number", "load_sequence"}


@dataclass(frozen=True)
class Preview:
    """What the sample of one dataset or entity becomes, as rows of one dataset.

    `records`: how many of the sample were read, `made`: rows of the dataset that they are, in all.
    `rows`: the first of them by file and record, a cell for each of `columns`.
    """

    target: str
    dataset: str
    records: int
    made: int
    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]


@dataclass(frozen=True)
class Rejected:
    """Records of the sample that are rejected: how many, and the first as `file, place: reason`."""

    target: str
    count: int
    first: tuple[str, ...]


@dataclass(frozen=True)
class Checked:
    """What `source check` found.

    `unusable`: files of which nothing can be made, or not where they lie, with the reason.
    `unknown`: files that are no dataset or entity. `unknown_agents`: by dataset or entity, ids
    without a row in `agents`; None: there are no agents to look in. `unmapped`: by entity, how many
    rows are unclassified, and the values that `source_statuses` has no row for. `mapped`: of each folder that a
    mapping file reads its smallest file, and what each item of the mapping makes of it.
    """

    looked: Looked
    previews: tuple[Preview, ...]
    rejected: tuple[Rejected, ...]
    unusable: tuple[tuple[str, str], ...]
    unknown: tuple[SeenFile, ...]
    missing: tuple[str, ...]
    unfed: tuple[str, ...]
    unknown_agents: tuple[tuple[str, tuple[str, ...]], ...] | None
    unmapped: tuple[tuple[str, int, tuple[str, ...]], ...]
    mapped: tuple[tuple[str, MappedPreview], ...] = ()

    @property
    def is_ready(self) -> bool:
        """Whether a close can stand on the folder as it is."""
        return not (self.unusable or self.unknown or self.missing)


def check(folder: Path) -> Checked:
    """Look at a folder of exports, and load a sample of it into a home of its own.

    Raises:
        UnusableInput: there is no such folder, or no file in it.
    """
    looked = look(folder, tell)
    unusable = [
        *looked.left_out,
        *((file.path, file.problem) for file in looked.files if file.problem),
    ]
    unknown = [file for file in looked.files if not (file.target or file.problem or file.mapping)]
    usable = [file for file in looked.files if file.target and file.form]
    targets = [name for name in INPUTS if any(file.target == name for file in usable)]
    mapped = _mapped(looked, unusable)
    made = {made.dataset for _, made in mapped}
    fed = {dataset for name in targets for dataset in _feeds(name)} | made
    missing = missing_datasets(
        {*targets, *made}, bool(made) or any(target in ENTITIES for target in targets)
    )
    found = _Sampled()
    if targets:
        with tempfile.TemporaryDirectory(prefix="scorehouse-check-") as temporary:
            home, landing = Home(Path(temporary) / "home"), Path(temporary) / "landing"
            moved = _write_samples(looked, usable, landing, unusable)
            if any(path.is_file() for path in landing.rglob("*")):
                tell("loading a sample")
                ingest(home, landing)
                found = _sampled(home, targets, fed, moved, unusable)
    return Checked(
        looked,
        found.previews,
        found.rejected,
        tuple(unusable),
        tuple(unknown),
        tuple(missing),
        tuple(name for name in DATASETS if name not in fed and name not in missing),
        found.unknown_agents,
        found.unmapped,
        mapped,
    )


def _mapped(
    looked: Looked, unusable: list[tuple[str, str]]
) -> tuple[tuple[str, MappedPreview], ...]:
    """What mapping files make of the smallest file of each folder that they read."""
    root = looked.folder.resolve()
    found: list[tuple[str, MappedPreview]] = []
    for mapping in sorted({file.mapping for file in looked.files if file.mapping}):
        beside = Path(mapping).parent
        folders: dict[str, SeenFile] = {}
        for file in looked.files:
            if file.mapping != mapping or file.path == mapping or file.problem:
                continue
            inside = Path(file.path).relative_to(beside).parts[0]
            if inside not in folders or file.size < folders[inside].size:
                folders[inside] = file
        for file in folders.values():
            try:
                made = preview(root / mapping, root / file.path, SHOWN_ROWS)
            except UnusableInput as error:
                unusable.append((file.path, printable(str(error))))
                continue
            found += [(file.path, one) for one in made]
            unusable += [(file.path, printable(one.unreadable)) for one in made if one.unreadable]
    return tuple(found)


@dataclass(frozen=True)
class _Sampled:
    previews: tuple[Preview, ...] = ()
    rejected: tuple[Rejected, ...] = ()
    unknown_agents: tuple[tuple[str, tuple[str, ...]], ...] | None = None
    unmapped: tuple[tuple[str, int, tuple[str, ...]], ...] = ()


def _feeds(name: str) -> tuple[str, ...]:
    return ENTITIES[name].feeds if name in ENTITIES else (name,)


def _write_samples(
    looked: Looked,
    files: Sequence[SeenFile],
    landing: Path,
    unusable: list[tuple[str, str]],
) -> set[str]:
    """Write the samples as a landing folder; return the files in it whose lines are not where they were."""
    root = looked.folder.resolve()
    taken: Counter[str] = Counter()
    size: Counter[str] = Counter()
    moved: set[str] = set()
    for file in files:
        assert file.target is not None
        whole = file.target in ALWAYS_REQUIRED and file.size + size[file.target] <= WHOLE_BYTES
        if not whole and (taken[file.target] >= SAMPLE_FILES or size[file.target] >= SAMPLE_BYTES):
            continue
        written = landing / file.target / file.path
        try:
            if not write_sample(root / file.path, file.target, written, whole):
                moved.add(written.relative_to(landing).as_posix())
        except (UnusableFileError, duckdb.Error, OSError) as error:
            unusable.append((file.path, printable(str(error))))
            continue
        taken[file.target] += 1
        size[file.target] += written.stat().st_size
    return moved


def _sampled(
    home: Home,
    targets: Sequence[str],
    fed: set[str],
    moved: set[str],
    unusable: list[tuple[str, str]],
) -> _Sampled:
    loads = read_ledger(home)
    for load in loads:
        if load.reason is not None:
            unusable.append((_own_path(load), load.reason))
    rejected = [
        _rejected(home, name, [load for load in loads if load.dataset == name], moved)
        for name in targets
    ]
    if not any(load.status == "loaded" for load in loads):
        return _Sampled(rejected=tuple(one for one in rejected if one.count))
    tell("building the staging models over it")
    if said := _build(home, fed):
        unusable.append(("the sample as a whole", f"the models do not build over it: {said}"))
        return _Sampled(rejected=tuple(one for one in rejected if one.count))
    with attached(warehouse=home.warehouse) as connection:
        connection.execute("use warehouse")
        return _Sampled(
            tuple(
                _preview(connection, name, dataset, loads)
                for name in targets
                for dataset in _feeds(name)
            ),
            tuple(one for one in rejected if one.count),
            _unknown_agents(connection, targets) if "agents" in targets else None,
            tuple(filter(None, (_unmapped(connection, home, name) for name in targets))),
        )


def _own_path(load: Load) -> str:
    """The file that was sampled, as the person knows it."""
    return load.file.removeprefix(f"{load.dataset}/")


def _rejected(home: Home, target: str, loads: Sequence[Load], moved: set[str]) -> Rejected:
    first: list[str] = []
    for load in loads:
        if not load.rows_rejected or load.reason is not None or len(first) >= SHOWN_REJECTED:
            continue
        with home.quarantine_file(target, load.load_id).open(
            encoding="utf-8", newline=""
        ) as opened:
            for row in csv.DictReader(opened):
                line = "" if load.file in moved else row["line_number"]
                place = f"line {line}" if line else f"record {row['row_number']}"
                first.append(f"{_own_path(load)}, {place}: {row['reason']}")
                if len(first) >= SHOWN_REJECTED:
                    break
    return Rejected(target, sum(load.rows_rejected for load in loads), tuple(first))


def _build(home: Home, fed: set[str]) -> str:
    """Build the staging models of datasets; return what went wrong, if anything did."""
    models = [f"+stg_landing__{dataset}" for dataset in DATASETS if dataset in fed]
    reuse_parsed(home.dagster / "dbt")
    finished = subprocess.run(
        [
            *(str(DBT), "--quiet", "--no-use-colors", "build"),
            *("--exclude-resource-type", "test", "--exclude-resource-type", "unit_test"),
            *("--select", *models),
            *("--target-path", str(home.dagster / "dbt"), "--log-path", str(home.dagster)),
        ],
        cwd=PROJECT_DIR,
        env={
            **{
                name: value
                for name, value in os.environ.items()
                if not name.startswith("SCOREHOUSE_")
            },
            "DBT_PROFILES_DIR": str(PROJECT_DIR),
            "SCOREHOUSE_HOME": str(home.root),
            # What the clock of another system puts into the future is shown too.
            "SCOREHOUSE_AS_OF": "9999-01-01T00:00:00Z",
            "DBT_TARGET": "duckdb",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    if not finished.returncode:
        return ""
    lines = [line.strip() for line in f"{finished.stdout}\n{finished.stderr}".splitlines()]
    said = [line for line in lines if line]
    errors = [line for line in said if "Error" in line and ":" in line]
    return printable((errors or said or ["dbt ended without a word"])[-1])


def _preview(
    connection: duckdb.DuckDBPyConnection, target: str, dataset: str, loads: Sequence[Load]
) -> Preview:
    rows = _rows_of(target, dataset)
    key = ", ".join(DATASETS[dataset].key)
    made = connection.execute(f"select count(*) from ({rows})").fetchall()[0][0]
    found = connection.execute(
        f"select * from ({rows}) order by load_sequence, row_number, {key} limit {SHOWN_ROWS}"
    )
    names = [str(column[0]) for column in found.description]
    places = [place for place, name in enumerate(names) if name not in _LEFT_OUT]
    return Preview(
        target,
        dataset,
        sum(load.rows_read for load in loads if load.dataset == target),
        int(made),
        tuple(names[place] for place in places),
        tuple(tuple(row[place] for place in places) for row in found.fetchall()),
    )


def _rows_of(target: str, dataset: str) -> str:
    """SELECT of the rows of a dataset that the records of a dataset or entity became."""
    return (
        f"select rows.* from staging.stg_landing__{dataset} as rows"
        " inner join staging.stg_records__loads as loads on rows.load_sequence = loads.sequence"
        f" where loads.dataset = {literal(target)}"
    )


def _unknown_agents(
    connection: duckdb.DuckDBPyConnection, targets: Sequence[str]
) -> tuple[tuple[str, tuple[str, ...]], ...]:
    rows = " union ".join(
        f"select {literal(target)} as target, agent_id from ({_rows_of(target, dataset)})"
        for target in targets
        for dataset in _feeds(target)
        if dataset != "agents" and any(c.name == "agent_id" for c in DATASETS[dataset].columns)
    )
    if not rows:
        return ()
    found = connection.execute(
        f"select target, list(distinct agent_id order by agent_id) from ({rows})"
        " where agent_id not in (select agent_id from staging.stg_landing__agents)"
        " group by target order by target"
    ).fetchall()
    return tuple((target, tuple(ids)) for target, ids in found)


def _unmapped(
    connection: duckdb.DuckDBPyConnection, home: Home, target: str
) -> tuple[str, int, tuple[str, ...]] | None:
    """How many rows of an entity are unclassified, and what its records say there that no table maps."""
    entity = ENTITIES.get(target)
    if entity is None or "status_events" not in entity.feeds:
        return None
    unclassified = (
        f"select distinct load_id, row_number from ({_rows_of(target, 'status_events')})"
        " where status = 'unclassified'"
    )
    count = connection.execute(
        f"select count(*) from ({_rows_of(target, 'status_events')}) where status = 'unclassified'"
    ).fetchall()[0][0]
    if not count:
        return None
    if not entity.states_at:
        return target, int(count), ()
    raw = engine.parquet(
        connection, home.raw_folder(target) / "*.parquet", raw_columns(entity.dataset)
    )
    said = " union all ".join(
        f"select unnest(payload ->> {literal(path)}) as value from records"
        if "[*]" in path
        else f"select payload ->> {literal(path)} as value from records"
        for path in entity.states_at
    )
    found = connection.execute(
        f"with records as (select payload from {raw} semi join ({unclassified})"
        f" using (load_id, row_number)) select distinct value from ({said})"
        " where value is not null and lower(value) not in"
        f" (select source_status from rules.source_statuses where source = {literal(entity.source)})"
        f" order by value limit {SHOWN_VALUES}"
    ).fetchall()
    return target, int(count), tuple(str(value) for (value,) in found)
