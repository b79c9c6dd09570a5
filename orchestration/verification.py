"""`scorehouse verify`: is everything that was recorded still there, and as it was? Reads only, and needs no network."""

import hashlib
import json
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import duckdb

import reports
from ingestion import Home, UnusableInput, durable, stores
from ingestion.chain_check import Chain, check_chain
from ingestion.home import holds_no_load
from ingestion.ledger import Record
from ingestion.old_records import is_old
from orchestration import publication, records
from orchestration.database import attached
from orchestration.progress import counter, tell
from orchestration.storage import storage_of

# Beside a manifest: how far the ledger had come when those reports were made.
REPORTS_HEAD = "ledger.json"
_SHOWN_PROBLEMS = 3


@dataclass
class Findings:
    """What was looked at, and what is wrong with it.

    `counts`: records by kind. `checked`: files by what they are. `problems`: one sentence each; none: all is well.
    `notes`: what is worth knowing and is no problem.
    """

    head: Record | None = None
    counts: Counter[str] = field(default_factory=Counter)
    checked: Counter[str] = field(default_factory=Counter)
    problems: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class KnownHead:
    """A record that somebody noted. `sequence` None: only its hash was."""

    sequence: int | None
    hash: str
    where: str


def verify(home: Home, noted_head: str | None = None) -> Findings:
    """Check the chain, and every file that it names, against what was recorded.

    noted_head: the hash of a record, kept somewhere else.

    Raises:
        UnusableInput: the home has records of before there was a ledger.
        StoreError: a store cannot be reached.
    """
    if is_old(home):
        raise UnusableInput(
            f"{home.root} has records of an earlier version: run `scorehouse status` once to convert them"
        )
    chain = check_chain(home.ledger.read_bytes() if home.ledger.exists() else b"")
    found = Findings(chain.records[-1] if chain.records else None)
    found.counts.update(record.kind for record in chain.records)
    _check_chain(home, chain, noted_head, found)
    _check_files(home, chain, found)
    _check_pdfs(home, found)
    _check_published(home, chain, found)
    _check_stores(home, found)
    return found


def require_unaltered(home: Home) -> None:
    """Check what every figure stands on, before anything is made of it: the chain, raw files and recorded closes.

    Raises:
        UnusableInput: some of it is not as recorded.
    """
    chain = check_chain(home.ledger.read_bytes() if home.ledger.exists() else b"")
    found = Findings()
    _check_chain(home, chain, None, found)
    if not found.problems:
        recorded = {k: v for files in recorded_files(chain).values() for k, v in files.items()}
        with ThreadPoolExecutor() as pool:
            compared = pool.map(lambda name: _compare(home.root / name, recorded[name]), recorded)
        found.problems += [
            f"{name}: {problem}"
            for name, problem in zip(recorded, compared, strict=True)
            if problem
        ]
    if found.problems:
        first = found.problems[:_SHOWN_PROBLEMS]
        more = len(found.problems) - len(first)
        raise UnusableInput(
            f"{home.root}: {'; '.join(first)}{f'; and {more} more' if more else ''}: no figure can be made of it;"
            " restore it from a backup (`scorehouse verify` lists everything)"
        )


def _check_chain(home: Home, chain: Chain, noted_head: str | None, found: Findings) -> None:
    if chain.fault:
        found.problems.append(f"{home.ledger.name}: {chain.fault}")
    if chain.partial:
        found.notes.append(
            f"{home.ledger.name} ends in half a line, which a stopped run leaves; the next run removes it"
        )
    noted = [KnownHead(None, noted_head.strip().lower(), "--head")] if noted_head else []
    hashes = {record.hash for record in chain.records}
    by_sequence = {record.sequence: record for record in chain.records}
    last = max(by_sequence, default=0)
    for known in [*noted, *_published_head(home), *_report_heads(home)]:
        if known.hash in hashes or known.sequence == 0:
            continue
        if known.sequence is not None and known.sequence > last:
            missing = f"records {last + 1} to {known.sequence} are missing"
            found.problems.append(
                f"{home.ledger.name}: cut off: {missing}, of which {known.where} knows"
            )
        else:
            which = f"record {known.sequence}" if known.sequence else "a record"
            found.problems.append(
                f"{home.ledger.name}: {known.where} knows {which} with the hash {known.hash}, which is not there:"
                " the ledger was cut off or written anew"
            )


def _published_head(home: Home) -> Iterator[KnownHead]:
    if not home.published_database.exists():
        return
    try:
        with attached(published=home.published_database) as connection:
            row = connection.execute(
                "select ledger_sequence, ledger_hash from published.meta.publication"
            ).fetchone()
    except duckdb.Error:
        # Published before there was a ledger, or damaged: then its content says so.
        return
    if row is not None:
        yield KnownHead(row[0], row[1], "the published database")


def _report_heads(home: Home) -> Iterator[KnownHead]:
    for path in sorted(home.reports.glob(f"*/{REPORTS_HEAD}")):
        try:
            held = json.loads(path.read_bytes())
            yield KnownHead(held["sequence"], held["hash"], path.relative_to(home.root).as_posix())
        except (ValueError, KeyError, TypeError):
            continue


def write_reports_head(folder: Path, last: Record | None) -> None:
    """Note how far the ledger has come beside a manifest that changed since it was last noted."""
    manifest = storage_of(folder).place(folder / "manifest.json")
    if last is None or not manifest.exists():
        return
    digest = file_digest(manifest)
    path = folder / REPORTS_HEAD
    if path.exists() and json.loads(path.read_bytes()).get("manifest_sha256") == digest:
        return
    noted = {"sequence": last.sequence, "hash": last.hash, "manifest_sha256": digest}
    durable.write_text(path, json.dumps(noted, indent=1) + "\n")


def recorded_files(chain: Chain) -> dict[str, dict[str, str]]:
    """SHA-256 of every raw file and every close, by kind of file, then by path in the home.

    A purge, an erasure or an encryption says what the files that it changed or removed are now (`files`: path and
    SHA-256, or null): its word holds.
    """
    files: dict[str, dict[str, str]] = {"raw files": {}, "closes": {}}
    for record in chain.records:
        content = record.content
        if record.kind == "load" and content["status"] == "loaded":
            path = f"raw/{content['dataset']}/{content['load_id']}.parquet"
            files["raw files"][path] = content["raw_sha256"] or ""
        elif record.kind == "close":
            files["closes"][content["file"]] = content["sha256"]
        elif record.kind in ("purge", "erasure", "encryption"):
            for path, sha256 in content.get("files", {}).items():
                kind = "closes" if path.startswith("records/performance/") else "raw files"
                files[kind].pop(path, None)
                if sha256 is not None:
                    files[kind][path] = sha256
    return files


def _check_files(home: Home, chain: Chain, found: Findings) -> None:
    recorded = recorded_files(chain)
    count = counter("files checked", every=500)
    for kind, files in recorded.items():
        for name, sha256 in files.items():
            found.checked[kind] += 1
            problem = _compare(home.root / name, sha256)
            if problem:
                found.problems.append(f"{name}: {problem}")
            count(name)
    there = [
        *(path for path in home.raw.rglob("*.parquet") if not holds_no_load(path)),
        *records.performance_folder(home).glob("*.parquet"),
    ]
    for path in sorted(there):
        name = path.relative_to(home.root).as_posix()
        if not any(name in files for files in recorded.values()):
            found.problems.append(
                f"{name}: no record names it: a stopped run left it (then run that again), or somebody put it there"
            )


def _compare(path: Path, sha256: str) -> str | None:
    if not path.exists():
        return "is missing"
    # A file that was missing when an old home was converted has no hash.
    if sha256 and file_digest(path) != sha256:
        return "was changed: its SHA-256 is not the recorded one"
    return None


def file_digest(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _check_pdfs(home: Home, found: Findings) -> None:
    count = counter("PDFs checked", every=500)
    storage = storage_of(home.reports)
    for manifest in storage.find(home.reports, "*/manifest.json"):
        try:
            issued = [
                (one.path, one.sha256)
                for one in reports.read_entries(manifest.parent, storage)
                if one.path.endswith(".pdf") and one.revision is not None
            ]
        except (OSError, ValueError, KeyError, TypeError):
            found.problems.append(f"{manifest.relative_to(home.root)}: is no manifest any more")
            continue
        for name, sha256 in issued:
            found.checked["PDFs of revisions"] += 1
            path = manifest.parent / name
            try:
                is_same = hashlib.sha256(storage.read(path)).hexdigest() == sha256
                problem = None if is_same else "was changed: its SHA-256 is not the manifest's"
            except FileNotFoundError:
                problem = "is missing"
            except OSError:
                problem = "was changed: it is not what was sealed"
            if problem:
                place = storage.place(path).relative_to(home.root)
                found.problems.append(f"{place}: {problem}")
            count(name)


def _check_stores(home: Home, found: Findings) -> None:
    count = counter("objects checked", every=500)
    for store in stores.stores_of(home):
        found.checked[f"files in {store.address}"] += len(store.here())
        for name, problem in store.differing():
            found.problems.append(f"{store.address}/{name}: {problem}")
            count(name)


def _check_published(home: Home, chain: Chain, found: Findings) -> None:
    published = [record.content for record in chain.records if record.kind == "publication"]
    name = home.published_database.relative_to(home.root).as_posix()
    if not published:
        if home.published_database.exists():
            found.problems.append(
                f"{name}: no record names it: a stopped run left it; run it again"
            )
        return
    found.checked["published database"] += 1
    if not home.published_database.exists():
        found.problems.append(f"{name}: is missing: `scorehouse build` makes it again")
        return
    tell("comparing the published database with its record")
    try:
        altered = publication.altered_marts(home, published[-1]["content"])
    except duckdb.Error as error:
        found.problems.append(f"{name}: cannot be read: {str(error).splitlines()[0]}")
        return
    if altered:
        found.problems.append(f"{name}: is not what was published last: {', '.join(altered)}")
