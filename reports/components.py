"""What pages call in double braces: Evidence's vocabulary over the document model.

Every call returns document nodes; a wrong query, column or format is a ComponentError, which the
template turns into a PageError at the call's line.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from reports import charts
from reports.document import (
    Bar,
    Bars,
    Block,
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
from reports.formats import DASH, NO_VALUE, NUMERIC_FORMATS, format_value, raw_text
from reports.rows import Row, Rows

Resolve = Callable[[str, str], str | None]
"""Folder and id to the relative address of that page, or None where there is none."""
Download = Callable[[Rows], str | None]
"""The rows of a query to the relative address of their CSV file, or None where there is none."""


@dataclass(frozen=True)
class Column:
    """One column of a DataTable.

    title: its heading (default: the figure's label). fmt: a format (default: the figure's).
    fmt_from: the column that names each row's figure, whose format is used. signed: print ``+``.
    to: a second column; the cell is then a range. link: folder of the page the cell links to, whose
    id is in column ``id``. empty: the words for null.
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


class Components:
    """The components of one page."""

    def __init__(self, resolve: Resolve, download: Download | None = None) -> None:
        """Keep how links to pages and to the CSV files of queries are made."""
        self._resolve = resolve
        self._download = download or (lambda rows: None)

    def names(self) -> dict[str, object]:
        """Return what the page language calls its components."""
        return {
            "BarChart": self.bar_chart,
            "BigValue": self.big_value,
            "Column": Column,
            "DataTable": self.data_table,
            "LineChart": self.line_chart,
            "Value": self.value,
        }

    def value(
        self,
        query: object,
        column: str,
        *,
        row: int = 0,
        fmt: str | None = None,
        signed: bool = False,
        empty: str = NO_VALUE,
        link: str | None = None,
        id: str | None = None,  # noqa: A002
    ) -> list[Inline]:
        """One value of a query within a sentence."""
        rows = _rows(query)
        rows.column(column)
        if not -len(rows) <= row < len(rows):
            return [Nothing(empty)]
        address = rows.address(row % len(rows), column)
        inlines = _inlines(rows[row][column], _format(column, fmt), signed, empty, address)
        return self._linked(inlines, rows[row], link, id)

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
    ) -> Figure:
        """A headline figure: the first row's value, and optionally another one below it."""
        note: list[Inline] = []
        if comparison is not None:
            label = comparison_title or figure_label(comparison)
            shown = self.value(query, comparison, fmt=comparison_fmt)
            note = [TextNode(f"{label} "), *shown]
        shown = self.value(query, value, fmt=fmt, signed=signed, empty=empty)
        return Figure(title or figure_label(value), shown, note)

    def data_table(
        self,
        query: object,
        columns: Sequence[str | Column] | None = None,
        *,
        title: str | None = None,
        empty: str = "There are no rows.",
    ) -> Block:
        """A table of all the query's rows, in its order; without rows, a sentence that says so."""
        rows = _rows(query)
        wanted = [
            column if isinstance(column, Column) else Column(str(column))
            for column in (columns if columns is not None else rows.columns)
        ]
        for column in wanted:
            for name in (column.column, column.fmt_from, column.to, column.id):
                if name is not None:
                    rows.column(name)
        if not rows:
            return Paragraph([TextNode(empty)])
        heads = [
            Heads([TextNode(column.title or figure_label(column.column))], _is_right(rows, column))
            for column in wanted
        ]
        cells = [[self._cell(rows, n, column) for column in wanted] for n in range(len(rows))]
        bare = any(
            column.empty is None and isinstance(node, Nothing)
            for line in cells
            for column, cell in zip(wanted, line, strict=True)
            for node in cell
        )
        note = f"{DASH} {NO_VALUE}: not collected, or nothing to count." if bare else ""
        caption = title or figure_label(rows.name)
        return Table(caption, heads, cells, note, self._download(rows))

    def _cell(self, rows: Rows, index: int, column: Column) -> list[Inline]:
        row = rows[index]
        figure = str(row[column.fmt_from]) if column.fmt_from else column.column
        fmt = _format(figure, column.fmt)
        empty = "" if column.empty is None else column.empty
        address = rows.address(index, column.column)
        inlines = _inlines(row[column.column], fmt, column.signed, empty, address)
        if column.to is not None and row[column.column] is not None:
            address = rows.address(index, column.to)
            end = _inlines(row[column.to], fmt, column.signed, empty, address)
            inlines = [*inlines, TextNode(f" {DASH} "), *end]
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
        x_title: str | None = None,
        y_title: str | None = None,
    ) -> Block:
        """Lines over the rows in order: one for each column of y."""
        block = _chart("Line", query, x, y, title, fmt, x_title, y_title, horizontal=False)
        return self._with_download(block, query)

    def bar_chart(
        self,
        query: object,
        x: str,
        y: str | Sequence[str],
        *,
        title: str,
        fmt: str | None = None,
        x_title: str | None = None,
        y_title: str | None = None,
        horizontal: bool = False,
    ) -> Block:
        """Bars, one group a row; horizontal ones have room for names and take one column of y."""
        block = _chart("Bar", query, x, y, title, fmt, x_title, y_title, horizontal=horizontal)
        return self._with_download(block, query)

    def _with_download(self, block: Block, query: object) -> Block:
        if isinstance(block, Chart | Bars):
            return replace(block, download=self._download(_rows(query)))
        return block


def _is_right(rows: Rows, column: Column) -> bool:
    if column.fmt_from or _format(column.column, column.fmt) in NUMERIC_FORMATS:
        return True
    values = [value for value in rows.column(column.column) if value is not None]
    return bool(values) and all(
        isinstance(value, int | float | Decimal) and not isinstance(value, bool) for value in values
    )


def _number(value: object, column: str) -> float | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        raise ComponentError(f'column "{column}" is not a number: {value!r}')
    if value < 0:
        raise ComponentError(f'column "{column}" holds {value}: charts start at 0')
    return float(value)


def _chart(
    kind: str,
    query: object,
    x: str,
    y: str | Sequence[str],
    title: str,
    fmt: str | None,
    x_title: str | None,
    y_title: str | None,
    *,
    horizontal: bool,
) -> Block:
    rows = _rows(query)
    names = [y] if isinstance(y, str) else list(y)
    series = [
        charts.Series(figure_label(name), [_number(v, name) for v in rows.column(name)])
        for name in names
    ]
    fmt = _format(names[0], fmt)
    across = x_title or figure_label(x)
    unit = {"duration": " (h:mm)", "pct": " (%)"}.get(fmt or "", "")
    up = y_title or (series[0].name if len(series) == 1 else "Value") + unit
    places = rows.column(x)
    if all(value is None for one in series for value in one.values):
        return Paragraph([TextNode(f"{title}: {DASH} {NO_VALUE} to draw.")])
    if horizontal:
        if len(series) > 1:
            raise ComponentError("a horizontal bar chart shows one column")
        top = charts.axis_ticks(charts.highest(series), fmt)[-1]
        bars = [
            Bar(
                _inlines(place, figure_format(x), False, NO_VALUE),
                _inlines(rows[n][names[0]], fmt, False, NO_VALUE, rows.address(n, names[0])),
                (value or 0.0) / top,
            )
            for n, (place, value) in enumerate(zip(places, series[0].values, strict=True))
        ]
        return Bars(title, across, up, bars)
    labels = [DASH if value is None else format_value(value, figure_format(x)) for value in places]
    description = _description(kind, labels, series, fmt, across)
    draw = charts.line_chart if kind == "Line" else charts.bar_chart
    texts = {"title": title, "description": description, "x_title": across, "y_title": up}
    return Chart(title, description, draw(labels, series, fmt=fmt, **texts))


def _description(
    kind: str, labels: list[str], series: list[charts.Series], fmt: str | None, across: str
) -> str:
    parts = []
    for one in series:
        known = [(v, label) for v, label in zip(one.values, labels, strict=True) if v is not None]
        if not known:
            parts.append(f"{one.name}: {NO_VALUE}")
            continue
        low, high = min(known), max(known)
        parts.append(
            f"{one.name}: lowest {format_value(low[0], fmt)} ({low[1]}), "
            f"highest {format_value(high[0], fmt)} ({high[1]})"
        )
    count = f"{len(labels)} {'value' if len(labels) == 1 else 'values'}"
    return f"{kind} chart of {count} by {across.lower()}. {'. '.join(parts)}."
