"""Values as inline nodes: what components print, and what they ask of the values."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache

from reports import charts
from reports.document import Inline, Nothing, Text
from reports.errors import ComponentError
from reports.figures import figure_format
from reports.formats import format_value, raw_text
from reports.rows import Rows

Number = int | float | Decimal


def rows_of(query: object) -> Rows:
    """Return what a page handed over as a query; anything else is a ComponentError."""
    if isinstance(query, Rows):
        return query
    if isinstance(query, list | tuple) and all(isinstance(item, Mapping) for item in query):
        return Rows.from_mappings("list", query)
    raise ComponentError(f"the first argument is a query of this page, not {query!r}")


def format_of(column: str, fmt: str | None) -> str | None:
    """Return the wanted format, or else the usual one of a figure."""
    return fmt or figure_format(column)


def value_nodes(
    value: object, fmt: str | None, signed: bool, empty: str, address: str | None = None
) -> list[Inline]:
    """Return one printed value; null is the given words."""
    if value is None:
        return [Nothing(empty)]
    text, raw = (
        _printed(value, fmt, signed) if type(value) in _SIMPLE else _print(value, fmt, signed)
    )
    return [Text(text, raw is None, raw, address)]


_SIMPLE = frozenset({int, float, Decimal, str, date, datetime})


def _print(value: object, fmt: str | None, signed: bool) -> tuple[str, str | None]:
    """The printed value, and what it is unrounded; text has nothing behind it."""
    text = format_value(value, fmt, signed=signed)
    return text, None if isinstance(value, str) else raw_text(value)


# The same counts, times and names stand in many pages.
_printed = lru_cache(maxsize=200_000, typed=True)(_print)


def delta_nodes(
    value: object, fmt: str | None, down_is_good: bool, empty: str, address: str | None
) -> list[Inline]:
    """A difference: arrow and sign say its direction, the tone whether that is good."""
    if value is None:
        return [Nothing(empty)]
    number = number_of(value, "delta")
    text = format_value(value, fmt, signed=True)
    if number is None or text == format_value(0, fmt, signed=True):
        arrow, tone, text = "=", "even", text.removeprefix("+")
    else:
        arrow = "▲" if number > 0 else "▼"
        tone = "good" if (number > 0) != down_is_good else "bad"
    return [Text(f"{arrow} {text}", False, raw_text(value), address, tone)]


def spark_nodes(
    values: Sequence[object], column: str, fmt: str | None, empty: str, address: str | None
) -> list[Inline]:
    """A small line; where there are no drawings, its first and last value."""
    numbers = [number_of(value, column) for value in values]
    known = [number for number in numbers if number is not None]
    if not known:
        return [Nothing(empty)]
    ends = [format_value(number, fmt) for number in (known[0], known[-1])]
    low, high = (format_value(number, fmt) for number in (min(known), max(known)))
    words = f"trend of {len(numbers)}: {ends[0]} to {ends[1]}, lowest {low}, highest {high}"
    drawing = charts.spark_line(numbers, words)
    # Drawn, not printed: the months behind it have their addresses where they are listed.
    raw = raw_text(known[-1])
    return [Text(f"{ends[0]} → {ends[1]}", False, raw, address, drawing=drawing)]


def list_of(value: object, column: str) -> Sequence[object]:
    """Return the list that a column holds, empty for null."""
    if value is None:
        return []
    if not isinstance(value, list | tuple):
        raise ComponentError(f'column "{column}" is not a list of numbers: {value!r}')
    return value


def number_of(value: object, column: str) -> float | None:
    """Return a value as a number to draw; one that is not finite cannot be drawn."""
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        raise ComponentError(f'column "{column}" is not a number: {value!r}')
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if abs(number) < float("inf") else None


def float_of(value: Number | None) -> float | None:
    """Return an option of a chart as a float."""
    return None if value is None else float(value)
