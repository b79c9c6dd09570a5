"""How long the command line and the code location of the orchestrator take to be there."""

import sys
from collections.abc import Iterator

from benchmarks.measuring import OURS, Row, measure, median, scorehouse

ROUNDS = 5
CASES = {
    "scorehouse --help": (scorehouse("--help"), "Python alone", "pass"),
    "code location": (
        [sys.executable, "-c", "from orchestration.definitions import build_defs; build_defs()"],
        "Dagster and dagster-dbt alone",
        "import dagster, dagster_dbt",
    ),
}


def starting() -> Iterator[Row]:
    """Medians, both ways in turn."""
    for case, (command, way, plain) in CASES.items():
        costs = [(measure(command), measure([sys.executable, "-c", plain])) for _ in range(ROUNDS)]
        ours, other = zip(*costs, strict=True)
        yield Row("start", case, 1, OURS, median(ours))
        yield Row("start", case, 1, way, median(other))
