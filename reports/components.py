"""What pages call in double braces: Evidence's vocabulary over the document model.

Every call returns document nodes; a wrong query, column, option or format is a ComponentError,
which the template turns into a PageError at the call's line.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from reports import charts, timeline
from reports.document import (
    Block,
    Break,
    Chart,
    CsvFile,
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
from reports.formats import DASH, NO_VALUE, NUMERIC_FORMATS
from reports.nodes import (
    delta_nodes,
    float_of,
    format_of,
    list_of,
    number_of,
    rows_of,
    spark_nodes,
    value_nodes,
)
from reports.options import checked
from reports.plots import Band, Data, interval_of, spans_of, timeline_words
from reports.rows import Row, Rows

Resolve = Callable[[str, str], str | None]
"""Folder and id to the relative address of that page, or None where there is none."""
Download = Callable[[Rows], CsvFile | None]
"""The rows of a query to the CSV file that a page offers, or None where it offers none."""


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


class Components:
    """The components of one page."""

    def __init__(self, resolve: Resolve, download: Download | None = None) -> None:
        """Keep how links to pages and the CSV files of queries are made."""
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
        rows = rows_of(query)
        rows.column(column)
        if not -len(rows) <= row < len(rows):
            return [Nothing(empty)]
        if fmt_from is not None:
            fmt = fmt or figure_format(str(rows[row][fmt_from]))
        address = rows.address(row % len(rows), column)
        inlines = value_nodes(rows[row][column], format_of(column, fmt), signed, empty, address)
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
        rows = rows_of(query)
        rows.column(column)
        if not -len(rows) <= row < len(rows):
            return [Nothing(empty)]
        address = rows.address(row % len(rows), column)
        return delta_nodes(rows[row][column], format_of(column, fmt), down_is_good, empty, address)

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
        rows = rows_of(query)
        values: Sequence[object] = rows.column(column)
        if row is not None:
            inside = -len(rows) <= row < len(rows)
            values = list_of(rows[row][column], column) if inside else []
        return spark_nodes(values, column, format_of(column, fmt), empty, None)

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
                its = comparison_fmt or format_of(value, fmt)
                delta = self.delta(query, comparison, fmt=its, down_is_good=down_is_good)
                note = [*delta, TextNode(f" {label}")]
            else:
                shown = self.value(query, comparison, fmt=comparison_fmt)
                note = [TextNode(f"{label} "), *shown]
        if sparkline is not None:
            line = self.sparkline(query, sparkline, row=0, fmt=format_of(value, fmt))
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
        rows = rows_of(query)
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
        fmt = format_of(figure, column.fmt)
        empty = "" if column.empty is None else column.empty
        address = rows.address(index, column.column)
        if column.spark:
            return spark_nodes(list_of(value, column.column), column.column, fmt, empty, address)
        if column.delta:
            inlines = delta_nodes(value, fmt, column.down_is_good, empty, address)
        else:
            inlines = value_nodes(value, fmt, column.signed, empty, address)
        if column.to is not None and value is not None:
            address = rows.address(index, column.to)
            end = value_nodes(row[column.to], fmt, column.signed, empty, address)
            inlines = [*inlines, TextNode(f" {DASH} "), *end]
        if column.bar and value is not None:
            number, top = number_of(value, column.column) or 0.0, tops[column.column]
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
        data = Data(query, x, y, fmt, x_fmt, x_title, y_title)
        if not data.is_drawable:
            return data.nothing(title)
        references = data.references(reference, reference_title)
        texts = data.texts("Line", title, references, bands)
        svg = charts.line_chart(
            data.labels,
            data.series,
            texts,
            references=references,
            bands=[charts.Band(b.title, float_of(b.low), float_of(b.high)) for b in bands],
            y_min=float_of(y_min),
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
        data = Data(query, x, y, fmt, x_fmt, x_title, y_title)
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
        rows = rows_of(query)
        spans = spans_of(rows, row, start, end, state, row_fmt)
        if not spans:
            return Paragraph([TextNode(f"{title}: there is nothing to draw.")])
        names = {name: figure_label(name) for name in timeline.look_of([s.state for s in spans])}
        known = [name for name in timeline.STATES if name in names]
        names = {name: names[name] for name in [*known, *(n for n in names if n not in known)]}
        description = timeline_words(spans, names)
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
        rows = rows_of(query)
        for name in (label, value, low, high, target, better, inconclusive):
            if name is not None:
                rows.column(name)
        columns = (value, low, high, target)
        intervals = [
            interval_of(line, label, columns, better, inconclusive, fmt)
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
    return max((number_of(value, column) or 0.0 for value in rows.column(column)), default=0.0)


def _is_right(rows: Rows, column: Column) -> bool:
    if column.spark:
        return False
    if column.fmt_from or format_of(column.column, column.fmt) in NUMERIC_FORMATS:
        return True
    values = [value for value in rows.column(column.column) if value is not None]
    return bool(values) and all(
        isinstance(value, int | float | Decimal) and not isinstance(value, bool) for value in values
    )
