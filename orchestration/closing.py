"""Recording a close, and cleaning up after one."""

import datetime as dt
import shutil

from ingestion import Home, durable, engine
from orchestration import publication, records
from orchestration.database import attached
from orchestration.model_version import model_version

NEW_REVISIONS = "warehouse.intermediate.int_performance__new_revisions"


def record_revisions(home: Home, month: dt.date) -> int:
    """Write the month's new revisions into a file of their own, and return how many there are.

    The file's appearance is the close: before it, the close has not happened; after it, running again finds
    nothing new to write, and records the file if a crash left that undone. Rows are ordered, so that the same
    close makes the same file. A file that is there is never replaced.

    Raises:
        FileExistsError: the close has its file already, and the models did not see it.
    """
    version = model_version(home)
    records.record_closes(home, version)
    folder = records.performance_folder(home)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with attached(warehouse=home.warehouse) as connection:
        found = connection.execute(
            f"select count(*), any_value(close_number) from {NEW_REVISIONS} where month = ?",
            [month],
        ).fetchone()
        assert found is not None
        revisions, close_number = found
        if not revisions:
            return 0
        final = records.close_file(home, month, close_number)
        written = durable.temporary_beside(final)
        engine.write_parquet(
            connection,
            f"from {NEW_REVISIONS} where month = date '{month:%Y-%m-%d}' order by agent_id",
            written,
        )
    durable.put_new(written, final)
    records.record_closes(home, version)
    return int(revisions)


def clean_up(home: Home) -> None:
    """Remove what a run needs only while it runs: calculation tables, scratch files, a stopped candidate."""
    if home.warehouse.exists():
        with engine.writing(home.warehouse) as connection:
            # What the next build goes by lies in other schemas (macros/by_change.sql).
            connection.execute("drop schema if exists intermediate cascade")
    for leftover in home.scratch.iterdir() if home.scratch.exists() else ():
        shutil.rmtree(leftover) if leftover.is_dir() else leftover.unlink()
    candidate = publication.candidate_file(home)
    for leftover in candidate.parent.glob(f"{candidate.name}*"):
        leftover.unlink()
    # A file is hidden until it is complete: what is hidden now was left by a run that was killed.
    for folder in (
        home.published,
        records.performance_folder(home),
        home.reports,
        home.outbox,
    ):
        for leftover in folder.rglob(".*"):
            leftover.unlink()
