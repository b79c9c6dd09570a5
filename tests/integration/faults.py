"""Faults, each done to a closed home or beside it, and what the next run says of it.

Every fault is one line of the table in docs/faults.md.
"""

import gzip
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb

from ingestion import Home
from tests.integration.scenes import MONTH

DONE, STOPPED, REFUSED = 0, 1, 2


@dataclass(frozen=True)
class Scenery:
    """A copy of the closed home and of the landing folder, to be spoiled, and the undisturbed ones."""

    home: Home
    landing: Path
    closed: Home
    exports: Path

    def restore(self, path: Path) -> None:
        """Put a file or folder of the home or the landing folder back as a back-up has it."""
        for spoiled, sound in ((self.home.root, self.closed.root), (self.landing, self.exports)):
            if path.is_relative_to(spoiled):
                if path.is_dir():
                    shutil.rmtree(path)
                path.unlink(missing_ok=True)
                source = sound / path.relative_to(spoiled)
                copy = shutil.copytree if source.is_dir() else shutil.copy2
                copy(source, path)


@dataclass(frozen=True)
class Fault:
    """What is done, how the next close ends and what it says, and what a person has to do, if anything.

    `spoil` returns the files that a back-up brings back where the close cannot mend them.
    """

    name: str
    spoil: Callable[[Scenery], Sequence[Path]]
    exit_code: int = DONE
    says: tuple[str, ...] = ()
    arguments: tuple[str, ...] = ()


def _a_file(folder: Path, pattern: str) -> Path:
    return sorted(folder.rglob(pattern))[0]


def _flip(path: Path) -> Path:
    """Change one byte in the middle."""
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 0xFF
    path.write_bytes(bytes(content))
    return path


def _garbage(path: Path) -> Path:
    path.write_bytes(b"not what it was\n" * 64)
    return path


def _truncated(path: Path) -> Path:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    return path


def _gone(path: Path) -> Path:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink()
    return path


def _raw(scenery: Scenery) -> Path:
    return _a_file(scenery.home.raw_folder("tickets"), "*.parquet")


def _ledger_lines(scenery: Scenery, change: Callable[[list[bytes]], list[bytes]]) -> Sequence[Path]:
    path = scenery.home.records / "ledger.ndjson"
    path.write_bytes(b"".join(change(path.read_bytes().splitlines(keepends=True))))
    return [path]


def _edited(lines: list[bytes]) -> list[bytes]:
    middle = len(lines) // 2
    lines[middle] = lines[middle].replace(b'"sequence"', b'"sequenze"', 1)
    return lines


def _left_out(lines: list[bytes]) -> list[bytes]:
    del lines[len(lines) // 2]
    return lines


def _moved(lines: list[bytes]) -> list[bytes]:
    middle = len(lines) // 2
    lines[middle], lines[middle + 1] = lines[middle + 1], lines[middle]
    return lines


def _half_written(lines: list[bytes]) -> list[bytes]:
    return [*lines, lines[-1][:40]]


def _mart_edited(scenery: Scenery) -> Sequence[Path]:
    with duckdb.connect(str(scenery.home.published_database)) as connection:
        connection.execute(
            "update marts.fct_agent_month set tickets_resolved = tickets_resolved + 1"
        )
    return []


def _landing_truncated(scenery: Scenery) -> Sequence[Path]:
    path = scenery.landing / "tickets" / "late.csv.gz"
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(gzip.compress(b"ticket_id,agent_id\n" * 10_000, mtime=0)[:-100])
    return []


def _rubbish_in_scratch(scenery: Scenery) -> Sequence[Path]:
    for path in (
        scenery.home.scratch / "half.parquet",
        scenery.home.published / ".scorehouse.duckdb.candidate",
        scenery.home.raw_folder("tickets") / ".half.parquet",
    ):
        _garbage_at(path)
    return []


def _garbage_at(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"half of a file")


def _rules_malformed(scenery: Scenery) -> Sequence[Path]:
    path = scenery.home.root / "rules" / "kpi_targets.csv"
    path.parent.mkdir(exist_ok=True)
    path.write_text("no,such,columns\n1,2,3\n")
    return []


def _manifest_garbage(scenery: Scenery) -> Sequence[Path]:
    _garbage(scenery.home.reports / MONTH / "manifest.json")
    return []


def _report(scenery: Scenery, pattern: str) -> Path:
    return _a_file(scenery.home.reports / MONTH, pattern)


def _known_head_cut(scenery: Scenery) -> Sequence[Path]:
    return _ledger_lines(scenery, lambda lines: lines[:-3])


FAULTS = (
    Fault("the warehouse's file is garbage", lambda s: [_garbage(s.home.warehouse)] and []),
    Fault("the warehouse's file is cut in half", lambda s: [_truncated(s.home.warehouse)] and []),
    Fault("the published database is deleted", lambda s: [_gone(s.home.published_database)] and []),
    Fault(
        "the published database is garbage", lambda s: [_garbage(s.home.published_database)] and []
    ),
    Fault("a mart of the published database is edited", _mart_edited),
    Fault("a byte of a raw file is changed", lambda s: [_flip(_raw(s))], STOPPED),
    Fault("a raw file is cut in half", lambda s: [_truncated(_raw(s))], STOPPED),
    Fault("a raw file is deleted", lambda s: [_gone(_raw(s))], STOPPED),
    Fault("a record of the ledger is edited", lambda s: _ledger_lines(s, _edited), REFUSED),
    Fault("a record of the ledger is left out", lambda s: _ledger_lines(s, _left_out), REFUSED),
    Fault("two records of the ledger change places", lambda s: _ledger_lines(s, _moved), REFUSED),
    Fault("the last three records of the ledger are cut off", _known_head_cut, REFUSED),
    Fault(
        "the last line of the ledger is half written",
        lambda s: _ledger_lines(s, _half_written) and [],
    ),
    Fault("the ledger is deleted", lambda s: [_gone(s.home.records / "ledger.ndjson")], REFUSED),
    Fault(
        "the secrets of the ledger's tokens are lost",
        lambda s: [_gone(s.home.records / "people.json")],
        REFUSED,
    ),
    Fault(
        "a recorded close is deleted",
        lambda s: [_gone(_a_file(s.home.records / "performance", "*.parquet"))],
        STOPPED,
    ),
    Fault(
        "a byte of a recorded close is changed",
        lambda s: [_flip(_a_file(s.home.records / "performance", "*.parquet"))],
        STOPPED,
    ),
    Fault("the outbox is emptied", lambda s: [_gone(s.home.outbox)]),
    Fault("a page is edited", lambda s: [_garbage(_report(s, "*.html"))] and []),
    Fault("a page is deleted", lambda s: [_gone(_report(s, "*.html"))] and []),
    Fault("a PDF is cut in half", lambda s: [_truncated(_report(s, "*.pdf"))] and []),
    Fault("all reports are deleted", lambda s: [_gone(s.home.reports / MONTH)] and []),
    Fault("the reports' manifest is garbage", _manifest_garbage),
    Fault("half-written files of a killed run", _rubbish_in_scratch),
    Fault("the landing folder is gone", lambda s: [_gone(s.landing)], REFUSED),
    Fault("a gzip file lands cut off", _landing_truncated),
    Fault("a table of rules is no such table", _rules_malformed, REFUSED),
    Fault(
        "the orchestrator's history is garbage",
        lambda s: [_garbage(_a_file(s.home.root / "dagster", "*.db"))] and [],
    ),
    Fault(
        "the orchestrator's folder is deleted", lambda s: [_gone(s.home.root / "dagster")] and []
    ),
    Fault(
        "the list of landed files is garbage",
        lambda s: [_garbage(_a_file(s.home.records, "landing_scan*"))] and [],
    ),
    Fault(
        "as_of lies before the last publication",
        lambda s: [],
        REFUSED,
        arguments=("--as-of", "2026-11-10T00:00:00Z"),
    ),
)
