"""`scorehouse as-known-on`: a home as known at an instant, built again and compared with what was published then."""

import datetime as dt
import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from ingestion import Home, UnusableInput, durable, encryption, ledger
from ingestion.chain_check import Chain, check_chain
from orchestration import publication, running
from orchestration.job_names import REBUILD
from orchestration.model_version import model_version
from orchestration.progress import tell
from orchestration.run_settings import AS_OF_TAG
from orchestration.verification import file_digest, recorded_files


@dataclass(frozen=True)
class Known:
    """What was known: the records of then, and the last publication among them."""

    chain: Chain
    lines: bytes
    publication: ledger.Record


@dataclass(frozen=True)
class Comparison:
    """What was published then, against what the same records make now.

    `same` and `differing`: marts by name. `same_models`: None where the version of then was not recorded. `purged`:
    files that a purge or an erasure changed or removed since.
    """

    published_at: str
    as_of: str
    same: tuple[str, ...]
    differing: tuple[str, ...]
    same_models: bool | None
    purged: int


def rebuild(home: Home, instant: dt.datetime, out: Home) -> running.Outcome | Comparison:
    """Make `out` the home as it was known at an instant, and build it; an outcome where the build fails.

    Raises:
        UnusableInput: `out` is in use, nothing was published by then, or records or files are not as recorded.
    """
    if out.root.exists() and any(out.root.iterdir()):
        raise UnusableInput(f"{out.root} is not empty: name a folder that does not exist yet")
    known = _known(home, instant)
    encryption.share(home.root, out.root)
    out.prepare()
    purged = _link_files(home, known.chain, out)
    written = durable.temporary_beside(out.ledger)
    written.write_bytes(known.lines)
    durable.put_in_place(written, out.ledger)
    if home.people.exists():
        durable.write_bytes(out.people, home.people.read_bytes())
    content = known.publication.content
    tell(f"{len(known.chain.records)} records, published last at {known.publication.recorded_at}")
    outcome = running.run_job(REBUILD, out, None, {AS_OF_TAG: content["as_of"]})
    if outcome.exit_code:
        return outcome
    then = publication.content_by_mart(content["content"])
    now = publication.content_by_mart(publication.published_content(out))
    names = sorted(then.keys() | now.keys())
    version = content["model_version"]
    return Comparison(
        published_at=known.publication.recorded_at,
        as_of=content["as_of"],
        same=tuple(name for name in names if then.get(name) == now.get(name)),
        differing=tuple(name for name in names if then.get(name) != now.get(name)),
        same_models=None if version is None else version == model_version(out),
        purged=purged,
    )


def _known(home: Home, instant: dt.datetime) -> Known:
    content = home.ledger.read_bytes() if home.ledger.exists() else b""
    chain = check_chain(content)
    if chain.fault:
        raise UnusableInput(
            f"{home.ledger}: {chain.fault}; restore it from a backup: what was known cannot be told from it"
        )
    limit = ledger.instant_text(instant)
    past = tuple(record for record in chain.records if record.recorded_at <= limit)
    published = [record for record in past if record.kind == "publication"]
    if not published:
        first = next((one for one in chain.records if one.kind == "publication"), None)
        ever = f"the first publication was at {first.recorded_at}" if first else "and never was"
        raise UnusableInput(f"nothing was published by {limit}: {ever}")
    # What was loaded or closed after it and not published by then, nobody had been shown.
    unpublished = (
        record.sequence
        for record in past
        if record.sequence > published[-1].sequence and record.kind in ("load", "close")
    )
    shown = past[: next(unpublished, len(past) + 1) - 1]
    lines = b"".join(line + b"\n" for line in content.split(b"\n")[: len(shown)])
    return Known(Chain(shown, None, partial=False), lines, published[-1])


def _link_files(home: Home, chain: Chain, out: Home) -> int:
    """Give the new home the raw files and closes of then; returns how many were purged since."""
    purged = 0
    whole = check_chain(home.ledger.read_bytes())
    since = _all_files(whole)
    touched = {
        name
        for record in whole.records
        if record.kind == "purge"
        for name in record.content.get("files", {})
    }
    for name, known in _all_files(chain).items():
        source = home.root / name
        sha256 = since.get(name)
        was_purged = name in touched and sha256 != known
        purged += was_purged
        if not source.exists() and was_purged:
            continue
        if not source.exists() or (sha256 and not was_purged and file_digest(source) != sha256):
            raise UnusableInput(
                f"{source} is missing or was changed since it was recorded: restore it from a backup "
                "(`scorehouse verify` names all such files)"
            )
        _link(source, out.root / name)
    return purged


def _all_files(chain: Chain) -> dict[str, str]:
    return {name: sha for files in recorded_files(chain).values() for name, sha in files.items()}


def _link(source: Path, target: Path) -> None:
    """The same file under another name, or a copy on another disk; neither home ever writes into one."""
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)
