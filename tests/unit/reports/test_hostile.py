"""Names, notes and topics are data: wherever they are printed they come out as text and do nothing."""

import csv
import io
import re
import unicodedata
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest
from hostile import HARMLESS, HOSTILE, Skeleton
from hypothesis import given, settings
from hypothesis import strategies as st
from test_messages import TEMPLATES, action

import reports
from reports.components import Components
from reports.csvfile import csv_text
from reports.document import Chart, Document
from reports.formats import printable
from reports.html import page_html
from reports.markdown import build_blocks, build_line
from reports.pdf import PdfWriter
from reports.pdfread import read_pdf
from reports.rows import Rows
from reports.template import Template, Where

# Every character, and runs of those that mean something to somebody.
TEXTS = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"]), max_size=30),
    st.text("<>\"'&;=+-@#$`*_[](){}%|!\\/\n\r\t\u202e\ue000\ue0010a", max_size=30),
    st.sampled_from(sorted(HOSTILE.values())),
)
PAGE = """
{{ Value(q, column='name') }} and **{{ q[0].name }}** in [a link](https://e.example/): *{{ q[0].name | fmt }}*

## {{ q[0].name }}

- {{ q[0].name }}

> {{ q[0].name }}

| h | {{ q[0].name }} |
|---|---|
| {{ q[0].name }} | `code` |

{% for row in q %}
{{ row.name }}
{% endfor %}

{{ BigValue(q, value='name', comparison='name') }}

{{ DataTable(q, columns=['name', Column('n', title='N')]) }}

{{ BarChart(q, x='name', y='n', title='Lying', horizontal=true) }}

{{ BarChart(q, x='name', y='n', title='Standing') }}

{{ LineChart(q, x='name', y='n', title='Line') }}
"""


def document(text: str) -> Document:
    """A document with a text in every place that a page can put one."""
    names = {**Components(lambda folder, identity: f"{folder}/x.html").names()}
    names["q"] = Rows("q", ["name", "n"], [(text, 1), (text, 2)])
    title = build_line(Template("About {{ q[0].name }}", Where("p.md")), names)
    blocks = build_blocks(Template(PAGE, Where("p.md")), names)
    return Document(
        title, printable(text), "May", "Revision 1", "f" * 64, [("Of", printable(text))], blocks
    )


def skeleton(text: str) -> Skeleton:
    return Skeleton(page_html(document(text), "", []))


def without_labels(page: Skeleton) -> list[tuple[str, ...]]:
    """The elements, as a set in order: a chart leaves out labels that have no room."""
    return sorted(set(page.elements))


FORMULA = re.compile(r"[\s\"\u200b\ufeff]*[=+\-@＝＋－＠]")


def unquoted(cell: str) -> str:
    """A cell without the apostrophes that csv_text puts in."""
    return cell.replace("'", "")


def joined(text: str) -> str:
    composed = unicodedata.normalize("NFKC", text)
    return "".join(c for c in composed if not c.isspace() and unicodedata.category(c) != "Cf")


@settings(max_examples=200, deadline=None)
@given(TEXTS)
def test_a_page_keeps_its_elements(text: str) -> None:
    page, plain = skeleton(text), skeleton(HARMLESS)
    assert without_labels(page) == without_labels(plain)
    shown = printable(text)
    assert page.words.count(shown) >= plain.words.count(HARMLESS) - 8
    links = {value for name, value in page.attributes if name in ("href", "src")}
    assert links == {value for name, value in plain.attributes if name in ("href", "src")}
    assert not re.search("[\x00-\x09\x0b-\x1f\u202a-\u202e\ue000-\uf8ff]", page.words)


@settings(max_examples=200, deadline=None)
@given(TEXTS)
def test_a_drawing_is_a_drawing(text: str) -> None:
    charts = [block for block in document(text).blocks if isinstance(block, Chart)]
    plain = [block for block in document(HARMLESS).blocks if isinstance(block, Chart)]
    assert len(charts) == len(plain) == 2
    for chart, other in zip(charts, plain, strict=True):
        kinds = [
            {(node.tag, *sorted(node.attrib)) for node in ElementTree.fromstring(one.svg).iter()}
            for one in (chart, other)
        ]
        assert kinds[0] == kinds[1]


@settings(max_examples=300, deadline=None)
@given(TEXTS)
def test_a_cell_is_no_formula(text: str) -> None:
    content = csv_text(Rows("q", [text, "n"], [(text, -1), (f"x{text}", 2)]))
    for delimiter in (",", ";", "\t"):
        for row in csv.reader(io.StringIO(content, newline=""), delimiter=delimiter):
            cells = [cell for cell in row if not re.fullmatch(r".*-1", cell, re.DOTALL)]
            assert not [cell for cell in cells if FORMULA.match(cell)]
    header, first, second = csv.reader(io.StringIO(content, newline=""))
    assert (first[1], second[1]) == ("-1", "2")
    expected = unquoted(text.replace("\0", "\ufffd"))
    shown = [unquoted(row[0]) for row in (header, first, second)]
    assert shown == [expected, expected, f"x{expected}"]


@pytest.mark.parametrize("template", TEMPLATES)
@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
def test_a_message_is_text(template: str, text: str) -> None:
    figures = {"name": text, "team_name": text, "agents": None}
    if template == "low_performance_alert":
        agent = action(template)["figures"]["agents"][0]  # type: ignore[index]
        figures = {"agents": [{**agent, "name": text, "team_name": text}]}
    if template == "overdue_tasks_alert":
        figures = {"tasks": [{"task": "review", "agent_id": "A-1", "name": text}]}

    def render(name: str) -> reports.Message:
        put = {k: name if v == text else v for k, v in figures.items()}
        if template == "low_performance_alert":
            put = {"agents": [{**figures["agents"][0], "name": name, "team_name": name}]}  # type: ignore[index]
        if template == "overdue_tasks_alert":
            put = {"tasks": [{**figures["tasks"][0], "name": name}]}  # type: ignore[index]
        return reports.render_message(template, action(template, **put))

    message, plain = render(text), render(HARMLESS)
    assert Skeleton(message.html).elements == Skeleton(plain.html).elements
    assert not re.search(
        "[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\ue000-\uf8ff]", message.subject
    )
    assert len(message.text.splitlines()) == len(plain.text.splitlines())


@pytest.fixture(scope="module")
def writer() -> PdfWriter:
    return PdfWriter()


def test_finished_pages_keep_their_elements(hostile_month: tuple[Path, dict[str, str]]) -> None:
    out, texts = hostile_month
    for kind, prefix in (("agents", ""), ("teams", "T")):
        plain = Skeleton((out / kind / f"{prefix}H000.html").read_text(encoding="utf-8"))
        for identity, text in texts.items():
            page = Skeleton((out / kind / f"{prefix}{identity}.html").read_text(encoding="utf-8"))
            assert page.elements == plain.elements, text[:60]
            assert page.words.count(printable(text)) >= plain.words.count(HARMLESS) >= 2
            outside = {v for n, v in page.attributes if n in ("href", "src") and "//" in v}
            assert outside == set()


def test_finished_pdfs_hold_the_text(hostile_month: tuple[Path, dict[str, str]]) -> None:
    out, texts = hostile_month
    for identity, text in texts.items():
        pdf = read_pdf((out / "agents" / f"{identity}-r1.pdf").read_bytes())
        shown = joined(printable(text))
        pages = joined("".join(pdf.pages))
        if text == HOSTILE["combining"]:
            # Marks that stack come once for each shape of the stack.
            assert set(shown) <= set(pages)
        elif "Printed as" not in "".join(pdf.pages):
            # The running header may stand in the middle of what goes over several pages.
            assert shown[:300] in pages, text[:60]
        assert joined(printable(text)[:300]) in joined("".join(pdf.about)), text[:60]
        assert [name for name, _ in pdf.attachments] == ["daily-figures.csv"]


def test_finished_csv_runs_nothing(hostile_month: tuple[Path, dict[str, str]]) -> None:
    out, texts = hostile_month
    for identity, text in texts.items():
        ((_, content),) = read_pdf((out / "teams" / f"T{identity}-r1.pdf").read_bytes()).attachments
        rows = list(csv.reader(io.StringIO(content.decode(), newline="")))
        cells = [cell for row in rows if identity in row for cell in row]
        assert unquoted(text.replace("\0", "\ufffd")) in map(unquoted, cells), text[:60]
        words = [cell for cell in cells if not re.fullmatch(r"-?[\d.]+", cell)]
        assert not [word for word in words if FORMULA.match(word)]


@settings(max_examples=40, deadline=None)
@given(TEXTS.filter(lambda text: len(text) < 100))
def test_a_pdf_of_any_text_has_no_other_link(writer: PdfWriter, text: str) -> None:
    pdf = read_pdf(writer.write(document(text)))
    assert len(pdf.pages) >= 1
    assert [uri for uri in pdf.about if uri.startswith("http")] == ["https://e.example/"]
