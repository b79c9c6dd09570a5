"""dbt as a child process that does not outlive its run, and asks nobody outside for anything.

A run that is killed cannot stop its dbt; left alone, that would go on writing the warehouse while the next run begins.
dbt's own `--version` looks for a newer release in the internet; the orchestrator, which asks for it before each
call, needs the number alone.
"""

import ctypes
import os
import signal
import sys
from importlib.metadata import version

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
    from dbt.cli.main import cli

    cli()
