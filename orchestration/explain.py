"""Where a figure of an agent comes from, down to the landed rows, and whether those rows still make it.

Nothing is computed here: the rows that the agent's figures stand on are taken out of the raw files into a home of
their own, the models of the project are built over them, and what they say is compared with what was recorded.
"""

import csv
import datetime as dt
import hashlib
import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, astuple, dataclass, fields
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import duckdb

from ingestion import (
    DATASETS,
    ENTITIES,
    INPUTS,
    Home,
    Load,
    UnusableInput,
    engine,
    ledger,
    read_ledger,
)
from ingestion.home import SCHEMA_FILE, raw_columns
from orchestration import records
from orchestration.database import attached
from orchestration.months import next_month, parse_month
from orchestration.progress import tell
from orchestration.project import DBT, PROJECT_DIR, dbt_target, reuse_parsed
from orchestration.retention import kept_from, refuse_purged

SUMMARY, LIVE, KPIS = "monthly_performance_summary", "agent_performance_month", "agent_kpi_month"
_ADDRESS = re.compile(
    r"(?P<mart>\w+)(?:\((?P<arguments>[^()]*)\))?\?(?P<keys>[^#]*)#(?P<column>\w+)(?:@r(?P<revision>\d+))?"
)
# What a close says of itself is no figure: nothing makes it again.
_MARKS = frozenset(
    {
        *("as_of", "input_fingerprint", "load_sequence", "revision", "close_number", "closed_at"),
        *("changes", "changed_since_load", "is_current"),
    }
)


@dataclass(frozen=True)
class Figure:
    """One recorded figure of an agent's month.

    metric: a column of `monthly_performance_summary`, or a KPI of `agent_kpi_month`; column: which of the KPI's
    columns. revision: of the close that recorded it, null for a figure as published. as_of, load_sequence: what was
    known when it was made.
    """

    agent_id: str
    month: dt.date
    metric: str
    column: str
    mart: str
    value: Any
    revision: int | None
    close_number: int | None
    as_of: dt.datetime
    load_sequence: int


@dataclass(frozen=True)
class RawRow:
    """A landed row: where it stands in which file, and whether it was counted or is context."""

    dataset: str
    part: str
    record_id: str
    business_date: dt.date | None
    file: str
    row_number: int
    file_sha256: str


@dataclass(frozen=True)
class Explanation:
    """A figure with everything that it is made of.

    meaning: definition and formula. recomputed: what the models make of the raw rows now. inputs: the parts of the
    month. days: the agent-days, with the columns day_columns. models: name and SHA-256 of the compiled SQL of each
    model on the way.
    """

    figure: Figure
    meaning: str
    recomputed: Any
    inputs: list[tuple[str, Any]]
    days: list[tuple[Any, ...]]
    day_columns: list[str]
    rows: list[RawRow]
    models: list[tuple[str, str]]

    @property
    def agrees(self) -> bool:
        """Whether the raw rows make the recorded figure, to the last bit."""
        return bool(self.figure.value == self.recomputed)


def explain(
    home: Home,
    agent_id: str,
    month: str,
    metric: str,
    revision: int | None,
    is_live: bool = False,
) -> Explanation:
    """Explain a metric of an agent's month.

    metric: a column of `monthly_performance_summary`, a KPI, or `kpi.column` of `agent_kpi_month`. revision: which
    close's figure; None for the current one. is_live: the figure as last published, closed or not.

    Raises:
        UnusableInput: there is no such figure, or nothing is published.
    """
    figure = recorded(home, agent_id, parse_month(month), metric, revision, is_live)
    with rebuilt(home, figure) as partial:
        return _explained(home, partial, figure)


def explain_address(home: Home, address: str) -> Explanation:
    """Explain a figure by the address that a report gives it.

    Raises:
        UnusableInput: the text is no address, or not of a metric of an agent's month.
    """
    parts = _ADDRESS.fullmatch(address)
    if parts is None:
        raise UnusableInput(
            f"'{address}' is no address: copy the figure's data-address, for example"
            f" {KPIS}?agent_id=A00001&month=2026-10-01&kpi=csat#value"
        )
    keys = dict(pair.split("=", 1) for pair in parts["keys"].split("&") if "=" in pair)
    keys = {name: unquote(value) for name, value in keys.items()}
    column, mart = parts["column"], parts["mart"]
    agent = keys.get("agent_id") or (keys.get("unit_id") if keys.get("level") == "agent" else None)
    month = keys.get("month")
    if mart == "unit_figures":
        # As last published, by the parts' own names; of a part of a month, or filtered, it is no figure of the month.
        month = keys.get("starts_on") if _is_whole_month(parts["arguments"], keys) else None
        column = {
            "quality_score": "average_quality_score",
            "resolved_tickets": "total_resolved_tickets",
        }.get(column, column)
    elif mart not in (SUMMARY, LIVE, KPIS):
        agent = None
    if agent is None or month is None:
        raise UnusableInput(
            f"{mart} is not a figure of an agent's month: explain takes addresses of {SUMMARY}, {LIVE}, {KPIS}"
            " and of unit_figures(…,month) of an agent"
        )
    metric = f"{keys['kpi']}.{column}" if mart == KPIS else column
    revision = int(parts["revision"]) if parts["revision"] and mart == SUMMARY else None
    return explain(home, agent, month[:7], metric, revision, mart in (LIVE, "unit_figures"))


def _is_whole_month(arguments: str | None, keys: Mapping[str, str]) -> bool:
    first, last, *more = (arguments or ",").split(",")
    if more != ["month"] or "starts_on" not in keys:
        return False
    month = parse_month(keys["starts_on"][:7])
    return first <= str(month) and last >= str(next_month(month) - dt.timedelta(days=1))


def recorded(
    home: Home,
    agent_id: str,
    month: dt.date,
    metric: str,
    revision: int | None,
    is_live: bool = False,
) -> Figure:
    """The figure that the published database holds.

    Raises:
        UnusableInput: there is no such figure, or nothing is published.
    """
    if not home.published_database.exists():
        raise UnusableInput(f"nothing is published in {home.root}: run `scorehouse close` first")
    with attached(published=home.published_database) as connection:
        of_kpi = _kpi_figure(connection, agent_id, month, metric)
        if of_kpi is not None and revision is None:
            return of_kpi
        columns = _columns(connection, "published", SUMMARY)
        name, _, kpi_column = metric.partition(".")
        if kpi_column or name not in columns or name in _MARKS:
            raise _unknown_metric(connection, metric, columns, revision)
        if is_live:
            return _live(connection, agent_id, month, name, None)
        wanted = "revision = ?" if revision is not None else "is_current"
        found = connection.execute(
            f"select {engine.identifier(name)}, revision, close_number, as_of, load_sequence"
            f" from published.marts.{SUMMARY} where agent_id = ? and month = ? and {wanted}",
            [agent_id, month, *([revision] if revision is not None else [])],
        ).fetchone()
        if found is None:
            return _live(connection, agent_id, month, name, revision)
        return Figure(agent_id, month, name, name, SUMMARY, *found)


def _columns(connection: duckdb.DuckDBPyConnection, database: str, mart: str) -> frozenset[str]:
    found = connection.execute(f"select * from {database}.marts.{mart} limit 0").description
    return frozenset(column[0] for column in found)


def _kpi_figure(
    connection: duckdb.DuckDBPyConnection, agent_id: str, month: dt.date, metric: str
) -> Figure | None:
    """The figure of `kpi.column`, or of a KPI that the summary has no column for."""
    kpi, dot, column = metric.partition(".")
    if not dot and kpi in _columns(connection, "published", SUMMARY):
        return None
    column = column or "value"
    if column not in _columns(connection, "published", KPIS) - {"agent_id", "month", "kpi"}:
        return None
    found = connection.execute(
        f"select {engine.identifier(column)}, null, null, as_of, load_sequence"
        f" from published.marts.{KPIS} cross join published.meta.publication"
        " where agent_id = ? and month = ? and kpi = ?",
        [agent_id, month, kpi],
    ).fetchone()
    return None if found is None else Figure(agent_id, month, kpi, column, KPIS, *found)


def _live(
    connection: duckdb.DuckDBPyConnection,
    agent_id: str,
    month: dt.date,
    metric: str,
    revision: int | None,
) -> Figure:
    """The figure as last published: of a month that has not been closed, or as it stands beside what was recorded."""
    revisions = connection.execute(
        f"select list(revision order by revision) from published.marts.{SUMMARY}"
        " where agent_id = ? and month = ?",
        [agent_id, month],
    ).fetchone()
    if revision is not None:
        known = ", ".join(map(str, (revisions or [None])[0] or [])) or "none"
        raise UnusableInput(
            f"{agent_id} has no revision {revision} of {month:%Y-%m}: there are {known}"
        )
    found = connection.execute(
        f"select {engine.identifier(metric)}, null, null, as_of, load_sequence"
        f" from published.marts.{LIVE} where agent_id = ? and month = ?",
        [agent_id, month],
    ).fetchone()
    if found is None:
        months = connection.execute(
            f"select list(distinct strftime(month, '%Y-%m') order by 1) from published.marts.{LIVE}"
            " where agent_id = ?",
            [agent_id],
        ).fetchone()
        known = ", ".join((months or [None])[0] or [])
        raise UnusableInput(
            f"{agent_id} has no figures in {month:%Y-%m}; there are {known}"
            if known
            else f"there is no agent '{agent_id}' with figures in any month"
        )
    return Figure(agent_id, month, metric, metric, LIVE, *found)


def _unknown_metric(
    connection: duckdb.DuckDBPyConnection,
    metric: str,
    columns: frozenset[str],
    revision: int | None,
) -> UnusableInput:
    kpis = connection.execute(
        f"select list(distinct kpi order by kpi) from published.marts.{KPIS}"
    ).fetchone()
    known = (kpis or [[]])[0] or []
    if revision is not None and metric.partition(".")[0] in known:
        return UnusableInput(
            f"{KPIS} keeps no revisions, and {SUMMARY} has no column '{metric}': leave out --revision"
        )
    names = ", ".join(sorted(columns - _MARKS - {"agent_id", "month"}))
    return UnusableInput(
        f"'{metric}' is no metric of this agent's month: a column of {SUMMARY} ({names}), a KPI"
        f" with a target ({', '.join(known)}), or kpi.column of {KPIS}, such as csat.target"
    )


@contextmanager
def rebuilt(home: Home, figure: Figure) -> Iterator[Home]:
    """A home that holds what was known of one agent, and of the customers the agent served, at the figure's time.

    Its warehouse is built; the home is gone afterwards.

    Raises:
        UnusableInput: rows of the month were purged.
    """
    refuse_purged(home, figure.month, "made again")
    home.prepare()
    with engine.scratch_folder(home.scratch) as folder:
        partial = Home(folder / "home")
        partial.prepare()
        loads = [load for load in read_ledger(home) if load.sequence <= figure.load_sequence]
        _copy_ledger(home, partial, figure.load_sequence)
        _copy_closes(home, partial, figure)
        with engine.connection(folder) as connection:
            for dataset in INPUTS:
                _copy_rows(connection, home, partial, dataset, loads, figure.agent_id)
        tell(f"building the models over the rows that concern {figure.agent_id}")
        _build(partial, figure, kept_from(home))
        yield partial


def _copy_ledger(home: Home, partial: Home, load_sequence: int) -> None:
    loads = ledger.records(home, "load")
    kept = [record for record in loads if ledger.load_of(record).sequence <= load_sequence]
    partial.ledger.write_bytes(b"".join(map(ledger.line_of, kept)))


def _copy_closes(home: Home, partial: Home, figure: Figure) -> None:
    """What was recorded before the figure's own close: the profile's level may come from the month before."""
    folder = records.performance_folder(partial)
    folder.mkdir(mode=0o700, parents=True)
    for close in records.recorded_closes(home):
        if close.load_sequence <= figure.load_sequence and (
            close.month < figure.month
            or (
                figure.close_number is not None
                and close.month == figure.month
                and close.close_number < figure.close_number
            )
        ):
            shutil.copy(records.close_file(home, close.month, close.close_number), folder)


def _copy_rows(
    connection: duckdb.DuckDBPyConnection,
    home: Home,
    partial: Home,
    dataset: str,
    loads: Sequence[Load],
    agent_id: str,
) -> None:
    """Copy the rows of a dataset that can decide a figure of the agent, as they are."""
    files = [
        file
        for load in loads
        for file in [home.raw_folder(dataset) / f"{load.load_id}.parquet"]
        # Files of months that reach into no kept one may have been purged.
        if load.dataset == dataset and load.status == "loaded" and file.exists()
    ]
    if dataset == "interactions" and not files:
        # A vendor's contacts, and none of the contract: other datasets look up whose contacts theirs are.
        files = [home.raw_folder(dataset) / SCHEMA_FILE]
    if not files:
        return
    if dataset in ENTITIES:
        # What a record means, those before and after it decide.
        for file in files:
            shutil.copy(file, partial.raw_folder(dataset))
        return
    names = {column.name for column in DATASETS[dataset].columns}
    raw = engine.parquet(connection, files, raw_columns(DATASETS[dataset]))
    own = "true"
    if any(load.mapping for load in loads if load.dataset == dataset):
        # They have the ids of another system: whose they are, the models tell.
        names = set()
    if "agent_id" in names:
        own = "agent_id = $agent"
    if dataset == "interactions":
        connection.execute(f"create or replace temp view all_contacts as from {raw}")
        own += " or customer_id in (select customer_id from all_contacts where agent_id = $agent)"
        if any(load.source for load in loads):
            # Whose customers another system's contacts are of, the models tell.
            own = "true"
    elif "interaction_id" in names:
        own += " or interaction_id in (select interaction_id from all_contacts where agent_id = $agent)"
    final = partial.raw_folder(dataset) / "rows.parquet"
    engine.write_parquet(
        connection,
        f"from {raw} where {own}",
        final,
        {"agent": agent_id} if "$agent" in own else None,
    )


def _build(partial: Home, figure: Figure, whole_from: dt.date | None) -> None:
    reuse_parsed(partial.dagster / "dbt")
    finished = subprocess.run(
        [
            *(str(DBT), "--quiet", "--no-use-colors", "build"),
            *("--exclude-resource-type", "test", "--exclude-resource-type", "unit_test"),
            *("--select", f"+{LIVE}", f"+{KPIS}", "+fct_agent_day", "+raw_rows", "metric_inputs"),
            *("--target-path", str(partial.dagster / "dbt"), "--log-path", str(partial.dagster)),
        ],
        cwd=PROJECT_DIR,
        env={
            **os.environ,
            "DBT_PROFILES_DIR": str(PROJECT_DIR),
            "SCOREHOUSE_HOME": str(partial.root),
            "SCOREHOUSE_AS_OF": figure.as_of.isoformat(),
            "SCOREHOUSE_CLOSE_MONTH": "",
            "SCOREHOUSE_KEPT_FROM": whole_from.isoformat() if whole_from else "",
            "DBT_TARGET": dbt_target(partial),
        },
        capture_output=True,
        text=True,
        check=False,
    )
    if finished.returncode:
        raise RuntimeError(
            f"the models do not build over these rows:\n{finished.stdout}{finished.stderr}"
        )


def _explained(home: Home, partial: Home, figure: Figure) -> Explanation:
    last_day = next_month(figure.month) - dt.timedelta(days=1)
    with attached(warehouse=partial.warehouse, published=home.published_database) as connection:
        connection.execute("use warehouse")
        meanings = connection.execute(
            "select description from published.meta.mart_column"
            " where mart = ? and name = ? or mart = 'fct_agent_month' and name = ?"
            " order by mart = 'fct_agent_month'",
            [figure.mart, figure.column, figure.metric],
        ).fetchall()
        inputs = [
            str(name)
            for (name,) in connection.execute(
                "select distinct input from audit.metric_inputs"
                " where metric = ? and dataset <> 'kpi_targets'"
                " order by input",
                [figure.metric],
            ).fetchall()
        ]
        parts = ", ".join(inputs) or "null"
        month = connection.execute(
            f"select {parts} from marts.fct_agent_month where agent_id = ? and month = ?",
            [figure.agent_id, figure.month],
        ).fetchone()
        days = connection.execute(
            f"select business_date, {parts} from marts.fct_agent_day"
            " where agent_id = ? and business_date between ? and ? order by business_date",
            [figure.agent_id, figure.month, last_day],
        )
        day_columns = [column[0] for column in days.description]
        agent_days = days.fetchall()
        return Explanation(
            figure,
            " ".join(dict.fromkeys(str(meaning) for (meaning,) in meanings)),
            _recomputed(connection, figure),
            list(zip(inputs, month or (), strict=False)),
            agent_days,
            day_columns,
            _raw_rows(connection, home, figure, last_day),
            _models(partial, figure),
        )


def _recomputed(connection: duckdb.DuckDBPyConnection, figure: Figure) -> Any:
    mart, of_kpi = (KPIS, "and kpi = ?") if figure.mart == KPIS else (LIVE, "")
    found = connection.execute(
        f"select {engine.identifier(figure.column)} from marts.{mart}"
        f" where agent_id = ? and month = ? {of_kpi}",
        [figure.agent_id, figure.month, *([figure.metric] if of_kpi else [])],
    ).fetchone()
    return found[0] if found else None


def _raw_rows(
    connection: duckdb.DuckDBPyConnection, home: Home, figure: Figure, last_day: dt.date
) -> list[RawRow]:
    """The landed rows of the datasets that the metric is collected from; of a label, those of profile and team."""
    files = {(load.dataset, load.load_id): load for load in read_ledger(home)}
    # A row of a dataset may be what a vendor's record became.
    files |= {
        (dataset, load.load_id): load
        for load in files.values()
        if load.dataset in ENTITIES
        for dataset in ENTITIES[load.dataset].feeds
    }
    found = connection.execute(
        "select dataset, part, record_id, business_date, load_id, row_number"
        " from audit.raw_rows(?, ?, ?)"
        " where dataset in (select dataset from audit.metric_inputs where metric = ?)"
        " or dataset in ('agents', 'teams')"
        " order by part = 'context', dataset, business_date nulls last, load_id, row_number",
        [figure.agent_id, figure.month, last_day, figure.metric],
    ).fetchall()
    return [
        RawRow(dataset, part, record_id, day, load.file, row_number, load.file_sha256)
        for dataset, part, record_id, day, load_id, row_number in found
        for load in [files[dataset, load_id]]
    ]


def _models(partial: Home, figure: Figure) -> list[tuple[str, str]]:
    """The models that the figure is made by, with the SHA-256 of their compiled SQL."""
    manifest = json.loads((partial.dagster / "dbt" / "manifest.json").read_bytes())
    nodes = manifest["nodes"]
    wanted = KPIS if figure.mart == KPIS else LIVE
    waiting = [f"model.scorehouse.{wanted}"]
    found: dict[str, str] = {}
    while waiting:
        node = nodes.get(waiting.pop())
        if node is None or node["name"] in found or node["resource_type"] != "model":
            continue
        # Which rows a build makes anew makes no figure.
        if node["schema"] == "changes":
            continue
        # The same models over another home are the same models.
        text = (node.get("compiled_code") or "").replace(str(partial.root), "<home>")
        text = text.replace(figure.as_of.isoformat(), "<as_of>")
        found[node["name"]] = hashlib.sha256(text.encode()).hexdigest()
        waiting += node["depends_on"]["nodes"]
    return sorted(found.items())


def write_rows(explanation: Explanation, path: Path) -> None:
    """Write the raw rows of an explanation as CSV, one line per landed row."""
    columns = [field.name for field in fields(RawRow)]
    path.touch(mode=0o600)
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(columns)
        writer.writerows(astuple(row) for row in explanation.rows)


def as_json(explanation: Explanation) -> str:
    """Everything that is known about a figure, as JSON."""
    content = {**asdict(explanation), "agrees": explanation.agrees}
    return json.dumps(content, ensure_ascii=False, indent=1, default=str)
