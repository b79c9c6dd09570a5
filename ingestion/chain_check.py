"""Checking the chain of the ledger, from its bytes alone."""

from collections.abc import Sequence
from dataclasses import dataclass

from ingestion.ledger import GENESIS, Record, is_sealed, parse


@dataclass(frozen=True)
class Fault:
    """The first record of a chain that is not as it was written.

    `kind` is None where nobody can tell it any more.
    """

    sequence: int
    kind: str | None
    what: str

    def __str__(self) -> str:
        """One line for a person."""
        return f"record {self.sequence}{f' ({self.kind})' if self.kind else ''} {self.what}"


@dataclass(frozen=True)
class Chain:
    """What the bytes of a ledger hold.

    `records`: the lines that are records and fit their own hash, in the order of the file.
    `partial`: whether a line without its end follows, which a stopped writer leaves.
    """

    records: tuple[Record, ...]
    fault: Fault | None
    partial: bool


def check_chain(content: bytes) -> Chain:
    """Read a ledger and name the first record that was changed, moved, inserted or left out.

    A tail that was cut off leaves a shorter, whole chain: only who knows a later hash can tell.
    """
    *lines, tail = content.split(b"\n")
    found = [_sealed(line) for line in lines]
    sealed = tuple(record for record in found if record is not None)
    fault = _first_fault(lines, found) or _changed_end(tail, len(lines))
    return Chain(sealed, fault, partial=bool(tail) and fault is None)


def _sealed(line: bytes) -> Record | None:
    return parse(line) if is_sealed(line) else None


def _first_fault(lines: Sequence[bytes], found: Sequence[Record | None]) -> Fault | None:
    previous = GENESIS
    for index, record in enumerate(found):
        expected = index + 1
        if record is None:
            left = parse(lines[index])
            what = (
                "was changed: it does not fit its hash"
                if left
                else f"was changed: line {expected} is no record"
            )
            return Fault(expected, left.kind if left else None, what)
        if record.sequence > expected:
            return _gap(record, expected, found[index:])
        if record.sequence < expected:
            is_copy = record in found[:index]
            what = "was inserted again" if is_copy else "is there twice: one was inserted"
            return Fault(record.sequence, record.kind, f"{what}, after record {expected - 1}")
        if record.previous != previous:
            return _break(found, index)
        previous = record.hash
    return None


def _gap(record: Record, expected: int, rest: Sequence[Record | None]) -> Fault:
    later = next((one for one in rest if one is not None and one.sequence == expected), None)
    if later is not None:
        return Fault(
            expected, later.kind, f"is out of order: record {record.sequence} stands before it"
        )
    last = record.sequence - 1
    more = f", and so are those up to {last}" if last > expected else ""
    return Fault(
        expected, None, f"is missing{more}: record {record.sequence} ({record.kind}) follows"
    )


def _break(found: Sequence[Record | None], index: int) -> Fault:
    """A record with the right number and a hash of its own that does not follow the one before."""
    record = found[index]
    assert record is not None
    before = found[index - 1] if index else None
    after = found[index + 1] if index + 1 < len(found) else None
    if before is None:
        return Fault(1, record.kind, "was changed: it does not begin a chain")
    if after is not None and (after.sequence == record.sequence or after.previous == before.hash):
        return Fault(record.sequence, record.kind, "was inserted: the chain goes on without it")
    if after is not None and after.previous != record.hash:
        return Fault(
            record.sequence, record.kind, "was put in: its neighbours name another in its place"
        )
    return Fault(
        before.sequence,
        before.kind,
        f"was changed and given a new hash: record {record.sequence} names another",
    )


def _changed_end(tail: bytes, lines: int) -> Fault | None:
    """A stopped writer leaves the beginning of a line, never a whole record and more."""
    record = _sealed(tail[:-1])
    if record is None:
        return None
    return Fault(lines + 1, record.kind, "was changed: its line has no end")
