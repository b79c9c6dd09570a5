"""Made-up centres for the benchmarks: simulated once into a folder, and files of a part of their days."""

import shutil
from pathlib import Path

import duckdb

from benchmarks.measuring import measure, scorehouse
from ingestion.simulation import SimulationSettings, simulate

LAST_MONTH = "2026-10"
AS_OF = "2026-11-02T12:00:00Z"

HAPPENED = {
    "status_events": "occurred_at",
    "interactions": "coalesce(answered_at, queued_at)",
    "tickets": "created_at",
    "qa_evaluations": "evaluated_at",
    "csat_surveys": "sent_at",
    "sales": "created_at",
    "compliance_events": "occurred_at",
    "shifts": "starts_at",
    "system_usage": "started_at",
    "feedback_sessions": "held_at",
    "training_records": "null::timestamptz",
    "agents": "null::timestamptz",
    "teams": "null::timestamptz",
    "kpi_targets": "null::timestamptz",
}
"""When the rows of a dataset happened; null: before everything."""


def landing(folder: Path, agents: int, months: int = 1) -> Path:
    """The landing folder of a centre that was simulated, with all that real exports have; made once in `folder`."""
    made = folder / f"landing-{agents}-{months}"
    if not made.exists():
        aside = folder / f"{made.name}.part"
        shutil.rmtree(aside, ignore_errors=True)
        simulate(SimulationSettings(agents, months, LAST_MONTH, 1, aside, quirks=True))
        aside.rename(made)
    return made


def loaded(folder: Path, agents: int, months: int = 1) -> Path:
    """A home that has loaded a centre's files, and nothing more; made once. Copy it before you build in it."""
    home = folder / f"loaded-{agents}-{months}"
    if not home.exists():
        aside = folder / f"{home.name}.part"
        shutil.rmtree(aside, ignore_errors=True)
        files = landing(folder, agents, months)
        measure(scorehouse("ingest", "--home", aside, "--landing", files))
        aside.rename(home)
    return home


def fresh(home: Path, name: str) -> Path:
    """A copy of a home beside it, in place of an older copy."""
    copy = home.with_name(name)
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(home, copy, copy_function=_link)
    return copy


def _link(source: str, target: str) -> str:
    """Raw files are never changed; all other files are."""
    if source.endswith(".parquet"):
        Path(target).hardlink_to(source)
        return target
    return str(shutil.copy2(source, target))


def part(home: Path, out: Path, where: str, **changed: str) -> Path:
    """A landing folder of a home's loaded rows at `where`, an SQL condition on two instants: when something `happened`,
    and since when a row is `known`, for it may have been corrected later. In the order of time, as files come in.

    changed: columns of interactions with other values; given, no other dataset is written.
    """
    shutil.rmtree(out, ignore_errors=True)
    with duckdb.connect() as connection:
        connection.execute("set TimeZone = 'UTC'")
        for dataset, happened in HAPPENED.items():
            if changed and dataset != "interactions":
                continue
            files = home / "raw" / dataset / "*.parquet"
            target = out / dataset / f"{out.name}.parquet"
            target.parent.mkdir(parents=True)
            occurred = f"coalesce({happened}, timestamptz {_EVER!r})"
            condition = where.replace("happened", occurred).replace(
                "known", f"coalesce(updated_at, {occurred})"
            )
            replaced = ", ".join(f"{value} as {column}" for column, value in changed.items())
            connection.execute(
                f"copy (select * exclude (load_id, row_number) {f'replace ({replaced})' if changed else ''}"
                f" from read_parquet('{files}', union_by_name = true)"
                f" where {condition} order by {occurred})"
                f" to '{target}' (format parquet)"
            )
    return out


_EVER = "1970-01-01 00:00:00+00"
