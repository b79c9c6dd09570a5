"""What the readers share: the result, matching columns by name, and numbering around gaps."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import duckdb

from ingestion.contract import Dataset
from ingestion.engine import literal
from ingestion.limits import Limits, UnusableFileError, printable, some_names

REASON_LENGTH = 500
"""Of an error of the engine a reason shows at most this many characters."""

RECORD_LENGTH = 100_000
"""Quarantine keeps at most this many characters of a value and of a row."""


@dataclass(frozen=True)
class Landed:
    """A file as the relation `landed`, which may be the file itself: what nobody asks for is not read.

    `present`: contract columns that the file has. `unknown`: its other columns, as written there.
    `lines_of`: physical lines of ascending row numbers, where `landed` does not hold them itself. Where a mapping made
    the rows: `rows_left_out`, those that it does not want, and `labels`, how reasons name a column of ours.

    SQL over `landed`, worked out where it is needed alone: `record`, a row as text; `nested`, by column, whether the
    cell holds a nested value (no column is there that never does); `typed`, the value of a column that has the type
    already; `texts`, the text of such a column. `is_numbered`: whether `landed` has the numbers of the rows; otherwise
    they count from 1 without a gap. `is_columnar`: reading it again costs less than keeping what is made of it.
    """

    present: tuple[str, ...]
    unknown: tuple[str, ...]
    lines_of: Callable[[Sequence[int]], list[int]] | None = None
    rows_left_out: int = 0
    labels: Mapping[str, str] = field(default_factory=dict)
    record: str = "record"
    nested: Mapping[str, str] = field(default_factory=dict)
    typed: Mapping[str, str] = field(default_factory=dict)
    texts: Mapping[str, str] = field(default_factory=dict)
    is_numbered: bool = True
    is_columnar: bool = False


def match_columns(
    dataset: Dataset, names: Sequence[str], limits: Limits
) -> tuple[dict[str, int], tuple[str, ...]]:
    """Positions of the contract columns among `names`, and the names that are none of them.

    Case and surrounding blanks do not count.

    Raises:
        UnusableFileError: a contract column is there twice, a required one is not there, or there
            are too many.
    """
    if len(names) > limits.columns:
        raise limits.refuse(
            "columns", f"the file has {len(names):,} of them", "export those of the contract"
        )
    contract = {column.name for column in dataset.columns}
    positions: dict[str, int] = {}
    unknown: list[str] = []
    for position, name in enumerate(names):
        plain = name.strip().lower()
        if plain not in contract:
            unknown.append(name)
        elif plain in positions:
            raise UnusableFileError(f"column {plain} is there twice; keep one of them")
        else:
            positions[plain] = position
    missing = [name for name in dataset.required_columns if name not in positions]
    if missing:
        raise UnusableFileError(
            f"required column{'s' if len(missing) > 1 else ''} {', '.join(missing)}"
            f" missing; the file has {', '.join(some_names(names))}"
        )
    return positions, some_names(unknown)


def create_refused(opened: duckdb.DuckDBPyConnection) -> None:
    """Create the empty table `refused`."""
    opened.execute(
        'CREATE TEMP TABLE refused (row_number BIGINT, line_number BIGINT, "column" VARCHAR,'
        " value VARCHAR, reason VARCHAR, record VARCHAR)"
    )


def number_rows(opened: duckdb.DuckDBPyConnection, gaps: Sequence[int]) -> None:
    """Create the relation `numbered`: table `cells` with each row's place, counted from 1.

    `gaps`: the ascending places of what was read between the rows but is not in `cells`.
    """
    if not gaps:
        opened.execute("CREATE TEMP VIEW numbered AS SELECT rowid + 1 AS place, * FROM cells")
        return
    opened.execute(
        "CREATE TEMP TABLE gaps AS SELECT place - before - 1 AS first_after, before + 1 AS shift"
        " FROM (SELECT unnest($places) AS place, generate_subscripts($places, 1) - 1 AS before)",
        {"places": list(gaps)},
    )
    opened.execute(
        "CREATE TEMP TABLE numbered AS"
        " SELECT cells.rowid + 1 + coalesce(shift, 0) AS place, cells.* FROM cells"
        " ASOF LEFT JOIN (SELECT first_after, max(shift) AS shift FROM gaps GROUP BY first_after)"
        " AS gaps ON cells.rowid >= gaps.first_after ORDER BY cells.rowid"
    )


def plain_name(path: Path, folder: Path) -> str:
    """`path` as a SQL string that DuckDB does not take for a pattern of file names."""
    if not any(character in str(path) for character in "*?["):
        return literal(str(path))
    link = folder / "source"
    if not link.is_symlink():
        link.symlink_to(path.resolve())
    return literal(str(link))


def first_line(error: duckdb.Error, path: Path) -> str:
    """The sentence of a DuckDB error about the file `path`, without hints and folders.

    The folders are this machine's, and scratch folders are new in each run.
    """
    sentence = (str(error).splitlines() or [""])[0]
    named = re.sub(r"/\S*/scratch/ingestion-\w+/\w+", path.name, sentence)
    return printable(named.replace(str(path), path.name))[:REASON_LENGTH]
