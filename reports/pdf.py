"""The document model as PDF/A-3a + PDF/UA-1, set by Typst."""

import dataclasses
import functools
import importlib.util
import json
import re
import unicodedata
from collections.abc import Set
from pathlib import Path
from typing import Any, TypeVar

import typst

from reports.document import Bars, Chart, Document, Inline, Paragraph, Table, Text, plain_text
from reports.errors import ReportError
from reports.formats import REPLACEMENT, format_value

_TEMPLATE = Path(__file__).parent / "theme" / "report.typ"
_STANDARDS = ["a-3a", "ua-1"]
_FONT_PACKAGES = ("manimgx_fonts", "justmytype_intl_cjk")
# A character is set in the first of these that has it. Chinese characters take their simplified forms first;
# Japanese names share those forms.
_FAMILIES = (
    "Noto Sans",
    *(
        f"Noto Sans {script}"
        for script in (
            *("Arabic", "Hebrew", "Devanagari", "Bengali", "Gurmukhi", "Gujarati", "Oriya"),
            *("Tamil", "Telugu", "Kannada", "Malayalam", "Sinhala", "Thai", "Lao", "Myanmar"),
            *("Khmer", "Georgian", "Armenian", "Ethiopic", "SC", "TC", "JP", "KR", "Symbols"),
        )
    ),
    "Noto Emoji",
)
_REFUSED = re.compile(r'(?:text|codepoint) `"((?:[^"\\]|\\.)*)"`')
_SHORT_FINGERPRINT = 12
_LONGEST_SUBJECT = 60
_LONGEST_WORD = 24
_LONG_WORD = re.compile(rf"[^\s\u200b-\u200f-]{{{_LONGEST_WORD}}}(?=\S)")
# Points: the type area of A4 upright and on its side, white space beside a cell, sizes to try.
_UPRIGHT, _TURNED = 493.0, 739.0
_INSETS = 8.0
_SIZES = (8.5, 7.5, 6.5)
_FEW_COLUMNS = 7
_DRAWN = "000000 "  # as wide as a small drawing
# Rows of a table that are printed: Typst takes some 200 kB for each, and nobody reads more of them on paper.
MOST_ROWS = 500
# Documents of which Typst remembers the parts, and the length from which on that is worth forgetting.
_REMEMBERED, _LARGE = 10, 100_000
_BROAD, _NARROW = frozenset("ABCDEGHKMNOPQRUVWXYZmw%@&+=<>"), frozenset(" .,:;'!|()[]iljtfI-/")
_Row = TypeVar("_Row")
_ESCAPE = re.compile(r"\\u\{([0-9a-f]+)\}|\\(.)")


def font_folders() -> list[Path]:
    """Return the folders of the installed font packages; a missing one is a ReportError."""
    folders = []
    for package in _FONT_PACKAGES:
        spec = importlib.util.find_spec(package)
        if spec is None or spec.origin is None:
            raise ReportError(f"the font package {package} is not installed: run `make setup`")
        folders.append(Path(spec.origin).parent)
    return folders


class PdfWriter:
    """Sets documents as PDF with one set of fonts."""

    def __init__(self) -> None:
        """Read the installed fonts; those of the operating system are left out."""
        fonts = typst.Fonts(False, True, [str(folder) for folder in font_folders()])
        self._compiler: Any = typst.Compiler(
            input=str(_TEMPLATE), root=str(_TEMPLATE.parent), font_paths=fonts
        )
        self._nothing = typst.Compiler(font_paths=fonts)

    def write(self, document: Document) -> bytes:
        """Return the PDF of a document: the same document, the same bytes.

        A character that no font has prints as U+FFFD, and a note at the end says which one it was.
        Charts with labels that PDF/A refuses inside a drawing are put in words.
        Raises ReportError when Typst refuses the document or warns about it.
        """
        replaced: set[str] = set()
        drawn = True
        while True:
            inputs = template_inputs(document, replaced, drawn)
            try:
                content, warnings = self._compiler.compile_with_warnings(
                    format="pdf",
                    sys_inputs=inputs,
                    pdf_standards=_STANDARDS,
                    timestamp=document.timestamp and document.timestamp.replace(microsecond=0),
                )
            except typst.TypstError as error:
                if drawn and "missing codepoints" in str(error):
                    drawn = False
                    continue
                refused = _refused(error) - replaced
                if not refused:
                    raise _failure(document, error) from error
                replaced |= refused
                continue
            if warnings:
                raise _failure(document, warnings[0])
            if len(inputs["document"]) > _LARGE:
                self._forget()
            return bytes(content)

    def _forget(self) -> None:
        """Let Typst drop what it remembers of a document: it does so once it has set ten others."""
        for _ in range(_REMEMBERED + 1):
            self._nothing.compile(input=b"", format="pdf")


def _refused(error: Exception) -> set[str]:
    """Return the characters that no font can show, from what Typst says about them.

    A mark drags the letter it stands on into the complaint, so marks are replaced first.
    """
    texts = _REFUSED.findall(str(getattr(error, "diagnostic", error)))
    characters = {c for text in texts for c in _ESCAPE.sub(_unescaped, text) if not c.isascii()}
    marks = {c for c in characters if unicodedata.category(c).startswith("M")}
    return (marks or characters) - {REPLACEMENT}


def _unescaped(match: re.Match[str]) -> str:
    return chr(int(match[1], 16)) if match[1] else match[2]


def _failure(document: Document, reason: object) -> ReportError:
    message = getattr(reason, "message", None) or str(reason)
    return ReportError(f"the PDF of {document.subject} cannot be set: {message}")


def template_inputs(
    document: Document, replaced: Set[str] = frozenset(), drawn: bool = True
) -> dict[str, str]:
    """Return what the template reads, as JSON.

    replaced: characters that print as U+FFFD; drawn: whether charts are drawn or put in words.
    """
    # The attachments go apart, because what cannot be printed can be attached as it is.
    files = json.dumps(document.attachments, ensure_ascii=False, default=_fields)
    return {"document": _json(document, replaced, drawn), "attachments": files}


def _json(document: Document, replaced: Set[str], drawn: bool) -> str:
    content = {
        **vars(document),
        "attachments": [],
        "plain_title": plain_text(document.title),
        "short_subject": _shortened(document.subject),
        "short_fingerprint": document.fingerprint[:_SHORT_FINGERPRINT],
        "definitions_title": "Definitions",
        "fonts": _FAMILIES,
        "notes": [],
    }
    if replaced:
        names = ", ".join(
            f"U+{ord(c):04X} {unicodedata.name(c, 'unnamed')}" for c in sorted(replaced)
        )
        content["notes"] = [f"Printed as {REPLACEMENT}, because no installed font has it: {names}."]
    fields = _fields if drawn else _fields_undrawn
    text = json.dumps(content, ensure_ascii=False, default=fields)
    return text.translate(dict.fromkeys(map(ord, replaced), REPLACEMENT)) if replaced else text


def _fields(node: object) -> object:
    """Return what the template reads of a node; json walks through lists and strings itself."""
    if isinstance(node, Text):
        words = _breakable(node.text)
        return {"kind": "text", "text": words, "isolate": node.isolate, "drawing": node.drawing}
    if isinstance(node, Table):
        rows, cut = _printed(node.rows)
        table = dataclasses.replace(node, rows=rows, note=" ".join(filter(None, (node.note, cut))))
        return {"kind": "table", **vars(table), **vars(fit(table))}
    if isinstance(node, Bars):
        bars, cut = _printed(node.bars)
        return {"kind": "bars", **vars(node), "bars": bars, "note": cut}
    return (
        {"kind": type(node).__name__.lower(), **vars(node)}
        if dataclasses.is_dataclass(node)
        else str(node)
    )


def _printed(rows: list[_Row]) -> tuple[list[_Row], str]:
    """The rows of a table or the bars that are printed, and words about those that are not."""
    if len(rows) <= MOST_ROWS:
        return rows, ""
    first, whole = (format_value(count, "int") for count in (MOST_ROWS, len(rows)))
    return rows[:MOST_ROWS], (
        f"The first {first} of {whole} rows. The page of this report has all of them, also as CSV."
    )


def _fields_undrawn(node: object) -> object:
    if isinstance(node, Chart):
        node = Paragraph([Text(f"{node.title}. {node.description}")])
    return _fields(node)


def _shortened(text: str) -> str:
    return text if len(text) <= _LONGEST_SUBJECT else f"{text[: _LONGEST_SUBJECT - 1]}…"


def _breakable(text: str) -> str:
    """Let a line break inside words that no line could hold."""
    if len(text) <= _LONGEST_WORD:
        return text
    return _LONG_WORD.sub(lambda word: f"{word[0]}\u200b", text)


@dataclasses.dataclass(frozen=True)
class Fit:
    """How a table is set so that it keeps to the page: points; widths None is as wide as its words."""

    size: float
    widths: list[float] | None
    turned: bool


def fit(table: Table) -> Fit:
    """Choose a table's type size, its columns' widths and whether its page lies on its side.

    Widths are estimated from the characters, on the high side; no word is cut.
    """
    texts = [
        [plain_text(head.title) for head in table.columns],
        *([_cell_text(cell) for cell in row] for row in table.rows),
    ]
    columns = list(zip(*texts, strict=True))
    whole = [max(map(_width, column)) for column in columns]
    words = [max(_width(word) for text in column for word in _words(text)) for column in columns]
    insets = _INSETS * len(columns)
    sizes = _SIZES if len(columns) <= _FEW_COLUMNS else _SIZES[1:]
    for turned, room in ((False, _UPRIGHT), (True, _TURNED)):
        if sum(whole) * sizes[0] + insets <= room:
            return Fit(sizes[0], None, turned)
        for size in sizes:
            if sum(words) * size + insets <= room:
                return Fit(size, _shared(words, whole, size, room), turned)
    return Fit(_SIZES[-1], [room / len(columns)] * len(columns), True)


def _cell_text(cell: list[Inline]) -> str:
    drawings = sum(isinstance(node, Text) and node.drawing != "" != node.text for node in cell)
    return _DRAWN * drawings + plain_text(cell)


def _shared(words: list[float], whole: list[float], size: float, room: float) -> list[float]:
    """Give each column its longest word, and share what is left by how much more each wants."""
    least = [width * size + _INSETS for width in words]
    wanted = [(a - b) * size for a, b in zip(whole, words, strict=True)]
    left = room - sum(least)
    return [round(a + left * b / sum(wanted), 2) for a, b in zip(least, wanted, strict=True)]


def _words(text: str) -> list[str]:
    return _breakable(text).replace("\u200b", " ").split() or [""]


@functools.lru_cache(maxsize=4096)
def _width(text: str) -> float:
    """Return the width of a text in bold, in units of its size."""
    if text.isascii():
        return sum(0.72 if c in _BROAD else 0.31 if c in _NARROW else 0.61 for c in text)
    wide = sum(unicodedata.east_asian_width(c) in "WF" for c in text)
    marks = sum(unicodedata.combining(c) > 0 for c in text)
    return wide * 1.0 + (len(text) - wide - marks) * 0.66
