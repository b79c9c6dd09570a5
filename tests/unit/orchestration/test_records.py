"""Records of closes, publications and deliveries, and the lock that runs take turns by."""

import datetime as dt
import hashlib
import json
import multiprocessing
import subprocess
from dataclasses import replace
from pathlib import Path

import duckdb
import pytest

from ingestion import Home, UnusableInput
from orchestration import records
from orchestration.model_version import model_version


def hold(path: Path, held: object, release: object) -> None:
    with records.locked(path):
        held.set()  # type: ignore[attr-defined]
        release.wait()  # type: ignore[attr-defined]


def test_a_lock_is_waited_for_and_the_wait_is_said_once(tmp_path: Path) -> None:
    start = multiprocessing.get_context("spawn")
    held, release = start.Event(), start.Event()
    holder = start.Process(target=hold, args=(tmp_path / "run.lock", held, release), daemon=True)
    holder.start()
    held.wait()
    said: list[str] = []

    def waiting() -> None:
        said.append("waiting")
        release.set()

    with records.locked(tmp_path / "run.lock", waiting):
        assert said == ["waiting"]
    holder.join()
    assert holder.exitcode == 0


def test_a_free_lock_is_taken_without_a_word(tmp_path: Path) -> None:
    def waiting() -> None:
        raise AssertionError("nobody holds the lock")

    for _ in range(2):
        with records.locked(tmp_path / "run.lock", waiting):
            pass


def test_a_back_up_takes_the_same_lock(tmp_path: Path) -> None:
    """`flock FILE cp …`, as docs/operations.md says it."""
    lock = tmp_path / "run.lock"
    without_waiting = ["flock", "--nonblock", lock, "true"]
    with records.locked(lock):
        assert subprocess.run(without_waiting, check=False).returncode == 1
    assert subprocess.run(without_waiting, check=False).returncode == 0


def write_close(home: Home, month: str, number: int, load_sequence: int, agents: int) -> Path:
    records.performance_folder(home).mkdir(parents=True, exist_ok=True)
    file = records.close_file(home, dt.date.fromisoformat(month), number)
    duckdb.sql(
        f"""
        copy (
            select
                date '{month}' as month, {number} as close_number,
                timestamptz '2026-11-{number:02}T00:00:00Z' as as_of, {load_sequence} as load_sequence
            from range({agents})
        ) to '{file}' (format parquet)
        """
    )
    return file


def test_the_last_close_of_a_month_is_the_one_with_the_highest_number(tmp_path: Path) -> None:
    home = Home(tmp_path)
    october = dt.date(2026, 10, 1)
    assert records.last_close(home, october) is None
    write_close(home, "2026-10-01", 1, 7, 12)
    write_close(home, "2026-10-01", 2, 9, 1)
    write_close(home, "2026-09-01", 3, 8, 5)
    assert records.record_closes(home, "models") == 3
    last = records.last_close(home, october)
    assert last is not None
    assert (last.close_number, last.load_sequence, last.revisions) == (2, 9, 1)
    assert last.as_of == dt.datetime(2026, 11, 2, tzinfo=dt.UTC)
    assert records.last_close(home, dt.date(2026, 8, 1)) is None
    assert [close.revisions for close in records.recorded_closes(home)] == [5, 12, 1]


def test_a_close_says_by_hash_which_file_and_which_models(tmp_path: Path) -> None:
    home = Home(tmp_path)
    file = write_close(home, "2026-10-01", 1, 7, 12)
    records.record_closes(home, "models")
    (close,) = records.recorded_closes(home)
    assert close.file == "records/performance/2026-10-close-0001.parquet"
    assert close.sha256 == hashlib.sha256(file.read_bytes()).hexdigest()
    assert close.model_version == "models"


def test_a_file_that_a_crash_left_without_record_is_recorded_once(tmp_path: Path) -> None:
    home = Home(tmp_path)
    write_close(home, "2026-10-01", 1, 7, 12)
    assert records.record_closes(home, None) == 1
    assert records.record_closes(home, None) == 0
    assert len(records.recorded_closes(home)) == 1


def test_a_recorded_close_without_its_file_stops_everything(tmp_path: Path) -> None:
    home = Home(tmp_path)
    file = write_close(home, "2026-10-01", 1, 7, 12)
    records.record_closes(home, None)
    file.unlink()
    with pytest.raises(UnusableInput, match=r"2026-10-close-0001\.parquet is missing"):
        records.record_closes(home, None)


DELIVERY = records.Delivery("act1", "coaching_task", "2026-10", "A00009", "L1")


def test_the_ledger_of_deliveries_names_nobody(tmp_path: Path) -> None:
    home = Home(tmp_path)
    records.Deliveries(home).record([DELIVERY])
    text = home.ledger.read_text()
    for secret in ("A00009", "L1", "act1"):
        assert f'"{secret}"' not in text
    assert records.Deliveries(home).holds(DELIVERY)
    assert not records.Deliveries(home).holds(replace(DELIVERY, action_id="act2"))
    assert home.people.stat().st_mode & 0o777 == 0o600


def test_the_same_id_has_another_token_in_another_home(tmp_path: Path) -> None:
    tokens = set()
    for name in ("one", "two"):
        records.Deliveries(Home(tmp_path / name)).record([DELIVERY])
        (line,) = records.deliveries(Home(tmp_path / name))
        tokens |= {line["action"], line["subject"], line["recipient"]}
    assert len(tokens) == 6


def test_what_is_recorded_already_is_not_recorded_again(tmp_path: Path) -> None:
    home = Home(tmp_path)
    first, second = records.Deliveries(home), records.Deliveries(home)
    first.record([DELIVERY])
    second.record([DELIVERY])
    assert len(records.deliveries(home)) == 1


def test_without_a_persons_secret_nobody_can_tell_whose_delivery_it_was(tmp_path: Path) -> None:
    home = Home(tmp_path)
    records.Deliveries(home).record([DELIVERY])
    held = json.loads(home.people.read_text())
    del held["secrets"]["A00009"]
    home.people.write_text(json.dumps(held))
    assert not records.Deliveries(home).holds(DELIVERY)


def test_without_all_secrets_nothing_is_delivered_again(tmp_path: Path) -> None:
    home = Home(tmp_path)
    records.Deliveries(home).record([DELIVERY])
    home.people.unlink()
    with pytest.raises(UnusableInput, match="would go out again"):
        records.Deliveries(home)


def test_what_a_full_disk_cut_off_is_no_version_of_the_models(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    manifest = home.dagster / "dbt" / "manifest.json"
    assert model_version(home) is None
    manifest.parent.mkdir(parents=True)
    whole = json.dumps(
        {"nodes": {"seed.a": {"resource_type": "seed", "checksum": {"checksum": "x"}}}}
    )
    manifest.write_text(whole)
    assert model_version(home) is not None
    manifest.write_text(whole[:-9])
    assert model_version(home) is None
