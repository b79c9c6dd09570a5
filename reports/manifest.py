"""The folder of a period's reports: what is in it, and writing to it without half files."""

import hashlib
import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from reports.errors import ReportError
from reports.period import Period
from reports.storage import PLAIN, Storage, make_private

MANIFEST = "manifest.json"


@dataclass(frozen=True)
class Entry:
    """One file as the manifest lists it.

    of: the page that a CSV file belongs to. data_fingerprint: digest of the figures it shows.
    build_fingerprint: digest of those and of everything that made the file; as long as it stays,
    so does the file.
    """

    path: str
    kind: str
    subject_id: str | None
    revision: int | None
    of: str | None
    bytes: int
    sha256: str
    data_fingerprint: str
    build_fingerprint: str


@dataclass
class Folder:
    """The output folder: what an earlier run listed, and what this run has listed so far."""

    root: Path
    earlier: Mapping[str, Entry] = field(default_factory=dict)
    listed: dict[str, Entry] = field(default_factory=dict)
    beside: Mapping[str, list[Entry]] = field(default_factory=dict)
    storage: Storage = PLAIN

    @classmethod
    def open(cls, root: Path, storage: Storage = PLAIN) -> "Folder":
        """Create the folder if need be and read its manifest."""
        make_private(root)
        path = root / MANIFEST
        if not storage.exists(path):
            return cls(root, storage=storage)
        try:
            files = json.loads(storage.read(path))["files"]
            earlier = {file["path"]: Entry(**file) for file in files}
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise ReportError(
                f"{path} is not a manifest ({error}): move it away and render again"
            ) from error
        beside: dict[str, list[Entry]] = {}
        for entry in earlier.values():
            if entry.of is not None:
                beside.setdefault(entry.of, []).append(entry)
        return cls(root, earlier, beside=beside, storage=storage)

    def keep(self, path: str, build_fingerprint: str) -> bool:
        """List the file again, and those that belong to it, if all are what an earlier run made of the same things."""
        entry = self.earlier.get(path)
        if entry is None:
            return False
        entries = [entry, *self.beside.get(path, [])]
        if any(
            one.build_fingerprint != build_fingerprint or not self._holds(one.path, one.sha256)
            for one in entries
        ):
            return False
        self.listed.update({one.path: one for one in entries})
        return True

    def keep_issued(self, path: str) -> bool:
        """List the file again if it is intact, whatever has changed since: what was issued stays as it was."""
        entry = self.earlier.get(path)
        return entry is not None and self.keep(path, entry.build_fingerprint)

    def put(
        self,
        path: str,
        content: bytes,
        kind: str,
        *,
        subject_id: str | None = None,
        revision: int | None = None,
        of: str | None = None,
        data_fingerprint: str,
        build_fingerprint: str,
    ) -> bool:
        """Write and list a file; returns whether its bytes are new."""
        digest = hashlib.sha256(content).hexdigest()
        new = not self._holds(path, digest)
        if new:
            # What can be made again need not outlast a power cut; the manifest finds it changed.
            self.storage.write(self.root / path, content, lasting=path.endswith(".pdf"))
        self.listed[path] = Entry(
            path,
            kind,
            subject_id,
            revision,
            of,
            len(content),
            digest,
            data_fingerprint,
            build_fingerprint,
        )
        return new

    def finish(self, period: Period) -> list[str]:
        """Write the manifest; returns the files that were removed because nothing shows them now.

        PDFs of closed revisions are records: they stay, listed as they were. Pages and drafts that
        this run did not make are removed.
        """
        removed = []
        for path, entry in self.earlier.items():
            if path in self.listed:
                continue
            if path.endswith(".pdf") and entry.revision is not None:
                self.listed[path] = entry
            else:
                self.storage.remove(self.root / path)
                removed.append(path)
        files = [vars(entry) for _, entry in sorted(self.listed.items())]
        prints = "".join(f"{file['path']}\n{file['data_fingerprint']}\n" for file in files)
        content = {
            "period": period.folder,
            "title": period.title,
            "cadence": period.cadence,
            "starts_on": str(period.starts_on),
            "ends_on": str(period.ends_on),
            "data_fingerprint": hashlib.sha256(prints.encode()).hexdigest(),
            "files": files,
        }
        text = json.dumps(content, ensure_ascii=False, indent=1, sort_keys=True) + "\n"
        if not self._holds(MANIFEST, hashlib.sha256(text.encode()).hexdigest()):
            self.storage.write(self.root / MANIFEST, text.encode())
        return sorted(removed)

    def _holds(self, path: str, digest: str) -> bool:
        try:
            content = self.storage.read(self.root / path)
        except OSError:
            return False
        return hashlib.sha256(content).hexdigest() == digest


def forget(folder: Path, names: Sequence[str], storage: Storage = PLAIN) -> None:
    """Remove files of a report folder, and what the manifest says of them; the folder, if nothing is left in it.

    names: paths relative to the folder; those that are gone already do not matter.
    """
    if not folder.is_dir():
        return
    for name in names:
        storage.remove(folder / name)
    for inside in sorted((path for path in folder.rglob("*") if path.is_dir()), reverse=True):
        if not any(inside.iterdir()):
            inside.rmdir()
    path = folder / MANIFEST
    gone = set(names)
    if storage.exists(path):
        content = json.loads(storage.read(path))
        content["files"] = [file for file in content["files"] if file["path"] not in gone]
        text = json.dumps(content, ensure_ascii=False, indent=1, sort_keys=True) + "\n"
        storage.write(path, text.encode())
    if not any(one.is_file() and ".json" not in one.suffixes for one in folder.rglob("*")):
        shutil.rmtree(folder)
