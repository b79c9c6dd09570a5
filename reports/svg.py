"""What every drawing is made of: text that fits, the frame, the legend and the axis.

Colours are set twice: as attributes for the PDF, and as classes that the stylesheet restyles, so
that a series looks the same in every chart, and right in the dark. Lengths are in units of the
drawing, of which WIDTH make its width.
"""

import math
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from reports.formats import format_value

WIDTH = 720.0
INK, SOFT, GRID, PAPER = "#333333", "#55616e", "#d5d9de", "#ffffff"
# Told apart by people with any colour vision, and at least 3:1 against the paper.
COLOURS = (
    "#2f5d8a",
    "#c2611f",
    "#3f7d54",
    "#7a4b94",
    "#9a7400",
    "#0f7c86",
    "#b0436e",
    "#5f6b78",
)
SIZE = 11.0
_LIMIT = 1e100
_ADVANCE = 0.57  # of the size of the type: what a character takes, as a rule
_COMPACT = ((1e12, "T"), (1e9, "B"), (1e6, "M"))
_KINDS = {
    "ink": f'fill="{INK}"',
    "soft": f'fill="{SOFT}"',
    "halo": f'fill="{INK}" stroke="{PAPER}" stroke-width="3" paint-order="stroke"',
}
_MINUTES = (1, 2, 5, 10, 15, 30, 60, 120, 240, 480, 1440, 2880, 7200)


def text_width(text: str, size: float = SIZE) -> float:
    """Return about how wide a text is, in units of the drawing."""
    wide = sum(unicodedata.east_asian_width(c) in "WF" for c in text) if not text.isascii() else 0
    return size * (_ADVANCE * (len(text) - wide) + wide)


def cut(text: str, room: float, size: float = SIZE) -> str:
    """Shorten a text to the room there is; the description of a drawing has all of it."""
    if text_width(text, size) <= room:
        return text
    text = text[: int(room / size / _ADVANCE) + 1]
    while text and text_width(f"{text}…", size) > room:
        text = text[:-1]
    return f"{text.rstrip()}…"


def label(
    x: float,
    y: float,
    text: str,
    anchor: str = "middle",
    *,
    room: float = WIDTH,
    kind: str = "ink",
) -> str:
    """Return a text at a point, cut to the room and kept within the drawing's width.

    kind: ``ink``, ``soft`` for what is said aside, or ``halo`` for text over a drawing.
    """
    text = cut(text, room)
    width = text_width(text)
    before = {"start": 0.0, "middle": width / 2, "end": width}[anchor]
    x = min(max(x, before), WIDTH - width + before)
    return (
        f'<text class="{kind}" x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" {_KINDS[kind]}>'
        f"{escape(text)}</text>"
    )


def turned(x: float, y: float, text: str, room: float) -> str:
    """Return a text that reads upwards, centred on a point."""
    return (
        f'<text class="ink" x="{x:.1f}" y="{y:.1f}" text-anchor="middle" {_KINDS["ink"]} '
        f'transform="rotate(-90 {x:.1f} {y:.1f})">{escape(cut(text, room))}</text>'
    )


def hint(words: str) -> str:
    """Return what a browser says when the pointer rests on a shape."""
    return f"<title>{escape(words)}</title>"


def frame(height: float, title: str, description: str, body: Sequence[str]) -> str:
    """Return the whole drawing."""
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" '
        f'viewBox="0 0 {WIDTH:.0f} {height:.0f}" '
        f'aria-label="{escape(title)}" font-family="Noto Sans" font-size="{SIZE:.0f}">'
        f"<title>{escape(title)}</title><desc>{escape(description)}</desc>{''.join(body)}</svg>"
    )


@dataclass(frozen=True)
class Key:
    """One entry of a legend: a mark 22 wide and 14 high, drawn from its top left, and a name."""

    mark: str
    name: str


def legend(keys: Sequence[Key], left: float) -> tuple[list[str], float]:
    """Return a legend of as many lines as it needs, and their height."""
    out, x, y = [], left, 0.0
    for key in keys:
        width = 34 + text_width(key.name) + 14
        if x > left and x + width > WIDTH:
            x, y = left, y + 18
        out.append(f'<g transform="translate({x:.1f} {y:.1f})">{key.mark}</g>')
        out.append(label(x + 28, y + 11, key.name, "start", room=WIDTH - x - 28))
        x += width
    return out, y + 20 if keys else 0.0


def finite(value: float | None) -> float | None:
    """Return a value that can be drawn: not a number is no value, and the huge is cut."""
    if value is None or math.isnan(value):
        return None
    return max(-_LIMIT, min(_LIMIT, value))


def axis_ticks(low: float, high: float, fmt: str | None) -> list[float]:
    """Return round axis values, at least two, that reach from low or below to high or above."""
    high = max(high, low + max(1e-9, abs(low) * 1e-6))
    least = (high - low) / 5
    if fmt == "duration" and least <= _MINUTES[-1] * 60:
        step = next(60.0 * n for n in _MINUTES if 60 * n >= least)
    else:
        power = 10.0 ** math.floor(math.log10(least))
        step = next((m * power for m in (1, 2, 5) if m * power >= least), 10 * power)
    step = max(1.0, step) if fmt == "int" else step
    first = math.floor(low / step + 1e-9)
    last = max(first + 1, math.ceil(high / step - 1e-9))
    return [n * step for n in range(first, last + 1)]


def axis_text(value: float, fmt: str | None) -> str:
    """Return an axis value as short as it can be said."""
    if fmt == "duration" and abs(value) >= 1e9:
        return f"{value / 3600:.3g} h"
    if fmt == "duration":
        return format_value(value, "duration").removesuffix(":00")
    value, sign = (value * 100, "%") if fmt == "pct" else (value, "")
    if abs(value) >= 1e15 or 0 < abs(value) < 0.01:
        return f"{value:.3g}{sign}"
    for size, letter in _COMPACT:
        if abs(value) >= size:
            return format_value(value / size, "number") + letter + sign
    return format_value(value, "number") + sign
