"""Which dataset or vendor's entity the files of a folder probably are, and why. Nothing is loaded or changed."""

import os
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ingestion.contract import DATASETS, Dataset
from ingestion.errors import UnusableInput
from ingestion.landing import is_ignored, why_left_out
from ingestion.limits import UnusableFileError, printable
from ingestion.sources.entities import ENTITIES, Entity
from ingestion.sources.forms import Form, form_of, objects_in
from ingestion.sources.inputs import INPUTS

OPENED = 2_000
"""Of more files, so many are opened: some of each kind of name."""

RECOGNISED = 0.6
"""A file is taken for what it matches best from this score on."""

MAPPING_FILE = "mapping.yml"
"""What tells how the exports of any other system are read; it lies in the system's folder."""

_TOLD_EVERY = 500
# Numbers, and the hexadecimal ones of identifiers.
_NUMBERS = re.compile(r"[0-9a-fA-F]*\d[0-9a-fA-F]*")


@dataclass(frozen=True)
class Match:
    """How well a file fits a dataset or an entity.

    `score`: 1 when all fields by which it is known are there, and, of a dataset, no column that the
    contract does not know. `found`, `missing`: those fields, as the contract or the vendor writes
    them.
    """

    target: str
    score: float
    found: tuple[str, ...]
    missing: tuple[str, ...]


@dataclass(frozen=True)
class SeenFile:
    """A file that was looked at.

    `path`: relative to the folder. `size` in bytes. `matches`: best first. `lies_in`: the dataset
    or entity whose folder it lies in. `target`: what it is taken for; None: nobody knows.
    `problem`: why nothing can be made of it, or of it where it lies. `mapping`: the mapping file that
    reads it, which is not looked into here.
    """

    path: str
    size: int
    form: Form | None
    matches: tuple[Match, ...]
    lies_in: str | None
    target: str | None
    problem: str | None = None
    mapping: str | None = None

    @property
    def match(self) -> Match | None:
        """How well it fits what it is taken for."""
        return next((match for match in self.matches if match.target == self.target), None)


@dataclass(frozen=True)
class Looked:
    """What a folder holds.

    `files`: those that were opened, by path. `files_in_all`, `bytes_in_all`: with those that were
    not. `left_out`: what is no file to read, with the reason. `ignored`: hidden and unfinished
    files and folders.
    """

    folder: Path
    files: tuple[SeenFile, ...]
    files_in_all: int
    bytes_in_all: int
    left_out: tuple[tuple[str, str], ...]
    ignored: tuple[str, ...]


def look(folder: Path, tell: Callable[[str], None]) -> Looked:
    """Look at every file of a folder, or of many at some.

    Raises:
        UnusableInput: there is no such folder, it cannot be listed, or there is no file in it.
    """
    if not folder.exists():
        raise UnusableInput(f"there is no folder {folder}")
    if not folder.is_dir():
        raise UnusableInput(f"{folder} is a file; name the folder that it lies in")
    root = folder.resolve()
    paths, left_out, ignored = _listed(root)
    if not paths and not left_out:
        hidden = f" but for {', '.join(ignored)}" if ignored else ""
        raise UnusableInput(f"there is no file in {folder}{hidden}")
    chosen = _chosen(paths, root)
    tell(f"looking at {len(chosen):,} of {len(paths):,} files")
    mappings = {path.parent: path for path in paths if path.name == MAPPING_FILE}
    seen: list[SeenFile] = []
    for number, path in enumerate(chosen, 1):
        mapping = next((mappings[above] for above in path.parents if above in mappings), None)
        seen.append(_seen(root, path) if mapping is None else _mapped(root, path, mapping))
        if number % _TOLD_EVERY == 0:
            tell(f"{number:,} files")
    sizes = 0
    for path in paths:
        try:
            sizes += path.stat().st_size
        except OSError:
            continue
    return Looked(folder, tuple(seen), len(paths), sizes, tuple(left_out), tuple(ignored))


def matches_of(form: Form) -> tuple[Match, ...]:
    """Every dataset and entity that has anything of the form, best first."""
    found = [_as_entity(entity, form) for entity in ENTITIES.values()]
    found += [_as_dataset(dataset, form) for dataset in DATASETS.values()]
    good = [match for match in found if match.score > 0]
    return tuple(sorted(good, key=lambda match: (-match.score, -len(match.found))))


def _chosen(paths: Sequence[Path], root: Path) -> list[Path]:
    """As many files as are opened, by path: some of each kind of name, evenly spread.

    A stream has thousands of files whose names differ in numbers; the one file of agents among them has its own.
    """
    if len(paths) <= OPENED:
        return list(paths)
    kinds: dict[str, list[Path]] = {}
    for path in paths:
        kinds.setdefault(_NUMBERS.sub("#", path.relative_to(root).as_posix()), []).append(path)
    chosen: list[Path] = []
    for number, alike in enumerate(sorted(kinds.values(), key=len)):
        share = (OPENED - len(chosen)) // max(len(kinds) - number, 1)
        count = min(len(alike), max(share, 1))
        chosen += [alike[place * len(alike) // count] for place in range(count)]
        if len(chosen) >= OPENED:
            break
    return sorted(chosen, key=lambda path: path.as_posix())


def _as_entity(entity: Entity, form: Form) -> Match:
    if entity.form == "log":
        return Match(entity.name, float(form.kind == "log"), ("the lines of a queue log",), ())
    records: list[Mapping[str, object]] = []
    if form.kind == "json":
        for record in form.records:
            records += [one for one in objects_in(record, entity.lists) if isinstance(one, dict)]
    elif form.kind == "csv":
        records = [dict.fromkeys(form.columns)]
    if not (records and entity.known_by):
        return Match(entity.name, 0, (), entity.known_by)
    there = {name: sum(name in record for record in records) for name in entity.known_by}
    return Match(
        entity.name,
        sum(there.values()) / len(records) / len(there),
        tuple(name for name, count in there.items() if count),
        tuple(name for name, count in there.items() if not count),
    )


def _as_dataset(dataset: Dataset, form: Form) -> Match:
    written = form.columns or {key for record in form.records for key in record}
    names = {name.strip().lower() for name in written}
    required = dataset.required_columns
    found = tuple(name for name in required if name in names)
    missing = tuple(name for name in required if name not in names)
    score = 0.5 * len(found) / len(required)
    if not missing:
        known = {column.name for column in dataset.columns}
        score += 0.5 * len(names & known) / len(names)
    return Match(dataset.name, score, found, missing)


def _seen(root: Path, path: Path) -> SeenFile:
    relative = path.relative_to(root)
    lies_in = _lies_in(root, relative)
    size = 0
    try:
        size = path.stat().st_size
        form = form_of(path)
    except (UnusableFileError, OSError) as error:
        return SeenFile(relative.as_posix(), size, None, (), lies_in, lies_in, _reason(error))
    matches = matches_of(form)
    best = next((match for match in matches if match.score >= RECOGNISED), None)
    here = next((match for match in matches if match.target == lies_in), None)
    target, problem = best.target if best else lies_in, None
    if best and lies_in and best.target != lies_in:
        if here and here.score >= best.score:
            # As good as the best, and in its folder.
            target = lies_in
        else:
            problem = f"it lies in {lies_in}, but looks like {best.target}"
    elif lies_in and not best and _is_strange(lies_in, here):
        problem = f"it lies in {lies_in}, but has {_lacks(lies_in, here)}"
    return SeenFile(relative.as_posix(), size, form, matches, lies_in, target, problem)


def _mapped(root: Path, path: Path, mapping: Path) -> SeenFile:
    """A file of a system that a mapping file tells how to read, or that file itself."""
    form, problem, size = None, None, 0
    try:
        size = path.stat().st_size
        form = form_of(path) if path != mapping else None
    except (UnusableFileError, OSError) as error:
        problem = _reason(error)
    return SeenFile(
        path.relative_to(root).as_posix(),
        size,
        form,
        (),
        None,
        None,
        problem,
        mapping.relative_to(root).as_posix(),
    )


def _reason(error: UnusableFileError | OSError) -> str:
    said = error.strerror if isinstance(error, OSError) else None
    return printable(said or str(error))


def _is_strange(lies_in: str, here: Match | None) -> bool:
    entity = ENTITIES.get(lies_in)
    return entity is None or entity.form == "log" or (bool(entity.known_by) and here is None)


def _lacks(lies_in: str, here: Match | None) -> str:
    if ENTITIES.get(lies_in, None) is not None and ENTITIES[lies_in].form == "log":
        return "no line of a queue log"
    if lies_in in ENTITIES:
        return f"none of its fields {', '.join(ENTITIES[lies_in].known_by)}"
    missing = here.missing if here else DATASETS[lies_in].required_columns
    if not missing:
        return "mostly columns that the contract does not know"
    return f"no column {', '.join(missing)}"


def _lies_in(root: Path, relative: Path) -> str | None:
    """The dataset or entity whose folder the file lies in; the folder looked at may be that one itself."""
    parts = [root.parent.name, root.name, *relative.parts[:-1]]
    for start in (2, 1, 0):
        for name in INPUTS:
            if parts[start : start + name.count("/") + 1] == name.split("/"):
                return name
    return None


def _listed(root: Path) -> tuple[list[Path], list[tuple[str, str]], list[str]]:
    """Files by path, what is left out with the reason, and what is ignored."""
    paths: list[Path] = []
    left_out: list[tuple[str, str]] = []
    ignored: list[str] = []

    def not_listed(error: OSError) -> None:
        place = os.path.relpath(error.filename, root)
        if place == ".":
            raise UnusableInput(f"the folder {root} cannot be listed: {error.strerror}") from None
        left_out.append((printable(place), error.strerror or str(error)))

    for place, folders, names in os.walk(root, onerror=not_listed):
        here = Path(place)
        links = [name for name in folders if (here / name).is_symlink()]
        for name in (*folders, *names):
            if is_ignored(name):
                ignored.append(printable(os.path.relpath(here / name, root)))
        folders[:] = [name for name in folders if not is_ignored(name)]
        for name in (*links, *names):
            path = here / name
            if is_ignored(name):
                continue
            if reason := why_left_out(path, root):
                left_out.append((printable(os.path.relpath(path, root)), reason))
            elif path.is_file():
                paths.append(path)
    paths.sort(key=lambda path: path.as_posix())
    return paths, sorted(left_out), sorted(ignored)
