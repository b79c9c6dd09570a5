"""Query rows as CSV that a spreadsheet opens without running anything in it."""

import csv
import io
from datetime import datetime

from reports.formats import instant_text
from reports.rows import Rows

_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


def csv_text(rows: Rows) -> str:
    """Return the rows with a header line, as RFC 4180 CSV; null is an empty cell.

    Text that a spreadsheet would run as a formula gets an apostrophe in front. Numbers never do,
    so a negative one stays a number.
    """
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\r\n")
    writer.writerow(_cell(column) for column in rows.columns)
    writer.writerows([_cell(value) for value in row] for row in rows.values)
    return buffer.getvalue()


def _cell(value: object) -> object:
    if isinstance(value, str):
        return f"'{value}" if value.startswith(_FORMULA_STARTS) else value
    return instant_text(value) if isinstance(value, datetime) else value
