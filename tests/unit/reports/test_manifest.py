"""The list of a report folder's files: one line each, so that readers never hold all of them."""

import datetime as dt
import itertools
import json
from pathlib import Path

import pytest

from ingestion.encryption import Keys
from orchestration.storage import SealedStorage
from reports import PLAIN, Period, ReportError, Storage
from reports.manifest import MANIFEST, Entry, Folder, forget, read_entries, read_head

MONTH = Period.month(dt.date(2026, 10, 1))


def made(root: Path, storage: Storage = PLAIN, agents: int = 3) -> Folder:
    """A folder with a page of each agent, a page below it, and a PDF of a revision."""
    folder = Folder.open(root, storage)
    for number in range(agents):
        name = f"Ä{number}"
        for path, revision in (
            (f"agents/Ä{number}.html", None),
            (f"agents/Ä{number}/details.html", None),
            (f"agents/Ä{number}-r1.pdf", 1),
        ):
            folder.put(
                path,
                path.encode(),
                "agent",
                subject_id=name,
                revision=revision,
                data_fingerprint=f"figures of {name}",
                build_fingerprint=f"build of {name}",
            )
    folder.finish(MONTH)
    return folder


@pytest.fixture(params=["plain", "sealed"])
def storage(request: pytest.FixtureRequest, tmp_path: Path) -> Storage:
    return PLAIN if request.param == "plain" else SealedStorage(Keys(tmp_path, bytes(32)))


def test_what_was_listed_is_read_again(tmp_path: Path, storage: Storage) -> None:
    listed = made(tmp_path, storage).listed
    read = list(read_entries(tmp_path, storage))
    assert read == [listed[path] for path in sorted(listed)]
    assert len(read) == 9
    head = read_head(tmp_path, storage)
    fingerprint = head.pop("data_fingerprint")
    assert len(fingerprint) == 64
    assert head == {
        "period": "2026-10",
        "title": "October 2026",
        "cadence": "month",
        "starts_on": "2026-10-01",
        "ends_on": "2026-10-31",
    }
    assert Folder.open(tmp_path, storage).earlier == listed


def test_it_is_json_with_a_line_for_each_file(tmp_path: Path) -> None:
    made(tmp_path)
    text = (tmp_path / MANIFEST).read_text(encoding="utf-8")
    assert len(text.splitlines()) == 1 + 9 + 1
    content = json.loads(text)
    assert content["title"] == "October 2026"
    assert [Entry(**file) for file in content["files"]] == list(read_entries(tmp_path))


def test_an_empty_folder_has_a_manifest_too(tmp_path: Path) -> None:
    Folder.open(tmp_path).finish(MONTH)
    assert json.loads((tmp_path / MANIFEST).read_bytes())["files"] == []
    assert list(read_entries(tmp_path)) == []


def test_it_is_read_line_by_line(tmp_path: Path) -> None:
    made(tmp_path)
    path = tmp_path / MANIFEST
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(lines[:3]) + b"what nobody gets to\n")
    assert read_head(tmp_path)["period"] == "2026-10"
    first, second = itertools.islice(read_entries(tmp_path), 2)
    assert (first.path, second.path) == ("agents/Ä0-r1.pdf", "agents/Ä0.html")
    # What a page and its files have in common is there once.
    assert first.build_fingerprint is second.build_fingerprint


def test_the_layout_of_earlier_versions_is_read_too(tmp_path: Path) -> None:
    listed = made(tmp_path).listed
    path = tmp_path / MANIFEST
    head, content = read_head(tmp_path), json.loads(path.read_bytes())
    path.write_text(json.dumps(content, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    assert read_head(tmp_path) == head
    assert {entry.path: entry for entry in read_entries(tmp_path)} == listed
    assert Folder.open(tmp_path).earlier == listed


@pytest.mark.parametrize("left", [5, 1, 0], ids=["without its end", "its head", "nothing"])
def test_what_was_cut_off_is_no_manifest(tmp_path: Path, left: int) -> None:
    made(tmp_path)
    path = tmp_path / MANIFEST
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:left]))
    with pytest.raises(ReportError, match=r"manifest\.json is not a manifest .*move it away"):
        Folder.open(tmp_path)


def test_forgotten_files_are_gone_from_disk_and_manifest(tmp_path: Path, storage: Storage) -> None:
    listed = made(tmp_path, storage).listed
    head = read_head(tmp_path, storage)
    gone = ["agents/Ä1.html", "agents/Ä1/details.html", "agents/Ä1-r1.pdf"]
    forget(tmp_path, gone, storage)
    assert [entry.path for entry in read_entries(tmp_path, storage)] == sorted(listed.keys() - gone)
    assert read_head(tmp_path, storage) == head
    assert not any(storage.exists(tmp_path / path) for path in gone)
    forget(tmp_path, list(listed), storage)
    assert not tmp_path.exists()


def test_the_same_again_writes_nothing(tmp_path: Path) -> None:
    made(tmp_path)
    before = (tmp_path / MANIFEST).stat().st_mtime_ns
    made(tmp_path)
    assert (tmp_path / MANIFEST).stat().st_mtime_ns == before
