"""How many PDFs a second `PdfWriter` sets, against Typst alone on the same template and content.

    python benchmarks/reports_pdf.py --database demo/published/scorehouse.duckdb --month 2026-10

Typst alone gets the finished JSON and a compiler that is ready. Each measurement is a process of its own,
because Typst remembers what it has set; both kinds take turns, five times, and the table shows medians.
"""

import argparse
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path
from typing import Any, ClassVar

import typst

import reports.site
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


def child(kind: str, threads: int, database: Path, month: date) -> tuple[float, float]:
    """PDFs a second and CPU milliseconds a PDF of one kind with some threads, the first few left out."""
    calls = {"ours": ours, "alone": alone}[kind](documents(database, month))
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(lambda call: call(), calls[: 2 * threads]))
        began, used = time.perf_counter(), time.process_time()
        list(pool.map(lambda call: call(), calls[2 * threads :]))
    count = len(calls) - 2 * threads
    wall, cpu = time.perf_counter() - began, time.process_time() - used
    return count / wall, 1000 * cpu / count


def main() -> None:
    """Measure both kinds in turn, or one of them when started as a child."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--database", type=Path, default=Path("demo/published/scorehouse.duckdb"))
    parser.add_argument("--month", default="2026-10")
    parser.add_argument("--child", nargs=2, metavar=("KIND", "THREADS"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    month = date.fromisoformat(f"{options.month}-01")
    if options.child:
        print(*child(options.child[0], int(options.child[1]), options.database, month))
        return
    print(
        "| threads | ours, PDFs/s | CPU ms | Typst alone, PDFs/s | CPU ms | wall ratio | CPU ratio |"
    )
    print("|---|---|---|---|---|---|---|")
    for threads in (1, 2):
        costs: dict[str, list[list[float]]] = {"ours": [], "alone": []}
        for _ in range(ROUNDS):
            for kind, found in costs.items():
                command = [sys.executable, __file__, *sys.argv[1:], "--child", kind, str(threads)]
                output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
                found.append([float(word) for word in output.split()])
        (one, cpu), (other, plain) = (
            [statistics.median(column) for column in zip(*costs[kind], strict=True)]
            for kind in costs
        )
        print(
            f"| {threads} | {one:.1f} | {cpu:.1f} | {other:.1f} | {plain:.1f}"
            f" | {other / one:.2f} | {cpu / plain:.2f} |"
        )


if __name__ == "__main__":
    main()
