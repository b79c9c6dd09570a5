"""From the rows of a query to what is drawn, and the same in words."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from reports import charts, timeline
from reports.document import Bar, Bars, Paragraph, Text
from reports.errors import ComponentError
from reports.figures import figure_format, figure_label
from reports.formats import DASH, NO_VALUE, axis_format, format_value
from reports.nodes import Number, format_of, number_of, rows_of, value_nodes
from reports.rows import Row, Rows
from reports.svg import axis_ticks

_UNITS = {"duration": " (h:mm)", "pct": " (%)"}
_TOO_FEW = "too few to judge"
# A day, and the ends of night shifts before and behind it.
_MOST_HOURS = 72


@dataclass(frozen=True)
class Band:
    """A zone of a line chart's axis, from ``low`` to ``high``; without an end it goes on."""

    title: str
    low: int | float | Decimal | None = None
    high: int | float | Decimal | None = None


class Data:
    """What a chart of rows shows: labels, series, and the words around them."""

    def __init__(
        self,
        query: object,
        x: str,
        y: str | Sequence[str],
        fmt: str | None,
        x_fmt: str | None,
        x_title: str | None,
        y_title: str | None,
    ) -> None:
        """Read labels and series; a column that is not there or no number is a ComponentError."""
        self.rows = rows_of(query)
        self._names = [y] if isinstance(y, str) else list(y)
        if not 1 <= len(self._names) <= charts.MOST_SERIES:
            raise ComponentError(f"y is 1 to {charts.MOST_SERIES} columns, not {len(self._names)}")
        self.series = [
            charts.Series(figure_label(name), [number_of(v, name) for v in self.rows.column(name)])
            for name in self._names
        ]
        self._fmt = format_of(self._names[0], fmt)
        self._places = self.rows.column(x)
        self._x_fmt = x_fmt or figure_format(x)
        self.labels = [
            DASH if value is None else format_value(value, axis_format(value, self._x_fmt, x_fmt))
            for value in self._places
        ]
        self.x_title = x_title or figure_label(x)
        unit = _UNITS.get(self._fmt or "", "")
        self.y_title = y_title or (self.series[0].name if len(self.series) == 1 else "Value") + unit

    @property
    def is_drawable(self) -> bool:
        """Whether there is any number to draw."""
        return any(value is not None for one in self.series for value in one.values)

    @property
    def is_simple(self) -> bool:
        """Whether bars can be set as text: one series, nothing below 0."""
        return len(self.series) == 1 and all((v or 0.0) >= 0 for v in self.series[0].values)

    def at_most(self, count: int) -> None:
        """Raise a ComponentError for more rows than there is room for."""
        if len(self.labels) > count:
            raise ComponentError(f"{len(self.labels)} rows: such a chart has room for {count}")

    def nothing(self, title: str) -> Paragraph:
        """Return what stands in the place of a chart without numbers."""
        return Paragraph([Text(f"{title}: {DASH} {NO_VALUE} to draw.")])

    def references(self, reference: str | Number | None, title: str) -> list[charts.Reference]:
        """Return the line to compare with: of a column, of a number, or none."""
        if reference is None:
            return []
        if isinstance(reference, str):
            values = [number_of(value, reference) for value in self.rows.column(reference)]
            return [charts.Reference(title, values)]
        shown = format_value(reference, self._fmt)
        return [charts.Reference(f"{title} {shown}", [float(reference)] * len(self.labels), True)]

    def texts(
        self,
        kind: str,
        title: str,
        references: Sequence[charts.Reference],
        bands: Sequence[Band],
    ) -> charts.Texts:
        """Return what is written on the chart, and its description in words."""
        parts = [self._range(one.name, one.values) for one in self.series]
        for one in references:
            parts.append(one.name if one.constant else self._range(one.name, one.values))
        parts += [self._zone(band) for band in bands]
        count = f"{len(self.labels)} {'value' if len(self.labels) == 1 else 'values'}"
        head = f"{kind} chart of {count} by {self.x_title.lower()}"
        description = ". ".join([head, *parts]) + "."
        return charts.Texts(title, description, self.x_title, self.y_title, self._fmt)

    def _range(self, name: str, values: Sequence[float | None]) -> str:
        known = [(v, label) for v, label in zip(values, self.labels, strict=True) if v is not None]
        if not known:
            return f"{name}: {NO_VALUE}"
        low, high = min(known), max(known)
        return (
            f"{name}: lowest {format_value(low[0], self._fmt)} ({low[1]}), "
            f"highest {format_value(high[0], self._fmt)} ({high[1]})"
        )

    def _zone(self, band: Band) -> str:
        ends = [
            f"{word} {format_value(end, self._fmt)}"
            for word, end in (("from", band.low), ("to", band.high))
            if end is not None
        ]
        return " ".join([f"Zone {band.title}", *ends])

    def bars(self, title: str) -> Bars:
        """Return the rows as bars that are set as text."""
        name = self._names[0]
        top = axis_ticks(0.0, charts.highest(self.series), self._fmt)[-1]
        bars = [
            Bar(
                value_nodes(place, self._x_fmt, False, NO_VALUE),
                value_nodes(row[name], self._fmt, False, NO_VALUE, self.rows.address(n, name)),
                (self.series[0].values[n] or 0.0) / top,
            )
            for n, (place, row) in enumerate(zip(self._places, self.rows, strict=True))
        ]
        return Bars(title, self.x_title, self.y_title, bars)


def spans_of(
    rows: Rows, row: str, start: str, end: str, state: str, row_fmt: str | None
) -> list[timeline.Span]:
    """Return the stays of a timeline; what cannot be drawn is a ComponentError."""
    for name in (row, start, end, state):
        rows.column(name)
    spans = []
    for n, line in enumerate(rows, 1):
        first, last = number_of(line[start], start), number_of(line[end], end)
        if first is None or last is None or last < first:
            raise ComponentError(
                f'row {n} of "{rows.name}": {start} and {end} are seconds, the end not before '
                f"the start, and not {line[start]!r} and {line[end]!r}"
            )
        its = "none" if line[state] is None else str(line[state])
        label = (
            DASH if line[row] is None else format_value(line[row], row_fmt or figure_format(row))
        )
        times = f"{timeline.clock(first)} to {timeline.clock(last)}"
        words = f"{label}: {figure_label(its)}, {times}"
        spans.append(timeline.Span(label, first, last, its, words))
    hours = (
        (max(s.end for s in spans) - min(s.start for s in spans)) / timeline.HOUR if spans else 0
    )
    if hours > _MOST_HOURS:
        raise ComponentError(f"{hours:.0f} hours: a timeline has room for {_MOST_HOURS}")
    lines = len({span.row for span in spans})
    if lines > timeline.MOST_ROWS:
        raise ComponentError(f"{lines} lines: a timeline has room for {timeline.MOST_ROWS}")
    return spans


def timeline_words(spans: Sequence[timeline.Span], names: Mapping[str, str]) -> str:
    """Return in words when each line of a timeline begins and ends."""
    ends: dict[str, tuple[float, float]] = {}
    for span in spans:
        first, last = ends.get(span.row, (span.start, span.end))
        ends[span.row] = (min(first, span.start), max(last, span.end))
    lines = [
        f"{row}: {timeline.clock(first)} to {timeline.clock(last)}"
        for row, (first, last) in ends.items()
    ]
    return f"Timeline of {', '.join(names.values())}. {'; '.join(lines)}."


def interval_of(
    row: Row,
    label: str,
    columns: tuple[str, str, str, str],
    better: str | None,
    inconclusive: str | None,
    fmt: str | None,
) -> timeline.Interval:
    """Return one row of an interval chart, as shares of its target by which it is better."""
    figure = DASH if row[label] is None else str(row[label])
    fmt = format_of(figure, fmt)
    value, low, high, target = (number_of(row[name], name) for name in columns)
    way = "higher" if better is None else row[better]
    if way not in ("higher", "lower"):
        raise ComponentError(f'column "{better}" holds higher or lower, not {way!r}')

    def share(number: float | None) -> float | None:
        if number is None or not target:
            return None
        return (number - target) / abs(target) * (1 if way == "higher" else -1)

    def shown(number: float) -> str:
        return format_value(number, fmt)

    aim = "no target" if target is None else f"target {shown(target)}"
    is_open = inconclusive is not None and row[inconclusive] is True
    notes = [f"{shown(low)} to {shown(high)}"] if low is not None and high is not None else []
    return timeline.Interval(
        figure_label(figure),
        share(value),
        share(low),
        share(high),
        f"{DASH if value is None else shown(value)}, {aim}",
        ", ".join([*notes, *([_TOO_FEW] if is_open else [])]),
        is_open,
    )
