"""DuckDB keeps within the memory that the user gives it, and spills where the home's clean-up looks."""

from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from ingestion import UnusableInput, engine


@pytest.fixture(autouse=True)
def _unbounded_afterwards(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "_bounds", {})
    monkeypatch.setattr(engine, "_bounds_beside_others", {})


def _settings(
    connect: Callable[[], duckdb.DuckDBPyConnection] = engine.connect,
) -> tuple[str, str]:
    with connect() as connection:
        found = connection.execute(
            "select current_setting('memory_limit'), current_setting('temp_directory')"
        ).fetchone()
    assert found is not None
    return found[0], found[1]


def test_every_connection_keeps_within_what_the_user_says(tmp_path: Path) -> None:
    engine.keep_within(tmp_path, {"SCOREHOUSE_MEMORY": "512 MiB"})
    assert _settings() == ("512.0 MiB", str(tmp_path / "duckdb"))


def test_by_default_two_gibibytes_are_the_most(monkeypatch: pytest.MonkeyPatch) -> None:
    sizes = {"SC_PAGE_SIZE": 4096, "SC_PHYS_PAGES": 64 * 1024**3 // 4096}
    monkeypatch.setattr(engine.os, "sysconf", sizes.__getitem__)
    assert engine.memory_limit({}) == f"{2 * 1024**3}B"
    sizes["SC_PHYS_PAGES"] = 2 * 1024**3 // 4096
    assert engine.memory_limit({"SCOREHOUSE_MEMORY": " "}) == f"{1024**3}B"


@pytest.mark.parametrize(
    ("said", "alone", "beside_others"),
    [
        ("", "2.0 GiB", "1.0 GiB"),
        ("512MiB", "512.0 MiB", "512.0 MiB"),
        ("4GiB", "4.0 GiB", "4.0 GiB"),
    ],
)
def test_half_of_it_where_other_processes_need_memory_too_unless_it_was_said(
    said: str, alone: str, beside_others: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes = {"SC_PAGE_SIZE": 4096, "SC_PHYS_PAGES": 64 * 1024**3 // 4096}
    monkeypatch.setattr(engine.os, "sysconf", sizes.__getitem__)
    engine.keep_within(tmp_path, {"SCOREHOUSE_MEMORY": said})
    assert _settings() == (alone, str(tmp_path / "duckdb"))
    assert _settings(engine.connect_beside_others) == (beside_others, str(tmp_path / "duckdb"))


@pytest.mark.parametrize("said", ["much", "1", "-1GB", "1GB; attach 'x'"])
def test_what_is_no_size_is_refused(said: str, tmp_path: Path) -> None:
    with pytest.raises(UnusableInput, match=r"SCOREHOUSE_MEMORY: .* is no size: give one such as"):
        engine.keep_within(tmp_path, {"SCOREHOUSE_MEMORY": said})


def test_what_does_not_fit_is_spilled_there(tmp_path: Path) -> None:
    engine.keep_within(tmp_path, {"SCOREHOUSE_MEMORY": "40MB"})
    with engine.connect(threads=1) as connection:
        connection.execute(
            "create table sorted as select hash(i) as h, i::varchar as t from range(1_000_000) as r(i) order by h"
        )
        assert connection.execute("select count(*) from sorted").fetchone() == (1_000_000,)
        assert any((tmp_path / "duckdb").iterdir())


@pytest.mark.parametrize(
    ("said", "little"),
    [
        ("1GB", True),
        ("1999MB", True),
        ("2000 MB", False),
        ("1.8GiB", True),
        ("1.9 GiB", False),
        ("2g", False),
        ("1T", False),
        ("900000K", True),
    ],
)
def test_below_two_gigabytes_is_little(said: str, little: bool) -> None:
    environment = {"SCOREHOUSE_MEMORY": said}
    assert engine.has_little_memory(environment) is little
    bounds = engine.bounds_of_models(Path("scratch"), environment)
    assert bounds.get("threads") == ("1" if little else None)
    assert bounds["memory_limit"] == said


@pytest.mark.parametrize(("machine", "little"), [(3, True), (4, False), (64, False)])
def test_what_a_machine_has_may_be_little(
    machine: int, little: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes = {"SC_PAGE_SIZE": 4096, "SC_PHYS_PAGES": machine * 1024**3 // 4096}
    monkeypatch.setattr("os.sysconf", sizes.__getitem__)
    assert engine.has_little_memory({}) is little
