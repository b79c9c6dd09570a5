"""What dbt parsed serves every home: nothing that it reads then says which home it is."""

import os
import subprocess
from pathlib import Path

import pytest
import yaml

from orchestration import dbt_child, project
from orchestration.dbt_home import Plugin

SOURCES = project.PROJECT_DIR / "dbt_project" / "models" / "staging" / "sources.yml"


def test_neither_profile_nor_sources_name_a_home() -> None:
    profile = yaml.safe_load((project.PROJECT_DIR / "profiles.yml").read_text())
    assert "env_var" not in yaml.safe_dump(profile["scorehouse"]["outputs"]["duckdb"])
    assert "env_var" not in SOURCES.read_text()
    assert "<home>" in SOURCES.read_text()


@pytest.mark.parametrize("home", ["", "/srv/centre"])
def test_the_connection_finds_the_home(home: str, monkeypatch: pytest.MonkeyPatch) -> None:
    class Credentials:
        path = "warehouse.duckdb"

    monkeypatch.delenv("SCOREHOUSE_HOME", raising=False)
    monkeypatch.setenv("SCOREHOUSE_MEMORY", "1GB")
    if home:
        monkeypatch.setenv("SCOREHOUSE_HOME", home)
    credentials, config = Credentials(), dict[str, str]()
    Plugin("dbt_home", {}).update_connection_config(credentials, config)  # type: ignore[arg-type]
    folder = Path(home or "demo")
    assert credentials.path == str(folder / "warehouse.duckdb")
    assert config["temp_directory"] == str(folder / "scratch" / "duckdb")
    assert (config["memory_limit"], config["threads"]) == ("1GB", "1")


def test_what_set_up_parsed_is_where_dbt_begins(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    parsed, target = tmp_path / "partial_parse.msgpack", tmp_path / "target"
    monkeypatch.setattr(project, "PARSED", parsed)
    project.reuse_parsed(target)
    assert not target.exists()
    parsed.write_text("of set-up")
    project.reuse_parsed(target)
    assert (target / parsed.name).read_text() == "of set-up"
    (target / parsed.name).write_text("of this home")
    project.reuse_parsed(target)
    assert (target / parsed.name).read_text() == "of this home"
    assert [path.name for path in target.iterdir()] == [parsed.name]


def test_what_set_up_parsed_serves_while_no_definition_changes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = tmp_path / "dbt_project" / "models" / "model.sql"
    model.parent.mkdir(parents=True)
    for file in (model, tmp_path / "dbt_project.yml", tmp_path / "profiles.yml"):
        file.write_text(file.name)
    target = tmp_path / "target"
    monkeypatch.setattr(project, "PROJECT_DIR", tmp_path)
    monkeypatch.setattr(project, "MANIFEST", target / "manifest.json")
    monkeypatch.setattr(project, "SEMANTIC_MANIFEST", target / "semantic_manifest.json")
    monkeypatch.setattr(project, "PARSED", target / "parse" / "partial_parse.msgpack")
    monkeypatch.setattr(project, "PARSED_FROM", target / "parse" / "parsed_from.txt")
    assert project.parsed_for_now() is None

    edit_meanwhile = [""]

    def parse(words: list[object], **_: object) -> subprocess.CompletedProcess[str]:
        for name in ("manifest.json", "semantic_manifest.json", "partial_parse.msgpack"):
            (target / "parse" / name).write_text("parsed")
        if edit_meanwhile[0]:
            model.write_text(edit_meanwhile[0])
        return subprocess.CompletedProcess(words, 0)

    monkeypatch.setattr(project.subprocess, "run", parse)
    project.refresh_manifest()
    assert project.parsed_for_now() == b"parsed"
    for file in (model, tmp_path / "dbt_project.yml", tmp_path / "profiles.yml"):
        before = file.read_text()
        file.write_text("changed")
        assert project.parsed_for_now() is None, file
        file.write_text(before)
    assert project.parsed_for_now() == b"parsed"
    project.PARSED.write_text("cut o")
    assert project.parsed_for_now() is None
    edit_meanwhile[0] = "changed while dbt parsed"
    os.utime(model)
    project.refresh_manifest()
    assert project.parsed_for_now() is None


@pytest.mark.parametrize(
    ("words", "target", "is_used"),
    [
        (["build"], None, True),
        (["build"], "duckdb", True),
        (["build"], "encrypted", False),
        (["build", "--target", "spark"], None, False),
        (["build", "--vars", "{}"], None, False),
    ],
)
def test_what_set_up_parsed_is_of_the_usual_target_alone(
    monkeypatch: pytest.MonkeyPatch, words: list[str], target: str | None, is_used: bool
) -> None:
    """Where an encrypted home has its raw files is decided when its sources are parsed."""
    asked = []
    monkeypatch.setattr(dbt_child, "parsed_for_now", lambda: asked.append(1))
    monkeypatch.setattr("sys.argv", ["scorehouse-dbt", *words])
    monkeypatch.chdir(project.PROJECT_DIR)
    monkeypatch.delenv("DBT_TARGET", raising=False)
    if target is not None:
        monkeypatch.setenv("DBT_TARGET", target)
    assert dbt_child._parsed() is None
    assert bool(asked) is is_used
