"""The dbt of a run dies with the run, and says its version without asking anybody."""

import os
import signal
import subprocess
import sys
import time
from importlib.metadata import version
from pathlib import Path

import pytest

from orchestration.project import DBT

# A run that starts a child as the orchestrator does, says its number, and then never ends.
PARENT = """
import subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", sys.argv[1]])
print(child.pid, flush=True)
time.sleep(600)
"""
# Stands for dbt: everything before its own command line is real.
CHILD = """
import sys, time, types
waiting = types.ModuleType("dbt.cli.main")
waiting.dbtRunner = lambda manifest: types.SimpleNamespace(invoke=lambda words: time.sleep(600))
sys.modules["dbt.cli.main"] = waiting
from orchestration.dbt_child import main
sys.argv = ["dbt", "build"]
main()
"""


def test_version_is_the_installed_one() -> None:
    said = subprocess.run([DBT, "--version"], capture_output=True, text=True, check=True)
    assert said.stdout.strip() == version("dbt-core")


def test_dbt_dies_with_a_killed_run() -> None:
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT, CHILD], stdout=subprocess.PIPE, text=True
    )
    assert parent.stdout is not None
    child = int(parent.stdout.readline())
    wait_until(lambda: "orchestration.dbt_child" in imported_by(child))
    os.kill(parent.pid, signal.SIGKILL)
    parent.wait()
    wait_until(lambda: is_gone(child))


WORDS = """
import sys, types
from orchestration.dbt_child import main
asked = types.ModuleType("dbt.cli.main")
asked.dbtRunner = lambda manifest: types.SimpleNamespace(invoke=print)
sys.modules["dbt.cli.main"] = asked
main()
"""


@pytest.mark.parametrize(
    ("memory", "words", "given"),
    [
        ("1GB", ["build"], ["build", "--threads", "1"]),
        ("2GB", ["build"], ["build"]),
        ("1GB", ["build", "--threads", "4"], ["build", "--threads", "4"]),
        ("1GB", ["parse"], ["parse"]),
    ],
)
def test_where_memory_is_little_models_are_built_one_after_the_other(
    memory: str, words: list[str], given: list[str], tmp_path: Path
) -> None:
    said = subprocess.run(
        [sys.executable, "-c", WORDS, *words],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env={**os.environ, "SCOREHOUSE_MEMORY": memory},
    )
    # The stand-in gives no result, so that only what it was asked is looked at.
    assert said.stdout.strip() == str(given)


def test_a_memory_that_is_no_size_is_one_line(tmp_path: Path) -> None:
    said = subprocess.run(
        [sys.executable, "-c", WORDS, "build"],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env={**os.environ, "SCOREHOUSE_MEMORY": "lots"},
    )
    assert said.returncode == 1
    assert said.stderr.splitlines() == [
        "error: SCOREHOUSE_MEMORY: 'lots' is no size: give one such as 1GB or 800MiB"
    ]


def imported_by(process: int) -> str:
    # Asleep in the stand-in, the child waits in the kernel: it has passed everything before.
    state = Path(f"/proc/{process}/wchan").read_text()
    return "orchestration.dbt_child" if "nanosleep" in state or "hrtimer" in state else ""


def is_gone(process: int) -> bool:
    try:
        return "\nState:\tZ" in Path(f"/proc/{process}/status").read_text()
    except FileNotFoundError:
        return True


def wait_until(condition) -> None:  # type: ignore[no-untyped-def]
    for _ in range(600):
        if condition():
            return
        time.sleep(0.1)
    raise AssertionError("it did not happen within a minute")
