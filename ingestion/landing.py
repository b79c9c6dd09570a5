"""The landing folder: which files lie in it, and what their content is."""

import json
import os
import stat
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from ingestion import durable
from ingestion.bytes_check import content_hash
from ingestion.contract import DATASETS
from ingestion.errors import UnusableInput
from ingestion.home import Home
from ingestion.mapping.language import FILE_NAME, Entry, Mapping, read_mapping
from ingestion.sources.entities import SOURCES
from ingestion.sources.inputs import INPUTS

IGNORED_PREFIXES = (".", "_")
IGNORED_SUFFIXES = (".tmp", ".part", "~")


@dataclass(frozen=True)
class LandingFile:
    """One file of a dataset, its path (posix) relative to the landing folder, and its content.

    `size` in bytes, `mtime_ns` in nanoseconds since 1970: by them an unchanged file is known. A file that a mapping
    makes rows of a dataset is here once per `mapping`, an entry of it (`system/folder#number`), which `entry` is
    itself; `mapping_sha256` is what it says. A scan that was written has no `entry`.
    """

    dataset: str
    path: str
    size: int
    mtime_ns: int
    sha256: str
    mapping: str | None = None
    mapping_sha256: str | None = None
    entry: Entry | None = None


@dataclass(frozen=True)
class LandingScan:
    """What lay in a landing folder at one time.

    `unknown`: its entries that are no dataset. `unreadable`: files and folders in it that were
    left out, with the reason.
    """

    landing: str
    files: tuple[LandingFile, ...]
    unknown: tuple[str, ...] = ()
    unreadable: tuple[tuple[str, str], ...] = ()

    def contents(self) -> set[tuple[str, str]]:
        """(dataset, SHA-256) of every file."""
        return {(file.dataset, file.sha256) for file in self.files}


def scan(landing: Path, datasets: Collection[str], before: LandingScan | None) -> LandingScan:
    """List the files of `datasets` in contract order, then by path; hash those not in `before`.

    Files of other datasets are carried over from `before`.

    Raises:
        UnusableInput: the folder is missing, no dataset folder in it has a file, or a mapping file cannot be used.
    """
    if not landing.is_dir():
        raise UnusableInput(
            f"landing folder {landing} does not exist; create it with one folder per dataset in it"
        )
    root = landing.resolve()
    same_folder = before is not None and before.landing == str(root)
    past = before.files if before and same_folder else ()
    known = {file.path: file for file in past}
    mappings = _mappings(root)
    files: list[LandingFile] = []
    unreadable: list[tuple[str, str]] = []
    for dataset in INPUTS:
        if dataset not in datasets:
            files += [file for file in past if file.dataset == dataset]
            continue
        entries = [one for said in mappings for one in said.entries if one.dataset.name == dataset]
        for folder, entry in [(dataset, None), *((one.folder, one) for one in entries)]:
            found, left_out = _files_under(root, folder)
            unreadable += [one for one in left_out if one not in unreadable]
            for path in found:
                relative = path.relative_to(root).as_posix()
                try:
                    file = _identify(path, dataset, relative, known.get(relative), entry)
                    files.append(file)
                    known[relative] = file
                except OSError as error:
                    unreadable.append((relative, error.strerror or str(error)))
    if not (files or unreadable or any(any(_files_under(root, one)) for one in INPUTS)):
        raise UnusableInput(
            f"landing folder {landing} has no file in a dataset folder; put files into folders"
            f" named {', '.join(DATASETS)}, or vendors' exports into"
            f" {', '.join(name for name in INPUTS if name not in DATASETS)}, or those of another system"
            f" beside a mapping file (docs/sources/mapping.md)"
        )
    systems = [said.system for said in mappings]
    known_names = {*INPUTS, *SOURCES, *systems, *(one for said in mappings for one in said.folders)}
    unknown = sorted(
        entry.relative_to(root).as_posix()
        for folder in (root, *(root / source for source in (*SOURCES, *systems)))
        if folder.is_dir()
        for entry in folder.iterdir()
        if not is_ignored(entry.name)
        and not (entry.is_dir() and entry.relative_to(root).as_posix() in known_names)
        and not (folder.name in systems and entry.name == FILE_NAME)
    )
    return LandingScan(str(root), tuple(files), tuple(unknown), tuple(unreadable))


def is_unchanged(landing: Path, file: LandingFile) -> bool:
    """Whether the file still is as it was when its content was identified."""
    try:
        now = (landing / file.path).stat()
    except OSError:
        return False
    return (now.st_size, now.st_mtime_ns) == (file.size, file.mtime_ns)


def read_scan(home: Home) -> LandingScan | None:
    """The last scan that was written; None when there is none or it cannot be read."""
    try:
        content = json.loads(home.landing_scan.read_text(encoding="utf-8"))
        files = tuple(LandingFile(path=path, **fact) for path, fact in content["files"].items())
        mapped = tuple(LandingFile(**fact) for fact in content.get("mapped", ()))
        return LandingScan(content["landing"], (*files, *mapped))
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        return None


def write_scan(home: Home, scanned: LandingScan) -> None:
    """Replace the remembered scan."""
    facts = ("dataset", "size", "mtime_ns", "sha256")
    files = {
        file.path: {name: getattr(file, name) for name in facts}
        for file in scanned.files
        if file.mapping is None
    }
    mapped = [
        {name: getattr(file, name) for name in ("path", *facts, "mapping", "mapping_sha256")}
        for file in scanned.files
        if file.mapping is not None
    ]
    content = {"landing": scanned.landing, "files": files, "mapped": mapped}
    durable.write_text(home.landing_scan, json.dumps(content, ensure_ascii=False, indent=1) + "\n")


def _mappings(root: Path) -> list[Mapping]:
    """The mapping files of the folders that are neither a dataset nor a vendor we know, by name."""
    return [
        read_mapping(folder / FILE_NAME)
        for folder in sorted(root.iterdir(), key=lambda one: one.name)
        if folder.name not in (*INPUTS, *SOURCES)
        and not is_ignored(folder.name)
        and not folder.is_symlink()
        and folder.is_dir()
        and (folder / FILE_NAME).is_file()
        and why_left_out(folder / FILE_NAME, root) is None
    ]


def _files_under(root: Path, dataset: str) -> tuple[list[Path], list[tuple[str, str]]]:
    """The files of a dataset, and what lies among them but is no file to read, with the reason."""
    found: list[Path] = []
    left_out: list[tuple[str, str]] = []

    def leave_out(path: str | Path, reason: str) -> None:
        left_out.append((os.path.relpath(path, root), reason))

    def not_listed(error: OSError) -> None:
        if not isinstance(error, FileNotFoundError):
            leave_out(error.filename, error.strerror or str(error))

    top = root / dataset
    if top.is_symlink() and (reason := why_left_out(top, root)):
        return [], [(dataset, reason)]
    for place, folders, names in os.walk(top, onerror=not_listed):
        folders[:] = sorted(name for name in folders if not is_ignored(name))
        links = [name for name in folders if _is_link(Path(place) / name)]
        for name in sorted((*links, *(name for name in names if not is_ignored(name)))):
            path = Path(place) / name
            if reason := why_left_out(path, root):
                leave_out(path, reason)
            else:
                found.append(path)
    return sorted(found, key=lambda path: path.as_posix()), sorted(left_out)


def _is_link(path: Path) -> bool:
    try:
        return path.is_symlink()
    except OSError:
        # What cannot be looked at cannot be listed either, which is reported there.
        return False


def why_left_out(path: Path, root: Path) -> str | None:
    """Why an entry of a dataset's folder is not read; None when it is.

    A link could bring any file of this machine, such as a list of passwords, into the quarantine
    and the reports, so none may lead out of the landing folder.
    """
    try:
        str(path.relative_to(root)).encode()
        if path.is_symlink() and not path.resolve(strict=True).is_relative_to(root):
            return "it is a link out of the landing folder; put the file itself here"
        mode = path.stat().st_mode
    except UnicodeEncodeError:
        return "its name is not UTF-8; rename it"
    except FileNotFoundError:
        return "it is a link to nothing"
    except (OSError, RuntimeError) as error:
        return (isinstance(error, OSError) and error.strerror) or "it is a link to itself"
    if stat.S_ISDIR(mode) and path.parent != root:
        return "it is a link to a folder; put the folder itself here"
    if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
        return "it is no regular file, but a pipe, a socket or a device"
    return None


def is_ignored(name: str) -> bool:
    """Whether a file or folder of this name is left alone: hidden, or not written to its end."""
    return name.startswith(IGNORED_PREFIXES) or name.endswith(IGNORED_SUFFIXES)


def _identify(
    path: Path, dataset: str, relative: str, known: LandingFile | None, entry: Entry | None
) -> LandingFile:
    facts = path.stat()
    is_same = known and (known.size, known.mtime_ns) == (facts.st_size, facts.st_mtime_ns)
    return LandingFile(
        dataset,
        relative,
        facts.st_size,
        facts.st_mtime_ns,
        known.sha256 if known and is_same else content_hash(path),
        entry.name if entry else None,
        entry.mapping_sha256 if entry else None,
        entry,
    )
