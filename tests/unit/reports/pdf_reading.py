"""Reading back what a PDF holds, as far as the tests need it, without a PDF library."""

import re
import zlib


def streams(pdf: bytes) -> list[bytes]:
    """Return the contents of all streams that are plain or deflated."""
    out = []
    for match in re.finditer(rb"stream\r?\n(.*?)\r?\nendstream", pdf, re.DOTALL):
        try:
            out.append(zlib.decompress(match[1]))
        except zlib.error:
            out.append(match[1])
    return out


def attachment(pdf: bytes, start: str) -> str:
    """Return the attached text that starts with the given words."""
    found = [s for s in streams(pdf) if s.startswith(start.encode())]
    assert len(found) == 1, f"{len(found)} attachments start with {start!r}"
    return found[0].decode()


def spoken(pdf: bytes) -> set[str]:
    """Return every character the PDF's fonts say they show (their ToUnicode tables)."""
    shown: set[str] = set()
    for stream in streams(pdf):
        if b"beginbfchar" not in stream and b"beginbfrange" not in stream:
            continue
        for match in re.finditer(rb"<[0-9A-Fa-f]+> <([0-9A-Fa-f]+)>", stream):
            shown |= set(bytes.fromhex(match[1].decode()).decode("utf-16-be", "replace"))
    return shown
