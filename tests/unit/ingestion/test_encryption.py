"""Keys, sealed files, and what ingestion writes into an encrypted home."""

import base64
import json
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest
from ingestion_bench import EVENT, Bench

from ingestion import DATASETS, Home, UnusableInput, encryption, engine
from ingestion.encryption import CHUNK_BYTES, MAGIC, DamagedFileError
from ingestion.home import raw_columns
from ingestion.people import People

KEY = bytes(range(32))
TEXT = base64.b64encode(KEY).decode()
# So that a search for it in a file finds nothing else.
MARKED = "Zażółć-Gęślą-77"


@pytest.fixture(autouse=True)
def nothing_unlocked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(encryption, "_unlocked", {})


@pytest.fixture
def home(bench: Bench) -> Home:
    encryption.begin(bench.home.root, KEY)
    bench.home.prepare()
    return bench.home


def locked(monkeypatch: pytest.MonkeyPatch) -> None:
    """As another process finds it."""
    monkeypatch.setattr(encryption, "_unlocked", {})


def files(root: Path) -> Iterator[Path]:
    return (path for path in root.rglob("*") if path.is_file())


@pytest.mark.parametrize("size", [0, 1, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1, 200_000])
def test_what_is_sealed_is_read_again(home: Home, size: int) -> None:
    content = (MARKED.encode() * (size // 8 + 1))[:size]
    home.people.write_bytes(encryption.seal(home.people, content))
    assert encryption.read(home.people) == content
    assert size < 8 or MARKED.encode()[:8] not in home.people.read_bytes()


def test_sealing_twice_gives_other_bytes(home: Home) -> None:
    assert encryption.seal(home.people, b"same") != encryption.seal(home.people, b"same")


def damaged(sealed: bytes) -> dict[str, bytes]:
    head, chunk = len(MAGIC) + 16, CHUNK_BYTES + 16
    first, second = sealed[head : head + chunk], sealed[head + chunk : head + 2 * chunk]
    rest = sealed[head + 2 * chunk :]
    return {
        "a changed byte": sealed[:-1] + bytes([sealed[-1] ^ 1]),
        "a changed salt": sealed[:25] + bytes([sealed[25] ^ 1]) + sealed[26:],
        "cut off at a chunk": sealed[: head + chunk],
        "cut off within one": sealed[:-5],
        "cut off at its head": sealed[:head],
        "chunks in another order": sealed[:head] + second + first + rest,
        "more behind it": sealed + b"x",
        "not sealed": b"{}",
    }


@pytest.mark.parametrize("what", damaged(b"x" * 300_000))
def test_what_is_not_as_it_was_sealed_is_refused_with_its_name(home: Home, what: str) -> None:
    sealed = encryption.seal(home.people, b"y" * (2 * CHUNK_BYTES + 7))
    home.people.write_bytes(damaged(sealed)[what])
    with pytest.raises(DamagedFileError, match=r"people\.json"):
        encryption.read(home.people)


def test_a_file_of_another_home_is_refused(home: Home, tmp_path: Path) -> None:
    other = Home(tmp_path / "other")
    encryption.begin(other.root, KEY)
    home.people.write_bytes(encryption.seal(other.people, b"theirs"))
    with pytest.raises(DamagedFileError):
        encryption.read(home.people)


def test_the_key_comes_from_the_environment_or_a_private_file(tmp_path: Path) -> None:
    file = tmp_path / "key"
    file.write_text(f"{TEXT}\n")
    file.chmod(0o600)
    assert encryption.given_key({}) is None
    assert encryption.given_key({"SCOREHOUSE_KEY": TEXT}) == KEY
    assert encryption.given_key({"SCOREHOUSE_KEY_FILE": str(file)}) == KEY
    file.chmod(0o640)
    with pytest.raises(UnusableInput, match=r"mode 0640.*chmod 600"):
        encryption.given_key({"SCOREHOUSE_KEY_FILE": str(file)})
    with pytest.raises(UnusableInput, match="cannot be read: No such file"):
        encryption.given_key({"SCOREHOUSE_KEY_FILE": str(tmp_path / "none")})


@pytest.mark.parametrize("text", ["secret", "ab" * 32, base64.b64encode(b"short").decode(), "ł"])
def test_what_is_no_key_is_refused_and_not_shown(text: str) -> None:
    with pytest.raises(UnusableInput, match="SCOREHOUSE_KEY is no key") as refused:
        encryption.given_key({"SCOREHOUSE_KEY": text})
    assert text not in str(refused.value)


def test_a_missing_and_a_wrong_key_are_one_line_each(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    locked(monkeypatch)
    with pytest.raises(UnusableInput, match=r"is encrypted: give its key with --key-file"):
        encryption.unlock(home.root, {})
    with pytest.raises(UnusableInput, match="is encrypted: give its key"):
        People(home).ensure(["a1"])
    wrong = base64.b64encode(bytes(32)).decode()
    with pytest.raises(UnusableInput, match="does not open") as refused:
        encryption.unlock(home.root, {"SCOREHOUSE_KEY": wrong})
    assert wrong not in str(refused.value)
    assert "\n" not in str(refused.value)
    assert encryption.unlock(home.root, {"SCOREHOUSE_KEY": TEXT}) is not None
    assert encryption.unlock(home.root.parent, {}) is None


def test_the_home_tells_no_key(home: Home) -> None:
    keys = encryption.keys_of(home.root)
    assert keys is not None
    said = (home.records / "encryption.json").read_text()
    assert json.loads(said).keys() == {"format", "data_key"}
    for secret in (TEXT, keys.parquet, keys.database(home.warehouse)):
        assert secret not in said
        assert secret not in repr(keys)
    assert "_data" not in repr(keys)


def test_another_key_opens_the_same_data(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    home.people.write_bytes(encryption.seal(home.people, b"kept"))
    encryption.change_key(home.root, bytes(32))
    locked(monkeypatch)
    with pytest.raises(UnusableInput, match="does not open"):
        encryption.open_home(home.root, KEY)
    encryption.open_home(home.root, bytes(32))
    assert encryption.read(home.people) == b"kept"


def test_a_home_made_from_another_has_its_keys(
    home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other, plain = Home(tmp_path / "other"), Home(tmp_path / "plain")
    encryption.share(plain.root, tmp_path / "neither")
    assert not encryption.is_encrypted(tmp_path / "neither")
    encryption.share(home.root, other.root)
    locked(monkeypatch)
    with pytest.raises(UnusableInput, match="is encrypted: give its key"):
        encryption.keys_of(other.warehouse)
    mine, theirs = (encryption.open_home(one.root, KEY) for one in (home, other))
    assert mine.parquet == theirs.parquet
    assert mine.database(home.warehouse) == theirs.database(other.warehouse)


def test_two_that_begin_at_once_have_one_data_key(home: Home) -> None:
    sealed = encryption.seal(home.people, b"first")
    encryption.begin(home.root, KEY)
    home.people.write_bytes(sealed)
    assert encryption.read(home.people) == b"first"


def test_a_damaged_or_newer_settings_file_is_said(home: Home) -> None:
    settings = home.records / "encryption.json"
    settings.write_text('{"format": 1, "data_key": "?"}')
    with pytest.raises(UnusableInput, match=r"encryption\.json is damaged"):
        encryption.open_home(home.root, KEY)
    settings.write_text('{"format": 2, "data_key": ""}')
    with pytest.raises(UnusableInput, match="a newer version"):
        encryption.open_home(home.root, KEY)


def test_every_database_has_a_key_of_its_own(home: Home) -> None:
    keys = encryption.keys_of(home.root)
    assert keys is not None
    names = ("warehouse.duckdb", "published/scorehouse.duckdb", "published/bi.duckdb")
    assert len({keys.database(home.root / name) for name in names}) == len(names)
    aside = home.published / ".bi.duckdb.0123.tmp"
    assert keys.database(aside) == keys.database(home.published / "bi.duckdb")


def test_a_database_is_written_and_read_with_its_key_alone(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    with engine.writing(home.warehouse) as connection:
        connection.execute(f"create table people as select '{MARKED}' as name")
    assert MARKED.encode() not in home.warehouse.read_bytes()
    with engine.connect() as connection:
        engine.attach(connection, home.warehouse, "w", read_only=True)
        assert connection.execute("from w.people").fetchall() == [(MARKED,)]
    encryption.begin(home.root.parent / "other", KEY)
    monkeypatch.setitem(
        encryption._unlocked, home.root, encryption._unlocked[home.root.parent / "other"]
    )
    with engine.connect() as connection, pytest.raises(duckdb.Error) as refused:
        engine.attach(connection, home.warehouse, "w", read_only=True)
    assert encryption._unlocked[home.root].database(home.warehouse) not in str(refused.value)


EVENTS = [
    {**EVENT, "event_id": "e1", "agent_id": MARKED},
    {**EVENT, "event_id": "e2", "agent_id": MARKED, "status": "Sleeping-Marked-Status"},
    {**EVENT, "event_id": "e3"},
]


@pytest.mark.parametrize("on_disk", [False, True])
@pytest.mark.parametrize("suffix", ["csv", "ndjson", "parquet"])
def test_ingestion_leaves_nothing_in_the_clear(
    bench: Bench, home: Home, suffix: str, on_disk: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if on_disk:
        monkeypatch.setattr("ingestion.load.IN_MEMORY_BYTES", 0)
    bench.put_rows(f"status_events/events.{suffix}", EVENTS)
    bench.put("tickets/broken.parquet", b"Broken-Marked-File")
    summary = bench.ingest()
    assert [(load.rows_loaded, load.rows_rejected) for load in summary.loads] == [(2, 1), (0, 0)]
    for path in files(home.root):
        content = path.read_bytes()
        for mark in (MARKED.encode(), b"Sleeping-Marked-Status"):
            assert mark not in content, path
    with engine.connect() as connection:
        raw = home.raw_folder("status_events") / "*.parquet"
        rows = engine.parquet(connection, raw, raw_columns(DATASETS["status_events"]))
        found = connection.execute(f"select event_id, agent_id from {rows} order by all").fetchall()
    assert found == [("e1", MARKED), ("e3", "a1")]
    rejected = home.quarantine_file("status_events", summary.loads[0].load_id)
    assert rejected.name.endswith(".csv.enc")
    assert b"Sleeping-Marked-Status" in encryption.read(rejected)


def test_rejected_rows_are_what_they_are_in_the_clear(tmp_path: Path) -> None:
    plain, sealed = (Bench(tmp_path / "landing", Home(tmp_path / name)) for name in ("p", "s"))
    encryption.begin(sealed.home.root, KEY)
    plain.put_rows("status_events/events.csv", EVENTS)
    loads = [bench.ingest().loads[0] for bench in (plain, sealed)]
    name = ("status_events", loads[0].load_id)
    in_the_clear = plain.home.quarantine_file(*name).read_text(encoding="utf-8").splitlines()
    lines = encryption.read(sealed.home.quarantine_file(*name)).decode().splitlines()
    assert lines == in_the_clear


def test_a_column_that_a_file_lacks_is_null(home: Home) -> None:
    folder = home.raw_folder("teams")
    columns = [("team_id", "VARCHAR"), ("later", "BIGINT")]
    with engine.connect() as connection:
        engine.write_parquet(connection, "select 'T1' as team_id", folder / "a.parquet")
        engine.write_parquet(connection, "select 'T2' as team_id, 5 as later", folder / "b.parquet")
        said = engine.parquet(connection, folder / "[ab].parquet", columns)
        looked_up = engine.parquet(connection, [folder / "a.parquet", folder / "b.parquet"])
        for rows in (said, looked_up):
            found = connection.execute(f"select team_id, later from {rows} order by 1").fetchall()
            assert found == [("T1", None), ("T2", 5)]
