"""Faults: what is done to a copy of the closed home, and how the next close ends.

Each is a line of the table in docs/faults.md.
"""

import gzip
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import duckdb

from ingestion import Home
from tests.integration.scenes import MONTH

DONE, STOPPED, REFUSED = 0, 1, 2


@dataclass(frozen=True)
class Scenery:
    """A copy of the closed home and of the landing folder, to be spoiled."""

    home: Home
    landing: Path


@dataclass(frozen=True)
class Fault:
    """What is done to what, how the next close ends and what it says.

    A close that does not end well goes on when what was spoiled is put back as the back-up has it. `changes`: where
    files are that are not afterwards as they were; `loads`: how many more loads are recorded.
    """

    name: str
    where: Callable[[Scenery], Path]
    act: Callable[[Path], None]
    exit_code: int = DONE
    says: str = ""
    changes: str = ""
    loads: int = 0


def delete(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink()


def garbage(path: Path) -> None:
    path.write_bytes(b"not what it was\n" * 64)


def cut_in_half(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def change_a_byte(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 0xFF
    path.write_bytes(bytes(content))


def change_a_figure(database: Path) -> None:
    with duckdb.connect(str(database)) as connection:
        connection.execute(
            "update marts.fct_agent_month set resolved_tickets = resolved_tickets + 1"
        )


def edit_a_record(ledger: Path) -> None:
    lines = _lines(ledger)
    middle = len(lines) // 2
    lines[middle] = lines[middle].replace(b'"recorded_at": "2', b'"recorded_at": "1', 1)
    ledger.write_bytes(b"".join(lines))


def leave_out_a_record(ledger: Path) -> None:
    lines = _lines(ledger)
    del lines[len(lines) // 2]
    ledger.write_bytes(b"".join(lines))


def exchange_two_records(ledger: Path) -> None:
    lines = _lines(ledger)
    middle = len(lines) // 2
    lines[middle], lines[middle + 1] = lines[middle + 1], lines[middle]
    ledger.write_bytes(b"".join(lines))


def cut_off_most_records(ledger: Path) -> None:
    lines = _lines(ledger)
    ledger.write_bytes(b"".join(lines[: len(lines) // 4]))


def write_half_a_line(ledger: Path) -> None:
    ledger.write_bytes(ledger.read_bytes() + _lines(ledger)[-1][:40])


def _lines(ledger: Path) -> list[bytes]:
    return ledger.read_bytes().splitlines(keepends=True)


def leave_half_written_files(root: Path) -> None:
    for name in (
        "scratch/ingestion-0/half.parquet",
        "published/.scorehouse.duckdb.candidate",
        "raw/tickets/.half.parquet.0.tmp",
        "records/performance/.half.parquet.0.tmp",
        "reports/2026-10/.half.html.0.tmp",
    ):
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"half of a file")


def land_a_cut_off_file(landing: Path) -> None:
    content = b"ticket_id,agent_id,created_at\n" + b"T,A00001,2026-10-01T00:00:00Z\n" * 10_000
    packed = gzip.compress(content, mtime=0)
    (landing / "tickets" / "cut_off.csv.gz").write_bytes(packed[: len(packed) // 2])


def land_a_directory_named_like_a_file(landing: Path) -> None:
    (landing / "tickets" / "tickets.csv").mkdir()


def land_a_link_out(landing: Path) -> None:
    (landing / "tickets" / "link.csv").symlink_to("/etc/passwd")


def root(scenery: Scenery) -> Path:
    return scenery.home.root


def landing(scenery: Scenery) -> Path:
    return scenery.landing


def warehouse(scenery: Scenery) -> Path:
    return scenery.home.warehouse


def published(scenery: Scenery) -> Path:
    return scenery.home.published_database


def for_bi(scenery: Scenery) -> Path:
    return scenery.home.published / "bi.duckdb"


def raw_file(scenery: Scenery) -> Path:
    return _first(scenery.home.raw_folder("tickets"), "[!_.]*.parquet")


def recorded_close(scenery: Scenery) -> Path:
    return _first(scenery.home.records / "performance", "*.parquet")


def ledger(scenery: Scenery) -> Path:
    return scenery.home.records / "ledger.ndjson"


def tokens(scenery: Scenery) -> Path:
    return scenery.home.records / "people.json"


def landed_files(scenery: Scenery) -> Path:
    return scenery.home.records / "landing_scan.json"


def outbox(scenery: Scenery) -> Path:
    return scenery.home.outbox


def reports(scenery: Scenery) -> Path:
    return scenery.home.reports / MONTH


def manifest(scenery: Scenery) -> Path:
    return reports(scenery) / "manifest.json"


def page(scenery: Scenery) -> Path:
    return _first(reports(scenery) / "agents", "*.html")


def pdf(scenery: Scenery) -> Path:
    return _first(reports(scenery), "**/*.pdf")


def orchestrator(scenery: Scenery) -> Path:
    return scenery.home.root / "dagster"


def history(scenery: Scenery) -> Path:
    return orchestrator(scenery) / "history" / "runs.db"


def _first(folder: Path, pattern: str) -> Path:
    return sorted(folder.glob(pattern))[0]


DAMAGED = "was no whole database and is made again"
ALTERED = "is not the recorded one"
NO_FIGURE = "no figure can be made of it"

FAULTS = (
    # What a close makes again by itself.
    Fault("the warehouse is garbage", warehouse, garbage, says=DAMAGED),
    Fault("the warehouse is cut in half", warehouse, cut_in_half, says=DAMAGED),
    Fault("the published database is deleted", published, delete),
    Fault("the published database is garbage", published, garbage, says=DAMAGED),
    Fault("the published database is cut in half", published, cut_in_half, says=DAMAGED),
    Fault(
        "a figure of the published database is changed", published, change_a_figure,
        says="was not what was published last (fct_agent_month): published anew",
    ),
    Fault("BI's database is garbage", for_bi, garbage, says=DAMAGED),
    Fault("a page is changed", page, garbage),
    Fault("a page is deleted", page, delete),
    Fault("a PDF is cut in half", pdf, cut_in_half),
    Fault("all reports of the month are deleted", reports, delete),
    Fault("the list of landed files is garbage", landed_files, garbage),
    Fault("the last line of the ledger is half written", ledger, write_half_a_line),
    Fault("half-written files lie about", root, leave_half_written_files),
    Fault("the orchestrator's folder is deleted", orchestrator, delete),
    # Sent is sent: what was written there is in the ledger, and is not written again.
    Fault("the outbox is emptied", outbox, delete, changes="outbox/"),
    # What lands, and cannot be read.
    Fault("a gzip file lands cut off", landing, land_a_cut_off_file, changes="quarantine/", loads=1),
    Fault("a folder lands under a file's name", landing, land_a_directory_named_like_a_file),
    Fault("a link out of the landing folder", landing, land_a_link_out),
    # What a close cannot make again: it says so, changes nothing, and waits for the backup.
    Fault("a byte of a raw file is changed", raw_file, change_a_byte, REFUSED, ALTERED),
    Fault("a raw file is cut in half", raw_file, cut_in_half, REFUSED, ALTERED),
    Fault("a raw file is deleted", raw_file, delete, REFUSED, "is missing"),
    Fault("a byte of a recorded close is changed", recorded_close, change_a_byte, REFUSED, ALTERED),
    Fault("a recorded close is deleted", recorded_close, delete, REFUSED, "is missing"),
    Fault("a record of the ledger is changed", ledger, edit_a_record, REFUSED, "does not fit its hash"),
    Fault("a record of the ledger is left out", ledger, leave_out_a_record, REFUSED, NO_FIGURE),
    Fault("two records of the ledger change places", ledger, exchange_two_records, REFUSED, "out of order"),
    Fault("most of the ledger is cut off", ledger, cut_off_most_records, REFUSED, "cut off"),
    Fault("the ledger is deleted", ledger, delete, REFUSED, NO_FIGURE),
    Fault("the secrets of the ledger's tokens are lost", tokens, delete, REFUSED, "people.json is missing"),
    Fault("the landing folder is gone", landing, delete, REFUSED, "there is no landing folder"),
    Fault("the orchestrator's history is garbage", history, garbage, REFUSED, "cannot be read"),
    Fault("the reports' manifest is garbage", manifest, garbage, STOPPED, "is not a manifest"),
)  # fmt: skip


def row(fault: Fault) -> str:
    """The fault's line in the table of docs/faults.md."""
    says = f"`{fault.says}`" if fault.says else ""
    return f"| {fault.name} | {fault.exit_code} | {says} |"
