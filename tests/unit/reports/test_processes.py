"""Work for several processes: in order, errors as they are, and nobody goes on alone."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from reports import ReportError, processes

ROOT = Path(__file__).parents[3]
_added = 0


def begin(added: int) -> None:
    global _added
    _added = added


def work(number: int) -> int:
    if number < 0:
        raise ValueError(f"{number} is negative")
    if number == 13:
        os._exit(9)
    time.sleep(0.2 * (number % 2))
    return number + _added


def test_results_come_in_the_order_of_the_items() -> None:
    assert list(processes.each(work, range(9), begin, 100)) == list(range(100, 109))


def test_items_are_taken_as_they_are_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes, "PROCESSES", 2)
    monkeypatch.setattr(processes, "AHEAD", 3)
    taken = []

    def items() -> Iterator[int]:
        for number in range(100):
            taken.append(number)
            yield number

    results = processes.each(work, items(), begin, 0)
    assert next(results) == 0
    assert len(taken) == 7
    results.close()  # type: ignore[attr-defined]


def test_an_error_is_what_the_work_raised() -> None:
    with pytest.raises(ValueError, match="-1 is negative"):
        list(processes.each(work, [1, -1, 2], begin, 0))


def test_a_process_that_was_stopped_is_said_in_words() -> None:
    with pytest.raises(ReportError, match="memory ran out"):
        list(processes.each(work, [1, 13, 2], begin, 0))


def test_processes_end_with_the_one_that_was_killed() -> None:
    code = """
import os, sys, time
sys.path.insert(0, "tests/unit/reports")
import test_processes
from reports import processes
if __name__ == "__main__":
    for pid in processes.each(test_processes.say_who_and_wait, range(2), print):
        print(pid, flush=True)
"""
    with subprocess.Popen(
        [sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as parent:
        assert parent.stdout is not None
        children = set()
        while len(children) < 2:
            children |= {int(word) for word in parent.stdout.readline().split()}
        parent.kill()
        until = time.monotonic() + 20
        while any(_runs(child) for child in children) and time.monotonic() < until:
            time.sleep(0.1)
        assert not [child for child in children if _runs(child)]


def say_who_and_wait(number: int) -> int:
    print(os.getpid(), flush=True)
    time.sleep(60)
    return number


def _runs(process: int) -> bool:
    try:
        return "Z" not in Path(f"/proc/{process}/stat").read_text().split()[2]
    except FileNotFoundError:
        return False
