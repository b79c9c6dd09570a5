"""What is broken on purpose, and how the next close takes it: nothing is lost, sent twice or made of spoiled data.

The table of docs/faults.md says what each fault does; the faults are in faults.py.
"""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from ingestion import Home
from tests.integration.faults import DONE, FAULTS, Fault, Scenery, delete, row
from tests.integration.scenes import (
    Run,
    Stage,
    assert_nothing_temporary,
    close,
    outcome,
)

DOCS = Path(__file__).parents[2] / "docs" / "faults.md"

# A scene waits for its turn: see scenes.py.
pytestmark = pytest.mark.timeout(1800)


def test_the_docs_have_the_table() -> None:
    lines = DOCS.read_text("utf-8").splitlines()
    missing = [row(fault) for fault in FAULTS if row(fault) not in lines]
    assert not missing, "\n".join(missing)
    assert len(FAULTS) > 25


def compared(home: Home, fault: Fault) -> dict[str, Any]:
    """The outcome, without what the fault may change for good."""
    found = outcome(home)
    files = {
        name: digest
        for name, digest in found["files"].items()
        if not name.startswith(fault.changes or "no such file")
    }
    kinds, undelivered = found["delivered"]
    loads = kinds.pop("load") - fault.loads
    return {**found, "files": files, "delivered": (kinds, undelivered, loads)}


@pytest.mark.long
@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_of_a_closed_home(fault: Fault, closed: Run, stage: Stage, tmp_path: Path) -> None:
    scenery = Scenery(
        Home(shutil.copytree(closed.home.root, tmp_path / "home")),
        Path(shutil.copytree(stage.landing, tmp_path / "landing")),
    )
    spoiled = fault.where(scenery)
    is_tree = spoiled in (scenery.home.root, scenery.landing)
    backup = tmp_path / "backup"
    if not is_tree or fault.act is delete:
        shutil.copytree(spoiled, backup) if spoiled.is_dir() else shutil.copy(spoiled, backup)
    fault.act(spoiled)
    finished = close(scenery.home, scenery.landing)
    assert finished.returncode == fault.exit_code, finished.stderr
    assert fault.says in finished.stderr
    assert "Traceback" not in finished.stderr
    untouched = Fault(fault.name, fault.where, fault.act)
    if fault.exit_code != DONE:
        # It stopped before it changed anything: put back as it was, all goes on as if nothing had been.
        if spoiled.exists():
            delete(spoiled)
        shutil.copytree(backup, spoiled) if backup.is_dir() else shutil.copy(backup, spoiled)
        finished = close(scenery.home, scenery.landing)
        assert finished.returncode == DONE, finished.stderr
        assert compared(scenery.home, untouched) == compared(closed.home, untouched)
    else:
        expected = compared(closed.home, Fault("", fault.where, fault.act, changes=fault.changes))
        assert compared(scenery.home, fault) == expected
    assert_nothing_temporary(scenery.home)


@contextmanager
def mounted(folder: Path, *arguments: str) -> Iterator[None]:
    """A file system of its own at the folder, while the block runs."""
    folder.mkdir(parents=True, exist_ok=True)
    if (
        os.geteuid() != 0
        or subprocess.run(
            ["mount", *arguments, str(folder)], capture_output=True, check=False
        ).returncode
    ):
        pytest.skip("needs the right to mount a file system")
    try:
        yield
    finally:
        subprocess.run(["umount", str(folder)], check=True)


# Of the size that a close needs: where it loads, where it builds, where it publishes, and where it reports.
@pytest.mark.long
@pytest.mark.parametrize("megabytes", [1, 8, 60, 85])
def test_of_a_full_disk(megabytes: int, closed: Run, stage: Stage, tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    with mounted(home.root, "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs"):
        stopped = close(home, stage.landing)
        assert stopped.returncode == 1, stopped.stderr
        assert "No space left" in stopped.stderr or "0 MB of its disk are free" in stopped.stderr
        assert "Traceback" not in stopped.stderr
        subprocess.run(["mount", "-o", "remount,size=2g", str(home.root)], check=True)
        completed = close(home, stage.landing)
        assert completed.returncode == DONE, completed.stderr
        assert outcome(home) == outcome(closed.home)
        assert_nothing_temporary(home)


@pytest.mark.long
def test_of_a_home_that_cannot_be_written(closed: Run, stage: Stage, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(closed.home.root, tmp_path / "copy"))
    home = Home(tmp_path / "home")
    with mounted(home.root, "--bind", str(copy)):
        subprocess.run(["mount", "-o", "remount,ro,bind", str(home.root)], check=True)
        stopped = close(home, stage.landing)
        assert stopped.returncode == 2, stopped.stderr
        assert "Read-only file system" in stopped.stderr
        assert "Traceback" not in stopped.stderr
    assert outcome(Home(copy)) == outcome(closed.home)
