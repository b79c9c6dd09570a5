"""What the rules on landed data look at: the new rows of each dataset, and one row of measures of all datasets.

New is what no publication has seen. Of several new versions of a row only the newest counts, so that a corrected row
that lands later mends what was wrong with it.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from pathlib import Path

import duckdb

from ingestion import DATASETS, ENTITIES, Home, Load, UnusableInput, engine, read_ledger
from ingestion.home import raw_columns
from orchestration.project import PROJECT_DIR
from orchestration.quality.suites import LANDED_MEASURES, Suite, cause
from orchestration.rules import read_rows, rule_tables

MEASURES = "measures"
# Days of the same weekday before a day that its number of rows is compared with, and how many of them there must be.
WEEKS_BEFORE = 8
LEAST_WEEKS = 4
# Of fewer rows no share of repeated ones is told.
LEAST_ROWS = 200


def new_loads(home: Home, after: int) -> dict[str, list[Load]]:
    """The loads of each dataset after a load sequence, of datasets that have some."""
    loads = [load for load in read_ledger(home) if load.status == "loaded"]
    new = {
        name: [one for one in loads if one.dataset == name and one.sequence > after]
        for name in DATASETS
    }
    return {name: some for name, some in new.items() if some}


def lay_out(
    database: Path,
    home: Home,
    suites: Sequence[Suite],
    new: Mapping[str, Sequence[Load]],
    due: dt.datetime,
) -> None:
    """Write the tables that the rules of the suites look at into a new database.

    new: the loads that nobody has looked at, by dataset. due: the instant that data should reach up to.

    Raises:
        UnusableInput: a flag of a suite is no SQL over the dataset.
    """
    with engine.writing(database) as connection:
        connection.execute("create schema landed")
        for name, dataset in DATASETS.items():
            files = home.raw_folder(name) / "*.parquet"
            rows = engine.parquet(connection, files, raw_columns(dataset))
            connection.execute(f"create view landed.{name} as from {rows}")
        _know_other_systems(connection, home)
        loads = [
            (one.load_id, one.dataset, one.sequence, one.file, one.rows_loaded)
            for some in new.values()
            for one in some
        ]
        connection.execute(
            "create table new_load"
            " (load_id varchar, dataset varchar, sequence bigint, file varchar, rows_loaded bigint)"
        )
        if loads:
            connection.executemany("insert into new_load values (?, ?, ?, ?, ?)", loads)
        for suite in suites:
            if suite.subject in new and suite.row_rules:
                try:
                    connection.execute(_rows(suite))
                except duckdb.Error as error:
                    raise UnusableInput(f"{suite.file}: flags: {cause(str(error))}") from None
        connection.execute(
            f"create table {MEASURES} as select {_measures(connection, home, suites, new, due)}"
        )
        for name in ("known_agents", *DATASETS):
            connection.execute(f"drop view landed.{name}")


def _know_other_systems(connection: duckdb.DuckDBPyConnection, home: Home) -> None:
    """Lay out whom ids stand for, and which datasets have rows that are not landed ones.

    Rows that a mapping file made have the ids of their system, which the table of rules `agent_ids` turns into ours.
    """
    (table,) = (table for table in rule_tables(PROJECT_DIR) if table.name == "agent_ids")
    ids = [(row.cells["source_agent_id"], row.cells["agent_id"]) for row in read_rows(table)]
    connection.execute("create table other_id (source_agent_id varchar, agent_id varchar)")
    if ids:
        connection.executemany("insert into other_id values (?, ?)", ids)
    connection.execute(
        "create view landed.known_agents as select agent_id from landed.agents union"
        " select source_agent_id from other_id where agent_id in (select agent_id from landed.agents)"
    )
    connection.execute("create table vendors_feed (dataset varchar)")
    loaded = {load.dataset for load in read_ledger(home) if load.status == "loaded"}
    if fed := sorted({name for one in loaded & ENTITIES.keys() for name in ENTITIES[one].feeds}):
        connection.executemany("insert into vendors_feed values (?)", [(name,) for name in fed])


def _rows(suite: Suite) -> str:
    """The newest new version of each row, with the flags of the suite."""
    dataset = DATASETS[suite.subject]
    used = sorted(
        {column for rule in suite.row_rules for column in rule.columns} - suite.flags.keys()
    )
    said = [rule.condition for rule in suite.row_rules if rule.condition]
    # A rule with a condition of its own may name any column.
    kept = [c.name for c in dataset.columns] if said else used
    flags = "".join(f", {sql} as {engine.identifier(name)}" for name, sql in suite.flags.items())
    key = ", ".join(f"landed.{engine.identifier(column)}" for column in dataset.key)
    shown = "".join(f", landed.{engine.identifier(column)}" for column in kept)
    return (
        f"create table {suite.table} as select new_load.file, landed.row_number{shown}{flags}"
        f" from landed.{suite.subject} as landed"
        f" inner join new_load on landed.load_id = new_load.load_id and new_load.dataset = '{suite.subject}'"
        f" qualify row_number() over (partition by {key}"
        " order by landed.updated_at desc nulls last, new_load.sequence desc, landed.row_number desc) = 1"
    )


def _measures(
    connection: duckdb.DuckDBPyConnection,
    home: Home,
    suites: Sequence[Suite],
    new: Mapping[str, Sequence[Load]],
    due: dt.datetime,
) -> str:
    columns = []
    for suite in suites:
        sql = _measures_of(connection, home, suite, new, due)
        columns += [
            f"({sql.get(name, 'null::double')}) as {suite.measure(name)}"
            for name in LANDED_MEASURES
        ]
    return ", ".join(columns)


def _measures_of(
    connection: duckdb.DuckDBPyConnection,
    home: Home,
    suite: Suite,
    new: Mapping[str, Sequence[Load]],
    due: dt.datetime,
) -> dict[str, str]:
    """The query of each measure that there is something to measure for."""
    name, dataset = suite.subject, DATASETS[suite.subject]
    key = ", ".join(engine.identifier(column) for column in dataset.key)
    is_new = f"load_id in (select load_id from new_load where dataset = '{name}')"
    suite_measures = {rule.columns[0] for rule in suite.rules if rule.measures}
    found = {}
    if name in new:
        columns = " union all ".join(
            f"select column_name from (describe from {engine.parquet(connection, file)})"
            for load in new[name]
            for file in [home.raw_folder(name) / f"{load.load_id}.parquet"]
        )
        expected = ", ".join(engine.literal(column) for column, _ in raw_columns(dataset))
        found["columns_missing"] = (
            f"select {len(raw_columns(dataset)) * len(new[name])} - count(*) from ({columns})"
            f" where column_name in ({expected})"
        )
        found["rows_missing"] = (
            f"select (select sum(rows_loaded) from new_load where dataset = '{name}') - count(*)"
            f" from landed.{name} where {is_new}"
        )
        found["repeated_key_share"] = (
            f"select 1 - count(distinct ({key})) / count(*) from landed.{name} where {is_new}"
            f" having count(*) >= {LEAST_ROWS}"
        )
    if suite.happened is not None:
        at = engine.identifier(suite.happened)
        until = f"timestamptz '{due.isoformat()}'"
        found["days_behind"] = (
            f"select epoch({until} - max({at})) / 86400 from landed.{name} where {at} <= {until}"
        )
        if name in new and suite_measures & {"lowest_day", "highest_day"}:
            connection.execute(
                f"create temp table {name}__days as {_volume(name, key, at, is_new, until)}"
            )
            found["lowest_day"] = f"select lowest_day from {name}__days"
            found["highest_day"] = f"select highest_day from {name}__days"
    return found


def _volume(name: str, key: str, at: str, is_new: str, until: str) -> str:
    """The emptiest and the fullest new day, as a share of the median of the same weekday before each.

    The newest day is left out: it may not be over. A day on which nothing happened counts as no row.
    """
    return f"""
        with span as (
            select min({at})::date as first_day, max({at})::date as last_day
            from landed.{name} where {is_new} and {at} <= {until}
        ),
        bounds as (
            select min({at})::date as first_known from landed.{name}
            where {at} >= (select first_day - {7 * WEEKS_BEFORE} from span)
        ),
        counted as (
            select {at}::date as day, count(distinct ({key})) as number_of_rows
            from landed.{name} cross join span
            where {at} >= span.first_day - {7 * WEEKS_BEFORE} and {at} < span.last_day
            group by all
        ),
        days as (
            select unnest(generate_series(bounds.first_known, span.last_day - 1, interval 1 day))::date as day
            from bounds cross join span
        ),
        filled as (
            select days.day, coalesce(counted.number_of_rows, 0) as number_of_rows
            from days left join counted on days.day = counted.day
        ),
        compared as (
            select now.day, now.number_of_rows, median(before.number_of_rows) as usual
            from filled as now
            inner join filled as before
                on before.day between now.day - {7 * WEEKS_BEFORE} and now.day - 7
                and (now.day - before.day) % 7 = 0
            where now.day >= (select first_day from span)
            group by all
            having count(*) >= {LEAST_WEEKS}
        )
        select
            min(number_of_rows / nullif(usual, 0)) as lowest_day,
            max(number_of_rows / nullif(usual, 0)) as highest_day
        from compared
    """
