"""Running the command line as a user does: a process of its own."""

import os
import subprocess
import sys
from pathlib import Path

PROGRAM = Path(sys.executable).with_name("scorehouse")


def scorehouse(*arguments: object) -> subprocess.CompletedProcess[str]:
    """Run `scorehouse` with the arguments, without Scorehouse variables of the environment."""
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith("SCOREHOUSE_")
    }
    return subprocess.run(
        [PROGRAM, *(str(argument) for argument in arguments)],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
