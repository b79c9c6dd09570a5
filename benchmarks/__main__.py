"""Measures Scorehouse beside what else would do the same, and writes the results that README.md shows.

    python -m benchmarks [SCENARIO …] [--agents 100 1000 10000] [--folder DIR] [--out benchmarks]

Scenarios: models, close, increment, late, reports, ingestion, start; without any, all of them. Each row that
is measured takes the place of the one before it in results.json, of the same scenario, case, size and way; results.svg
and the tables in README.md follow from that file.
`--quick` takes some minutes: one small size of everything, written to target/benchmarks.
"""

import argparse
import datetime as dt
import tempfile
from collections.abc import Iterator
from pathlib import Path

from benchmarks import results
from benchmarks.measuring import ROOT, Row

KEPT = ROOT / "benchmarks"
SCENARIOS = ("models", "close", "increment", "late", "reports", "ingestion", "start")


def measured(scenario: str, folder: Path, options: argparse.Namespace) -> Iterator[Row]:
    """The rows of a scenario, as they come."""
    from benchmarks import centres, changes, ingesting, models, starting

    match scenario:
        case "models":
            yield from models.models(folder, options.agents)
        case "close":
            yield from models.closes(folder, options.close_agents)
        case "increment":
            yield from changes.increments(folder, options.history_agents, options.months)
        case "late":
            yield from changes.late(folder, options.history_agents, options.months)
        case "reports":
            from benchmarks.reports_pages import pages
            from benchmarks.reports_pdf import pdfs
            from reports import Period

            first = dt.date.fromisoformat(f"{centres.LAST_MONTH}-01")
            closed = list(models.closes(folder, [options.report_agents]))
            assert closed
            database = folder / f"close-{options.report_agents}" / "published" / "scorehouse.duckdb"
            yield from pages(database, Period.month(first))
            yield from pdfs(database, first)
        case "ingestion":
            yield from ingesting.ingesting(folder, options.rows)
        case "start":
            yield from starting.starting()


def main() -> None:
    """Measure, and write all results anew."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("scenarios", nargs="*", metavar="SCENARIO", choices=[*SCENARIOS, []])
    parser.add_argument(
        "--agents", type=int, nargs="+", default=[100, 1000, 10_000], help="of models"
    )
    parser.add_argument(
        "--close-agents", type=int, nargs="+", default=[10, 25, 100], help="of close"
    )
    parser.add_argument(
        "--months", type=int, nargs="+", default=[1, 6, 12], help="of increment and late"
    )
    parser.add_argument("--history-agents", type=int, default=100, help="of increment and late")
    parser.add_argument("--report-agents", type=int, default=25, help="of reports")
    parser.add_argument("--rows", type=int, default=2_000_000, help="of ingestion")
    parser.add_argument("--quick", action="store_true", help="small sizes")
    parser.add_argument(
        "--folder", type=Path, help="where made-up centres are kept for the next time"
    )
    parser.add_argument("--out", type=Path, default=KEPT, help="where results go")
    options = parser.parse_args()
    if options.quick:
        options.agents, options.close_agents, options.months = [25], [5], [1, 2]
        options.history_agents, options.report_agents, options.rows = 5, 5, 100_000
        options.out = ROOT / "target" / "benchmarks"
    options.out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as aside:
        folder = (options.folder or Path(aside)).absolute()
        folder.mkdir(parents=True, exist_ok=True)
        for scenario in options.scenarios or SCENARIOS:
            for row in measured(scenario, folder, options):
                keep(options.out / "results.json", row)
                print(
                    f"{row.scenario}: {row.case}, {row.size:,}, {row.way}: {row.cost.wall:.2f} s",
                    flush=True,
                )
    render(options.out)


def keep(file: Path, row: Row) -> None:
    """Put a row into the results at once: what was measured before a failure counts."""

    def same(other: Row) -> bool:
        return (other.scenario, other.case, other.size, other.way) == (
            row.scenario,
            row.case,
            row.size,
            row.way,
        )

    rows = [other for other in results.read(file) if not same(other)] + [row]
    results.write(file, sorted(rows, key=lambda one: (SCENARIOS.index(one.scenario), one.size)))


def render(out: Path) -> None:
    """Table, slopes and chart from the JSON file; of the results that are kept, in README.md too."""
    rows = results.read(out / "results.json")
    text = f"{results.table(rows)}\n\n{results.slope_table(rows)}\n"
    (out / "results.svg").write_text(results.chart(rows))
    if out == KEPT:
        readme = ROOT / "README.md"
        readme.write_text(results.put_between_marks(readme.read_text(), text))
    print(text)


if __name__ == "__main__":
    main()
