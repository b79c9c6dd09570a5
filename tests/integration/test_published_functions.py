"""The table functions in a published database, as readers open it, over the marts of a close."""

from collections.abc import Iterator

import duckdb
import pytest

from tests.integration.scenes import Run

OCTOBER = "date '2026-10-01', date '2026-10-31'"


@pytest.fixture(scope="module", params=["opened", "attached"])
def published(closed: Run, request: pytest.FixtureRequest) -> Iterator[duckdb.DuckDBPyConnection]:
    file = str(closed.home.published_database)
    if request.param == "opened":
        with duckdb.connect(file, read_only=True) as connection:
            yield connection
        return
    # As the pages read it.
    with duckdb.connect(":memory:") as connection:
        connection.execute(f"attach '{file}' as warehouse (read_only)")
        connection.execute("set search_path = 'memory.main,warehouse.marts'")
        yield connection


EQUAL = {
    "an agent's day": (
        f"from marts.unit_figures({OCTOBER}, 'day') where level = 'agent'",
        "from marts.fct_agent_day where month(business_date) = 10",
        "unit_id = agent_id and starts_on = business_date",
        ["logged_in_seconds", "handled_contacts", "quality_points", "occupancy", "fcr", "csat"],
    ),
    "a team's month": (
        f"from marts.unit_figures({OCTOBER}, 'month') where level = 'team'",
        "from marts.fct_team_month where month = date '2026-10-01'",
        "unit_id = right_side.team_id and starts_on = month",
        ["agents", "logged_in_seconds", "occupancy", "adherence", "quality_score"],
    ),
    "a queue's day": (
        f"from marts.queue_figures({OCTOBER}, 'day')",
        "from marts.fct_queue_day where month(business_date) = 10",
        "left_side.queue is not distinct from right_side.queue"
        " and left_side.channel = right_side.channel and starts_on = business_date",
        ["offered", "answered", "abandoned", "waiting", "answered_within_service_level",
         "wait_seconds", "service_level_seconds", "asa_seconds", "first_response_seconds",
         "service_level", "abandon_rate"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", EQUAL)
def test_a_function_at_a_marts_grain_is_the_mart(
    published: duckdb.DuckDBPyConnection, what: str
) -> None:
    function, mart, same_row, columns = EQUAL[what]
    differs = " or ".join(
        f"left_side.{name} is distinct from right_side.{name}" for name in columns
    )
    (rows, different), = published.execute(
        f"select count(*), count(*) filter (where {differs})"
        f" from ({function}) as left_side full join ({mart}) as right_side on {same_row}"
    ).fetchall()  # fmt: skip
    assert rows > 0
    assert different == 0


# What the facts of a unit say and what its agent-days say are one figure: their labels are the same.
RECONCILED = [
    ("unit_channel_figures", "'month'", "handled_contacts", "handled_contacts"),
    ("unit_channel_figures", "'month'", "fcr_eligible_contacts", "fcr_eligible_contacts"),
    ("unit_attendance_figures", "'month'", "scheduled_seconds", "scheduled_seconds"),
    ("unit_attendance_figures", "'month'", "adherent_seconds", "adherent_seconds"),
    ("unit_ticket_figures", "'month'", "resolved_tickets", "resolved_tickets"),
    ("unit_revenue_figures", "'month'", "converted_leads", "converted_leads"),
    ("unit_evaluation_figures", None, "quality_points", "quality_points"),
    ("unit_evaluation_figures", None, "evaluations", "evaluations"),
    ("unit_compliance_event_figures", None, "events", "compliance_events"),
]


@pytest.mark.parametrize(("function", "grain", "column", "figure"), RECONCILED)
def test_the_facts_of_a_unit_sum_to_its_figures(
    published: duckdb.DuckDBPyConnection, function: str, grain: str | None, column: str, figure: str
) -> None:
    arguments = ", ".join([OCTOBER, *([grain] if grain else [])])
    rows = published.execute(
        f"""
        with facts as (
            select level, unit_id, sum({column}) as total from marts.{function}({arguments}) group by all
        )
        select level, unit_id, facts.total, figures.{figure}
        from marts.unit_figures({OCTOBER}, 'period') as figures
        full join facts using (level, unit_id)
        """
    ).fetchall()
    assert {level for level, *_ in rows} >= {"agent", "team", "department", "site", "centre"}
    assert [row for row in rows if (row[2] or 0) != (row[3] or 0)] == []
    assert sum(row[2] or 0 for row in rows) > 0


def test_the_grain_of_every_mart_and_function_is_published(
    published: duckdb.DuckDBPyConnection,
) -> None:
    database = published.execute(
        "select database_name from duckdb_tables() where table_name = 'mart' and schema_name = 'meta'"
    ).fetchone()
    assert database is not None
    grains = dict(published.execute(f"select mart, grain from {database[0]}.meta.mart").fetchall())
    tables = published.execute(
        "select table_name from duckdb_tables() where schema_name = 'marts'"
        " union all select function_name from duckdb_functions()"
        " where schema_name = 'marts' and function_type = 'table_macro'"
    ).fetchall()
    assert sorted(grains) == sorted(name for (name,) in tables)
    assert grains["fct_team_month"] == ["team_id", "month"]
    assert grains["unit_figures"] == ["level", "unit_id", "starts_on"]
