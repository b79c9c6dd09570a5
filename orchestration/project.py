"""The dbt project's files, and the manifest that the code location is made from."""

import os
import subprocess
import sys
from pathlib import Path

PROJECT_DIR = Path(__file__).resolve().parent.parent
MANIFEST = PROJECT_DIR / "target" / "manifest.json"
DBT = Path(sys.executable).with_name("dbt")


class ProjectError(Exception):
    """The dbt project does not parse; the text is dbt's own."""


def refresh_manifest() -> None:
    """Parse the project again when a file of it is newer than its manifest (set-up parses it first).

    Raises:
        ProjectError: dbt cannot parse the project.
    """
    if MANIFEST.exists() and MANIFEST.stat().st_mtime >= _newest_change():
        return
    finished = subprocess.run(
        [DBT, "parse", "--quiet", "--no-use-colors"],
        cwd=PROJECT_DIR,
        env={**os.environ, "DBT_PROFILES_DIR": str(PROJECT_DIR)},
        capture_output=True,
        text=True,
        check=False,
    )
    if finished.returncode:
        raise ProjectError(
            f"the dbt project does not parse:\n{finished.stdout}{finished.stderr}".rstrip()
        )


def _newest_change() -> float:
    files = [PROJECT_DIR / "dbt_project.yml", PROJECT_DIR / "profiles.yml"]
    files += [path for path in (PROJECT_DIR / "dbt_project").rglob("*") if path.is_file()]
    return max(path.stat().st_mtime for path in files)
