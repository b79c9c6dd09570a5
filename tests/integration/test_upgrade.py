"""A home whose warehouse is of an older version: a build goes on in it, and the marts are those of a new one."""

import pytest

from ingestion import engine
from tests.integration.scenes import AS_OF, Run, Stage, marts
from tests.support.command import scorehouse


@pytest.mark.long
def test_a_build_goes_on_in_a_warehouse_of_an_older_duckdb_and_older_models(
    closed: Run, stage: Stage
) -> None:
    home = stage.copy_closed("older")
    old = home.root / "old.duckdb"
    with engine.connect() as connection:
        engine.attach(connection, home.warehouse, "now", read_only=True)
        connection.execute(f"attach '{old}' as old (storage_version 'v1.0.0')")
        connection.execute("create schema old.marts")
        tables = connection.execute(
            "select table_name from duckdb_tables() where database_name = 'now'"
            " and schema_name = 'marts'"
        ).fetchall()
        for (name,) in tables:
            # Those models had another first column.
            connection.execute(
                f"create table old.marts.{name} as select 0 as former, * from now.marts.{name}"
            )
    assert len(tables) > 20
    old.replace(home.warehouse)
    built = scorehouse("build", "--home", home.root, "--landing", stage.landing, "--as-of", AS_OF)
    assert built.returncode == 0, built.stderr
    assert marts(home) == marts(closed.home)
