"""Does a finished report hold anything about a person it is not about?

The linter reads the files as they lie on the disk: pages with their attributes, comments, drawings
and CSV files, and PDFs with their text, alternative texts, metadata, links and attachments.
It knows nothing of how they were made.

What counts as a person's trace:

- the id, with its capitals, and the name of the person's files;
- the e-mail address, and the phone number however its digits are grouped;
- the name, whatever its capitals, also when tags or line breaks divide it. A name that stands inside
  the longer name of a person who may appear is that person's. Two bearers of one name: it counts
  only when neither may appear.

Names of one word ("May", "Will") and ids that could be a number or a word ("7", "CON") count only
where a value stands by itself: in `<bdi>`, which is how pages mark text from data, in a link to a
page under ``agents/``, in a figure's address, and in a CSV field. A number counts only where the
column holds people: ticket 7 is not agent 7. In the running text of a PDF they do not count; the page
made from the same document has them. Arabic, Hebrew, Indic and similar names are drawn from shared
parts and, some, from their end; in a PDF they are sought letter by letter, with small gaps.
"""

import csv
import io
import json
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Set
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date
from html import unescape
from html.parser import HTMLParser
from itertools import chain
from pathlib import Path
from typing import Literal
from urllib.parse import unquote

import duckdb

from reports import processes
from reports.csvfile import csv_at
from reports.errors import ReportError
from reports.manifest import MANIFEST, Entry, read_entries
from reports.pdfread import SHAPED, PdfText, read_pdf
from reports.period import Period
from reports.rows import Rows
from reports.slugs import slugs
from reports.storage import PLAIN, Storage

Trace = Literal["id", "name", "e-mail", "phone"]

CHECKED = "checked.json"
# What a report prints in the place of somebody else.
WITHHELD = "(withheld)"
# A process of its own takes a second to start: as long as a few hundred files.
_WORTH_A_PROCESS = 3000
# Files that one process looks through before it takes others: pages of units take longer than others.
_SOME = 100
_READ = (".html", ".pdf")
_TEXTS_KEPT = 100_000
_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff]")
_WORD = re.compile(r"\w+")
_PHONE = re.compile(r"\+?\d[\d\s().\-/]{5,}\d")
_LEAST_PHONE = 7
_NUMBER = re.compile(r"[-+]?[\d.,:%\s]+")
# The columns whose values are people; a number in another one is the number of a ticket or contact.
_PEOPLE_COLUMNS = frozenset(
    {"agent_id", "team_lead_id", "supervisor_id", "department_head_id", "evaluator_id"}
    | {"owner_id", "recipient_id", "escalated_to", "transferred_to"}
)
_KEYS = re.compile(r"[?&](\w+)=([^&#]*)")
_AGENT_PAGE = re.compile(r"(?:^|/)agents/([^/?#]+?)(?:-r\d+|-provisional)?(?:\.\w+)?(?:[?#].*)?$")
# Scripts without spaces between words, and Korean, whose particles are written onto a name.
_UNSPACED = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3005-\u30ff\u3400-\u9fff\uac00-\ud7af"
    "\uf900-\ufaff\U00020000-\U0003ffff]"
)
_LEAST_SHAPED = 5
# What ends a run of them; U+FFFD stands where PDFium cannot tell what a white space was.
_OTHER = re.compile(r"[^\u0590-\u109f\u1780-\u17ff\s\ufffd]+")
_INLINE = frozenset(
    {"a", "abbr", "b", "bdi", "bdo", "cite", "code", "data", "em", "i", "kbd", "mark", "q", "s"}
    | {"small", "span", "strong", "sub", "sup", "time", "tspan", "u", "wbr"}
)
# What a tag that ends no piece adds to it.
_WITHIN_PIECE = {"br": " "} | {slash + tag: "" for tag in _INLINE for slash in ("", "/")}
# Stands between two pieces, and within none.
_BETWEEN = "\0"
# The tags that every reader of HTML takes for the same; what is none of them leaves a < or > behind.
# In the elements left out, and in a title with tags, text is not read as text. A value holds no tags.
_ATTRIBUTES = r'(?: [\w:-]+(?:="[^"<>]*")?)*'
_MARKUP = re.compile(
    rf"<(?:script{_ATTRIBUTES}></script"
    r"|(?!title\b[^>]*>(?![^<]*</title>)|bdi\b[^>]*>(?![^<]*</bdi>))"
    r"(/?(?!script|style|xmp|iframe|no|plaintext|textarea|br[ /])[a-z][a-z0-9]*)"
    rf"{_ATTRIBUTES}/?)>",
    re.ASCII,
)
_BDI = re.compile(r"<bdi\b[^<>]*>([^<>]*)</bdi>")
_ATTRIBUTE_VALUE = re.compile(r'="([^"<>]*)"')
_UNUSUAL_ENTITY = re.compile(r"&(?!(?:amp|lt|gt|quot|#[0-9]+|#x[0-9a-f]+);)")
# ASCII characters of no word, and those of no number, made spaces. What divides the digits of a
# phone number is in _PHONE too.
_WORDS = bytes(c if c > 127 or chr(c).isalnum() or c == ord("_") else 32 for c in range(256))
_NUMBERS = bytes(c if c > 127 or chr(c).isdigit() else 32 for c in range(256))
_WITHIN_PHONES = b" ().-/"


@dataclass(frozen=True)
class Person:
    """A person and what points at them; ``names`` holds earlier ones too."""

    agent_id: str
    names: tuple[str, ...] = ()
    email: str | None = None
    phone: str | None = None


@dataclass(frozen=True)
class Leak:
    """One trace of a person in a file that is not about them; place says where in the file."""

    file: str
    person_id: str
    kind: Trace
    place: str


@dataclass(frozen=True)
class Piece:
    """Text that belongs together, and where it stands; a value stands there by itself.

    may_be_number: a number here may be a person's id, and not that of a ticket.
    """

    place: str
    text: str
    is_value: bool = False
    may_be_number: bool = True


@dataclass
class _Needle:
    text: str
    kind: Trace
    bearers: set[str] = field(default_factory=set)


def find_other_people(
    folder: Path,
    people: Iterable[Person],
    allowed: Mapping[str, Set[str]],
    storage: Storage = PLAIN,
) -> list[Leak]:
    """Read the files named in ``allowed`` and list every trace of somebody who may not be there.

    folder, storage: where and how the files lie. allowed: path in the folder to the ids that may appear in it.
    Returns one leak for each file, person, kind and place, in that order. Raises ReportError for a
    file that is missing or of a kind that cannot be read: what was not read was not checked.
    """
    everybody = list(people)
    paths = sorted(allowed)
    if processes.PROCESSES == 1 or len(paths) < _WORTH_A_PROCESS:
        leaks = _Look(folder, everybody, storage).leaks(allowed)
    else:
        some = ({p: allowed[p] for p in paths[n : n + _SOME]} for n in range(0, len(paths), _SOME))
        found = processes.each(_find, some, _start_looking, folder, everybody, storage)
        leaks = set().union(*found)
    return sorted(leaks, key=lambda leak: (leak.file, leak.person_id, leak.kind, leak.place))


class _Look:
    """A look through files of a folder, for people of whom it is known who they are."""

    def __init__(self, folder: Path, people: list[Person], storage: Storage) -> None:
        self._folder, self._storage = folder, storage
        self._known = _Known(people)

    def leaks(self, allowed: Mapping[str, Set[str]]) -> set[Leak]:
        return {
            Leak(path, person_id, kind, place)
            for path, ids in allowed.items()
            if self._known.may_trace(_parts(self._folder, path, self._storage), ids)
            for person_id, kind, place in self._known.traces(
                _read(self._folder, path, self._storage), ids
            )
        }


_look: _Look | None = None


def _start_looking(folder: Path, people: list[Person], storage: Storage) -> None:
    """Make this process one that looks through files."""
    global _look
    _look = _Look(folder, people, storage)


def _find(allowed: Mapping[str, Set[str]]) -> set[Leak]:
    assert _look is not None
    return _look.leaks(allowed)


def lint_reports(
    folder: Path,
    database: Path,
    files: Iterable[str],
    start: date,
    end: date,
    storage: Storage = PLAIN,
) -> list[Leak]:
    """Check report files against everybody in the published database.

    folder: a folder of reports with its manifest. files: the manifest paths to check, for instance
    those a run has written; pages of no one subject, such as the index, and those of the whole
    centre are passed over. start, end: first and last day of the period; a unit's report may name
    whoever was in the unit on any day of it. To be called from one thread at a time. Raises
    ReportError for a file that the manifest does not list, and for a kind of report that there is
    no rule for.
    """
    try:
        listed = {entry.path: entry for entry in read_entries(folder, storage)}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ReportError(
            f"{folder / MANIFEST} cannot be read: render the reports again"
        ) from error
    chosen = []
    for path in files:
        if path not in listed:
            raise ReportError(f"{path} is not in {folder / MANIFEST}: render the reports again")
        chosen.append(listed[path])
    return _lint(folder, database, chosen, start, end, storage)


def _lint(
    folder: Path,
    database: Path,
    entries: Iterable[Entry],
    start: date,
    end: date,
    storage: Storage,
) -> list[Leak]:
    with _opened(database, storage) as connection:
        people = _people(connection)
    members = _Members(database, start, end, storage)
    allowed = {}
    for entry in entries:
        who = members.allowed(entry.kind, entry.subject_id)
        if who is not None:
            allowed[entry.path] = who
    return find_other_people(folder, people, allowed, storage)


def remove_leaks(
    folder: Path, database: Path, period: Period, storage: Storage = PLAIN
) -> list[Leak]:
    """Check the reports of a period that no earlier check passed, and remove the files that fail.

    What passed is kept in ``checked.json`` by its hash, so a check that was interrupted goes on, and
    a file that a later run writes anew is checked anew. A removed file is rendered again by the next
    run. Returns the leaks; raises ReportError as `lint_reports` does.
    """
    files = [one for one in read_entries(folder, storage) if one.path.endswith(_READ)]
    record = folder / CHECKED
    passed = json.loads(storage.read(record)) if storage.exists(record) else {}
    new = [one for one in files if passed.get(one.path) != one.sha256]
    if not new:
        return []
    leaks = _lint(folder, database, new, period.starts_on, period.ends_on, storage)
    failed = {leak.file for leak in leaks}
    for path in failed:
        storage.remove(folder / path)
    kept = {one.path: one.sha256 for one in files if one.path not in failed}
    lines = json.dumps(kept, sort_keys=True, separators=(",\n", ": "))
    storage.write(record, lines.encode(), lasting=False)
    return leaks


class Discretion:
    """Takes out of the rows of a report what they say about people whom it is not about.

    A note may name a colleague, and an agent may be the reason of another one's break. What is taken
    out are the traces that the linter would find; `WITHHELD` stands in their place.
    """

    def __init__(self, database: Path, start: date, end: date, storage: Storage = PLAIN) -> None:
        """Read who there is and who works where; start, end: first and last day of the period."""
        self._members = _Members(database, start, end, storage)
        with _opened(database, storage) as connection:
            self._known = _Known(_people(connection))

    def rows(self, rows: Rows, kind: str, subject: str | None) -> Rows:
        """Return the rows as a report about a subject may show them; kind: as in the manifest."""
        allowed = self._members.allowed(kind, subject)
        if allowed is None:
            return rows
        people = [_is_person(column, None) for column in rows.columns]
        at = rows.columns.index("level") if "level" in rows.columns else None
        known = self._known
        changed: dict[int, list[object]] = {}
        for index, row in enumerate(rows.values):
            for column, value in enumerate(row):
                # Most texts name nobody, and have been looked at before.
                if type(value) is not str or value in known.harmless:
                    continue
                level = None if at is None else row[at]
                is_person = people[column] and _is_person(rows.columns[column], level)
                clean = known.without_others(value, allowed, is_person)
                if clean != value:
                    changed.setdefault(index, list(row))[column] = clean
        if not changed:
            return rows
        values = (changed.get(index, row) for index, row in enumerate(rows.values))
        return Rows(rows.name, rows.columns, values)

    def text(self, text: str, kind: str, subject: str | None) -> str:
        """Return a text, such as the name of a team, as a report about a subject may show it."""
        allowed = self._members.allowed(kind, subject)
        return text if allowed is None else self._known.without_others(text, allowed, False)


@contextmanager
def _opened(database: Path, storage: Storage) -> Iterator[duckdb.DuckDBPyConnection]:
    """Attach the published database as `w`; a ReportError says when it does not hold who works where."""
    try:
        with storage.open_database(database, "w") as connection:
            yield connection
    except duckdb.Error as error:
        raise ReportError(
            f"{database} does not say who works where ({str(error).splitlines()[0]}): build it again"
        ) from error


class Bystanders:
    """Finds in messages what the linter finds in reports: traces of somebody whom they are not about."""

    def __init__(self, database: Path, storage: Storage = PLAIN) -> None:
        """Read who there is."""
        with _opened(database, storage) as connection:
            self._known = _Known(_people(connection))

    def leaks(self, parts: Mapping[str, bytes], allowed: Set[str]) -> list[Leak]:
        """List every trace of anybody but `allowed`.

        parts: what the message is made of, by a name that ends as the files of its kind do (.txt, .html,
        .csv, .pdf). Raises ReportError for a part that cannot be read.
        """
        return [
            Leak(name, person_id, kind, place)
            for name, content in parts.items()
            for person_id, kind, place in self._known.traces(_content_of(name, content), allowed)
        ]


# Figures may be of an id that no profile names.
_PEOPLE = """
select agent_id, name, email, phone
from w.marts.dim_agent
union
select agent_id, name, null, null
from w.marts.monthly_performance_summary
union
select agent_id, null, null, null
from w.marts.fct_agent_day
"""


def _people(connection: duckdb.DuckDBPyConnection) -> list[Person]:
    rows = connection.execute(_PEOPLE).fetchall()
    return [Person(i, (name,) if name else (), email, phone) for i, name, email, phone in rows]


# In a report of the whole centre everybody may appear.
_EVERYBODY = "centre"
# Who has no profile or none of the kind on a day counts in the unit `(unknown)`.
_UNITS = {"team": "team_id", "site": "site", "function": "function", "department": "department"}
_MEMBERS = """
select coalesce({unit}, '(unknown)'), agent_id
from w.marts.dim_agent
where valid_from <= $end and coalesce(valid_to, date '9999-12-31') >= $start
union
select coalesce({unit}, '(unknown)'), agent_id
from w.marts.monthly_performance_summary
where month between date_trunc('month', $start::date) and $end
union
select '(unknown)', days.agent_id
from w.marts.fct_agent_day as days
left join w.marts.dim_agent as profiles
    on
        days.agent_id = profiles.agent_id
        and days.business_date >= profiles.valid_from
        and days.business_date <= coalesce(profiles.valid_to, date '9999-12-31')
where profiles.agent_id is null and days.business_date between $start and $end
"""
_MEMBERS_BY_DAY = """
union
select team_id, agent_id
from w.marts.fct_agent_day
where team_id is not null and business_date between $start and $end
"""


class _Members:
    """Who may appear in which report of a period; of all units of a kind, it is looked up at once."""

    def __init__(self, database: Path, start: date, end: date, storage: Storage) -> None:
        self._database, self._storage = database, storage
        self._days = {"start": start, "end": end}
        self._of_kind: dict[str, dict[str, Set[str]]] = {}

    def allowed(self, kind: str, subject: str | None) -> Set[str] | None:
        """The ids that a report may hold, None for all of them; kind: as in the manifest."""
        if subject is None or kind == _EVERYBODY:
            return None
        if kind == "agent":
            return {subject}
        if kind not in self._of_kind:
            self._of_kind[kind] = self._look_up(kind)
        return self._of_kind[kind].get(subject, set())

    def _look_up(self, kind: str) -> dict[str, Set[str]]:
        if kind not in _UNITS:
            raise ReportError(f"there is no rule for who may appear in a report of kind {kind}")
        sql = _MEMBERS.format(unit=_UNITS[kind]) + (_MEMBERS_BY_DAY if kind == "team" else "")
        members: dict[str, set[str]] = {}
        with _opened(self._database, self._storage) as connection:
            for unit, agent_id in connection.execute(sql, self._days).fetchall():
                members.setdefault(unit, set()).add(agent_id)
        return dict(members)


class _Known:
    """Everybody's traces, arranged so that a text is read once however many people there are."""

    def __init__(self, people: Iterable[Person]) -> None:
        self._needles: dict[tuple[str, Trace], _Needle] = {}
        self._whole: dict[str, _Needle] = {}
        # Texts that were looked at lately: those that name nobody, and whom the others name.
        self.harmless: set[str] = set()
        self._seen: dict[str, tuple[tuple[Set[str], ...], tuple[Set[str], ...]]] = {}
        everybody = list(people)
        files = slugs(person.agent_id for person in everybody)
        for person in everybody:
            self._add_id(person.agent_id, person.agent_id)
            self._add_id(files[person.agent_id], person.agent_id)
            for name in person.names:
                self._add_name(_folded(name), person.agent_id)
            if person.email:
                self._add(_lowered(_folded(person.email)), "e-mail", person.agent_id)
            digits = re.sub(r"\D", "", person.phone or "")
            if len(digits) >= _LEAST_PHONE:
                self._add(digits, "phone", person.agent_id)
        self._arrange()

    def _add(self, text: str, kind: Trace, bearer: str) -> None:
        if text:
            self._needles.setdefault((text, kind), _Needle(text, kind)).bearers.add(bearer)

    def _add_whole(self, text: str, kind: Trace, bearer: str) -> None:
        if text:
            self._whole.setdefault(text, _Needle(text, kind)).bearers.add(bearer)

    def _add_id(self, identity: str, bearer: str) -> None:
        text = _folded(identity)
        self._add_whole(text, "id", bearer)
        if len(text) > 2 and not text.isdigit() and not (text.isalpha() and text.isascii()):
            self._add(text, "id", bearer)

    def _add_name(self, name: str, bearer: str) -> None:
        self._add_whole(name, "name", bearer)
        if len(_WORD.findall(name)) > 1 or (_UNSPACED.search(name) and len(name) > 1):
            self._add(_lowered(name), "name", bearer)

    def _arrange(self) -> None:
        self._by_word: dict[str, list[tuple[int, _Needle]]] = {}
        self._phones: dict[str, _Needle] = {}
        unspaced: dict[str, _Needle] = {}
        self._shaped: list[tuple[re.Pattern[str], _Needle]] = []
        for needle in sorted(self._needles.values(), key=lambda one: -len(one.text)):
            if needle.kind == "phone":
                self._phones[needle.text] = needle
                continue
            if needle.kind == "name" and SHAPED.search(needle.text):
                letters = _letters(needle.text)
                if len(letters) >= _LEAST_SHAPED:
                    self._shaped.append((_gapped(letters), needle))
            if needle.kind == "name" and _UNSPACED.search(needle.text):
                unspaced[needle.text] = needle
                continue
            first = _WORD.search(needle.text)
            if first is not None:
                index = self._by_word.setdefault(_lowered(first[0]), [])
                index.append((first.start(), needle))
        self._unspaced = unspaced
        # Every trace with its words, by one of them. A name in a script without spaces
        # may stand within a word, and has its letters.
        self._by_one_word: dict[str, list[tuple[frozenset[str], str, Set[str]]]] = {}
        for needle in [*self._needles.values(), *self._whole.values()]:
            text = _coarse(needle.text)
            is_unspaced = unspaced.get(needle.text) is needle
            words = frozenset((_UNSPACED if is_unspaced else _WORD).findall(text))
            some_word = max(words, default="")
            self._by_one_word.setdefault(some_word, []).append((words, text, needle.bearers))
        self._any_unspaced = re.compile("|".join(map(re.escape, unspaced)) or "(?!)")

    def may_trace(self, parts: Iterable[str] | None, allowed: Set[str]) -> bool:
        """Say whether a closer look is needed: whether a trace of anybody else may stand in a part.

        parts: the file's pieces in one text or several, with `_BETWEEN` between them, or None where
        they are not known. Whatever `traces` finds in the pieces is seen here.
        """
        return parts is None or any(
            self._may_stand(_coarse(_folded(part)), allowed) for part in parts
        )

    def _may_stand(self, text: str, allowed: Set[str]) -> bool:
        # Most texts lack a word of each trace, and are done with before they are searched for any.
        words = {"", *_WORD.findall(_distinct(text, _WORDS)), *_UNSPACED.findall(text)}
        if any(
            traced <= words and bearers.isdisjoint(allowed) and trace in text
            for first in words & self._by_one_word.keys()
            for traced, trace, bearers in self._by_one_word[first]
        ):
            return True
        if not self._phones:
            return False
        numbers = re.findall(r"\d+", _distinct(text, _NUMBERS, _WITHIN_PHONES))
        phones = [self._phones[digits] for digits in numbers if digits in self._phones]
        return any(phone.bearers.isdisjoint(allowed) for phone in phones)

    def traces(self, content: "_Content", allowed: Set[str]) -> Iterator[tuple[str, Trace, str]]:
        """Yield person, kind and place of everything about anybody else."""
        for piece in content.pieces:
            text = _folded(piece.text)
            if piece.is_value:
                found = self._value(text, piece.may_be_number)
            else:
                found = (needle for _, _, needle in self._running(text))
            for needle in found:
                if needle.bearers.isdisjoint(allowed):
                    yield min(needle.bearers), needle.kind, piece.place
        for place, runs in content.drawn:
            for needle in self._drawn(runs) if self._shaped else ():
                if needle.bearers.isdisjoint(allowed):
                    yield min(needle.bearers), needle.kind, place

    def without_others(self, text: str, allowed: Set[str], may_be_number: bool) -> str:
        """Return a text that stands by itself, without the traces of anybody who may not appear beside it.

        may_be_number: the text may be a person's id also where that is a number.
        """
        if text in self.harmless:
            return text
        if text not in self._seen:
            # Ids of contacts and tickets come once: all of them would be hundreds of megabytes.
            if len(self.harmless) + len(self._seen) >= _TEXTS_KEPT:
                self.harmless.clear()
                self._seen.clear()
            found = self._named_in(text)
            if not any(found):
                self.harmless.add(text)
                return text
            self._seen[text] = found
        numbered, named = self._seen[text]
        who = (*named, *numbered) if may_be_number else named
        if not any(bearers.isdisjoint(allowed) for bearers in who):
            return text
        text = _folded(text)
        for needle in self._value(text, may_be_number):
            if needle.bearers.isdisjoint(allowed):
                return WITHHELD
        before = None
        while text != before:
            before = text
            for start, end, needle in self._running(text):
                if needle.bearers.isdisjoint(allowed):
                    text = text[:start] + WITHHELD + text[end:]
                    break
        return text

    def _named_in(self, text: str) -> tuple[tuple[Set[str], ...], tuple[Set[str], ...]]:
        """The bearers of what a text names: of an id that is a number, and of everything else."""
        text = _folded(text)
        values = [needle.bearers for needle in self._value(text)]
        named = [needle.bearers for _, _, needle in self._running(text)]
        if text.isdigit():
            return tuple(values), tuple(named)
        return (), (*values, *named)

    def _value(self, text: str, may_be_number: bool = True) -> Iterator[_Needle]:
        needle = self._whole.get(text)
        if needle is not None and (may_be_number or not text.isdigit()):
            yield needle

    def _running(self, text: str) -> Iterator[tuple[int, int, _Needle]]:
        lowered = _lowered(text)
        read = 0
        for word in _WORD.finditer(lowered):
            if word.start() < read or word[0] not in self._by_word:
                continue
            for before, needle in self._by_word[word[0]]:
                start = word.start() - before
                end = start + len(needle.text)
                where = text if needle.kind == "id" else lowered
                if start >= 0 and where.startswith(needle.text, start) and _ends(text, end):
                    read = end
                    yield start, end, needle
                    break
        for number in _PHONE.finditer(text):
            digits = re.sub(r"\D", "", number[0])
            if digits in self._phones:
                yield *number.span(), self._phones[digits]
        if _UNSPACED.search(text):
            for match in self._any_unspaced.finditer(lowered):
                yield *match.span(), self._unspaced[match[0]]

    def _drawn(self, runs: str) -> Iterator[_Needle]:
        # The longest comes first, and what it took is not read again.
        for pattern, needle in self._shaped:
            rest, count = pattern.subn("\n", runs)
            if count:
                runs = rest
                yield needle


def _is_person(column: str, level: object) -> bool:
    """Say whether a column holds ids of people; level: that of the row's unit, if it says one."""
    if column.lower() == "unit_id":
        return level in (None, "agent")
    return column.lower() in _PEOPLE_COLUMNS


def _ends(text: str, end: int) -> bool:
    """Say whether no word goes on at end."""
    return end >= len(text) or not (_is_word(text[end]) and _is_word(text[end - 1]))


def _is_word(character: str) -> bool:
    return character.isalnum() or character == "_"


def _folded(text: str) -> str:
    """Return text in one spelling: composed, without invisible characters, with single spaces."""
    if not text.isascii():
        text = _INVISIBLE.sub("", unicodedata.normalize("NFKC", text))
    return " ".join(text.split())


def _lowered(text: str) -> str:
    """Return text in small letters, each at the place it had."""
    lowered = text.lower()
    if len(lowered) == len(text):
        return lowered
    return "".join(c.lower() if len(c.lower()) == 1 else c for c in text)


def _coarse(text: str) -> str:
    """Return text in small letters that do not depend on what stands beside them."""
    return text.lower().replace("ς", "σ")


def _distinct(text: str, kept: bytes, left_out: bytes = b"") -> str:
    """Return each run of characters once; kept: the others as spaces, left_out: what ends no run."""
    return b" ".join({*text.encode(errors="replace").translate(kept, left_out).split()}).decode()


def _letters(text: str) -> str:
    return "".join(c for c in text if c.isalpha() and SHAPED.match(c))


def _gapped(letters: str) -> re.Pattern[str]:
    """Match letters with a few others in between: dots and marks come as the letters they belong to."""
    return re.compile(".{0,3}?".join(letters))


@dataclass
class _Content:
    """What a file says: its pieces, and for a PDF the shaped letters of each page, forwards and backwards."""

    pieces: list[Piece]
    drawn: list[tuple[str, str]] = field(default_factory=list)


def _parts(folder: Path, path: str, storage: Storage) -> list[str] | None:
    """Return the pieces of a file in a few texts; None where only a closer look can tell them."""
    if not path.endswith(".html"):
        return None
    try:
        raw = storage.read(folder / path).decode()
    except (OSError, ValueError):
        return None
    parts = _page_parts(raw)
    return parts and [path + _BETWEEN + parts[0], *parts[1:]]


def _page_parts(raw: str) -> list[str] | None:
    """Return the text of a page, the values of its attributes and its CSV files, or None if its HTML is not plain."""
    parts = _MARKUP.split(raw.removeprefix("<!doctype html>"))
    parts[1::2] = [_WITHIN_PIECE.get(tag, _BETWEEN) for tag in parts[1::2]]
    text = "".join(parts)
    if "<" in text or ">" in text or _UNUSUAL_ENTITY.search(raw):
        return None
    text = _BETWEEN.join((text, *{*_BDI.findall(raw)}))
    # A few thousand cells may have the same class.
    values = {*_ATTRIBUTE_VALUE.findall(raw)}
    try:
        files = {value: file for value in values if (file := csv_at(value)) is not None}
    except ValueError:
        return None
    attributes = _BETWEEN.join(values - files.keys())
    carried = _BETWEEN.join(map(_joined_fields, files.values()))
    return [unescape(text), unquote(unescape(attributes)), carried]


def _joined_fields(raw: str) -> str:
    """Return the fields of a CSV file; where they cannot be told, the text, which may hold a trace too."""
    try:
        return _BETWEEN.join(chain.from_iterable(csv.reader(io.StringIO(raw, newline=""))))
    except csv.Error:
        return raw


def _read(folder: Path, path: str, storage: Storage) -> _Content:
    try:
        content = storage.read(folder / path)
    except OSError as error:
        raise _unread(path, error) from error
    return _content_of(path, content)


def _content_of(path: str, content: bytes) -> _Content:
    try:
        suffix = path.rpartition(".")[2].lower()
        if suffix == "pdf":
            return _pdf_content(read_pdf(content))
        return _Content([Piece("the file's name", path), *_text_pieces(suffix, content.decode())])
    except (ValueError, csv.Error) as error:
        raise _unread(path, error) from error


def _unread(path: str, error: Exception) -> ReportError:
    return ReportError(f"{path} cannot be read, so nobody knows whom it names: {error}")


def _text_pieces(suffix: str, text: str) -> list[Piece]:
    if suffix in ("html", "htm", "svg"):
        return _html_pieces(text)
    if suffix == "csv":
        return list(_csv_pieces(text))
    if suffix in ("txt", "json", "md", "xml"):
        return [Piece("text", text)]
    raise ValueError(f"a file of kind {suffix} is not known here")


def _csv_pieces(text: str, where: str = "") -> Iterator[Piece]:
    rows = csv.reader(io.StringIO(text, newline=""))
    heads = next(rows, [])
    for head in heads:
        yield Piece(f"{where}header", head)
    at = heads.index("level") if "level" in heads else None
    for number, row in enumerate(rows, 2):
        level = row[at] if at is not None and at < len(row) else None
        for column, value in enumerate(row):
            head = heads[column] if column < len(heads) else str(column + 1)
            place = f"{where}row {number}, column {head}"
            plain = value.removeprefix("'")
            yield Piece(place, plain)
            is_person = _is_person(head, level)
            if is_person or not _NUMBER.fullmatch(plain):
                yield Piece(place, plain, is_value=True, may_be_number=is_person)


def _pdf_content(pdf: PdfText) -> _Content:
    pieces = [Piece(f"page {n}", text) for n, text in enumerate(pdf.pages, 1)]
    pieces += [Piece("alternative text", text) for text in pdf.spoken]
    pieces += [Piece("metadata, bookmark or link", unquote(text)) for text in pdf.about]
    for name, content in pdf.attachments:
        pieces.append(Piece("name of an attachment", name))
        text, suffix = content.decode("utf-8"), name.rpartition(".")[2].lower()
        where = f"attachment {name}: "
        if suffix == "csv":
            pieces += _csv_pieces(text, where)
        else:
            pieces += [replace(p, place=where + p.place) for p in _text_pieces(suffix, text)]
    drawn = [
        (f"page {n}", _shaped_runs(order))
        for n, units in enumerate(pdf.drawn, 1)
        for order in (units, units[::-1])
    ]
    return _Content(pieces, drawn)


def _shaped_runs(units: list[str]) -> str:
    """Return the shaped letters of a page in their drawn order, a line for each run of them."""
    text = _INVISIBLE.sub("", unicodedata.normalize("NFKC", "".join(units)))
    runs = (_letters(run) for run in _OTHER.split(text))
    return "\n".join(run for run in runs if run)


def _html_pieces(text: str) -> list[Piece]:
    reader = _Reader()
    reader.feed(text)
    reader.close()
    reader.flush()
    return reader.pieces


class _Reader(HTMLParser):
    """Collects the pieces of a page: text across inline tags is one piece."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.pieces: list[Piece] = []
        self._text: list[str] = []
        self._values: list[tuple[int, bool]] = []
        self._tag = "document"

    def _place(self) -> str:
        return f"line {self.getpos()[0]}, <{self._tag}>"

    def flush(self) -> None:
        """End the current piece."""
        text = "".join(self._text)
        if text and not text.isspace():
            self.pieces.append(Piece(self._place(), text))
        self._text.clear()
        self._values.clear()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "br":
            self._text.append(" ")
        elif tag not in _INLINE:
            self.flush()
            self._tag = tag
        for name, value in attrs:
            if value:
                self._attribute(tag, name, value)
        if tag == "bdi":
            address = dict(attrs).get("data-address") or "#agent_id"
            column = address.rpartition("#")[2].partition("@")[0]
            level = dict(_KEYS.findall(address)).get("level")
            self._values.append((len(self._text), _is_person(column, level)))

    def _attribute(self, tag: str, name: str, value: str) -> None:
        place = f"line {self.getpos()[0]}, attribute {name} of <{tag}>"
        file = csv_at(value)
        if file is not None:
            self.pieces += _csv_pieces(file, f"{place}: ")
            return
        plain = unquote(value)
        self.pieces.append(Piece(place, plain))
        page = _AGENT_PAGE.search(value)
        if page is not None:
            self.pieces.append(Piece(place, unquote(page[1]), is_value=True))
        if name == "data-address":
            keys = _KEYS.findall(value)
            for key, identity in keys:
                if _is_person(key, dict(keys).get("level")):
                    self.pieces.append(Piece(place, unquote(identity), is_value=True))

    def handle_endtag(self, tag: str) -> None:
        if tag == "bdi" and self._values:
            start, is_person = self._values.pop()
            value = "".join(self._text[start:])
            self.pieces.append(Piece(self._place(), value, True, is_person))
        elif tag not in _INLINE:
            self.flush()

    def handle_data(self, data: str) -> None:
        self._text.append(data)

    def handle_comment(self, data: str) -> None:
        self.pieces.append(Piece(f"line {self.getpos()[0]}, comment", data))
