"""The code location: what it holds, and that nothing gets around the checks."""

import datetime as dt
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from ingestion import DATASETS, ENTITIES, INPUTS, UnusableInput
from orchestration.definitions import build_defs
from orchestration.instance import WRITER_POOL
from orchestration.partitions import FIRST_MONTH, close_months, require_begun
from orchestration.project import MANIFEST, refresh_manifest
from orchestration.publication import interface
from orchestration.resources import HomeResource
from orchestration.schedules import monthly_close_schedule
from orchestration.sensors import forget_failed_runs, new_landing_files, tell_of_failed_runs

CANDIDATE = dg.AssetKey("published_candidate")
PUBLISHED = dg.AssetKey("published_database")
DAY_BY_DAY = {"recent_reports", "current_state_page"}
# Its class is no public name of the orchestrator.
AssetGraph = Any
AFTER_THE_CHECKS = {
    "performance_record",
    "published_database",
    "published_to_server",
    "monthly_reports",
    "outbox_messages",
    "recent_reports",
    "current_state_page",
    "scratch_cleanup",
}


@pytest.fixture(scope="module")
def definitions() -> dg.Definitions:
    refresh_manifest()
    return build_defs()


@pytest.fixture(scope="module")
def graph(definitions: dg.Definitions) -> AssetGraph:
    return definitions.resolve_asset_graph()


def ancestors(graph: AssetGraph, key: dg.AssetKey) -> set[dg.AssetKey]:
    found: set[dg.AssetKey] = set()
    waiting = [key]
    while waiting:
        for parent in graph.get(waiting.pop()).parent_keys - found:
            found.add(parent)
            waiting.append(parent)
    return found


def test_there_is_an_asset_for_every_stage(graph: AssetGraph) -> None:
    keys = {key.to_user_string() for key in graph.get_all_asset_keys()}
    own = {key for key in keys if "/" not in key}
    assert own == {"published_candidate"} | AFTER_THE_CHECKS
    assert {key for key in keys if key.startswith("landing/")} == {f"landing/{d}" for d in INPUTS}
    assert {key for key in keys if key.startswith("marts/")} == {
        f"marts/{mart.name}" for mart in interface(MANIFEST)
    }
    assert {key.split("/")[0] for key in keys - own} == {
        "landing",
        "rules",
        "staging",
        "changes",
        "intermediate",
        "kept",
        "records",
        "marts",
    }


def test_every_landed_dataset_feeds_the_staging_model_of_its_name(graph: AssetGraph) -> None:
    for dataset in DATASETS:
        staging = dg.AssetKey(["staging", f"stg_landing__{dataset}"])
        assert dg.AssetKey(["landing", dataset]) in ancestors(graph, staging)


def test_every_vendors_export_feeds_the_staging_models_of_its_datasets(graph: AssetGraph) -> None:
    for entity in ENTITIES.values():
        for dataset in entity.feeds:
            staging = dg.AssetKey(["staging", f"stg_landing__{dataset}"])
            assert dg.AssetKey(["landing", *entity.name.split("/")]) in ancestors(graph, staging)


def test_every_mart_is_upstream_of_the_candidate(graph: AssetGraph) -> None:
    marts = {dg.AssetKey(["marts", mart.name]) for mart in interface(MANIFEST)}
    assert marts
    assert marts <= ancestors(graph, CANDIDATE)


@pytest.mark.parametrize("name", sorted(AFTER_THE_CHECKS))
def test_everything_after_the_checks_is_downstream_of_the_candidate(
    graph: AssetGraph, name: str
) -> None:
    assert CANDIDATE in ancestors(graph, dg.AssetKey(name))


def test_the_record_comes_before_the_publication_and_messages_after_reports(
    graph: AssetGraph,
) -> None:
    assert dg.AssetKey("performance_record") in ancestors(graph, PUBLISHED)
    assert PUBLISHED in ancestors(graph, dg.AssetKey("monthly_reports"))
    assert dg.AssetKey("monthly_reports") in ancestors(graph, dg.AssetKey("outbox_messages"))


def test_the_checks_on_the_candidate_block(graph: AssetGraph) -> None:
    checks = {
        key.name: graph.get(key).blocking
        for key in graph.asset_check_keys
        if key.asset_key == CANDIDATE
    }
    assert checks == {
        "rejected_rows_within_limit": True,
        "candidate_equals_warehouse": True,
        "quality_gate": True,
    }


def test_the_quality_gates_block_in_builds_and_closes_and_judge_no_past(
    definitions: dg.Definitions, graph: AssetGraph
) -> None:
    gates = {key for key in graph.asset_check_keys if key.name == "quality_gate"}
    landing = {dg.AssetKey(["landing", dataset]) for dataset in DATASETS}
    assert {key.asset_key for key in gates} == landing | {CANDIDATE}
    assert all(graph.get(key).blocking for key in gates)
    run = {
        job: gates & definitions.resolve_job_def(job).asset_layer.asset_graph.asset_check_keys
        for job in ("ingestion", "daily_build", "monthly_close", "rebuild")
    }
    assert run == {
        "ingestion": set(), "daily_build": gates, "monthly_close": gates, "rebuild": set()
    }  # fmt: skip


def test_a_report_that_names_somebody_else_stops_what_comes_after_it(graph: AssetGraph) -> None:
    checks = {
        key.asset_key.to_user_string(): graph.get(key).blocking
        for key in graph.asset_check_keys
        if key.name == "reports_name_nobody_else"
    }
    assert checks == {"monthly_reports": True, "recent_reports": True}
    assert dg.AssetKey("monthly_reports") in ancestors(graph, dg.AssetKey("outbox_messages"))


def test_the_models_tests_are_checks(graph: AssetGraph) -> None:
    checks = {key.name for key in graph.asset_check_keys}
    assert "parts_are_within_their_whole" in checks
    assert "unique_grain_performance_action_action_id" in checks


def test_jobs_schedules_and_sensors(definitions: dg.Definitions) -> None:
    repository = definitions.get_repository_def()
    assert {job.name for job in repository.get_all_jobs() if not job.name.startswith("__")} == {
        "ingestion",
        "daily_build",
        "monthly_close",
        "rebuild",
        "deliveries",
    }
    assert {s.name: (s.cron_schedule, s.execution_timezone) for s in repository.schedule_defs} == {
        "daily_build_at_five": ("0 5 * * *", "UTC"),
        "monthly_close_on_the_second": ("0 12 2 * *", "UTC"),
        "deliveries_every_ten_minutes": ("*/10 * * * *", "UTC"),
    }
    assert {sensor.name for sensor in repository.sensor_defs} == {
        "new_landing_files",
        "tell_of_failed_runs",
        "forget_failed_runs",
    }


def selected(definitions: dg.Definitions, job: str) -> set[str]:
    keys = definitions.resolve_job_def(job).asset_layer.executable_asset_keys
    return {key.to_user_string() for key in keys}


def test_the_close_runs_every_asset_but_the_reports_of_days(
    definitions: dg.Definitions, graph: AssetGraph
) -> None:
    every = {key.to_user_string() for key in graph.executable_asset_keys}
    assert selected(definitions, "monthly_close") == every - DAY_BY_DAY


def test_the_daily_build_records_and_sends_nothing_and_reports_on_days(
    definitions: dg.Definitions,
) -> None:
    in_build, in_close = (
        selected(definitions, "daily_build"),
        selected(definitions, "monthly_close"),
    )
    assert in_close - in_build == {"performance_record", "monthly_reports", "outbox_messages"}
    assert in_build - in_close == DAY_BY_DAY


def test_an_ingestion_loads_every_dataset_and_builds_nothing(definitions: dg.Definitions) -> None:
    assert selected(definitions, "ingestion") == {f"landing/{dataset}" for dataset in INPUTS}


@pytest.mark.parametrize("job", ["daily_build", "monthly_close"])
def test_a_run_that_fails_is_cleaned_up_after(definitions: dg.Definitions, job: str) -> None:
    hooks = {hook.name for hook in definitions.resolve_job_def(job).hook_defs}
    assert hooks == {"clean_up_after_failure"}


def test_who_needs_the_home_alone_waits_in_the_queue_and_nobody_else(graph: AssetGraph) -> None:
    """The lock of `ExclusiveRun` and the pool stand for the same: what writes raw files, records, marts or messages."""
    pooled, locking = set(), set()
    for definition in graph.assets_defs:
        names = {key.to_user_string() for key in definition.keys}
        if "exclusive_run" in definition.required_resource_keys:
            locking |= names
        for key in definition.keys:
            pooled |= names if graph.get(key).pools == {WRITER_POOL} else set()
    every = {key.to_user_string() for key in graph.executable_asset_keys}
    assert pooled == locking
    assert every - pooled == DAY_BY_DAY | {"monthly_reports", "published_to_server"}


@pytest.mark.parametrize(
    ("tick", "month"),
    [
        ("2027-01-02T12:00:00", "2026-12"),
        ("2026-03-02T12:00:00", "2026-02"),
        ("2024-03-02T12:00:00", "2024-02"),
        ("2026-11-02T12:00:00", "2026-10"),
        # A tick that the scheduler catches up with late keeps the month it was meant for.
        ("2026-12-31T12:00:00", "2026-11"),
    ],
)
def test_the_schedule_closes_the_month_before_its_tick(tick: str, month: str) -> None:
    context = dg.build_schedule_context(
        scheduled_execution_time=dt.datetime.fromisoformat(tick).replace(tzinfo=dt.UTC)
    )
    request = monthly_close_schedule(context)
    assert isinstance(request, dg.RunRequest)
    assert (request.partition_key, request.run_key) == (month, month)


@pytest.fixture
def landing(tmp_path: Path) -> Path:
    folder = tmp_path / "landing"
    (folder / "tickets").mkdir(parents=True)
    return folder


class Sensor:
    """The sensor with the cursor that the daemon keeps for it."""

    def __init__(self, landing: Path) -> None:
        self.home = HomeResource(path=str(landing.parent / "home"), landing=str(landing))
        self.cursor: str | None = None

    def look(self) -> dg.RunRequest | dg.SkipReason:
        context = dg.build_sensor_context(cursor=self.cursor, resources={"home": self.home})
        result = new_landing_files(context)
        self.cursor = context.cursor
        assert isinstance(result, dg.RunRequest | dg.SkipReason)
        return result

    def asks(self) -> bool:
        return isinstance(self.look(), dg.RunRequest)


def test_the_sensor_asks_once_for_every_change(landing: Path) -> None:
    sensor = Sensor(landing)
    assert not sensor.asks()
    file = landing / "tickets" / "a.csv"
    file.write_text("ticket_id\n1\n")
    assert [sensor.asks(), sensor.asks()] == [True, False]
    (landing / "tickets" / "b.csv").write_text("ticket_id\n2\n")
    assert [sensor.asks(), sensor.asks()] == [True, False]
    file.write_text("ticket_id\n1\n3\n")
    assert [sensor.asks(), sensor.asks()] == [True, False]


def test_a_landing_folder_that_does_not_exist_yet_asks_for_nothing(tmp_path: Path) -> None:
    assert not Sensor(tmp_path / "nowhere").asks()


def test_a_month_that_has_begun_can_be_asked_for() -> None:
    require_begun(FIRST_MONTH)
    require_begun(f"{dt.datetime.now(dt.UTC):%Y-%m}")
    assert close_months.has_partition_key(FIRST_MONTH)


@pytest.mark.parametrize(
    ("month", "why"),
    [("2014-12", "too early"), ("9999-12", "in the future")],
)
def test_a_month_out_of_reach_is_refused_with_the_reason(month: str, why: str) -> None:
    with pytest.raises(UnusableInput, match=f"{month} is {why}"):
        require_begun(month)


def test_the_operator_hears_of_a_scheduled_run_that_failed_until_one_succeeds(
    tmp_path: Path,
) -> None:
    (tmp_path / "delivery.yml").write_text("operator: ops@example.org\n")
    home = HomeResource(path=str(tmp_path))

    @dg.job(name="monthly_close")
    def job() -> None: ...

    def look(sensor: Any, event_type: dg.DagsterEventType, tags: dict[str, str]) -> list[Path]:
        with dg.DagsterInstance.ephemeral() as instance:
            result = job.execute_in_process(instance=instance, tags=tags)
            event = dg.DagsterEvent(event_type.value, "monthly_close", message="it broke")
            context = dg.build_run_status_sensor_context(
                sensor.name, event, instance, result.dagster_run
            )
            sensor(context, home=home)
        return list((tmp_path / "outbox").rglob("*.eml"))

    failed = (tell_of_failed_runs, dg.DagsterEventType.RUN_FAILURE)
    of_month = {"dagster/partition": "2026-10"}
    assert look(*failed, {**of_month, "scorehouse/process": "1"}) == []
    (notice,) = look(*failed, of_month)
    assert b"monthly_close 2026-10 failed" in notice.read_bytes()
    assert look(*failed, of_month) == [notice]
    look(forget_failed_runs, dg.DagsterEventType.RUN_SUCCESS, of_month)
    notice.unlink()
    assert len(look(*failed, of_month)) == 1
