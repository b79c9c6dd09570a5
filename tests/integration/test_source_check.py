"""`scorehouse source check` as a user runs it: what it says, its exit codes, and that it leaves nothing behind."""

import gzip
import json
from pathlib import Path

import pytest

from orchestration.source_check import check
from tests.support.command import scorehouse

ARN = "arn:aws:connect:eu-central-1:1:instance/i/agent/"
AGENTS = (
    "agent_id,name,role,team_id,time_zone,effective_from\n"
    "anna,Anna,agent,T1,Europe/Warsaw,2026-01-01\n"
)
EVENTS = [
    {
        "AgentARN": f"{ARN}{agent}",
        "EventId": f"e{number}",
        "EventType": "STATE_CHANGE",
        "EventTimestamp": f"2026-10-01T08:{number:02}:00Z",
        "CurrentAgentSnapshot": {
            "AgentStatus": {"Name": name, "Type": kind},
            "Configuration": {"Username": agent},
            "Contacts": [],
        },
    }
    for number, (agent, name, kind) in enumerate(
        [
            ("anna", "Available", "ROUTABLE"),
            ("anna", "Lunch", "CUSTOM"),
            ("bob", "Gone fishing", "UNHEARD_OF"),
        ]
    )
]


@pytest.fixture
def heap(tmp_path: Path) -> Path:
    """Exports as they were downloaded: one folder, names that say little."""
    folder = tmp_path / "exports"
    folder.mkdir()
    (folder / "people.csv").write_text(AGENTS)
    stream = "".join(map(json.dumps, EVENTS)) + '\n{"broken": tru}\n'
    (folder / "stream-1").write_bytes(gzip.compress(stream.encode()))
    (folder / "calls.csv").write_text("call_id;start_at\n1;31/10/2026 09:00\n")
    (folder / "half.json.gz").write_bytes(gzip.compress(b"x" * 1000)[:-9])
    return folder


def everything(folder: Path) -> dict[str, tuple[bytes, int]]:
    return {
        path.relative_to(folder).as_posix(): (path.read_bytes(), path.stat().st_mtime_ns)
        for path in folder.rglob("*")
        if path.is_file()
    }


@pytest.mark.long
def test_a_heap_of_exports_is_told_mapped_and_left_alone(
    heap: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = everything(heap)
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setenv("TMPDIR", str(temporary))
    monkeypatch.chdir(tmp_path)
    finished = scorehouse("source", "check", heap)
    said = finished.stdout
    assert finished.returncode == 1, finished.stderr
    assert "Traceback" not in finished.stderr
    assert "· building the staging models over it" in finished.stderr
    for line in (
        "agents: 1 file,",
        "  put into  <landing>/agents/\n",
        "amazon_connect/agent_events: 1 file,",
        "  form      JSON objects one after the other, gzip (1)\n",
        "  instants  2026-10-01 to 2026-10-01\n",
        "not recognised: 1 file\n  calls.csv: CSV separated by semicolons\n",
        "    - from: calls\n      into: interactions",
        "  half.json.gz: the gzip data ends too early",
        "  amazon_connect/agent_events → status_events: 4 records, 3 rows\n",
        "  event_id  agent_id  occurred_at           status        reason  updated_at\n"
        "  e0        anna      2026-10-01T08:00:00Z  available             2026-10-01T08:00:00Z\n"
        "  e1        anna      2026-10-01T08:01:00Z  unavailable   Lunch   2026-10-01T08:01:00Z\n"
        "  e2        bob       2026-10-01T08:02:00Z  unclassified          2026-10-01T08:02:00Z\n",
        "amazon_connect/agent_events: rejected in the sample: 1 record\n"
        "  stream-1, line 2: the record is no valid JSON",
        "ids without a row in agents: bob\n",
        "1 row of unclassified time; statuses without a row in source_statuses:"
        " Gone fishing, UNHEARD_OF\n",
        "missing, and a close needs it:\n  teams: ",
        "  interactions (or amazon_connect/contact_records): no contacts",
    ):
        assert line in said, said
    assert everything(heap) == before
    assert list(temporary.iterdir()) == []
    assert sorted(path.name for path in tmp_path.iterdir()) == ["exports", "temporary"]


@pytest.mark.long
def test_a_landing_folder_with_all_that_a_close_needs_is_ready(
    heap: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, folder in (("people.csv", "agents"), ("stream-1", "amazon_connect/agent_events")):
        (heap / folder).mkdir(parents=True)
        (heap / name).rename(heap / folder / name)
    for name in ("calls.csv", "half.json.gz"):
        (heap / name).unlink()
    (heap / "teams").mkdir()
    (heap / "teams" / "t.ndjson").write_text(
        '{"team_id": "T1", "team_name": "Care", "department": "Service"}\n'
    )
    checked = check(heap)
    assert checked.is_ready
    assert {file.lies_in == file.target for file in checked.looked.files} == {True}
    assert ("amazon_connect/agent_events", ("bob",)) in (checked.unknown_agents or ())
    # The same files, looked at one folder further down; what they become was seen above.
    monkeypatch.setattr("orchestration.source_check._build", lambda *_: "not again")
    only = check(heap / "amazon_connect" / "agent_events")
    assert [file.target for file in only.looked.files] == ["amazon_connect/agent_events"]
    assert only.missing == ("agents", "teams")
    assert only.unknown_agents is None


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["nowhere"], "there is no folder"),
        (["empty"], "there is no file in"),
        (["file"], "is a file; name the folder that it lies in"),
    ],
)
def test_wrong_use_is_one_line(tmp_path: Path, arguments: list[str], sentence: str) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "file").write_text("x")
    finished = scorehouse("source", "check", *(tmp_path / one for one in arguments))
    assert finished.returncode == 2
    assert finished.stdout == ""
    errors = [line for line in finished.stderr.splitlines() if not line.startswith("· ")]
    assert len(errors) == 1
    assert errors[0].startswith("error: ")
    assert sentence in errors[0]


def test_the_help_has_an_example() -> None:
    finished = scorehouse("source", "check", "--help")
    assert finished.returncode == 0
    assert "Example: scorehouse source check" in finished.stdout.replace("`", "")
    assert "Exit codes: 0" in finished.stdout
