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
from ingestion.simulation import SimulationSettings, simulate
from tests.integration.scenes import AS_OF, Run, Stage, close
from tests.oracle.days import agent_days
from tests.oracle.kpis import kpi_months
from tests.oracle.performance import performance
from tests.oracle.rollups import agent_months, team_months
from tests.support.compare import differences

DAY_ONLY = {"first_clock_in_at", "last_clock_out_at"}


def true_rows(truth: Path) -> dict[str, list[dict[str, Any]]]:
    return {
        dataset: pq.read_table(truth / f"{dataset}.parquet").to_pylist() for dataset in DATASETS
    }


def mart(connection: duckdb.DuckDBPyConnection, name: str, *key: str) -> dict[Any, dict[str, Any]]:
    found = connection.execute(f"select * from marts.{name}")
    names = [column[0] for column in found.description]
    rows = (dict(zip(names, row, strict=True)) for row in found.fetchall())
    return {tuple(row[part] for part in key): row for row in rows}


def true_states(truth: Path, as_of: datetime) -> dict[str, list[tuple[int, int, str, str | None]]]:
    """Runs of states per agent; after the last simulated second everybody stays as they are until `as_of`."""
    rows = pq.read_table(truth / "status_truth.parquet").to_pylist()
    simulated_until, until = max(row["end_s"] for row in rows), int(as_of.timestamp())
    return merged(
        (
            row["agent_id"],
            row["start_s"],
            until if row["end_s"] == simulated_until else row["end_s"],
            row["state"],
            row["reason"],
        )
        for row in rows
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


def check(home: Home, truth: Path, as_of: datetime, agents: int, months: int) -> None:
    """Every cell of the closed month's marts is what happened."""
    rows = true_rows(truth)
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
    expected_states = true_states(truth, as_of)
    problems += [
        f"states of {agent_id} differ: {set(states.get(agent_id, [])) ^ set(happened)}"
        for agent_id, happened in expected_states.items()
        if states.get(agent_id) != happened
    ]
    assert not problems, f"{len(problems)} differences\n" + "\n".join(problems[:40])


@pytest.mark.timeout(1800)
def test_a_small_centre_with_quirks(closed: Run, stage: Stage) -> None:
    check(closed.home, stage.landing / "_truth", datetime.fromisoformat(AS_OF), 12, 1)


@pytest.mark.long
@pytest.mark.timeout(1200)
@pytest.mark.parametrize(
    ("agents", "months", "seed"), [(12, 1, 4), (50, 3, 1), (50, 3, 2), (50, 3, 3)]
)
def test_a_centre_at_the_end_of_its_months(
    tmp_path: Path, agents: int, months: int, seed: int
) -> None:
    landing, home = tmp_path / "landing", Home(tmp_path / "home")
    summary = simulate(SimulationSettings(agents, months, "2026-10", seed, landing, quirks=True))
    finished = close(home, landing, as_of=summary.as_of.isoformat())
    assert finished.returncode == 0, finished.stderr
    check(home, summary.truth, summary.as_of, agents, months)
