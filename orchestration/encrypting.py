"""`scorehouse encrypt`: a home that lies in the clear becomes an encrypted one.

Every file is written anew beside the old one and takes its place whole, so a stopped run leaves a mixture, which a
note in the records says; nothing else opens such a home, and running again converts what is left.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from ingestion import (
    Home,
    UnusableInput,
    bytes_check,
    durable,
    encryption,
    engine,
    ledger,
    stores,
)
from ingestion.chain_check import check_chain
from orchestration import audiences, erasing, purging, records
from orchestration.progress import counter
from orchestration.records import locked
from orchestration.storage import storage_of
from orchestration.unlocking import half_way
from orchestration.verification import REPORTS_HEAD, recorded_files


@dataclass(frozen=True)
class Encrypted:
    """How many files were encrypted by this run, and the databases that a build must make again."""

    files: int
    removed: tuple[Path, ...]


def encrypt(home: Home, key: bytes) -> Encrypted:
    """Encrypt what a home holds, and record the new SHA-256 of what the ledger knows by its own.

    Raises:
        UnusableInput: there is nothing to encrypt, it is encrypted already, the key is another one than that of the
            run that was stopped, a purge or an erasure was stopped half-way, or a recorded file is not as it was
            recorded.
    """
    if not home.ledger.exists():
        raise UnusableInput(
            f"{home.root} holds nothing yet: give the key to the first command that writes it"
        )
    with locked(home.records / "run.lock"):
        if not half_way(home).exists():
            if encryption.is_encrypted(home.root):
                raise UnusableInput(
                    f"{home.root} is encrypted already; --new-key-file FILE gives it another key"
                )
            for command, journal in (
                ("purge", purging.journal(home)),
                ("erase", erasing.journal(home)),
            ):
                if journal.exists():
                    raise UnusableInput(
                        f"`scorehouse {command}` was stopped half-way: run it again with --yes first"
                    )
            # What an erasure that was stopped before its journal has left lies in the clear.
            erasing.finish_files(home)
            _check_files(home)
            durable.write_text(half_way(home), "run `scorehouse encrypt` again to complete it\n")
        encryption.begin(home.root, key)
        files = sum(1 for _ in _convert(home, counter("files encrypted", every=500)))
        removed = remove_warehouse(home)
        _record(home)
        for store in stores.NAMES:
            stores.push(home, store)
        stores.forget_before(home)
        half_way(home).unlink()
    return Encrypted(files, removed)


def _check_files(home: Home) -> None:
    """Refuse a file that somebody changed: written anew, it would be recorded as if it had always been so."""
    chain = check_chain(home.ledger.read_bytes())
    if chain.fault:
        raise UnusableInput(f"{home.ledger}: {chain.fault}; restore it from a backup first")
    for files in recorded_files(chain).values():
        for name, sha256 in files.items():
            path = home.root / name
            if not path.exists() or (sha256 and bytes_check.content_hash(path) != sha256):
                raise UnusableInput(
                    f"{path} is missing or was changed since it was recorded: restore it from a backup first"
                )


def _convert(home: Home, count: Callable[[str], None]) -> Iterator[Path]:
    """Encrypt every file that is not encrypted yet."""
    with engine.connect() as connection:
        for path in _parquet(home):
            written = durable.temporary_beside(path)
            rows = f"FROM read_parquet({engine.literal(str(path))})"
            engine.write_parquet(connection, rows, written)
            durable.put_in_place(written, path)
            count(path.name)
            yield path
    for path in (home.people, home.erased, home.records / "pseudonym.key"):
        if path.exists() and not _begins_with(path, encryption.MAGIC):
            durable.write_bytes(path, encryption.seal(path, path.read_bytes()))
            yield path
    for path in _readable(home):
        storage_of(path).write(path, path.read_bytes())
        path.unlink()
        count(path.name)
        yield path
    for path in (home.published_database, *audiences.files(home)):
        if path.exists() and engine.encrypt_database(path):
            yield path


def _parquet(home: Home) -> list[Path]:
    found = [
        *sorted(home.raw.rglob("*.parquet")),
        *sorted(records.performance_folder(home).glob("*.parquet")),
    ]
    return [path for path in found if not _begins_with(path, engine.ENCRYPTED_PARQUET)]


def _begins_with(path: Path, mark: bytes) -> bool:
    with path.open("rb") as opened:
        return opened.read(len(mark)) == mark


def _readable(home: Home) -> list[Path]:
    """What people open: rejected rows, reports, messages; and the records from before the ledger, which name people."""
    folders = (home.quarantine, home.reports, home.outbox, home.records / "before_ledger")
    return [
        path
        for folder in folders
        for path in sorted(folder.rglob("*"))
        if path.is_file()
        and not path.name.startswith(".")
        and path.name not in (REPORTS_HEAD, stores.STORED)
        and path.suffix != encryption.SUFFIX
    ]


def remove_warehouse(home: Home) -> tuple[Path, ...]:
    """Remove what the next build makes anew from raw files and records."""
    removed = [home.warehouse] if home.warehouse.exists() else []
    for path in (home.warehouse, Path(f"{home.warehouse}.wal")):
        path.unlink(missing_ok=True)
    return tuple(removed)


def _record(home: Home) -> None:
    known = recorded_files(check_chain(home.ledger.read_bytes()))
    files = {
        name: bytes_check.content_hash(home.root / name)
        for group in known.values()
        for name in group
    }
    ledger.append(home, "encryption", {"files": files})
