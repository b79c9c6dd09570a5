"""Which ids of vendors' systems are told to be nobody's."""

from pathlib import Path

import duckdb

from ingestion import DATASETS, Home
from ingestion.erased import MASKED
from orchestration.unknown_agents import unknown_agents


def test_an_id_that_no_agent_has_is_told_unless_it_stands_for_people_who_were_erased(
    tmp_path: Path,
) -> None:
    home = Home(tmp_path / "home")
    home.prepare()
    with duckdb.connect(str(home.warehouse)) as connection:
        connection.execute("create schema staging")
        for dataset in DATASETS.keys() - {"agents", "teams", "kpi_targets"}:
            connection.execute(
                f"create table staging.stg_landing__{dataset} as from (values ('A1', 1), ('x', 1),"
                f" ('y', 2), (null, 1), ('{MASKED}', 1)) as landed (agent_id, load_sequence)"
            )
        connection.execute("create table staging.stg_landing__agents as select 'A1' as agent_id")
        connection.execute(
            "create table staging.stg_records__loads as from"
            " (values ('asterisk', 1), (null, 2)) as loads (source, sequence)"
        )
    assert unknown_agents(home) == [("asterisk", ["x"])]
