"""The tables of rules that an analyst edits, checked before anything is built on them.

What a table may hold is declared once, in `seeds.yml`, where dbt reads it too: types, not_null, accepted_values and
unique_grain. dbt would find a wrong cell as well, but late, and in the words of the database; here it is named with
file, line, column, value and the way out.
"""

import csv
import datetime as dt
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

import yaml

from ingestion import UnusableInput

MOST_FAULTS = 10


@dataclass(frozen=True)
class RuleColumn:
    """A column of a table of rules; `allowed` is empty where any value of the type will do.

    `at_least`: the least whole number, by the value of the column `least_by` in the same row.
    """

    name: str
    type: str
    description: str
    is_required: bool
    allowed: tuple[str, ...]
    least_by: str | None = None
    at_least: Mapping[str, int] = field(default_factory=dict, hash=False)


@dataclass(frozen=True)
class RuleTable:
    """A table of rules as it is declared, with its file. `grains`: columns that no two rows may share."""

    name: str
    description: str
    file: Path
    columns: tuple[RuleColumn, ...]
    grains: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class RuleRow:
    """One line of a table of rules; an empty cell is None."""

    line: int
    cells: Mapping[str, str | None]


def rule_tables(project: Path) -> list[RuleTable]:
    """The declared tables of the dbt project at `project`, by name."""
    folder = project / "dbt_project" / "seeds"
    declared = yaml.safe_load((folder / "seeds.yml").read_text("utf-8"))["seeds"]
    return sorted(
        (_table(seed, folder / f"{seed['name']}.csv") for seed in declared), key=lambda t: t.name
    )


def read_rows(table: RuleTable) -> list[RuleRow]:
    """The rows of a table, in file order.

    Raises:
        UnusableInput: the file is missing, is no UTF-8, or its header or a row has other columns than declared.
    """
    names = [column.name for column in table.columns]
    try:
        with table.file.open(encoding="utf-8-sig", newline="") as opened:
            reader = csv.reader(opened, strict=True)
            lines = [(reader.line_num, cells) for cells in reader if cells]
    except FileNotFoundError:
        raise UnusableInput(
            f"{table.file} is missing: restore it, or copy it from the release"
        ) from None
    except (UnicodeDecodeError, csv.Error) as problem:
        raise UnusableInput(f"{table.file} is no CSV in UTF-8: {problem}") from None
    if not lines or lines[0][1] != names:
        found = ",".join(lines[0][1]) if lines else "nothing"
        raise UnusableInput(
            f"{table.file}, line 1: the header must be '{','.join(names)}', not '{found}'"
        )
    for line, cells in lines[1:]:
        if len(cells) != len(names):
            raise UnusableInput(
                f"{table.file}, line {line}: {len(cells)} values for {len(names)} columns"
                f" ({', '.join(names)}); quote a value that holds a comma"
            )
    return [
        RuleRow(line, {name: cell or None for name, cell in zip(names, cells, strict=True)})
        for line, cells in lines[1:]
    ]


def faults(table: RuleTable) -> Iterator[str]:
    """One sentence for every cell or row that is not as declared.

    Raises:
        UnusableInput: the file cannot be read at all; see `read_rows`.
    """
    rows = read_rows(table)
    for row in rows:
        for column in table.columns:
            wrong = _wrong(column, row.cells[column.name]) or _too_little(column, row)
            if wrong:
                yield f"{table.file}, line {row.line}, column {column.name}: {wrong}"
    for grain in table.grains:
        first: dict[tuple[str | None, ...], int] = {}
        for row in rows:
            key = tuple(row.cells[name] for name in grain)
            before = first.setdefault(key, row.line)
            if before != row.line:
                shown = ", ".join(f"{n} '{v or ''}'" for n, v in zip(grain, key, strict=True))
                yield f"{table.file}, line {row.line}: {shown} is in line {before} already; keep one"


def check_rules(project: Path) -> None:
    """Refuse to build on a table of rules that is not as declared.

    Raises:
        UnusableInput: names every fault, ten at most.
    """
    check_tables(rule_tables(project))


def check_tables(tables: Iterable[RuleTable]) -> None:
    """Refuse tables that are not as declared.

    Raises:
        UnusableInput: names every fault, ten at most.
    """
    found = [fault for table in tables for fault in faults(table)]
    if found:
        more = [f"and {len(found) - MOST_FAULTS} more"] if len(found) > MOST_FAULTS else []
        raise UnusableInput("; ".join(found[:MOST_FAULTS] + more))


def _table(seed: Mapping[str, Any], file: Path) -> RuleTable:
    types = seed["config"]["column_types"]
    described = {column["name"]: column for column in seed["columns"]}
    return RuleTable(
        name=seed["name"],
        description=" ".join(seed["description"].split()),
        file=file,
        columns=tuple(_column(described[name], str(kind)) for name, kind in types.items()),
        grains=tuple(
            tuple(test["unique_grain"]["arguments"]["columns"])
            for test in seed.get("data_tests", [])
        ),
    )


def _column(column: Mapping[str, Any], kind: str) -> RuleColumn:
    tests = column.get("data_tests", [])
    allowed = [
        value
        for test in tests
        if isinstance(test, dict)
        for value in test["accepted_values"]["arguments"]["values"]
    ]
    least = column.get("config", {}).get("meta", {}).get("at_least", {})
    return RuleColumn(
        column["name"],
        kind,
        " ".join(column["description"].split()),
        "not_null" in tests,
        tuple(allowed),
        least.get("column"),
        least.get("values", {}),
    )


def _wrong(column: RuleColumn, value: str | None) -> str | None:
    """What is wrong with a cell, and the way out; None where nothing is."""
    if value is None:
        return "is empty, but every row must have a value" if column.is_required else None
    if column.allowed and value not in column.allowed:
        return f"'{value}' is none of {', '.join(column.allowed)}"
    kind = column.type.split("(")[0]
    if kind == "date" and not _is_date(value):
        return f"'{value}' is no date; write YYYY-MM-DD"
    if kind in ("bigint", "integer") and not re.fullmatch(r"\d{1,9}", value):
        return f"'{value}' is no whole number from 0 on"
    if kind == "decimal" and not _is_number(value):
        return f"'{value}' is no number; write it as 0.85"
    if kind == "boolean" and value not in ("true", "false"):
        return f"'{value}' is neither true nor false"
    return None


def _too_little(column: RuleColumn, row: RuleRow) -> str | None:
    """What is wrong with a whole number that is below what its row asks for."""
    of = row.cells[column.least_by] if column.least_by else None
    value = row.cells[column.name]
    least = column.at_least.get(of or "")
    if least is None or value is None or int(value) >= least:
        return None
    return f"'{value}' is less than the {least} that {of} must have; raise it"


def _is_date(value: str) -> bool:
    if not re.fullmatch(r"\d{4}-\d\d-\d\d", value):
        return False
    try:
        dt.date.fromisoformat(value)
    except ValueError:
        return False
    return True


def _is_number(value: str) -> bool:
    try:
        return Decimal(value).is_finite()
    except InvalidOperation:
        return False
