"""Drawings: whatever the numbers, valid SVG inside its box; and what they say is what they show."""

import re
from collections.abc import Sequence
from xml.etree import ElementTree

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from reports import charts, timeline
from reports.charts import Band, Reference, Series, Texts
from reports.svg import WIDTH, axis_text, axis_ticks, cut, text_width

SVG = "{http://www.w3.org/2000/svg}"
TEXTS = Texts("A <title>", 'words & "words"', "Day", "Value", None)
numbers = st.none() | st.floats() | st.integers(-5, 5).map(float)
words = st.text(alphabet=st.characters(exclude_categories=["C"]), max_size=40)
# Lists of numbers, each as long as the labels.
tables = st.integers(1, 8).flatmap(
    lambda n: st.tuples(
        st.lists(words, min_size=n, max_size=n),
        st.lists(st.lists(numbers, min_size=n, max_size=n), min_size=1, max_size=4),
    )
)


def drawn(svg: str) -> list[ElementTree.Element]:
    """Parse a drawing and return its elements, all of which must be inside the box."""
    root = ElementTree.fromstring(svg)
    assert root.tag == f"{SVG}svg"
    _, _, width, height = map(float, root.attrib["viewBox"].split())
    shift: dict[ElementTree.Element, tuple[float, float]] = {}
    for group in root.iter(f"{SVG}g"):
        x, y = map(float, re.findall(r"-?[\d.]+", group.attrib["transform"]))
        shift |= dict.fromkeys(group.iter(), (x, y))
    for element in root.iter():
        dx, dy = shift.get(element, (0.0, 0.0))
        for x, y in _points(element):
            assert -0.1 <= x + dx <= width + 0.1, ElementTree.tostring(element)
            assert -0.1 <= y + dy <= height + 0.1, ElementTree.tostring(element)
    return list(root.iter())


def _points(element: ElementTree.Element) -> list[tuple[float, float]]:
    def get(*keys: str) -> list[float]:
        return [float(element.attrib.get(key, "0")) for key in keys]

    match element.tag.removeprefix(SVG):
        case "rect":
            x, y, wide, tall = get("x", "y", "width", "height")
            assert wide >= 0
            assert tall >= 0
            return [(x, y), (x + wide, y + tall)]
        case "line":
            x1, y1, x2, y2 = get("x1", "y1", "x2", "y2")
            return [(x1, y1), (x2, y2)]
        case "circle":
            x, y, r = get("cx", "cy", "r")
            return [(x - r, y - r), (x + r, y + r)]
        case "path":
            found = re.findall(r"[ML](-?[\d.e+]+) (-?[\d.e+]+)", element.attrib["d"])
            return [(float(x), float(y)) for x, y in found]
        case "text":
            x, y = get("x", "y")
            wide = text_width(element.text or "")
            if "transform" in element.attrib:
                return [(x, y - wide / 2), (x, y + wide / 2)]
            before = {"start": 0.0, "middle": wide / 2, "end": wide}[element.attrib["text-anchor"]]
            return [(x - before, y), (x - before + wide, y)]
    return []


@settings(max_examples=60, deadline=None)
@given(
    tables,
    st.sampled_from([None, "pct", "duration", "int", "score"]),
    st.none() | st.floats(-1e6, 1e6),
    numbers,
)
def test_any_lines_are_inside_the_box(
    table: tuple[list[str], list[list[float | None]]],
    fmt: str | None,
    y_min: float | None,
    other: float | None,
) -> None:
    labels, values = table
    series = [Series(f"s{n}" * 9, one) for n, one in enumerate(values)]
    texts = Texts("t" * 200, "d", "x" * 200, "y" * 200, fmt)
    same = [other] * len(labels)
    references = [Reference("r", values[0]), Reference("c", same, constant=other is not None)]
    bands = [Band("b" * 300, other, None), Band("low", None, 0.5)]
    drawn(charts.line_chart(labels, series, texts, references=references, bands=bands, y_min=y_min))


@settings(max_examples=60, deadline=None)
@given(tables, st.booleans(), st.sampled_from([None, "pct", "duration"]))
def test_any_bars_are_inside_the_box(
    table: tuple[list[str], list[list[float | None]]], stacked: bool, fmt: str | None
) -> None:
    labels, values = table
    series = [Series(f"s{n}", one) for n, one in enumerate(values)]
    texts = Texts("t", "d", "x", "y", fmt)
    drawn(charts.bar_chart(labels, series, texts, stacked=stacked))
    drawn(charts.lying_bar_chart(labels, series, texts, stacked=stacked))


@settings(deadline=None)
@given(st.lists(numbers, max_size=9), words)
@example([0.0, 5e-324], "")
def test_any_small_line_is_inside_the_box(values: list[float | None], said: str) -> None:
    drawn(charts.spark_line(values, said))


spans = st.builds(
    lambda row, start, length, state: timeline.Span(row, start, start + length, state, "words"),
    st.sampled_from(["1 Oct", "名" * 40, ""]),
    st.floats(-1e5, 1e5),
    st.floats(0, 1e5),
    st.sampled_from(["active", "away", "email <&>", "break"]),
)


@settings(max_examples=60, deadline=None)
@given(st.lists(spans, min_size=1, max_size=12))
def test_any_timeline_is_inside_the_box(stays: list[timeline.Span]) -> None:
    names = {stay.state: stay.state for stay in stays}
    texts = {"title": "t", "description": "d", "x_title": "x" * 300}
    found = drawn(timeline.timeline(stays, names, **texts))
    assert sum(e.tag == f"{SVG}rect" for e in found) == len(stays) + len(names)


intervals = st.builds(
    timeline.Interval, words, numbers, numbers, numbers, words, words, st.booleans()
)


@settings(max_examples=60, deadline=None)
@given(st.lists(intervals, min_size=1, max_size=6))
def test_any_intervals_are_inside_the_box(rows: list[timeline.Interval]) -> None:
    drawn(timeline.interval_chart(rows, title="t", description="d", x_title="x"))


@given(st.floats(-1e99, 1e99), st.floats(0, 1e99), st.sampled_from([None, "duration", "int"]))
def test_an_axis_holds_its_values(low: float, span: float, fmt: str | None) -> None:
    ticks = axis_ticks(low, low + span, fmt)
    assert 2 <= len(ticks) <= 9
    step = ticks[1] - ticks[0]
    assert ticks[0] <= low + step * 1e-6
    assert ticks[-1] >= low + span - step * 1e-6
    assert all(len(axis_text(tick, fmt)) <= 14 for tick in ticks if abs(tick) < 1e9 or not fmt)


@pytest.mark.parametrize(
    ("low", "high", "fmt", "ticks"),
    [
        (0, 0.83, "pct", ["0%", "20%", "40%", "60%", "80%", "100%"]),
        (-6, 6, None, ["-10", "-5", "0", "5", "10"]),
        (0, 16_200, "duration", ["0:00", "1:00", "2:00", "3:00", "4:00", "5:00"]),
        (0, 2, "int", ["0", "1", "2"]),
        (0, 3_400_000, None, ["0", "1M", "2M", "3M", "4M"]),
        (0.6, 0.93, "pct", ["60%", "70%", "80%", "90%", "100%"]),
    ],
)
def test_axes_are_round(low: float, high: float, fmt: str | None, ticks: list[str]) -> None:
    assert [axis_text(tick, fmt) for tick in axis_ticks(low, high, fmt)] == ticks


def test_text_that_does_not_fit_is_cut() -> None:
    assert cut("short", 100) == "short"
    shown = cut("a name that is too long for here", 60)
    assert shown.endswith("…")
    assert text_width(shown) <= 60
    assert text_width("名前") > text_width("ab")


def path_of(svg: str, kind: str) -> str:
    found = re.search(f'<path class="{kind}" d="([^"]*)"', svg)
    assert found
    return found[1]


def draw(values: Sequence[float | None], **options: object) -> str:
    labels = [f"day {n}" for n in range(len(values))]
    return charts.line_chart(labels, [Series("s", values)], TEXTS, **options)  # type: ignore[arg-type]


def test_a_gap_breaks_a_line() -> None:
    assert path_of(draw([1, 2, None, 3, 4]), "line0").count("M") == 2
    assert path_of(draw([1, float("nan"), 3]), "line0").count("M") == 2
    assert path_of(draw([1, 2, 3]), "line0").count("M") == 1


def test_a_target_line_lies_at_its_value() -> None:
    svg = draw([0, 10], references=[Reference("Target 5", [5, 5], constant=True)])
    ys = {float(y) for y in re.findall(r" ([\d.]+)", path_of(svg, "target"))}
    low, high = (float(y) for y in re.findall(r" ([\d.]+)", path_of(svg, "line0")))
    assert len(ys) == 1
    assert ys.pop() == pytest.approx((low + high) / 2, abs=0.1)
    assert ">Target 5</text>" in svg


def test_bands_reach_from_their_low_to_their_high_end() -> None:
    svg = draw([0, 10], bands=[Band("mid", 4, 6), Band("top", 6)])
    found = re.findall(r'<rect class="band(\d)"[^>]* y="([\d.]+)"[^>]* height="([\d.]+)"', svg)
    (_, y0, h0), (_, y1, h1) = ((n, float(y), float(h)) for n, y, h in found)
    assert h1 == pytest.approx(2 * h0, abs=0.2)
    assert y1 + h1 == pytest.approx(y0, abs=0.2)


def test_the_axis_starts_where_it_is_told_unless_a_value_is_lower() -> None:
    assert ">0</text>" in draw([70, 80])
    assert ">0</text>" not in draw([70, 80], y_min=60)
    assert ">0</text>" in draw([5, 80], y_min=60)


def test_stacked_bars_stand_on_each_other_and_losses_hang_below() -> None:
    labels = ["a"]
    series = [Series("x", [4.0]), Series("y", [2.0]), Series("z", [-3.0])]
    svg = charts.bar_chart(labels, series, TEXTS, stacked=True)
    found = re.findall(r'<rect class="fill(\d)"[^>]* y="([\d.]+)"[^>]* height="([\d.]+)"', svg)
    (_, yx, hx), (_, yy, hy), (_, yz, hz) = ((n, float(y), float(h)) for n, y, h in found)
    assert yy + hy == pytest.approx(yx, abs=0.2)
    assert yz == pytest.approx(yx + hx, abs=0.2)
    assert hx / hy == pytest.approx(2, abs=0.05)
    assert hz / hx == pytest.approx(0.75, abs=0.05)


def test_bars_side_by_side_do_not_overlap() -> None:
    series = [Series("x", [4.0]), Series("y", [2.0])]
    svg = charts.bar_chart(["a"], series, TEXTS)
    found = re.findall(r'<rect class="fill\d" x="([\d.]+)"[^>]* width="([\d.]+)"', svg)
    (x0, w0), (x1, _) = ((float(x), float(w)) for x, w in found)
    assert x0 + w0 == pytest.approx(x1, abs=0.2)


def test_every_shape_says_its_value() -> None:
    svg = charts.bar_chart(["1 Oct"], [Series("FCR", [0.825])], Texts("t", "d", "x", "y", "pct"))
    assert "<title>FCR, 1 Oct: 82.5%</title>" in svg


def test_a_state_looks_the_same_in_every_timeline() -> None:
    assert timeline.look_of(["away", "active"])["active"] == timeline.look_of(["active"])["active"]
    looks = timeline.look_of(["Mail", "active", "CRM"])
    assert looks["Mail"] != looks["CRM"]


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (0, "00:00"),
        (30_599, "08:29"),
        (86_400, "00:00 +1"),
        (108_000, "06:00 +1"),
        (-60, "23:59 -1"),
    ],
)
def test_times_of_the_day(seconds: float, shown: str) -> None:
    assert timeline.clock(seconds) == shown


def test_better_is_right_of_the_target_and_a_toss_up_is_hollow() -> None:
    rows = [
        timeline.Interval("good", 0.1, 0.05, 0.15, "f", "", False),
        timeline.Interval("bad", -0.1, -0.2, 0.1, "f", "", True),
    ]
    svg = timeline.interval_chart(rows, title="t", description="d", x_title="x")
    found = re.findall(r'<circle class="(\w+) line0" cx="([\d.]+)"', svg)
    zero = re.search(r'<line class="zero" x1="([\d.]+)"', svg)
    assert zero
    assert [kind for kind, _ in found] == ["fill0", "hollow"]
    assert float(found[0][1]) > float(zero[1]) > float(found[1][1])


def written(svg: str) -> list[str]:
    """The values beside the points of a line chart."""
    return re.findall(r'<text class="halo"[^>]*>([^<]*)</text>', svg)


def test_few_points_say_their_values_and_many_do_not() -> None:
    assert written(draw([0.5, None, 12.25])) == ["0.5", "12.25"]
    assert len(written(draw([1.0] * 6))) == 6
    assert written(draw([1.0] * 7)) == []


def test_of_two_values_at_a_place_the_greater_is_written_above_and_the_other_below() -> None:
    svg = charts.line_chart(["a"], [Series("low", [70.0]), Series("high", [80.0])], TEXTS)
    points = [float(y) for y in re.findall(r'<circle[^>]* cy="([\d.]+)"', svg)]
    found = re.findall(r'<text class="halo"[^>]* y="([\d.]+)"[^>]*>([^<]*)<', svg)
    (high, above), (low, below) = ((words, float(y)) for y, words in found)
    assert (high, low) == ("80", "70")
    assert above < points[1] < points[0] < below
    three = [Series(name, [1.0]) for name in "abc"]
    assert written(charts.line_chart(["a"], three, TEXTS)) == []


def test_few_places_keep_close_together() -> None:
    ends = [
        max(float(x) for x in re.findall(r'<line class="grid"[^>]* x2="([\d.]+)"', draw([1.0] * n)))
        for n in (1, 2, 6, 31)
    ]
    assert ends[1] - ends[0] == pytest.approx(110, abs=0.1)
    assert ends[2:] == pytest.approx([WIDTH - 12] * 2, abs=0.1)


def test_what_is_written_is_escaped() -> None:
    svg = charts.line_chart(["<a>"], [Series("<s>", [1.0])], TEXTS)
    assert "<a>" not in svg
    assert "<s>" not in svg
    assert "A &lt;title&gt;" in svg
    assert float(ElementTree.fromstring(svg).attrib["viewBox"].split()[2]) == WIDTH
