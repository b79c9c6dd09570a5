"""Sensors: a new file in the landing folder starts a build; a run that failed is told to the operator."""

import hashlib

import dagster as dg

from orchestration.instance import PROCESS_TAG
from orchestration.jobs import daily_build_job
from orchestration.resources import HomeResource
from orchestration.running import DONE, STOPPED, Outcome, tell_of_run

# Where the orchestrator says which month a run is of.
PARTITION_TAG = "dagster/partition"


@dg.sensor(name="new_landing_files", job=daily_build_job, minimum_interval_seconds=300)
def new_landing_files(
    context: dg.SensorEvaluationContext, home: HomeResource
) -> dg.RunRequest | dg.SkipReason:
    """Ask for a build when the names, sizes or times of the landing files differ from the last time."""
    seen = hashlib.sha256()
    files = 0
    for path in sorted(home.landing_folder.rglob("*")):
        if path.is_file():
            found = path.stat()
            seen.update(f"{path}\0{found.st_size}\0{found.st_mtime_ns}\n".encode())
            files += 1
    if not files:
        return dg.SkipReason(f"no file in {home.landing_folder}")
    if seen.hexdigest() == context.cursor:
        return dg.SkipReason("nothing new since the last look")
    context.update_cursor(seen.hexdigest())
    return dg.RunRequest(run_key=seen.hexdigest())


@dg.run_status_sensor(name="tell_of_failed_runs", run_status=dg.DagsterRunStatus.FAILURE)
def tell_of_failed_runs(context: dg.RunStatusSensorContext, home: HomeResource) -> None:
    """Tell the operator of a scheduled run that failed; the command line tells of its own."""
    run = context.dagster_run
    if PROCESS_TAG not in run.tags:
        reason = context.dagster_event.message or "see the page of the run"
        outcome = Outcome(STOPPED, (reason,))
        tell_of_run(home.home, run.job_name, run.tags.get(PARTITION_TAG), outcome)


@dg.run_status_sensor(name="forget_failed_runs", run_status=dg.DagsterRunStatus.SUCCESS)
def forget_failed_runs(context: dg.RunStatusSensorContext, home: HomeResource) -> None:
    """A job that succeeded again: its next failure is news."""
    run = context.dagster_run
    tell_of_run(home.home, run.job_name, run.tags.get(PARTITION_TAG), Outcome(DONE))


sensors = [new_landing_files, tell_of_failed_runs, forget_failed_runs]
