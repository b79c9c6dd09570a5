"""Times as bars (a day's states) and values with their intervals, as SVG text."""

from collections.abc import Sequence
from dataclasses import dataclass

from reports.svg import (
    COLOURS,
    GRID,
    INK,
    PAPER,
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
)

HOUR = 3600.0
MOST_ROWS = 100
_RIGHT = 14.0

# A state has one colour and one height wherever it is drawn: the height tells states apart where
# the colour does not.
STATES: dict[str, tuple[int, float]] = {
    "active": (0, 1.0),
    "available": (2, 0.7),
    "unavailable": (1, 0.45),
    "break": (4, 0.45),
    "meeting": (3, 0.45),
    "training": (6, 0.45),
    "back_office": (5, 0.45),
    "other": (1, 0.45),
    "other_unavailable": (1, 0.45),
    "scheduled": (7, 1.0),
    "unclassified": (7, 0.3),
    "away": (7, 0.15),
}
_HEIGHTS = (1.0, 0.7, 0.45)


@dataclass(frozen=True)
class Span:
    """One stay in a state: the row it is drawn in, and seconds from the start of that row."""

    row: str
    start: float
    end: float
    state: str
    words: str


def clock(seconds: float) -> str:
    """Return seconds from the start of a day as the time of day; later days say so: 06:00 +1."""
    days, rest = divmod(int(seconds // 60), 1440)
    return f"{rest // 60:02}:{rest % 60:02}" + (f" {days:+}" if days else "")


def look_of(states: Sequence[str]) -> dict[str, tuple[int, float]]:
    """Return colour number and height (share of the row) of each state, known ones as ever."""
    unknown = [state for state in dict.fromkeys(states) if state not in STATES]
    looks = {state: STATES[state] for state in dict.fromkeys(states) if state in STATES}
    for n, state in enumerate(unknown):
        looks[state] = (n % len(COLOURS), _HEIGHTS[n % len(_HEIGHTS)])
    return looks


def timeline(
    spans: Sequence[Span],
    names: dict[str, str],
    *,
    title: str,
    description: str,
    x_title: str,
) -> str:
    """Draw a row for each row name, in their first order, over whole hours.

    names: what each state is called in the legend, in the order of the legend.
    """
    rows = list(dict.fromkeys(span.row for span in spans))
    first = min(span.start for span in spans) // HOUR
    last = max(first + 1, -(-max(span.end for span in spans) // HOUR))
    left = 14 + min(150.0, max(text_width(row) for row in rows))
    looks = look_of(list(names))
    keys = [_state_key(looks[state], name) for state, name in names.items()]
    body, top = legend(keys, left)
    top += 6
    height = max(8.0, min(22.0, 800.0 / len(rows)))
    bottom = top + height * len(rows)

    def x(seconds: float) -> float:
        return left + (WIDTH - _RIGHT - left) * (seconds / HOUR - first) / (last - first)

    body += _hours(first, last, x(HOUR * (first + 1)) - left, left, top, bottom)
    for n, row in enumerate(rows):
        body.append(label(left - 6, top + height * (n + 0.5) + 4, row, "end", room=left - 6))
    for span in spans:
        number, tall = looks[span.state]
        size = (height - 3) * tall
        y = top + height * (rows.index(span.row) + 1) - 1.5 - size
        body.append(
            f'<rect class="fill{number}" x="{x(span.start):.1f}" y="{y:.1f}" '
            f'width="{x(span.end) - x(span.start):.2f}" height="{size:.1f}" '
            f'fill="{COLOURS[number]}">{hint(span.words)}</rect>'
        )
    body.append(label((left + WIDTH) / 2, bottom + 36, x_title))
    return frame(bottom + 42, title, description, body)


def _state_key(look: tuple[int, float], name: str) -> Key:
    number, tall = look
    size = 12 * tall
    return Key(
        f'<rect class="fill{number}" y="{13 - size:.1f}" width="22" height="{size:.1f}" '
        f'fill="{COLOURS[number]}"/>',
        name,
    )


def _hours(
    first: float, last: float, wide: float, left: float, top: float, bottom: float
) -> list[str]:
    """Return the lines of the hours; those with room for it have the time below."""
    every = next((n for n in (1, 2, 3, 4, 6, 12, 24) if n * wide >= 64), -int(-64 // wide))
    out = []
    for n in range(int(last - first) + 1):
        hour = first + n
        if hour % every:
            continue
        x = left + wide * n
        out.append(
            f'<line class="grid" x1="{x:.1f}" y1="{top:.1f}" x2="{x:.1f}" y2="{bottom:.1f}" '
            f'stroke="{GRID}" stroke-width="1"/>'
        )
        out.append(label(x, bottom + 16, clock(hour * HOUR)))
    return out


@dataclass(frozen=True)
class Interval:
    """One row of an interval chart, as shares of the target by which each is better than it.

    value, low, high: 0 is the target, 0.1 a tenth of it better, -0.1 worse. None: not known.
    figures, note: what is written beside it. open: the target lies inside the interval.
    """

    name: str
    value: float | None
    low: float | None
    high: float | None
    figures: str
    note: str
    is_open: bool


_ROW = 36.0


def interval_chart(rows: Sequence[Interval], *, title: str, description: str, x_title: str) -> str:
    """Draw a line for each interval and a mark for its value, right of the target if better."""
    names = min(200.0, max(text_width(row.name) for row in rows))
    figures = min(210.0, max(text_width(words) for r in rows for words in (r.figures, r.note)))
    left, right = names + 24, WIDTH - figures - 20
    ends = [finite(e) or 0.0 for row in rows for e in (row.value, row.low, row.high)]
    ticks = axis_ticks(min([-0.05, *ends]), max([0.05, *ends]), "pct")
    top, bottom = 10.0, 10.0 + _ROW * len(rows)

    def x(value: float) -> float:
        share = ((finite(value) or 0.0) - ticks[0]) / (ticks[-1] - ticks[0])
        return left + (right - left) * min(1.0, max(0.0, share))

    body = []
    every = max(1, -int(-64 * (len(ticks) - 1) // (right - left)))
    zero = min(range(len(ticks)), key=lambda n: abs(ticks[n]))
    for n, tick in enumerate(ticks):
        if (n - zero) % every:
            continue
        kind, colour = ("zero", INK) if n == zero else ("grid", GRID)
        body.append(
            f'<line class="{kind}" x1="{x(tick):.1f}" y1="{top:.1f}" x2="{x(tick):.1f}" '
            f'y2="{bottom:.1f}" stroke="{colour}" stroke-width="1"/>'
        )
        sign = "+" if tick > 0 and n != zero else ""
        words = "target" if n == zero else sign + axis_text(tick, "pct")
        body.append(label(x(tick), bottom + 16, words))
    for n, row in enumerate(rows):
        body += _interval(row, top + _ROW * (n + 0.5), x, left, right)
    body.append(label((left + right) / 2, bottom + 36, x_title))
    return frame(bottom + 42, title, description, body)


def _interval(row: Interval, y: float, x, left: float, right: float) -> list[str]:  # type: ignore[no-untyped-def]
    out = [
        label(left - 12, y + 4, row.name, "end", room=left - 12),
        label(right + 12, y - 2, row.figures, "start", room=WIDTH - right - 12),
        label(right + 12, y + 12, row.note, "start", room=WIDTH - right - 12, kind="soft"),
    ]
    if row.low is not None and row.high is not None:
        a, b = sorted((x(row.low), x(row.high)))
        out.append(
            f'<path class="line0" d="M{a:.1f} {y:.1f}L{b:.1f} {y:.1f}M{a:.1f} {y - 5:.1f}'
            f'L{a:.1f} {y + 5:.1f}M{b:.1f} {y - 5:.1f}L{b:.1f} {y + 5:.1f}" fill="none" '
            f'stroke="{COLOURS[0]}" stroke-width="2"/>'
        )
    if row.value is not None:
        kind, colour = ("hollow", PAPER) if row.is_open else ("fill0", COLOURS[0])
        out.append(
            f'<circle class="{kind} line0" cx="{x(row.value):.1f}" cy="{y:.1f}" r="5" '
            f'fill="{colour}" stroke="{COLOURS[0]}" stroke-width="2">'
            f"{hint(f'{row.name}: {row.figures}. {row.note}')}</circle>"
        )
    return out
