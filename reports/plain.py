"""The document model as plain text, for SMS and the text part of an e-mail."""

from reports.document import (
    Bars,
    Block,
    Chart,
    Figures,
    Heading,
    Listing,
    Paragraph,
    Preformatted,
    Quote,
    Rule,
    Table,
    plain_text,
)


def blocks_text(blocks: list[Block]) -> str:
    """Return the blocks as paragraphs divided by blank lines."""
    return "\n\n".join(text for text in map(_block, blocks) if text)


def _block(block: Block) -> str:
    match block:
        case Heading(children=children) | Paragraph(children=children):
            return plain_text(children)
        case Listing(ordered=ordered, items=items):
            return "\n".join(
                (f"{number}. " if ordered else "- ") + blocks_text(item)
                for number, item in enumerate(items, 1)
            )
        case Quote(children=children):
            return blocks_text(children)
        case Preformatted(text=text):
            return text
        case Rule():
            return ""
        case Figures(figures=figures):
            return "\n".join(f"{figure.label}: {plain_text(figure.value)}" for figure in figures)
        case Chart(title=title, description=description):
            return f"{title}. {description}"
        case Bars(title=title, bars=bars):
            lines = [f"- {plain_text(bar.label)}: {plain_text(bar.value)}" for bar in bars]
            return "\n".join([title, *lines])
        case Table():
            heads = [plain_text(head.title) for head in block.columns]
            lines = []
            for row in block.rows:
                cells = [plain_text(cell).strip() for cell in row]
                rest = (f"{h}: {c}" for h, c in zip(heads[1:], cells[1:], strict=True))
                lines.append(f"- {cells[0]}; {'; '.join(rest)}")
            return "\n".join([block.caption, *lines, *([block.note] if block.note else [])])
