"""Sensors: a new file in the landing folder starts a build, up to the page of what is going on now."""

import hashlib

import dagster as dg

from orchestration.jobs import daily_build_job
from orchestration.resources import HomeResource


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


sensors = [new_landing_files]
