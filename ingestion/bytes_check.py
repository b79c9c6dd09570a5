"""What a file's bytes say before anyone parses them: identity, compression, encoding, quoting.

A lenient parser can lose rows of a truncated archive or behind a quote that never closes without
a word, so these are settled here, in streaming passes over the bytes.
"""

import codecs
import hashlib
import zlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from ingestion.limits import Limits, UnusableFileError

CHUNK_BYTES = 4 * 1024 * 1024
GZIP_MAGIC = b"\x1f\x8b"
_QUOTE = ord('"')
_BYTE_ORDER_MARKS = {codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}


@dataclass(frozen=True)
class TextFile:
    """A readable UTF-8 text file.

    `path`: the file, or its unpacked copy. `odd_quote_line`: the physical line of the first double
    quote that is neither at an edge of a value nor doubled, or of the last quote when their number
    is odd; None when every quote is where RFC 4180 has it. `mixed_line_ends`: some lines end by
    CR LF and some by LF alone, within values or not. `separator`: what stands between the values.
    """

    path: Path
    odd_quote_line: int | None
    mixed_line_ends: bool
    separator: str = ","


def content_hash(path: Path) -> str:
    """SHA-256 of the file as it lies there, in hexadecimal."""
    with path.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def open_text(
    path: Path, compressed: bool, folder: Path, limits: Limits, separator: str | None = None
) -> TextFile:
    """Check the whole file for size, compression and UTF-8; unpack it into `folder` if needed.

    separator: of a CSV file, of which the quotes and the line ends are looked at as well.

    Raises:
        UnusableFileError: it is not gzip where its name says so, is truncated or damaged, has a
            byte that is not UTF-8, or is over a limit.
    """
    size = _Size(limits, path.stat().st_size if compressed else None)
    utf8 = _Utf8()
    quotes = _Quotes(separator) if separator else None

    def check(chunk: bytes) -> None:
        utf8.feed(chunk, size.lines)
        size.feed(chunk)
        if quotes:
            quotes.feed(chunk)

    if not compressed:
        with path.open("rb") as opened:
            for chunk in iter(lambda: opened.read(CHUNK_BYTES), b""):
                check(chunk)
    else:
        unpacked = folder / "unpacked"
        with unpacked.open("xb") as copy:
            for chunk in _ahead(unpack(path)):
                check(chunk)
                copy.write(chunk)
        path = unpacked
    utf8.feed(b"", size.lines, final=True)
    if quotes is None:
        return TextFile(path, None, False)
    odd_quote_line = quotes.finish()
    return TextFile(path, odd_quote_line, 0 < quotes.paired < quotes.lines, quotes.separator)


def in_utf8(
    path: Path, compressed: bool, encoding: str | None, folder: Path, limits: Limits
) -> Path:
    """A copy of the file in UTF-8 and unpacked, in `folder`; the file itself where it may be UTF-8 as it is.

    encoding: its name for Python; None looks for a byte order mark of UTF-16 and takes all else for UTF-8.

    Raises:
        UnusableFileError: it is not in this encoding, is truncated or damaged, or is over a limit.
    """
    if encoding is None:
        encoding = _BYTE_ORDER_MARKS.get(next(_chunks(path, compressed), b"")[:2])
    if encoding is None or codecs.lookup(encoding).name in ("utf-8", "utf-8-sig"):
        return path
    size = _Size(limits, path.stat().st_size if compressed else None)
    decoder = codecs.getincrementaldecoder(encoding)()
    copy = folder / "in_utf8"
    with copy.open("xb") as target:
        lines = 1
        for chunk in chain(_chunks(path, compressed), [None]):
            try:
                text = decoder.decode(chunk or b"", final=chunk is None)
            except UnicodeDecodeError as error:
                raise UnusableFileError(
                    f"what follows line {lines} is not {encoding} ({error.reason});"
                    " name the encoding of the file in the mapping"
                ) from None
            lines += text.count("\n")
            written = text.encode()
            size.feed(written)
            target.write(written)
    return copy


def first_line(path: Path, compressed: bool) -> str:
    """The first line of a file that may be UTF-8, as far as it lies in the first bytes."""
    start = next(_chunks(path, compressed), b"")[:CHUNK_BYTES]
    return (start.decode("utf-8-sig", errors="replace").splitlines() or [""])[0]


def _chunks(path: Path, compressed: bool) -> Iterator[bytes]:
    if compressed:
        yield from unpack(path)
        return
    with path.open("rb") as opened:
        yield from iter(lambda: opened.read(CHUNK_BYTES), b"")


def check_shape(path: Path, width: int, limits: Limits, separator: str = ",") -> None:
    """Check that not too many records of a CSV file have another number of values than `width`.

    The engine notes every value beyond the header, each with the whole line: a single line of a
    million values would take it hours and all memory. Separators are counted as RFC 4180 has
    quotes, so that the engine need not be asked.

    Raises:
        UnusableFileError: a record has too many values beyond, or too many records are no rows.
    """
    # Heavy to import: only who reads a file waits for it.
    import numpy as np

    inside = wrong = lines = separators = length = 0
    with path.open("rb") as opened:
        for chunk in iter(lambda: opened.read(CHUNK_BYTES), b""):
            view = np.frombuffer(chunk, dtype=np.uint8)
            outside = (np.cumsum(view == _QUOTE) + inside) % 2 == 0
            inside = (inside + chunk.count(b'"')) % 2
            ends = np.flatnonzero(outside & ((view == 10) | (view == 13)))
            counts = np.cumsum(outside & (view == ord(separator)))
            total = int(counts[-1])
            found = np.diff(np.concatenate(([-separators], counts[ends], [total])))
            sizes = np.diff(np.concatenate(([-length - 1], ends, [len(view)]))) - 1
            length = int(sizes[-1])
            separators = int(found[-1])
            beyond = found + 1 - width
            widest = int(beyond.argmax())
            if beyond[widest] > limits.columns:
                before = int(ends[widest - 1]) if widest else 0
                line = 1 + lines + chunk.count(b"\n", 0, before + 1)
                raise limits.refuse(
                    "columns",
                    f"the row in line {line} has {beyond[widest] + width:,} values or more,"
                    f" but the header names {width:,} columns",
                    "put values that hold a comma in double quotes",
                )
            lines += chunk.count(b"\n")
            whole = beyond[:-1][sizes[:-1] > 0]
            wrong += int(np.where(whole < 0, 1, whole).sum())
            if wrong > limits.refused_lines:
                raise limits.refuse(
                    "refused_lines",
                    f"up to line {lines:,} more rows or values do not fit the header"
                    f" of {width:,} columns",
                    "is it the right file, and are its values in double quotes where they must be?",
                )


def with_one_line_ending(path: Path, folder: Path) -> Path:
    """A copy of `path` in `folder` in which every CR LF is LF."""
    copy = folder / "one_line_ending"
    with path.open("rb") as source, copy.open("xb") as target:
        held = b""
        for chunk in iter(lambda: source.read(CHUNK_BYTES), b""):
            text = (held + chunk).replace(b"\r\n", b"\n")
            # A CR at the very end may be half of a CR LF.
            held = text[-1:] if text.endswith(b"\r") else b""
            target.write(text[: len(text) - len(held)])
        target.write(held)
    return copy


def unpack(path: Path) -> Iterator[bytes]:
    """The content of a gzip file of one or more members, checksums verified."""
    way_out = "export or copy the file again"
    with path.open("rb") as opened:
        data = opened.read(CHUNK_BYTES)
        if not data.startswith(GZIP_MAGIC):
            raise UnusableFileError(
                "the file is not gzip, which its name says it is; "
                "compress it, or name it without .gz"
            )
        member = zlib.decompressobj(wbits=31)
        while data:
            try:
                # At most a chunk at a time: a few bytes may stand for a thousand times as many.
                yield member.decompress(data, CHUNK_BYTES)
            except zlib.error as error:
                raise UnusableFileError(f"the gzip data is damaged ({error}); {way_out}") from None
            data = member.unused_data if member.eof else member.unconsumed_tail
            data = data or opened.read(CHUNK_BYTES)
            if member.eof and data:
                # Some writers pad the end of an archive with zero bytes.
                data = data.lstrip(b"\0") or opened.read(CHUNK_BYTES).lstrip(b"\0")
                if data:
                    member = zlib.decompressobj(wbits=31)
        if not member.eof:
            yield member.flush()
        if not member.eof:
            raise UnusableFileError(f"the gzip data ends too early (truncated file); {way_out}")


def _ahead(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """The chunks, of which the next one is made while one is looked at."""
    with ThreadPoolExecutor(1) as worker:
        following = worker.submit(next, chunks, None)
        while (chunk := following.result()) is not None:
            following = worker.submit(next, chunks, None)
            yield chunk


class _Size:
    """Fails when the text, or a physical line of it, is longer than the limits allow."""

    def __init__(self, limits: Limits, packed: int | None) -> None:
        self._limits = limits
        self._packed = packed
        self._bytes = 0
        self.lines = 1
        self._line_bytes = 0

    def feed(self, chunk: bytes) -> None:
        limits = self._limits
        self._bytes += len(chunk)
        if self._bytes > limits.file_bytes:
            raise limits.refuse(
                "file_bytes", f"the file has {self._bytes:,} bytes or more", "split it"
            )
        if (
            self._packed is not None
            and self._bytes > limits.ratio_free_bytes
            and self._bytes > limits.unpack_ratio * self._packed
        ):
            raise limits.refuse(
                "unpack_ratio",
                f"{self._packed:,} bytes unpack to {self._bytes:,} or more",
                "put the file here unpacked if it is meant",
            )
        first, last = chunk.find(b"\n"), chunk.rfind(b"\n")
        if first < 0:
            first, last = chunk.find(b"\r"), chunk.rfind(b"\r")
        length = self._line_bytes + (first if first >= 0 else len(chunk))
        if length > limits.line_bytes:
            raise limits.refuse(
                "line_bytes",
                f"line {self.lines} has {length:,} bytes or more",
                "write one record per line",
            )
        self.lines += chunk.count(b"\n")
        # Lines within a chunk are shorter than it, and a chunk is shorter than the limit.
        self._line_bytes = len(chunk) - last - 1 if last >= 0 else length


class _Utf8:
    """Fails on the first byte that is not UTF-8, with its line."""

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")()
        self._within = False
        self._first = True

    def feed(self, chunk: bytes, line: int, final: bool = False) -> None:
        """Look at a chunk that begins in this line."""
        if self._first and chunk.startswith(GZIP_MAGIC):
            raise UnusableFileError("the file is gzip; name it with .gz at the end")
        self._first = self._first and not chunk
        if chunk.isascii() and not self._within:
            return
        try:
            self._decoder.decode(chunk, final)
        except UnicodeDecodeError as error:
            line += error.object[: error.start].count(b"\n")
            raise UnusableFileError(
                f"byte 0x{error.object[error.start]:02x} in line {line} is not UTF-8; "
                "save the file with UTF-8 encoding"
            ) from None
        self._within = bool(self._decoder.getstate()[0])


class _Quotes:
    """Follows double quotes as RFC 4180 alternates them: opening, closing, opening, …

    A doubled quote in a value is a closing and an opening one side by side. Counts line ends on
    the way: `lines` ends by LF, `paired` of them by CR LF.
    """

    def __init__(self, separator: str) -> None:
        self.separator = separator
        self._boundary = (ord(separator), ord("\n"), ord("\r"), _QUOTE)
        self._held = b""
        self._before = ord("\n")
        self._count = 0
        self.lines = 0
        self.paired = 0
        self._last_quote_line = 1
        self._odd_line: int | None = None

    def feed(self, chunk: bytes) -> None:
        # The last byte waits until its successor is known.
        data = self._held + chunk
        self._held = data[-1:]
        self._take(data, len(data) - 1)

    def finish(self) -> int | None:
        self._take(self._held + b"\n", len(self._held))
        if self._odd_line is None and self._count % 2:
            return self._last_quote_line
        return self._odd_line

    def _take(self, data: bytes, length: int) -> None:
        """Judge the quotes among the first `length` bytes; `data` has one byte more."""
        if length <= 0:
            return
        if b'"' in data and self._odd_line is None:
            import numpy as np

            view = np.frombuffer(data, dtype=np.uint8)
            positions = np.flatnonzero(view[:length] == _QUOTE)
            opens = (np.arange(len(positions)) + self._count) % 2 == 0
            before = np.where(positions > 0, view[positions - 1], self._before)
            neighbour = np.where(opens, before, view[positions + 1])
            odd = positions[~np.isin(neighbour, self._boundary)]
            if len(odd):
                self._odd_line = 1 + self.lines + data.count(b"\n", 0, int(odd[0]))
            if len(positions):
                self._last_quote_line = 1 + self.lines + data.count(b"\n", 0, int(positions[-1]))
            self._count += len(positions)
        self.lines += data.count(b"\n", 0, length)
        if b"\r" in data:
            self.paired += data.count(b"\r\n", 0, length + 1)
        self._before = data[length - 1]
