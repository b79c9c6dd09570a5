"""dbt as a child process that does not outlive its run, and asks nobody outside for anything.

A run that is killed cannot stop its dbt; left alone, that would go on writing the warehouse while the next run begins.
dbt's own `--version` looks for a newer release in the internet; the orchestrator, which asks for it before each
call, needs the number alone.

It begins with what set-up parsed, and writes no log of its debugging, unless DBT_LOG_LEVEL_FILE asks for one: together
that was a tenth of what a run over a small home took.
"""

import ctypes
import os
import signal
import sys
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from ingestion import UnusableInput
from ingestion.engine import has_little_memory
from orchestration.project import PROJECT_DIR, parsed_for_now

if TYPE_CHECKING:
    from dbt.contracts.graph.manifest import Manifest

_PR_SET_PDEATHSIG = 1


def main() -> None:
    """Run dbt's command line; the kernel kills it when the process that started it is gone."""
    if sys.argv[1:] == ["--version"]:
        print(version("dbt-core"))
        return
    parent = os.getppid()
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        return
    os.environ.setdefault("DBT_LOG_LEVEL_FILE", "none")
    from dbt.cli.main import dbtRunner

    try:
        words = [*sys.argv[1:], *_threads()]
    except UnusableInput as error:
        sys.exit(f"error: {error}")
    result = dbtRunner(manifest=_parsed()).invoke(words)
    if result.exception is not None:
        sys.exit(f"{result.exception}")
    sys.exit(0 if result.success else 1)


def _threads() -> list[str]:
    """One model after the other, where memory is little and nobody said otherwise."""
    if "build" not in sys.argv or "--threads" in sys.argv or not has_little_memory(os.environ):
        return []
    return ["--threads", "1"]


def _parsed() -> "Manifest | None":
    """What set-up parsed; none, where dbt must look for itself."""
    # Parsed for DuckDB, and with the project's own settings.
    is_usual = (
        Path.cwd() == PROJECT_DIR
        and not {"--target", "--vars"}.intersection(sys.argv)
        and os.environ.get("DBT_TARGET", "duckdb") == "duckdb"
    )
    content = parsed_for_now() if is_usual else None
    if content is None:
        return None
    from dbt.contracts.graph.manifest import Manifest

    manifest = Manifest.from_msgpack(content)
    manifest.build_flat_graph()  # type: ignore[no-untyped-call]
    return manifest
