"""Running a job of the code location in this process, and saying in plain words how it ended."""

import contextlib
import datetime as dt
import os
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import dagster as dg
from dagster._core.utils import make_new_run_id
from dagster_postgres.utils import DagsterPostgresException
from dagster_shared.error import SerializableErrorInfo
from sqlalchemy.exc import OperationalError

from ingestion import Home, UnusableInput
from orchestration import project
from orchestration.delivery import notices
from orchestration.instance import (
    PROCESS_TAG,
    end_dead_runs,
    is_on_postgres,
    mark_alive,
    open_instance,
    prepare_instance,
)
from orchestration.partitions import require_begun
from orchestration.progress import tell

DONE, STOPPED, UNUSABLE = 0, 1, 2


@dataclass(frozen=True)
class Outcome:
    """How a run ended: an exit code, for a failure the sentences that say why, and what to look at all the same."""

    exit_code: int
    reasons: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


def run_job(
    job: str,
    home: Home,
    landing: Path | None,
    tags: Mapping[str, str],
    partition_key: str | None = None,
) -> Outcome:
    """Run a job to its end, with its chatter in `<home>/dagster/last_run.log`.

    Raises:
        UnusableInput: the partition is no month that has begun, or `delivery.yml` is not as it should be.
        ConnectionError: runs are kept on a PostgreSQL server, and it cannot be reached.
    """
    if partition_key is not None:
        require_begun(partition_key)
    prepare_instance(home)
    project.refresh_manifest()
    from orchestration.definitions import build_defs
    from orchestration.resources import HomeResource, delivery_settings

    # A mistake in there is told before the run, not at its end.
    delivery_settings(home)
    resource = HomeResource(path=str(home.root), landing=str(landing or ""))
    try:
        with open_instance(home) as instance, _quiet(home):
            end_dead_runs(home, instance)
            run_id = make_new_run_id()
            mark_alive(home, run_id)
            result = (
                build_defs({"home": resource})
                .resolve_job_def(job)
                .execute_in_process(
                    instance=instance,
                    run_id=run_id,
                    partition_key=partition_key,
                    tags={**tags, PROCESS_TAG: str(os.getpid())},
                    raise_on_error=False,
                    run_config={"loggers": {"console": {"config": {"log_level": "ERROR"}}}},
                )
            )
    except (OperationalError, DagsterPostgresException) as error:
        return Outcome(STOPPED, (_unwritable(home, error),))
    outcome = _outcome(result, home)
    tell_of_run(home, job, partition_key, outcome)
    return outcome


def _unwritable(home: Home, error: Exception) -> str:
    """What the orchestrator writes are the first files that cannot be written, whatever it runs."""
    why = " ".join(str(getattr(error, "orig", error)).split())
    if is_on_postgres(home):
        where = "the PostgreSQL server with the runs"
        return f"{where} failed ({why}): see to it and run again, nothing is lost"
    free = shutil.disk_usage(home.dagster).free // 1024**2
    return (
        f"{home.dagster} cannot be written ({why}); {free} MB of its disk are free:"
        " see to that and run again, nothing is lost"
    )


def tell_of_run(home: Home, job: str, month: str | None, outcome: Outcome) -> None:
    """Tell the operator of a run that failed; after one that did not, the next failure is news again."""
    from orchestration.resources import delivery_settings

    trouble = notices.of_run(job, month, outcome.reasons)
    failed = [trouble] if outcome.exit_code else []
    over = [] if outcome.exit_code else [trouble.subject]
    try:
        notices.notify(home, delivery_settings(home), failed, over, dt.datetime.now(dt.UTC))
    except UnusableInput as problem:
        # What the run itself has to say comes first.
        tell(f"the operator was not told: {problem}")


def log_file(home: Home) -> Path:
    """What the last run printed: dbt's and the orchestrator's own messages."""
    return home.dagster / "last_run.log"


@contextlib.contextmanager
def _quiet(home: Home) -> Iterator[None]:
    """Send whatever the libraries print, from Python or from below it, to the log file."""
    descriptor = os.open(log_file(home), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    kept = {stream: os.dup(stream) for stream in (1, 2)}
    try:
        for stream in kept:
            os.dup2(descriptor, stream)
        yield
    finally:
        for stream, copy in kept.items():
            os.dup2(copy, stream)
            os.close(copy)
        os.close(descriptor)


def _outcome(result: dg.ExecuteInProcessResult, home: Home) -> Outcome:
    if result.success:
        return Outcome(DONE, warnings=_failed_checks(result, dg.AssetCheckSeverity.WARN))
    unusable: list[str] = []
    failures: list[str] = []
    for where, error in _errors(result):
        # Around what the step raised is the orchestrator's own error, which says nothing to a user.
        raised = error.cause or error
        failures.append(f"{where}: {_sentence(raised.message)}")
        causes = [error]
        while causes[-1].cause is not None:
            causes.append(causes[-1].cause)
        unusable += [_sentence(e.message) for e in causes if e.cls_name == UnusableInput.__name__]
    if unusable:
        # An unusable landing folder stops the assets of all datasets with one and the same sentence.
        return Outcome(UNUSABLE, tuple(dict.fromkeys(unusable)))
    checks = _failed_checks(result, dg.AssetCheckSeverity.ERROR)
    return Outcome(STOPPED, checks or (*failures, f"details: {log_file(home)}"))


def _errors(result: dg.ExecuteInProcessResult) -> Iterator[tuple[str, SerializableErrorInfo]]:
    """What ended steps and where, or what ended the run before its first step."""
    steps = [event for event in result.all_events if event.is_step_failure]
    for event in steps:
        error = event.step_failure_data.error
        assert error is not None
        yield str(event.step_key), error
    for event in result.all_events:
        if not steps and event.is_job_failure and event.job_failure_data.error is not None:
            yield event.job_name, event.job_failure_data.error


def _failed_checks(
    result: dg.ExecuteInProcessResult, severity: dg.AssetCheckSeverity
) -> tuple[str, ...]:
    return tuple(
        f"{check.check_name}: {line}"
        for check in result.get_asset_check_evaluations()
        if not check.passed and check.severity == severity
        for line in (check.description or _rows(check)).splitlines()
    )


def _rows(check: dg.AssetCheckEvaluation) -> str:
    rows = check.metadata.get("dagster_dbt/failed_row_count")
    return "failed" if rows is None else f"{rows.value} rows"


def _sentence(message: str) -> str:
    """An error's message without the name of its class before it."""
    return message.split(": ", 1)[-1].strip()
