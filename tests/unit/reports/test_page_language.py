"""What a page may say, what it comes out as, and where a mistake is reported."""

from collections.abc import Callable
from pathlib import Path

import pytest
import warehouse_fixture as fixture

import reports
from reports.csvfile import csv_address

Pages = Callable[[str], Path]


def render_index(database: Path, tmp_path: Path, pages: Path) -> str:
    out = tmp_path / "out"
    reports.render_reports(database, fixture.PERIOD, out, pages=pages)
    text = (out / "index.html").read_text(encoding="utf-8")
    return text.partition("</dl>")[2].partition("</main>")[0].strip()


def test_markdown_becomes_html(database: Path, tmp_path: Path, pages: Pages) -> None:
    body = (
        "## Head & *tail*\n\nOne **two** `a<b` &amp; "
        "[three](https://e.example/?a=1&b=2)  \nfour\n\n"
        "- x\n- y\n\n1. z\n\n> said\n\n---\n\n```\n<raw>\n```\n\n| h | n |\n|---|--:|\n| a | 1 |\n"
    )
    assert render_index(database, tmp_path, pages(body)) == (
        "<h2>Head &amp; <em>tail</em></h2>\n"
        "<p>One <strong>two</strong> <code>a&lt;b</code> &amp; "
        '<a href="https://e.example/?a=1&amp;b=2">three</a><br>four</p>\n'
        "<ul><li>x</li><li>y</li></ul>\n<ol><li>z</li></ol>\n"
        "<blockquote><p>said</p></blockquote>\n<hr>\n"
        "<pre><code>&lt;raw&gt;</code></pre>\n"
        '<div class="table narrow" role="region" aria-label="Head &amp; tail" tabindex="0"><table>'
        "<caption>Head &amp; tail</caption>"
        '<thead><tr><th scope="col">h</th><th scope="col" class="right">n</th></tr></thead>'
        '<tbody><tr><th scope="row">a</th><td class="right">1</td></tr></tbody></table></div>'
    )


def test_components_print_query_values(database: Path, tmp_path: Path, pages: Pages) -> None:
    later = "figure,seconds,share\r\none,3725,0.1255\r\nnone,,\r\n"
    body = """
```sql later
select figure, seconds, share from ${base} where seconds is not null or figure = 'none'
```

```sql base
select * from (values ('one', 3725, 0.1255), ('none', null, null)) as t (figure, seconds, share)
```

{{ BigValue(later, value='share', fmt='pct') }}
{{ BigValue(later, value='seconds', title='Time', comparison='share', comparison_fmt='pct') }}

First {{ Value(later, column='seconds', fmt='duration') }}, then
{{ Value(later, column='seconds', row=1) }}; {{ later | length }} rows of
{{ month | fmt('month') }}.

{% for row in later %}
- {{ row.figure }}: {{ row.share | fmt('pct') }}
{% endfor %}

{{ DataTable(later, title='All', columns=['figure', Column('seconds', title='Time')]) }}
"""
    assert render_index(database, tmp_path, pages(body)) == (
        '<dl class="figures"><div><dt>Share</dt><dd><data value="0.1255">12.6%</data></dd></div>'
        '<div><dt>Time</dt><dd><data value="3725">1:02:05</data></dd>'
        '<dd class="note">Share <data value="0.1255">12.6%</data></dd></div></dl>\n'
        '<p>First <data value="3725">1:02:05</data>, then <span class="none">– no value</span>; 2 rows of '
        "<bdi>October 2026</bdi>.</p>\n"
        "<ul><li><bdi>one</bdi>: <bdi>12.6%</bdi></li>"
        '<li><bdi>none</bdi>: <span class="none">– no value</span></li></ul>\n'
        '<div class="table narrow" role="region" aria-label="All" tabindex="0"><table>'
        '<caption>All</caption><thead><tr><th scope="col">Figure</th>'
        '<th scope="col" class="right">Time</th></tr></thead>'
        '<tbody><tr><th scope="row"><bdi>one</bdi></th><td class="right"><data value="3725">1:02:05</data></td></tr>'
        '<tr><th scope="row"><bdi>none</bdi></th><td class="right"><span class="none">'
        '<span aria-hidden="true">–</span><span class="hidden">no value</span></span></td></tr>'
        "</tbody></table></div>"
        '<p class="note">– no value: not collected, or nothing to count.</p>'
        f'<p class="download"><a href="{csv_address(later)}" download="2026-10-index-later.csv">Download as CSV'
        '<span class="hidden"> for All</span></a></p>'
    )


def test_charts_say_what_they_show(database: Path, tmp_path: Path, pages: Pages) -> None:
    body = """
```sql days
select * from (values ('1', 3600), ('2', null), ('3', 7200)) as t (day, active_seconds)
```

{{ LineChart(days, x='day', y='active_seconds', title='Time <i>') }}

{{ BarChart(days, x='day', y='active_seconds', title='Bars') }}

{{ BarChart(days, x='day', y='active_seconds', title='Rows', horizontal=true) }}
"""
    html = render_index(database, tmp_path, pages(body))
    assert "<title>Time &lt;i&gt;</title>" in html
    assert (
        "<desc>Line chart of 3 values by day. "
        "Active: lowest 1:00:00 (1), highest 2:00:00 (3).</desc>"
    ) in html
    assert ">Active (h:mm)</text>" in html
    assert ">Day</text>" in html
    # The missing day breaks the line: two starts, no stroke between them, and never a zero.
    path = html.partition('<path class="line0" d="')[2].partition('"')[0]
    assert path.count("M") == 2
    assert "L" not in path
    assert html.count('<rect class="fill0"') == 2 + 3
    assert '<table class="bars"><caption>Rows</caption>' in html


QUERY = "```sql q\nselect 1 as a, -2 as low, 'x' as word\n```\n"

WRONG = {
    "sql column": ("```sql q\nselect\n  nope\nfrom performance\n```\n", 6, 'query "q": Binder'),
    "sql syntax": ("```sql q\nselect from where\n```\n", 5, 'query "q": Parser'),
    "sql relation": ("```sql q\nselect * from marts.nope\n```\n", 5, "nope does not exist"),
    "sql statement": ("```sql q\ndrop table performance\n```\n", 5, "exactly one SELECT"),
    "two statements": ("```sql q\nselect 1; select 2\n```\n", 5, "exactly one SELECT"),
    "sql reads a file": (
        "```sql q\nselect * from read_text('/etc/hostname')\n```\n",
        5,
        "disabled by configuration",
    ),
    "sql parameter": ("```sql q\nselect $agent_id\n```\n", 5, "unknown parameter $agent_id"),
    "sql cycle": (
        "```sql a\nselect * from ${b}\n```\n\n```sql b\nselect * from ${a}\n```\n",
        9,
        "queries use each other: a → b → a",
    ),
    "unknown subquery": ("```sql a\nselect * from ${b}\n```\n", 5, 'unknown query "b"'),
    "wrong subquery": (
        "```sql a\nselect\n    nope\nfrom (values (1)) as t (x)\n```\n\n```sql b\nselect * from ${a}\n```\n"
        "\n{{ Value(b, column='x') }}\n",
        6,
        'query "a": ',
    ),
    "unnamed query": ("```sql\nselect 1\n```\n", 4, "needs a name"),
    "query twice": (QUERY + QUERY, 7, 'two queries called "q"'),
    "query named as a component's variable": ("```sql month\nselect 1\n```\n", 4, "is taken"),
    "open query": ("```sql q\nselect 1\n", 4, "not closed"),
    "undefined name": ("\nText.\n\n{{ Value(nope, column='a') }}\n", 7, '"nope" is undefined'),
    "undefined in a branch": ("{% if month %}x{% else %}{{ nope }}{% endif %}\n", 4, "undefined"),
    "unknown component": (QUERY + "\n{{ PieChart(q) }}\n", 8, '"PieChart" is undefined'),
    "unknown column": (
        QUERY + "\n{{ Value(q, column='b') }}\n",
        8,
        'query "q" has no column "b"; it has a, low, word',
    ),
    "unknown column of a table": (QUERY + "\n{{ DataTable(q, columns=['b']) }}\n", 8, "column"),
    "unknown column of a row": (QUERY + "\n{{ q[0].b }}\n", 8, 'no column "b"'),
    "unknown column in a loop": (
        QUERY + "\n{% for row in q %}\n{{ row.b }}\n{% endfor %}\n",
        9,
        'no column "b"',
    ),
    "unknown argument": (QUERY + "\n{{ Value(q, colum='a') }}\n", 8, "colum"),
    "not a query": (QUERY + "\n{{ Value(month, column='a') }}\n", 8, "is a query of this page"),
    "unknown format": (QUERY + "\n{{ Value(q, column='a', fmt='euro') }}\n", 8, "unknown format"),
    "unfit format": (QUERY + "\n{{ Value(q, column='a', fmt='date') }}\n", 8, "does not fit"),
    "chart of words": (QUERY + "\n{{ LineChart(q, x='a', y='word', title='t') }}\n", 8, "number"),
    "unknown option of a chart": (
        QUERY + "\n{{ BarChart(q, x='a', y='low', title='t', stakced=true) }}\n",
        8,
        'BarChart has no option "stakced"; there are query, x, y, title, fmt, x_fmt, x_title, '
        "y_title, horizontal, stacked",
    ),
    "missing option": (
        QUERY + "\n{{ LineChart(q, x='a', y='low') }}\n",
        8,
        "LineChart: missing a required argument: 'title'; its options are query, x, y, title",
    ),
    "wrong type of option": (
        QUERY + "\n{{ BarChart(q, x='a', y='low', title='t', stacked='yes') }}\n",
        8,
        "BarChart: stacked is true or false, not 'yes'",
    ),
    "wrong option of a column": (
        QUERY + "\n{{ DataTable(q, columns=[Column('a', titel='A')]) }}\n",
        8,
        'Column has no option "titel"; there are column, title,',
    ),
    "link without id": (QUERY + "\n{{ Value(q, column='a', link='agents') }}\n", 8, "needs id"),
    "arithmetic": (QUERY + "\n{{ q[0].a + 1 }}\n", 8, "no arithmetic"),
    "set block": ("{% set x %}a{% endset %}\n", 4, "set blocks"),
    "unknown filter": (QUERY + "\n{{ q[0].a | round }}\n", 8, "No filter named 'round'"),
    "jinja syntax": ("\n{% if %}\n", 5, "Expected an expression"),
    "private attribute": (QUERY + "\n{{ q.__class__ }}\n", 8, "unsafe"),
    "block in a sentence": (
        QUERY + "\nSee\n{{ DataTable(q) }} here.\n",
        9,
        "stands on a line of its own",
    ),
    "raw HTML block": ("\n<div>x</div>\n", 5, "HTML is not part"),
    "raw HTML": ("\nA <b>x</b>\n", 5, "HTML is not part"),
    "image": ("\n![x](y.png)\n", 5, "image is not part"),
    "script link": ("\n[x](javascript:alert)\n", 5, "write a full address"),
    "value in an address": (QUERY + "\n[x]({{ q[0].word }})\n", 8, "write a full address"),
    "title again": ("# Title\n", 4, "start with ##"),
    "heading level": ("## A\n\n#### B\n", 6, "level 4 heading under a level 2"),
    "private-use character": ("\ue000\n", 4, "private-use"),
}


@pytest.mark.parametrize(("body", "line", "cause"), WRONG.values(), ids=WRONG.keys())
def test_a_wrong_page_names_file_line_and_cause(
    database: Path, tmp_path: Path, pages: Pages, body: str, line: int, cause: str
) -> None:
    with pytest.raises(reports.PageError) as caught:
        render_index(database, tmp_path, pages(body))
    assert cause in caught.value.cause
    assert (caught.value.page, caught.value.line) == ("pages/index.md", line)
    assert str(caught.value).startswith(f"pages/index.md:{line}: ")


@pytest.mark.parametrize(
    ("source", "line", "cause"),
    [
        ("Text.\n", 1, "starts with front matter"),
        ("---\ntitle: x\n", 1, "not closed"),
        ("---\ntitle: [\n---\n", 2, "not valid YAML"),
        ("---\nlanguage: en\n---\n", 1, "needs a title"),
        ("---\nlanguage: en\ntitle: '{{ nope }}'\n---\n", 3, "undefined"),
        ("---\ntitle: x\nattach: [{query: q, file: f, description: d}]\n---\n", 3, "unknown query"),
    ],
)
def test_wrong_front_matter(
    database: Path, tmp_path: Path, pages: Pages, source: str, line: int, cause: str
) -> None:
    folder = pages("")
    (folder / "index.md").write_text(source, encoding="utf-8")
    with pytest.raises(reports.PageError) as caught:
        render_index(database, tmp_path, folder)
    assert cause in caught.value.cause
    assert caught.value.line == line


def test_a_missing_page_is_named(database: Path, tmp_path: Path, pages: Pages) -> None:
    folder = pages("")
    (folder / "index.md").unlink()
    with pytest.raises(reports.PageError, match=r"pages/index\.md:1: cannot be read"):
        render_index(database, tmp_path, folder)
