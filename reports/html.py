"""The document model as HTML; everything that is text is escaped here, once."""

import re
from collections.abc import Sequence
from dataclasses import replace
from html import escape as escape_all
from urllib.parse import quote

from reports.csvfile import csv_address
from reports.document import (
    Bars,
    Block,
    Break,
    Chart,
    Code,
    CsvFile,
    Document,
    Emphasis,
    Figures,
    Heading,
    Inline,
    Link,
    Listing,
    Nothing,
    Paragraph,
    Preformatted,
    Quote,
    Rule,
    Strong,
    Table,
    Text,
    plain_text,
)
from reports.formats import NO_VALUE

_POLICY = (
    "default-src 'none'; style-src 'self' file:; script-src 'self' file:; img-src data:; "
    "base-uri 'none'; form-action 'none'"
)

# Pages with as many sections say at the top which.
_MANY_SECTIONS = 6
# Tables with more rows scroll on their own, so that their heads stay in sight.
_LONG = 20
_NARROW = 3

_SPECIAL = re.compile("[&<>\"']")

Links = Sequence[tuple[str, str]]
"""Labels and relative addresses."""


def escape(text: str) -> str:
    """Return text as HTML; most texts hold nothing special, and finding that out is quick."""
    return escape_all(text) if _SPECIAL.search(text) else text


def page_html(
    document: Document,
    home: str,
    navigation: Links,
    scripts: bool = True,
    trail: Links = (),
    here: str = "",
) -> str:
    """Return a whole page.

    home: relative path to the folder of the stylesheet and scripts ("" or "../"). navigation: the
    pages to go to from here. scripts: load ``report.js``, which sorts and filters tables; the page
    says the same without it. trail: the pages above this one, the topmost first. here: the address
    by which the navigation names this page.
    """
    title = escape(plain_text(document.title))
    names, search = ["report.js"] if scripts else [], ""
    # The list of reports comes first: report.js builds the search box from it.
    if document.search and scripts:
        names.insert(0, "search.js")
        search = '<div class="site-search" role="search"></div>\n'
    loaded = "".join(f'<script src="{home}{name}" defer></script>\n' for name in names)
    nav = _navigation("Reports", "ul", navigation, "", here) + _navigation(
        "Where this page is", "ol", trail, f'<li aria-current="page"><bdi>{title}</bdi></li>'
    )
    facts = "".join(
        f"<div><dt>{escape(label)}</dt><dd><bdi>{escape(value)}</bdi></dd></div>"
        for label, value in document.facts
    )
    banner = (
        f'<p class="banner" role="note">{escape(document.banner)}</p>' if document.banner else ""
    )
    return (
        f'<!doctype html>\n<html lang="{escape(document.language)}">\n<head>\n'
        '<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">\n'
        '<meta name="color-scheme" content="light dark">\n'
        f'<title>{title}</title>\n<link rel="stylesheet" href="{home}report.css">\n{loaded}</head>\n'
        f'<body>\n<a class="skip" href="#main">Skip to the report</a>\n<header>{nav}</header>\n'
        f'<main id="main">\n<h1>{inline_html(document.title)}</h1>\n{banner}'
        f'<dl class="facts">{facts}</dl>\n{search}{_sections(document.blocks)}\n</main>\n'
        "</body>\n</html>\n"
    )


def _sections(blocks: list[Block]) -> str:
    """Return the blocks of a page, with links to its sections before them where there are many."""
    heads = [block for block in blocks if isinstance(block, Heading) and block.level == 2]
    if len(heads) < _MANY_SECTIONS:
        return blocks_html(blocks)
    numbers = {id(head): n for n, head in enumerate(heads, 1)}
    links = "".join(
        f'<li><a href="#s{n}">{escape(plain_text(head.children))}</a></li>'
        for n, head in enumerate(heads, 1)
    )
    contents = f'<nav class="contents" aria-label="On this page"><ul>{links}</ul></nav>'
    return "\n".join([contents, *(_block(block, numbers.get(id(block))) for block in blocks)])


def _navigation(label: str, tag: str, links: Links, last: str, here: str = "") -> str:
    if not links:
        return ""
    items = "".join(
        f'<li><a href="{escape(quote(target))}"{_current(target == here)}>{escape(name)}</a></li>'
        for name, target in links
    )
    kind = "trail" if last else "menu"
    return f'<nav class="{kind}" aria-label="{label}"><{tag}>{items}{last}</{tag}></nav>'


def _current(is_here: bool) -> str:
    return ' aria-current="page"' if is_here else ""


def message_html(title: str, blocks: list[Block]) -> str:
    """Return a message body: no stylesheet, because mail readers drop it."""
    return (
        '<!doctype html>\n<html lang="en">\n<head><meta charset="utf-8">'
        f"<title>{escape(title)}</title></head>\n<body>\n{blocks_html(blocks)}\n</body>\n</html>\n"
    )


def blocks_html(blocks: list[Block]) -> str:
    """Return the blocks of a document."""
    return "\n".join(_block(block) for block in blocks)


def inline_html(nodes: list[Inline]) -> str:
    """Return a run of text."""
    return "".join(_inline(node) for node in nodes)


def _inline(node: Inline) -> str:
    match node:
        case Text():
            return _text(node)
        case Nothing(words=words) if words:
            return f'<span class="none">– {escape(words)}</span>'
        case Nothing():
            return (
                '<span class="none"><span aria-hidden="true">–</span>'
                f'<span class="hidden">{NO_VALUE}</span></span>'
            )
        case Strong(children=children):
            return f"<strong>{inline_html(children)}</strong>"
        case Emphasis(children=children):
            return f"<em>{inline_html(children)}</em>"
        case Code(text=text):
            return f"<code>{escape(text)}</code>"
        case Link(target=target, children=children, local=local):
            href = quote(target) if local else target
            return f'<a href="{escape(href)}">{inline_html(children)}</a>'
        case Break():
            return "<br>"


_TONES = {"good": "better: ", "bad": "worse: ", "even": "no change: "}


def _text(node: Text) -> str:
    # Drawings come from `reports.charts`, which escapes what it is given.
    shown = node.drawing or escape(node.text)
    address = "" if node.address is None else f' data-address="{escape(node.address)}"'
    if node.tone:
        arrow, _, rest = node.text.partition(" ")
        return (
            f'<span class="delta {node.tone}"><span aria-hidden="true">{arrow}</span> '
            f'<span class="hidden">{_TONES[node.tone]}</span>'
            f"{_text(replace(node, text=rest, tone=''))}</span>"
        )
    if node.drawing and node.raw is not None:
        return f'<span data-sort="{escape(node.raw)}">{shown}</span>'
    if node.raw is not None:
        return f'<data value="{escape(node.raw)}"{address}>{shown}</data>'
    if node.isolate or address:
        return f"<bdi{address}>{shown}</bdi>"
    return shown


def _download(what: str, file: CsvFile | None) -> str:
    """Return the link that saves a table's or drawing's rows as CSV, which it holds."""
    if file is None:
        return ""
    return (
        f'<p class="download"><a href="{csv_address(file.text)}" download="{escape(file.name)}">Download as CSV'
        f'<span class="hidden"> for {escape(what)}</span></a></p>'
    )


def _block(block: Block, section: int | None = None) -> str:
    match block:
        case Heading(level=level, children=children):
            anchor = "" if section is None else f' id="s{section}"'
            return f"<h{level}{anchor}>{inline_html(children)}</h{level}>"
        case Paragraph(children=children):
            return f"<p>{inline_html(children)}</p>"
        case Listing(ordered=ordered, items=items):
            tag = "ol" if ordered else "ul"
            inner = "".join(f"<li>{_item(item)}</li>" for item in items)
            return f"<{tag}>{inner}</{tag}>"
        case Quote(children=children):
            return f"<blockquote>{blocks_html(children)}</blockquote>"
        case Preformatted(text=text):
            return f"<pre><code>{escape(text)}</code></pre>"
        case Rule():
            return "<hr>"
        case Table():
            return _table(block)
        case Figures(figures=figures):
            return (
                '<dl class="figures">'
                + "".join(
                    f"<div><dt>{escape(figure.label)}</dt><dd>{inline_html(figure.value)}</dd>"
                    + (f'<dd class="note">{inline_html(figure.note)}</dd>' if figure.note else "")
                    + "</div>"
                    for figure in figures
                )
                + "</dl>"
            )
        case Chart(title=title, svg=svg, download=download):
            return (
                f"<figure><figcaption>{escape(title)}</figcaption>"
                f'<div class="scroll" role="group" aria-label="{escape(title)}" tabindex="0">{svg}'
                f"</div>{_download(title, download)}</figure>"
            )
        case Bars():
            return _bars(block)


def _bars(chart: Bars) -> str:
    rows = "".join(
        f'<tr><th scope="row">{inline_html(bar.label)}</th><td class="bar">'
        '<svg viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true">'
        f'<rect class="fill0" width="{100 * bar.share:.2f}" height="10"/></svg></td>'
        f'<td class="right">{inline_html(bar.value)}</td></tr>'
        for bar in chart.bars
    )
    return (
        f'<table class="bars"><caption>{escape(chart.title)}</caption><thead><tr>'
        f'<th scope="col">{escape(chart.label_title)}</th>'
        f'<th scope="col" colspan="2" class="right">{escape(chart.value_title)}</th></tr></thead>'
        f"<tbody>{rows}</tbody></table>{_download(chart.title, chart.download)}"
    )


def _item(blocks: list[Block]) -> str:
    if len(blocks) == 1 and isinstance(blocks[0], Paragraph):
        return inline_html(blocks[0].children)
    return blocks_html(blocks)


def _table(table: Table) -> str:
    sides = [' class="right"' if head.right else "" for head in table.columns]
    heads = "".join(
        f'<th scope="col"{side}>{inline_html(head.title)}</th>'
        for head, side in zip(table.columns, sides, strict=True)
    )
    rows = []
    for cells in table.rows:
        first, *others = (
            (side, inline_html(cell)) for side, cell in zip(sides, cells, strict=True)
        )
        rows.append(
            f'<tr><th scope="row"{first[0]}>{first[1]}</th>'
            + "".join(f"<td{side}>{text}</td>" for side, text in others)
            + "</tr>"
        )
    note = f'<p class="note">{escape(table.note)}</p>' if table.note else ""
    label = escape(table.caption)
    kind = " long" if len(table.rows) > _LONG else ""
    kind += " narrow" if len(table.columns) <= _NARROW else ""
    # report.js makes the search box and the choices: without it they would do nothing.
    offers = " data-search" if table.search else ""
    if table.filters:
        offers += f' data-filters="{" ".join(map(str, table.filters))}"'
    return (
        f'<div class="table{kind}" role="region" aria-label="{label}" tabindex="0"{offers}><table>'
        f"<caption>{label}</caption><thead><tr>{heads}</tr></thead>"
        f"<tbody>{''.join(rows)}</tbody></table></div>{note}{_download(table.caption, table.download)}"
    )
