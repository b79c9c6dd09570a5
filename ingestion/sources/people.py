r"""Where vendors' records name people who work here, as SQL over a record's text.

A place of a log is the number of a field and, where it holds a person for some events alone, those
events: `6 BLINDTRANSFER`. A place of a JSON object is a path:

    $.Agent.Username                      that value of the record
    $..Configuration.Username             that value of every object `Configuration` at any depth
    $.follower_ids[*]                     each value of a list
    $..value[field_name=assignee_id]      of objects that also have this member

Ids count as whole values alone: the id 1001 is somebody where an agent stands, and a number elsewhere.
A record stays as the vendor wrote it, but for what is replaced: it is the text that is changed.
"""

import json
import re
from collections.abc import Collection, Iterable, Iterator

from ingestion.engine import literal
from ingestion.sources.entities import AROUND, Entity

_TEXT = r'"(?:[^"\\]|\\.)*"'
_NUMBER = r"-?[0-9][0-9.eE+-]*"
_DEPTH = 6
_CONDITION = re.compile(r"\[(\w+)=(\w+)\]$")
_TOKEN = re.compile(rf'{_TEXT}|[^\s"|,:{{}}\[\]]+')
# What stands for nobody.
_NOBODY = ("", "NONE")


def _skipped() -> str:
    """What may stand between two members of one object, those inside of others included."""
    inner = ""
    for _ in range(_DEPTH):
        nested = rf"|[{{\[]{inner}[}}\]]" if inner else ""
        inner = rf'(?:[^{{}}\[\]"]|{_TEXT}{nested})*'
    return inner


_SKIPPED = _skipped()


def written(text: str) -> str:
    r"""A text as a regular expression of how JSON may write it: each character as it is or as `\u00fc`."""
    return "".join(_character(one) for one in text)


def _character(one: str) -> str:
    units = one.encode("utf-16-be").hex()
    escaped = "".join(rf"\\u(?i:{units[at : at + 4]})" for at in range(0, len(units), 4))
    short = {"\n": "n", "\t": "t", "\r": "r", "\b": "b", "\f": "f"}.get(one)
    plain = rf"\\{short}" if short else rf"\\?{_quoted(one)}" if one in '"\\/' else _quoted(one)
    return f"(?:{plain}|{escaped})"


def _plain(text: str) -> str:
    return "".join(_quoted(one) for one in text)


def _quoted(one: str) -> str:
    return f"\\{one}" if one.isascii() and one.isprintable() and not one.isalnum() else one


def bare(entity: Entity, value: str) -> str:
    """An id without what the vendor may put around it."""
    before, after = AROUND.get(entity.source, ("", ""))
    return re.sub(f"(?:{after})$", "", re.sub(f"^(?:{before})", "", value, count=1), count=1)


def ids(entity: Entity, place: str) -> str:
    """SQL of the list of ids that a record's `payload` has at a place, without what is around them."""
    before, after = AROUND.get(entity.source, ("", ""))
    stripped = f"regexp_replace(one, {literal('^' + before)}, '')" if before else "one"
    stripped = f"regexp_replace({stripped}, {literal(after + '$')}, '')" if after else stripped
    nobody = ", ".join(literal(one) for one in _NOBODY)
    return (
        f"list_filter(list_transform({_values(entity, place)}, lambda one: {stripped}),"
        f" lambda one: one NOT IN ({nobody}))"
    )


def _values(entity: Entity, place: str) -> str:
    if entity.form == "log":
        field, *events = place.split()
        value = f"string_split(payload, '|')[{field}]"
        if events:
            among = ", ".join(literal(event) for event in events)
            value = f"CASE WHEN string_split(payload, '|')[5] IN ({among}) THEN {value} END"
        return f"[{value}]"
    if _CONDITION.search(place):
        found = " || ".join(
            f"regexp_extract_all(payload, {literal(pattern)}, 2)"
            for pattern in _patterns(entity, place, f"{_TEXT}|{_NUMBER}")
        )
        return f"list_transform({found}, lambda found: found ->> '$')"
    is_list = ".." in place or "[*]" in place
    value = f"(payload ->> {literal(place)})"
    return value if is_list else f"[{value}]"


def named(entity: Entity, places: Iterable[str], people: Collection[str]) -> str:
    """SQL that is true where a record has one of the ids at one of the places."""
    if not people:
        return "false"
    sought = f"[{', '.join(literal(one) for one in sorted(people))}]"
    # Of most records it is known without reading them as JSON.
    cheap = f"regexp_matches(payload, {literal('|'.join(written(one) for one in sorted(people)))})"
    found = " OR ".join(
        f"coalesce(list_has_any({ids(entity, place)}, {sought}), false)" for place in places
    )
    return f"({cheap} AND ({found or 'false'}))"


def replaced(
    entity: Entity, places: Iterable[str], people: Collection[str], by: str, value: str
) -> str:
    """SQL of the record `value` with the ids replaced at these places, whatever is around them."""
    if not people:
        return value
    before, after = AROUND.get(entity.source, ("", ""))
    write = written if entity.form == "objects" else _plain
    either = "|".join(write(one) for one in sorted(people))
    one = f"{before}(?:{either}){after}"
    if entity.form == "objects":
        numbers = [one for one in sorted(people) if one.isdecimal()]
        one = "|".join([f'"{one}"', *numbers])
    return _exchanged(entity, places, one, by, value)


def emptied(entity: Entity, by: str, value: str) -> str:
    """SQL of the record `value` with something else in place of the names of whom it is about."""
    return _exchanged(entity, entity.names, f"{_TEXT}|{_NUMBER}", by, value)


def _exchanged(entity: Entity, places: Iterable[str], one: str, by: str, value: str) -> str:
    new = literal(rf"\1{by if entity.form == 'log' else json.dumps(by)}\3")
    for place in places:
        for pattern in _patterns(entity, place, one):
            value = f"regexp_replace({value}, {literal(pattern)}, {new}, 'g')"
    return value


def _patterns(entity: Entity, place: str, value: str) -> Iterator[str]:
    """Regular expressions of a record with such a value at the place, which is group 2."""
    if entity.form == "log":
        field, *events = place.split()
        fields = rf"(?:[^|]*\|){{{int(field) - 1}}}"
        if events:
            fields = rf"(?:[^|]*\|){{4}}(?:{'|'.join(events)})\|(?:[^|]*\|){{{int(field) - 6}}}"
        yield rf"^({fields})({value})($|\|)"
        return
    condition = _CONDITION.search(place)
    path = place[: condition.start()] if condition else place
    is_list = path.endswith("[*]")
    is_anywhere = path.startswith("$..")
    names = path.removesuffix("[*]").removeprefix("$").strip(".").split(".")
    way = rf"\s*:\s*\{{{_SKIPPED}".join(f'"{name}"' for name in names) + r"\s*:\s*"
    if not is_anywhere:
        way = rf"^\s*\{{{_SKIPPED}{way}"
    if is_list:
        way += rf"\[(?:(?:{_TEXT}|[^\s,\"\]]+)\s*,\s*|\s)*"
    end = r"\s*[,}\]]"
    if not condition:
        yield f"({way})({value})({end})"
        return
    member = rf'"{condition[1]}"\s*:\s*"{condition[2]}"'
    yield f"({member}{_SKIPPED}{way})({value})({end})"
    yield rf"({way})({value})(\s*,{_SKIPPED}{member})"


def without_number(entity: Entity, number: str, by: str) -> str:
    """SQL of a record with a text in place of a number, such as that of a telephone, that is a value of its own.

    In a log it is looked for among an event's parameters: instants are numbers too.
    """
    if entity.form == "log":
        border = r"[^\p{L}\p{N}]"
        fields = r"(?:[^|]*\|){5}"
        pattern, new = rf"^({fields}|{fields}.*{border})({number})($|{border})", rf"\1{by}\3"
    else:
        pattern, new = rf'([^\\]"\s*:\s*)({number})(\s*[,}}\]])', rf"\1{json.dumps(by)}\3"
    return f"regexp_replace(payload, {literal(pattern)}, {literal(new)}, 'g')"


def tokens(entity: Entity, text: str) -> Iterator[str]:
    """Whatever in a text may be an id, without what is around it; also of what is no record."""
    return (bare(entity, word) for word in words(text, r"\|"))


def words(text: str, separators: str = r"[,;|\t]") -> Iterator[str]:
    """Whatever in a line of a file may be an id: cells between separators, JSON's texts, and what stands alone."""
    yield from (cell.strip() for cell in re.split(separators, text))
    for found in _TOKEN.findall(text):
        token = str(found)
        if token.startswith('"'):
            try:
                token = str(json.loads(token, strict=False))
            except ValueError:
                token = token[1:-1]
        yield token
