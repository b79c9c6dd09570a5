"""The choice of the engine: what it needs is told in one line, before anything runs."""

import json
import os
from pathlib import Path

import pytest

from ingestion import Home, UnusableInput
from orchestration import spark
from tests.support.command import scorehouse


def java(folder: Path) -> str:
    """A folder that looks like that of a Java."""
    (folder / "bin").mkdir(parents=True)
    (folder / "bin" / "java").touch()
    return str(folder)


@pytest.mark.parametrize("environment", [{}, {spark.VARIABLE: ""}, {spark.VARIABLE: "duckdb"}])
def test_duckdb_is_the_engine_unless_another_is_named(environment: dict[str, str]) -> None:
    assert not spark.is_chosen(environment)


def test_an_engine_that_is_none_is_named_with_those_there_are() -> None:
    with pytest.raises(UnusableInput, match=r"engine flink: there is none; use duckdb or spark"):
        spark.is_chosen({spark.VARIABLE: "flink"})


def test_without_the_extra_the_answer_is_how_to_install_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(spark, "find_spec", lambda name: None)
    with pytest.raises(UnusableInput, match="not installed here; `make setup-spark` installs it"):
        spark.is_chosen({spark.VARIABLE: "spark", "JAVA_HOME": java(tmp_path / "java")})


def test_spark_needs_a_java(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(spark, "find_spec", lambda name: name)
    with pytest.raises(UnusableInput, match="there is no Java; install version 17 or newer"):
        spark.is_chosen({spark.VARIABLE: "spark", "JAVA_HOME": str(tmp_path)})
    there = {spark.VARIABLE: "spark", "JAVA_HOME": java(tmp_path / "java")}
    assert spark.is_chosen(there)


def test_an_encrypted_home_is_not_built_in_the_clear(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(spark.encryption, "is_encrypted", lambda root: True)
    with pytest.raises(UnusableInput, match=r"is encrypted, .* build it on duckdb"):
        spark.build(Home(tmp_path), {})


def test_a_model_that_failed_is_named_with_what_spark_said(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    home = Home(tmp_path)
    ran = []

    class Failed:
        returncode = 1

    def run(command: list[str], **settings: object) -> Failed:
        ran.append(command)
        results = home.dagster / "spark" / "run_results.json"
        results.parent.mkdir(parents=True)
        said = "Runtime Error in model dim_team (x.sql)\n  [UNRESOLVED_COLUMN] no such column"
        results.write_text(
            json.dumps(
                {
                    "results": [
                        {"status": "success", "unique_id": "model.scorehouse.dim_date"},
                        {
                            "status": "error",
                            "unique_id": "model.scorehouse.dim_team",
                            "message": said,
                        },
                    ]
                }
            )
        )
        return Failed()

    monkeypatch.setattr(spark.subprocess, "run", run)
    left = spark.tables(home) / "marts.db" / "of_a_run_before"
    left.mkdir(parents=True)
    with pytest.raises(spark.SparkError, match=r"^dim_team: \[UNRESOLVED_COLUMN\] no such column$"):
        spark.build(home, {})
    assert ran[0][ran[0].index("--target") + 1] == "spark"
    assert not left.exists()
    monkeypatch.setattr(spark.subprocess, "run", lambda command, **_: Failed())
    with pytest.raises(spark.SparkError, match="before the first model"):
        spark.build(home, {})


def test_wrong_engines_are_wrong_use(tmp_path: Path) -> None:
    finished = scorehouse("build", "--engine", "flink", "--home", tmp_path / "home")
    assert (finished.returncode, finished.stderr) == (
        2,
        "error: engine flink: there is none; use duckdb or spark\n",
    )
    assert not (tmp_path / "home").exists()
    assert spark.VARIABLE not in os.environ
