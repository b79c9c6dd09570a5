"""How many PDFs a second `PdfWriter` sets, against Typst alone on the same template and content.

Typst alone gets the finished JSON and a compiler that is ready. Each measurement is a process of its own,
because Typst remembers what it has set; both kinds take turns, five times, and the table shows medians.
"""

import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path
from typing import Any, ClassVar

import typst

import reports.site
from benchmarks.measuring import OURS, ROOT, Cost, Row, median, python
from reports import pdf
from reports.document import Document

ROUNDS = 5


class _Collecting(pdf.PdfWriter):
    """Keeps what it is given and sets nothing."""

    documents: ClassVar[list[Document]] = []

    def write(self, document: Document) -> bytes:
        """Keep the document."""
        self.documents.append(document)
        return b""


def documents(database: Path, month: date) -> list[Document]:
    """What the month's reports give to be set, one document a PDF."""
    writer, reports.site.PdfWriter = reports.site.PdfWriter, _Collecting  # type: ignore[misc]
    try:
        with tempfile.TemporaryDirectory() as folder:
            reports.render_reports(database, reports.Period.month(month), Path(folder))
    finally:
        reports.site.PdfWriter = writer  # type: ignore[misc]
    return _Collecting.documents


def alone(content: list[Document]) -> list[Callable[[], object]]:
    """One call of Typst for each document, with its input ready and a compiler a thread."""
    fonts = typst.Fonts(False, True, [str(folder) for folder in pdf.font_folders()])
    own = threading.local()

    def compiler() -> Any:
        if not hasattr(own, "compiler"):
            template = pdf._TEMPLATE
            own.compiler = typst.Compiler(str(template), str(template.parent), fonts)
        return own.compiler

    def call(inputs: dict[str, str], document: Document) -> Callable[[], object]:
        return lambda: compiler().compile(
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


def child(kind: str, threads: int, database: Path, month: date) -> tuple[int, float, float]:
    """PDFs, wall and CPU seconds of one kind with some threads, the first few left out."""
    calls = {OURS: ours, "Typst alone": alone}[kind](documents(database, month))
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(lambda call: call(), calls[: 2 * threads]))
        began, used = time.perf_counter(), time.process_time()
        list(pool.map(lambda call: call(), calls[2 * threads :]))
    count = len(calls) - 2 * threads
    wall, cpu = time.perf_counter() - began, time.process_time() - used
    return count, wall, cpu


def pdfs(database: Path, month: date) -> Iterator[Row]:
    """Medians with one thread and with two, both kinds in turn."""
    for threads in (1, 2):
        costs: dict[str, list[Cost]] = {OURS: [], "Typst alone": []}
        for _ in range(ROUNDS):
            for kind, found in costs.items():
                words = python("reports_pdf", kind, threads, database, month)
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
            yield Row(
                "reports", f"PDFs, {threads} threads", int(count), kind, median(found), int(count)
            )


if __name__ == "__main__":
    of, with_threads, published, first = sys.argv[1:]
    print(*child(of, int(with_threads), Path(published), date.fromisoformat(first)))
