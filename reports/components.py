"""What pages call in double braces: Evidence's vocabulary over the document model.

Every call returns document nodes; a wrong query, column, option or format is a ComponentError,
which the template turns into a PageError at the call's line.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from reports import charts, timeline
from reports.document import (
    Bar,
    Bars,
    Block,
    Break,
    Chart,
    Figure,
    Heads,
    Inline,
    Link,
    Nothing,
    Paragraph,
    Table,
)
from reports.document import Text as TextNode
from reports.errors import ComponentError
from reports.figures import figure_format, figure_label
from reports.formats import DASH, NO_VALUE, NUMERIC_FORMATS, axis_format, format_value, raw_text
from reports.options import checked
from reports.rows import Row, Rows
from reports.svg import axis_ticks

Resolve = Callable[[str, str], str | None]
"""Folder and id to the relative address of that page, or None where there is none."""
Download = Callable[[Rows], str | None]
"""The rows of a query to the relative address of their CSV file, or None where there is none."""
Number = int | float | Decimal

_UNITS = {"duration": " (h:mm)", "pct": " (%)"}
_TOO_FEW = "too few to judge"
# A day, and the ends of night shifts before and behind it.
_MOST_HOURS = 72


@dataclass(frozen=True)
class Column:
    """One column of a DataTable.

    title: its heading (default: the figure's label). fmt: a format (default: the figure's).
    fmt_from: the column that names each row's figure, whose format is used. signed: print ``+``.
    to: a second column; the cell is then a range. link: folder of the page the cell links to, whose
    id is in column ``id``. empty: the words for null. delta: a difference, with an arrow;
    down_is_good: of which a negative one is better. bar: a bar beside the number. spark: a small
    line of a list of numbers.
    """

    column: str
    title: str | None = None
    fmt: str | None = None
    fmt_from: str | None = None
    signed: bool = False
    to: str | None = None
    link: str | None = None
    id: str | None = None
    empty: str | None = None
    delta: bool = False
    down_is_good: bool = False
    bar: bool = False
    spark: bool = False


@dataclass(frozen=True)
class Band:
    """A zone of a line chart's axis, from ``low`` to ``high``; without an end it goes on."""

    title: str
    low: int | float | Decimal | None = None
    high: int | float | Decimal | None = None


def _rows(query: object) -> Rows:
    if isinstance(query, Rows):
        return query
    if isinstance(query, list | tuple) and all(isinstance(item, Mapping) for item in query):
        return Rows.from_mappings("list", query)
    raise ComponentError(f"the first argument is a query of this page, not {query!r}")


def _format(column: str, fmt: str | None) -> str | None:
    return fmt or figure_format(column)


def _inlines(
    value: object, fmt: str | None, signed: bool, empty: str, address: str | None = None
) -> list[Inline]:
    if value is None:
        return [Nothing(empty)]
    text = format_value(value, fmt, signed=signed)
    is_text = isinstance(value, str)
    return [TextNode(text, is_text, None if is_text else raw_text(value), address)]


def _delta(
    value: object, fmt: str | None, down_is_good: bool, empty: str, address: str | None
) -> list[Inline]:
    """A difference: arrow and sign say its direction, the tone whether that is good."""
    if value is None:
        return [Nothing(empty)]
    number = _number(value, "delta")
    text = format_value(value, fmt, signed=True)
    if number is None or text == format_value(0, fmt, signed=True):
        arrow, tone = "=", "even"
    else:
        arrow = "▲" if number > 0 else "▼"
        tone = "good" if (number > 0) != down_is_good else "bad"
    return [TextNode(f"{arrow} {text}", False, raw_text(value), address, tone)]


def _spark(
    values: Sequence[object], column: str, fmt: str | None, empty: str, address: str | None
) -> list[Inline]:
    """A small line; where there are no drawings, its first and last value."""
    numbers = [_number(value, column) for value in values]
    known = [number for number in numbers if number is not None]
    if not known:
        return [Nothing(empty)]
    ends = [format_value(number, fmt) for number in (known[0], known[-1])]
    low, high = (format_value(number, fmt) for number in (min(known), max(known)))
    words = f"trend of {len(numbers)}: {ends[0]} to {ends[1]}, lowest {low}, highest {high}"
    drawing = charts.spark_line(numbers, words)
    raw = raw_text(known[-1])
    return [TextNode(f"{ends[0]} → {ends[1]}", False, raw, address, drawing=drawing)]


def _list(value: object, column: str) -> Sequence[object]:
    if value is None:
        return []
    if not isinstance(value, list | tuple):
        raise ComponentError(f'column "{column}" is not a list of numbers: {value!r}')
    return value


class Components:
    """The components of one page."""

    def __init__(self, resolve: Resolve, download: Download | None = None) -> None:
        """Keep how links to pages and to the CSV files of queries are made."""
        self._resolve = resolve
        self._download = download or (lambda rows: None)

    def names(self) -> dict[str, object]:
        """Return what the page language calls its components."""
        calls: dict[str, Callable[..., object]] = {
            "Band": Band,
            "BarChart": self.bar_chart,
            "BigValue": self.big_value,
            "Column": Column,
            "DataTable": self.data_table,
            "Delta": self.delta,
            "IntervalChart": self.interval_chart,
            "LineChart": self.line_chart,
            "Sparkline": self.sparkline,
            "Timeline": self.timeline,
            "Value": self.value,
        }
        return {name: checked(name, call) for name, call in calls.items()}

    def value(
        self,
        query: object,
        column: str,
        *,
        row: int = 0,
        fmt: str | None = None,
        fmt_from: str | None = None,
        signed: bool = False,
        empty: str = NO_VALUE,
        link: str | None = None,
        id: str | None = None,  # noqa: A002
    ) -> list[Inline]:
        """One value of a query within a sentence; fmt_from: the column that names its figure."""
        rows = _rows(query)
        rows.column(column)
        if not -len(rows) <= row < len(rows):
            return [Nothing(empty)]
        if fmt_from is not None:
            fmt = fmt or figure_format(str(rows[row][fmt_from]))
        address = rows.address(row % len(rows), column)
        inlines = _inlines(rows[row][column], _format(column, fmt), signed, empty, address)
        return self._linked(inlines, rows[row], link, id)

    def delta(
        self,
        query: object,
        column: str,
        *,
        row: int = 0,
        fmt: str | None = None,
        down_is_good: bool = False,
        empty: str = NO_VALUE,
    ) -> list[Inline]:
        """A difference within a sentence: arrow, sign, and whether it is better or worse."""
        rows = _rows(query)
        rows.column(column)
        if not -len(rows) <= row < len(rows):
            return [Nothing(empty)]
        address = rows.address(row % len(rows), column)
        return _delta(rows[row][column], _format(column, fmt), down_is_good, empty, address)

    def sparkline(
        self,
        query: object,
        column: str,
        *,
        row: int | None = None,
        fmt: str | None = None,
        empty: str = NO_VALUE,
    ) -> list[Inline]:
        """A small line within a sentence: of all the rows, or of the list that one row holds."""
        rows = _rows(query)
        values: Sequence[object] = rows.column(column)
        if row is not None:
            inside = -len(rows) <= row < len(rows)
            values = _list(rows[row][column], column) if inside else []
        return _spark(values, column, _format(column, fmt), empty, None)

    def big_value(
        self,
        query: object,
        value: str,
        *,
        title: str | None = None,
        fmt: str | None = None,
        signed: bool = False,
        empty: str = NO_VALUE,
        comparison: str | None = None,
        comparison_title: str | None = None,
        comparison_fmt: str | None = None,
        comparison_delta: bool = False,
        down_is_good: bool = False,
        sparkline: str | None = None,
    ) -> Figure:
        """A headline figure: the first row's value, and optionally others below it.

        comparison: a column shown below; with comparison_delta it is a difference, with an arrow.
        sparkline: a column that holds a list of numbers.
        """
        note: list[Inline] = []
        if comparison is not None:
            label = comparison_title or figure_label(comparison)
            if comparison_delta:
                its = comparison_fmt or _format(value, fmt)
                delta = self.delta(query, comparison, fmt=its, down_is_good=down_is_good)
                note = [*delta, TextNode(f" {label}")]
            else:
                shown = self.value(query, comparison, fmt=comparison_fmt)
                note = [TextNode(f"{label} "), *shown]
        if sparkline is not None:
            line = self.sparkline(query, sparkline, row=0, fmt=_format(value, fmt))
            note = [*note, *([Break()] if note else []), *line]
        shown = self.value(query, value, fmt=fmt, signed=signed, empty=empty)
        return Figure(title or figure_label(value), shown, note)

    def data_table(
        self,
        query: object,
        columns: Sequence[str | Column] | None = None,
        *,
        title: str | None = None,
        empty: str = "There are no rows.",
        search: bool = False,
        filters: Sequence[str] = (),
    ) -> Block:
        """A table of all the query's rows, in its order; without rows, a sentence that says so.

        search: offer a search box. filters: columns of the table by whose values to choose rows.
        """
        rows = _rows(query)
        wanted = [
            column if isinstance(column, Column) else Column(str(column))
            for column in (columns if columns is not None else rows.columns)
        ]
        for column in wanted:
            for name in (column.column, column.fmt_from, column.to, column.id):
                if name is not None:
                    rows.column(name)
        chosen = [_place(name, wanted) for name in filters]
        if not rows:
            return Paragraph([TextNode(empty)])
        heads = [
            Heads([TextNode(column.title or figure_label(column.column))], _is_right(rows, column))
            for column in wanted
        ]
        tops = {column.column: _top(rows, column.column) for column in wanted if column.bar}
        cells = [[self._cell(rows, n, column, tops) for column in wanted] for n in range(len(rows))]
        bare = any(
            column.empty is None and isinstance(node, Nothing)
            for line in cells
            for column, cell in zip(wanted, line, strict=True)
            for node in cell
        )
        note = f"{DASH} {NO_VALUE}: not collected, or nothing to count." if bare else ""
        caption = title or figure_label(rows.name)
        return Table(caption, heads, cells, note, self._download(rows), search, chosen)

    def _cell(
        self, rows: Rows, index: int, column: Column, tops: Mapping[str, float]
    ) -> list[Inline]:
        row = rows[index]
        value = row[column.column]
        figure = str(row[column.fmt_from]) if column.fmt_from else column.column
        fmt = _format(figure, column.fmt)
        empty = "" if column.empty is None else column.empty
        address = rows.address(index, column.column)
        if column.spark:
            return _spark(_list(value, column.column), column.column, fmt, empty, address)
        if column.delta:
            inlines = _delta(value, fmt, column.down_is_good, empty, address)
        else:
            inlines = _inlines(value, fmt, column.signed, empty, address)
        if column.to is not None and value is not None:
            address = rows.address(index, column.to)
            end = _inlines(row[column.to], fmt, column.signed, empty, address)
            inlines = [*inlines, TextNode(f" {DASH} "), *end]
        if column.bar and value is not None:
            number, top = _number(value, column.column) or 0.0, tops[column.column]
            share = min(1.0, max(0.0, number / top)) if top else 0.0
            inlines = [TextNode("", drawing=charts.small_bar(share)), *inlines]
        return self._linked(inlines, row, column.link, column.id)

    def _linked(
        self, inlines: list[Inline], row: Row, link: str | None, identity: str | None
    ) -> list[Inline]:
        if link is None:
            return inlines
        if identity is None:
            raise ComponentError("a link needs id: the column that holds the page's id")
        target = None if row[identity] is None else self._resolve(link, str(row[identity]))
        return inlines if target is None else [Link(target, inlines, local=True)]

    def line_chart(
        self,
        query: object,
        x: str,
        y: str | Sequence[str],
        *,
        title: str,
        fmt: str | None = None,
        x_fmt: str | None = None,
        x_title: str | None = None,
        y_title: str | None = None,
        y_min: int | float | Decimal | None = None,
        reference: str | int | float | Decimal | None = None,
        reference_title: str = "Target",
        bands: Sequence[Band] = (),
    ) -> Block:
        """Lines over the rows in order: one for each column of y.

        reference: a column, or a number, to draw as a line to compare with. bands: zones of the
        axis, the lowest first. y_min: where the axis starts, if not at 0.
        """
        data = _Data(query, x, y, fmt, x_fmt, x_title, y_title)
        if not data.is_drawable:
            return data.nothing(title)
        references = data.references(reference, reference_title)
        texts = data.texts("Line", title, references, bands)
        svg = charts.line_chart(
            data.labels,
            data.series,
            texts,
            references=references,
            bands=[charts.Band(b.title, _end(b.low), _end(b.high)) for b in bands],
            y_min=_end(y_min),
        )
        return Chart(title, texts.description, svg, self._download(data.rows))

    def bar_chart(
        self,
        query: object,
        x: str,
        y: str | Sequence[str],
        *,
        title: str,
        fmt: str | None = None,
        x_fmt: str | None = None,
        x_title: str | None = None,
        y_title: str | None = None,
        horizontal: bool = False,
        stacked: bool = False,
    ) -> Block:
        """Bars from 0, one group a row: side by side, or stacked on each other.

        Horizontal ones have room for names. Where they show one column without negative numbers
        they are set as text, so that names of any script print in the PDF.
        """
        data = _Data(query, x, y, fmt, x_fmt, x_title, y_title)
        if not data.is_drawable:
            return data.nothing(title)
        if horizontal and data.is_simple:
            return replace(data.bars(title), download=self._download(data.rows))
        texts = data.texts("Bar", title, (), ())
        if horizontal:
            data.at_most(charts.MOST_LYING)
            svg = charts.lying_bar_chart(data.labels, data.series, texts, stacked=stacked)
        else:
            svg = charts.bar_chart(data.labels, data.series, texts, stacked=stacked)
        return Chart(title, texts.description, svg, self._download(data.rows))

    def timeline(
        self,
        query: object,
        row: str,
        *,
        start: str,
        end: str,
        state: str,
        title: str,
        row_fmt: str | None = None,
        x_title: str = "Time of day",
    ) -> Block:
        """States over the hours of a day, one line for each value of ``row``.

        start, end: columns of seconds from the start of that line's day; whoever is still in a
        state ends it in SQL. state: a column; states of the warehouse have their own colours.
        """
        rows = _rows(query)
        spans = _spans(rows, row, start, end, state, row_fmt)
        if not spans:
            return Paragraph([TextNode(f"{title}: there is nothing to draw.")])
        names = {name: figure_label(name) for name in timeline.look_of([s.state for s in spans])}
        known = [name for name in timeline.STATES if name in names]
        names = {name: names[name] for name in [*known, *(n for n in names if n not in known)]}
        description = _timeline_words(spans, names)
        svg = timeline.timeline(spans, names, title=title, description=description, x_title=x_title)
        return Chart(title, description, svg, self._download(rows))

    def interval_chart(
        self,
        query: object,
        label: str = "kpi",
        *,
        title: str,
        value: str = "value",
        low: str = "ci_low",
        high: str = "ci_high",
        target: str = "target",
        better: str | None = None,
        inconclusive: str | None = None,
        fmt: str | None = None,
    ) -> Block:
        """How far each row is from its target, with the interval the value may be chance within.

        label: a column that names the figure, by which its numbers are printed. better: a column
        that holds ``higher`` or ``lower``. inconclusive: a column that is true where the target
        lies inside the interval. All rows share one scale: the difference as a share of the target.
        """
        rows = _rows(query)
        for name in (label, value, low, high, target, better, inconclusive):
            if name is not None:
                rows.column(name)
        columns = (value, low, high, target)
        intervals = [
            _interval(line, label, columns, better, inconclusive, fmt)
            for line in rows
            if line[value] is not None
        ]
        if not intervals:
            return Paragraph([TextNode(f"{title}: {DASH} {NO_VALUE} to draw.")])
        parts = [
            f"{one.name}: {'; '.join(p for p in (one.figures, one.note) if p)}."
            for one in intervals
        ]
        description = " ".join(["Interval chart.", *parts])
        svg = timeline.interval_chart(
            intervals,
            title=title,
            description=description,
            x_title="Difference from the target, in % of it; right of it is better",
        )
        return Chart(title, description, svg, self._download(rows))


def _place(name: str, columns: Sequence[Column]) -> int:
    names = [column.column for column in columns]
    if name not in names:
        raise ComponentError(
            f'filter "{name}" is no column of the table; it has {", ".join(names)}'
        )
    return names.index(name)


def _top(rows: Rows, column: str) -> float:
    return max((_number(value, column) or 0.0 for value in rows.column(column)), default=0.0)


def _is_right(rows: Rows, column: Column) -> bool:
    if column.spark:
        return False
    if column.fmt_from or _format(column.column, column.fmt) in NUMERIC_FORMATS:
        return True
    values = [value for value in rows.column(column.column) if value is not None]
    return bool(values) and all(
        isinstance(value, int | float | Decimal) and not isinstance(value, bool) for value in values
    )


def _number(value: object, column: str) -> float | None:
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


def _end(value: Number | None) -> float | None:
    return None if value is None else float(value)


class _Data:
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
        self.rows = _rows(query)
        self._names = [y] if isinstance(y, str) else list(y)
        if not 1 <= len(self._names) <= charts.MOST_SERIES:
            raise ComponentError(f"y is 1 to {charts.MOST_SERIES} columns, not {len(self._names)}")
        self.series = [
            charts.Series(figure_label(name), [_number(v, name) for v in self.rows.column(name)])
            for name in self._names
        ]
        self._fmt = _format(self._names[0], fmt)
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
        return any(value is not None for one in self.series for value in one.values)

    @property
    def is_simple(self) -> bool:
        return len(self.series) == 1 and all((v or 0.0) >= 0 for v in self.series[0].values)

    def at_most(self, count: int) -> None:
        if len(self.labels) > count:
            raise ComponentError(f"{len(self.labels)} rows: such a chart has room for {count}")

    def nothing(self, title: str) -> Paragraph:
        return Paragraph([TextNode(f"{title}: {DASH} {NO_VALUE} to draw.")])

    def references(self, reference: str | Number | None, title: str) -> list[charts.Reference]:
        if reference is None:
            return []
        if isinstance(reference, str):
            values = [_number(value, reference) for value in self.rows.column(reference)]
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
        name = self._names[0]
        top = axis_ticks(0.0, charts.highest(self.series), self._fmt)[-1]
        bars = [
            Bar(
                _inlines(place, self._x_fmt, False, NO_VALUE),
                _inlines(row[name], self._fmt, False, NO_VALUE, self.rows.address(n, name)),
                (self.series[0].values[n] or 0.0) / top,
            )
            for n, (place, row) in enumerate(zip(self._places, self.rows, strict=True))
        ]
        return Bars(title, self.x_title, self.y_title, bars)


def _spans(
    rows: Rows, row: str, start: str, end: str, state: str, row_fmt: str | None
) -> list[timeline.Span]:
    for name in (row, start, end, state):
        rows.column(name)
    spans = []
    for n, line in enumerate(rows, 1):
        first, last = _number(line[start], start), _number(line[end], end)
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


def _timeline_words(spans: Sequence[timeline.Span], names: Mapping[str, str]) -> str:
    ends: dict[str, tuple[float, float]] = {}
    for span in spans:
        first, last = ends.get(span.row, (span.start, span.end))
        ends[span.row] = (min(first, span.start), max(last, span.end))
    lines = [
        f"{row}: {timeline.clock(first)} to {timeline.clock(last)}"
        for row, (first, last) in ends.items()
    ]
    return f"Timeline of {', '.join(names.values())}. {'; '.join(lines)}."


def _interval(
    row: Row,
    label: str,
    columns: tuple[str, str, str, str],
    better: str | None,
    inconclusive: str | None,
    fmt: str | None,
) -> timeline.Interval:
    figure = DASH if row[label] is None else str(row[label])
    fmt = _format(figure, fmt)
    value, low, high, target = (_number(row[name], name) for name in columns)
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
