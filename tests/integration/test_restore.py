"""A home from its backup: raw files and records are enough, and the month is as it was closed."""

import subprocess

import pytest

from ingestion import Home
from tests.integration.scenes import AS_OF, Run, Stage, close, marts
from tests.support.command import scorehouse

KEPT = ("records", "raw")


@pytest.mark.long
def test_raw_and_records_make_the_home_again(closed: Run, stage: Stage) -> None:
    home = stage.fresh("restored")
    home.root.mkdir(parents=True)
    # As docs/operations.md says it: under the lock of runs.
    back_up = ["flock", closed.home.records / "run.lock", "cp", "-a"]
    kept = [closed.home.root / name for name in KEPT]
    subprocess.run([*back_up, *kept, home.root], check=True)
    arguments = ("--home", home.root, "--landing", stage.landing)
    built = scorehouse("build", *arguments, "--as-of", AS_OF)
    assert built.returncode == 0, built.stderr
    assert marts(home) == marts(closed.home)
    again = close(home, stage.landing)
    assert again.returncode == 0, again.stderr
    assert "0 new revisions recorded" in again.stderr
    # Tasks and messages were written before: the ledger knows.
    assert "0 messages written" in again.stderr
    assert list(Home(home.root).outbox.rglob("*.eml")) == []
    checked = scorehouse("verify", "--home", home.root)
    assert checked.returncode == 0, checked.stdout + checked.stderr
