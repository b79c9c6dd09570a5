"""Who belongs to which unit from which day: what lists of facts go by."""

from collections.abc import Mapping
from pathlib import Path

import duckdb
import pytest

from reports import Period
from reports.warehouse import Warehouse
from tests.unit.reports.warehouse_fixture import MONTH

MOVED = "2026-10-16"
_ALWAYS = ("1900-01-01", "9999-12-31")


@pytest.fixture(scope="module")
def people(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A moved from team T1 (a department) to T2 (none) and to another site; B has no team at all."""
    path = tmp_path_factory.mktemp("people") / "published.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute("""
            create schema marts;
            create schema meta;
            create table meta.publication as select timestamptz '2026-11-02 12:00:00Z' as as_of;
            create table meta.mart as select 'dim_agent' as mart, ['agent_id'] as grain;
            create table meta.mart_column (mart varchar, name varchar, description varchar);
            create table marts.dim_team as
                select * from (values ('T1', 'Care'), ('T2', null)) as t (team_id, department);
            create table marts.dim_agent as
                select * from (values
                    ('A', date '2025-01-01', date '2026-10-15', 'Old name', 'T1', 'North', 'chat'),
                    ('A', date '2026-10-16', null, 'New name', 'T2', 'South', 'chat'),
                    ('B', null, null, 'Bo', null, null, null)
                ) as t (agent_id, valid_from, valid_to, name, team_id, site, function);
        """)
    return path


def profiles(
    path: Path, level: str, filters: Mapping[str, str] | None = None
) -> list[tuple[object, ...]]:
    sql = """
        select unit_id, agent_id, agent_name, first_date::varchar, last_date::varchar
        from unit_profiles where level = $level order by all
    """
    with Warehouse(path, Period.month(MONTH), filters=filters) as warehouse:
        return list(warehouse.query("profiles", sql, {"level": level}).values)


@pytest.mark.parametrize(
    ("level", "before", "after", "b"),
    [
        ("agent", "A", "A", "B"),
        ("team", "T1", "T2", None),
        ("department", "Care", "(unknown)", "(unknown)"),
        ("site", "North", "South", "(unknown)"),
        ("function", "chat", "chat", "(unknown)"),
        ("centre", "all", "all", "all"),
    ],
)
def test_who_moved_is_in_each_unit_for_the_days_there(
    people: Path, level: str, before: str, after: str, b: str | None
) -> None:
    """The first profile also covers the days before it; the latest name is the name."""
    expected: list[tuple[object, ...]] = [
        (before, "A", "New name", "1900-01-01", "2026-10-15"),
        (after, "A", "New name", MOVED, "9999-12-31"),
        *([] if b is None else [(b, "B", "Bo", *_ALWAYS)]),
    ]
    assert profiles(people, level) == sorted(expected, key=str)


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({"team": "T1"}, [("A", "1900-01-01")]),
        ({"department": "(unknown)"}, [("A", MOVED), ("B", "1900-01-01")]),
        ({"site": "South", "function": "chat"}, [("A", MOVED)]),
        ({"site": "O'Hare"}, []),
    ],
)
def test_filters_hold_for_profiles(
    people: Path, filters: Mapping[str, str], expected: list[tuple[str, str]]
) -> None:
    assert [(row[1], row[3]) for row in profiles(people, "centre", filters)] == expected
