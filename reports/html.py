"""The document model as HTML; everything that is text is escaped here, once."""

from html import escape
from urllib.parse import quote

from reports.document import (
    Bars,
    Block,
    Break,
    Chart,
    Code,
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

_POLICY = "default-src 'none'; style-src 'self' file:; img-src data:; base-uri 'none'"


def page_html(document: Document, home: str, navigation: list[tuple[str, str]]) -> str:
    """Return a whole page.

    home: relative path to the folder of the stylesheet ("" or "../"). navigation: label and
    relative address of the pages to go to from here.
    """
    title = escape(plain_text(document.title))
    links = "".join(
        f'<li><a href="{escape(target)}">{escape(label)}</a></li>' for label, target in navigation
    )
    nav = f'<nav aria-label="Reports"><ul>{links}</ul></nav>' if links else ""
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
        f'<title>{title}</title>\n<link rel="stylesheet" href="{home}report.css">\n</head>\n'
        f'<body>\n<a class="skip" href="#main">Skip to the report</a>\n<header>{nav}</header>\n'
        f'<main id="main">\n<h1>{inline_html(document.title)}</h1>\n{banner}'
        f'<dl class="facts">{facts}</dl>\n{blocks_html(document.blocks)}\n</main>\n'
        "</body>\n</html>\n"
    )


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
        case Text(text=text, isolate=isolate):
            return f"<bdi>{escape(text)}</bdi>" if isolate else escape(text)
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


def _block(block: Block) -> str:
    match block:
        case Heading(level=level, children=children):
            return f"<h{level}>{inline_html(children)}</h{level}>"
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
        case Chart(title=title, svg=svg):
            return f"<figure>{svg}<figcaption>{escape(title)}</figcaption></figure>"
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
        f"<tbody>{rows}</tbody></table>"
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
    return (
        f'<div class="table" role="region" aria-label="{label}" tabindex="0"><table>'
        f"<caption>{label}</caption><thead><tr>{heads}</tr></thead>"
        f"<tbody>{''.join(rows)}</tbody></table></div>{note}"
    )
