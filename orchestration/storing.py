"""Bringing the stores of a home up to its folders, with what may not go from them."""

from collections.abc import Collection, Iterator

import reports
from ingestion import Home, stores
from ingestion.chain_check import check_chain
from orchestration.storage import storage_of
from orchestration.verification import recorded_files


def store_raw(home: Home) -> None:
    """Bring the store of raw files, where there is one, up to them; what the ledger names and was lost comes back.

    Raises:
        StoreError: it cannot be reached.
    """

    def recorded() -> dict[str, str | None]:
        files = recorded_files(check_chain(home.ledger.read_bytes()))["raw files"]
        return {name.removeprefix("raw/"): sha256 for name, sha256 in files.items()}

    stores.push(home, "raw", recorded=recorded)


def store_reports(home: Home, folders: Collection[str]) -> None:
    """Bring the store of reports, where there is one, up to these folders, and remove from it what went from any.

    Only what was checked is to leave the home: other folders may be of a run that was stopped before it did.

    Raises:
        StoreError: it cannot be reached.
    """
    stores.push(home, "reports", folders, lambda: dict.fromkeys(_issued(home)))


def _issued(home: Home) -> Iterator[str]:
    """Names of the PDFs that belong to revisions: nothing makes one again as it was."""
    storage = storage_of(home.reports)
    for manifest in storage.find(home.reports, "*/manifest.json"):
        try:
            files = reports.read_entries(manifest.parent, storage)
            names = [one.path for one in files if one.revision is not None]
        except (OSError, ValueError, KeyError, TypeError):
            # `verify` says so.
            continue
        for name in names:
            if name.endswith(".pdf"):
                place = storage.place(manifest.parent / name)
                yield place.relative_to(home.reports).as_posix()
