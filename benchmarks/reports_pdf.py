"""How many PDFs a second `PdfWriter` sets, against Typst alone on the same template and content.

Typst alone gets the finished JSON and a compiler that is ready. Each measurement is a process of its own,
because Typst remembers what it has set; both kinds take turns, five times, and the table shows medians.
"""

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any, ClassVar

import typst

import reports.processes
import reports.rendering
import reports.site
from benchmarks.measuring import OURS, ROOT, Cost, Row, median, python
from reports import pdf
from reports.document import Document

ROUNDS = 5
_WARMING = 2


class _Collecting(pdf.PdfWriter):
    """Keeps what it is given and sets nothing."""

    documents: ClassVar[list[Document]] = []

    def write(self, document: Document) -> bytes:
        """Keep the document."""
        self.documents.append(document)
        return b""


def documents(database: Path, month: date) -> list[Document]:
    """What the month's reports give to be set, one document a PDF."""
    reports.processes.PROCESSES = 1
    writer, reports.rendering.PdfWriter = reports.rendering.PdfWriter, _Collecting  # type: ignore[misc]
    try:
        with tempfile.TemporaryDirectory() as folder:
            reports.render_reports(database, reports.Period.month(month), Path(folder))
    finally:
        reports.rendering.PdfWriter = writer  # type: ignore[misc]
    return _Collecting.documents


def alone(content: list[Document]) -> list[Callable[[], object]]:
    """One call of Typst for each document, with its input ready and one compiler."""
    fonts = typst.Fonts(False, True, [str(folder) for folder in pdf.font_folders()])
    compiler: Any = typst.Compiler(str(pdf._TEMPLATE), str(pdf._TEMPLATE.parent), fonts)

    def call(inputs: dict[str, str], document: Document) -> Callable[[], object]:
        return lambda: compiler.compile(
            format="pdf",
            sys_inputs=inputs,
            pdf_standards=pdf._STANDARDS,
            timestamp=document.timestamp,
        )

    return [call(pdf.template_inputs(document), document) for document in content]


def ours(content: list[Document]) -> list[Callable[[], object]]:
    """One call of PdfWriter for each document."""
    writer = pdf.PdfWriter()
    return [lambda document=document: writer.write(document) for document in content]  # type: ignore[misc]


def child(kind: str, database: Path, month: date) -> tuple[int, float, float]:
    """PDFs, wall and CPU seconds of one kind, the first few left out."""
    calls = {OURS: ours, "Typst alone": alone}[kind](documents(database, month))
    for call in calls[:_WARMING]:
        call()
    began, used = time.perf_counter(), time.process_time()
    for call in calls[_WARMING:]:
        call()
    return len(calls) - _WARMING, time.perf_counter() - began, time.process_time() - used


def pdfs(database: Path, month: date) -> Iterator[Row]:
    """Medians, both kinds in turn."""
    costs: dict[str, list[Cost]] = {OURS: [], "Typst alone": []}
    for _ in range(ROUNDS):
        for kind, found in costs.items():
            words = python("reports_pdf", kind, database, month)
            output = subprocess.run(
                [str(word) for word in words],
                check=True,
                capture_output=True,
                text=True,
                cwd=ROOT,
            ).stdout
            count, wall, cpu = (float(word) for word in output.split())
            found.append(Cost(wall, cpu, 0, 0))
    for kind, found in costs.items():
        yield Row("reports", "PDFs", int(count), kind, median(found), int(count))


if __name__ == "__main__":
    of, published, first = sys.argv[1:]
    print(*child(of, Path(published), date.fromisoformat(first)))
