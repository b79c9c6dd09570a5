"""An encrypted home: what a close writes is what it is in the clear, and nothing of it can be read without the key.

A close of its own takes a minute and more, so these are run by `make test-long`; the parts are tested in
tests/unit/ingestion/test_encryption.py and tests/unit/orchestration/test_encrypting.py.
"""

import os
import shutil
import subprocess
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from ingestion import Home, encryption
from orchestration import verification
from orchestration.opening import open_files
from tests.integration.scenes import (
    AS_OF,
    MONTH,
    Run,
    Stage,
    assert_nothing_temporary,
    marts,
    query,
    scene,
)
from tests.support.command import PROGRAM, scorehouse

_NAME = "select distinct name from marts.dim_agent where agent_id = 'A00003'"

pytestmark = [pytest.mark.long, pytest.mark.timeout(3600)]


@dataclass(frozen=True)
class Encrypted:
    """A closed home, its key, and the runs: the close, and the same once more."""

    home: Home
    key: Path
    first: subprocess.CompletedProcess[str]
    again: subprocess.CompletedProcess[str]

    def run(self, *arguments: object) -> subprocess.CompletedProcess[str]:
        return scorehouse("--key-file", self.key, *arguments, "--home", self.home.root)


@scene(closes=2)
def encrypted(stage: Stage) -> Encrypted:
    home = stage.fresh("encrypted")
    key = home.root.parent / "centre.key"
    key.parent.mkdir()
    assert scorehouse("key", "new", key).returncode == 0
    asked = ("--key-file", key, "close", MONTH, "--home", home.root, "--landing", stage.landing)
    first, again = (scorehouse(*asked, "--as-of", AS_OF) for _ in range(2))
    return Encrypted(home, key, first, again)


@pytest.fixture
def unlocked(encrypted: Encrypted) -> Encrypted:
    """The test's own process may read the home."""
    encryption.open_home(encrypted.home.root, encryption.read_key(encrypted.key))
    return encrypted


def test_the_marts_are_those_of_a_home_in_the_clear(unlocked: Encrypted, closed: Run) -> None:
    assert unlocked.first.returncode == 0, unlocked.first.stderr
    assert marts(unlocked.home) == marts(closed.home)


def test_closing_again_writes_nothing(encrypted: Encrypted) -> None:
    assert encrypted.again.returncode == 0, encrypted.again.stderr
    assert "0 new revisions recorded" in encrypted.again.stderr
    assert "0 messages written" in encrypted.again.stderr


def test_nothing_temporary_is_left(unlocked: Encrypted) -> None:
    assert_nothing_temporary(unlocked.home)


def test_pages_and_messages_are_those_of_a_home_in_the_clear(
    unlocked: Encrypted, closed: Run, tmp_path: Path
) -> None:
    for name in ("reports", "outbox"):
        open_files(unlocked.home, Path(name), tmp_path / name)
        plain = {
            path.relative_to(closed.home.root / name): path
            for path in (closed.home.root / name).rglob("*")
            if path.is_file() and path.name != verification.REPORTS_HEAD
        }
        opened = {path.relative_to(tmp_path / name) for path in (tmp_path / name).rglob("*.*")}
        assert {path for path in opened if (tmp_path / name / path).is_file()} == plain.keys()
        for path, there in plain.items():
            # What has the path of the home or the hash of its ledger in it may differ; a PDF has neither.
            if path.suffix == ".pdf":
                assert (tmp_path / name / path).read_bytes() == there.read_bytes(), path


def test_no_name_and_no_key_is_in_any_file(unlocked: Encrypted, closed: Run) -> None:
    keys = encryption.keys_of(unlocked.home.root)
    assert keys is not None
    secrets = [
        unlocked.key.read_text().strip(),
        keys.parquet,
        keys.database(unlocked.home.warehouse),
    ]
    people = query(closed.home, "select distinct name, email, phone from marts.dim_agent")
    texts = {text for person in people for text in person.values() if text} | set(secrets)
    assert len(texts) > 20
    marks = [text.encode() for text in texts]
    for path in unlocked.home.root.rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            assert [mark for mark in marks if mark in content] == [], path


def test_every_reader_of_a_home_reads_this_one(encrypted: Encrypted, tmp_path: Path) -> None:
    agent = "A00001"
    for arguments in (
        ("status",),
        ("verify",),
        ("quality",),
        ("purge",),
        ("erase", agent, "--reason", "case 1"),
        ("deliveries", "list"),
        ("sign", MONTH, "--as", "hr"),
        ("explain", agent, MONTH, "productivity_score"),
        ("report", "--from", "2026-10-05", "--out", tmp_path / "day"),
    ):
        finished = encrypted.run(*arguments)
        assert finished.returncode == 0, (arguments, finished.stderr)
    assert (tmp_path / "day" / "index.html").read_text(encoding="utf-8").startswith("<!")
    past = encrypted.run("as-known-on", "2099-01-01", "--out", tmp_path / "past")
    assert past.returncode == 0, past.stderr
    assert encryption.is_encrypted(tmp_path / "past")


def test_a_person_is_erased_and_the_home_stays_encrypted(
    encrypted: Encrypted, tmp_path: Path
) -> None:
    home = Home(shutil.copytree(encrypted.home.root, tmp_path / "home"))
    copied = replace(encrypted, home=home)
    encryption.open_home(home.root, encryption.read_key(encrypted.key))
    (name,) = {row["name"] for row in query(home, _NAME)}
    done = copied.run("erase", "A00003", "--reason", "case 1", "--yes")
    assert done.returncode == 0, done.stderr + done.stdout
    assert "nothing in this home names the person any more" in done.stdout
    assert query(home, _NAME) == []
    assert verification.verify(home).problems == []
    lying_open = [
        path
        for path in (*home.reports.rglob("*"), *home.outbox.rglob("*"), *home.quarantine.rglob("*"))
        if path.is_file()
        and path.suffix != encryption.SUFFIX
        and path.name != verification.REPORTS_HEAD
    ]
    assert lying_open == []
    files = [path for path in home.root.rglob("*") if path.is_file()]
    assert [path for path in files if name.encode() in path.read_bytes()] == []
    again = copied.run("explain", "A00001", MONTH, "productivity_score")
    assert again.returncode == 0, again.stderr


def test_a_process_without_the_key_is_told_so_in_one_line(encrypted: Encrypted) -> None:
    environment = {k: v for k, v in os.environ.items() if not k.startswith("SCOREHOUSE_")}
    finished = subprocess.run(
        [PROGRAM, "status", "--home", encrypted.home.root],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert finished.returncode == 2
    assert len(finished.stderr.splitlines()) == 1
    assert "is encrypted: give its key with --key-file FILE" in finished.stderr


def test_a_closed_home_that_is_encrypted_goes_on(stage: Stage, closed: Run, tmp_path: Path) -> None:
    home = stage.copy_closed("encrypted_later")
    key = tmp_path / "key"
    assert scorehouse("key", "new", key).returncode == 0
    asked = ("--key-file", key)
    done = scorehouse(*asked, "encrypt", "--home", home.root)
    assert done.returncode == 0, done.stderr
    encryption.open_home(home.root, encryption.read_key(key))
    assert marts(home) == marts(closed.home)
    assert verification.verify(home).problems == []
    again = scorehouse(*asked, "close", MONTH, "--home", home.root, "--landing", stage.landing)
    assert again.returncode == 0, again.stderr
    assert "0 new revisions recorded" in again.stderr
    assert "0 messages written" in again.stderr
