"""`scorehouse explain`: every metric of a month is made again from the landed rows that it names."""

import csv
import datetime as dt
import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pytest

from ingestion import Home, read_ledger
from orchestration import explain
from orchestration.database import attached
from tests.integration.scenes import Run, Stage
from tests.integration.test_close import Restatement, restated  # noqa: F401 - a scene
from tests.support.command import scorehouse

OCTOBER = dt.date(2026, 10, 1)
KPIS = (
    "select kpi, value, target, variance, attainment, met, sample_size, ci_low, ci_high, previous_value"
    " from marts.agent_kpi_month where agent_id = ? and month = ? order by kpi"
)


def rows(database: Path, query: str, *parameters: Any) -> list[tuple[Any, ...]]:
    with attached(opened=database) as connection:
        connection.execute("use opened")
        return connection.execute(query, list(parameters)).fetchall()


def metrics(home: Home) -> list[str]:
    with attached(opened=home.published_database) as connection:
        found = connection.execute("from opened.marts.monthly_performance_summary limit 0")
        return [c[0] for c in found.description if c[0] not in explain._MARKS]


@dataclass(frozen=True)
class Rebuilt:
    """What a revision recorded, what the models make again of the rows, and how a metric of it is explained."""

    recorded: dict[str, Any]
    again: dict[str, Any]
    kpis_again: list[tuple[Any, ...]]
    metrics_said: set[str]
    explained: explain.Explanation


@pytest.fixture(scope="module")
def revisions(restated: Restatement) -> list[Rebuilt]:  # noqa: F811
    return [rebuild(restated, revision) for revision in (1, 2)]


def rebuild(restated: Restatement, revision: int) -> Rebuilt:  # noqa: F811
    home, agent = restated.home, restated.agent_id
    names = metrics(home)
    chosen = ", ".join(names)
    figure = explain.recorded(home, agent, OCTOBER, "total_resolved_tickets", revision)
    (recorded,) = rows(
        home.published_database,
        f"select {chosen} from marts.monthly_performance_summary"
        " where agent_id = ? and month = ? and revision = ?",
        agent,
        OCTOBER,
        revision,
    )
    with explain.rebuilt(home, figure) as partial:
        (again,) = rows(
            partial.warehouse,
            f"select {chosen} from marts.agent_performance_month where agent_id = ? and month = ?",
            agent,
            OCTOBER,
        )
        return Rebuilt(
            dict(zip(names, recorded, strict=True)),
            dict(zip(names, again, strict=True)),
            rows(partial.warehouse, KPIS, agent, OCTOBER),
            {m for (m,) in rows(partial.warehouse, "select metric from audit.metric_inputs")},
            explain._explained(home, partial, figure),
        )


def test_every_metric_of_every_revision_is_made_again(
    restated: Restatement,  # noqa: F811
    revisions: list[Rebuilt],
) -> None:
    home, agent = restated.home, restated.agent_id
    for revision in revisions:
        assert revision.recorded == revision.again
    kpis = rows(home.published_database, KPIS, agent, OCTOBER)
    assert revisions[1].kpis_again == kpis != []
    assert list(home.scratch.iterdir()) == []


def test_every_metric_says_what_it_is_made_of(
    restated: Restatement,  # noqa: F811
    revisions: list[Rebuilt],
) -> None:
    with attached(opened=restated.home.published_database) as connection:
        typed = connection.execute("describe opened.marts.monthly_performance_summary").fetchall()
    # Text is a label of the person, but for the two that are judged.
    figures = {name for name, kind, *_ in typed if kind != "VARCHAR"} - explain._MARKS - {"month"}
    assert figures - revisions[1].metrics_said == set()
    assert {"skill_level", "score_status"} <= revisions[1].metrics_said


def test_the_revisions_differ_by_the_ticket_that_came_later(
    restated: Restatement,  # noqa: F811
    revisions: list[Rebuilt],
) -> None:
    home = restated.home
    before, after = (revision.explained for revision in revisions)
    assert (before.agrees, after.agrees) == (True, True)
    assert before.figure.value == after.figure.value + 1
    assert dict(before.inputs) == {"resolved_tickets": before.figure.value}
    assert sum(day[1] for day in before.days) == before.figure.value
    with duckdb.connect() as connection:
        pattern = str(home.raw_folder("tickets") / "[!_s]*.parquet")
        late = connection.execute(
            "select ticket_id from read_parquet(?) where updated_at = '2026-11-15T08:00:00Z'"
            " and status = 'reopened'",
            [pattern],
        ).fetchall()
    ((ticket,),) = late
    files = [{row.file for row in e.rows if row.record_id == ticket} for e in (before, after)]
    assert len(files[0]) == 1
    assert "tickets/late.ndjson" not in files[0]
    assert files[1] <= {"tickets/late.ndjson"}


@pytest.mark.long
def test_the_rows_that_are_named_are_those_of_the_files(closed: Run, stage: Stage, tmp_path: Path) -> None:  # fmt: skip
    home = closed.home
    ((agent, sent),) = rows(
        home.published_database,
        "select agent_id, csat_sent from marts.fct_agent_month where month = ?"
        " order by csat_sent desc, agent_id limit 1",
        OCTOBER,
    )
    out = tmp_path / "rows.csv"
    finished = scorehouse(
        "explain", agent, "2026-10", "csat_sent", "--home", home.root, "--rows", out
    )
    assert finished.returncode == 0, finished.stderr
    assert f"csat_sent = {sent}" in finished.stdout
    assert "the same" in finished.stdout
    assert out.stat().st_mode & 0o777 == 0o600
    with out.open(newline="") as stream:
        named = [r for r in csv.DictReader(stream) if r["dataset"] == "csat_surveys"]
    loaded = {
        (load_id, number): survey for survey, load_id, number in rows_of_raw(home, "csat_surveys")
    }
    loads = {load.file: load for load in read_ledger(home)}
    assert len(named) >= sent > 0
    for row in named:
        load = loads[row["file"]]
        assert load.file_sha256 == row["file_sha256"]
        assert loaded[load.load_id, int(row["row_number"])] == row["record_id"]


def rows_of_raw(home: Home, dataset: str) -> list[tuple[Any, ...]]:
    pattern = str(home.raw_folder(dataset) / "[!_s]*.parquet")
    return duckdb.execute(
        "select survey_id, load_id, row_number from read_parquet(?)", [pattern]
    ).fetchall()


@pytest.mark.long
def test_a_changed_raw_row_is_found(closed: Run, tmp_path: Path) -> None:
    home = Home(Path(shutil.copytree(closed.home.root, tmp_path / "home")))
    ((agent,),) = rows(
        home.published_database,
        "select agent_id from marts.fct_agent_month where month = ? and csat_satisfied > 0"
        " order by agent_id limit 1",
        OCTOBER,
    )
    for file in home.raw_folder("csat_surveys").glob("[!_s]*.parquet"):
        duckdb.execute(
            f"copy (select * replace (case when agent_id = '{agent}' then 1 else score end as score)"
            f" from read_parquet('{file}')) to '{file}.new' (format parquet)"
        )
        Path(f"{file}.new").replace(file)
    finished = scorehouse("explain", agent, "2026-10", "csat", "--home", home.root)
    assert finished.returncode == 1
    assert "NOT the recorded" in finished.stdout


@pytest.mark.long
def test_a_reports_address_says_the_same(closed: Run) -> None:
    home = closed.home
    ((agent, value),) = rows(
        home.published_database,
        "select agent_id, value from marts.agent_kpi_month where month = ? and kpi = 'csat'"
        " and value is not null order by agent_id limit 1",
        OCTOBER,
    )
    finished = scorehouse(
        "explain",
        f"agent_kpi_month?agent_id={agent}&month=2026-10-01&kpi=csat#value@r1",
        "--home",
        home.root,
        "--json",
    )
    assert finished.returncode == 0, finished.stderr
    said = json.loads(finished.stdout)
    assert (said["figure"]["value"], said["agrees"], said["figure"]["agent_id"]) == (
        value,
        True,
        agent,
    )
    assert {name for name, _ in said["inputs"]} == {"csat_satisfied", "csat_responses"}
    assert {row["dataset"] for row in said["rows"] if row["part"] == "counted"} == {"csat_surveys"}
    assert "agent_kpi_month" in dict(said["models"])


def test_a_figure_as_published_is_not_the_recorded_one(restated: Restatement) -> None:  # noqa: F811
    figure = explain.recorded(restated.home, restated.agent_id, OCTOBER, "fcr", None, is_live=True)
    assert (figure.mart, figure.revision) == (explain.LIVE, None)
    ((live,),) = rows(
        restated.home.published_database,
        "select fcr from marts.fct_agent_month where agent_id = ? and month = ?",
        restated.agent_id,
        OCTOBER,
    )
    assert figure.value == live


WRONG = {
    "no such metric": (["A1", "2026-10", "happiness"], "'happiness' is no metric"),
    "no such agent": (["nobody", "2026-10", "csat"], "there is no agent 'nobody'"),
    "no such month": (["{agent}", "2020-01", "csat"], "has no figures in 2020-01; there are 20"),
    "no month": (["{agent}", "Oktober", "csat"], "'Oktober' is no month"),
    "no such revision": (["{agent}", "2026-10", "csat", "--revision", "9"], "has no revision 9"),
    "a mark": (["{agent}", "2026-10", "close_number"], "'close_number' is no metric"),
    "a revision of a target": (
        ["{agent}", "2026-10", "csat.target", "--revision", "1"],
        "agent_kpi_month keeps no revisions",
    ),
    "no address": (["what"], "'what' is no address"),
    "two words": (["{agent}", "2026-10"], "AGENT MONTH METRIC"),
    "a part of a month": (
        ["unit_figures(2026-10-03,2026-10-31,month)?level=agent&unit_id={agent}&starts_on=2026-10-01#csat"],
        "is not a figure of an agent's month",
    ),
    "a team's figure": (
        ["unit_figures(2026-10-01,2026-10-31,month)?level=team&unit_id=T1&starts_on=2026-10-01#csat"],
        "is not a figure of an agent's month",
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", WRONG)
def test_what_cannot_be_explained_is_said_in_one_line(closed: Run, what: str) -> None:
    arguments, sentence = WRONG[what]
    ((agent,),) = rows(
        closed.home.published_database, "select min(agent_id) from marts.fct_agent_month"
    )
    finished = scorehouse(
        "explain", *(a.format(agent=agent) for a in arguments), "--home", closed.home.root
    )
    assert finished.returncode == 2, finished.stdout
    assert sentence in finished.stderr
    assert len(finished.stderr.strip().splitlines()) == 1
