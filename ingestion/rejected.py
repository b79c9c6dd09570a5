"""How much of what was fed in is rejected: what a close looks at before it publishes."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ingestion.home import Home
from ingestion.landing import LandingScan
from ingestion.ledger import Load, read_ledger, superseded
from ingestion.sources.inputs import INPUTS


@dataclass(frozen=True)
class RejectedShare:
    """Rejected rows of one dataset among the rows of files that still lie in the landing folder.

    `share` is a fraction from 0 to 1. `worst_file` (relative to the landing folder) has the most
    rejected rows, `worst_quarantine` is its quarantine file; both None when no row is rejected.
    `unusable`: files quarantined whole, whose rows nobody can count, with the reason.
    """

    dataset: str
    rows_read: int
    rows_rejected: int
    share: float
    worst_file: str | None
    worst_quarantine: Path | None
    unusable: tuple[tuple[str, str], ...]


def rejected_share(
    home: Home, landing_scan: LandingScan, after_sequence: int = 0
) -> dict[str, RejectedShare]:
    """The share of each dataset that has loads after `after_sequence`.

    A load whose content is no longer in the landing folder does not count: a file that was
    corrected in place leaves nothing to stop for. Nor does what another mapping has read since.
    """
    present = landing_scan.contents()
    recorded = read_ledger(home)
    gone = superseded(recorded)
    loads = [
        load
        for load in recorded
        if load.sequence > after_sequence
        and load.sequence not in gone
        and (load.dataset, load.file_sha256) in present
    ]
    by_dataset = {name: [load for load in loads if load.dataset == name] for name in INPUTS}
    return {name: _share(home, name, some) for name, some in by_dataset.items() if some}


def unread(loads: Sequence[Load]) -> list[Load]:
    """The last quarantine of each content that was quarantined whole and has not loaded since."""
    gone = superseded(loads)
    last = {
        (load.dataset, load.file_sha256, load.mapping): load
        for load in loads
        if load.sequence not in gone
    }
    return [load for load in last.values() if load.status == "quarantined"]


def _share(home: Home, dataset: str, loads: list[Load]) -> RejectedShare:
    read = sum(load.rows_read for load in loads)
    rejected = sum(load.rows_rejected for load in loads)
    worst = max(loads, key=lambda load: load.rows_rejected) if rejected else None
    return RejectedShare(
        dataset=dataset,
        rows_read=read,
        rows_rejected=rejected,
        share=rejected / read if read else 0.0,
        worst_file=worst.file if worst else None,
        worst_quarantine=(home.quarantine_file(dataset, worst.load_id) if worst else None),
        unusable=tuple((load.file, load.reason) for load in unread(loads) if load.reason),
    )
