"""How much one file may ask of the machine; what asks more is quarantined, with limit and value.

Every reader works within these, so that no export, broken or hostile, fills memory or disk or
holds a run up. The figures leave a wide margin above what centres of 10,000 agents export.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields

from ingestion.engine import MEMORY_BYTES

OVER_LIMIT = "over the limit"
"""In the reason of every file that was refused for its size: it is tried again in each run."""

SHOWN_NAMES = 100
"""A record keeps at most this many names of columns that the contract does not know."""

SHOWN_LENGTH = 128
"""Of a name that a file brings, reasons and records show at most this many characters."""


class UnusableFileError(Exception):
    """Nothing of the file can be loaded; the message says why and the way out."""


@dataclass(frozen=True)
class Limits:
    """What one file, row or value may be at most; docs/landing.md has the reasons.

    `file_bytes`: of a file when it is unpacked. `unpack_ratio`: unpacked bytes per packed one,
    looked at from `ratio_free_bytes` on. `line_bytes`: of a physical line; one above 2 MB, and up
    to this, costs its row alone. `record_bytes`: of a CSV record with its line ends. `value_bytes`:
    of a value in Parquet. `columns`: of a file, and values of a row beyond them.
    `refused_lines`: lines of a CSV file that are no rows, and values beyond its columns.
    `parquet_rows`: of a file. `footer_bytes`: of a Parquet file's footer. `memory_bytes`: of the
    database engine while it reads a file.
    """

    file_bytes: int = 8 * 1024**3
    unpack_ratio: int = 200
    ratio_free_bytes: int = 64 * 1024**2
    line_bytes: int = 16 * 1024**2
    record_bytes: int = 16 * 1024**2
    value_bytes: int = 1024**2
    columns: int = 1_000
    refused_lines: int = 100_000
    parquet_rows: int = 50_000_000
    footer_bytes: int = 16 * 1024**2
    memory_bytes: int = MEMORY_BYTES

    @classmethod
    def read(cls, text: str) -> "Limits":
        """The defaults, but for those that `text` names: `columns=5000,file_bytes=20000000000`.

        Raises:
            ValueError: a name is no limit, or a value is no whole number above 0.
        """
        names = [field.name for field in fields(cls)]
        said: dict[str, int] = {}
        for part in filter(None, (part.strip() for part in text.split(","))):
            name, _, value = (piece.strip() for piece in part.partition("="))
            if name not in names:
                raise ValueError(f"{name!r} is no limit; the limits are {', '.join(names)}")
            if not (value.isascii() and value.isdigit() and int(value) > 0):
                raise ValueError(f"{name}={value}: write a whole number above 0")
            said[name] = int(value)
        return cls(**said)

    def refuse(self, name: str, found: object, way_out: str) -> UnusableFileError:
        """The error that a file is over the limit `name`; `found` says by what."""
        return UnusableFileError(
            f"{OVER_LIMIT} {name} of {getattr(self, name):,}: {found}; {way_out}"
        )


def some_names(names: Sequence[str]) -> tuple[str, ...]:
    """The names as a record keeps them: not endlessly many, none endlessly long."""
    shown = tuple(
        printable(name) if len(name) <= SHOWN_LENGTH else f"{printable(name[:SHOWN_LENGTH])}…"
        for name in names[:SHOWN_NAMES]
    )
    more = len(names) - SHOWN_NAMES
    return (*shown, f"and {more:,} more") if more > 0 else shown


def printable(text: str) -> str:
    r"""`text` without what a terminal or a log would obey: a line end is shown as `\n`.

    Bytes of a file name that are not UTF-8 are shown as `\udcff`.
    """
    return "".join(
        character
        if character.isprintable() or character == " "
        else character.encode("unicode_escape").decode("ascii")
        for character in text
    )
