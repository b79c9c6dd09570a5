"""Object storage: what is put, removed and fetched, in how many requests, and what is refused."""

import hashlib
import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest
from ingestion_bench import EVENT, Bench

from ingestion import Home, UnusableInput, engine, read_ledger, stores
from ingestion.stores import CURRENT, OWNER, STORED, Publications, Store, StoreError, stores_of
from tests.support.buckets import SECRET, Buckets, reader, running_buckets

FILES = {
    "index.html": "all",
    "2026-10/manifest.json": "{}",
    "2026-10/index.html": "October",
    "2026-10/agents/A1.html": "A1",
    "2026-10/agents/A2.html": "A2",
    "2026-09/index.html": "September",
}


@pytest.fixture(scope="module")
def server() -> Iterator[Buckets]:
    with running_buckets() as running:
        yield running


@pytest.fixture
def bucket(server: Buckets, request: pytest.FixtureRequest) -> str:
    """An empty bucket."""
    number = request.session.items.index(request.node)
    return server.make(f"centre-{number}")


@pytest.fixture
def home(tmp_path: Path, bucket: str) -> Home:
    """A home with some reports, kept in the bucket."""
    made = Home(tmp_path / "home")
    for name, text in FILES.items():
        path = made.reports / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    say(made, reports=f"s3://{bucket}/reports")
    return made


def say(home: Home, **addresses: str) -> None:
    home.root.mkdir(exist_ok=True)
    lines = (f"{name}: {address}\n" for name, address in addresses.items())
    (home.root / stores.SETTINGS).write_text("".join(lines))


def held(server: Buckets, bucket: str, folder: str = "reports") -> dict[str, str]:
    """What a store holds, without who owns it."""
    found = server.content(f"{bucket}/{folder}")
    return {name: text.decode() for name, text in found.items() if name != OWNER}


def test_without_settings_there_is_no_store(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    stores.push(home, "reports")
    stores.fetch_back(home)
    assert stores_of(home) == []
    assert not home.root.exists()


def test_a_folder_is_put_and_then_what_changed(server: Buckets, bucket: str, home: Home) -> None:
    stores.push(home, "reports")
    assert held(server, bucket) == FILES
    stores.push(home, "reports")
    assert server.asked() == []
    (home.reports / "2026-10/agents/A1.html").write_text("A1 again")
    (home.reports / "2026-10/agents/A2.html").unlink()
    (home.reports / "2026-09/index.html").unlink()
    stores.push(home, "reports")
    # One request for what changed, one for all that went.
    assert server.asked() == [
        f"/{bucket}/reports/2026-10/agents/A1.html",
        f"/{bucket}?delete",
    ]
    assert "2026-10/agents/A2.html" not in held(server, bucket)
    assert held(server, bucket)["2026-10/agents/A1.html"] == "A1 again"


def test_only_some_folders_are_put_and_what_went_is_removed_everywhere(
    server: Buckets, bucket: str, home: Home
) -> None:
    stores.push(home, "reports", ["2026-10"])
    assert held(server, bucket).keys() == FILES.keys() - {"2026-09/index.html"}
    (home.reports / "2026-10/index.html").unlink()
    stores.push(home, "reports", [])
    assert "2026-10/index.html" not in held(server, bucket)


def test_what_names_other_files_comes_after_them(server: Buckets, home: Home) -> None:
    for store in stores_of(home):
        store.begin()
    server.asked()
    stores.push(home, "reports")
    names = [path.partition("/reports/")[2] for path in server.asked("PUT")]
    assert names[-2:] == ["2026-10/manifest.json", "index.html"]


def test_a_browser_is_told_what_a_page_is(server: Buckets, bucket: str, home: Home) -> None:
    stores.push(home, "reports")
    found = server.files().info(f"{bucket}/reports/index.html")
    assert found["ContentType"] == "text/html"


def test_what_was_put_and_not_noted_is_put_again(server: Buckets, bucket: str, home: Home) -> None:
    stores.push(home, "reports")
    noted = home.reports / STORED
    lines = noted.read_bytes().splitlines(keepends=True)
    # As a run leaves it that was killed in the middle of a line.
    noted.write_bytes(b"".join(lines[:3]) + lines[3][:20])
    server.asked()
    stores.push(home, "reports")
    assert len(server.asked("PUT")) == len(FILES) - 2
    assert held(server, bucket) == FILES
    assert stores_of(home)[0].waiting() == 0


def test_what_was_removed_and_not_noted_is_no_trouble(
    server: Buckets, bucket: str, home: Home
) -> None:
    stores.push(home, "reports")
    server.files().rm(f"{bucket}/reports/index.html")
    (home.reports / "index.html").unlink()
    stores.push(home, "reports")
    assert stores_of(home)[0].waiting() == 0


def test_hidden_files_stay_at_home(server: Buckets, bucket: str, home: Home) -> None:
    (home.reports / ".half.part").write_text("half")
    stores.push(home, "reports")
    assert held(server, bucket) == FILES


def test_a_folder_that_was_lost_comes_back(server: Buckets, bucket: str, home: Home) -> None:
    stores.push(home, "reports")
    shutil.rmtree(home.reports)
    # Whoever looks first finds all of it; nothing is removed because it was gone.
    stores.fetch_back(home)
    found = {
        path.relative_to(home.reports).as_posix(): path
        for path in home.reports.rglob("*")
        if path.is_file() and path.name != STORED
    }
    assert {name: path.read_text() for name, path in found.items()} == FILES
    assert {path.stat().st_mode & 0o777 for path in found.values()} == {0o600}
    server.asked()
    stores.push(home, "reports")
    stores.fetch_back(home)
    assert server.asked() == []


def test_a_file_that_is_needed_and_was_lost_comes_back(
    server: Buckets, bucket: str, home: Home
) -> None:
    stores.push(home, "reports")
    lost, unwanted = home.reports / "index.html", home.reports / "2026-09/index.html"
    lost.unlink()
    unwanted.unlink()
    stores.push(home, "reports", recorded=lambda: {"index.html": None})
    assert lost.read_text() == "all"
    assert held(server, bucket).keys() == FILES.keys() - {"2026-09/index.html"}
    assert stores_of(home)[0].waiting() == 0


def test_a_file_that_was_damaged_does_not_replace_the_one_in_the_store(
    server: Buckets, bucket: str, home: Home
) -> None:
    stores.push(home, "reports")
    damaged = home.reports / "index.html"
    recorded = {"index.html": hashlib.sha256(damaged.read_bytes()).hexdigest()}
    damaged.write_text("dama")
    stores.push(home, "reports", recorded=lambda: recorded)
    assert held(server, bucket) == FILES
    # The way out.
    damaged.unlink()
    stores.push(home, "reports", recorded=lambda: recorded)
    assert damaged.read_text() == "all"


def test_a_store_is_of_one_home(home: Home, tmp_path: Path, bucket: str) -> None:
    stores.push(home, "reports")
    other = Home(tmp_path / "other")
    say(other, reports=f"s3://{bucket}/reports")
    with pytest.raises(UnusableInput, match=r"is the store of another home: name an empty folder"):
        stores.fetch_back(other)
    with pytest.raises(UnusableInput, match="restore records/ of that home first"):
        stores.push(other, "reports")
    shutil.copytree(home.records, other.records, dirs_exist_ok=True)
    stores.fetch_back(other)
    assert (other.reports / "index.html").read_text() == "all"


def test_files_of_somebody_else_are_left_alone(server: Buckets, bucket: str, home: Home) -> None:
    server.files().pipe_file(f"{bucket}/reports/theirs.txt", b"theirs")
    with pytest.raises(UnusableInput, match=r"holds files, and no home has written them"):
        stores.push(home, "reports")
    assert held(server, bucket) == {"theirs.txt": "theirs"}


def test_another_address_gets_everything(server: Buckets, bucket: str, home: Home) -> None:
    stores.push(home, "reports")
    say(home, reports=f"s3://{bucket}/elsewhere")
    assert stores_of(home)[0].waiting() == len(FILES)
    stores.push(home, "reports")
    assert held(server, bucket, "elsewhere") == held(server, bucket) == FILES


def test_after_another_address_the_folder_counts(server: Buckets, bucket: str, home: Home) -> None:
    stores.push(home, "reports")
    say(home, reports=f"s3://{bucket}/elsewhere")
    stores.push(home, "reports")
    (home.reports / "index.html").write_text("newer")
    (home.reports / "2026-09/index.html").unlink()
    say(home, reports=f"s3://{bucket}/reports")
    stores.fetch_back(home)
    assert (home.reports / "index.html").read_text() == "newer"
    stores.push(home, "reports")
    wanted = {name: FILES[name] for name in FILES if name != "2026-09/index.html"}
    assert held(server, bucket) == wanted | {"index.html": "newer"}
    assert not (home.reports / "2026-09/index.html").exists()
    assert stores_of(home)[0].waiting() == 0


def test_fetching_that_was_stopped_goes_on(
    server: Buckets, bucket: str, home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    stores.push(home, "reports")
    shutil.rmtree(home.reports)
    fetch = Store.fetch

    def stopping(store: Store, name: str) -> None:
        if "agents" in name:
            raise StoreError("the store is gone")
        fetch(store, name)

    with monkeypatch.context() as patched:
        patched.setattr(Store, "fetch", stopping)
        with pytest.raises(StoreError):
            stores.fetch_back(home)
    assert (home.reports / "2026-09/index.html").exists()
    stores.push(home, "reports")
    assert (home.reports / "2026-10/agents/A1.html").read_text() == "A1"
    assert held(server, bucket) == FILES


def test_a_name_that_leads_out_of_the_folder_is_refused(
    server: Buckets, bucket: str, home: Home
) -> None:
    stores.push(home, "reports")
    shutil.rmtree(home.reports)
    client = server.files()
    client.call_s3("put_object", Bucket=bucket, Key="reports/../../x.txt", Body=b"x")
    with pytest.raises(StoreError, match=r"which is no name of a file in a home"):
        stores.fetch_back(home)
    assert not (home.root.parent / "x.txt").exists()


def test_what_differs_is_named(server: Buckets, bucket: str, home: Home) -> None:
    stores.push(home, "reports")
    store = stores_of(home)[0]
    assert list(store.differing()) == []
    files = server.files()
    files.pipe_file(f"{bucket}/reports/2026-09/index.html", b"Septembre")
    files.pipe_file(f"{bucket}/reports/extra.html", b"extra")
    files.rm(f"{bucket}/reports/index.html")
    assert dict(store.differing()) == {
        "2026-09/index.html": "is another one in the store: its SHA-256 is not that of the home's",
        "extra.html": "is in the store alone: no file of the home",
        "index.html": "is not in the store: the run that makes it puts it there, run that again",
    }


@pytest.mark.parametrize(
    ("said", "message"),
    [
        pytest.param("raw: [", "is no YAML", id="yaml"),
        pytest.param("- raw", "lines are `raw: s3://BUCKET/FOLDER`", id="list"),
        pytest.param("landing: s3://b/x", "for raw, published, reports", id="folder"),
        pytest.param("raw: ftp://b/x", "'ftp://b/x' is no object storage", id="scheme"),
        pytest.param("raw: /mnt/raw", "write s3://BUCKET/FOLDER", id="path"),
        pytest.param("raw: s3:///raw", "is no object storage", id="bucket"),
        pytest.param("raw: 5", "'5' is no object storage", id="number"),
        pytest.param("raw: s3://[b", "is no object storage", id="malformed"),
        pytest.param("raw: gs://b/x", "needs the package gcsfs, which is not", id="package"),
        pytest.param(
            "raw: s3://b/x\nreports: s3://b/x/reports", "reports lies in raw", id="nested"
        ),
        pytest.param("raw: s3://b/x\nreports: s3://b/x/", "lies in", id="same"),
    ],
)
def test_wrong_settings_are_one_line(tmp_path: Path, said: str, message: str) -> None:
    home = Home(tmp_path)
    (tmp_path / stores.SETTINGS).write_text(said)
    with pytest.raises(UnusableInput) as raised:
        stores_of(home)
    assert message in str(raised.value)
    assert str(tmp_path / stores.SETTINGS) in str(raised.value)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("said", [f"s3://me:{SECRET}@b/x", f"s3://b/x?secret={SECRET}"])
def test_a_secret_in_an_address_is_refused_and_not_shown(tmp_path: Path, said: str) -> None:
    home = Home(tmp_path)
    say(home, raw=said)
    with pytest.raises(UnusableInput, match="credentials come from the environment") as raised:
        stores_of(home)
    assert SECRET not in str(raised.value)


def test_a_bucket_that_there_is_not_is_one_line(server: Buckets, tmp_path: Path) -> None:
    home = Home(tmp_path)
    home.raw.mkdir()
    say(home, raw="s3://no-such-bucket/raw")
    with pytest.raises(StoreError) as raised:
        stores.push(home, "raw")
    assert "s3://no-such-bucket/raw" in str(raised.value)
    assert "bucket does not exist" in str(raised.value)
    assert "\n" not in str(raised.value)


def test_no_secret_is_written(server: Buckets, home: Home) -> None:
    stores.push(home, "reports")
    for path in home.root.rglob("*"):
        assert path.is_dir() or SECRET.encode() not in path.read_bytes()


def test_a_raw_file_is_put_before_the_ledger_names_it(
    server: Buckets, bucket: str, bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.put_rows("status_events/1.csv", [EVENT])
    say(bench.home, raw=f"s3://{bucket}/raw")

    def stopped(home: Home, path: Path) -> None:
        raise StoreError("the store is gone")

    with monkeypatch.context() as patched:
        patched.setattr(stores, "put", stopped)
        with pytest.raises(StoreError):
            bench.ingest()
    assert read_ledger(bench.home) == []
    bench.ingest()
    (load,) = read_ledger(bench.home)
    name = f"status_events/{load.load_id}.parquet"
    raw = (bench.home.raw / name).read_bytes()
    assert server.content(f"{bucket}/raw")[name] == raw


def test_loading_asks_once_for_each_new_file(server: Buckets, bucket: str, bench: Bench) -> None:
    say(bench.home, raw=f"s3://{bucket}/raw")
    for number in range(5):
        bench.put_rows(f"status_events/{number}.csv", [EVENT | {"event_id": f"e{number}"}])
    bench.ingest()
    server.asked()
    bench.ingest()
    assert server.asked() == []
    for number in range(5, 8):
        bench.put_rows(f"status_events/{number}.csv", [EVENT | {"event_id": f"e{number}"}])
    bench.ingest()
    assert len(server.asked()) == 3


@pytest.fixture
def publisher(tmp_path: Path, bucket: str) -> Home:
    """A home whose published databases are kept in the bucket."""
    made = Home(tmp_path / "publisher")
    say(made, published=f"s3://{bucket}/published")
    (made.published / "managers").mkdir(parents=True)
    return made


def publish(home: Home, figure: int, *names: str) -> None:
    """Publish databases that say a figure many times."""
    for name in names or ("scorehouse.duckdb", "managers/care.duckdb"):
        written = home.root / "written.duckdb"
        with engine.writing(written) as connection:
            rows = f"select {figure} as figure, md5(i::varchar) as noise from range(50000) as t (i)"
            connection.execute(f"create table figures as {rows}")
        written.replace(home.published / name)
    stores.push(home, "published")


def test_who_has_a_database_attached_keeps_it_until_the_publication_after_the_next(
    server: Buckets, bucket: str, publisher: Home
) -> None:
    publish(publisher, 1)
    published = f"s3://{bucket}/published"
    asked = "select sum(figure) / count(*), count(distinct noise) from s.figures"
    with reader(server) as connection:

        def attach() -> None:
            found = connection.execute(f"select folder from '{published}/{CURRENT}'").fetchone()
            assert found is not None
            connection.execute(
                f"attach '{published}/{found[0]}/scorehouse.duckdb' as s (read_only)"
            )

        attach()
        publish(publisher, 2)
        assert connection.execute(asked).fetchall() == [(1, 50_000)]
        connection.execute("detach s")
        attach()
        publish(publisher, 3)
        publish(publisher, 4)
        with pytest.raises(duckdb.Error, match="404"):
            connection.execute(asked)
        connection.execute("detach s")
        attach()
        assert connection.execute(asked).fetchall() == [(4, 50_000)]


def test_a_publication_is_all_of_its_databases(
    server: Buckets, bucket: str, publisher: Home
) -> None:
    publish(publisher, 1)
    publish(publisher, 2, "scorehouse.duckdb")
    (publisher.published / "managers" / "care.duckdb").unlink()
    asked = server.asked()
    stores.push(publisher, "published")
    held = server.content(f"{bucket}/published")
    current = json.loads(held.pop(CURRENT))
    names = {name for name in held if name.startswith(current["folder"])}
    assert names == {f"{current['folder']}/scorehouse.duckdb"}
    assert {name for name in held if name.startswith(current["before"])} == {
        f"{current['before']}/{name}" for name in ("scorehouse.duckdb", "managers/care.duckdb")
    }
    # Each database once, and then what names them.
    puts = [path.rpartition("/")[2] for path in asked if "duckdb" in path or CURRENT in path]
    assert puts[-3:] == ["scorehouse.duckdb", "care.duckdb", CURRENT] or puts[-3:] == [
        "care.duckdb",
        "scorehouse.duckdb",
        CURRENT,
    ]
    stores.push(publisher, "published")
    assert server.asked() == []
    assert list(stores_of(publisher)[0].differing()) == []


def test_a_publication_that_was_stopped_is_not_seen_and_goes_with_the_next(
    server: Buckets, bucket: str, publisher: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(publisher, 1)
    before = server.content(f"{bucket}/published")
    send = Publications._send

    def stopping(store: Publications, path: Path) -> str:
        if path.parent.name == "managers":
            raise StoreError("the store is gone")
        return send(store, path)

    with monkeypatch.context() as patched:
        patched.setattr(Publications, "_send", stopping)
        with pytest.raises(StoreError):
            publish(publisher, 2)
    assert server.content(f"{bucket}/published").items() > before.items()
    stores.push(publisher, "published")
    held = server.content(f"{bucket}/published")
    current = json.loads(held[CURRENT])
    assert current["before"] == json.loads(before[CURRENT])["folder"]
    assert {name.partition("/")[0] for name in held} == {*current.values(), CURRENT, OWNER}


def test_databases_that_were_lost_come_back_from_the_newest_publication(
    server: Buckets, bucket: str, publisher: Home
) -> None:
    publish(publisher, 1)
    publish(publisher, 2)
    here = publisher.published_database.read_bytes()
    shutil.rmtree(publisher.published)
    stores.fetch_back(publisher)
    assert publisher.published_database.read_bytes() == here
    assert {path.name for path in publisher.published.iterdir()} == {
        "scorehouse.duckdb", "managers", STORED,
    }  # fmt: skip


def test_the_publication_before_can_be_forgotten(
    server: Buckets, bucket: str, publisher: Home
) -> None:
    stores.forget_before(publisher)
    publish(publisher, 1)
    publish(publisher, 2)
    stores.forget_before(publisher)
    held = server.content(f"{bucket}/published")
    (folder,) = json.loads(held[CURRENT]).values()
    assert {name.partition("/")[0] for name in held} == {folder, CURRENT, OWNER}


def test_published_databases_of_somebody_else_are_left_alone(
    server: Buckets, bucket: str, publisher: Home
) -> None:
    server.files().pipe_file(f"{bucket}/published/theirs.txt", b"theirs")
    with pytest.raises(UnusableInput, match=r"holds files, and no home has written them"):
        publish(publisher, 1)
