"""Tables of rules: what is wrong with one is named with file, line, column, value and the way out."""

from pathlib import Path

import pytest
import yaml

from ingestion import UnusableInput
from orchestration.project import PROJECT_DIR
from orchestration.rules import check_rules, faults, read_rows, rule_tables
from tests.support.command import scorehouse

SEEDS = PROJECT_DIR / "dbt_project" / "seeds"
HEADER = "limit_name,team_id,limit_value,effective_from,rationale\n"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A copy of the tables of rules alone."""
    folder = tmp_path / "dbt_project" / "seeds"
    folder.mkdir(parents=True)
    for file in SEEDS.iterdir():
        (folder / file.name).write_bytes(file.read_bytes())
    return tmp_path


def written(project: Path, text: str, name: str = "team_limits") -> Path:
    file = project / "dbt_project" / "seeds" / f"{name}.csv"
    file.write_text(text, "utf-8")
    return file


def test_what_ships_is_as_declared() -> None:
    check_rules(PROJECT_DIR)


def test_every_table_and_column_is_declared_and_described() -> None:
    tables = rule_tables(PROJECT_DIR)
    assert {table.file for table in tables} == set(SEEDS.glob("*.csv"))
    declared = {
        seed["name"]: [column["name"] for column in seed["columns"]]
        for seed in yaml.safe_load((SEEDS / "seeds.yml").read_text())["seeds"]
    }
    for table in tables:
        assert [column.name for column in table.columns] == declared[table.name]
        assert table.grains, f"{table.name} has no grain"
        assert all(column.description for column in table.columns)


@pytest.mark.parametrize(
    ("row", "fault"),
    [
        (
            "status_tracking,,on,1970-01-01,r",
            "column limit_value: 'on' is no whole number from 0 on",
        ),
        ("status_tracking,,-1,1970-01-01,r", "column limit_value: '-1' is no whole number"),
        ("status_tracking,,,1970-01-01,r", "column limit_value: is empty, but every row must have"),
        ("status_tracking,,1,01/01/1970,r", "'01/01/1970' is no date; write YYYY-MM-DD"),
        ("status_tracking,,1,1970-02-30,r", "column effective_from: '1970-02-30' is no date"),
        (
            "late_grace,,1,1970-01-01,r",
            "column limit_name: 'late_grace' is none of status_tracking",
        ),
    ],
)
def test_a_wrong_cell_is_named(project: Path, row: str, fault: str) -> None:
    good = "late_grace_seconds,,300,1970-01-01,r\n"
    file = written(project, HEADER + good + row + "\n")
    with pytest.raises(UnusableInput) as refused:
        check_rules(project)
    assert str(refused.value).startswith(f"{file}, line 3")
    assert fault in str(refused.value)


@pytest.mark.parametrize(
    ("name", "text", "fault"),
    [
        ("skill_levels", "skill_level,minimum_attainment,effective_from\na,much,1970-01-01\n",
         "column minimum_attainment: 'much' is no number"),
        ("skill_levels", "skill_level,minimum_attainment,effective_from\na,NaN,1970-01-01\n",
         "'NaN' is no number"),
        ("status_reasons", "reason,reason_group,says_nothing\nlunch,break,yes\n",
         "column says_nothing: 'yes' is neither true nor false"),
        ("status_reasons", "reason,reason_group,says_nothing\nx,break,true\nx,meeting,true\n",
         "line 3: reason 'x' is in line 2 already"),
        ("status_reasons", "reason,group\nx,break\n",
         "line 1: the header must be 'reason,reason_group,says_nothing', not 'reason,group'"),
        ("status_reasons", "reason,reason_group,says_nothing\na,b,break,true\n",
         "line 2: 4 values for 3 columns"),
        ("status_reasons", "", "line 1: the header must be"),
    ],
)  # fmt: skip
def test_a_wrong_table_is_named(project: Path, name: str, text: str, fault: str) -> None:
    written(project, text, name)
    with pytest.raises(UnusableInput, match=r".") as refused:
        check_rules(project)
    assert fault in str(refused.value)


def test_the_same_limit_of_every_team_twice_is_named(project: Path) -> None:
    written(project, HEADER + "qa_sample_size,,5,1970-01-01,r\n" * 2)
    with pytest.raises(UnusableInput, match=r"line 3: .* is in line 2 already"):
        check_rules(project)


def test_a_missing_file_and_one_in_another_encoding_are_named(project: Path) -> None:
    file = project / "dbt_project" / "seeds" / "kpi_names.csv"
    file.write_bytes("name,kpi\nqualité,quality\n".encode("latin-1"))
    with pytest.raises(UnusableInput, match=r"kpi_names\.csv is no CSV in UTF-8"):
        check_rules(project)
    file.unlink()
    with pytest.raises(UnusableInput, match=r"kpi_names\.csv is missing"):
        check_rules(project)


def test_many_faults_are_cut_and_counted(project: Path) -> None:
    written(project, HEADER + "".join(f"x{n},,1,1970-01-01,r\n" for n in range(13)))
    with pytest.raises(UnusableInput, match=r"; and 3 more$"):
        check_rules(project)


def test_an_empty_table_and_a_mark_of_byte_order_are_fine(project: Path) -> None:
    file = written(
        project, "\ufeffteam_id,application,effective_from,effective_to\n", "allowed_applications"
    )
    table = next(table for table in rule_tables(project) if table.file == file)
    assert read_rows(table) == []
    assert list(faults(table)) == []


def test_the_command_lists_and_shows() -> None:
    listed = scorehouse("rules")
    assert listed.returncode == 0
    for table in rule_tables(PROJECT_DIR):
        assert table.name in listed.stdout
    shown = scorehouse("rules", "team_limits")
    assert shown.returncode == 0
    assert "late_grace_seconds" in shown.stdout
    wrong = scorehouse("rules", "limits")
    assert wrong.returncode == 2
    assert (
        "there is no table of rules 'limits': one of agent_ids, allowed_applications"
        in wrong.stderr
    )
