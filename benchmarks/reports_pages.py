"""How many pages and PDFs a second a month's reports take, against the rendering libraries alone on the same content.

    python benchmarks/reports_pages.py --database demo/published/scorehouse.duckdb --month 2026-10 [--agents N]

Ours is everything: queries, fingerprints, pages, CSV files, PDFs, writing and the manifest. Against it, in the same
run and from the same documents with every value printed and every chart drawn already:

- libraries: Jinja2 writes each page as Markdown, in which every figure carries its unrounded value and its address as
  in ours, mistune makes HTML of it, and Typst sets the PDFs. What the two write is of the same size, within some
  per cent, which the run prints;
- bare text: the same without what stands behind the figures, so less than half of the bytes;
- template alone: Jinja2 writes the bare HTML pieces from a template made once, nothing parsed, nothing looked up. It
  is the floor for pages, not a way to write them.
"""

import argparse
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import jinja2
import mistune

import reports
import reports.site
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


class _Keeping(reports.site._Run):
    """Renders as always, and keeps the documents of its pages and PDFs."""

    pages: list[Document] = []  # noqa: RUF012
    kept: bool = False

    def _html(self, subject: Any, document: Document) -> str:
        if self.kept:
            self.pages.append(document)
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


def timed(work: Callable[[], object]) -> float:
    """CPU seconds of this process that a piece of work takes."""
    start = time.process_time()
    work()
    return time.process_time() - start


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--database", type=Path, required=True, help="a published database")
    parser.add_argument("--month", required=True, help="a month in it, YYYY-MM")
    parser.add_argument("--agents", type=int, help="only so many agents, and no units")
    options = parser.parse_args()
    month = reports.Period.month(date.fromisoformat(f"{options.month}-01"))
    reports.site._Run = _Keeping  # type: ignore[misc]
    if options.agents:
        found = _Keeping._find_subjects

        def some(self: Any, page: Any) -> Any:
            subjects = found(self, page)
            of_agents = page.path.startswith("agents/")
            return subjects[: options.agents] if of_agents or not page.subjects else []

        _Keeping._find_subjects = some  # type: ignore[method-assign]

    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder)
        wall = time.perf_counter()
        ours = timed(lambda: reports.render_reports(options.database, month, out / "whole"))
        wall = time.perf_counter() - wall
        pdfs = [*(out / "whole").rglob("*.pdf")]
        writer, reports.site.PdfWriter = reports.site.PdfWriter, _NoPdf  # type: ignore[misc, assignment]
        _Keeping.kept = True
        pages_alone = timed(lambda: reports.render_reports(options.database, month, out / "pages"))
        size = sum(path.stat().st_size for path in (out / "pages").rglob("*.html"))
        again = timed(lambda: reports.render_reports(options.database, month, out / "pages"))
    documents = _Keeping.pages
    ready = [prepared(document, in_markdown) for document in documents]
    bare = [prepared(document, plain_text) for document in documents]
    plain = jinja2.Environment(trim_blocks=True, lstrip_blocks=True)
    escaping = jinja2.Environment(trim_blocks=True, lstrip_blocks=True, autoescape=True)
    markdown, pieces = plain.from_string(MARKDOWN), escaping.from_string(PIECES)
    parse = mistune.create_markdown(escape=False, plugins=["table"])
    floor = timed(lambda: [pieces.render(content) for content in bare])
    on_text = timed(lambda: [parse(markdown.render(content)) for content in bare])
    made: list[str] = []
    libraries = timed(lambda: made.extend(parse(markdown.render(content)) for content in ready))
    theirs = sum(len(text.encode()) for text in made)
    with_pdf = [d for d in documents if d.attachments][: len(pdfs)]
    setter = writer()
    setting = timed(lambda: [setter.write(document) for document in with_pdf])
    per_pdf = setting / max(1, len(with_pdf))
    typst = per_pdf * len(pdfs)

    def line(what: str, count: int, seconds: float, against: float | None = None) -> None:
        ratio = "" if against is None else f"{seconds / against:8.2f}"
        print(f"{what:<58}{seconds:9.2f}{count / seconds:10.1f}{ratio}")

    print(f"{len(documents)} pages, {len(pdfs)} PDFs; whole run {wall:.1f} s wall")
    print(f"pages: {size / 1e6:.1f} MB in ours, {theirs / 1e6:.1f} MB from the libraries")
    print(f"{'':<58}{'CPU s':>9}{'a second':>10}{'ratio':>8}")
    line(
        "pages: ours, with queries, CSV files and manifest", len(documents), pages_alone, libraries
    )
    line("pages: Jinja2 and mistune, the same content", len(documents), libraries)
    line("pages: Jinja2 and mistune, bare text", len(documents), on_text)
    line("pages: Jinja2 alone, a template made once", len(documents), floor)
    line("pages: ours again, nothing changed", len(documents), again)
    line("PDFs: Typst", len(pdfs), typst)
    both = libraries + typst
    line("all: ours", len(documents) + len(pdfs), ours, both)
    line("all: libraries", len(documents) + len(pdfs), both)


class _NoPdf:
    def write(self, document: Document) -> bytes:
        """Set nothing."""
        return b""


if __name__ == "__main__":
    main()
