"""Printing one value: the only place where a number becomes text."""

import json
import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import ROUND_HALF_UP, Context, Decimal
from functools import lru_cache

from reports.errors import ComponentError
from reports.figures import figure_label

DASH = "–"
NO_VALUE = "no value"
REPLACEMENT = "\ufffd"

FORMATS = (
    "auto",
    "date",
    "day",
    "duration",
    "figure",
    "instant",
    "int",
    "money",
    "month",
    "number",
    "pct",
    "score",
    "short_month",
    "text",
)
_KNOWN = frozenset(FORMATS)
NUMERIC_FORMATS = frozenset({"duration", "int", "money", "number", "pct", "score"})

MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)
_PLACES = (Decimal("1"), Decimal("0.1"), Decimal("0.01"))
# A double may have 309 digits before the point.
_DIGITS = Context(prec=400)
_NUMBER = re.compile(r"-?\d+(\.\d+)?([eE][-+]?\d+)?")
# Overrides and embeddings could reorder the text around a value; marks (U+200E, U+200F) cannot.
_BIDI_CONTROLS = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_UNPRINTABLE = frozenset({"Cc", "Co", "Cs"})


def printable(text: str) -> str:
    """Make text from data safe to set on one line.

    White space becomes spaces, bidirectional controls go, and control characters, private-use ones
    and those that are no characters become U+FFFD: none of them has an agreed look, and XML, which
    charts are, refuses some.
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(map(_printable_character, text))


def _printable_character(character: str) -> str:
    if character in "\t\n\r\v\f\u2028\u2029":
        return " "
    if character in _BIDI_CONTROLS or character == "\ufeff":
        return ""
    if unicodedata.category(character) in _UNPRINTABLE or _is_noncharacter(ord(character)):
        return REPLACEMENT
    return character


def _is_noncharacter(code: int) -> bool:
    return code & 0xFFFE == 0xFFFE or 0xFDD0 <= code <= 0xFDEF


def month_name(value: date) -> str:
    """Return a month in words, such as ``October 2026``."""
    return f"{MONTHS[value.month - 1]} {value.year}"


def instant_text(value: datetime) -> str:
    """Return an instant in UTC to the minute; one without a zone is already UTC."""
    utc = value.astimezone(UTC) if value.tzinfo else value
    return f"{utc:%Y-%m-%d %H:%M} UTC"


def axis_format(value: object, usual: str | None, wanted: str | None) -> str | None:
    """Return the format of a label on an axis: the wanted one, or the usual one made short."""
    if wanted is not None:
        return wanted
    if usual == "month":
        return "short_month"
    is_day = isinstance(value, date) and not isinstance(value, datetime)
    return "day" if is_day and usual in (None, "date") else usual


def raw_text(value: object) -> str:
    """Return a value that is not text unrounded, as machines read it: ``3725.5``, ``2026-10-01``."""
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, datetime):
        return (value.astimezone(UTC) if value.tzinfo else value).isoformat()
    return value.isoformat() if isinstance(value, date) else _text(value)


def format_value(value: object, fmt: str | None = None, *, signed: bool = False) -> str:
    """Print one value that is not null.

    fmt: one of FORMATS; None and ``auto`` go by the value's type. ``duration`` takes seconds and
    prints h:mm:ss, ``pct`` a 0-1 fraction, ``score`` and ``money`` two decimals, ``day`` 5 Oct and
    ``short_month`` Oct 2026. signed: with ``+`` for gains; a
    signed ``pct`` is a difference between percentages and prints percentage points (``pp``).

    Raises ComponentError when the format is unknown or does not fit the value.
    """
    name = fmt or "auto"
    if name not in _KNOWN:
        raise ComponentError(f'unknown format "{name}"; there are {", ".join(FORMATS)}')
    if name == "auto":
        name = _format_of_type(value)
    if name == "text":
        return printable(_text(value))
    if name == "figure":
        return printable(figure_label(str(value)))
    if name in NUMERIC_FORMATS:
        if isinstance(value, bool) or not isinstance(value, (int, float, Decimal, str)):
            raise ComponentError(f'format "{name}" needs a number, not {type(value).__name__}')
        # The list of changes holds numbers and words in one column of text.
        if isinstance(value, str) and not _NUMBER.fullmatch(value):
            return printable(value)
        return _number_text(str(value), name, signed)
    return _calendar(value, name)


@lru_cache(maxsize=100_000)
def _number_text(text: str, name: str, signed: bool) -> str:
    number = Decimal(text)
    return _number(number, name, signed) if number.is_finite() else printable(text)


def _format_of_type(value: object) -> str:
    if isinstance(value, bool):
        return "text"
    if isinstance(value, int):
        return "int"
    if isinstance(value, float | Decimal):
        return "number"
    if isinstance(value, datetime):
        return "instant"
    return "date" if isinstance(value, date) else "text"


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Mapping | Sequence) and not isinstance(value, str | bytes):
        return json.dumps(value, default=str, ensure_ascii=False, sort_keys=True)
    return str(value)


def _calendar(value: object, name: str) -> str:
    try:
        if isinstance(value, str):
            parse = datetime if name == "instant" else date
            # A month in text may come without its day: 2026-10.
            value = parse.fromisoformat(f"{value}-01" if len(value) == 7 else value)
        if name == "instant" and isinstance(value, datetime):
            return instant_text(value)
        if isinstance(value, date):
            return _CALENDAR[name](value)
    except (ValueError, KeyError):
        pass
    raise ComponentError(f'format "{name}" does not fit the value {value!r}')


_CALENDAR: Mapping[str, Callable[[date], str]] = {
    "date": lambda value: f"{value:%Y-%m-%d}",
    "day": lambda value: f"{value.day} {MONTHS[value.month - 1][:3]}",
    "month": month_name,
    "short_month": lambda value: f"{MONTHS[value.month - 1][:3]} {value.year}",
}


def _number(number: Decimal, name: str, signed: bool) -> str:
    plus = "+" if signed else ""
    if name == "duration":
        seconds = int(_rounded(number, 0))
        sign = "-" if seconds < 0 else "+" if signed and seconds > 0 else ""
        minutes, second = divmod(abs(seconds), 60)
        return f"{sign}{minutes // 60:,}:{minutes % 60:02}:{second:02}"
    if name == "pct":
        return f"{_rounded(number * 100, 1):{plus},}" + (" pp" if signed else "%")
    if name == "int":
        return f"{_rounded(number, 0):{plus},}"
    text = f"{_rounded(number, 2):{plus},}"
    return text.rstrip("0").rstrip(".") if name == "number" and "." in text else text


def _rounded(number: Decimal, places: int) -> Decimal:
    rounded = number.quantize(_PLACES[places], ROUND_HALF_UP, _DIGITS)
    return abs(rounded) if rounded == 0 else rounded
