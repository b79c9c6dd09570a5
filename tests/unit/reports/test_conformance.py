"""Every PDF that the reports of the fixtures hold is a valid PDF/A-3a and PDF/UA-1 file."""

import re
import shutil
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import page
import pytest
from scripts import NAMES
from warehouse_fixture import PAGES, PERIOD

import reports
from reports.document import Document, Heading, Heads, Paragraph, Strong, Table, Text
from reports.pdf import PdfWriter

STANDARDS = (page.ValidationProfile.PDF_A_3A, page.ValidationProfile.PDF_UA_1)


LENGTHS = re.compile(rb"/Length (\d+)")
# The checker takes a line end that is the last byte of a compressed stream for the one after it.
LENGTH = "PDFA3A-STREAM-LENGTH-001"


def faults(path: Path) -> list[str]:
    """What a checker finds, its known mistake left out where the lengths are right."""
    found = []
    for standard in STANDARDS:
        report = page.validate_pdf(str(path), profile=standard)
        assert report.is_compliant == (not report.failures)
        found += [
            f"{standard.value} {one.rule_id}: {one.message}"
            for one in report.failures
            if one.rule_id != LENGTH or not lengths_are_right(path.read_bytes())
        ]
    return found


def lengths_are_right(content: bytes) -> bool:
    """Whether each stream ends where its dictionary says."""
    ends = []
    for length in LENGTHS.finditer(content):
        start = content.index(b"stream\n", length.end(), length.end() + 500) + len(b"stream\n")
        ends.append(start + int(length[1]))
    return len(ends) == content.count(b"endstream") and all(
        content.startswith(b"\nendstream", end) for end in ends
    )


def check(folder: Path, least: int) -> None:
    pdfs = sorted(folder.rglob("*.pdf"))
    assert len(pdfs) >= least
    assert {path.name: faults(path) for path in pdfs if faults(path)} == {}
    if shutil.which("qpdf"):
        for path in pdfs:
            subprocess.run(["qpdf", "--check", str(path)], check=True, capture_output=True)


def test_the_pdfs_of_a_month(closed: Path) -> None:
    check(closed, 8)


def test_the_pdfs_of_a_month_of_hostile_names(hostile_month: tuple[Path, dict[str, str]]) -> None:
    check(hostile_month[0], 100)


def test_the_pdfs_of_a_month_that_is_not_closed(database: Path, tmp_path: Path) -> None:
    reports.render_reports(database, PERIOD, tmp_path, provisional=True, pages=PAGES)
    check(tmp_path, 8)


def test_a_pdf_with_every_script_and_a_table_on_its_side(tmp_path: Path) -> None:
    heads = [Heads([Text(f"Attainment of figure {n}")], right=n > 0) for n in range(14)]
    rows = [[[Text(f"{row * n:,}")] for n in range(14)] for row in range(60)]
    names = [Paragraph([Text(name, isolate=True), Strong([Text(name)])]) for name in NAMES.values()]
    document = Document(
        [Text("All")],
        "All",
        "October 2026",
        "Revision 1",
        "f" * 64,
        [("Period", "October 2026")],
        [Heading(2, [Text("Names")]), *names, Table("Wide", heads, rows)],
        timestamp=datetime(2026, 11, 2, tzinfo=UTC),
        definitions=[("Occupancy", "Busy time.")],
    )
    (tmp_path / "all.pdf").write_bytes(PdfWriter().write(document))
    check(tmp_path, 1)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"<pdfaid:part>3</pdfaid:part>", b"<pdfaid:part>2</pdfaid:part>"),
        (b"/Marked true", b"/Marked null"),
        (b"/DisplayDocTitle true", b"/DisplayDocTitle null"),
    ],
)
def test_the_checker_sees_what_is_missing(
    closed: Path, tmp_path: Path, old: bytes, new: bytes
) -> None:
    content = next(iter(sorted(closed.rglob("*.pdf")))).read_bytes()
    assert old in content
    (tmp_path / "broken.pdf").write_bytes(content.replace(old, new))
    assert faults(tmp_path / "broken.pdf")
