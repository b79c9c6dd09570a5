"""Markdown with tokens in it to the document model: one parse, then values as plain text."""

import re
from collections.abc import Mapping
from functools import lru_cache
from html import unescape
from typing import Any

import mistune

from reports.document import (
    Bars,
    Block,
    Break,
    Chart,
    Code,
    Emphasis,
    Figure,
    Figures,
    Heading,
    Heads,
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
from reports.formats import NO_VALUE, format_value
from reports.template import CLOSE, OPEN, Template, Value

_TOKEN = re.compile(f"{OPEN}(\\d+){CLOSE}")
_LINK = re.compile(r"(https?://|mailto:|#)", re.IGNORECASE)
_MARKDOWN = mistune.create_markdown(renderer="ast", plugins=["table"])


@lru_cache(maxsize=512)
def _parse(text: str) -> Any:
    """Parse a text; pages of one template differ in their values, so their texts are mostly equal."""
    return _MARKDOWN(text)


_Node = Mapping[str, Any]


def build_blocks(template: Template, names: Mapping[str, object]) -> list[Block]:
    """Render a template and return what it says as document blocks; raises PageError."""
    text, values = template.render(names)
    return _Builder(template, text, values).blocks(_parse(text))


def build_line(template: Template, names: Mapping[str, object]) -> list[Inline]:
    """Render a one-line template, such as a title, in which Markdown has no meaning."""
    text, values = template.render(names)
    return _Builder(template, text, values).text(" ".join(text.split()))


def value_text(value: object) -> list[Inline]:
    """Return a bare value as inline nodes: by its type, and null in words."""
    if value is None:
        return [Nothing(NO_VALUE)]
    return [Text(format_value(value), isolate=isinstance(value, str))]


class _Builder:
    """Walks one parsed text, putting values in the place of their tokens."""

    def __init__(self, template: Template, source: str, values: list[Value]) -> None:
        self._template = template
        self._source = source
        self._values = values
        self._level = 1
        self._heading = ""

    def blocks(self, nodes: Any) -> list[Block]:
        out: list[Block] = []
        for node in nodes:
            for block in self._block(node):
                last = out[-1] if out else None
                if isinstance(block, Figures) and isinstance(last, Figures):
                    out[-1] = Figures([*last.figures, *block.figures])
                else:
                    out.append(block)
        return out

    def _block(self, node: _Node) -> list[Block]:
        match node["type"]:
            case "blank_line":
                return []
            case "paragraph" | "block_text":
                return self._paragraph(node["children"])
            case "heading":
                self._level = min(node["attrs"]["level"], self._level + 1)
                children = self._inlines(node["children"])
                self._heading = plain_text(children)
                return [Heading(self._level, children)]
            case "list":
                items = [self.blocks(item["children"]) for item in node["children"]]
                return [Listing(bool(node["attrs"]["ordered"]), items)]
            case "block_quote":
                return [Quote(self.blocks(node["children"]))]
            case "block_code":
                return [Preformatted(plain_text(self.text(node["raw"].rstrip("\n"))))]
            case "thematic_break":
                return [Rule()]
            case "table":
                return [self._table(node)]
        raise self._unsupported(node)

    def _paragraph(self, nodes: list[_Node]) -> list[Block]:
        if all(node["type"] in ("text", "softbreak") for node in nodes):
            raw = "".join(node.get("raw", " ") for node in nodes)
            values = [self._values[int(index)].value for index in _TOKEN.findall(raw)]
            if values and not _TOKEN.sub("", raw).strip():
                blocks = [value for value in values if isinstance(value, Block | Figure)]
                if len(blocks) == len(values):
                    return [Figures([b]) if isinstance(b, Figure) else b for b in blocks]
        return [Paragraph(self._inlines(nodes))]

    def _table(self, node: _Node) -> Table:
        head, *body = node["children"]
        columns = [
            Heads(self._inlines(cell["children"]), cell["attrs"]["align"] == "right")
            for cell in head["children"]
        ]
        rows = [
            [self._inlines(cell["children"]) for cell in row["children"]]
            for part in body
            for row in part["children"]
        ]
        return Table(self._heading, columns, rows)

    def _inlines(self, nodes: list[_Node]) -> list[Inline]:
        return [inline for node in nodes for inline in self._inline(node)]

    def _inline(self, node: _Node) -> list[Inline]:
        match node["type"]:
            case "text":
                return self.text(node["raw"])
            case "strong":
                return [Strong(self._inlines(node["children"]))]
            case "emphasis":
                return [Emphasis(self._inlines(node["children"]))]
            case "codespan":
                return [Code(plain_text(self.text(node["raw"])))]
            case "softbreak":
                return [Text(" ")]
            case "linebreak":
                return [Break()]
            case "link":
                url = node["attrs"]["url"]
                if not _LINK.match(url) or "%EE%80%8" in url:
                    raise self._template.error(
                        self._find(node["children"][0].get("raw", url)),
                        f'link to "{url}": write a full address; use the link of a column or '
                        "value for other pages",
                    )
                return [Link(url, self._inlines(node["children"]))]
        raise self._unsupported(node)

    def text(self, raw: str) -> list[Inline]:
        """Split text at its tokens and put the values in as plain text."""
        out: list[Inline] = []
        for part, piece in enumerate(_TOKEN.split(raw)):
            if part % 2 == 0:
                if piece:
                    out.append(Text(unescape(piece)))
                continue
            kept = self._values[int(piece)]
            match kept.value:
                case list() as inlines if all(isinstance(node, Inline) for node in inlines):
                    out += inlines
                case Figure() | Figures() | Table() | Chart() | Bars() | Paragraph():
                    raise self._template.error_at(
                        kept, "a table, chart or headline figure stands on a line of its own"
                    )
                case value:
                    out += value_text(value)
        return out

    def _find(self, text: str) -> int:
        """Return the line some rendered text stands on; loops before it may shift it."""
        wanted = _TOKEN.split(text.strip().split("\n")[0])[0]
        lines = self._source.split("\n")
        return next((n for n, line in enumerate(lines, 1) if wanted and wanted in line), 1)

    def _unsupported(self, node: _Node) -> Exception:
        what = "HTML" if "html" in node["type"] else node["type"].replace("_", " ")
        raw = node.get("raw") or plain_text(self._inlines(node.get("children", [])))
        return self._template.error(
            self._find(raw), f"{what} is not part of the page language: {raw.strip()[:40]!r}"
        )
