"""What the benchmarks say of what they measured."""

from pathlib import Path

import pytest

from benchmarks import results
from benchmarks.__main__ import keep
from benchmarks.measuring import OURS, Cost, Row
from benchmarks.models import LIMIT


def row(size: int, way: str, wall: float, cpu: float, case: str = "agent-days and -months") -> Row:
    return Row("models", case, size, way, Cost(wall, cpu, 100, 10))


ROWS = [
    row(100, OURS, 3, 2),
    row(100, LIMIT, 2, 1.6),
    row(1000, OURS, 12, 11),
    row(1000, LIMIT, 8, 16),
    row(10_000, OURS, 102, 101),
]


def test_ratios_are_of_the_same_case_and_size() -> None:
    lines = results.table(ROWS).splitlines()[2:]
    assert [line.split(" | ")[-2:] for line in lines] == [
        ["", " |"],
        ["1.50", "1.25 |"],
        ["", " |"],
        ["1.50", "0.69 |"],
        ["", " |"],
    ]


def test_slopes_are_of_three_sizes() -> None:
    (slope,) = results.slopes(ROWS)
    assert slope["way"] == OURS
    assert slope["fixed_seconds"] == pytest.approx(1, abs=0.01)
    assert slope["seconds_per_1000_agents"] == pytest.approx(10, abs=0.01)


def test_a_chart_has_a_line_for_each_way_and_none_is_no_error() -> None:
    assert results.chart(ROWS).count("<polyline") == 2
    assert "<polyline" not in results.chart([])


def test_the_page_keeps_what_stands_around_the_results() -> None:
    page = f"before\n{results.BEGIN}\nold\n{results.END}\nafter\n"
    assert results.put_between_marks(page, "new\n") == page.replace("old", "new")


def test_a_row_takes_the_place_of_its_own_of_before(tmp_path: Path) -> None:
    file = tmp_path / "results.json"
    for one in [*reversed(ROWS), row(100, OURS, 4, 5)]:
        keep(file, one)
    kept = {(one.size, one.way): one.cost.wall for one in results.read(file)}
    assert kept == {(one.size, one.way): one.cost.wall for one in ROWS} | {(100, OURS): 4}
    assert [one.size for one in results.read(file)] == [100, 100, 1000, 1000, 10_000]
