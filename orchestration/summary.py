"""What the command line says at the end: what happened, and what to open next.

It counts and prints; it computes no figure.
"""

import datetime as dt
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from ingestion import DATASETS, Home, read_ledger
from orchestration import audiences, records, signing
from orchestration.database import attached
from orchestration.delivery import outbox
from orchestration.explain import Explanation, RawRow
from orchestration.months import parse_month
from orchestration.rules import RuleTable, read_rows
from orchestration.storage import storage_of
from orchestration.verification import Findings

if TYPE_CHECKING:
    # Only to be printed: what rebuilds a home loads the orchestrator.
    from orchestration.past import Comparison


def print_close(console: Console, home: Home, month: str, provisional: bool) -> None:
    """The close of a month: who is scored, what was written, where to look."""
    first_day = parse_month(month)
    with attached(published=home.published_database) as connection:
        relation = "agent_performance_month" if provisional else "monthly_performance_summary"
        current = "" if provisional else "and is_current"
        counted = connection.execute(
            "select count(*), count(productivity_score), count(*) filter (where productivity_variance < 0)"
            f" from published.marts.{relation} where month = ? {current}",
            [first_day],
        ).fetchone()
    assert counted is not None
    people, scored, below = counted
    table = Table(title=f"{month} {'provisional' if provisional else 'closed'}", show_header=False)
    table.add_row("people", f"{people:,}")
    table.add_row("scored", f"{scored:,}")
    table.add_row("below target", f"{below:,}")
    if not provisional:
        closes = [close for close in records.recorded_closes(home) if close.month == first_day]
        table.add_row("closes that wrote revisions", f"{len(closes):,}")
        table.add_row("revisions in all", f"{sum(close.revisions for close in closes):,}")
        sent = [record for record in records.deliveries(home) if record["month"] == month]
        table.add_row("messages, tasks and exports", f"{len(sent):,}")
    console.print(table)
    _print_findings(console, home)
    storage = storage_of(home.root)
    lines = {
        "pages and PDFs": storage.place(home.reports / month / "index.html"),
        "messages": home.outbox / month,
        "database": home.published_database,
        "quarantine": home.quarantine,
    }
    for label, path in lines.items():
        console.print(f"{label + ':':<16}{path}", highlight=False, soft_wrap=True)
    if storage.suffix:
        console.print(
            f"to read pages:  scorehouse open {month} --home {home.root} --out FOLDER",
            highlight=False,
            soft_wrap=True,
        )


SHOWN_ROWS = 5


def print_explanation(console: Console, explanation: Explanation) -> None:
    """A figure, its formula and inputs, its days, models and raw rows, and whether those rows make it."""
    figure = explanation.figure
    said = figure.metric if figure.column == figure.metric else f"{figure.metric}.{figure.column}"
    known = f"as of {figure.as_of:%Y-%m-%dT%H:%M:%SZ}, after load {figure.load_sequence}"
    by = (
        f"revision {figure.revision}, close {figure.close_number}"
        if figure.revision
        else "published"
    )

    def line(text: str = "") -> None:
        console.print(text, markup=False, highlight=False, soft_wrap=True)

    line(f"{figure.agent_id} {figure.month:%Y-%m} {said} = {_plain(figure.value)}")
    line(f"{figure.mart}, {by}, {known}")
    line(explanation.meaning)
    line()
    for name, value in explanation.inputs:
        line(f"  {name} = {_plain(value)}")
    if explanation.inputs:
        _print_rows(console, "agent-days", explanation.day_columns, explanation.days)
    line(f"models ({len(explanation.models)}, SHA-256 of the compiled SQL):")
    for name, digest in explanation.models:
        line(f"  {digest[:12]}  {name}")
    line()
    kinds: dict[tuple[str, str], list[RawRow]] = {}
    for row in explanation.rows:
        kinds.setdefault((row.part, row.dataset), []).append(row)
    for (part, dataset), rows in kinds.items():
        shown = [
            (
                row.business_date or "",
                row.record_id,
                f"{row.file}, row {row.row_number}",
                row.file_sha256[:12],
            )
            for row in rows[:SHOWN_ROWS]
        ]
        more = "" if len(rows) <= SHOWN_ROWS else f", the first {SHOWN_ROWS}; all: --rows FILE"
        title = f"{len(rows):,} {'raw rows' if part == 'counted' else 'rows of context'} of {dataset}{more}"
        _print_rows(console, title, ["day", "id", "file", "SHA-256"], shown)
    line(
        f"made again from these rows: {_plain(explanation.recomputed)}: "
        + ("the same" if explanation.agrees else f"NOT the recorded {_plain(figure.value)}")
    )


def _print_rows(
    console: Console, title: str, columns: Sequence[str], rows: Sequence[Sequence[object]]
) -> None:
    table = Table(title=escape(title), title_justify="left")
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*(escape(_plain(value)) for value in row))
    console.print(table)


def _plain(value: object) -> str:
    return "null" if value is None else str(value)


def print_status(console: Console, home: Home) -> None:
    """What is loaded, quarantined, closed, published and sent."""
    loads = read_ledger(home)
    table = Table(title="Loaded and quarantined")
    for heading in ("dataset", "files", "rows", "rejected rows", "files quarantined", "last load"):
        table.add_column(
            heading, justify="left" if heading in ("dataset", "last load") else "right"
        )
    for dataset in DATASETS:
        own = [load for load in loads if load.dataset == dataset]
        loaded = [load for load in own if load.status == "loaded"]
        table.add_row(
            dataset,
            f"{len(loaded):,}",
            f"{sum(load.rows_loaded for load in loaded):,}",
            f"{sum(load.rows_rejected for load in loaded):,}",
            f"{len(own) - len(loaded):,}",
            max((load.loaded_at for load in own), default="never"),
        )
    console.print(table)
    closes = Table(title="Closed months")
    for heading in ("month", "close", "as of", "revisions"):
        closes.add_column(heading, justify="right")
    for close in records.recorded_closes(home):
        closes.add_row(
            f"{close.month:%Y-%m}",
            str(close.close_number),
            f"{close.as_of.astimezone(dt.UTC):%Y-%m-%d %H:%M:%SZ}",
            f"{close.revisions:,}",
        )
    console.print(closes)
    _print_signatures(console, home)
    published = records.publications(home)
    console.print(
        f"published: {published[-1]['published_at']}, as of {published[-1]['as_of']}"
        if published
        else "published: never",
        highlight=False,
    )
    for file in audiences.files(home):
        console.print(f"  for {file.stem}: {file}", markup=False, highlight=False, soft_wrap=True)
    console.print(
        f"sent: {len(records.deliveries(home)):,} messages, tasks and exports", highlight=False
    )
    _print_findings(console, home)


def print_findings(console: Console, findings: Findings) -> None:
    """What was checked, what is wrong, and the head to note."""
    kinds = ", ".join(f"{kind} {count:,}" for kind, count in sorted(findings.counts.items()))
    files = ", ".join(f"{kind} {count:,}" for kind, count in findings.checked.items())
    head = findings.head
    lines = [
        f"records: {findings.counts.total():,}{f' ({kinds})' if kinds else ''}",
        f"checked: {files or 'no file'}",
        *(f"note: {note}" for note in findings.notes),
        *(f"wrong: {problem}" for problem in findings.problems),
        f"head: {head.hash} (record {head.sequence}, {head.recorded_at})" if head else "head: none",
        f"{len(findings.problems):,} problems" if findings.problems else "all well",
    ]
    for line in lines:
        console.print(line, markup=False, highlight=False, soft_wrap=True)


def print_comparison(console: Console, compared: "Comparison", out: Path) -> None:
    """Whether what is built now is what was published then."""
    models = {
        True: "the models are the same",
        False: "the models or tables of rules changed since",
        None: "which models made it was not recorded then",
    }[compared.same_models]
    lines = [f"published at {compared.published_at}, as of {compared.as_of}; {models}"]
    if compared.purged:
        lines.append(f"files purged or changed by a purge since: {compared.purged:,}")
    if compared.differing:
        lines += [f"{len(compared.same):,} marts and functions are the same, these differ:"]
        lines += [f"  {name}" for name in compared.differing]
    else:
        lines.append(f"the same, mart by mart: {len(compared.same):,} marts and functions")
    lines.append(f"reports of then: scorehouse report --home {out} --from DAY --to DAY")
    for line in lines:
        console.print(line, markup=False, highlight=False, soft_wrap=True)


def _print_signatures(console: Console, home: Home) -> None:
    signed = signing.signatures(home)
    if not signed:
        return
    table = Table(title="Signatures")
    for heading in ("month", "close", "as", "name", "signed at", "note", ""):
        table.add_column(heading)
    for one in signed:
        later = f"earlier revision: close {one.superseded_by} restated it"
        cells = [one.role, one.name or "", one.signed_at, one.note or ""]
        table.add_row(
            f"{one.month:%Y-%m}",
            str(one.close_number),
            *(escape(cell) for cell in cells),
            later if one.superseded_by else "",
        )
    console.print(table)


def print_rule_tables(console: Console, tables: Sequence[RuleTable]) -> None:
    """The tables of rules, with how many rows each has and what a row is."""
    table = Table(title="Tables of rules", caption=f"in {tables[0].file.parent}")
    table.add_column("table")
    table.add_column("rows", justify="right")
    table.add_column("holds")
    for one in tables:
        table.add_row(one.name, f"{len(read_rows(one)):,}", one.description)
    console.print(table)


def print_rule_table(console: Console, table: RuleTable) -> None:
    """One table of rules: its columns and its rows."""
    console.print(f"{table.file}\n{table.description}", highlight=False, soft_wrap=True)
    columns = Table(title="Columns")
    for heading in ("column", "type", "must be set", "means"):
        columns.add_column(heading)
    for column in table.columns:
        required = "yes" if column.is_required else ""
        columns.add_row(column.name, column.type, required, column.description)
    console.print(columns)
    rows = Table(title="Rows", show_lines=False)
    for column in table.columns:
        rows.add_column(column.name)
    for row in read_rows(table):
        rows.add_row(*(row.cells[column.name] or "" for column in table.columns))
    console.print(rows)


def _print_findings(console: Console, home: Home) -> None:
    waiting = outbox.undelivered(home)
    if waiting:
        console.print(
            f"without a usable address: {len(waiting):,} messages (first: {waiting[0].action_type} for"
            f" {waiting[0].recipient_id or 'nobody named'}); add the address to `agents`, then run again",
            highlight=False,
            soft_wrap=True,
        )
    unread = [load for load in read_ledger(home) if load.status == "quarantined"]
    for load in unread:
        console.print(
            f"file not read: {load.file}: {load.reason}",
            markup=False,
            highlight=False,
            soft_wrap=True,
        )
