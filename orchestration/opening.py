"""`scorehouse open`: what lies sealed in an encrypted home, readable in a folder outside of it."""

import os
from pathlib import Path

from ingestion import Home, UnusableInput, encryption


def open_files(home: Home, what: Path, out: Path) -> int:
    """Unseal a file, or all files of a folder, into a new folder; returns how many were written.

    what: a path, absolute or in the home, or the name of a folder of reports, such as `2026-10`.

    Raises:
        UnusableInput: the home is not encrypted, it has no such files, one of them is damaged, or `out` is in use or
            in the home.
    """
    if not encryption.is_encrypted(home.root):
        raise UnusableInput(f"{home.root} is not encrypted: open its files where they lie")
    source = _found(home, what)
    if out.is_relative_to(home.root):
        raise UnusableInput(
            f"{out} is in the home, where nothing lies in the clear: name another folder"
        )
    if out.exists() and any(out.iterdir()):
        raise UnusableInput(f"{out} is not empty: name a folder that does not exist yet")
    files = sorted(source.rglob(f"*{encryption.SUFFIX}")) if source.is_dir() else [source]
    if not files:
        raise UnusableInput(f"{source} holds nothing that is sealed")
    base = source if source.is_dir() else source.parent
    for file in files:
        content = encryption.read(file)
        target = (out / file.relative_to(base)).with_name(file.name.removesuffix(encryption.SUFFIX))
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with os.fdopen(
            os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb"
        ) as written:
            written.write(content)
    return len(files)


def _found(home: Home, what: Path) -> Path:
    sealed = what.with_name(what.name + encryption.SUFFIX)
    for path in (home.root / what, home.root / sealed, home.reports / what):
        if path.exists() and path.resolve().is_relative_to(home.root):
            return path
    raise UnusableInput(
        f"{home.root} has no '{what}': name a folder of reports, such as 2026-10, or a path in the home, such as outbox"
    )
