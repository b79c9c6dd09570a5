"""Results as JSON, as a table, as slopes and as a chart; nothing is measured here."""

import json
import math
import os
import platform
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path

from benchmarks.measuring import OURS, Cost, Row
from benchmarks.models import FLOOR, LIMIT, PANDAS, POLARS

SIZES = {
    "increment": "months",
    "late": "months",
    "ingestion": "rows",
    "reports": "files",
    "queue log": "lines",
}
"""What the size of a scenario counts; of all others agents."""
BEGIN, END = "<!-- measured -->", "<!-- end of what was measured -->"
DRAWN = {OURS: "#1b6ac9", LIMIT: "#333333", FLOOR: "#8a8a8a", PANDAS: "#c2571a", POLARS: "#7b4fa3"}


def machine() -> dict[str, object]:
    """What the figures were measured on."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1024**3
    return {
        "cores": os.cpu_count(),
        "memory_gib": round(memory, 1),
        "python": platform.python_version(),
        **{name: version(name) for name in ("duckdb", "dbt-core", "dagster", "pandas", "polars")},
    }


def read(file: Path) -> list[Row]:
    """Rows as they were written; none where there is no file."""
    if not file.exists():
        return []
    rows = json.loads(file.read_text())["rows"]
    return [Row(**{**row, "cost": Cost(**row["cost"])}) for row in rows]


def write(file: Path, rows: Sequence[Row]) -> None:
    """All rows, the machine and the slopes."""
    content = {"machine": machine(), "rows": [asdict(row) for row in rows], "slopes": slopes(rows)}
    file.write_text(json.dumps(content, indent=1) + "\n")


def table(rows: Sequence[Row]) -> str:
    """A Markdown table; each baseline's last columns say how often ours takes its time."""
    lines = [
        "| scenario | size | | wall s | CPU s | peak MB | written MB | per second | ours: wall × | CPU × |",
        "|---|--:|---|--:|--:|--:|--:|--:|--:|--:|",
    ]
    ours: Row | None = None
    for row in rows:
        cost = row.cost
        if row.way == OURS:
            ours = row
        is_baseline = ours and row.way != OURS and (ours.case, ours.size) == (row.case, row.size)
        ratios = (
            (ours.cost.wall / cost.wall, ours.cost.cpu / cost.cpu) if ours and is_baseline else ()
        )
        cells = [
            f"{row.scenario}: {row.case}",
            f"{row.size:,} {SIZES.get(row.scenario, 'agents' if row.scenario != 'start' else '')}".removesuffix(
                " 1 "
            ),
            row.way,
            f"{cost.wall:,.2f}",
            f"{cost.cpu:,.2f}",
            f"{cost.peak:,.0f}" if cost.peak else "",
            f"{cost.written:,.0f}" if cost.peak else "",
            f"{row.done / cost.wall:,.0f}" if row.done else "",
            *([f"{ratio:.2f}" for ratio in ratios] or ["", ""]),
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def put_between_marks(page: str, text: str) -> str:
    """A page with this text in the place that is kept for the results."""
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    assert before
    assert after
    return f"{before}{BEGIN}\n{text}{END}{after}"


def slopes(rows: Iterable[Row]) -> list[dict[str, object]]:
    """Of what was measured at three sizes of a centre: CPU seconds at no agent and for a thousand more, and the power.

    The straight line is the least squares one; the power is the slope of the logarithms: 1 is linear.
    """
    groups: dict[tuple[str, str, str], list[Row]] = {}
    for row in rows:
        groups.setdefault((row.scenario, row.case, row.way), []).append(row)
    found: list[dict[str, object]] = []
    for (scenario, case, way), group in groups.items():
        sizes = [row.size for row in group]
        if scenario not in ("models", "close") or len(set(sizes)) < 3:
            continue
        seconds = [row.cost.cpu for row in group]
        line = statistics.linear_regression(sizes, seconds)
        power = statistics.linear_regression(
            [math.log(s) for s in sizes], [math.log(s) for s in seconds]
        )
        found.append(
            {
                "scenario": scenario,
                "case": case,
                "way": way,
                "fixed_seconds": round(line.intercept, 2),
                "seconds_per_1000_agents": round(line.slope * 1000, 2),
                "power": round(power.slope, 2),
            }
        )
    return found


def slope_table(rows: Sequence[Row]) -> str:
    """The slopes as a Markdown table."""
    lines = ["| | | CPU s, fixed | CPU s for 1,000 agents | power |", "|---|---|--:|--:|--:|"]
    lines += [
        f"| {s['scenario']}: {s['case']} | {s['way']} | {s['fixed_seconds']}"
        f" | {s['seconds_per_1000_agents']} | {s['power']} |"
        for s in slopes(rows)
    ]
    return "\n".join(lines)


def chart(rows: Sequence[Row]) -> str:
    """Seconds for the agent-days and -months by agents, one line for each way, both axes logarithmic, as SVG."""
    lines: dict[str, list[tuple[float, float]]] = {}
    for row in rows:
        if row.case == "agent-days and -months":
            lines.setdefault(row.way, []).append((row.size, row.cost.cpu))
    left, top, width, height = 60, 40, 460, 300
    points = [point for line in lines.values() for point in line] or [(1, 1)]
    low_x = math.floor(math.log10(min(x for x, _ in points)))
    high_x = math.ceil(math.log10(max(x for x, _ in points)))
    low_y = math.floor(math.log10(min(y for _, y in points)))
    high_y = math.ceil(math.log10(max(y for _, y in points)))

    def place(x: float, y: float) -> tuple[float, float]:
        across = (math.log10(x) - low_x) / max(1, high_x - low_x)
        up = (math.log10(y) - low_y) / max(1, high_y - low_y)
        return left + across * width, top + height - up * height

    body = [
        '<text x="60" y="20" font-weight="bold">CPU seconds for all agent-days and -months, by agents</text>'
    ]
    for power in range(low_x, high_x + 1):
        x, _ = place(10**power, 10**low_y)
        body.append(
            f'<line x1="{x:.0f}" y1="{top}" x2="{x:.0f}" y2="{top + height}" stroke="#ddd"/>'
        )
        body.append(
            f'<text x="{x:.0f}" y="{top + height + 18}" text-anchor="middle">{10**power:,}</text>'
        )
    for power in range(low_y, high_y + 1):
        _, y = place(10**low_x, 10**power)
        body.append(
            f'<line x1="{left}" y1="{y:.0f}" x2="{left + width}" y2="{y:.0f}" stroke="#ddd"/>'
        )
        body.append(
            f'<text x="{left - 8}" y="{y + 4:.0f}" text-anchor="end">{10.0**power:g}</text>'
        )
    ends: list[tuple[float, str]] = []
    for way, line in lines.items():
        color = DRAWN.get(way, "#555")
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in (place(*point) for point in line))
        body.append(f'<polyline points="{path}" fill="none" stroke="{color}" stroke-width="2.5"/>')
        for point in line:
            x, y = place(*point)
            body.append(
                f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3.5" fill="{color}">'
                f"<title>{way}: {point[1]:.2f} s</title></circle>"
            )
        ends.append((place(*line[-1])[1], way))
    below = 0.0
    for y, way in sorted(ends):
        below = max(y, below + 16)
        body.append(
            f'<text x="{left + width + 8}" y="{below + 4:.0f}" fill="{DRAWN.get(way, "#555")}">{way}</text>'
        )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 680 {top + height + 30}" font-family="sans-serif"'
        ' font-size="12" role="img"><title>CPU seconds by agents</title>'
        '<rect width="100%" height="100%" fill="#fff"/>' + "\n".join(body) + "</svg>\n"
    )
