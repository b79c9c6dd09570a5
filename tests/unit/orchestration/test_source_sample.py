"""What the sample of `source check` says before any model is built: files that a close would quarantine, too."""

from pathlib import Path

import pytest

from orchestration import source_check
from orchestration.source_check import Checked, check
from orchestration.source_summary import lines_of

AGENTS = (
    "agent_id,name,role,team_id,time_zone,effective_from\n"
    "a1,Anna,agent,T1,Europe/Warsaw,2026-01-01\n"
    "a2,Bob,king,T1,Europe/Warsaw,2026-01-01\n"
)


@pytest.fixture
def checked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Checked:
    """A folder of agents in three files, of which one can be read, with models that do not build."""
    program = tmp_path / "dbt"
    program.write_text(
        "#!/bin/sh\necho '  Compilation Error: no such macro'\necho 'Done.' >&2\nexit 1\n"
    )
    program.chmod(0o755)
    monkeypatch.setattr(source_check, "DBT", program)
    folder = tmp_path / "exports"
    folder.mkdir()
    (folder / "good.csv").write_text(AGENTS)
    (folder / "semicolons.csv").write_text(AGENTS.replace(",", ";"))
    (folder / "named.txt").write_text(AGENTS.replace("a1", "a3"))
    return check(folder)


def test_what_a_close_would_quarantine_is_unusable(checked: Checked) -> None:
    unusable = dict(checked.unusable)
    assert "has no commas" in unusable["semicolons.csv"]
    assert "files named *.txt cannot be read" in unusable["named.txt"]
    assert "good.csv" not in unusable
    assert not checked.is_ready


def test_rejected_rows_are_told_with_file_and_line(checked: Checked) -> None:
    (rejected,) = checked.rejected
    assert (rejected.target, rejected.count) == ("agents", 1)
    assert rejected.first[0].startswith("good.csv, line 3: role 'king'")


def test_models_that_do_not_build_are_one_line(checked: Checked) -> None:
    unusable = dict(checked.unusable)
    assert unusable["the sample as a whole"] == (
        "the models do not build over it: Compilation Error: no such macro"
    )
    assert checked.previews == ()


def test_only_the_first_files_of_a_kind_are_sampled(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(source_check, "SAMPLE_FILES", 2)
    monkeypatch.setattr(source_check, "_build", lambda *_: "not now")
    sampled: list[str] = []
    write = source_check.write_sample

    def noted(source: Path, target: str, sample: Path, whole: bool = False) -> bool:
        sampled.append(source.name)
        return write(source, target, sample, whole)

    monkeypatch.setattr(source_check, "write_sample", noted)
    for number in range(5):
        (tmp_path / f"s{number}.csv").write_text("survey_id,agent_id\n1,a1\n")
        (tmp_path / f"t{number}.csv").write_text("team_id,team_name,department\nT1,A,B\n")
    check(tmp_path)
    assert sorted(sampled) == ["s0.csv", "s1.csv", *(f"t{number}.csv" for number in range(5))]


def test_what_a_mapping_file_makes_of_exports_is_shown(tmp_path: Path) -> None:
    system = tmp_path / "talkdesk"
    (system / "calls").mkdir(parents=True)
    (system / "mapping.yml").write_text(
        'rows:\n- from: calls\n  into: tickets\n  time_zone: Europe/Warsaw\n  time_format: "%d/%m/%Y %H:%M"\n'
        "  columns: {ticket_id: call_id, created_at: start_at, status: {constant: open}}\n"
    )
    (system / "calls" / "a.csv").write_text(
        "call_id;start_at\n1;31/10/2026 09:00\n2;25/10/2026 02:30\n3;31/10/2026 10:00\n"
    )
    (system / "calls" / "b.csv").write_text("")
    checked = check(tmp_path)
    assert checked.unknown == ()
    assert checked.unusable == (("talkdesk/calls/b.csv", "the file is empty"),)
    assert checked.missing == ("agents", "teams")
    assert "tickets" not in checked.unfed
    lines = list(lines_of(checked, 100))
    assert lines[2:10] == [
        "talkdesk/mapping.yml reads 2 files, 74 bytes",
        "  form      CSV separated by semicolons (1)",
        "",
        "  talkdesk/calls/a.csv becomes 2 rows of tickets (talkdesk/calls#1); rejected 1, not wanted 0",
        "  ticket_id  created_at",
        "  1          2026-10-31T08:00:00Z",
        "  3          2026-10-31T09:00:00Z",
        "  in each: status open",
    ]
    assert lines[10].startswith("  row 2: created_at from start_at '25/10/2026 02:30' is twice in")


def test_a_mapping_file_that_cannot_be_used_is_told_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "talkdesk" / "calls").mkdir(parents=True)
    (tmp_path / "talkdesk" / "mapping.yml").write_text("calls:\n  into: interactions\n")
    (tmp_path / "talkdesk" / "calls" / "a.csv").write_text("call_id;start_at\n1;x\n")
    ((path, why),) = check(tmp_path).unusable
    assert path == "talkdesk/calls/a.csv"
    assert why.startswith("talkdesk/mapping.yml line 1: a mapping has no 'calls'")
