"""The table functions over made-up marts: equal to the marts at their grain, and to slow sums at any other."""

import datetime as dt
from collections.abc import Callable, Iterable
from fractions import Fraction
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tests.support.compare import differences
from tests.support.figures import agent_parts, agent_ratios
from tests.support.made_up_marts import FIRST_DAY, LAST_DAY, TEAMS, made_up_marts
from tests.support.warehouse import compiled_nodes, create_table_functions

Row = dict[str, Any]
Found = dict[Any, Row]

UNKNOWN = "(unknown)"
PARTS = [part["name"] for part in agent_parts()]
RATIOS = [ratio["name"] for ratio in agent_ratios()]
FIGURES = [*PARTS, *RATIOS, "occupancy_band"]
# A week that begins before the period and a month that ends after it, to see what is cut off.
CUT = (dt.date(2026, 9, 2), dt.date(2026, 10, 30))
WHOLE = (FIRST_DAY, LAST_DAY)
SUMMED_MARTS = ("fct_agent_week", "fct_agent_month", "fct_team_month", "fct_organisation_month")


@pytest.fixture(scope="module")
def marts(compiled: Path) -> duckdb.DuckDBPyConnection:
    nodes = compiled_nodes(compiled)
    connection = made_up_marts(nodes)
    for mart in SUMMED_MARTS:
        sql = nodes[f"model.scorehouse.{mart}"]["compiled_code"]
        connection.execute(f"create table marts.{mart} as {sql}")
    create_table_functions(connection, nodes)
    return connection


def rows_of(marts: duckdb.DuckDBPyConnection, query: str, *values: Any) -> list[Row]:
    found = marts.execute(query, list(values))
    names = [column[0] for column in found.description]
    return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def by(rows: Iterable[Row], *key: str) -> Found:
    return {tuple(row[name] for name in key): row for row in rows}


def figures(
    marts: duckdb.DuckDBPyConnection,
    grain: str,
    level: str,
    period: tuple[dt.date, dt.date] = WHOLE,
) -> Found:
    rows = rows_of(marts, "from marts.unit_figures(?, ?, ?) where level = ?", *period, grain, level)
    assert rows
    return by(rows, "unit_id", "starts_on")


def department(team_id: str | None) -> str:
    return TEAMS.get(team_id or "") or UNKNOWN


UNITS: dict[str, Callable[[Row], str | None]] = {
    "agent": lambda day: day["agent_id"],
    "team": lambda day: day["team_id"],
    "department": lambda day: department(day["team_id"]),
    "site": lambda day: day["site"] or UNKNOWN,
    "function": lambda day: day["function"] or UNKNOWN,
    "centre": lambda day: "all",
}
FIRST_OF: dict[str, Callable[[dt.date, dt.date], dt.date]] = {
    "day": lambda day, begins: day,
    "week": lambda day, begins: day - dt.timedelta(days=day.weekday()),
    "month": lambda day, begins: day.replace(day=1),
    "period": lambda day, begins: begins,
}


def ratio_of(row: Row, numerator: str, denominator: str) -> Fraction | None:
    """Of exact sums; a term that is not known makes it unknown."""
    terms = [[row[name.strip()] for name in side.split("+")] for side in (numerator, denominator)]
    if any(value is None for side in terms for value in side) or not sum(terms[1]):
        return None
    return Fraction(sum(terms[0])) / Fraction(sum(terms[1]))


def band(occupancy: Fraction | None) -> str | None:
    if occupancy is None:
        return None
    return "risk" if occupancy > 0.9 else "watch" if occupancy > 0.85 else "normal"


def slow_figures(days: Iterable[Row], grain: str, level: str, begins: dt.date) -> Found:
    """`unit_figures` in plain Python, exactly."""
    groups: dict[tuple[str, dt.date], list[Row]] = {}
    for day in days:
        unit = UNITS[level](day)
        if unit is not None:
            first = FIRST_OF[grain](day["business_date"], begins)
            groups.setdefault((unit, first), []).append(day)
    found: Found = {}
    for key, rows in groups.items():
        row: Row = {"agents": len({day["agent_id"] for day in rows})}
        for part in PARTS:
            values = [Fraction(day[part]) for day in rows if day[part] is not None]
            row[part] = sum(values) if values else None
        for ratio in agent_ratios():
            row[ratio["name"]] = ratio_of(row, ratio["numerator"], ratio["denominator"])
        found[key] = row | {"occupancy_band": band(row["occupancy"])}
    return found


def days_in(marts: duckdb.DuckDBPyConnection, period: tuple[dt.date, dt.date]) -> list[Row]:
    return rows_of(marts, "from marts.fct_agent_day where business_date between ? and ?", *period)


@pytest.mark.parametrize(
    ("grain", "level", "mart", "key", "more"),
    [
        ("day", "agent", "fct_agent_day", ("agent_id", "business_date"), []),
        ("week", "agent", "fct_agent_week", ("agent_id", "week_start_date"), []),
        ("month", "agent", "fct_agent_month", ("agent_id", "month"), []),
        ("month", "team", "fct_team_month", ("team_id", "month"), ["agents"]),
    ],
)
def test_figures_at_a_marts_grain_are_the_marts(
    marts: duckdb.DuckDBPyConnection,
    grain: str,
    level: str,
    mart: str,
    key: tuple[str, ...],
    more: list[str],
) -> None:
    expected = by(rows_of(marts, f"from marts.{mart}"), *key)
    assert differences(figures(marts, grain, level), expected, FIGURES + more) == []


@pytest.mark.parametrize("level", ["department", "site", "function", "centre"])
def test_months_of_the_organisation_are_its_mart(
    marts: duckdb.DuckDBPyConnection, level: str
) -> None:
    rows = rows_of(marts, "from marts.fct_organisation_month where level = ?", level)
    expected = by(rows, "unit_id", "month")
    assert differences(figures(marts, "month", level), expected, [*FIGURES, "agents"]) == []


@pytest.mark.parametrize("grain", FIRST_OF)
@pytest.mark.parametrize("level", UNITS)
def test_figures_of_any_period_are_the_slow_sums(
    marts: duckdb.DuckDBPyConnection, grain: str, level: str
) -> None:
    expected = slow_figures(days_in(marts, CUT), grain, level, CUT[0])
    assert expected
    found = figures(marts, grain, level, CUT)
    assert differences(found, expected, [*FIGURES, "agents"]) == []


FILTERS: dict[str, Callable[[Row], bool]] = {
    "of_team := 'T1'": lambda day: day["team_id"] == "T1",
    "of_department := 'Care'": lambda day: department(day["team_id"]) == "Care",
    "of_department := '(unknown)'": lambda day: department(day["team_id"]) == UNKNOWN,
    "of_site := 'Manila'": lambda day: day["site"] == "Manila",
    "of_site := '(unknown)'": lambda day: day["site"] is None,
    "of_function := 'inbound'": lambda day: day["function"] == "inbound",
    "of_function := '(unknown)'": lambda day: day["function"] is None,
    "of_site := 'Kraków', of_function := 'back_office', of_department := 'Care'": lambda day: (
        (day["site"], day["function"], department(day["team_id"]))
        == ("Kraków", "back_office", "Care")
    ),
    "of_team := null": lambda day: True,
}


@pytest.mark.parametrize("chosen", FILTERS)
def test_filters_leave_the_days_that_one_would_choose_by_hand(
    marts: duckdb.DuckDBPyConnection, chosen: str
) -> None:
    days = [day for day in days_in(marts, CUT) if FILTERS[chosen](day)]
    assert len(days) > 0
    for level in UNITS:
        found = by(
            rows_of(
                marts,
                f"from marts.unit_figures(?, ?, 'month', {chosen}) where level = ?",
                *CUT,
                level,
            ),
            "unit_id",
            "starts_on",
        )
        expected = slow_figures(days, "month", level, CUT[0])
        assert differences(found, expected, [*FIGURES, "agents"]) == []


def test_the_days_of_a_unit_are_those_its_figures_are_made_of(
    marts: duckdb.DuckDBPyConnection,
) -> None:
    key = ("level", "unit_id", "agent_id", "business_date")
    rows = rows_of(marts, "from marts.unit_days(?, ?, of_function := 'inbound')", *CUT)
    found = by(rows, *key)
    assert len(found) == len(rows)
    days = [day for day in days_in(marts, CUT) if day["function"] == "inbound"]
    assert set(found) == {
        (level, unit, day["agent_id"], day["business_date"])
        for level, unit_of in UNITS.items()
        for day in days
        if (unit := unit_of(day)) is not None
    }


def test_units_have_their_latest_names(marts: duckdb.DuckDBPyConnection) -> None:
    names = dict(
        marts.execute(
            "select distinct level || ' ' || unit_id, unit_name from marts.unit_figures(?, ?, 'week')", WHOLE
        ).fetchall()
    )  # fmt: skip
    assert names["agent A1"] == "Person A1 now"
    assert names["agent X-1"] == "X-1"
    assert names["team T1"] == "Team T1"
    assert names["site (unknown)"] == "(unknown)"
    assert names["centre all"] == "Whole centre"
    people = dict(
        marts.execute("select distinct agent_id, agent_name from marts.unit_days(?, ?)", WHOLE)
        .fetchall()
    )  # fmt: skip
    assert (people["A1"], people["X-1"]) == ("Person A1 now", None)


def test_an_unknown_grain_is_an_error_that_names_the_grains(
    marts: duckdb.DuckDBPyConnection,
) -> None:
    with pytest.raises(duckdb.Error, match="grain is day, week, month or period"):
        marts.execute("from marts.unit_figures(?, ?, 'quarter')", WHOLE)
