"""Real exports of Zendesk: the seeds of the public project fivetran/dbt_zendesk, a warehouse's copy of its records.

They lie in `fivetran_dbt_zendesk_seeds` of the folder that SCOREHOUSE_SAMPLES names, or of a folder `shared/data`
beside the project; without them there is nothing to test.
"""

import os
import shutil
from pathlib import Path
from typing import Any

import duckdb
import pytest

from ingestion import Home, ingest
from tests.support.warehouse import PROJECT, run_dbt

SAMPLES = (
    Path(os.environ.get("SCOREHOUSE_SAMPLES", PROJECT.parent / "shared" / "data"))
    / "fivetran_dbt_zendesk_seeds"
)
FILES = {
    "ticket_data.csv": "tickets",
    "user_data.csv": "users",
    "ticket_field_history_data.csv": "ticket_audits",
}


@pytest.fixture(scope="module")
def tickets(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Any, ...]]:
    """Agent, status and instants (ISO 8601, UTC) of each ticket, by its id."""
    if not SAMPLES.exists():
        pytest.skip(f"{SAMPLES} is not there")
    folder = tmp_path_factory.mktemp("zendesk")
    home, landing = Home(folder / "home"), folder / "landing"
    for name, entity in FILES.items():
        (landing / "zendesk" / entity).mkdir(parents=True)
        shutil.copy(SAMPLES / name, landing / "zendesk" / entity)
    home.prepare()
    summary = ingest(home, landing)
    assert {load.dataset: load.rows_rejected for load in summary.loads} == {
        f"zendesk/{entity}": 0 for entity in FILES.values()
    }
    run_dbt(folder, "build", "--select", "+stg_landing__tickets", "--exclude-resource-type",
            "test", "unit_test")  # fmt: skip
    with duckdb.connect(str(home.warehouse), read_only=True) as connection:
        connection.execute("set TimeZone = 'UTC'")
        rows = connection.execute(
            "select ticket_id, agent_id, status, strftime(created_at, '%Y-%m-%dT%H:%M:%SZ'),"
            " strftime(resolved_at, '%Y-%m-%dT%H:%M:%SZ') from staging.stg_landing__tickets"
        ).fetchall()
    return {str(row[0]): tuple(row[1:]) for row in rows}


def test_a_ticket_is_resolved_when_it_was_solved_not_when_it_was_closed(
    tickets: dict[str, tuple[Any, ...]],
) -> None:
    # Solved on the 14th after many turns, closed by itself on the 15th.
    assert tickets["11071"] == ("1111", "closed", "2020-08-28T18:06:36Z", "2020-11-14T11:01:27Z")


def test_deleted_tickets_are_gone_and_the_others_keep_what_is_known(
    tickets: dict[str, tuple[Any, ...]],
) -> None:
    assert len(tickets) == 8
    assert not {"1595", "11013"} & tickets.keys()
    # Nobody exported when it was solved.
    assert tickets["16988"] == ("418284131934", "resolved", "2020-12-22T00:19:23Z", None)
