"""What it takes merely to write the tables that the models leave: DuckDB copies each, and computes nothing.

python -m benchmarks.copied HOME OUT.duckdb
"""

import sys
from pathlib import Path

import duckdb


def main() -> None:
    """Copy, within as much memory as the models take."""
    home, out = sys.argv[1:]
    with duckdb.connect(out) as connection:
        connection.execute("set memory_limit = '2GiB'")
        connection.execute("set preserve_insertion_order = false")
        connection.execute(f"attach '{Path(home) / 'warehouse.duckdb'}' as warehouse (read_only)")
        tables = connection.execute(
            "select schema_name, table_name from duckdb_tables() where database_name = 'warehouse'"
        ).fetchall()
        for schema, table in tables:
            connection.execute(f'create schema if not exists "{schema}"')
            connection.execute(
                f'create table "{schema}"."{table}" as from warehouse."{schema}"."{table}"'
            )


if __name__ == "__main__":
    main()
