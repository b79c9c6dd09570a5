"""Reading a finished PDF back: its text, what its tags say, its metadata, and what is attached."""

import ctypes
import html
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pypdfium2
import pypdfium2.raw as pdfium

_XMP = re.compile(rb"<x:xmpmeta.*?</x:xmpmeta>", re.DOTALL)
_DEEPEST = 200
# Scripts whose letters join, stack or run from right to left, so that a PDF holds their shapes.
SHAPED = re.compile("[\u0590-\u109f\u1780-\u17ff]")


@dataclass(frozen=True)
class PdfText:
    """Everything in a PDF that can be read.

    pages: each page's text as it lies, line by line. drawn: each page's text objects in the order
    they were drawn. Right-to-left text is drawn from its end, an object at a time; within an object
    its letters are in the order they are read. Pages without any letter of a SHAPED script have
    none: their text as it lies is exact.
    spoken: alternative texts of drawings. about: metadata, bookmarks and targets of links.
    attachments: name and bytes.
    """

    pages: list[str]
    drawn: list[list[str]]
    spoken: list[str]
    about: list[str]
    attachments: list[tuple[str, bytes]]


def read_pdf(content: bytes) -> PdfText:
    """Read a PDF, in one thread at a time; what PDFium cannot open is a ValueError."""
    try:
        document = pypdfium2.PdfDocument(content)
    except pypdfium2.PdfiumError as error:
        raise ValueError(f"not a PDF: {error}") from error
    try:
        about = [str(value) for value in document.get_metadata_dict(skip_empty=True).values()]
        about += [bookmark.get_title() for bookmark in document.get_toc()]
        about += [
            html.unescape(re.sub(r"<[^>]*>", "\n", packet.decode("utf-8", "replace")))
            for packet in _XMP.findall(content)
        ]
        attachments = []
        for number in range(document.count_attachments()):
            attachment = document.get_attachment(number)
            attachments.append((attachment.get_name(), bytes(attachment.get_data())))
        text = PdfText([], [], [], about, attachments)
        for page in document:
            _read_page(document, page, text)
        return text
    finally:
        document.close()


def _read_page(document: pypdfium2.PdfDocument, page: pypdfium2.PdfPage, text: PdfText) -> None:
    textpage = page.get_textpage()
    text.pages.append(textpage.get_text_range())
    text.drawn.append(list(_units(page, textpage)) if SHAPED.search(text.pages[-1]) else [])
    text.spoken.extend(_alternatives(page))
    text.about.extend(_links(document, page))
    textpage.close()
    page.close()


def _units(page: pypdfium2.PdfPage, textpage: pypdfium2.PdfTextPage) -> Iterator[str]:
    """Yield the units of a page's text objects, those inside drawings too."""
    for item in page.get_objects(filter=[pdfium.FPDF_PAGEOBJ_TEXT], textpage=textpage):
        yield _string(
            lambda buffer, size, raw=item.raw: pdfium.FPDFTextObj_GetText(
                raw, textpage.raw, ctypes.cast(buffer, ctypes.POINTER(pdfium.FPDF_WCHAR)), size
            )
        )


def _alternatives(page: pypdfium2.PdfPage) -> Iterator[str]:
    tree = pdfium.FPDF_StructTree_GetForPage(page.raw)
    if not tree:
        return
    try:
        for number in range(pdfium.FPDF_StructTree_CountChildren(tree)):
            yield from _of_element(pdfium.FPDF_StructTree_GetChildAtIndex(tree, number), 0)
    finally:
        pdfium.FPDF_StructTree_Close(tree)


def _of_element(element: object, depth: int) -> Iterator[str]:
    if not element or depth > _DEEPEST:
        return
    for call in (pdfium.FPDF_StructElement_GetAltText, pdfium.FPDF_StructElement_GetActualText):
        words = _string(lambda buffer, size, call=call: call(element, buffer, size))
        if words:
            yield words
    for number in range(pdfium.FPDF_StructElement_CountChildren(element)):
        child = pdfium.FPDF_StructElement_GetChildAtIndex(element, number)
        yield from _of_element(child, depth + 1)


def _links(document: pypdfium2.PdfDocument, page: pypdfium2.PdfPage) -> Iterator[str]:
    position, link = ctypes.c_int(0), pdfium.FPDF_LINK()
    while pdfium.FPDFLink_Enumerate(page.raw, ctypes.byref(position), ctypes.byref(link)):
        action = pdfium.FPDFLink_GetAction(link)
        size = pdfium.FPDFAction_GetURIPath(document.raw, action, None, 0) if action else 0
        if size:
            buffer = ctypes.create_string_buffer(size)
            pdfium.FPDFAction_GetURIPath(document.raw, action, buffer, size)
            yield buffer.raw.rstrip(b"\0").decode("utf-8", "replace")


def _string(call: Callable[..., int]) -> str:
    """Return what a PDFium function writes as UTF-16 into a buffer whose size it tells first."""
    size = call(None, 0)
    if size <= 2:
        return ""
    buffer = ctypes.create_string_buffer(size)
    call(buffer, size)
    return _decoded(buffer.raw)


def _decoded(raw: bytes) -> str:
    return raw.decode("utf-16-le", "replace").rstrip("\0")


def text_of_pdf(content: bytes) -> str:
    """Return everything in a PDF that can be read as one text; what cannot be opened is a ValueError."""
    found = read_pdf(content)
    attached = [data.decode("utf-8", "replace") for _, data in found.attachments]
    names = [name for name, _ in found.attachments]
    parts = [*found.pages, *found.spoken, *found.about, *names, *attached]
    return "\n".join([*parts, *(unit for page in found.drawn for unit in page)])
