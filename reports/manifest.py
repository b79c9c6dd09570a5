"""The folder of a period's reports: what is in it, and writing to it without half files."""

import hashlib
import io
import json
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import IO, Any

from reports.errors import ReportError
from reports.period import Period
from reports.storage import PLAIN, Storage, make_private

MANIFEST = "manifest.json"
# Ends the first line of a manifest: what it says of the period. Each of the next is a file.
_FILES = b'"files":['
_END = b"]}"


@dataclass(frozen=True, slots=True)
class Entry:
    """One file as the manifest lists it.

    data_fingerprint: digest of the figures it shows.
    build_fingerprint: digest of those and of everything that made the file; as long as it stays,
    so does the file.
    """

    path: str
    kind: str
    subject_id: str | None
    revision: int | None
    bytes: int
    sha256: str
    data_fingerprint: str
    build_fingerprint: str


_NAMES = [field.name for field in fields(Entry)]
# A page and its PDF have these texts in common; they are held once.
_IN_COMMON = ("kind", "subject_id", "data_fingerprint", "build_fingerprint")


def read_head(folder: Path, storage: Storage = PLAIN) -> dict[str, Any]:
    """What the manifest of a folder says of its period: period, title, cadence, starts_on, ends_on, data_fingerprint.

    Raises FileNotFoundError where there is none, and OSError or ValueError for a file that is no manifest.
    """
    with storage.opened(folder / MANIFEST) as stream:
        head, _ = _split(stream)
        return head


def read_entries(folder: Path, storage: Storage = PLAIN) -> Iterator[Entry]:
    """Yield what the manifest of a folder lists, sorted by path; of hundreds of thousands, never all at once.

    Raises OSError, ValueError, KeyError or TypeError, also on the way, when it is no manifest.
    """
    known: dict[str, str] = {}
    with storage.opened(folder / MANIFEST) as stream:
        _, files = _split(stream)
        for file in files:
            for name in _IN_COMMON:
                if file[name] is not None:
                    file[name] = known.setdefault(file[name], file[name])
            yield Entry(**{name: file[name] for name in _NAMES})


def _split(stream: IO[bytes]) -> tuple[dict[str, Any], Iterator[dict[str, Any]]]:
    """The head and the files of a manifest."""
    first = stream.readline()
    is_by_line = first.rstrip().endswith(_FILES)
    # Others are laid out as by earlier versions.
    head = json.loads(first + (_END if is_by_line else stream.read()))
    files = head.pop("files")
    return head, _files(stream) if is_by_line else iter(files)


def _files(stream: IO[bytes]) -> Iterator[dict[str, Any]]:
    for line in stream:
        if line.startswith(_END):
            return
        yield json.loads(line.rstrip(b",\n"))
    raise ValueError("it ends too early")


def _content(head: Mapping[str, object], entries: Sequence[Entry]) -> bytes:
    """A manifest: JSON with a line for the period and one for each file, so that readers need not hold all of it."""
    content = io.BytesIO()
    content.write(_json(head).removesuffix(b"}") + (b"," if head else b"") + _FILES + b"\n")
    for number, entry in enumerate(entries, 1):
        content.write(_json({name: getattr(entry, name) for name in _NAMES}))
        content.write(b",\n" if number < len(entries) else b"\n")
    content.write(_END + b"\n")
    return content.getvalue()


def _json(content: Mapping[str, object]) -> bytes:
    text = json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return text.encode()


@dataclass
class Folder:
    """The output folder: what an earlier run listed, and what this run has listed so far."""

    root: Path
    earlier: Mapping[str, Entry] = field(default_factory=dict)
    listed: dict[str, Entry] = field(default_factory=dict)
    storage: Storage = PLAIN

    @classmethod
    def open(cls, root: Path, storage: Storage = PLAIN) -> "Folder":
        """Create the folder if need be and read its manifest."""
        make_private(root)
        if not storage.exists(root / MANIFEST):
            return cls(root, storage=storage)
        try:
            earlier = {entry.path: entry for entry in read_entries(root, storage)}
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise ReportError(
                f"{root / MANIFEST} is not a manifest ({error}): move it away and render again"
            ) from error
        return cls(root, earlier, storage=storage)

    def keep(self, path: str, build_fingerprint: str) -> bool:
        """List the file again if it is what an earlier run made of the same things."""
        entry = self.earlier.get(path)
        if (
            entry is None
            or entry.build_fingerprint != build_fingerprint
            or not self._holds(path, entry.sha256)
        ):
            return False
        self.listed[path] = entry
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
        entries = [self.listed[path] for path in sorted(self.listed)]
        prints = hashlib.sha256()
        for entry in entries:
            prints.update(f"{entry.path}\n{entry.data_fingerprint}\n".encode())
        head = {
            "period": period.folder,
            "title": period.title,
            "cadence": period.cadence,
            "starts_on": str(period.starts_on),
            "ends_on": str(period.ends_on),
            "data_fingerprint": prints.hexdigest(),
        }
        content = _content(head, entries)
        if not self._holds(MANIFEST, hashlib.sha256(content).hexdigest()):
            self.storage.write(self.root / MANIFEST, content)
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
    if storage.exists(folder / MANIFEST):
        gone = set(names)
        left = [entry for entry in read_entries(folder, storage) if entry.path not in gone]
        storage.write(folder / MANIFEST, _content(read_head(folder, storage), left))
    if not any(one.is_file() and ".json" not in one.suffixes for one in folder.rglob("*")):
        shutil.rmtree(folder)
