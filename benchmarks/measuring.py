"""What a command costs, and the rows that results are made of."""

import json
import os
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from orchestration.project import DBT, reuse_parsed

ROOT = Path(__file__).resolve().parent.parent
PROGRAMS = Path(sys.executable).parent
OURS = "Scorehouse"


@dataclass(frozen=True)
class Cost:
    """Of a command with its children: wall and CPU seconds, peak memory of all at once and bytes written, in MB."""

    wall: float
    cpu: float
    peak: float
    written: float


@dataclass(frozen=True)
class Row:
    """One line of the results: what one way of doing something costs.

    size: agents, or months, or rows, as the scenario says. done: how many things were done, for a rate.
    """

    scenario: str
    case: str
    size: int
    way: str
    cost: Cost
    done: int | None = None


def measure(command: Sequence[object], output: Path | None = None, **environment: str) -> Cost:
    """Run a command to its end and say what it cost.

    output: a file that gets what it prints, each line with the seconds since the start before it.

    Raises:
        SystemExit: the command failed; says with what.
    """
    words = [str(part) for part in command]
    began = time.monotonic()
    process = subprocess.Popen(
        words,
        cwd=ROOT,
        env={**os.environ, "SCOREHOUSE_HOME": "", **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    peaks = [0.0]
    over = threading.Event()

    def watch() -> None:
        while not over.wait(0.05):
            peaks.append(_memory_of_tree(process.pid))

    watching = threading.Thread(target=watch)
    watching.start()
    assert process.stdout is not None
    lines = [f"{time.monotonic() - began:.2f} {line}" for line in process.stdout]
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    wall = time.monotonic() - began
    over.set()
    watching.join()
    if process.returncode:
        raise SystemExit(f"failed: {' '.join(words)}\n{''.join(lines[-20:])}")
    if output is not None:
        output.write_text("".join(lines))
    return Cost(
        wall,
        used.ru_utime + used.ru_stime,
        max(peaks),
        used.ru_oublock * 512 / 1e6,
    )


def _memory_of_tree(root: int) -> float:
    """Resident MB of a process and all below it."""
    parents: dict[int, int] = {}
    pages: dict[int, int] = {}
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            words = (entry / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        parents[int(entry.name)], pages[int(entry.name)] = int(words[1]), int(words[21])

    def belongs(pid: int) -> bool:
        while pid in parents and pid != root:
            pid = parents[pid]
        return pid == root

    return (
        sum(count for pid, count in pages.items() if belongs(pid))
        * os.sysconf("SC_PAGE_SIZE")
        / 1024**2
    )


def median(costs: Sequence[Cost]) -> Cost:
    """The median of each figure."""
    return Cost(
        *(
            statistics.median(getattr(cost, figure) for cost in costs)
            for figure in ("wall", "cpu", "peak", "written")
        )
    )


def scorehouse(*words: object) -> list[object]:
    """A command of Scorehouse."""
    return [PROGRAMS / "scorehouse", *words]


def python(module: str, *words: object) -> list[object]:
    """A module of the benchmarks in a process of its own."""
    return [sys.executable, "-W", "ignore", "-m", f"benchmarks.{module}", *words]


def dbt(home: Path, as_of: str, *words: object, **environment: str) -> Cost:
    """dbt over a home, without the tests."""
    reuse_parsed(_target(home))
    return measure(
        [
            *(DBT, "--quiet", "build", "--exclude-resource-type", "test", "unit_test"),
            *("--target-path", _target(home), *words),
        ],
        SCOREHOUSE_HOME=str(home),
        SCOREHOUSE_AS_OF=as_of,
        **environment,
    )


def dbt_seconds(home: Path) -> tuple[float, dict[str, float]]:
    """Of the last `dbt` over a home: seconds from the first model's start to the last one's end, and of each model."""
    results = json.loads((_target(home) / "run_results.json").read_text())["results"]
    spans = {
        result["unique_id"].rpartition(".")[2]: (
            min(step["started_at"] for step in result["timing"]),
            max(step["completed_at"] for step in result["timing"]),
        )
        for result in results
        if result["timing"]
    }
    each = {name: _seconds(*span) for name, span in spans.items()}
    whole = _seconds(min(s for s, _ in spans.values()), max(e for _, e in spans.values()))
    return whole, each


def _target(home: Path) -> Path:
    return home / "dagster" / "dbt"


def _seconds(start: str, end: str) -> float:
    return (datetime.fromisoformat(end) - datetime.fromisoformat(start)).total_seconds()
