"""Which models made a figure: one hash over the SQL that ran and the tables of rules it read."""

import hashlib
import json
import re

from ingestion import Home

# Their SQL tells the run apart, not the models: the instant and month of the run; whether there is a close to read.
BY_SOURCE = frozenset({"int_run__context", "stg_records__closed_performance"})

# How an encrypted home has its raw files (`sources.yml`).
_ENCRYPTED = re.compile(r"\(from memory\.main\.raw_(\w+)\)")


def model_version(home: Home) -> str | None:
    """SHA-256 over the compiled SQL of all models of the last build, and the bytes of its seeds.

    The same models have the same version in every home: where the home lies, and whether it is encrypted, is left
    out. None where nothing was built, or what dbt wrote of it was cut off by a full disk.
    """
    try:
        manifest = json.loads((home.dagster / "dbt" / "manifest.json").read_bytes())
    except (FileNotFoundError, ValueError):
        return None
    parts = []
    for name, node in sorted(manifest["nodes"].items()):
        if node["resource_type"] == "seed":
            parts.append(f"{name} {node['checksum']['checksum']}")
        elif node["resource_type"] == "model":
            code = node["raw_code"] if node["name"] in BY_SOURCE else node.get("compiled_code")
            sql = (code or "").replace(f"{home.root}/", "")
            sql = _ENCRYPTED.sub(r"read_parquet('raw/\1/*.parquet', union_by_name = true)", sql)
            parts.append(f"{name} {hashlib.sha256(sql.encode()).hexdigest()}")
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()
