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

from ingestion import ENTITIES, INPUTS, Home, read_ledger, read_scan, stores, unread
from orchestration import audiences, erasing, holds, records, retention, signing
from orchestration.database import attached
from orchestration.delivery import outbox
from orchestration.erasing import Erasure, Found
from orchestration.explain import Explanation, RawRow
from orchestration.months import month_text, parse_month
from orchestration.quality import history
from orchestration.quality.suites import Stage
from orchestration.retention import Listing
from orchestration.rules import RuleTable, read_rows
from orchestration.storage import storage_of
from orchestration.unknown_agents import unknown_agents
from orchestration.verification import Findings

if TYPE_CHECKING:
    # Only to be printed: what makes them loads more than the command line needs.
    from orchestration.delivery.carrying_out import CarriedOut
    from orchestration.delivery.desk import Listed
    from orchestration.delivery.sending import Round
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


def print_purge(console: Console, listing: Listing, done: bool) -> None:
    """What a purge removes, by kind, and what holds keep."""
    table = Table(title="purged" if done else "would be purged")
    for name in ("kind", "kept", "before", "months", "files", "rows", "bytes", "held files"):
        table.add_column(name, justify="right" if name in _COUNTS else "left")
    for rule in listing.rules:
        items = [item for item in listing.items if item.kind == rule.kind]
        due = [item for item in items if item.held is None]
        if not items:
            continue
        months = sorted({month_text(item.month) for item in due})
        rows = [item.rows for item in due if item.rows is not None]
        table.add_row(
            rule.kind,
            f"{rule.keep_months} months",
            month_text(rule.cutoff),
            " to ".join(dict.fromkeys((months[0], months[-1]))) if months else "",
            f"{len(due):,}",
            f"{sum(rows):,}" if rows else "",
            f"{sum(item.bytes for item in due):,}",
            f"{len(items) - len(due):,}" if len(items) > len(due) else "",
        )
    lines = []
    if table.row_count:
        console.print(table)
    else:
        lines.append("nothing is older than its rule keeps it")
    held = {item.held.number: item.held for item in listing.items if item.held}
    lines += [f"kept by {hold.title}" for _, hold in sorted(held.items())]
    if listing.kept_from:
        lines.append(
            f"months before {month_text(listing.kept_from)} leave the marts with the next build, and can be closed"
            " no more; closed months keep their records"
        )
    if listing.due and not done:
        lines.append("nothing was removed: --yes does it")
    for line in lines:
        console.print(line, markup=False, highlight=False, soft_wrap=True)


def print_found(console: Console, found: Found, done: bool) -> None:
    """Where a person is named, and what an erasure does there."""
    table = Table(title="erased" if done else "would be erased")
    table.add_column("where")
    table.add_column("files", justify="right")
    table.add_column("rows", justify="right")
    table.add_column("what happens")
    for where, rows, what in (
        ("raw files", found.raw, "id replaced by a pseudonym, name, addresses and notes emptied"),
        ("quarantine", found.quarantine, "values and reasons emptied"),
        ("closed months", found.closes, "id replaced by the pseudonym, name emptied"),
    ):
        table.add_row(where, f"{len(rows):,}", f"{sum(rows.values()):,}", what)
    table.add_row("reports", f"{len(found.reports):,}", "", "rendered again without, or removed")
    table.add_row(
        "outbox", f"{len(found.outbox):,}", "", "removed; what only mentions: again without"
    )
    console.print(table)
    lines = ["marts are built and published again with the pseudonym; totals stay"]
    if found.landing:
        lines.append(
            f"{len(found.landing)} files in the landing folder name the person and are yours to mend, first:"
            f" {found.landing[0]}; rows of the person that come again are kept out"
        )
    if found.rules:
        lines.append(_rules_line(found.rules))
    if not done:
        lines.append("nothing was changed: --yes does it")
    for line in lines:
        console.print(line, markup=False, highlight=False, soft_wrap=True)


def print_erasure(console: Console, done: Erasure) -> None:
    """What an erasure did, and what still names the person."""
    lines = [
        f"{done.rewritten} files rewritten, {done.messages} messages removed or written again,"
        f" report folders made again: {', '.join(done.reports) or 'none'}",
        *(f"still names the person: {path}" for path in done.left),
    ]
    if done.rules:
        lines.append(_rules_line(done.rules))
    if not done.reasons and not done.left and not done.rules:
        lines.append("nothing in this home names the person any more; backups and copies may")
    for line in lines:
        console.print(line, markup=False, highlight=False, soft_wrap=True)


def _rules_line(lines: Sequence[int]) -> str:
    many = "lines" if len(lines) > 1 else "line"
    return (
        f"the table of rules dbt_project/seeds/agent_ids.csv names the person in {many}"
        f" {', '.join(map(str, lines))} and is yours to mend: once the person is erased, remove that,"
        " then `scorehouse build`"
    )


_COUNTS = ("kept", "files", "rows", "bytes", "held files")
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
    for dataset in INPUTS:
        own = [load for load in loads if load.dataset == dataset]
        if dataset in ENTITIES and not own:
            continue
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
    _print_quality_line(console, home)
    for file in audiences.files(home):
        console.print(f"  for {file.stem}: {file}", markup=False, highlight=False, soft_wrap=True)
    console.print(
        f"sent: {len(records.deliveries(home)):,} messages, tasks and exports", highlight=False
    )
    lines = [
        f"{store.name} are kept in {store.address}, {store.waiting():,} files are not as they are there"
        for store in stores.stores_of(home)
    ]
    lines += [f"held: {hold.title}" for hold in holds.active(home)]
    whole_from = retention.kept_from(home)
    if whole_from:
        lines.append(f"purged: raw rows of before {month_text(whole_from)}")
    # The journal names the person; who asks for the status need not know.
    if erasing.unfinished(home):
        lines.append("an erasure was stopped half-way: give its command again, with --yes")
    for line in lines:
        console.print(line, markup=False, highlight=False, soft_wrap=True)
    _print_tasks(console, home)
    _print_findings(console, home)


def _print_tasks(console: Console, home: Home) -> None:
    """How far the tasks of all closed months have come, and which one has waited longest."""
    if not home.published_database.exists():
        return
    with attached(published=home.published_database) as connection:
        known = connection.execute(
            "select count(*) from duckdb_columns() where database_name = 'published'"
            " and table_name = 'performance_action' and column_name = 'state'"
        ).fetchone()
        if known == (0,):
            # Published by an earlier version; the next build has it.
            return
        counted = connection.execute(
            "select state, count(*) from published.marts.performance_action"
            " where state is not null group by state order by state"
        ).fetchall()
        oldest = connection.execute(
            "select action_type, agent_id, due_on, coalesce(recipient_id, 'nobody')"
            " from published.marts.performance_action where state = 'overdue'"
            " order by due_on, action_id limit 1"
        ).fetchone()
    if counted:
        states = ", ".join(f"{state} {count:,}" for state, count in counted)
        first = (
            f" (first: {oldest[0]} about {oldest[1]}, due {oldest[2]}, with {oldest[3]})"
            if oldest
            else ""
        )
        console.print(f"tasks: {states}{first}", markup=False, highlight=False, soft_wrap=True)


def print_deliveries(console: Console, listed: "Sequence[Listed]") -> None:
    """Messages on their way, with what was last said about each."""
    if not listed:
        console.print("no message is in such a state", highlight=False)
        return
    table = Table(title="Messages")
    for heading in (
        "key",
        "state",
        "what",
        "month",
        "over",
        "to",
        "attempts",
        "due",
        "last answer",
    ):
        table.add_column(heading, overflow="fold")
    for one in listed:
        entry, action = one.entry, one.action
        table.add_row(
            entry.key[:12],
            entry.state,
            action.action_type if action else "(no longer published)",
            entry.month,
            entry.channel,
            escape(action.recipient_id or "") if action else "",
            str(entry.attempts),
            entry.due_at,
            escape(entry.detail),
        )
    console.print(table)


def print_dry_run(console: Console, done: "Round") -> None:
    """What a round of sending would do."""
    counts = ", ".join(f"{state} {count:,}" for state, count in sorted(done.counts.items()))
    _print_lines(
        console, [f"a dry run, nothing was sent: {counts or 'nothing waits'}", *done.notes]
    )


def print_carried_out(console: Console, done: "CarriedOut") -> None:
    """What a round of sending did."""
    summed = f"sent: {done.sent:,}; into the outbox: {done.written:,}"
    _print_lines(
        console, [f"{summed}; without a usable address: {done.undeliverable:,}", *done.notes]
    )


def _print_lines(console: Console, lines: Sequence[str]) -> None:
    for line in lines:
        console.print(line, markup=False, highlight=False, soft_wrap=True)


def print_quality(console: Console, home: Home, suite: str | None) -> list[str]:
    """What each rule found last, of one suite or of all; returns the names of the suites."""
    past = history.runs(home)
    latest = history.latest_results(past)
    table = Table(title="Rules of the quality gates")
    for heading in ("suite", "rule", "severity", "outcome", "found", "passes"):
        table.add_column(heading, overflow="fold")
    shown = [(run, one) for run, one in latest if suite in (None, one.suite)]
    for _, one in shown:
        table.add_row(
            one.suite, one.rule, one.severity, one.outcome, escape(one.found), escape(one.threshold)
        )
    if shown:
        console.print(table)
    elif suite is None:
        console.print("no gate has looked at anything yet: it does when something is built")
    for run, one in shown:
        rows = [row for row in run.failing_rows if (row.suite, row.rule) == (one.suite, one.rule)]
        if one.outcome in ("warned", "stopped") and suite is not None:
            console.print(
                f"{one.rule}: {one.reason}", markup=False, highlight=False, soft_wrap=True
            )
            for row in rows:
                line = f"  {row.place}: {row.shown}"
                console.print(line, markup=False, highlight=False, soft_wrap=True)
    return list(dict.fromkeys(one.suite for _, one in latest))


def _print_quality_line(console: Console, home: Home) -> None:
    """The last look of each gate, in a line."""
    words: tuple[tuple[Stage, str], ...] = (("landed", "landed data"), ("published", "marts"))
    for stage, what in words:
        run = history.last_run(home, stage)
        if run is not None:
            console.print(
                f"quality of {what}: {run.count('passed')} rules passed, {run.count('warned')} warned,"
                f" {run.count('stopped')} stopped, as of {run.as_of} (scorehouse quality)",
                highlight=False,
                soft_wrap=True,
            )


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
        lines.append(
            f"files that a purge or an erasure removed or changed since: {compared.purged:,}"
        )
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
    left = outbox.undelivered(home)
    waiting = [action for action in left if not outbox.has_address(action)]
    if len(left) > len(waiting):
        console.print(
            f"on their way: {len(left) - len(waiting):,} messages; `scorehouse deliveries list` says which",
            highlight=False,
            soft_wrap=True,
        )
    if waiting:
        console.print(
            f"without a usable address: {len(waiting):,} messages (first: {waiting[0].action_type} for"
            f" {waiting[0].recipient_id or 'nobody named'}); add the address to `agents`, then run again",
            highlight=False,
            soft_wrap=True,
        )
    loads = read_ledger(home)
    unknown = unknown_agents(home) if any(load.source for load in loads) else []
    for source, ids in unknown:
        console.print(
            f"ids of {source} that are no agent_id: {', '.join(ids)};"
            " say whose they are in the table of rules agent_ids",
            markup=False,
            highlight=False,
            soft_wrap=True,
        )
    scanned = read_scan(home)
    # A mapping may read one file as several datasets.
    for load in {(load.file, load.reason): load for load in unread(loads)}.values():
        # A file that was corrected or taken away is mended.
        if scanned and (load.dataset, load.file_sha256) not in scanned.contents():
            continue
        console.print(
            f"file not read: {load.file}: {load.reason}",
            markup=False,
            highlight=False,
            soft_wrap=True,
        )
