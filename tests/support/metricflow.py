"""Queries of MetricFlow in a process of their own, for it and dbt change settings of the process that they run in.

    python -m tests.support.metricflow FOLDER

takes a pickled list of queries from FOLDER/queries and puts their rows, in the order of the queries, to FOLDER/rows.
"""

import os
import pickle
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.support.warehouse import PROJECT


@dataclass(frozen=True)
class Query:
    """What `mf query` takes."""

    metrics: tuple[str, ...]
    group_by: tuple[str, ...]
    where: tuple[str, ...] = ()


def environment(home: Path, folder: Path) -> dict[str, str]:
    """Variables with which MetricFlow reads the warehouse of `home` and writes only into `folder`."""
    own = {name: value for name, value in os.environ.items() if not name.startswith("SCOREHOUSE_")}
    return {
        **own,
        "SCOREHOUSE_HOME": str(home),
        "DBT_TARGET_PATH": str(folder / "target"),
        "DBT_LOG_PATH": str(folder / "logs"),
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
    }


def ask(home: Path, folder: Path, queries: list[Query]) -> list[list[dict[str, Any]]]:
    """The rows of each query, over the warehouse of `home`; `folder` takes what is written on the way."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "queries").write_bytes(pickle.dumps(queries))
    finished = subprocess.run(
        [sys.executable, "-m", "tests.support.metricflow", folder],
        cwd=PROJECT, env=environment(home, folder), capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert finished.returncode == 0, finished.stdout + finished.stderr
    rows: list[list[dict[str, Any]]] = pickle.loads((folder / "rows").read_bytes())
    return rows


def main(folder: Path) -> None:
    """Answer the queries that lie in the folder."""
    from dbt_metricflow.cli.cli_configuration import CLIConfiguration
    from metricflow.engine.metricflow_engine import MetricFlowQueryRequest

    configuration = CLIConfiguration()
    configuration.setup(configure_file_logging=False)
    answers = []
    for query in pickle.loads((folder / "queries").read_bytes()):
        request = MetricFlowQueryRequest.create(
            metric_names=query.metrics,
            group_by_names=query.group_by,
            where_constraints=query.where,
        )
        table = configuration.mf.query(request).result_df
        answers.append([dict(zip(table.column_names, row, strict=True)) for row in table.rows])
    (folder / "rows").write_bytes(pickle.dumps(answers))


if __name__ == "__main__":
    # Under this name, not as `__main__`, so that the pickled queries find their class.
    from tests.support import metricflow

    metricflow.main(Path(sys.argv[1]))
