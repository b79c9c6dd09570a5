"""How many pages and PDFs a second a month's reports take, against the rendering libraries alone on the same content.

Ours is everything: queries, fingerprints, pages, CSV files, PDFs, writing and the manifest; in one process, as the
libraries are, and as it is shipped, in as many as there are cores. Against it, in the same run and from the same
documents with every value printed and every chart drawn already:

- libraries: Jinja2 writes each page as Markdown, in which every figure carries its unrounded value and its address as
  in ours, mistune makes HTML of it, and Typst sets the PDFs;
- bare text: the same without what stands behind the figures, so less than half of the bytes;
- template alone: Jinja2 writes the bare HTML pieces from a template made once, nothing parsed, nothing looked up. It
  is the floor for pages, not a way to write them.
"""

import os
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import ClassVar

import jinja2
import mistune

import reports
import reports.processes
import reports.rendering
import reports.site
from benchmarks.measuring import OURS, Cost, Row
from reports import html
from reports.document import (
    Block,
    Document,
    Figures,
    Heading,
    Inline,
    Paragraph,
    Table,
    plain_text,
)

MARKDOWN = """
# {{ title }}
{% for block in blocks %}
{% if block.kind == 'table' %}
**{{ block.caption }}**

|{% for head in block.heads %} {{ head }} |{% endfor %}

|{% for head in block.heads %}---|{% endfor %}

{% for row in block.rows %}
|{% for cell in row %} {{ cell }} |{% endfor %}

{% endfor %}
{% elif block.kind == 'figures' %}
{% for label, value in block.figures %}
- {{ label }}: **{{ value }}**
{% endfor %}
{% elif block.kind == 'heading' %}
## {{ block.text }}
{% elif block.kind == 'html' %}

{{ block.text }}

{% else %}
{{ block.text }}
{% endif %}

{% endfor %}
"""
PIECES = """<h1>{{ title }}</h1>
{% for block in blocks %}
{% if block.kind == 'table' %}
<table><caption>{{ block.caption }}</caption><thead><tr>
{% for head in block.heads %}<th scope="col">{{ head }}</th>{% endfor %}</tr></thead><tbody>
{% for row in block.rows %}<tr>{% for cell in row %}<td>{{ cell }}</td>{% endfor %}</tr>
{% endfor %}</tbody></table>
{% elif block.kind == 'figures' %}
<dl>{% for label, value in block.figures %}<div><dt>{{ label }}</dt><dd>{{ value }}</dd></div>{% endfor %}</dl>
{% elif block.kind == 'heading' %}<h2>{{ block.text }}</h2>
{% elif block.kind == 'html' %}{{ block.text | safe }}
{% else %}<p>{{ block.text }}</p>
{% endif %}
{% endfor %}
"""


class _Keeping(reports.rendering.Renderer):
    """Renders as always, and keeps the documents of its pages."""

    documents: ClassVar[list[Document]] = []

    def _html(self, subject: reports.rendering.Subject, document: Document) -> str:
        self.documents.append(document)
        return super()._html(subject, document)


Printed = Callable[[list[Inline]], str]


def prepared(document: Document, printed: Printed) -> dict[str, object]:
    """A document with every value as it is printed: as bare text, or with what stands behind it."""
    return {"title": printed(document.title), "blocks": list(_blocks(document.blocks, printed))}


def in_markdown(nodes: list[Inline]) -> str:
    """Values with their addresses, as one writes them in a Markdown table."""
    return html.inline_html(nodes).replace("|", "\\|").replace("\n", " ")


def _blocks(blocks: list[Block], printed: Printed) -> Iterator[dict[str, object]]:
    for block in blocks:
        match block:
            case Table():
                yield {
                    "kind": "table",
                    "caption": block.caption,
                    "heads": [printed(head.title) for head in block.columns],
                    "rows": [[printed(cell) for cell in row] for row in block.rows],
                }
            case Figures(figures=figures):
                shown = [(one.label, printed(one.value)) for one in figures]
                yield {"kind": "figures", "figures": shown}
            case Heading(children=children):
                yield {"kind": "heading", "text": printed(children)}
            case Paragraph(children=children):
                yield {"kind": "paragraph", "text": printed(children)}
            case _:
                yield {"kind": "html", "text": html.blocks_html([block])}


def timed(work: Callable[[], object]) -> Cost:
    """What a piece of work in this process and its children costs; its memory and writing are not looked at."""
    began, used = time.perf_counter(), sum(os.times()[:4])
    work()
    return Cost(time.perf_counter() - began, sum(os.times()[:4]) - used, 0, 0)


def pages(database: Path, month: reports.Period) -> Iterator[Row]:
    """Pages and PDFs of a month, made by Scorehouse and by the libraries alone."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder)
        shipped = timed(lambda: reports.render_reports(database, month, out / "shipped"))
        reports.processes.PROCESSES = 1
        ours = timed(lambda: reports.render_reports(database, month, out / "whole"))
        pdfs = [*(out / "whole").rglob("*.pdf")]
        writer, reports.rendering.PdfWriter = reports.rendering.PdfWriter, _NoPdf  # type: ignore[misc, assignment]
        pages_alone = timed(lambda: reports.render_reports(database, month, out / "pages"))
        again = timed(lambda: reports.render_reports(database, month, out / "pages"))
        reports.site.Renderer = _Keeping  # type: ignore[misc]
        reports.render_reports(database, month, out / "kept")
    documents = _Keeping.documents
    ready = [prepared(document, in_markdown) for document in documents]
    bare = [prepared(document, plain_text) for document in documents]
    plain = jinja2.Environment(trim_blocks=True, lstrip_blocks=True)
    escaping = jinja2.Environment(trim_blocks=True, lstrip_blocks=True, autoescape=True)
    markdown, pieces = plain.from_string(MARKDOWN), escaping.from_string(PIECES)
    parse = mistune.create_markdown(escape=False, plugins=["table"])
    with_pdf = [d for d in documents if d.attachments][: len(pdfs)]
    setter = writer()
    typst = timed(lambda: [setter.write(document) for document in with_pdf])
    of_all = len(pdfs) / max(1, len(with_pdf))
    count = len(documents)
    libraries = timed(lambda: [parse(markdown.render(content)) for content in ready])

    def row(case: str, way: str, cost: Cost, done: int) -> Row:
        return Row("reports", case, done, way, cost, done)

    yield row("pages", OURS, pages_alone, count)
    yield row("pages", "Jinja2 and mistune, the same content", libraries, count)
    yield row(
        "pages",
        "Jinja2 and mistune, bare text",
        timed(lambda: [parse(markdown.render(content)) for content in bare]),
        count,
    )
    yield row(
        "pages",
        "Jinja2 alone, a template made once",
        timed(lambda: [pieces.render(content) for content in bare]),
        count,
    )
    yield row("pages again, nothing changed", OURS, again, count)
    both = Cost(libraries.wall + typst.wall * of_all, libraries.cpu + typst.cpu * of_all, 0, 0)
    yield row("pages and PDFs", OURS, shipped, count + len(pdfs))
    yield row("pages and PDFs", f"{OURS}, in one process", ours, count + len(pdfs))
    yield row("pages and PDFs", "Jinja2, mistune and Typst", both, count + len(pdfs))


class _NoPdf:
    def write(self, document: Document) -> bytes:
        """Set nothing."""
        return b""
