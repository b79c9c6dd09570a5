"""Parity: through a mapping file over CSV in local times the marts say what they say through the landing contract."""

import csv
from collections.abc import Mapping
from pathlib import Path

import duckdb
import pytest

from tests.integration.scenes import AS_OF, MONTH
from tests.support.command import scorehouse
from tests.support.dialler import export

pytestmark = pytest.mark.long

CENTRE = ("--agents", 12, "--months", 1, "--end", MONTH, "--seed", 1)
MARTS = (
    *("fct_agent_day", "fct_agent_month", "fct_team_month", "fct_agent_channel_month"),
    *("fct_interaction", "fct_queue_day", "fct_status_interval", "fct_attendance"),
    *("fct_csat_response", "fct_qa_evaluation", "fct_ticket", "agent_performance_month"),
)


@pytest.fixture(scope="module")
def homes(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Path]:
    """The home of the closed month by path: through the contract, and through the mapping."""
    folder = tmp_path_factory.mktemp("paths")
    made = {}
    for path in ("canonical", "mapped"):
        landing, made[path] = folder / path / "landing", folder / path / "home"
        simulated = scorehouse("simulate", *CENTRE, "--out", landing)
        assert simulated.returncode == 0, simulated.stderr
        if path == "mapped":
            export(landing)
        finished = scorehouse(
            "close", MONTH, "--home", made[path], "--landing", landing, "--as-of", AS_OF
        )
        assert finished.returncode == 0, finished.stdout + finished.stderr
    return made


@pytest.mark.parametrize("mart", MARTS)
def test_the_mapped_path_makes_the_same_marts(homes: Mapping[str, Path], mart: str) -> None:
    with duckdb.connect() as connection:
        for name, home in homes.items():
            connection.execute(
                f"attach '{home / 'published' / 'scorehouse.duckdb'}' as {name} (read_only)"
            )
        counted = connection.execute(f"select count(*) from canonical.marts.{mart}").fetchone()
        assert counted is not None
        assert counted[0] > 0
        columns = {
            str(row[0]) for row in connection.execute(f"describe canonical.marts.{mart}").fetchall()
        }
        # The loads of two homes are numbered and named for themselves.
        own = ", ".join(
            sorted(columns & {"load_id", "load_sequence", "row_number", "input_fingerprint"})
        )
        rest = f"* exclude ({own})" if own else "*"
        differing = connection.execute(
            f"(select 'canonical', {rest} from canonical.marts.{mart}"
            f" except all select 'canonical', {rest} from mapped.marts.{mart})"
            " union all"
            f" (select 'mapped', {rest} from mapped.marts.{mart}"
            f" except all select 'mapped', {rest} from canonical.marts.{mart}) limit 5"
        ).fetchall()
    assert differing == []


def test_what_fell_into_the_hour_that_is_there_twice_is_in_quarantine(
    homes: Mapping[str, Path],
) -> None:
    found = {}
    for path in sorted((homes["mapped"] / "quarantine").glob("*/*.csv")):
        with path.open(encoding="utf-8", newline="") as lines:
            for row in csv.DictReader(lines):
                found[path.parent.name, row["column"]] = (row["value"], row["reason"])
    assert {key: value for key, (value, _) in found.items()} == {
        ("interactions", "queued_at from arrived"): "25/10/2026 02:15:00",
        ("interactions", "answered_at from arrived"): "25/10/2026 02:15:00",
        ("status_events", "occurred_at from since"): "25/10/2026 02:30:00",
        ("status_events", "updated_at from since"): "25/10/2026 02:30:00",
    }
    assert all("is twice in Europe/Warsaw" in reason for _, reason in found.values())


def test_a_figure_is_explained_down_to_the_rows_of_the_export(
    homes: Mapping[str, Path], tmp_path: Path
) -> None:
    rows = tmp_path / "rows.csv"
    explained = scorehouse(
        *("explain", "A00005", MONTH, "talk_seconds", "--home", homes["mapped"]),
        *("--rows", rows),
    )
    assert explained.returncode == 0, explained.stdout + explained.stderr
    with rows.open(encoding="utf-8", newline="") as lines:
        files = {row["file"] for row in csv.DictReader(lines) if row["dataset"] == "interactions"}
    assert files == {"dialler/contacts/october.csv"}


def test_everything_is_as_it_was_recorded(homes: Mapping[str, Path]) -> None:
    verified = scorehouse("verify", "--home", homes["mapped"])
    assert verified.returncode == 0, verified.stdout + verified.stderr
    told = scorehouse("status", "--home", homes["mapped"])
    assert "that are no agent_id" not in told.stdout
