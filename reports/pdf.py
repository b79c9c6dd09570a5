"""The document model as PDF/A-3a + PDF/UA-1, set by Typst."""

import dataclasses
import importlib.util
import json
import re
import threading
import unicodedata
from pathlib import Path
from typing import Any

import typst

from reports.document import Chart, Document, Paragraph, Text, plain_text
from reports.errors import ReportError
from reports.formats import REPLACEMENT

_TEMPLATE = Path(__file__).parent / "theme" / "report.typ"
_STANDARDS = ["a-3a", "ua-1"]
_FONT_PACKAGES = (
    "fontpkg_noto_sans",
    "fontpkg_noto_sans_arabic",
    "fontpkg_noto_sans_devanagari",
    "justmytype_intl_cjk",
)
_REFUSED = re.compile(r'(?:text|codepoint) `"((?:[^"\\]|\\.)*)"`')
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
    """Sets documents as PDF with one set of fonts; may be used from several threads at once."""

    def __init__(self) -> None:
        """Read the installed fonts; those of the operating system are left out."""
        self._fonts = typst.Fonts(False, True, [str(folder) for folder in font_folders()])
        self._own = threading.local()

    def _compiler(self) -> Any:
        if not hasattr(self._own, "compiler"):
            self._own.compiler = typst.Compiler(
                input=str(_TEMPLATE), root=str(_TEMPLATE.parent), font_paths=self._fonts
            )
        return self._own.compiler

    def write(self, document: Document) -> bytes:
        """Return the PDF of a document: the same document, the same bytes.

        A character that no font has prints as U+FFFD, and a note at the end says which one it was.
        Charts with labels that PDF/A refuses inside a drawing are put in words.
        Raises ReportError when Typst refuses the document or warns about it.
        """
        replaced: set[str] = set()
        drawn = True
        while True:
            try:
                content, warnings = self._compiler().compile_with_warnings(
                    format="pdf",
                    sys_inputs={"document": _json(document, replaced, drawn)},
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
            return bytes(content)


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


def _json(document: Document, replaced: set[str], drawn: bool) -> str:
    content = _plain(document, drawn)
    content["plain_title"] = plain_text(document.title)
    content["notes"] = []
    if replaced:
        names = ", ".join(
            f"U+{ord(c):04X} {unicodedata.name(c, 'unnamed')}" for c in sorted(replaced)
        )
        content["notes"] = [f"Printed as {REPLACEMENT}, because no installed font has it: {names}."]
    text = json.dumps(content, ensure_ascii=False, default=str)
    return text.translate({ord(c): REPLACEMENT for c in replaced})


def _plain(node: Any, drawn: bool) -> Any:
    if isinstance(node, Chart) and not drawn:
        node = Paragraph([Text(f"{node.title}. {node.description}")])
    if dataclasses.is_dataclass(node) and not isinstance(node, type):
        fields = {f.name: _plain(getattr(node, f.name), drawn) for f in dataclasses.fields(node)}
        return {"kind": type(node).__name__.lower(), **fields}
    return [_plain(item, drawn) for item in node] if isinstance(node, list | tuple) else node
