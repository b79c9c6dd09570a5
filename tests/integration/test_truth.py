"""The simulator's truth against the marts: what happened in the simulated centre is what the product says happened.

The simulator knows every agent's state by second and every final row. The exports that the product reads have
duplicates, late rows, old versions, bad rows and missing clock-outs; the marts must not differ in a single cell.
"""

from collections import defaultdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.parquet as pq
import pytest

from ingestion import DATASETS, Home
from ingestion.simulation import SimulationSettings, SimulationSummary, simulate
from tests.oracle.days import agent_days
from tests.oracle.kpis import kpi_months
from tests.oracle.performance import performance
from tests.oracle.rollups import agent_months, team_months
from tests.support.command import scorehouse
from tests.support.compare import differences

DAY_ONLY = {"first_clock_in_at", "last_clock_out_at"}


def true_rows(summary: SimulationSummary) -> dict[str, list[dict[str, Any]]]:
    return {
        dataset: pq.read_table(summary.truth / f"{dataset}.parquet").to_pylist()
        for dataset in DATASETS
    }


def mart(connection: duckdb.DuckDBPyConnection, name: str, *key: str) -> dict[Any, dict[str, Any]]:
    found = connection.execute(f"select * from marts.{name}")
    names = [column[0] for column in found.description]
    rows = (dict(zip(names, row, strict=True)) for row in found.fetchall())
    return {tuple(row[part] for part in key): row for row in rows}


def true_states(summary: SimulationSummary) -> dict[str, list[tuple[int, int, str, str | None]]]:
    return merged(
        (row["agent_id"], row["start_s"], row["end_s"], row["state"], row["reason"])
        for row in pq.read_table(summary.truth / "status_truth.parquet").to_pylist()
    )


def mart_states(
    connection: duckdb.DuckDBPyConnection,
) -> dict[str, list[tuple[int, int, str, str | None]]]:
    return merged(
        connection.execute(
            "select agent_id, epoch(started_at)::bigint, epoch(ended_at)::bigint, state, reason"
            " from marts.fct_status_interval"
        ).fetchall()
    )


def merged(pieces: Any) -> dict[str, list[tuple[int, int, str, str | None]]]:
    """Runs per agent: touching pieces of one state and reason, split at midnight or not, are one."""
    runs: dict[str, list[tuple[int, int, str, str | None]]] = defaultdict(list)
    for agent_id, start, end, state, reason in sorted(pieces, key=lambda piece: piece[:2]):
        reason = reason if state in ("away", "unavailable") else None
        last = runs[agent_id][-1] if runs[agent_id] else None
        if last is not None and last[1:] == (start, state, reason):
            runs[agent_id][-1] = (last[0], end, state, reason)
        else:
            runs[agent_id].append((start, end, state, reason))
    return runs


def check(tmp_path: Path, agents: int, months: int, seed: int) -> None:
    landing = tmp_path / "landing"
    summary = simulate(SimulationSettings(agents, months, "2026-10", seed, landing, quirks=True))
    home = Home(tmp_path / "home")
    as_of = summary.as_of
    finished = scorehouse(
        "close", "2026-10", "--home", home.root, "--landing", landing, "--as-of", as_of.isoformat()
    )
    assert finished.returncode == 0, finished.stderr
    rows = true_rows(summary)
    days = agent_days(rows, as_of)
    assert len(days) > agents * 15 * months
    problems: list[str] = []
    with duckdb.connect(str(home.published_database), read_only=True) as connection:
        connection.execute("set TimeZone = 'UTC'")
        for name, keys, expected, without in (
            ("fct_agent_day", ("agent_id", "business_date"), days, set()),
            ("fct_agent_month", ("agent_id", "month"), agent_months(days), DAY_ONLY),
            ("fct_team_month", ("team_id", "month"), team_months(days), DAY_ONLY),
        ):
            columns = [column for column in next(iter(expected.values())) if column not in without]
            problems += differences(mart(connection, name, *keys), expected, columns)
        month = datetime(2026, 10, 1, tzinfo=UTC).date()
        scores = performance(rows, as_of, month, days=days)
        closed = mart(connection, "monthly_performance_summary", "agent_id", "month", "revision")
        found = {agent_id: row for (agent_id, of, _), row in closed.items() if of == month}
        # A band is a reading of the occupancy, and no figure of its own that is closed.
        columns = [column for column in next(iter(scores.values())) if column != "occupancy_band"]
        problems += differences(found, scores, columns)
        kpis = kpi_months(rows, as_of, days=days)
        months_with_days = {of for _, of in agent_months(days)}
        shown = {
            key: row
            for key, row in mart(connection, "agent_kpi_month", "agent_id", "month", "kpi").items()
            if key[1] in months_with_days
        }
        columns = list(next(iter(kpis.values())))
        problems += differences(shown, kpis, columns)
        states = mart_states(connection)
    truth = true_states(summary)
    problems += [
        f"states of {agent_id} differ: {set(states.get(agent_id, [])) ^ set(truth[agent_id])}"
        for agent_id in truth
        if states.get(agent_id) != truth[agent_id]
    ]
    assert not problems, f"{len(problems)} differences\n" + "\n".join(problems[:40])


def test_a_small_centre_with_quirks(tmp_path: Path) -> None:
    check(tmp_path, agents=12, months=1, seed=4)


@pytest.mark.long
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_fifty_agents_over_three_months_with_quirks(tmp_path: Path, seed: int) -> None:
    check(tmp_path, agents=50, months=3, seed=seed)
