"""The marts of one home as both engines build them, compared cell by cell.

    python -m benchmarks.spark_parity HOME [--as-of INSTANT] [--month YYYY-MM] [--out FILE.md] [--keep FOLDER]

HOME has loaded what is to be compared; it is copied, not written to. Needs the extra `spark` (docs/spark.md).
"""

import argparse
import json
import shutil
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import duckdb

from benchmarks.centres import AS_OF, LAST_MONTH
from benchmarks.measuring import ROOT, measure
from ingestion import Home
from orchestration.project import DBT, reuse_parsed
from orchestration.spark import tables

# Proofs apart, and what only DuckDB has.
LEFT_OUT = (
    *("--exclude-resource-type", "test", "--exclude-resource-type", "unit_test"),
    *("--exclude", "config.materialized:table_function", "path:dbt_project/models/audit"),
)


@dataclass(frozen=True)
class Parity:
    """A mart on both engines. differing: cells that are not the same; of a row that one lacks, all its cells."""

    mart: str
    duckdb_rows: int
    spark_rows: int
    differing: int
    example: str
    duckdb_seconds: float = 0
    spark_seconds: float = 0


def build(home: Home, engine: str, as_of: str, month: str) -> float:
    """Build the models over a home's loaded rows with dbt alone; returns wall seconds."""
    shutil.rmtree(tables(home), ignore_errors=True)
    target = home.dagster / f"dbt-{engine}"
    if engine == "duckdb":
        reuse_parsed(target)
    return measure(
        [DBT, "--quiet", "build", "--target", engine, "--target-path", target, *LEFT_OUT],
        SCOREHOUSE_HOME=str(home.root),
        SCOREHOUSE_AS_OF=as_of,
        SCOREHOUSE_CLOSE_MONTH=f"{month}-01" if month else "",
        DBT_PROFILES_DIR=str(ROOT),
    ).wall


def compare(home: Home) -> list[Parity]:
    """Every mart of a home that `build` made on both engines, matched by its grain."""
    nodes = json.loads((home.dagster / "dbt-duckdb" / "manifest.json").read_bytes())["nodes"]
    marts = sorted(
        node["name"]
        for node in nodes.values()
        if node["schema"] == "marts" and node["config"]["materialized"] != "table_function"
    )
    with duckdb.connect() as connection:
        connection.execute("set TimeZone = 'UTC'")
        connection.execute(f"attach '{home.warehouse}' as warehouse (read_only)")
        return [
            _compared(
                connection, home, mart, nodes[f"model.scorehouse.{mart}"]["config"]["meta"]["grain"]
            )
            for mart in marts
        ]


def _compared(
    connection: duckdb.DuckDBPyConnection, home: Home, mart: str, grain: list[str]
) -> Parity:
    one = f"warehouse.marts.{mart}"
    other = f"read_parquet('{tables(home)}/marts.db/{mart}/*.parquet')"
    types = [
        connection.execute(f"describe from {relation}").fetchall() for relation in (one, other)
    ]
    columns, there = [[tuple(column[:2]) for column in described] for described in types]
    if columns != there:
        odd = next(pair for pair in zip(columns, there, strict=False) if pair[0] != pair[1])
        return Parity(mart, 0, 0, -1, f"columns: {odd[0]} and {odd[1]}")
    names = [f'"{name}"' for name, _ in columns]
    keys = (
        " and ".join(f'one."{key}" is not distinct from other."{key}"' for key in grain) or "true"
    )
    cells = " + ".join(f"(one.{n} is distinct from other.{n})::int" for n in names)
    connection.execute(
        f"create or replace temp table paired as select one, other,"
        f" case when one is null or other is null then {len(names)} else {cells} end as differing"
        f" from (from {one}) as one full join (from {other}) as other on {keys}"
    )
    row = connection.execute(
        "select count(one), count(other), coalesce(sum(differing), 0) from paired"
    ).fetchone()
    assert row is not None
    example = ""
    if row[2]:
        said = connection.execute(
            "select one, other from paired where differing > 0 order by one::varchar limit 1"
        ).fetchone()
        assert said is not None
        first, second = said
        example = (
            "; ".join(
                f"{name}: {first[name]!r} and {second[name]!r}"
                for name, _ in columns
                if first and second and first[name] != second[name]
            )
            or f"only on {'DuckDB' if first else 'Spark'}: {first or second}"
        )
    return Parity(mart, *row, example)


def table(found: list[Parity]) -> str:
    """The parity as Markdown."""
    lines = [
        "| mart | rows on DuckDB | rows on Spark | cells that differ | DuckDB s | Spark s |",
        "|---|---:|---:|---:|---:|---:|",
    ]
    lines += [
        f"| {one.mart} | {one.duckdb_rows:,} | {one.spark_rows:,} | {one.differing:,}"
        f" | {one.duckdb_seconds:.2f} | {one.spark_seconds:.1f} |"
        for one in found
    ]
    return "\n".join(lines)


def timed(home: Home, found: list[Parity]) -> list[Parity]:
    """The same with what each mart took."""
    spans = []
    for engine in ("duckdb", "spark"):
        results = json.loads((home.dagster / f"dbt-{engine}" / "run_results.json").read_bytes())
        spans.append(
            {r["unique_id"].rpartition(".")[2]: r["execution_time"] for r in results["results"]}
        )
    return [
        Parity(
            p.mart, p.duckdb_rows, p.spark_rows, p.differing, p.example, *(s[p.mart] for s in spans)
        )
        for p in found
    ]


def main() -> None:
    """Build both, print the table; exit code 1 if a cell differs."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.spark_parity",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("home", type=Path)
    parser.add_argument("--as-of", default=AS_OF)
    parser.add_argument("--month", default=LAST_MONTH, help="the month that gets revisions")
    parser.add_argument("--out", type=Path, help="where the table is written as well")
    parser.add_argument(
        "--keep", type=Path, help="an absent folder for the copy, which stays there"
    )
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as aside:
        home = Home(options.keep or Path(aside) / "home")
        for part in ("raw", "records"):
            shutil.copytree(options.home / part, home.root / part)
        home.prepare()
        walls = [
            build(home, engine, options.as_of, options.month) for engine in ("duckdb", "spark")
        ]
        found = timed(home, compare(home))
    text = table(found)
    text += f"\n\nAll models: DuckDB {walls[0]:.0f} s, Spark {walls[1]:.0f} s, dbt's own start included."
    print(text)
    if options.out:
        options.out.write_text(text + "\n")
    differing = [one for one in found if one.differing]
    for one in differing:
        print(f"{one.mart}: {one.example}", file=sys.stderr)
    sys.exit(1 if differing else 0)


if __name__ == "__main__":
    main()
