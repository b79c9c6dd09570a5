"""The models on Apache Spark, the engine for more rows than one machine has memory or patience for.

Spark reads the raw Parquet files and writes every table of the models as Parquet; DuckDB then takes those tables for
its own, proves them with the tests of the data, and publishes them, as it does with what it built itself.
"""

import json
import os
import shutil
import subprocess
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path

from ingestion import Home, UnusableInput, encryption
from orchestration.project import DBT, PROJECT_DIR

VARIABLE = "SCOREHOUSE_ENGINE"
ENGINES = ("duckdb", "spark")
# What the macro `duckdb__create_table_as` reads.
TABLES_VARIABLE = "SCOREHOUSE_SPARK_TABLES"


class SparkError(Exception):
    """A model did not build on Spark; the text names it and says what Spark said."""


def is_chosen(environment: Mapping[str, str]) -> bool:
    """Whether the models are built on Spark; then everything that this needs is there.

    Raises:
        UnusableInput: there is no such engine, or Spark or a Java for it is not installed.
    """
    engine = environment.get(VARIABLE) or "duckdb"
    if engine not in ENGINES:
        raise UnusableInput(f"engine {engine}: there is none; use {' or '.join(ENGINES)}")
    if engine == "duckdb":
        return False
    if find_spec("pyspark") is None or find_spec("dbt.adapters.spark") is None:
        raise UnusableInput(
            "engine spark: Apache Spark is not installed here; `make setup-spark` installs it"
        )
    java = environment.get("JAVA_HOME")
    if not (Path(java, "bin", "java").exists() if java else shutil.which("java")):
        raise UnusableInput(
            "engine spark: there is no Java; install version 17 or newer, or let JAVA_HOME say where it is"
        )
    return True


def tables(home: Home) -> Path:
    """Where Spark keeps its tables, a folder `SCHEMA.db/TABLE` of Parquet files for each."""
    return home.scratch / "spark"


def forget(home: Home) -> None:
    """Remove Spark's tables: DuckDB has them, or a build begins."""
    shutil.rmtree(tables(home), ignore_errors=True)


def build(home: Home, values: Mapping[str, str]) -> dict[str, str]:
    """Build every table of the models on Spark; `values` is dbt's environment for this run.

    Returns:
        What to add to the environment of the DuckDB build that takes the tables over.

    Raises:
        UnusableInput: the home is encrypted.
        SparkError: a model did not build.
    """
    if encryption.is_encrypted(home.root):
        raise UnusableInput(
            f"{home.root} is encrypted, and Spark would read and write it in the clear: build it on duckdb"
        )
    forget(home)
    target = home.dagster / "spark"
    # What an earlier run failed at is no error of this one.
    (target / "run_results.json").unlink(missing_ok=True)
    finished = subprocess.run(
        [
            *(str(DBT), "--no-use-colors", "build", "--target", "spark"),
            # Proofs are DuckDB's, and so are functions of the published database.
            *("--exclude-resource-type", "test", "--exclude-resource-type", "unit_test"),
            *("--exclude", "config.materialized:table_function", "path:dbt_project/models/audit"),
            *("--target-path", str(target), "--log-path", str(home.dagster)),
        ],
        cwd=PROJECT_DIR,
        env={**os.environ, **values, "DBT_PROFILES_DIR": str(PROJECT_DIR)},
        check=False,
    )
    if finished.returncode:
        raise SparkError(_first_error(target / "run_results.json"))
    return {TABLES_VARIABLE: str(tables(home))}


def _first_error(results: Path) -> str:
    """The first model that failed and what Spark said, in one line."""
    if results.exists():
        for result in json.loads(results.read_bytes())["results"]:
            if result["status"] == "error":
                said = [line.strip() for line in result["message"].splitlines() if "[" in line]
                return f"{result['unique_id'].rsplit('.')[-1]}: {(said or [result['message']])[0]}"
    return "dbt ended before the first model; what it said stands above"
