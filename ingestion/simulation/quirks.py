"""What real exports have and a perfect one would not; none of it may change a figure.

Two kinds: flaws of the world, which the truth contains (`kept_clock_outs`, `overlap`, `Orphan`),
and flaws of the export, which reading it well must undo (`spoil`).
"""

from dataclasses import dataclass, fields

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ingestion.simulation import schema
from ingestion.simulation.chance import stream
from ingestion.simulation.contacts import Contacts
from ingestion.simulation.rota import AVAILABLE, AWAY, END
from ingestion.simulation.schema import MISSING, Flags, Floats, Ints
from ingestion.simulation.settings import DAY_S, Month
from ingestion.simulation.timeline import Intervals, Segments

# Parts of one month's export: what came first, the export itself, what came late.
EARLY, MAIN, LATE = range(3)
UPDATED_AT = "updated_at"
# Marks rows whose first instant is to lose its offset; never written.
NAIVE = "__naive__"
ORPHAN_ID = "X-9001"

_BAD_SHARE = 0.003
_MOST_BAD = 12
# Below this, one bad line would already be too large a share of the file.
_ROWS_FOR_GARBAGE = 1000
_ENUMS = {
    "agents": ("role", "time_zone", "function"),
    "kpi_targets": ("direction",),
    "status_events": ("status",),
    "shifts": ("activity",),
    "interactions": ("channel", "direction", "outcome"),
    "tickets": ("status",),
    "compliance_events": ("severity",),
}
_OUT_OF_RANGE: dict[str, tuple[tuple[str, float], ...]] = {
    "interactions": (("talk_seconds", -30), ("acw_seconds", -1)),
    "qa_evaluations": (("score", 140.0), ("tone", -2.0)),
    "csat_surveys": (("score", 9),),
    "training_records": (("pre_score", -4.0), ("post_score", 101.0)),
}
# How an older version of a row differs: a new value, or an instant moved by seconds.
_OLDER: dict[str, dict[str, str | float | None]] = {
    "agents": {"skill_level": "foundation", "phone": None},
    "teams": {"team_name": "to be named", "supervisor_id": None},
    "kpi_targets": {"target": 1.0, "critical_threshold": None},
    "status_events": {"status": "unavailable", "reason": "draft", "occurred_at": -45},
    "shifts": {"ends_at": 900, "activity": "training"},
    "interactions": {"outcome": "unresolved", "talk_seconds": 7.0, "ended_at": 600},
    "tickets": {"status": "open", "resolved_at": None},
    "qa_evaluations": {"score": 50.0, "critical_fail": None},
    "csat_surveys": {"responded_at": None, "score": None},
    "system_usage": {"ended_at": 3600},
    "compliance_events": {"severity": "major", "resolved_at": None},
    "sales": {"converted_at": None, "revenue": None, "currency": None},
    "feedback_sessions": {"notes": "draft", "acknowledged_at": None},
    "training_records": {"post_score": 1.0},
}


@dataclass(frozen=True)
class Draft:
    """A table that becomes one file, and what is to go wrong with the file.

    `bad`: rows that break the contract, the garbage line included.
    """

    part: int
    table: pa.Table
    bad: int = 0
    garbage: bool = False
    crlf: bool = False
    bom: bool = False
    extra_column: bool = False
    sent_twice: bool = False


def kept_clock_outs(segments: Segments, seed: int, month: Month, site: int) -> Flags:
    """All segments but half a percent of the clock-outs, never an agent's last one of the month."""
    rng = stream(seed, "missing clock-outs", month.index, site)
    last = np.append(segments.agent[1:] != segments.agent[:-1], True)
    candidates = np.flatnonzero((segments.state == AWAY) & (segments.reason == END) & ~last)
    count = min(len(candidates), max(1, len(candidates) // 200))
    keep = np.ones(len(segments.agent), dtype=bool)
    keep[rng.choice(candidates, count, replace=False)] = False
    return keep


def overlap(contacts: Contacts, rng: np.random.Generator) -> Contacts:
    """Let some agents handle a second contact while the first still runs.

    The second one lies within the first, so the union of handling stays what it was.
    """
    long_enough = np.flatnonzero(contacts.handled & (contacts.ended - contacts.answered > 90))
    chosen = np.sort(rng.choice(long_enough, min(len(long_enough), 2 + len(long_enough) // 1000)))
    clone = {
        field.name: getattr(contacts, field.name)[chosen]
        for field in fields(contacts)
        if field.name != "prefix"
    }
    clone["queued"] = clone["queued"] + 25
    clone["answered"] = clone["answered"] + 25
    clone["hold"] = np.zeros_like(chosen)
    clone["talk"] = clone["ended"] - clone["answered"]
    clone["customer"] = 90_000_000 + chosen
    clone["case"] = np.full_like(chosen, MISSING)
    return Contacts(
        contacts.prefix,
        **{name: np.concatenate([getattr(contacts, name), tail]) for name, tail in clone.items()},
    )


class Orphan:
    """One person who works, and whom `agents` does not know; noon of the month's tenth day."""

    def __init__(self, number: int, month: Month) -> None:
        """`number`: the person's number on the common time axis."""
        self._label = month.label.replace("-", "")
        noon = (month.first_day + 9) * DAY_S + 12 * 3600
        self._answered = noon + 600 * np.arange(1, 4)
        self._ended = self._answered + 240
        self.segments = Segments(
            np.full(2, number),
            np.array([noon, noon + 7200]),
            np.array([AVAILABLE, AWAY]),
            np.array([MISSING, END]),
        )
        self.busy = Intervals(np.full(3, number), self._answered, self._ended + 30)

    def tables(self) -> dict[str, pa.Table]:
        """The orphan's rows, by dataset."""
        events = self.segments.start
        return {
            "status_events": schema.build(
                "status_events",
                event_id=schema.numbered(f"E-X-{self._label}", np.arange(2)),
                agent_id=[ORPHAN_ID] * 2,
                occurred_at=events,
                status=["available", "away"],
                reason=[None, "end_of_shift"],
                unit=[None, None],
            ),
            "interactions": schema.build(
                "interactions",
                interaction_id=schema.numbered(f"I-X-{self._label}", np.arange(3)),
                agent_id=[ORPHAN_ID] * 3,
                customer_id=schema.numbered(f"C-X-{self._label}", np.arange(3)),
                channel=["voice"] * 3,
                direction=["inbound"] * 3,
                queue=["overflow"] * 3,
                topic=["billing", None, "refund"],
                case_id=[None] * 3,
                queued_at=self._answered - 8,
                answered_at=self._answered,
                ended_at=self._ended,
                talk_seconds=np.full(3, 220),
                hold_seconds=np.full(3, 20),
                acw_seconds=np.full(3, 30),
                outcome=["resolved", "resolved", "unresolved"],
                transferred_to=[None] * 3,
            ),
            "tickets": schema.build(
                "tickets",
                ticket_id=[f"TK-X-{self._label}"],
                agent_id=[ORPHAN_ID],
                kind=["ticket"],
                created_at=self._answered[:1],
                status=["resolved"],
                resolved_at=self._ended[:1],
            ),
        }


def spoil(
    dataset: str, table: pa.Table, rng: np.random.Generator, as_text: bool, can_edit: bool
) -> list[Draft]:
    """The drafts of one month's export of `table`, whose rows are the truth.

    as_text: instants are written as text, so they can be naive; can_edit: an uncompressed text
    file, whose bytes can be spoiled too. Without `updated_at`, older versions only come before.
    """
    has_versions = UPDATED_AT in table.column_names
    if has_versions and rng.random() < 0.25:
        # This export has no such column: load order decides.
        table, has_versions = table.drop_columns([UPDATED_AT]), False
    n = len(table)
    chosen = rng.permutation(n)
    old = _older(dataset, table.take(chosen[: n // 100 + 1]), rng)
    late = np.zeros(n, dtype=bool)
    late[chosen[n // 100 + 1 :][: n // 80]] = True
    again = rng.choice(n, n // 150 + 1)
    thirds = np.arange(len(old)) % 3
    main = table.filter(pa.array(~late))
    bad = _bad_rows(dataset, table, rng, as_text)
    parts = {
        EARLY: _stack([old.filter(pa.array(thirds == 0))]),
        MAIN: _stack([main, table.take(again[::2]).filter(pa.array(~late[again[::2]])), bad]),
        LATE: _stack([table.filter(pa.array(late)), table.take(again[1::2])]),
    }
    parts[MAIN] = parts[MAIN].take(rng.permutation(len(parts[MAIN])))
    front = old.filter(pa.array((thirds == 1) | ((thirds == 2) & (not has_versions))))
    parts[MAIN] = _stack([front, parts[MAIN]])
    if has_versions:
        parts[LATE] = _stack([parts[LATE], old.filter(pa.array(thirds == 2))])
    garbage = can_edit and n >= _ROWS_FOR_GARBAGE
    # A line break inside a quoted note is content; a CRLF file would change it.
    crlf = can_edit and dataset != "feedback_sessions" and rng.random() < 0.5
    return [
        Draft(
            part=part,
            table=rows,
            bad=(len(bad) + garbage) if part == MAIN else 0,
            garbage=garbage and part == MAIN,
            crlf=crlf,
            bom=can_edit and rng.random() < 0.5,
            extra_column=bool(rng.random() < 0.4),
            sent_twice=part == MAIN and bool(rng.random() < 0.3),
        )
        for part, rows in parts.items()
        if len(rows)
    ]


def _stack(tables: list[pa.Table]) -> pa.Table:
    marked = [
        table
        if NAIVE in table.column_names
        else table.append_column(NAIVE, pa.array(np.zeros(len(table), dtype=bool)))
        for table in tables
    ]
    return pa.concat_tables(marked)


def _older(dataset: str, rows: pa.Table, rng: np.random.Generator) -> pa.Table:
    for column, change in _OLDER[dataset].items():
        kind = rows.schema.field(column).type
        if kind == schema.INSTANT and change is not None:
            values = _shift(rows[column], np.full(len(rows), float(change)))
        else:
            values = pa.array([change] * len(rows)).cast(kind)
        rows = _put(rows, column, values)
    if UPDATED_AT in rows.column_names:
        earlier = -rng.integers(3600, 3 * DAY_S, len(rows)).astype(np.float64)
        rows = _put(rows, UPDATED_AT, _shift(rows[UPDATED_AT], earlier))
    return rows


def _bad_rows(dataset: str, table: pa.Table, rng: np.random.Generator, as_text: bool) -> pa.Table:
    """Rows that break the contract, one way each; half under the key of a good row."""
    n = min(_MOST_BAD, int(len(table) * _BAD_SHARE))
    rows = table.take(rng.choice(len(table), n, replace=False))
    key = schema.KEYS[dataset][0]
    has_instants = schema.INSTANT in schema.COLUMNS[dataset].values()
    flaws: list[tuple[str, str | float | None]] = [(key, None)] if key != "team_id" else []
    flaws += [(column, "no such value") for column in _ENUMS.get(dataset, ())]
    flaws += _OUT_OF_RANGE.get(dataset, ())
    if as_text and has_instants:
        flaws.append((NAIVE, None))
    if dataset == "interactions":
        flaws.append(("ended_at", None))
    if not flaws:
        return _stack([rows.slice(0, 0)])
    way = np.arange(n) % len(flaws)
    fresh = pc.binary_join_element_wise(rows[key].combine_chunks(), pa.scalar("bad"), "-")
    rows = _put(rows, key, pc.if_else(pa.array(np.arange(n) % 2 == 0), fresh, rows[key]))
    if UPDATED_AT in rows.column_names:
        rows = _put(rows, UPDATED_AT, _shift(rows[UPDATED_AT], np.full(n, 60.0)))
    for number, (column, value) in enumerate(flaws):
        hit = pa.array(way == number)
        if column == NAIVE:
            continue
        if column == "ended_at":
            start = pc.coalesce(rows["answered_at"], rows["queued_at"])
            # Both must be there for the one to be before the other.
            rows = _put(rows, "answered_at", pc.if_else(hit, start, rows["answered_at"]))
            before = _shift(start, np.full(n, -60.0))
            rows = _put(rows, column, pc.if_else(hit, before, rows[column]))
            continue
        wrong = pa.scalar(value).cast(rows.schema.field(column).type)
        rows = _put(rows, column, pc.if_else(hit, wrong, rows[column]))
    naive = np.array([column == NAIVE for column, _ in flaws])[way]
    return rows.append_column(NAIVE, pa.array(naive))


def _put(rows: pa.Table, column: str, values: pa.Array) -> pa.Table:
    index = rows.schema.get_field_index(column)
    return rows.set_column(index, rows.schema.field(index), values)


def _shift(column: pa.ChunkedArray, seconds: Floats) -> pa.ChunkedArray:
    moves: Ints = (seconds * 1_000_000).astype(np.int64)
    return pc.add(column.cast(pa.int64()), pa.array(moves)).cast(schema.INSTANT)
