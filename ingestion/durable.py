"""Writing files so that a crash leaves the old file or the new one, never half of one."""

import os
import uuid
from pathlib import Path

TEMPORARY_SUFFIX = ".tmp"


def temporary_beside(final: Path) -> Path:
    """A fresh hidden name in the folder of `final`, so that replacing stays on one file system."""
    return final.with_name(f".{final.name}.{uuid.uuid4().hex}{TEMPORARY_SUFFIX}")


def put_in_place(written: Path, final: Path) -> None:
    """Make `written` (closed, complete) durable and private, and rename it to `final`."""
    written.chmod(0o600)
    _sync(written)
    written.replace(final)
    _sync(final.parent)


def put_new(written: Path, final: Path) -> None:
    """As `put_in_place`, where there must be no `final` yet.

    Raises:
        FileExistsError: there is one; it stays as it is, and `written` is gone.
    """
    written.chmod(0o600)
    _sync(written)
    try:
        os.link(written, final)
    finally:
        written.unlink()
    _sync(final.parent)


def write_text(final: Path, text: str) -> None:
    """Replace `final` by `text` (UTF-8) in one step."""
    write_bytes(final, text.encode())


def write_bytes(final: Path, content: bytes) -> None:
    """Replace `final` by `content` in one step."""
    written = temporary_beside(final)
    try:
        written.write_bytes(content)
        put_in_place(written, final)
    finally:
        written.unlink(missing_ok=True)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
