"""The dbt project's files, and the manifest that the code location is made from.

    python -m orchestration.project

parses the project again where a file of it is newer than the manifest.
"""

import hashlib
import os
import subprocess
import sys
from functools import cache
from importlib.metadata import version
from pathlib import Path

from ingestion import Home, durable, encryption
from orchestration.records import locked

PROJECT_DIR = Path(__file__).resolve().parent.parent
MANIFEST = PROJECT_DIR / "target" / "manifest.json"
# Where MetricFlow looks for the metrics.
SEMANTIC_MANIFEST = MANIFEST.with_name("semantic_manifest.json")
# What dbt parsed, for it to begin with.
PARSED = MANIFEST.parent / "parse" / "partial_parse.msgpack"
# What it was parsed from, and its own hash.
PARSED_FROM = PARSED.with_name("parsed_from.txt")
DBT = Path(sys.executable).with_name("scorehouse-dbt")


def dbt_target(home: Home) -> str:
    """The profile's target for a home."""
    return "encrypted" if encryption.keys_of(home.root) else "duckdb"


class ProjectError(Exception):
    """The dbt project does not parse; the text is dbt's own."""


def refresh_manifest() -> None:
    """Parse the project again when a file of it is newer than its manifest (set-up parses it first).

    The manifest is replaced whole, and by one process at a time: whoever reads it reads a complete one.

    Raises:
        ProjectError: dbt cannot parse the project.
    """
    if _is_fresh():
        return
    parsed = PARSED.parent
    parsed.mkdir(parents=True, exist_ok=True)
    with locked(MANIFEST.parent / "parse.lock"):
        if _is_fresh():
            return
        began = _newest_change()
        from_what = _parsed_from()
        finished = subprocess.run(
            [
                Path(sys.executable).with_name("dbt"),
                *("--quiet", "--no-use-colors", "parse", "--target-path", parsed),
            ],
            cwd=PROJECT_DIR,
            env={**os.environ, "DBT_PROFILES_DIR": str(PROJECT_DIR), "DBT_TARGET": "duckdb"},
            capture_output=True,
            text=True,
            check=False,
        )
        if finished.returncode:
            raise ProjectError(
                f"the dbt project does not parse:\n{finished.stdout}{finished.stderr}".rstrip()
            )
        # As old as the files it was made from: a change made while dbt parsed is newer.
        os.utime(parsed / MANIFEST.name, ns=(began, began))
        (parsed / SEMANTIC_MANIFEST.name).replace(SEMANTIC_MANIFEST)
        (parsed / MANIFEST.name).replace(MANIFEST)
        # Of files that changed meanwhile nobody knows which ones dbt read.
        said = f"{from_what} {_sha256(PARSED)}" if _parsed_from() == from_what else ""
        durable.write_bytes(PARSED_FROM, said.encode())


def reuse_parsed(target: Path) -> None:
    """Let dbt, run with this folder for its output, begin with what set-up parsed; what it parsed itself stays.

    Of a damaged or older one dbt parses again what it must.
    """
    if PARSED.exists() and not (target / PARSED.name).exists():
        target.mkdir(mode=0o700, parents=True, exist_ok=True)
        durable.write_bytes(target / PARSED.name, PARSED.read_bytes())


def parsed_for_now() -> bytes | None:
    """What set-up parsed, where it is whole and of the files as they are now."""
    try:
        said = PARSED_FROM.read_text()
        content = PARSED.read_bytes()
    except FileNotFoundError:
        return None
    expected = f"{_parsed_from()} {hashlib.sha256(content).hexdigest()}"
    return content if said == expected else None


@cache
def definitions() -> str:
    """SHA-256 over models, macros, seeds and settings, as they are when a process first asks."""
    return _definitions()


def _definitions() -> str:
    files = [
        path
        for path in (PROJECT_DIR / "dbt_project").rglob("*")
        if path.suffix in (".sql", ".yml", ".csv")
    ]
    digest = hashlib.sha256()
    for path in sorted([*files, PROJECT_DIR / "dbt_project.yml"]):
        digest.update(f"{path.relative_to(PROJECT_DIR)}\0".encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()


def _parsed_from() -> str:
    programs = " ".join(version(name) for name in ("dbt-core", "dbt-duckdb"))
    return f"{_definitions()} {_sha256(PROJECT_DIR / 'profiles.yml')} {programs}"


def _sha256(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


def _is_fresh() -> bool:
    present = MANIFEST.exists() and SEMANTIC_MANIFEST.exists() and PARSED_FROM.exists()
    return present and MANIFEST.stat().st_mtime_ns >= _newest_change()


def _newest_change() -> int:
    files = [PROJECT_DIR / "dbt_project.yml", PROJECT_DIR / "profiles.yml"]
    files += [path for path in (PROJECT_DIR / "dbt_project").rglob("*") if path.is_file()]
    return max(path.stat().st_mtime_ns for path in files)


if __name__ == "__main__":
    try:
        refresh_manifest()
    except ProjectError as problem:
        sys.exit(f"error: {problem}")
