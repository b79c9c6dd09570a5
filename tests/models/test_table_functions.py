"""The table functions over made-up marts: equal to the marts at their grain, and to slow sums at any other."""

import datetime as dt
import statistics
from collections.abc import Callable, Iterable, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml

from tests.support.compare import differences
from tests.support.figures import agent_parts, agent_ratios
from tests.support.made_up_marts import FIRST_DAY, LAST_DAY, TEAMS, made_up_marts
from tests.support.warehouse import (
    BROKEN_NODES,
    PROJECT,
    Nodes,
    compiled_nodes,
    create_table_functions,
    is_table_function,
)

Row = dict[str, Any]
Found = dict[Any, Row]

UNKNOWN = "(unknown)"
PARTS = [part["name"] for part in agent_parts()]
RATIOS = agent_ratios()
# What some system never records: one day without it, and the sum is unknown.
WHOLE_OR_UNKNOWN = {
    "talk_seconds", "hold_seconds", "acw_seconds", "handle_seconds", "escalated_contacts",
    "fcr_contacts", "fcr_eligible_contacts", "fcr_pending_contacts",
}  # fmt: skip
FIGURES = [*PARTS, *(ratio["name"] for ratio in RATIOS), "occupancy_band"]
# A week that begins before the period and a month that ends after it, to see what is cut off.
CUT = (dt.date(2026, 9, 2), dt.date(2026, 10, 30))
WHOLE = (FIRST_DAY, LAST_DAY)
SUMMED_MARTS = (
    "fct_agent_week", "fct_agent_month", "fct_team_month", "fct_organisation_month",
    "fct_agent_channel_month",
)  # fmt: skip


@pytest.fixture(scope="module")
def nodes(request: pytest.FixtureRequest, compiled: Path) -> Nodes:
    """The project's nodes, or those of a mutant."""
    return request.config.stash.get(BROKEN_NODES, None) or compiled_nodes(compiled)


@pytest.fixture(scope="module")
def marts(nodes: Nodes) -> duckdb.DuckDBPyConnection:
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
            row[part] = total(rows, part)
        for ratio in RATIOS:
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


@pytest.mark.parametrize("chosen", ["of_function := 'inbound'", "of_team := null"])
def test_the_days_of_a_unit_are_those_its_figures_are_made_of(
    marts: duckdb.DuckDBPyConnection, chosen: str
) -> None:
    key = ("level", "unit_id", "agent_id", "business_date")
    rows = rows_of(marts, f"from marts.unit_days(?, ?, {chosen})", *CUT)
    found = by(rows, *key)
    assert len(found) == len(rows)
    days = [day for day in days_in(marts, CUT) if FILTERS[chosen](day)]
    assert chosen != "of_team := null" or any(day["team_id"] is None for day in days)
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
    latest = latest_names(marts)
    assert {agent: names[f"agent {agent}"] for agent in latest} == latest
    assert marts.execute("select count(*) from marts.dim_agent where not is_current").fetchone() > (
        0,
    )
    assert names["agent X-1"] == "X-1"
    assert (names["team T1"], names["agent T1"]) == ("Team T1", "Person T1 now")
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


# --- Facts: counted for the unit that the agent's profile of the day names ---------------------------------------


def facts_in(
    marts: duckdb.DuckDBPyConnection,
    mart: str,
    period: tuple[dt.date, dt.date],
    dated_by: str = "business_date",
) -> list[Row]:
    """The rows of a fact of somebody in a period, each with the labels of the agent's profile on its date."""
    profiles = rows_of(marts, "from marts.dim_agent order by agent_id, valid_from")
    rows = rows_of(marts, f"from marts.{mart} where {dated_by} between ? and ?", *period)
    for row in rows:
        mine = [profile for profile in profiles if profile["agent_id"] == row["agent_id"]]
        begun = [profile for profile in mine if profile["valid_from"] <= row[dated_by]] or mine[:1]
        for label in ("team_id", "site", "function"):
            row[label] = begun[-1][label] if begun else None
        row["day"] = row[dated_by]
    return [row for row in rows if row["agent_id"] is not None]


def grouped(
    rows: Iterable[Row], keys: tuple[str, ...], grain: str = "period", begins: dt.date = CUT[0]
) -> dict[tuple[Any, ...], list[Row]]:
    """(level, unit, key …, first day of the bucket) → the rows that are added up there."""
    groups: dict[tuple[Any, ...], list[Row]] = {}
    for row in rows:
        for level, unit_of in UNITS.items():
            unit = unit_of(row)
            if unit is not None:
                first = FIRST_OF[grain](row["day"], begins)
                key = (level, unit, *(row[name] for name in keys), first)
                groups.setdefault(key, []).append(row)
    return groups


def total(rows: Sequence[Row], name: str) -> Fraction | None:
    values = [Fraction(row[name]) for row in rows if row[name] is not None]
    is_known = len(values) == len(rows) if name in WHOLE_OR_UNKNOWN else bool(values)
    return sum(values, Fraction(0)) if is_known else None


def latest_names(marts: duckdb.DuckDBPyConnection) -> dict[str, str]:
    return dict(
        marts.execute("select agent_id, name from marts.dim_agent where is_current").fetchall()
    )


def people(rows: Iterable[Row]) -> int:
    return len({row["agent_id"] for row in rows})


def quotient(numerator: Fraction | None, denominator: Fraction | int | None) -> Fraction | None:
    return None if numerator is None or not denominator else numerator / denominator


def asked(
    marts: duckdb.DuckDBPyConnection, function: str, keys: tuple[str, ...], grain: str | None
) -> Found:
    """What a function says of the period that is cut, by (level, unit, key …, bucket)."""
    rows = rows_of(
        marts, f"from marts.{function}(?, ?{', ?' if grain else ''})", *CUT, *[grain][: bool(grain)]
    )
    for row in rows:
        row.setdefault("starts_on", CUT[0])
    found = by(rows, "level", "unit_id", *keys, "starts_on")
    assert len(found) == len(rows) > 0
    return found


def assert_same(found: Found, expected: Found) -> None:
    columns = next(iter(expected.values())).keys()
    assert differences(found, expected, columns) == []


GRAINS = pytest.mark.parametrize("grain", FIRST_OF)


@GRAINS
def test_channels_of_a_unit(marts: duckdb.DuckDBPyConnection, grain: str) -> None:
    contact = [part["name"] for part in agent_parts() if part["dataset"] == "interactions"]
    days = facts_in(marts, "fct_agent_channel_day", CUT)
    parts = [name for name in contact if name in days[0]]
    expected: Found = {}
    for key, rows in grouped(days, ("channel",), grain).items():
        row: Row = {"agents": people(rows)} | {part: total(rows, part) for part in parts}
        for ratio in RATIOS:
            if ratio["numerator"] in parts and ratio["denominator"] in parts:
                row[ratio["name"]] = ratio_of(row, ratio["numerator"], ratio["denominator"])
        expected[key] = row
    assert "fcr" in row
    assert_same(asked(marts, "unit_channel_figures", ("channel",), grain), expected)


def test_channels_of_an_agents_month_are_the_mart(marts: duckdb.DuckDBPyConnection) -> None:
    expected = by(
        rows_of(marts, "from marts.fct_agent_channel_month"), "agent_id", "month", "channel"
    )
    found = by(
        rows_of(marts, "from marts.unit_channel_figures(?, ?, 'month') where level = 'agent'", *WHOLE),
        "unit_id", "starts_on", "channel",
    )  # fmt: skip
    columns = [name for name in next(iter(expected.values())) if name not in ("agent_id", "month")]
    assert differences(found, expected, columns) == []


def test_applications_of_a_unit(marts: duckdb.DuckDBPyConnection) -> None:
    keys = ("application", "feature")
    days = facts_in(marts, "fct_agent_application_day", CUT)
    expected = {
        key: {
            "agents": people(rows),
            "seconds_in_use": total(rows, "seconds_in_use"),
            "uses": total(rows, "uses"),
        }
        for key, rows in grouped(days, keys).items()
    }
    assert_same(asked(marts, "unit_application_figures", keys, None), expected)


@GRAINS
def test_attendance_of_a_unit(marts: duckdb.DuckDBPyConnection, grain: str) -> None:
    expected: Found = {}
    for key, shifts in grouped(facts_in(marts, "fct_attendance", CUT), (), grain).items():
        known = [shift for shift in shifts if shift["is_absent"] is not None]
        scheduled = total(known, "scheduled_seconds")
        row: Row = {
            "agents": people(shifts),
            "shifts": len(shifts),
            "time_off_shifts": sum(shift["scheduled_seconds"] == 0 for shift in shifts),
            "absent_shifts": sum(bool(s["is_absent"]) for s in known) if known else None,
            "late_shifts": sum(bool(s["is_late"]) for s in known) if known else None,
            "left_early_shifts": sum((s["left_early_seconds"] or 0) > 0 for s in known)
            if known
            else None,
            "scheduled_seconds": scheduled,
        }
        for part in (
            "adherent_seconds",
            "late_seconds",
            "left_early_seconds",
            "productive_seconds",
        ):
            row[part] = total(known, part)
        row["adherence"] = quotient(row["adherent_seconds"], scheduled)
        productive = quotient(row["productive_seconds"], scheduled)
        row["shrinkage"] = None if productive is None else 1 - productive
        expected[key] = row
    # Some days have only shifts of which nobody knows who was there.
    assert grain != "day" or any(row["adherence"] is None for row in expected.values())
    assert any(0 < (row["left_early_shifts"] or 0) < row["shifts"] for row in expected.values())
    assert_same(asked(marts, "unit_attendance_figures", (), grain), expected)


COUNTED: dict[str, tuple[str, tuple[str, ...], Callable[[list[Row]], Row]]] = {
    "unit_clock_out_figures": (
        "fct_attendance",
        ("clock_out_reason",),
        lambda rows: {"shifts": len(rows)},
    ),
    "unit_finding_figures": (
        "fct_compliance_finding",
        ("finding_rule", "severity", "status"),
        lambda rows: {
            "agents": people(rows),
            "findings": len(rows),
            "finding_seconds": total(rows, "finding_seconds"),
            "evidence_rows": total(rows, "evidence_rows"),
        },
    ),
    "unit_compliance_event_figures": (
        "fct_compliance_event",
        ("policy", "severity", "is_resolved"),
        lambda rows: {"agents": people(rows), "events": len(rows)},
    ),
}


@pytest.mark.parametrize("function", COUNTED)
def test_shifts_findings_and_events_by_what_they_are(
    marts: duckdb.DuckDBPyConnection, function: str
) -> None:
    mart, keys, counted = COUNTED[function]
    groups = grouped(facts_in(marts, mart, CUT), keys)
    expected = {key: counted(rows) for key, rows in groups.items()}
    assert_same(asked(marts, function, keys, None), expected)


@GRAINS
def test_tickets_count_when_created_and_when_resolved(
    marts: duckdb.DuckDBPyConnection, grain: str
) -> None:
    created = grouped(facts_in(marts, "fct_ticket", CUT, "created_date"), ("kind",), grain)
    resolved = grouped(facts_in(marts, "fct_ticket", CUT), ("kind",), grain)
    expected: Found = {}
    for key in created.keys() | resolved.keys():
        done = resolved.get(key, [])
        seconds = total(done, "resolution_seconds") or 0
        expected[key] = {
            "agents": people([*created.get(key, []), *done]),
            "created_tickets": len(created.get(key, [])),
            "resolved_tickets": len(done),
            "resolution_seconds": seconds,
            "mean_resolution_seconds": Fraction(seconds, len(done)) if done else None,
        }
    assert_same(asked(marts, "unit_ticket_figures", ("kind",), grain), expected)


@GRAINS
def test_revenue_is_added_up_within_a_currency(
    marts: duckdb.DuckDBPyConnection, grain: str
) -> None:
    groups = grouped(facts_in(marts, "fct_agent_day_revenue", CUT), ("currency",), grain)
    expected = {
        key: {
            "agents": people(rows),
            "converted_leads": total(rows, "converted_leads"),
            "revenue": total(rows, "revenue"),
        }
        for key, rows in groups.items()
    }
    found = asked(marts, "unit_revenue_figures", ("currency",), grain)
    # Sums of money are exact to the last digit.
    assert {key: row["revenue"] for key, row in found.items()} == {
        key: row["revenue"] for key, row in expected.items()
    }
    assert_same(found, expected)


def test_evaluations_by_who_made_them_and_how(marts: duckdb.DuckDBPyConnection) -> None:
    keys = ("evaluator_id", "evaluator_role", "method")
    groups = grouped(facts_in(marts, "fct_qa_evaluation", CUT), keys)
    found = asked(marts, "unit_evaluation_figures", keys, None)
    names = latest_names(marts)
    expected: Found = {}
    for key, rows in groups.items():
        scores = [float(row["effective_score"]) for row in rows]
        expected[key] = {
            "agents": people(rows),
            "evaluations": len(rows),
            "critical_fails": sum(row["critical_fail"] for row in rows),
            "quality_points": total(rows, "effective_score"),
            "quality_score": quotient(total(rows, "effective_score"), len(rows)),
            "evaluator_name": names.get(key[2]),
        }
        deviation = statistics.stdev(scores) if len(scores) > 1 else None
        shown = found[key]["standard_deviation"]
        assert shown == (None if deviation is None else pytest.approx(deviation, abs=1e-6)), key
    assert any(len(rows) == 1 for rows in groups.values())
    assert_same(found, expected)


def slow_calibration(rows: list[Row]) -> Found:
    """Each evaluator against the others on the same agents, exactly."""
    named = [row for row in rows if row["evaluator_id"] is not None]
    scores: dict[tuple[str, str], list[Fraction]] = {}
    for row in named:
        pair = (row["evaluator_id"], row["agent_id"])
        scores.setdefault(pair, []).append(Fraction(row["effective_score"]))
    found: Found = {}
    for evaluator in {row["evaluator_id"] for row in named}:
        mine = {agent: given for (who, agent), given in scores.items() if who == evaluator}
        others = {
            agent: [s for (who, a), given in scores.items() if a == agent and who != evaluator for s in given]
            for agent in mine
        }  # fmt: skip
        compared = [agent for agent in mine if others[agent]]
        given = [score for agent in compared for score in mine[agent]]
        expected = [
            Fraction(sum(others[agent])) / len(others[agent])
            for agent in compared
            for _ in mine[agent]
        ]
        all_given = [score for scores_given in mine.values() for score in scores_given]
        of_others = sum(len(others[agent]) for agent in mine)
        found[(evaluator,)] = {
            "agents": len(mine),
            "evaluations": len(all_given),
            "quality_points": sum(all_given),
            "mean_score": sum(all_given) / len(all_given),
            "compared_agents": len(compared),
            "compared_evaluations": len(given),
            "other_evaluations": of_others,
            "compared_mean_score": sum(given) / len(given) if given else None,
            "others_mean_score": sum(expected) / len(expected) if given else None,
            "leniency": (sum(given) - sum(expected)) / len(given) if given else None,
            "is_small_sample": min(len(given), of_others) < 30,
        }
    return found


@pytest.mark.parametrize("chosen", ["of_team := null", "of_team := 'T1'", "of_site := 'Manila'"])
def test_calibration_compares_evaluators_on_the_same_agents(
    marts: duckdb.DuckDBPyConnection, chosen: str
) -> None:
    chooses = FILTERS.get(chosen, lambda row: True)
    rows = [row for row in facts_in(marts, "fct_qa_evaluation", CUT) if chooses(row)]
    expected = slow_calibration(rows)
    names = latest_names(marts)
    for (evaluator,), row in expected.items():
        row["evaluator_name"] = names.get(evaluator, evaluator)
    found = rows_of(marts, f"from marts.evaluator_calibration(?, ?, {chosen})", *CUT)
    assert_same(by(found, "evaluator_id"), expected)
    if chosen == "of_team := null":
        # Whom nobody else evaluated is compared with nobody.
        assert expected[("A7",)]["leniency"] is None
        assert 0 < expected[("X-2",)]["compared_agents"] < expected[("X-2",)]["agents"]
        assert {row["is_small_sample"] for row in expected.values()} == {True, False}
        # Exactly 30 are enough; of few, many by others make no more.
        assert expected[("X-3",)]["compared_evaluations"] == 30
        few = expected[("X-4",)]
        assert few["compared_evaluations"] < 30 <= few["other_evaluations"]


def test_attainment_counts_an_agent_in_each_unit_of_the_month(
    marts: duckdb.DuckDBPyConnection,
) -> None:
    month = (dt.date(2026, 9, 1), dt.date(2026, 9, 30))
    units = {
        (level, unit, day["agent_id"])
        for day in days_in(marts, month)
        for level, unit_of in UNITS.items()
        if (unit := unit_of(day)) is not None
    }
    kpis = rows_of(marts, "from marts.agent_kpi_month where month = ?", month[0])
    expected: Found = {}
    for level, unit, agent in units:
        for kpi in kpis:
            if kpi["agent_id"] == agent:
                none = {"agents": 0, "met": 0, "not_met": 0, "inconclusive": 0}
                row = expected.setdefault((level, unit, kpi["kpi"]), none)
                row["agents"] += 1
                row["met"] += kpi["met"] is True
                row["not_met"] += kpi["met"] is False
                row["inconclusive"] += kpi["inconclusive"]
    rows = rows_of(marts, "from marts.unit_kpi_attainment(?)", dt.date(2026, 9, 17))
    assert_same(by(rows, "level", "unit_id", "kpi"), expected)


@GRAINS
def test_queues_of_any_period(marts: duckdb.DuckDBPyConnection, grain: str) -> None:
    groups: dict[tuple[Any, ...], list[Row]] = {}
    for day in rows_of(marts, "from marts.fct_queue_day where business_date between ? and ?", *CUT):
        first = FIRST_OF[grain](day["business_date"], CUT[0])
        groups.setdefault((day["queue"], day["channel"], first), []).append(day)
    expected: Found = {}
    for key, days in groups.items():
        levels = {day["service_level_seconds"] for day in days}
        with_level = [day for day in days if day["service_level_seconds"] is not None]
        parts = ("offered", "answered", "abandoned", "waiting", "wait_seconds")
        row: Row = {name: total(days, name) for name in parts}
        row["answered_within_service_level"] = total(days, "answered_within_service_level")
        row["offered_with_service_level"] = total(with_level, "offered")
        row["service_level_seconds"] = levels.pop() if len(levels) == 1 else None
        row["asa_seconds"] = quotient(row["wait_seconds"], row["answered"])
        written = key[1] in ("chat", "email")
        row["first_response_seconds"] = row["asa_seconds"] if written else None
        row["service_level"] = quotient(
            row["answered_within_service_level"], row["offered_with_service_level"]
        )
        row["abandon_rate"] = quotient(row["abandoned"], row["offered"])
        expected[key] = row
    rows = rows_of(marts, "from marts.queue_figures(?, ?, ?)", *CUT, grain)
    assert_same(by(rows, "queue", "channel", "starts_on"), expected)


@pytest.mark.parametrize(
    "chosen",
    [
        {},
        {"of_team": "T1"},
        {"of_department": UNKNOWN},
        {"of_site": "Manila", "of_function": "inbound"},
    ],
    ids=str,
)
def test_a_profile_is_in_its_units_from_its_first_day_to_its_last(
    marts: duckdb.DuckDBPyConnection, chosen: dict[str, str]
) -> None:
    """The first profile also covers what came before it, and the latest has no end; the latest name counts."""
    names = latest_names(marts)
    seen: set[str] = set()
    expected: Found = {}
    for profile in rows_of(marts, "from marts.dim_agent order by agent_id, valid_from"):
        agent = profile["agent_id"]
        first = profile["valid_from"] if agent in seen else dt.date(1900, 1, 1)
        seen.add(agent)
        if any(UNITS[name.removeprefix("of_")](profile) != unit for name, unit in chosen.items()):
            continue
        for level, unit_of in UNITS.items():
            unit = unit_of(profile)
            if unit is not None:
                expected[level, unit, agent, first] = {
                    "agent_name": names[agent],
                    "last_date": profile["valid_to"] or dt.date(9999, 12, 31),
                }
    given = ", ".join(f"{name} := ?" for name in chosen)
    rows = rows_of(marts, f"from marts.unit_profiles({given})", *chosen.values())
    assert_same(by(rows, "level", "unit_id", "agent_id", "first_date"), expected)


def test_the_parameters_are_the_variables_of_the_project(marts: duckdb.DuckDBPyConnection) -> None:
    variables = yaml.safe_load((PROJECT / "dbt_project.yml").read_text(encoding="utf-8"))["vars"]
    (row,) = rows_of(marts, "from marts.report_parameters()")
    assert row == {name: variables[name] for name in row}


# --- What every function says of itself is what it returns -------------------------------------------------------


def test_every_function_returns_the_columns_it_describes_one_row_per_grain(
    marts: duckdb.DuckDBPyConnection, nodes: Nodes
) -> None:
    functions = [
        node for node in nodes.values() if is_table_function(node) and node["schema"] == "marts"
    ]
    assert len(functions) == 16
    values = {"starts_on": CUT[0], "ends_on": CUT[1], "grain": "week", "of_month": CUT[0]}
    for node in functions:
        given = [values[name] for name in node["config"]["parameters"] if ":=" not in name]
        call = f"marts.{node['name']}({', '.join('?' * len(given))})"
        described = marts.execute(f"describe from {call}", given).fetchall()
        assert [(name, kind.lower()) for name, kind, *_ in described] == [
            (column["name"], column["data_type"].replace(", ", ",").replace("timestamptz", "timestamp with time zone"))
            for column in node["columns"].values()
        ], node["name"]  # fmt: skip
        grain = node["config"]["meta"]["grain"]
        rows = rows_of(marts, f"from {call}", *given)
        assert len(by(rows, *grain)) == len(rows) > 0, node["name"]
