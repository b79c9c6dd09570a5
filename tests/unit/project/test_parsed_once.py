"""What dbt parsed serves every home: nothing that it reads then says which home it is."""

from pathlib import Path

import pytest
import yaml

from orchestration import project
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
    assert config["memory_limit"] == "1GB"


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
