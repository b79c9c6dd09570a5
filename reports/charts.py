"""Charts as SVG text: the same drawing in the page (restyled by CSS) and in the PDF.

The x axis is ordinal: each row has its own place, so a day without work stays a gap. Labels must be
short and of simple script: PDF/A refuses the joined letters of others inside a drawing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from reports.formats import format_value

_WIDTH = 640
_LEFT, _RIGHT, _TOP, _BOTTOM = 64, 12, 26, 44
_HEIGHT = 230
_COLOURS = ("#2f5d8a", "#c2611f", "#3f7d54", "#7a4b94")
_DASHES = ("", "6 3", "2 3", "8 3 2 3")
_INK, _GRID = "#333333", "#d5d9de"


@dataclass(frozen=True)
class Series:
    """One line or set of bars: a name and one number, or None, for each label."""

    name: str
    values: Sequence[float | None]


def axis_ticks(most: float, fmt: str | None) -> list[float]:
    """Return round axis values from 0 to at least the highest value."""
    if fmt == "duration":
        steps = [60.0 * n for n in (1, 2, 5, 10, 15, 30, 60, 120, 240, 480, 1440, 2880, 7200)]
    else:
        steps = [m * 10.0**power for power in range(-4, 10) for m in (1, 2, 5)]
    top = most if most > 0 else steps[0]
    step = next((s for s in steps if s * 5 >= top), steps[-1])
    count = max(1, -int(-top // step))
    return [step * n for n in range(count + 1)]


def _axis_text(value: float, fmt: str | None) -> str:
    if fmt == "duration":
        return format_value(value, "duration").removesuffix(":00")
    return format_value(value, "pct" if fmt == "pct" else "number")


def _text(x: float, y: float, text: str, anchor: str = "middle", extra: str = "") -> str:
    return (
        f'<text class="ink" x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{_INK}"{extra}>'
        f"{escape(text)}</text>"
    )


def _frame(height: float, title: str, description: str, body: list[str]) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" viewBox="0 0 {_WIDTH} {height:.0f}" '
        f'aria-label="{escape(title)}" font-family="Noto Sans" font-size="11">'
        f"<title>{escape(title)}</title><desc>{escape(description)}</desc>{''.join(body)}</svg>"
    )


def _legend(series: Sequence[Series], lines: bool) -> list[str]:
    if len(series) == 1:
        return []
    out, x = [], float(_LEFT)
    for n, one in enumerate(series):
        colour = _COLOURS[n % len(_COLOURS)]
        if lines:
            dash = f' stroke-dasharray="{_DASHES[n % 4]}"' if _DASHES[n % 4] else ""
            mark = (
                f'<line class="line{n % 4}" x1="{x:.1f}" y1="9" x2="{x + 22:.1f}" y2="9" '
                f'stroke="{colour}" stroke-width="2"{dash}/>'
            )
        else:
            mark = (
                f'<rect class="fill{n % 4}" x="{x:.1f}" y="4" width="22" height="10" '
                f'fill="{colour}"/>'
            )
        out += [mark, _text(x + 28, 13, one.name, "start")]
        x += 46 + 6.2 * len(one.name)
    return out


def _axes(
    labels: Sequence[str], ticks: Sequence[float], fmt: str | None, x_title: str, y_title: str
) -> list[str]:
    plot_height = _HEIGHT - _TOP - _BOTTOM
    slot = (_WIDTH - _LEFT - _RIGHT) / max(1, len(labels))
    out = []
    for tick in ticks:
        y = _HEIGHT - _BOTTOM - plot_height * tick / ticks[-1]
        out.append(
            f'<line class="grid" x1="{_LEFT}" y1="{y:.1f}" x2="{_WIDTH - _RIGHT}" y2="{y:.1f}" '
            f'stroke="{_GRID}" stroke-width="1"/>'
        )
        out.append(_text(_LEFT - 6, y + 4, _axis_text(tick, fmt), "end"))
    longest = max((len(label) for label in labels), default=1)
    every = max(1, -int(-(longest * 6.5 + 6) // slot))
    out += [
        _text(_LEFT + slot * (n + 0.5), _HEIGHT - _BOTTOM + 16, label)
        for n, label in enumerate(labels)
        if n % every == 0
    ]
    out.append(_text((_LEFT + _WIDTH - _RIGHT) / 2, _HEIGHT - 6, x_title))
    middle = _TOP + plot_height / 2
    turned = f' transform="rotate(-90 12 {middle:.1f})"'
    out.append(_text(12, middle, y_title, "middle", turned))
    return out


def highest(series: Sequence[Series]) -> float:
    """Return the highest value of all series, 0 where there is none."""
    return max((v for one in series for v in one.values if v is not None), default=0.0)


def line_chart(
    labels: Sequence[str],
    series: Sequence[Series],
    *,
    title: str,
    description: str,
    x_title: str,
    y_title: str,
    fmt: str | None = None,
) -> str:
    """Draw lines over ordinal labels; a missing value breaks the line, never drops it to 0."""
    ticks = axis_ticks(highest(series), fmt)
    slot = (_WIDTH - _LEFT - _RIGHT) / max(1, len(labels))
    plot_height = _HEIGHT - _TOP - _BOTTOM
    body = _axes(labels, ticks, fmt, x_title, y_title) + _legend(series, lines=True)
    for n, one in enumerate(series):
        points = [
            None
            if value is None
            else (
                _LEFT + slot * (i + 0.5),
                _HEIGHT - _BOTTOM - plot_height * max(0.0, value) / ticks[-1],
            )
            for i, value in enumerate(one.values)
        ]
        path = "".join(
            f"{'L' if i and points[i - 1] else 'M'}{p[0]:.1f} {p[1]:.1f}"
            for i, p in enumerate(points)
            if p
        )
        colour = _COLOURS[n % len(_COLOURS)]
        dash = f' stroke-dasharray="{_DASHES[n % 4]}"' if _DASHES[n % 4] else ""
        body.append(
            f'<path class="line{n % 4}" d="{path}" fill="none" stroke="{colour}" '
            f'stroke-width="2"{dash}/>'
        )
        body += [
            f'<circle class="fill{n % 4}" cx="{p[0]:.1f}" cy="{p[1]:.1f}" r="2.4" fill="{colour}"/>'
            for p in points
            if p
        ]
    return _frame(_HEIGHT, title, description, body)


def bar_chart(
    labels: Sequence[str],
    series: Sequence[Series],
    *,
    title: str,
    description: str,
    x_title: str,
    y_title: str,
    fmt: str | None = None,
) -> str:
    """Draw upright bars, those of several series side by side."""
    ticks = axis_ticks(highest(series), fmt)
    slot = (_WIDTH - _LEFT - _RIGHT) / max(1, len(labels))
    plot_height = _HEIGHT - _TOP - _BOTTOM
    width = slot * 0.76 / len(series)
    body = _axes(labels, ticks, fmt, x_title, y_title) + _legend(series, lines=False)
    for n, one in enumerate(series):
        for i, value in enumerate(one.values):
            if value is None:
                continue
            height = plot_height * max(0.0, value) / ticks[-1]
            body.append(
                f'<rect class="fill{n % 4}" x="{_LEFT + slot * (i + 0.12) + width * n:.1f}" '
                f'y="{_HEIGHT - _BOTTOM - height:.1f}" width="{width:.1f}" height="{height:.1f}" '
                f'fill="{_COLOURS[n % len(_COLOURS)]}"/>'
            )
    return _frame(_HEIGHT, title, description, body)
