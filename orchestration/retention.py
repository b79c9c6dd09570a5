"""What is older than the rules keep it: found by reading alone. `orchestration.purging` removes it.

How long each kind of data is kept is the table of rules `retention`; what a legal hold covers stays.
"""

import datetime as dt
import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import reports
from ingestion import DATASETS, Home, UnusableInput, engine, ledger
from ingestion.contract import Dataset
from ingestion.home import raw_columns
from orchestration import holds
from orchestration.holds import Hold
from orchestration.months import month_text, parse_month
from orchestration.rules import RuleTable, check_tables, read_rows, rule_tables
from orchestration.storage import storage_of

TABLE = "retention"
RAW_KINDS = tuple(
    name
    for name, dataset in DATASETS.items()
    if any(column.kind == "instant" and column.required for column in dataset.columns)
)
"""Datasets whose rows happened at some time. Who people are, and targets, hold until they are replaced: they stay."""


@dataclass(frozen=True)
class Rule:
    """How long a kind is kept. `cutoff`: first day of the first month that is kept."""

    kind: str
    keep_months: int
    cutoff: dt.date


@dataclass(frozen=True)
class Item:
    """One thing that is older than its rule keeps it.

    `first`, `month`: the oldest and the newest month that it holds. `path`: in the home; of a run of the orchestrator,
    its id. `rows`: None where it has none. `held`: the hold that keeps it.
    """

    kind: str
    first: dt.date
    month: dt.date
    path: str
    rows: int | None
    bytes: int
    held: Hold | None = None


@dataclass(frozen=True)
class Listing:
    """What a purge would do. `kept_from`: the first month that raw files are whole for afterwards, None: all."""

    rules: tuple[Rule, ...]
    rules_sha256: str
    items: tuple[Item, ...]
    kept_from: dt.date | None

    @property
    def due(self) -> list[Item]:
        """What a purge removes."""
        return [item for item in self.items if item.held is None]


def kept_from(home: Home) -> dt.date | None:
    """The first month whose raw rows are all there; None where none were purged."""
    months = [one.content.get("kept_from") for one in ledger.records(home, "purge")]
    return max((parse_month(month) for month in months if month), default=None)


def refuse_purged(home: Home, month: dt.date, deed: str) -> None:
    """Refuse what needs the rows of a month that were purged.

    Raises:
        UnusableInput: says since when they are gone.
    """
    for record in ledger.records(home, "purge"):
        first = record.content.get("kept_from")
        if first and month < parse_month(first):
            raise UnusableInput(
                f"{month_text(month)} cannot be {deed}: its raw rows were purged at {record.recorded_at};"
                f" the first month that is whole is {month_text(kept_from(home) or month)}"
            )


def rule_table(project: Path) -> RuleTable:
    """The table of rules `retention`, as it is declared."""
    return next(table for table in rule_tables(project) if table.name == TABLE)


def read_rules(table: RuleTable, today: dt.date, before: dt.date | None = None) -> tuple[Rule, ...]:
    """The rules with their cutoffs on a day; `before`: keep this month and all after it, whatever the rules say.

    Raises:
        UnusableInput: the table is not as declared.
    """
    check_tables([table])
    found = []
    for row in read_rows(table):
        kind, months = str(row.cells["kind"]), int(str(row.cells["keep_months"]))
        cutoff = months_before(today.replace(day=1), months)
        found.append(Rule(kind, months, min(cutoff, before) if before else cutoff))
    return tuple(found)


def rules_sha256(table: RuleTable) -> str:
    """Hash of the table of rules as it is."""
    return hashlib.sha256(table.file.read_bytes()).hexdigest()


def months_before(month: dt.date, count: int) -> dt.date:
    """The first day of the month that lies `count` months before."""
    number = max(month.year * 12 + month.month - 1 - count, 12)
    return dt.date(number // 12, number % 12 + 1, 1)


def look(
    home: Home,
    table: RuleTable,
    today: dt.date,
    runs: Sequence[Item],
    before: dt.date | None = None,
) -> Listing:
    """What a purge on a day would remove, and what holds keep.

    table: the rules. runs: those of the orchestrator, whatever their age. before: see `read_rules`.

    Raises:
        UnusableInput: the table of rules is not as declared.
    """
    rules = read_rules(table, today, before)
    cutoffs = {rule.kind: rule.cutoff for rule in rules}
    in_force = holds.active(home)
    found: list[Item] = []
    whole_from: dt.date | None = None
    for kind, cutoff in cutoffs.items():
        if kind in RAW_KINDS:
            old = _raw_files(home, DATASETS[kind], cutoff, in_force)
            if any(item.held is None for item in old):
                whole_from = max(cutoff, whole_from or cutoff)
            found += old
    others = [*_quarantine(home), *_reports(home), *_outbox(home), *runs]
    found += [
        _hold(item, in_force)
        for item in others
        if item.kind in cutoffs and item.month < cutoffs[item.kind]
    ]
    return Listing(rules, rules_sha256(table), tuple(found), whole_from)


def _hold(item: Item, in_force: Sequence[Hold]) -> Item:
    held = [hold for hold in in_force if hold.covers(item.kind, item.first, item.month)]
    return replace(item, held=held[0] if held else None)


def _raw_files(
    home: Home, dataset: Dataset, cutoff: dt.date, in_force: Sequence[Hold]
) -> list[Item]:
    """Raw files that may go as a whole, the held ones marked.

    A month before the first whole one is kept as well: a status or a shift that began in it, or a first contact of its
    last days, reaches into the next. A file goes only if no key of it has another version in a file that stays: else
    an old version would rise again.
    """
    folder = home.raw_folder(dataset.name)
    names = {
        f"{load.load_id}.parquet": load
        for load in ledger.read_ledger(home)
        if load.dataset == dataset.name and (folder / f"{load.load_id}.parquet").exists()
    }
    if not names:
        return []
    instants = ", ".join(
        engine.identifier(column.name) for column in dataset.columns if column.kind == "instant"
    )
    key = " || chr(31) || ".join(engine.identifier(name) for name in dataset.key)
    limit = months_before(cutoff, 1)
    with engine.connect() as connection:
        landed = engine.parquet(connection, folder / "*.parquet", raw_columns(dataset))
        spans = {
            load_id: (first, newest)
            for load_id, first, newest in connection.execute(
                f"select load_id, cast(date_trunc('month', min(least({instants}))) as date),"
                f" cast(date_trunc('month', max(greatest({instants}))) as date)"
                f" from {landed} group by load_id"
            ).fetchall()
        }
        # A file without a row is as old as its load.
        for load in names.values():
            month = _month_of(load.loaded_at)
            spans.setdefault(load.load_id, (month, month))
        going = {load_id for load_id, (_, newest) in spans.items() if newest < limit}
        held = {
            load_id: hold
            for load_id in going
            for hold in in_force
            if hold.covers(dataset.name, *spans[load_id])
        }
        free = going - held.keys()
        if free:
            connection.execute(
                f"create table landed as select distinct load_id, {key} as key from {landed}"
            )
        while free:
            bound = connection.execute(
                "select distinct going.load_id from landed as going"
                " inner join landed as staying on going.key = staying.key"
                " where list_contains($free, going.load_id) and not list_contains($free, staying.load_id)",
                {"free": sorted(free)},
            ).fetchall()
            if not bound:
                break
            free -= {load_id for (load_id,) in bound}
    return [
        Item(
            dataset.name,
            *spans[load.load_id],
            (folder / name).relative_to(home.root).as_posix(),
            load.rows_loaded,
            (folder / name).stat().st_size,
            held.get(load.load_id),
        )
        for name, load in sorted(names.items())
        if load.load_id in free or load.load_id in held
    ]


def _quarantine(home: Home) -> Iterator[Item]:
    """Quarantine files, by the month in which they were loaded."""
    for load in ledger.read_ledger(home):
        path = home.quarantine_file(load.dataset, load.load_id)
        if path.exists():
            month = _month_of(load.loaded_at)
            yield _item(home, "quarantine", (month, month), path, load.rows_rejected)


def _reports(home: Home) -> Iterator[Item]:
    """Files of reports, by the month of the last day of their period; the page of now is of now."""
    storage = storage_of(home.reports)
    for name, period in reports.read_periods(home.reports, storage):
        folder = home.reports / name
        if period.cadence == "now":
            continue
        months = (period.starts_on.replace(day=1), period.ends_on.replace(day=1))
        for path in sorted(folder.rglob("*")):
            suffix = storage.known_as(path).suffix
            if path.is_file() and path.parent == folder and suffix == ".json":
                # What lists the files goes with the last of them.
                continue
            if path.is_file():
                kind = "pdfs" if suffix == ".pdf" else "pages"
                yield _item(home, kind, months, path, None)


def _outbox(home: Home) -> Iterator[Item]:
    """Files of the outbox, by the month that they are about."""
    for path in sorted(home.outbox.glob("*/*")):
        try:
            month = parse_month(path.parent.name)
        except UnusableInput:
            continue
        yield _item(home, "outbox", (month, month), path, None)


def _item(
    home: Home, kind: str, months: tuple[dt.date, dt.date], path: Path, rows: int | None
) -> Item:
    return Item(kind, *months, path.relative_to(home.root).as_posix(), rows, path.stat().st_size)


def _month_of(instant: str) -> dt.date:
    return dt.date.fromisoformat(instant[:10]).replace(day=1)


def proof(home: Home, items: Sequence[Item]) -> str:
    """SHA-256 over the sorted lines `hash  path` of files: who kept such a list can show that it is the one.

    The paths themselves name agents and so do not belong into the ledger.
    """
    lines = []
    for item in items:
        path = home.root / item.path
        digest = hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else "-"
        lines.append(f"{digest}  {item.path}\n")
    return hashlib.sha256("".join(sorted(lines)).encode()).hexdigest()


def record_of(home: Home, listing: Listing, identity: str) -> dict[str, object]:
    """The content of the record of a purge: what, how much, by which rule. Nobody is named."""
    kinds = []
    for rule in listing.rules:
        items = [item for item in listing.due if item.kind == rule.kind]
        if items:
            kinds.append(
                {
                    "kind": rule.kind,
                    "keep_months": rule.keep_months,
                    "before": month_text(rule.cutoff),
                    "files": len(items),
                    "rows": sum(item.rows or 0 for item in items),
                    "bytes": sum(item.bytes for item in items),
                    "proof": proof(home, items),
                }
            )
    raw = [item.path for item in listing.due if item.kind in RAW_KINDS]
    content: dict[str, object] = {
        "purge": identity,
        "rules_sha256": listing.rules_sha256,
        "kinds": kinds,
        "kept_from": month_text(listing.kept_from) if listing.kept_from else None,
        "files": dict.fromkeys(raw),
    }
    return json.loads(json.dumps(content))  # type: ignore[no-any-return]
