"""Lines and bars as SVG text: the same drawing in the page (restyled by CSS) and in the PDF.

The axis of labels is ordinal: each row has its own place, so a day without work stays a gap.
Labels must be short and of simple script: PDF/A refuses the joined letters of others inside a
drawing, and the PDF then says the description instead.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from itertools import pairwise

from reports.formats import format_value
from reports.svg import (
    COLOURS,
    GRID,
    INK,
    WIDTH,
    Key,
    axis_text,
    axis_ticks,
    finite,
    frame,
    hint,
    label,
    legend,
    text_width,
    turned,
)

_RIGHT, _BOTTOM = 12.0, 44.0
_PLOT = 170.0
# Few places keep close together, and the values of few points are written beside them.
_WIDEST_SLOT = 110.0
_FEW = 6
_DASHES = ("", "6 3", "2 3", "8 3 2 3", "12 4", "4 2", "1 4", "10 2 2 2")
MOST_SERIES = len(COLOURS)
MOST_LYING = 60


@dataclass(frozen=True)
class Series:
    """One line or set of bars: a name and one number, or None, for each label."""

    name: str
    values: Sequence[float | None]


@dataclass(frozen=True)
class Reference:
    """A line to compare with, such as a target: one number for each label, or the same for all."""

    name: str
    values: Sequence[float | None]
    constant: bool = False


@dataclass(frozen=True)
class Band:
    """A zone of the axis; without an end it goes on."""

    name: str
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class Texts:
    """What is written on a chart: title, description, axis titles with units, format of values."""

    title: str
    description: str
    x_title: str
    y_title: str
    fmt: str | None = None

    def value(self, value: float) -> str:
        """Return a value in words."""
        return format_value(value, self.fmt)


@dataclass(frozen=True)
class _Plot:
    """Where things are: an axis of numbers and one of places."""

    ticks: Sequence[float]
    left: float
    top: float
    places: int

    @property
    def bottom(self) -> float:
        return self.top + _PLOT

    @property
    def slot(self) -> float:
        return min(_WIDEST_SLOT, (WIDTH - self.left - _RIGHT) / max(1, self.places))

    @property
    def right(self) -> float:
        return self.left + self.slot * max(1, self.places)

    def x(self, place: float) -> float:
        return self.left + self.slot * place

    def share(self, value: float) -> float:
        low, high = self.ticks[0], self.ticks[-1]
        return min(1.0, max(0.0, (value - low) / (high - low)))

    def y(self, value: float) -> float:
        return self.bottom - _PLOT * self.share(value)


def _drawable(series: Sequence[Series]) -> list[Series]:
    return [Series(one.name, [finite(value) for value in one.values]) for one in series]


def _values(series: Sequence[Series]) -> list[float]:
    return [value for one in series for value in one.values if value is not None]


def _sums(series: Sequence[Series]) -> list[float]:
    """Return where the bars of each place end when they stand on each other."""
    ends = []
    for place in zip(*(one.values for one in series), strict=True):
        known = [value for value in place if value is not None]
        ends += [sum(v for v in known if v > 0), sum(v for v in known if v < 0)]
    return ends


def highest(series: Sequence[Series]) -> float:
    """Return the highest value of all series, 0 where there is none."""
    return max([0.0, *_values(_drawable(series))])


def _key(number: int, name: str, line: bool) -> Key:
    colour = COLOURS[number]
    if line:
        dash = f' stroke-dasharray="{_DASHES[number]}"' if _DASHES[number] else ""
        return Key(
            f'<line class="line{number}" x1="0" y1="7" x2="22" y2="7" '
            f'stroke="{colour}" stroke-width="2"{dash}/>',
            name,
        )
    return Key(f'<rect class="key{number}" y="2" width="22" height="10" fill="{colour}"/>', name)


def _left(ticks: Sequence[float], fmt: str | None) -> float:
    return 30 + max(text_width(axis_text(tick, fmt)) for tick in ticks)


def _grid(plot: _Plot, texts: Texts) -> list[str]:
    out = []
    for tick in plot.ticks:
        y = plot.y(tick)
        kind, colour = ("zero", INK) if tick == 0 and plot.ticks[0] < 0 else ("grid", GRID)
        out.append(
            f'<line class="{kind}" x1="{plot.left:.1f}" y1="{y:.1f}" x2="{plot.right:.1f}" '
            f'y2="{y:.1f}" stroke="{colour}" stroke-width="1"/>'
        )
        out.append(label(plot.left - 6, y + 4, axis_text(tick, texts.fmt), "end"))
    return out


def _axes(plot: _Plot, labels: Sequence[str], texts: Texts) -> list[str]:
    out = _grid(plot, texts)
    room = min(150.0, max((text_width(one) for one in labels), default=0.0) + 8)
    every = max(1, -int(-room // plot.slot))
    out += [
        label(plot.x(n + 0.5), plot.bottom + 16, one, room=max(room, plot.slot))
        for n, one in enumerate(labels)
        if n % every == 0
    ]
    out.append(label((plot.left + plot.right) / 2, plot.bottom + 38, texts.x_title))
    out.append(turned(12, plot.top + _PLOT / 2, texts.y_title, _PLOT + 40))
    return out


def _bands(plot: _Plot, bands: Sequence[Band]) -> list[str]:
    out = []
    for number, band in enumerate(bands):
        top = plot.top if band.high is None else plot.y(band.high)
        bottom = plot.bottom if band.low is None else plot.y(band.low)
        out.append(
            f'<rect class="band{number % 2}" x="{plot.left:.1f}" y="{top:.1f}" '
            f'width="{plot.right - plot.left:.1f}" height="{max(0.0, bottom - top):.1f}" '
            f'fill="{COLOURS[4] if number % 2 == 0 else COLOURS[1]}" fill-opacity="0.16"/>'
        )
    return out


def _band_names(plot: _Plot, bands: Sequence[Band]) -> list[str]:
    out = []
    for band in bands:
        top = plot.top if band.high is None else plot.y(band.high)
        room = plot.right - plot.left - 8
        out.append(label(plot.left + 4, top + 11, band.name, "start", room=room, kind="halo"))
    return out


def _path(plot: _Plot, values: Sequence[float | None]) -> str:
    """Return a path that stops at a missing value and starts anew behind it."""
    before: list[float | None] = [None, *values]
    return "".join(
        f"{'M' if last is None else 'L'}{plot.x(n + 0.5):.1f} {plot.y(value):.1f}"
        for n, (last, value) in enumerate(pairwise(before))
        if value is not None
    )


def _line(plot: _Plot, number: int, one: Series, labels: Sequence[str], texts: Texts) -> list[str]:
    colour = COLOURS[number]
    dash = f' stroke-dasharray="{_DASHES[number]}"' if _DASHES[number] else ""
    out = [
        f'<path class="line{number}" d="{_path(plot, one.values)}" fill="none" stroke="{colour}" '
        f'stroke-width="2"{dash}/>'
    ]
    radius = 3.0 if plot.slot > 14 else 2.2
    out += [
        f'<circle class="fill{number}" cx="{plot.x(n + 0.5):.1f}" cy="{plot.y(value):.1f}" '
        f'r="{radius}" fill="{colour}">'
        f"{hint(f'{one.name}, {labels[n]}: {texts.value(value)}')}</circle>"
        for n, value in enumerate(one.values)
        if value is not None
    ]
    return out


def _are_few(labels: Sequence[str], series: Sequence[Series]) -> bool:
    return len(labels) <= _FEW and len(series) <= 2


def _written(plot: _Plot, series: Sequence[Series], texts: Texts) -> list[str]:
    """Return the values of few points: of two at a place, the greater above and the other below."""
    out = []
    for n, place in enumerate(zip(*(one.values for one in series), strict=True)):
        known = sorted((value for value in place if value is not None), reverse=True)
        for value, shift in zip(known, (-7.0, 16.0), strict=False):
            y = plot.y(value) + shift
            # Below the axis stand the labels.
            y = y if y < plot.bottom else plot.y(value) - 7
            words = texts.value(value)
            out.append(label(plot.x(n + 0.5), y, words, room=plot.slot, kind="halo"))
    return out


def _reference(plot: _Plot, one: Reference) -> list[str]:
    if not one.constant:
        path = _path(plot, one.values)
    else:
        y = plot.y(one.values[0] or 0.0)
        path = f"M{plot.left:.1f} {y:.1f}L{plot.right:.1f} {y:.1f}"
    return [
        f'<path class="target" d="{path}" fill="none" stroke="{INK}" stroke-width="1.5" '
        'stroke-dasharray="5 4"/>'
    ]


def _reference_key(one: Reference) -> Key:
    return Key(
        f'<line class="target" x1="0" y1="7" x2="22" y2="7" stroke="{INK}" stroke-width="1.5" '
        'stroke-dasharray="5 4"/>',
        one.name,
    )


def line_chart(
    labels: Sequence[str],
    series: Sequence[Series],
    texts: Texts,
    *,
    references: Sequence[Reference] = (),
    bands: Sequence[Band] = (),
    y_min: float | None = None,
) -> str:
    """Draw lines over ordinal labels; a missing value breaks the line, never drops it to 0.

    y_min: where the axis starts (default 0); a lower value moves the start down.
    """
    series = _drawable(series)
    references = [
        Reference(one.name, [finite(value) for value in one.values], one.constant)
        for one in references
    ]
    seen = _values(series) + [v for one in references for v in one.values if v is not None]
    seen += [e for band in bands for e in (finite(band.low), finite(band.high)) if e is not None]
    start = 0.0 if y_min is None else y_min
    ticks = axis_ticks(min([start, *seen]), max([start, *seen]), texts.fmt)
    left = _left(ticks, texts.fmt)
    keys = [_key(n, one.name, line=True) for n, one in enumerate(series)]
    keys += [_reference_key(one) for one in references]
    names, height = legend(keys if len(keys) > 1 else [], left)
    is_written = _are_few(labels, series)
    plot = _Plot(ticks, left, height + (18 if is_written else 8), len(labels))
    body = [*names, *_bands(plot, bands), *_axes(plot, labels, texts)]
    for reference in references:
        body += _reference(plot, reference)
    for number, one in enumerate(series):
        body += _line(plot, number, one, labels, texts)
    body += _band_names(plot, bands)
    if is_written:
        body += _written(plot, series, texts)
    return frame(plot.bottom + _BOTTOM, texts.title, texts.description, body)


def _bar_axis(series: Sequence[Series], stacked: bool, fmt: str | None) -> list[float]:
    ends = [0.0, *(_sums(series) if stacked else _values(series))]
    return axis_ticks(min(ends), max(ends), fmt)


def _spans(series: Sequence[Series], stacked: bool) -> list[list[tuple[float, float] | None]]:
    """Return where each bar begins and ends on the axis, by series and place."""
    up = [0.0] * len(series[0].values)
    down = list(up)
    out = []
    for one in series:
        spans: list[tuple[float, float] | None] = []
        for n, value in enumerate(one.values):
            if value is None:
                spans.append(None)
                continue
            side = up if value >= 0 else down
            start = side[n] if stacked else 0.0
            side[n] = start + value if stacked else 0.0
            spans.append((start, start + value))
        out.append(spans)
    return out


def _bar(
    number: int, place: float, length: tuple[float, float], width: float, lying: bool, words: str
) -> str:
    low, high = min(length), max(length)
    x, y, wide, tall = (low, place, high - low, width) if lying else (place, low, width, high - low)
    return (
        f'<rect class="fill{number}" x="{x:.1f}" y="{y:.1f}" width="{wide:.1f}" '
        f'height="{tall:.1f}" fill="{COLOURS[number]}">{hint(words)}</rect>'
    )


def bar_chart(
    labels: Sequence[str], series: Sequence[Series], texts: Texts, *, stacked: bool = False
) -> str:
    """Draw upright bars from 0, those of several series side by side or stacked."""
    series = _drawable(series)
    ticks = _bar_axis(series, stacked, texts.fmt)
    left = _left(ticks, texts.fmt)
    keys = [_key(n, one.name, line=False) for n, one in enumerate(series)]
    names, height = legend(keys if len(keys) > 1 else [], left)
    plot = _Plot(ticks, left, height + 8, len(labels))
    body = [*names, *_axes(plot, labels, texts)]
    width = plot.slot * 0.76 / (1 if stacked else len(series))
    spans = _spans(series, stacked)
    for number, one in enumerate(series):
        for n, (value, span) in enumerate(zip(one.values, spans[number], strict=True)):
            if value is not None and span is not None:
                place = plot.x(n + 0.12) + (0.0 if stacked else width * number)
                words = f"{one.name}, {labels[n]}: {texts.value(value)}"
                ends = (plot.y(span[0]), plot.y(span[1]))
                body.append(_bar(number, place, ends, width, False, words))
    return frame(plot.bottom + _BOTTOM, texts.title, texts.description, body)


def lying_bar_chart(
    labels: Sequence[str], series: Sequence[Series], texts: Texts, *, stacked: bool = False
) -> str:
    """Draw lying bars from 0: x_title names the rows, y_title the axis of numbers."""
    series = _drawable(series)
    ticks = _bar_axis(series, stacked, texts.fmt)
    left = 24 + min(190.0, max((text_width(one) for one in labels), default=0.0))
    keys = [_key(n, one.name, line=False) for n, one in enumerate(series)]
    body, top = legend(keys if len(keys) > 1 else [], left)
    top += 8
    thick = 14.0 if stacked else max(6.0, 14.0 - 2 * len(series))
    row = thick * (1 if stacked else len(series)) + 8
    bottom = top + row * len(labels)
    right = WIDTH - _RIGHT - text_width(axis_text(ticks[-1], texts.fmt)) / 2

    def x(value: float) -> float:
        share = (value - ticks[0]) / (ticks[-1] - ticks[0])
        return left + (right - left) * min(1.0, max(0.0, share))

    for tick in ticks:
        kind, colour = ("zero", INK) if tick == 0 and ticks[0] < 0 else ("grid", GRID)
        body.append(
            f'<line class="{kind}" x1="{x(tick):.1f}" y1="{top:.1f}" x2="{x(tick):.1f}" '
            f'y2="{bottom:.1f}" stroke="{colour}" stroke-width="1"/>'
        )
        body.append(label(x(tick), bottom + 16, axis_text(tick, texts.fmt)))
    for n, name in enumerate(labels):
        body.append(label(left - 6, top + row * (n + 0.5) + 4, name, "end", room=left - 6))
    spans = _spans(series, stacked)
    for number, one in enumerate(series):
        for n, (value, span) in enumerate(zip(one.values, spans[number], strict=True)):
            if value is not None and span is not None:
                place = top + row * n + 4 + (0.0 if stacked else thick * number)
                words = f"{one.name}, {labels[n]}: {texts.value(value)}"
                body.append(_bar(number, place, (x(span[0]), x(span[1])), thick, True, words))
    body.append(label((left + right) / 2, bottom + 38, texts.y_title))
    return frame(bottom + _BOTTOM, texts.title, texts.description, body)


def spark_line(values: Sequence[float | None], words: str) -> str:
    """Draw a line as high as a line of text, from the first to the last value; the last is marked.

    Its scale is from the lowest to the highest value: it shows the shape, and words the size.
    """
    known = [finite(value) for value in values]
    drawn = [value for value in known if value is not None]
    low, high = min(drawn, default=0.0), max(drawn, default=0.0)
    step = 72.0 / max(1, len(known) - 1)
    # Half of it, for the whole can be too large a number; half of the smallest number there is is none.
    half_span = high / 2 - low / 2

    def point(n: int, value: float) -> tuple[float, float]:
        share = (value / 2 - low / 2) / half_span if half_span else 0.5
        return (4 + step * n, 18 - 14 * share)

    before: list[float | None] = [None, *known]
    path = "".join(
        f"{'M' if last is None else 'L'}{point(n, value)[0]:.1f} {point(n, value)[1]:.1f}"
        # A value alone is a dot: a line of no length with a round end.
        f"{'h0' if last is None else ''}"
        for n, (last, value) in enumerate(pairwise(before))
        if value is not None
    )
    last = next(((n, v) for n, v in reversed(list(enumerate(known))) if v is not None), None)
    dot = ""
    if last is not None:
        x, y = point(*last)
        dot = f'<circle class="fill0" cx="{x:.1f}" cy="{y:.1f}" r="2.5" fill="{COLOURS[0]}"/>'
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" class="spark" viewBox="0 0 80 22" role="img" '
        f'aria-label="{escape(words)}">'
        f'<path class="line0" d="{path}" fill="none" stroke="{COLOURS[0]}" stroke-width="1.5" '
        f'stroke-linecap="round"/>{dot}</svg>'
    )


def small_bar(share: float) -> str:
    """Draw a bar for a table cell: a share (0-1) of the longest; the value stands beside it."""
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" class="small-bar" viewBox="0 0 60 10" '
        f'aria-hidden="true"><rect class="fill0" width="{60 * share:.1f}" height="10" '
        f'fill="{COLOURS[0]}"/></svg>'
    )
