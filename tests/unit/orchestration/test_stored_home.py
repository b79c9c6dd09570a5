"""A home with stores: purging, erasing and encrypting reach them, `verify` looks into them, and errors are one line."""

import datetime as dt
import shutil
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest

from ingestion import Home, UnusableInput, encryption, ingest, ledger, stores
from ingestion.engine import ENCRYPTED_PARQUET
from ingestion.stores import OWNER, StoreError
from orchestration import encrypting, erasing, period_reports, purging, retention, verification
from orchestration.monitoring import exposition
from orchestration.project import PROJECT_DIR
from orchestration.storing import store_raw, store_reports
from reports.manifest import Folder
from reports.period import Period
from tests.support.buckets import SECRET, Buckets, assert_stored, running_buckets
from tests.support.command import scorehouse

pytestmark = pytest.mark.long

TODAY = dt.date(2026, 11, 15)
RULES = retention.rule_table(PROJECT_DIR)
LANDED = {
    "agents/agents.csv": "agent_id,name,role,team_id,time_zone,effective_from\n"
    "A00001,Ana Prieto,agent,T1,UTC,2025-01-01\n",
    "tickets/new.csv": "ticket_id,agent_id,created_at,status,resolved_at\n"
    "t1,A00001,2026-10-01T09:00:00Z,resolved,2026-10-01T10:00:00Z\n",
    "tickets/old.csv": "ticket_id,agent_id,created_at,status,resolved_at\n"
    "t0,A00002,2019-10-01T09:00:00Z,resolved,2019-10-01T10:00:00Z\n",
}


@pytest.fixture(scope="module")
def server() -> Iterator[Buckets]:
    with running_buckets() as running:
        yield running


@pytest.fixture
def bucket(server: Buckets, request: pytest.FixtureRequest) -> str:
    return server.make(f"centre-{request.session.items.index(request.node)}")


@pytest.fixture
def home(tmp_path: Path, bucket: str) -> Home:
    """Loaded files, two of them with an agent, and reports of an old and a young month, all put into the stores."""
    made = Home(tmp_path / "home")
    made.root.mkdir()
    addresses = (f"{name}: s3://{bucket}/{name}\n" for name in stores.NAMES)
    (made.root / stores.SETTINGS).write_text("".join(addresses))
    for name, text in LANDED.items():
        path = tmp_path / "landing" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    ingest(made, tmp_path / "landing")
    for month in ("2019-10", "2026-10"):
        folder = Folder.open(made.reports / month)
        prints = {"data_fingerprint": "d", "build_fingerprint": "b"}
        folder.put("index.html", b"page", "index", **prints)
        folder.put("agents/A00001.pdf", b"pdf", "agent", subject_id="A00001", revision=1, **prints)
        folder.finish(Period.month(dt.date.fromisoformat(f"{month}-01")))
    for name in stores.NAMES:
        stores.push(made, name)
    return made


def raw_files(home: Home) -> dict[str, str]:
    """Name of the raw file of each landed one."""
    return {
        load.file: f"{load.dataset}/{load.load_id}.parquet" for load in ledger.read_ledger(home)
    }


def test_a_home_that_is_stored_verifies(server: Buckets, bucket: str, home: Home) -> None:
    assert_stored(server, bucket, home)
    found = verification.verify(home)
    assert found.problems == []
    assert found.checked[f"files in s3://{bucket}/reports"] == 6


def test_what_the_store_holds_otherwise_is_named(server: Buckets, bucket: str, home: Home) -> None:
    name = raw_files(home)["tickets/new.csv"]
    server.files().pipe_file(f"{bucket}/raw/{name}", b"other")
    (problem,) = verification.verify(home).problems
    assert problem.startswith(f"s3://{bucket}/raw/{name}: is another one in the store")


def test_a_raw_file_that_was_lost_comes_back(server: Buckets, bucket: str, home: Home) -> None:
    lost = home.raw / raw_files(home)["tickets/new.csv"]
    before = lost.read_bytes()
    lost.unlink()
    store_raw(home)
    assert lost.read_bytes() == before
    verification.require_unaltered(home)
    assert_stored(server, bucket, home)


def test_a_raw_file_that_is_lost_everywhere_is_named(
    server: Buckets, bucket: str, home: Home
) -> None:
    name = raw_files(home)["tickets/new.csv"]
    before = (home.raw / name).read_bytes()
    (home.raw / name).unlink()
    server.files().rm(f"{bucket}/raw/{name}")
    store_raw(home)
    with pytest.raises(UnusableInput, match=f"{name}: is missing"):
        verification.require_unaltered(home)
    # Where it turns up again, it is fetched.
    server.files().pipe_file(f"{bucket}/raw/{name}", before)
    store_raw(home)
    verification.require_unaltered(home)


def test_a_raw_file_that_was_damaged_is_refused_and_mended_from_the_store(
    server: Buckets, bucket: str, home: Home
) -> None:
    name = raw_files(home)["tickets/new.csv"]
    before = (home.raw / name).read_bytes()
    (home.raw / name).write_bytes(before[:-1])
    store_raw(home)
    with pytest.raises(UnusableInput, match=f"{name}: was changed"):
        verification.require_unaltered(home)
    assert server.content(f"{bucket}/raw")[name] == before
    (home.raw / name).unlink()
    store_raw(home)
    verification.require_unaltered(home)


def test_an_issued_pdf_that_was_lost_comes_back_and_a_page_goes(
    server: Buckets, bucket: str, home: Home
) -> None:
    pdf, page = (home.reports / "2026-10" / name for name in ("agents/A00001.pdf", "index.html"))
    pdf.unlink()
    page.unlink()
    store_reports(home, [])
    assert pdf.read_bytes() == b"pdf"
    assert "2026-10/index.html" not in server.content(f"{bucket}/reports")
    assert_stored(server, bucket, home)


@pytest.mark.parametrize("stopped_at", ["raw", "reports", None])
def test_a_purge_reaches_the_stores_wherever_it_was_stopped(
    server: Buckets,
    bucket: str,
    home: Home,
    monkeypatch: pytest.MonkeyPatch,
    stopped_at: str | None,
) -> None:
    push = stores.push

    def stopping(home: Home, name: str, *more: object, **named: object) -> None:
        if name == stopped_at:
            raise StoreError("the store is gone")
        push(home, name, *more, **named)  # type: ignore[arg-type]

    old, new = (raw_files(home)[f"tickets/{name}.csv"] for name in ("old", "new"))
    with dg.DagsterInstance.ephemeral() as instance:
        listing = retention.look(home, RULES, TODAY, ())
        with monkeypatch.context() as patched:
            patched.setattr(stores, "push", stopping)
            if stopped_at is None:
                purging.purge(home, listing, instance)
            else:
                with pytest.raises(StoreError):
                    purging.purge(home, listing, instance)
        assert purging.complete(home, instance) is (stopped_at is not None)
    assert_stored(server, bucket, home)
    held = server.content(bucket)
    assert f"raw/{old}" not in held
    assert f"raw/{new}" in held
    assert not any(name.startswith("reports/2019-10/") for name in held)
    assert len(ledger.records(home, "purge")) == 1
    assert verification.verify(home).problems == []


def test_a_person_who_is_erased_is_in_no_store(server: Buckets, bucket: str, home: Home) -> None:
    assert b"Ana Prieto" in b"".join(server.content(f"{bucket}/raw").values())
    found = erasing.look(home, "A00001")
    assert set(found.reports) == {
        f"reports/{month}/{name}"
        for month in ("2019-10", "2026-10")
        for name in ("agents/A00001.pdf", "manifest.json")
    }
    erasing.begin(home, found, "case 17/26")
    erasing.finish_files(home)
    assert_stored(server, bucket, home)
    assert erasing.finish(home).left == []
    assert_stored(server, bucket, home)
    held = server.content(bucket)
    assert not any("A00001" in name for name in held)
    assert not any(b"A00001" in text or b"Ana Prieto" in text for text in held.values())
    assert verification.verify(home).problems == []


def test_encrypting_takes_what_is_readable_out_of_the_stores(
    server: Buckets, bucket: str, home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(encryption, "_unlocked", {})
    encrypting.encrypt(home, bytes(32))
    assert_stored(server, bucket, home)
    held = server.content(f"{bucket}/raw")
    held.pop(OWNER)
    assert {content[:4] for content in held.values()} == {ENCRYPTED_PARQUET}
    pages = server.content(f"{bucket}/reports")
    assert "2026-10/index.html.enc" in pages
    assert "2026-10/index.html" not in pages
    assert verification.verify(home).problems == []


def test_reports_of_a_period_that_is_over_go_from_the_store(
    server: Buckets, bucket: str, home: Home
) -> None:
    folder = Folder.open(home.reports / "2026-09-01")
    folder.put("index.html", b"page", "index", data_fingerprint="d", build_fingerprint="b")
    folder.finish(Period.day(dt.date(2026, 9, 1)))
    stores.push(home, "reports")
    assert "2026-09-01/index.html" in server.content(f"{bucket}/reports")
    period_reports.remove_old(home, dt.datetime(2026, 11, 15, tzinfo=dt.UTC))
    assert "2026-09-01/index.html" not in server.content(f"{bucket}/reports")
    assert_stored(server, bucket, home)


def test_what_waits_is_counted(home: Home) -> None:
    (home.reports / "2026-10" / "index.html").write_text("by hand")
    text = exposition(home).decode()
    assert 'scorehouse_store_waiting_files{store="reports"} 1.0' in text
    assert 'scorehouse_store_waiting_files{store="raw"} 0.0' in text
    assert "reports are kept in s3://" in scorehouse("status", "--home", home.root).stdout


def test_a_command_brings_back_folders_that_were_lost(
    server: Buckets, bucket: str, home: Home
) -> None:
    for name in ("raw", "reports"):
        shutil.rmtree(home.root / name)
    verified = scorehouse("verify", "--home", home.root)
    assert verified.returncode == 0, verified.stdout + verified.stderr
    assert_stored(server, bucket, home)


@pytest.mark.parametrize(
    ("variable", "value", "said"),
    [
        ("AWS_ENDPOINT_URL", "http://127.0.0.1:9", "Could not connect to the endpoint"),
        ("AWS_SECRET_ACCESS_KEY", None, "credential"),
    ],
)
def test_a_store_that_cannot_be_reached_is_one_line(
    home: Home, monkeypatch: pytest.MonkeyPatch, variable: str, value: str | None, said: str
) -> None:
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    if value is None:
        monkeypatch.delenv(variable)
    else:
        monkeypatch.setenv(variable, value)
    failed = scorehouse("verify", "--home", home.root)
    assert failed.returncode == 1
    (line,) = [one for one in failed.stderr.splitlines() if one.startswith("error:")]
    assert said in line
    assert "Traceback" not in failed.stderr
    assert SECRET not in failed.stderr + failed.stdout


def test_wrong_settings_are_wrong_use(home: Home) -> None:
    (home.root / stores.SETTINGS).write_text("raw: gs://centre/raw\n")
    failed = scorehouse("status", "--home", home.root)
    assert failed.returncode == 2
    assert "needs the package gcsfs" in failed.stderr
    assert len(failed.stderr.splitlines()) == 1
