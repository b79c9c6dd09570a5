"""The formal PDF: its parts, its type area, its scripts, and that the same data give the same bytes."""

import ctypes
import dataclasses
import os
import subprocess
import sys
import unicodedata
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pypdfium2
import pypdfium2.raw as pdfium
import pytest
from scripts import DRAWN_OTHERWISE, NAMES

from reports import charts
from reports.document import (
    Attachment,
    Bar,
    Bars,
    Block,
    Document,
    Heading,
    Heads,
    Paragraph,
    Strong,
    Table,
    Text,
)
from reports.pdf import MOST_ROWS, PdfWriter
from reports.pdfread import read_pdf

FINGERPRINT = "0123456789abcdef" * 4
MARGIN = 51.0


@pytest.fixture(scope="module")
def writer() -> PdfWriter:
    return PdfWriter()


def document(*blocks: Block, title: str = "Performance of Ada", **more: object) -> Document:
    facts = [("Period", "October 2026"), ("Data fingerprint", FINGERPRINT)]
    stamped = datetime(2026, 11, 2, tzinfo=UTC)
    return Document(
        [Text(title)],
        "Ada",
        "October 2026",
        "Revision 2",
        FINGERPRINT,
        facts,
        list(blocks),
        timestamp=stamped,
        **more,  # type: ignore[arg-type]
    )


def table(columns: int, rows: int, first: str = "Łucja Kowalczyk-Wiśniewska") -> Table:
    heads = [Heads([Text(f"Attainment of figure {n}")], right=n > 0) for n in range(columns)]
    cells = [
        [[Text(f"{(row + 1) * 1234567:,}" if n else first)] for n in range(columns)]
        for row in range(rows)
    ]
    return Table("Wide", heads, cells)


def boxes(content: bytes) -> list[tuple[float, float, float]]:
    """The left and right edge of everything drawn as text, and the width of its page."""
    found = []
    for page in pypdfium2.PdfDocument(content):
        text = page.get_textpage()
        for n in range(text.count_chars()):
            if (
                pdfium.FPDFText_IsGenerated(text.raw, n) == 0
                and not chr(pdfium.FPDFText_GetUnicode(text.raw, n)).isspace()
            ):
                left, _, right, _ = text.get_charbox(n)
                found.append((left, right, page.get_width()))
    return found


def joined(text: str) -> str:
    """Text without white space, and composed the same way."""
    return "".join(unicodedata.normalize("NFKC", text).split()).replace("\u200b", "")


def test_every_page_says_what_it_is_of(writer: PdfWriter) -> None:
    pages = read_pdf(writer.write(document(table(3, 150)))).pages
    assert len(pages) > 2
    assert FINGERPRINT in joined(pages[0])
    for number, page in enumerate(pages, 1):
        lines = page.replace("\u2069", "").split("\r\n")
        assert lines[0] == "Ada · October 2026 Revision 2 · data 0123456789ab"
        assert lines[-1] == f"Scorehouse Page {number} of {len(pages)}"


def test_a_table_repeats_its_heads_and_keeps_its_caption(writer: PdfWriter) -> None:
    filling = [Paragraph([Text("Words.")]) for _ in range(37)]
    pages = read_pdf(writer.write(document(*filling, table(3, 150)))).pages
    bodies = [page for page in pages if "1,234,567" in page or "Łucja" in page]
    assert len(bodies) > 2
    assert all("Attainment of figure 2" in page for page in bodies)
    captioned = next(page for page in pages if "Wide" in page)
    assert "Łucja" in captioned


def test_a_small_line_stands_before_its_words_as_an_ornament(writer: PdfWriter) -> None:
    def drawn(node: Text) -> tuple[int, str]:
        cells = [[[Text("FCR")], [node]]]
        content = writer.write(
            document(Table("T", [Heads([Text("a")]), Heads([Text("b")])], cells))
        )
        (page,) = pypdfium2.PdfDocument(content)
        shapes = len(list(page.get_objects(filter=[pdfium.FPDF_PAGEOBJ_PATH])))
        read = read_pdf(content)
        assert read.spoken == []
        return shapes, joined(read.pages[0])

    plain = Text("70% → 80%")
    drawing = charts.spark_line([0.7, 0.8], "trend of 2")
    without, with_it = drawn(plain), drawn(dataclasses.replace(plain, drawing=drawing))
    assert with_it[0] > without[0]
    assert with_it[1] == without[1]
    assert drawn(Text("", drawing=drawing))[0] == without[0]


def test_headings_are_bookmarks(writer: PdfWriter) -> None:
    blocks = [
        block
        for level, words in ((2, "One"), (3, "Under one"), (2, "Two"))
        for block in (Heading(level, [Text(words)]), Paragraph([Text("Words.")]))
    ]
    content = writer.write(document(*blocks, definitions=[("Occupancy", "Busy time.")]))
    toc = [(mark.level, mark.get_title()) for mark in pypdfium2.PdfDocument(content).get_toc()]
    assert toc == [(0, "One"), (1, "Under one"), (0, "Two"), (0, "Definitions")]


def test_definitions_close_the_report(writer: PdfWriter) -> None:
    defined = [("Occupancy", "Handling as a share of #handling and available time.")]
    shown = "".join(read_pdf(writer.write(document(definitions=defined))).pages)
    assert "Occupancy Handling as a share of #handling and available time." in shown
    assert "Definitions" not in "".join(read_pdf(writer.write(document())).pages)


@pytest.mark.parametrize("columns", [3, 8, 10, 12, 16, 22])
def test_nothing_leaves_the_type_area(writer: PdfWriter, columns: int) -> None:
    edges = boxes(writer.write(document(table(columns, 4))))
    assert len(edges) > 100
    assert min(left for left, _, _ in edges) > MARGIN - 2
    assert max(right - width for _, right, width in edges) < -MARGIN + 2
    turned = {width > 800 for _, _, width in edges}
    assert turned == ({False, True} if columns > 10 else {False})


@pytest.mark.parametrize("letter", ["x", "W", "ж", "李", "م"])
def test_a_word_that_no_line_holds_is_broken(writer: PdfWriter, letter: str) -> None:
    name = letter * 10_000
    blocks = (Paragraph([Text(name, isolate=True)]), table(8, 1, letter * 500))
    edges = boxes(writer.write(document(*blocks, title=letter * 300)))
    assert max(right - width for _, right, width in edges) < -MARGIN + 2


@pytest.mark.parametrize("script", NAMES)
def test_a_name_comes_out_as_it_went_in(writer: PdfWriter, script: str) -> None:
    name = NAMES[script]
    blocks = [Paragraph([Text(name, isolate=True)]), Paragraph([Strong([Text(name)])])]
    pdf = read_pdf(writer.write(document(*blocks, title=name)))
    text = joined("".join(pdf.pages))
    assert "Printed as" not in "".join(pdf.pages)
    if script in DRAWN_OTHERWISE:
        assert set(joined(name)) <= set(joined("".join("".join(units) for units in pdf.drawn)))
    else:
        assert text.count(joined(name)) >= 3
    assert name in pdf.about


def test_a_character_without_a_font_is_named(writer: PdfWriter) -> None:
    words = "".join(read_pdf(writer.write(document(Paragraph([Text("ᚠᛇ")])))).pages)
    assert "ᚠ" not in words
    assert "Printed as \ufffd, because no installed font has it: U+16A0 RUNIC LETTER" in words


def test_what_cannot_be_printed_is_attached_as_it_is(writer: PdfWriter) -> None:
    files = [Attachment("days.csv", "d", "name\r\nᚠ\r\n")]
    pdf = read_pdf(writer.write(document(Paragraph([Text("ᚠ")]), attachments=files)))
    assert pdf.attachments == [("days.csv", "name\r\nᚠ\r\n".encode())]
    assert "ᚠ" not in "".join(pdf.pages)


AGAIN = """
import sys, time
time.sleep(1.1)
sys.path.insert(0, sys.argv[1])
from test_pdf import PdfWriter, document, table
sys.stdout.buffer.write(PdfWriter().write(document(table(12, 40))))
"""


def test_the_same_bytes_at_another_time_in_another_process(writer: PdfWriter) -> None:
    first = writer.write(document(table(12, 40)))
    second = subprocess.run(
        [sys.executable, "-c", AGAIN, str(Path(__file__).parent)],
        env={**os.environ, "TZ": "Asia/Manila", "PYTHONHASHSEED": "7"},
        capture_output=True,
        check=True,
    ).stdout
    assert first == second


def test_a_title_of_another_language_is_marked(writer: PdfWriter) -> None:
    pdf = pypdfium2.PdfDocument(writer.write(document(language="pl")))
    size = pdfium.FPDFCatalog_GetLanguage(pdf.raw, None, 0)
    buffer = ctypes.create_string_buffer(size)
    pdfium.FPDFCatalog_GetLanguage(
        pdf.raw, ctypes.cast(buffer, ctypes.POINTER(pdfium.FPDF_WCHAR)), size
    )
    assert buffer.raw.decode("utf-16-le").rstrip("\0") == "pl"


def bars(count: int) -> Bars:
    drawn = [Bar([Text("Ada")], [Text(f"{(n + 1) * 1234567:,}")], 0.5) for n in range(count)]
    return Bars("Scores", "Agent", "Score", drawn)


@pytest.mark.parametrize(("kind", "made"), [("table", lambda n: table(3, n)), ("bars", bars)])
def test_what_nobody_reads_to_its_end_is_cut_and_says_so(
    writer: PdfWriter, kind: str, made: Callable[[int], Block]
) -> None:
    whole = read_pdf(writer.write(document(made(MOST_ROWS))))
    cut = read_pdf(writer.write(document(made(MOST_ROWS + 700))))
    last, next_one = f"{MOST_ROWS * 1234567:,}", f"{(MOST_ROWS + 1) * 1234567:,}"
    for pdf in (whole, cut):
        assert last in " ".join(pdf.pages), kind
        assert next_one not in " ".join(pdf.pages)
    said = f"The first {MOST_ROWS} of {MOST_ROWS + 700:,} rows."
    assert said in " ".join(" ".join(cut.pages).split())
    assert "The first" not in " ".join(whole.pages)


def test_what_was_set_is_forgotten_so_that_large_documents_fit_one_after_the_other() -> None:
    # In a process of its own: the memory that another test took is not given back.
    code = """
import sys
from pathlib import Path
sys.path.insert(0, "tests/unit/reports")
from test_pdf import document, table
from reports.pdf import PdfWriter
writer = PdfWriter()
for number in range(-1, 6):
    if number >= 0:
        writer.write(document(table(6, 500, first=f"Row of document {number}")))
    print(Path("/proc/self/status").read_text().partition("VmHWM:")[2].split()[0])
"""
    root = Path(__file__).parents[3]
    done = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    peaks = [int(peak) for peak in done.stdout.split()]
    # Four more documents take less than the first one did.
    assert peaks[-1] - peaks[2] < peaks[1] - peaks[0], peaks
