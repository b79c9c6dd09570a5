"""A mapping as SQL: over their columns as text, each column of ours as text, and why there is none.

What it makes goes through the same checks as a landed file. A local time that the clocks make ambiguous or
impossible is a reason, never a guess.
"""

from collections.abc import Sequence

from ingestion import rules
from ingestion.engine import identifier, literal
from ingestion.mapping.language import (
    EPOCH,
    EPOCH_MS,
    ISO,
    PLACEHOLDER,
    Conditions,
    Entry,
    Value,
)

_WITH_OFFSET = rules.CLOCK + rules.OFFSET
# The offsets of a zone before and after a change. The clock's time is up to 14 hours from UTC.
_BEFORE_AND_AFTER = ("-", "+")
_REACH = "INTERVAL 26 HOUR"
_NUMBER = r"\d+(\.\d+)?"
_COMMA_NUMBER = r"[+-]?(\d{1,3}(\.\d{3})+|\d+)(,\d+)?"
# Ninety years: more is no time that is added to a call's begin.
_LONGEST = 2_840_140_800

Stage = dict[str, str]


def theirs(name: str) -> str:
    """Their column, in lower case, as a quoted identifier that none of ours has."""
    return identifier(f"their {name}")


def why(name: str) -> str:
    """The column of reasons of a column of ours, as a quoted identifier."""
    return identifier(f"why {name}")


def mapped_rows(entry: Entry) -> str:
    """SELECT over `numbered`, which has `place` and their columns.

    Its columns: row_number, line_number, record, and of each column of ours the text and the reason why there
    is none (null where there is no fault).
    """
    stages: list[Stage] = [{}, {}, {}, {}]
    for number, value in enumerate(entry.values):
        _picked(stages[0], number, value)
        _read(stages, number, value)
    rows = "numbered"
    blank = ", ".join(
        f"nullif(trim({theirs(name)}), '') AS {theirs(name)}" for name in entry.theirs
    )
    rows = f"(SELECT place{', ' if blank else ''}{blank} FROM {rows})"
    kept = _condition(entry.only_if, entry.skip_if)
    if kept:
        rows = f"(FROM {rows} WHERE {kept})"
    for stage in stages:
        if stage:
            added = ", ".join(f"{sql} AS {name}" for name, sql in stage.items())
            rows = f"(SELECT *, {added} FROM {rows})"
    ours = "".join(
        f", {_text(number)} AS {identifier(value.column.name)},"
        f" {_why(number)} AS {why(value.column.name)}"
        for number, value in enumerate(entry.values)
    )
    packed = ", ".join(
        f"{identifier(shown)} := {theirs(name)}" for name, shown in entry.theirs.items()
    )
    record = f"CAST(to_json(struct_pack({packed})) AS VARCHAR)" if packed else "''"
    return (
        "SELECT place AS row_number, CAST(NULL AS BIGINT) AS line_number,"
        f" {record} AS record{ours} FROM {rows}"
    )


def _cell(number: int) -> str:
    """What is read for a value, as text."""
    return f"p{number}"


def _text(number: int) -> str:
    return f"t{number}"


def _why(number: int) -> str:
    return f"w{number}"


def _picked(stage: Stage, number: int, value: Value) -> None:
    if value.constant is not None:
        picked = literal(value.constant)
    elif value.template is not None:
        picked = _filled(value.template)
    else:
        picked = f"coalesce({', '.join(map(theirs, value.theirs))})"
    condition = _condition(value.only_if, value.skip_if)
    stage[_cell(number)] = f"CASE WHEN {condition} THEN {picked} END" if condition else picked


def _filled(template: str) -> str:
    """SQL of a template; null where one of its columns is empty."""
    parts = PLACEHOLDER.split(template)
    pieces = [
        theirs(part.strip().lower()) if place % 2 else literal(part)
        for place, part in enumerate(parts)
        if part or place % 2
    ]
    return " || ".join(pieces)


def _condition(only_if: Conditions, skip_if: Conditions) -> str:
    tests = [f"{_is_among(name, values)}" for name, values in only_if]
    tests += [f"NOT {_is_among(name, values)}" for name, values in skip_if]
    return " AND ".join(tests)


def _is_among(name: str, values: Sequence[str]) -> str:
    return f"(coalesce(lower({theirs(name)}), '') IN ({', '.join(map(literal, values))}))"


def _read(stages: list[Stage], number: int, value: Value) -> None:
    """Add what makes the text of ours and the reason of what was picked."""
    cell = _cell(number)
    last = stages[3]
    last[_text(number)], last[_why(number)] = cell, "CAST(NULL AS VARCHAR)"
    if value.constant is not None or value.template is not None:
        return
    if value.column.kind == "instant":
        _read_instant(stages, number, value)
    elif value.values is not None:
        _read_values(last, number, value)
    elif value.column.kind == "date" and value.formats:
        days = ", ".join(f"try_strptime({cell}, {literal(one)})" for one in value.formats)
        _set(
            last,
            number,
            value,
            f"strftime(coalesce({days}), '%Y-%m-%d')",
            f"is no day of the form {' or '.join(value.formats)}",
        )
    elif value.column.kind == "seconds" and (value.unit, value.decimal) != ("seconds", "point"):
        _set(
            last,
            number,
            value,
            f"CAST(CAST(round({_seconds(cell, value.unit, value.decimal)}) AS BIGINT) AS VARCHAR)",
            f"is no time in {value.unit}",
        )
    elif value.column.kind in ("integer", "decimal") and value.decimal == "comma":
        _set(last, number, value, _with_point(cell), "is no number with a decimal comma")


def _set(stage: Stage, number: int, value: Value, made: str, complaint: str) -> None:
    """Take what was made; where nothing was, the cell stays as it was read, with the reason."""
    cell = _cell(number)
    stage[_text(number)] = f"coalesce({made}, {cell})"
    stage[_why(number)] = (
        f"CASE WHEN {cell} IS NOT NULL AND {made} IS NULL THEN {_said(value, cell, complaint)} END"
    )


def _said(value: Value, cell: str, complaint: str) -> str:
    return (
        f"{literal(value.label + ' ')} || '''' || left({cell}, {rules.VALUE_LENGTH})"
        f" || {literal(chr(39) + ' ' + complaint)}"
    )


def _read_values(stage: Stage, number: int, value: Value) -> None:
    assert value.values is not None
    cell = _cell(number)
    named = [(key, ours) for key, ours in value.values if key != ""]
    empty = dict(value.values).get("", "")
    cases = "".join(
        f" WHEN {literal(key)} THEN {literal(ours) if ours else 'NULL'}" for key, ours in named
    )
    other = {"reject": cell, "keep": cell, "empty": "NULL"}.get(value.other) or literal(value.other)
    looked_up = f"CASE lower({cell}){cases} ELSE {other} END" if cases else other
    blank = literal(empty) if empty else "NULL"
    stage[_text(number)] = f"CASE WHEN {cell} IS NULL THEN {blank} ELSE {looked_up} END"
    if value.other == "reject":
        keys = ", ".join(literal(key) for key, _ in named) or "NULL"
        complaint = "is not among the values of the mapping: add it there, or say what other is"
        stage[_why(number)] = (
            f"CASE WHEN {cell} IS NOT NULL AND NOT coalesce(lower({cell}) IN ({keys}), false)"
            f" THEN {_said(value, cell, complaint)} END"
        )


def _read_instant(stages: list[Stage], number: int, value: Value) -> None:
    cell = _cell(number)
    local, fixed = f"l{number}", f"f{number}"
    locals_, fixeds = _parsed(value, cell)
    in_range = "BETWEEN TIMESTAMP '1970-01-02' AND TIMESTAMP '2100-12-30'"
    stages[1][local] = _first(locals_, "TIMESTAMP")
    stages[1][fixed] = _first(fixeds, "TIMESTAMPTZ")
    exact, faults = fixed, []
    if value.formats == (ISO,):
        form = (
            "is no ISO 8601 time, such as 2026-01-31 09:30:00: say its time_format in the mapping"
        )
    else:
        form = f"is no time of the form {' or '.join(value.formats)}"
    faults.append((f"{local} IS NULL AND {fixed} IS NULL", form))
    if value.zone is not None:
        zone = literal(value.zone)
        faults.append(
            (
                f"{fixed} IS NULL AND NOT ({local} {in_range})",
                "does not lie in the years 1970 to 2100",
            )
        )
        candidates = [f"a{number}", f"b{number}"]
        for candidate, direction in zip(candidates, _BEFORE_AND_AFTER, strict=True):
            stages[2][candidate] = (
                f"CASE WHEN {fixed} IS NULL AND {local} {in_range} THEN"
                f" {_possible(local, zone, direction)} END"
            )
        one, other = candidates
        exact = f"coalesce({fixed}, {one}, {other})"
        faults += [
            (
                f"{exact} IS NULL",
                f"does not exist in {value.zone}: the clocks were put forward over it",
            ),
            (
                f"{one} <> {other}",
                f"is twice in {value.zone}: the clocks were put back over it, and the export does not say"
                " which it is; export it in UTC or with the offset from UTC",
            ),
        ]
    shift, shift_faults = _shift(value)
    cases = "".join(f" WHEN {when} THEN {_said(value, cell, then)}" for when, then in faults)
    cases += "".join(f" WHEN {when} THEN {then}" for when, then in shift_faults)
    written = f"strftime({exact}{shift}, '%Y-%m-%dT%H:%M:%S.%fZ')"
    if value.zone is None:
        # A time without an offset is for the contract to judge.
        written = f"CASE WHEN {fixed} IS NULL THEN {cell} ELSE {written} END"
    stages[3][_why(number)] = f"CASE WHEN {cell} IS NULL THEN NULL{cases} END"
    stages[3][_text(number)] = (
        f"CASE WHEN {cell} IS NULL THEN NULL{''.join(f' WHEN {when} THEN {cell}' for when, _ in faults)}"
        f"{''.join(f' WHEN {when} THEN {cell}' for when, _ in shift_faults)} ELSE {written} END"
    )


def _possible(local: str, zone: str, direction: str) -> str:
    """SQL of the instant at which the clock showed `local` by the offset of some time before or after; null if none.

    Both sides of a change of the clocks have a say: two different answers are an ambiguous time, none an impossible.
    """
    near = f"(timezone('UTC', {local}) {direction} {_REACH})"
    offset = f"(timezone({zone}, {near}) - timezone('UTC', {near}))"
    instant = f"timezone('UTC', {local} - {offset})"
    return f"CASE WHEN timezone({zone}, {instant}) = {local} THEN {instant} END"


def _parsed(value: Value, cell: str) -> tuple[list[str], list[str]]:
    """SQL of the local times, and of the instants, that the formats make of a cell."""
    locals_, fixeds = [], []
    for one in value.formats:
        if one == ISO:
            short = f"left({cell}, 16) || ':00'"
            locals_.append(
                f"CASE WHEN {_matches(cell, rules.CLOCK)} THEN coalesce(TRY_CAST({cell} AS TIMESTAMP),"
                f" TRY_CAST({short} AS TIMESTAMP)) END"
            )
            exact = rules.converted(value.column, cell)
            fixeds.append(f"CASE WHEN {_matches(cell, _WITH_OFFSET)} THEN {exact} END")
        elif one in (EPOCH, EPOCH_MS):
            digits, factor = (
                (r"\d{1,10}(\.\d{1,6})?", 1_000_000) if one == EPOCH else (r"\d{1,13}", 1_000)
            )
            fixeds.append(
                f"CASE WHEN {_matches(cell, digits)} THEN make_timestamptz(CAST("
                f"TRY_CAST({cell} AS DECIMAL(19,6)) * {factor} AS BIGINT)) END"
            )
        elif "%z" in one:
            fixeds.append(f"try_strptime({cell}, {literal(one)})")
        else:
            locals_.append(f"try_strptime({cell}, {literal(one)})")
    return locals_, fixeds


def _first(candidates: Sequence[str], sql_type: str) -> str:
    return f"coalesce({', '.join((*candidates, f'CAST(NULL AS {sql_type})'))})"


def _shift(value: Value) -> tuple[str, list[tuple[str, str]]]:
    """SQL to append to an instant, and when it is at fault with SQL of the reason. An empty cell leaves no instant."""
    shift, faults = "", []
    for one in value.durations:
        cell = theirs(one.column)
        seconds = _seconds(cell, one.unit, value.decimal)
        shift += (
            f" {'+' if one.sign > 0 else '-'} to_microseconds(CAST({seconds} * 1000000 AS BIGINT))"
        )
        faults.append(
            (
                f"{cell} IS NOT NULL AND {seconds} IS NULL",
                f"{literal(f'{value.column.name} from {one.column} ')} || '''' ||"
                f" left({cell}, {rules.VALUE_LENGTH}) || {literal(f'{chr(39)} is no time in {one.unit}')}",
            )
        )
    return shift, faults


def _seconds(cell: str, unit: str, decimal: str) -> str:
    """SQL of the seconds that a text says, a DECIMAL; null where it says none."""
    if unit in ("hh:mm:ss", "mm:ss"):
        hours = r"(\d{1,6}):([0-5]?\d)" if unit == "hh:mm:ss" else r"()(\d{1,6})"
        pattern = literal(hours + r":([0-5]?\d)")
        parts = [f"regexp_extract({cell}, {pattern}, {part})" for part in (1, 2, 3)]
        if unit == "mm:ss":
            parts[0] = "'0'"
        hour, minute, second = (f"TRY_CAST({part} AS DECIMAL(12,0))" for part in parts)
        return (
            f"CASE WHEN regexp_full_match({cell}, {pattern}) THEN"
            f" {hour} * 3600 + {minute} * 60 + {second} END"
        )
    number = _with_point(cell) if decimal == "comma" else cell
    factor = {"seconds": "1", "milliseconds": "0.001", "minutes": "60"}[unit]
    seconds = f"TRY_CAST({number} AS DECIMAL(16,3)) * {factor}"
    return f"CASE WHEN {_matches(number, _NUMBER)} AND {seconds} < {_LONGEST} THEN {seconds} END"


def _with_point(cell: str) -> str:
    """SQL of a number with a decimal comma, and perhaps points between thousands, as one with a point."""
    return (
        f"CASE WHEN {_matches(cell, _COMMA_NUMBER)} THEN"
        f" replace(replace({cell}, '.', ''), ',', '.') END"
    )


def _matches(cell: str, pattern: str) -> str:
    return f"regexp_full_match({cell}, {literal(pattern)})"
