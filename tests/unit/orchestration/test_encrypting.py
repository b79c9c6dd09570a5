"""Encrypting a home that lies in the clear, opening what is sealed, and the keys of databases: made-up files."""

import base64
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest
from typer.testing import CliRunner

import reports
from ingestion import Home, UnusableInput, encryption, engine, ingest, ledger
from ingestion.erased import Erased
from ingestion.home import SCHEMA_FILE, holds_no_load
from ingestion.people import People
from orchestration import (
    encrypting,
    erasing,
    publication,
    purging,
    records,
    unlocking,
    verification,
)
from orchestration.cli import app
from orchestration.opening import open_files
from orchestration.storage import SealedStorage, storage_of
from reports.manifest import Folder

KEY = bytes(range(32))
TEXT = base64.b64encode(KEY).decode()
OTHER = base64.b64encode(bytes(32)).decode()
MARKED = "Marked-Person-77"
EVENTS = (
    "event_id,agent_id,occurred_at,status\n"
    f"e1,{MARKED},2026-10-01T08:00:00Z,active\n"
    f"e2,{MARKED},2026-10-01T09:00:00Z,asleep\n"
)


@pytest.fixture(autouse=True)
def as_the_command_line(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(encryption, "_unlocked", {})
    for name in ("SCOREHOUSE_KEY", "SCOREHOUSE_KEY_FILE"):
        monkeypatch.delenv(name, raising=False)
    before = os.umask(0o077)
    yield
    os.umask(before)


@pytest.fixture
def home(plain: Home, tmp_path: Path) -> Home:
    return Home(shutil.copytree(plain.root, tmp_path / "home"))


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A plain home with one of everything that may name somebody."""
    tmp_path = tmp_path_factory.mktemp("plain")
    landing = tmp_path / "landing"
    (landing / "status_events").mkdir(parents=True)
    (landing / "status_events" / "events.csv").write_text(EVENTS)
    home = Home(tmp_path / "home")
    ingest(home, landing)
    People(home).ensure([MARKED])
    Erased(home).add("somebody else")
    with engine.writing(home.warehouse) as connection:
        connection.execute(
            f"create schema marts; create schema intermediate;"
            f"create table marts.fct_agent_month as select '{MARKED}' as agent_id, date '2026-10-01' as month;"
            "create macro marts.agents_of(of_month, of_agent := null) as table"
            " select m.agent_id from marts.fct_agent_month as m where m.month = of_month;"
            "create table intermediate.int_run__context as"
            " select timestamptz '2026-11-15T00:00:00Z' as as_of, 1::bigint as load_sequence;"
            "create table intermediate.int_run__fingerprint as select 'abc' as input_fingerprint"
        )
    marts = [
        publication.Mart("fct_agent_month", ("agent_id", "month")),
        publication.TableFunction("agents_of", ("agent_id",), ("of_month", "of_agent := null")),
    ]
    publication.write_candidate(home, marts)
    publication.swap_in(home)
    close = records.close_file(home, records.dt.date(2026, 10, 1), 1)
    close.parent.mkdir(mode=0o700)
    with engine.connect() as connection:
        engine.write_parquet(
            connection,
            f"select '{MARKED}' as agent_id, date '2026-10-01' as month, 1 as close_number, 1::bigint as"
            " load_sequence, timestamptz '2026-11-15T00:00:00Z' as as_of",
            close,
        )
    records.record_closes(home, None)
    month = home.reports / "2026-10"
    page = f"<p>{MARKED}</p>".encode()
    folder = Folder.open(month)
    folder.put("agents/a.pdf", page, "agent", revision=1, data_fingerprint="", build_fingerprint="")
    folder.finish(reports.Period.month(records.dt.date(2026, 10, 1)))
    verification.write_reports_head(month, ledger.head(home))
    reports.PLAIN.write(home.outbox / "2026-10" / "mail.eml", MARKED.encode())
    return home


def in_the_clear(home: Home) -> list[str]:
    """Files that hold the marked id as it is, but for what the user landed."""
    return [
        path.relative_to(home.root).as_posix()
        for path in sorted(home.root.rglob("*"))
        if path.is_file() and MARKED.encode() in path.read_bytes()
    ]


def test_nothing_is_in_the_clear_afterwards_and_all_is_well(home: Home) -> None:
    assert len(in_the_clear(home)) >= 4
    before = verification.verify(home)
    assert before.problems == []
    done = encrypting.encrypt(home, KEY)
    assert done.removed == (home.warehouse,)
    assert done.files > 18
    assert in_the_clear(home) == []
    after = verification.verify(home)
    assert after.problems == []
    assert after.checked == before.checked
    assert People(home).token(MARKED) is not None
    assert Erased(home).holds("somebody else")
    assert home.erased.read_bytes().startswith(encryption.MAGIC)
    with engine.connect() as connection:
        engine.attach(connection, home.published_database, "p", read_only=True)
        connection.execute("use p")
        found = connection.execute("from marts.agents_of(date '2026-10-01')").fetchall()
    assert found == [(MARKED,)]
    modes = {path.stat().st_mode & 0o077 for path in home.root.rglob("*")}
    assert modes == {0}


@pytest.mark.parametrize(("deed", "command"), [(purging, "purge"), (erasing, "erase")])
def test_what_was_stopped_half_way_comes_first(home: Home, deed: Any, command: str) -> None:
    deed.journal(home).write_text("{}")
    with pytest.raises(UnusableInput, match=f"`scorehouse {command}` was stopped half-way"):
        encrypting.encrypt(home, KEY)
    assert not encryption.is_encrypted(home.root)


def test_what_an_erasure_left_aside_does_not_stay_in_the_clear(home: Home) -> None:
    left = home.records / "erasing" / "raw" / "tickets" / "x.parquet"
    left.parent.mkdir(mode=0o700, parents=True)
    left.write_text(MARKED)
    encrypting.encrypt(home, KEY)
    assert in_the_clear(home) == []


def test_a_stopped_run_is_completed_by_the_next(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    convert = encrypting._convert

    def stops_after(files: int) -> Any:
        def stopped(*arguments: Any) -> Iterator[Path]:
            for number, path in enumerate(convert(*arguments)):
                if number == files:
                    raise KeyboardInterrupt
                yield path

        return stopped

    for files in (0, 9, 3, 2):
        monkeypatch.setattr(encrypting, "_convert", stops_after(files))
        with pytest.raises(KeyboardInterrupt):
            encrypting.encrypt(home, KEY)
        with pytest.raises(
            UnusableInput, match=r"stopped half-way: run `scorehouse encrypt` again"
        ):
            unlocking.unlock(home, {"SCOREHOUSE_KEY": TEXT})
    with pytest.raises(UnusableInput, match="does not open"):
        encrypting.encrypt(home, bytes(32))
    monkeypatch.setattr(encrypting, "_convert", convert)
    encrypting.encrypt(home, KEY)
    assert in_the_clear(home) == []
    assert verification.verify(home).problems == []
    with pytest.raises(UnusableInput, match="is encrypted already"):
        encrypting.encrypt(home, KEY)


def test_a_changed_file_is_not_laundered(home: Home) -> None:
    raw = next(path for path in home.raw.glob("status_events/*") if not holds_no_load(path))
    raw.write_bytes(raw.read_bytes() + b"x")
    with pytest.raises(UnusableInput, match=rf"{raw.name} is missing or was changed"):
        encrypting.encrypt(home, KEY)
    assert not encryption.is_encrypted(home.root)
    unlocking.unlock(home, {})


@pytest.mark.parametrize("pattern", ["raw/status_events/[!_s]*", "records/performance/*"])
def test_a_flipped_byte_is_named(home: Home, pattern: str) -> None:
    encrypting.encrypt(home, KEY)
    path = next(home.root.glob(pattern))
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    (problem,) = verification.verify(home).problems
    assert problem.startswith(f"{path.relative_to(home.root)}: was changed")


@pytest.mark.parametrize(
    ("name", "what"),
    [
        ("reports/2026-10/agents/a.pdf.enc", "was changed: it is not what was sealed"),
        ("published/scorehouse.duckdb", "cannot be read"),
    ],
)
def test_a_flipped_byte_of_a_report_or_database_is_named(home: Home, name: str, what: str) -> None:
    encrypting.encrypt(home, KEY)
    path = home.root / name
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    problems = verification.verify(home).problems
    assert any(problem.startswith(f"{name}: {what}") for problem in problems), problems


def test_what_is_sealed_can_be_opened_elsewhere_alone(home: Home, tmp_path: Path) -> None:
    with pytest.raises(UnusableInput, match="is not encrypted: open its files where they lie"):
        open_files(home, Path("2026-10"), tmp_path / "out")
    encrypting.encrypt(home, KEY)
    assert open_files(home, Path("2026-10"), tmp_path / "out") == 2
    page = tmp_path / "out" / "agents" / "a.pdf"
    assert page.read_bytes() == f"<p>{MARKED}</p>".encode()
    assert page.stat().st_mode & 0o777 == 0o600
    assert page.parent.stat().st_mode & 0o777 == 0o700
    assert open_files(home, Path("outbox/2026-10/mail.eml"), tmp_path / "one") == 1
    for what, out, why in (
        ("2026-10", tmp_path / "out", "is not empty"),
        ("2026-10", home.root / "clear", "is in the home"),
        ("2026-11", tmp_path / "new", "has no '2026-11'"),
        ("../../landing", tmp_path / "new", r"has no '\.\./\.\./landing'"),
        ("raw", tmp_path / "new", "holds nothing that is sealed"),
    ):
        with pytest.raises(UnusableInput, match=why):
            open_files(home, Path(what), out)
    assert not (home.root / "clear").exists()


def test_a_fresh_home_is_encrypted_from_its_beginning_and_a_plain_one_is_not_by_the_way(
    home: Home, tmp_path: Path
) -> None:
    fresh = Home(tmp_path / "fresh")
    unlocking.unlock(fresh, {})
    assert not fresh.root.exists()
    unlocking.unlock(fresh, {"SCOREHOUSE_KEY": TEXT})
    fresh.prepare()
    assert (fresh.raw / "agents" / SCHEMA_FILE).read_bytes().startswith(b"PARE")
    with pytest.raises(UnusableInput, match=r"is not encrypted, but a key is given: encrypt it"):
        unlocking.unlock(home, {"SCOREHOUSE_KEY": TEXT})
    with pytest.raises(UnusableInput, match="holds nothing yet"):
        encrypting.encrypt(Home(tmp_path / "none"), KEY)


COMMANDS = [
    ["ingest"],
    ["build"],
    ["close", "2026-10"],
    ["report", "--from", "2026-10-01"],
    ["publish", "postgres://u@h/d"],
    ["status"],
    ["explain", "A1", "2026-10", "csat"],
    ["verify"],
    ["sign", "2026-10", "--as", "hr"],
    ["as-known-on", "2026-11-16", "--out", "OUT"],
    ["open", "2026-10", "--out", "OUT"],
    ["key", "database", "x.duckdb"],
    ["ui"],
    ["quality"],
    ["purge"],
    ["erase", "A1", "--reason", "case 1"],
    ["hold"],
    ["release", "1", "--reason", "over", "--by", "J. Doe"],
    ["deliveries", "send"],
    ["deliveries", "list"],
]


@pytest.mark.parametrize("arguments", COMMANDS, ids=lambda one: "-".join(one[:2]))
@pytest.mark.parametrize(
    ("environment", "sentence"),
    [({}, "is encrypted: give its key"), ({"SCOREHOUSE_KEY": OTHER}, "the key does not open")],
)
def test_no_command_begins_without_the_right_key(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    arguments: list[str],
    environment: dict[str, str],
    sentence: str,
) -> None:
    home = Home(tmp_path / "home")
    encryption.begin(home.root, KEY)
    monkeypatch.setattr(encryption, "_unlocked", {})
    # A test's standard error is no file.
    monkeypatch.setattr("orchestration.cli._listen", lambda: None)
    before = sorted(home.root.rglob("*"))
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    out = str(tmp_path / "out")
    said = [out if one == "OUT" else one for one in arguments]
    result = CliRunner().invoke(app, [*said, "--home", str(home.root)])
    assert isinstance(result.exception, UnusableInput), result.output
    assert sentence in str(result.exception)
    assert OTHER not in str(result.exception) + result.output
    assert sorted(home.root.rglob("*")) == before
    assert not Path(out).exists()


def test_a_key_is_made_into_a_private_file_and_never_over_another(tmp_path: Path) -> None:
    file = tmp_path / "key"
    made = CliRunner().invoke(app, ["key", "new", str(file)])
    assert made.exit_code == 0
    assert file.stat().st_mode & 0o777 == 0o600
    assert len(encryption.read_key(file)) == 32
    assert file.read_text().strip() not in made.output
    assert CliRunner().invoke(app, ["key", "new", str(file)]).exit_code == 2


def test_the_key_of_one_database_opens_that_one_alone(
    home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    encrypting.encrypt(home, KEY)
    monkeypatch.setenv("SCOREHOUSE_KEY", TEXT)
    where = ["--home", str(home.root)]
    said = CliRunner().invoke(app, ["key", "database", str(home.published_database), *where])
    handed_on = tmp_path / "theirs.duckdb"
    handed_on.write_bytes(home.published_database.read_bytes())
    with engine.connect() as connection:
        connection.execute(
            f"attach '{handed_on}' as p (read_only, encryption_key $key)",
            {"key": said.output.strip()},
        )
        assert connection.execute("select agent_id from p.marts.fct_agent_month").fetchall()
    refused = CliRunner().invoke(app, ["key", "database", str(home.people), *where])
    assert refused.exit_code == 2


def test_reports_are_the_same_sealed_or_not(home: Home, tmp_path: Path) -> None:
    sealed = storage_of(home.reports)
    assert not sealed.suffix
    keys = encryption.begin(home.root, KEY)
    sealed = storage_of(home.reports)
    assert isinstance(sealed, SealedStorage)
    page = home.reports / "x" / "page.html"
    sealed.write(page, MARKED.encode())
    assert not page.exists()
    assert sealed.exists(page)
    assert list(sealed.find(home.reports, "*/page.html")) == [page]
    # Another process, such as one that looks for names that do not belong there, gets the keys along.
    again = SealedStorage(keys)
    assert again.read(page) == MARKED.encode()
    with pytest.raises(OSError, match="damaged"):
        again.decoded(page, sealed.place(page).read_bytes()[:-1])
    sealed.remove(page)
    assert not sealed.exists(page)
    assert not list(page.parent.iterdir())


def test_dbt_finds_the_files_of_an_encrypted_home(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    from orchestration.dbt_encryption import Plugin
    from orchestration.project import dbt_target

    assert dbt_target(home) == "duckdb"
    encrypting.encrypt(home, KEY)
    assert dbt_target(home) == "encrypted"
    monkeypatch.setattr(encryption, "_unlocked", {})
    monkeypatch.setenv("SCOREHOUSE_KEY", TEXT)
    monkeypatch.setenv("SCOREHOUSE_HOME", str(home.root))
    plugin = Plugin("dbt_encryption", {})
    with duckdb.connect() as connection:
        plugin.configure_connection(connection)
        plugin.configure_cursor(connection)
        for rows in ("memory.main.raw_status_events", "memory.main.recorded_performance"):
            assert connection.execute(f"select agent_id from {rows}").fetchall() == [(MARKED,)]
        assert connection.execute("from memory.main.raw_sales").fetchall() == []
        connection.execute(f"create table made as select '{MARKED}' as name")
    assert MARKED.encode() not in home.warehouse.read_bytes()
