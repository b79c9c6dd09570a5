"""Each component: what it says of the rows it is given, and what it refuses."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from pdf_reading import spoken

from reports.components import Components
from reports.csvfile import csv_address, csv_text
from reports.document import (
    Bars,
    Chart,
    CsvFile,
    Figure,
    Figures,
    Paragraph,
    Table,
    Text,
    plain_text,
)
from reports.errors import ComponentError
from reports.html import blocks_html, inline_html, page_html
from reports.pdf import PdfWriter
from reports.plain import blocks_text
from reports.rows import Rows
from tests.browser import gallery


class Addressed(Rows):
    """Rows that know where their figures come from."""

    def address(self, index: int, column: str) -> str | None:
        return f'mart?row={index}&a="b"#{column}@r2'


def call(name: str, *args: Any, **options: Any) -> Any:
    names = Components(lambda folder, identity: f"../{folder}/{identity}.html").names()
    component: Any = names[name]
    return component(*args, **options)


def rows(**columns: list[Any]) -> Rows:
    return Rows("q", list(columns), zip(*columns.values(), strict=True))


ONE = rows(fcr=[0.825], change=[-0.03], name=["<Ada>"], trend=[[0.8, None, 0.7, 0.9]], none=[None])


def test_every_printed_figure_carries_value_and_address() -> None:
    query = Addressed("q", ["fcr", "high", "name"], [(0.825, 0.9, "Ada"), (None, None, "Bo")])
    address = 'data-address="mart?row=0&amp;a=&quot;b&quot;#{}@r2"'
    assert inline_html(call("Value", query, "fcr")) == (
        f'<data value="0.825" {address.format("fcr")}>82.5%</data>'
    )
    assert address.format("name") in inline_html(call("Value", query, "name"))
    assert address.format("high") in inline_html(call("Delta", query, "high"))
    big = blocks_html([figures(call("BigValue", query, "fcr", comparison="high"))])
    assert address.format("fcr") in big
    assert address.format("high") in big
    names = call("Column", "fcr", to="high")
    table = blocks_html([call("DataTable", query, [names, "name"])])
    assert [address.format(c) in table for c in ("fcr", "high", "name")] == [True] * 3
    assert "row=1" in table
    bars = blocks_html([call("BarChart", query, "name", "fcr", title="t", horizontal=True)])
    assert address.format("fcr") in bars


def figures(figure: Figure) -> Any:
    return Figures([figure])


@pytest.mark.parametrize(
    ("value", "down_is_good", "text", "tone"),
    [
        (0.05, False, "▲ +5.0 pp", "good"),
        (-0.05, False, "▼ -5.0 pp", "bad"),
        (-0.05, True, "▼ -5.0 pp", "good"),
        (0.05, True, "▲ +5.0 pp", "bad"),
        (0, False, "= 0.0 pp", "even"),
        # What prints as no change is none.
        (0.0001, False, "= 0.0 pp", "even"),
    ],
)
def test_a_delta_has_arrow_sign_and_tone(
    value: float, down_is_good: bool, text: str, tone: str
) -> None:
    (node,) = call("Delta", rows(d=[value]), "d", fmt="pct", down_is_good=down_is_good)
    assert (node.text, node.tone) == (text, tone)


def test_a_delta_is_said_in_words_to_a_screen_reader() -> None:
    shown = inline_html(call("Delta", ONE, "change", fmt="pct"))
    assert shown == (
        '<span class="delta bad"><span aria-hidden="true">▼</span> '
        '<span class="hidden">worse: </span><data value="-0.03">-3.0 pp</data></span>'
    )
    assert plain_text(call("Delta", ONE, "none")) == "– no value"


def test_a_small_line_says_its_ends() -> None:
    (node,) = call("Sparkline", ONE, "trend", row=0, fmt="pct")
    assert (node.text, node.raw) == ("80.0% → 90.0%", "0.9")
    assert 'aria-label="trend of 4: 80.0% to 90.0%, lowest 70.0%, highest 90.0%"' in node.drawing
    (node,) = call("Sparkline", rows(fcr=[0.5, 0.75]), "fcr")
    assert node.text == "50.0% → 75.0%"
    assert plain_text(call("Sparkline", ONE, "none", row=0)) == "– no value"


def test_a_headline_figure_compares_in_the_format_of_its_value() -> None:
    figure = call(
        "BigValue",
        ONE,
        "fcr",
        comparison="change",
        comparison_delta=True,
        comparison_title="against September",
        sparkline="trend",
    )
    assert plain_text(figure.value) == "82.5%"
    assert plain_text(figure.note) == "▼ -3.0 pp against September\n80.0% → 90.0%"


def test_a_table_offers_what_it_is_asked_to() -> None:
    table = call("DataTable", ONE, ["name", "fcr"], search=True, filters=["name"])
    assert (table.search, table.filters) == (True, [0])
    shown = blocks_html([table])
    assert " data-search" in shown
    assert ' data-filters="0"' in shown
    assert "data-search" not in blocks_html([call("DataTable", ONE, ["name"])])


def test_bars_in_cells_are_shares_of_the_greatest() -> None:
    table = call("DataTable", rows(n=[5, 20, None, -3]), [call("Column", "n", bar=True)])
    drawings = [cell[0][0].drawing for cell in table.rows if isinstance(cell[0][0], Text)]
    assert ['width="15.0"' in drawings[0], 'width="60.0"' in drawings[1]] == [True, True]
    assert 'width="0.0"' in drawings[2]
    assert plain_text(table.rows[1][0]) == "20"


def test_downloads_are_linked_with_the_name_of_what_they_hold() -> None:
    names = Components(
        lambda f, i: None, lambda query: CsvFile(f'"{query.name}".csv', csv_text(query))
    ).names()
    query = rows(day=["a", "b"], n=[1, 2])
    table: Any = names["DataTable"]
    chart: Any = names["LineChart"]
    bars: Any = names["BarChart"]
    blocks = [
        table(query, title="T <1>"),
        chart(query, "day", "n", title="C"),
        bars(query, "day", "n", title="B", horizontal=True),
    ]
    shown = blocks_html(blocks)
    address = csv_address("day,n\r\na,1\r\nb,2\r\n")
    for name in ("T &lt;1&gt;", "C", "B"):
        assert (
            f'<a href="{address}" download="&quot;q&quot;.csv">Download as CSV'
            f'<span class="hidden"> for {name}</span></a>'
        ) in shown
    assert "Download" not in blocks_html([replace(block, download=None) for block in blocks])


def test_a_line_chart_says_target_and_zones_in_words() -> None:
    query = rows(month=[date(2026, 9, 1), date(2026, 10, 1)], fcr=[0.8, None], goal=[0.75, 0.8])
    chart = call(
        "LineChart",
        query,
        "month",
        ["fcr", "goal"],
        title="t",
        reference=Decimal("0.9"),
        bands=[call("Band", "watch", low=0.85, high=0.9), call("Band", "over", low=0.9)],
    )
    assert chart.description == (
        "Line chart of 2 values by month. First contact resolution (FCR): lowest 80.0% (Sep 2026), "
        "highest 80.0% (Sep 2026). Goal: lowest 75.0% (Sep 2026), highest 80.0% (Oct 2026). "
        "Target 90.0%. Zone watch from 85.0% to 90.0%. Zone over from 90.0%."
    )
    assert ">Value (%)</text>" in chart.svg
    other = call("LineChart", query, "month", "fcr", title="t", reference="goal")
    assert "Target: lowest 75.0% (Sep 2026), highest 80.0% (Oct 2026)." in other.description
    assert call("LineChart", query, "month", "fcr", title="t", reference=None)


def test_bars_below_zero_are_drawn_also_lying() -> None:
    query = rows(day=["a", "b"], n=[1, -2])
    assert isinstance(call("BarChart", query, "day", "n", title="t"), Chart)
    assert isinstance(call("BarChart", query, "day", "n", title="t", horizontal=True), Chart)
    positive = rows(day=["a", "b"], n=[1, 2])
    assert isinstance(call("BarChart", positive, "day", "n", title="t", horizontal=True), Bars)
    two = call("BarChart", positive, "day", ["n", "n"], title="t", horizontal=True)
    assert isinstance(two, Chart)


def test_a_chart_without_numbers_is_a_sentence() -> None:
    for name in ("LineChart", "BarChart"):
        for values in ([], [None]):
            block = call(name, rows(day=["a"][: len(values)], n=values), "day", "n", title="T")
            assert block == Paragraph([Text("T: – no value to draw.")])


def test_a_timeline_says_when_each_line_begins_and_ends() -> None:
    query = rows(
        day=[date(2026, 10, 5)] * 2 + [date(2026, 10, 6)],
        a=[28_800, 30_000, 79_200],
        b=[30_000, 61_200, 108_000],
        state=["away", "active", "back_office"],
    )
    options = {"start": "a", "end": "b", "state": "state", "title": "T", "row_fmt": "day"}
    chart = call("Timeline", query, "day", **options)
    assert chart.description == (
        "Timeline of Active, Back office, Away. 5 Oct: 08:00 to 17:00; 6 Oct: 22:00 to 06:00 +1."
    )
    assert "<title>5 Oct: Away, 08:00 to 08:20</title>" in chart.svg
    empty = call("Timeline", rows(day=[], a=[], b=[], state=[]), "day", **options)
    assert empty == Paragraph([Text("T: there is nothing to draw.")])


def test_intervals_turn_to_better_and_say_what_cannot_be_judged() -> None:
    chart = call(
        "IntervalChart",
        gallery.kpis(),
        title="T",
        better="direction",
        inconclusive="inconclusive",
    )
    assert (
        "Average handle time: 0:06:52, target 0:06:00; 0:06:38 to 0:07:07. "
        "Customer satisfaction (CSAT): 85.7%, target 85.0%; 60.1% to 96.0%, too few to judge."
    ) in chart.description
    assert "Transfer rate: 4.0%, no target; 3.0% to 6.0%." in chart.description
    # Handling took longer than it should: left of the target. FCR is right of it.
    zero = float(chart.svg.partition('<line class="zero" x1="')[2].partition('"')[0])
    marks = [float(part.partition('"')[0]) for part in chart.svg.split(' cx="')[1:]]
    assert len(marks) == 4
    assert marks[0] < zero < marks[2]


LINE = {"x": "day", "title": "t"}
SPAN: dict[str, Any] = {"row": "day", "start": "n", "end": "m", "state": "day", "title": "t"}
DAYS = rows(day=["a"], n=[5], m=[3], far=[10**6], word=["x"], none=[None])

WRONG: dict[str, tuple[Callable[[], object], str]] = {
    "no query": (lambda: call("DataTable", 3), "the first argument is a query of this page, not 3"),
    "unknown option": (
        lambda: call("Delta", ONE, "fcr", downIsGood=True),
        'Delta has no option "downIsGood"; there are query, column, row, fmt, down_is_good, empty',
    ),
    "missing option": (
        lambda: call("Timeline", DAYS, "day"),
        "Timeline: missing a required argument: 'start'; its options are query, row, start",
    ),
    "number for text": (lambda: call("Value", ONE, 3), "Value: column is text, not 3"),
    "text for number": (
        lambda: call("LineChart", DAYS, y="n", y_min="0", **LINE),
        "LineChart: y_min is a whole number or a number or none, not '0'",
    ),
    "truth for number": (
        lambda: call("Value", ONE, "fcr", row=True),
        "row is a whole number, not True",
    ),
    "text for a list": (
        lambda: call("DataTable", ONE, columns="fcr"),
        "DataTable: columns is a list of text or a Column or none, not 'fcr'",
    ),
    "words for a band": (
        lambda: call("LineChart", DAYS, y="n", bands=["x"], **LINE),
        "LineChart: bands is a list of a Band, not ['x']",
    ),
    "filter outside the table": (
        lambda: call("DataTable", ONE, ["fcr"], filters=["name"]),
        'filter "name" is no column of the table; it has fcr',
    ),
    "delta of a word": (lambda: call("Delta", DAYS, "word"), "is not a number: 'x'"),
    "delta without column": (lambda: call("Delta", DAYS, "nope"), 'no column "nope"'),
    "line of one number": (
        lambda: call("Sparkline", DAYS, "n", row=0),
        'column "n" is not a list of numbers: 5',
    ),
    "reference column": (
        lambda: call("LineChart", DAYS, y="n", reference="nope", **LINE),
        'no column "nope"',
    ),
    "no series": (lambda: call("LineChart", DAYS, y=[], **LINE), "y is 1 to 8 columns, not 0"),
    "many series": (
        lambda: call("BarChart", DAYS, y=["n"] * 9, **LINE),
        "y is 1 to 8 columns, not 9",
    ),
    "many lying bars": (
        lambda: call("BarChart", rows(day=["a"] * 61, n=[-1] * 61), y="n", horizontal=True, **LINE),
        "61 rows: such a chart has room for 60",
    ),
    "end before start": (
        lambda: call("Timeline", DAYS, **SPAN),
        'row 1 of "q": n and m are seconds, the end not before the start, and not 5 and 3',
    ),
    "open end": (lambda: call("Timeline", DAYS, **{**SPAN, "end": "none"}), "not 5 and None"),
    "days for hours": (
        lambda: call("Timeline", DAYS, **{**SPAN, "end": "far"}),
        "278 hours: a timeline has room for 72",
    ),
    "many lines": (
        lambda: call(
            "Timeline", rows(day=[str(n) for n in range(101)], n=[0] * 101, m=[1] * 101), **SPAN
        ),
        "101 lines: a timeline has room for 100",
    ),
    "neither way is better": (
        lambda: call("IntervalChart", gallery.kpis(), title="t", better="kpi"),
        "column \"kpi\" holds higher or lower, not 'aht_seconds'",
    ),
    "no interval": (lambda: call("IntervalChart", ONE, title="t"), 'no column "kpi"'),
}


@pytest.mark.parametrize(("wrong", "cause"), WRONG.values(), ids=WRONG.keys())
def test_wrong_use_is_named(wrong: Callable[[], object], cause: str) -> None:
    with pytest.raises(ComponentError) as caught:
        wrong()
    assert cause in str(caught.value)


def test_every_component_is_in_the_gallery_and_in_its_pdf() -> None:
    names = Components(lambda folder, identity: None).names()
    assert [name for name in names if f"{name}(" not in gallery.PAGE] == []
    page = replace(gallery.document(), timestamp=datetime(2026, 1, 1, tzinfo=UTC))
    shown = spoken(PdfWriter().write(page))
    assert set("▲▼→") <= shown
    assert "\ufffd" not in shown
    assert any(isinstance(block, Table) for block in page.blocks)
    assert "▲ +5.0 pp" in blocks_text(page.blocks)


def test_a_page_loads_scripts_only_where_it_says_so() -> None:
    page = gallery.document()
    shown = page_html(page, "../", [("Up & away", "../index.html")], trail=[("All", "a b.html")])
    scripts = '<script src="../search.js" defer></script>\n<script src="../report.js" defer>'
    assert scripts in shown
    assert "script-src 'self' file:" in shown
    assert '<a href="a%20b.html">All</a>' in shown
    assert '<li aria-current="page"><bdi>Every component</bdi></li>' in shown
    assert "Up &amp; away" in shown
    assert "search.js" not in page_html(replace(page, search=False), "../", [])
    assert "<script" not in page_html(page, "../", [], scripts=False)
    assert "site-search" not in page_html(page, "../", [], scripts=False)
