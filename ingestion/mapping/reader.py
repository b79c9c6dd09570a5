"""Reading a CSV file by a mapping: what a landed file of the dataset would leave behind, made of their columns."""

import csv
from pathlib import Path

import duckdb

from ingestion import bytes_check
from ingestion.bytes_check import TextFile
from ingestion.limits import SHOWN_LENGTH, Limits, UnusableFileError, printable, some_names
from ingestion.mapping import sql
from ingestion.mapping.language import SEPARATORS, Entry
from ingestion.readers.common import Landed
from ingestion.readers.csv import read_header, read_rows
from ingestion.sources.records import ends_a_line, is_gzip


def open_text(entry: Entry, source: Path, folder: Path, limits: Limits) -> TextFile:
    """The file as checked text in UTF-8; gzip, encoding and separator are told from the bytes where nobody says them.

    Raises:
        UnusableFileError: it is no text in its encoding, or over a limit.
    """
    compressed = is_gzip(source)
    path = bytes_check.in_utf8(source, compressed, entry.encoding, folder, limits)
    compressed = compressed and path == source
    separator = entry.separator
    if separator is None:
        separator = max(SEPARATORS.values(), key=bytes_check.first_line(path, compressed).count)
    try:
        return bytes_check.open_text(path, compressed, folder, limits, separator)
    except UnusableFileError as error:
        if entry.encoding is None and " is not UTF-8" in str(error):
            raise UnusableFileError(
                f"{error}, or say its encoding in the mapping, such as encoding: cp1252"
            ) from None
        raise


def read(
    opened: duckdb.DuckDBPyConnection, entry: Entry, text: TextFile, folder: Path, limits: Limits
) -> Landed:
    """Read the file into `landed`, and lines that are no rows of it into `refused`.

    Raises:
        UnusableFileError: no header, a column missing or twice, or quotes that do not close.
    """
    header = read_header(text, limits)
    positions = _positions(entry, header, limits)
    lines_of = read_rows(opened, positions, len(header), text, folder, limits)
    trailers = _take_trailer(opened, text, len(header))
    opened.execute(f"CREATE TEMP TABLE mapped AS {sql.mapped_rows(entry)}")
    opened.execute("CREATE TEMP VIEW landed AS FROM mapped")
    counted = opened.execute(
        "SELECT (SELECT count(*) FROM numbered) - (SELECT count(*) FROM mapped)"
    ).fetchone()
    assert counted is not None
    return Landed(
        tuple(value.column.name for value in entry.values),
        trailers,
        lines_of,
        rows_left_out=int(counted[0]),
        labels={value.column.name: value.label for value in entry.values},
    )


def _positions(entry: Entry, header: list[str], limits: Limits) -> dict[str, int]:
    """Places of the columns that the mapping names, by their names in `numbered`."""
    if len(header) > limits.columns:
        raise limits.refuse(
            "columns",
            f"the file has {len(header):,} of them",
            "export those that the mapping names",
        )
    plain = [name.strip().lower() for name in header]
    missing = [shown for name, shown in entry.theirs.items() if name not in plain]
    if missing:
        raise UnusableFileError(
            f"column{'s' if len(missing) > 1 else ''} {', '.join(missing)} of the mapping"
            f" missing; the file has {', '.join(some_names(header))}"
        )
    twice = [shown for name, shown in entry.theirs.items() if plain.count(name) > 1]
    if twice:
        raise UnusableFileError(f"column {twice[0]} is there twice; keep one of them")
    wanted = list(entry.theirs) or plain[:1]
    return {f"their {name}": plain.index(name) for name in wanted}


def _take_trailer(opened: duckdb.DuckDBPyConnection, text: TextFile, width: int) -> tuple[str, ...]:
    """Take a whole last line of fewer values than the header, such as a count of the rows, out of `refused`."""
    last = opened.execute(
        "SELECT row_number, min(line_number), any_value(record) FROM refused"
        " WHERE row_number > (SELECT coalesce(max(place), 0) FROM numbered)"
        " GROUP BY row_number HAVING count(*) = 1 ORDER BY row_number DESC LIMIT 1"
    ).fetchone()
    if last is None or not ends_a_line(text.path):
        return ()
    row_number, line_number, record = last
    cells = next(csv.reader([record], delimiter=text.separator), [])
    if len(cells) >= width:
        return ()
    opened.execute("DELETE FROM refused WHERE row_number = $1", [row_number])
    return (f"(trailer in line {line_number}) {printable(record[:SHOWN_LENGTH])}",)
