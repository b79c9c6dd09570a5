"""Query rows as CSV that a spreadsheet opens without running anything in it, and that a page carries within itself."""

import base64
import csv
import io
import re
from collections.abc import Iterator
from datetime import datetime

from reports.formats import REPLACEMENT, instant_text
from reports.rows import Rows

# Programs trim white space, quotes and invisible characters before they look for a formula, and
# those set to Chinese or Japanese take full-width signs too.
_LEADING = r"[\s\"'\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff\x00-\x1f]*"
_SIGN = r"[=+\-@\uff1d\uff0b\uff0d\uff20]"
_FORMULA = re.compile(rf"{_LEADING}{_SIGN}|[\t\r\n]")
# Where the list separator is a semicolon, or quotes are not heeded, these begin a cell as well.
_INNER = re.compile(rf"(?<=[;\t\r\n])(?={_LEADING}{_SIGN})")
_ADDRESS = "data:text/csv;charset=utf-8;base64,"
_ADDRESSES = re.compile(rf'"({re.escape(_ADDRESS)}[^"]*)"')


def csv_text(rows: Rows) -> str:
    """Return the rows with a header line, as RFC 4180 CSV; null is an empty cell.

    Text that a spreadsheet would run as a formula gets an apostrophe in front, also after a semicolon,
    tab or line break within it. Numbers never do, so a negative one stays a number. NUL, which ends
    a text for some programs, becomes U+FFFD.
    """
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\r\n")
    writer.writerow(_cell(column) for column in rows.columns)
    writer.writerows([_cell(value) for value in row] for row in rows.values)
    return buffer.getvalue()


def _cell(value: object) -> object:
    if isinstance(value, str):
        return inert(value)
    return instant_text(value) if isinstance(value, datetime) else value


def inert(value: str) -> str:
    """Return a text as a cell in which no spreadsheet runs anything; see `csv_text`."""
    if value.isalnum():
        return value
    text = _INNER.sub("'", value).replace("\0", REPLACEMENT)
    return f"'{text}" if _FORMULA.match(text) else text


def csv_address(text: str) -> str:
    """Return an address that holds a CSV file itself.

    Files beside the pages would be dozens for each: 584,000 for a month of 10,000 agents.
    """
    return _ADDRESS + base64.b64encode(text.encode()).decode()


def csv_at(address: str) -> str | None:
    """Return the CSV file that an address holds, or None for another address.

    Raises ValueError for one that cannot be read.
    """
    if not address.startswith(_ADDRESS):
        return None
    return base64.b64decode(address.removeprefix(_ADDRESS), validate=True).decode()


def csv_texts_of_page(page: str) -> Iterator[str]:
    """Yield the CSV files that a finished page carries.

    Raises ValueError for one that cannot be read.
    """
    yield from filter(None, map(csv_at, _ADDRESSES.findall(page)))
