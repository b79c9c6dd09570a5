"""One page that shows every component, with data made for it: what the browser tests look at."""

from datetime import date
from pathlib import Path

from reports.components import Components
from reports.csvfile import csv_text
from reports.document import CsvFile, Document, Text
from reports.html import page_html
from reports.markdown import build_blocks
from reports.rows import Rows
from reports.template import Template, Where

NAMES = ("Ada Byron", "Zoë Łódź", "مريم الحسن", "李小龍", "<b>Bo</b> & Co", "नेहा", "Émile", "bo")
TEAMS = ("North", "South", None)


def agents() -> Rows:
    """Eight agents whose printed figures sort otherwise than their values do."""
    values = [
        (
            f"A-{n}",
            name,
            TEAMS[n % 3],
            None if n == 3 else 9.5 + 40.25 * n,
            None if n == 4 else 3600 * (2 + 5 * (n % 4)) + 7 * n,
            date(2026, 10, 28 - 3 * n),
            None if n == 5 else round(0.05 - 0.02 * n, 2),
            [0.7, None, 0.72 + n / 100, 0.69, 0.75 - n / 100, 0.8 - n / 50],
        )
        for n, name in enumerate(NAMES)
    ]
    columns = ("agent_id", "name", "team_name", "score", "active_seconds", "joined_on")
    return Rows("agents", (*columns, "fcr_change", "fcr_trend"), values)


def days() -> Rows:
    """A month of days, some without work."""
    values = []
    for n in range(31):
        works = n % 7 not in (3, 4)
        base = 14_400 + 900 * (n % 5)
        values.append(
            (
                date(2026, 10, n + 1),
                base if works else None,
                21_600 - base if works else None,
                3600 if works else None,
                0.78 + 0.03 * (n % 6) if works else None,
                (n % 9 - 4) * 1.5 if works else None,
            )
        )
    columns = ("business_date", "active_seconds", "available_seconds", "break_seconds")
    return Rows("days", (*columns, "occupancy", "productivity_variance"), values)


def months() -> Rows:
    """Six months with a target that changed."""
    values = [
        (date(2026, 5 + n, 1), v, t)
        for n, (v, t) in enumerate(
            [(0.71, 0.75), (0.74, 0.75), (None, 0.75), (0.76, 0.8), (0.79, 0.8), (0.83, 0.8)]
        )
    ]
    return Rows("months", ("month", "fcr", "target"), values)


def kpis() -> Rows:
    """Figures with intervals: met, missed, too few to judge, without a target."""
    columns = ("kpi", "direction", "value", "ci_low", "ci_high", "target", "inconclusive")
    values = [
        ("aht_seconds", "lower", 412.0, 398.0, 427.0, 360.0, False),
        ("csat", "higher", 0.857, 0.601, 0.960, 0.85, True),
        ("fcr", "higher", 0.83, 0.79, 0.87, 0.75, False),
        ("average_quality_score", "higher", 88.2, None, None, 85.0, False),
        ("transfer_rate", "lower", 0.04, 0.03, 0.06, None, False),
    ]
    return Rows("kpis", columns, values)


def states() -> Rows:
    """Three days of states, one of them a night shift."""
    plan = (
        ("available", 0.3),
        ("active", 1.2),
        ("break", 0.25),
        ("active", 1.5),
        ("available", 0.2),
        ("meeting", 0.5),
        ("active", 1.8),
        ("training", 0.6),
        ("unavailable", 0.2),
        ("active", 0.9),
        ("away", 0.3),
    )
    values = []
    for n, start in enumerate((8.0, 8.5, 20.25)):
        at = start
        for state, hours in plan:
            values.append((date(2026, 10, 5 + n), int(at * 3600), int((at + hours) * 3600), state))
            at += hours
    return Rows("states", ("business_date", "start_seconds", "end_seconds", "state"), values)


PAGE = """
Text with a figure, {{ Value(agents, column='score') }}, a difference,
{{ Delta(agents, column='fcr_change', fmt='pct') }}, one of which less is better,
{{ Delta(agents, column='fcr_change', fmt='pct', down_is_good=true) }}, and a small line,
{{ Sparkline(months, column='fcr') }}.

## Headline figures

{{ BigValue(agents, value='score') }}
{{ BigValue(agents, value='active_seconds', title='Active') }}
{{ BigValue(agents, value='score', comparison='fcr_change', comparison_fmt='pct',
    comparison_title='against September', comparison_delta=true, sparkline='fcr_trend') }}
{{ BigValue(agents, value='team_name', comparison='agent_id', comparison_title='Id') }}

## Tables

{{ DataTable(agents, title='Agents', search=true, filters=['team_name', 'joined_on'], columns=[
    Column('name', link='agents', id='agent_id'),
    Column('team_name', empty='none'),
    Column('score', bar=true),
    Column('active_seconds', title='Active'),
    Column('joined_on', title='Joined'),
    Column('fcr_change', title='FCR, change', fmt='pct', delta=true),
    Column('fcr_trend', title='FCR, 6 months', fmt='pct', spark=true),
]) }}

{{ DataTable(days, title='Days') }}

## Charts

{{ LineChart(months, x='month', y='fcr', title='First contact resolution', reference='target',
    y_min=0.5) }}

{{ LineChart(days, x='business_date', y='occupancy', title='Occupancy by day', y_min=0.6,
    reference=0.8, bands=[Band('watch: 85 to 90 %', low=0.85, high=0.9),
    Band('too high: over 90 %', low=0.9)]) }}

{{ LineChart(days, x='business_date', y=['active_seconds', 'available_seconds', 'break_seconds'],
    title='Time by day', x_title='Day', y_title='Time (h:mm)') }}

{{ BarChart(days, x='business_date', y=['active_seconds', 'available_seconds', 'break_seconds'],
    title='Time by day, stacked', stacked=true) }}

{{ BarChart(months, x='month', y=['fcr', 'target'], title='Months side by side') }}

{{ BarChart(days, x='business_date', y='productivity_variance', title='Variance by day') }}

{{ BarChart(agents, x='name', y='score', title='Scores', horizontal=true) }}

{{ BarChart(months, x='month', y=['fcr', 'target'], title='Months lying', horizontal=true) }}

{{ Timeline(states, row='business_date', start='start_seconds', end='end_seconds', state='state',
    title='States of three days', row_fmt='day', x_title='Local time') }}

{{ IntervalChart(kpis, title='Figures against their targets', better='direction',
    inconclusive='inconclusive') }}
"""


def blocks() -> list[object]:
    """Return the page's blocks."""
    components = Components(
        lambda folder, identity: "index.html",
        lambda query: CsvFile(f"{query.name}.csv", csv_text(query)),
    )
    rows = {query.name: query for query in (agents(), days(), months(), kpis(), states())}
    return list(build_blocks(Template(PAGE, Where("gallery.md")), {**components.names(), **rows}))


def document() -> Document:
    """Return the page."""
    return Document(
        title=[Text("Every component")],
        subject="Every component",
        period="October 2026",
        revision="Revision 1",
        fingerprint="0123456789ab",
        facts=[("Period", "October 2026"), ("Revision", "1")],
        blocks=blocks(),  # type: ignore[arg-type]
        search=True,
    )


def write(folder: Path) -> None:
    """Write the page, and what it links to, into a folder that has the stylesheet and script."""
    menu, trail = [("Index", "index.html")], [("All reports", "index.html")]
    page = page_html(document(), "", menu, trail=trail)
    (folder / "gallery.html").write_text(page, encoding="utf-8")
    (folder / "agents").mkdir(exist_ok=True)
    (folder / "search.js").write_text(
        'globalThis.scorehouseSearch = [["Ada Byron", "agent", "agents/A-0.html"], '
        '["Zoë Łódź", "agent", "index.html"], ["<b>North</b>", "team", "gallery.html"]];\n',
        encoding="utf-8",
    )
    bare = page_html(Document([Text("Bare")], "s", "p", "r", "f", [], []), "", [])
    for name in ("index.html", "agents/A-0.html"):
        home = "../" if "/" in name else ""
        text = bare.replace('href="report', f'href="{home}report')
        (folder / name).write_text(text.replace('src="report', f'src="{home}report'), "utf-8")
