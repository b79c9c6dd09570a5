"""Page files: front matter, named SQL blocks, and a Markdown body with Jinja in it.

Front matter is YAML; `FRONT_MATTER` lists its keys. A query is a fenced block that opens with three
backticks, ``sql`` and a name; ``${name}`` in it stands for another query of the page, as a subquery.
Values come in as bound parameters only. ``from=MART`` after the name says whose rows the query
shows, so that each printed figure has an address; ``column=NAME`` names the column that holds the
mart's column, where figures were turned into rows. A line ``{@partial "file.md"}`` stands for that
file of the folder ``_partials``.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from reports.errors import PageError
from reports.period import CADENCES, USUAL_CADENCES
from reports.template import Template, Where

PARTIALS = "_partials"
FRONT_MATTER = {
    "title": "heading of the page; may hold Jinja expressions",
    "subjects": "for pages with [names] in their path: the query whose rows have a page each",
    "cadences": f"the periods the page is made for: a list of {', '.join(CADENCES)} (default: all but now)",
    "pdf": "true, or a list of cadences: the page is a PDF too",
    "attach": "list of {query, file, description}: CSV files inside the PDF",
    "menu": "what the page is called in the menu of pages about the same subject",
    "order": "place in that menu, a number",
    "search": "true: the page has a search box for all reports",
    "language": "language of the page's words, such as en",
}
_FLAGS = ("search",)

_OPENING = re.compile(r"^```sql\b[ \t]*(?P<name>[^\s]*)[ \t]*(?P<options>.*?)[ \t]*$")
_NAME = re.compile(r"[a-z_][a-z0-9_]*")
_OPTION = re.compile(r"(from|column)=([a-z_][a-z0-9_]*)")
_REFERENCE = re.compile(r"\$\{\s*(\w+)\s*\}")
_HEADING = re.compile(r"^(#{1,6})\s")
_PARTIAL = re.compile(r'^\{@partial\s+"(?P<file>[^"]+)"\s*\}\s*$')
_PARAMETER = re.compile(r"\[([a-z_][a-z0-9_]*)\]")


@dataclass(frozen=True)
class Query:
    """One named query: its SQL as written and the line of the page its first line is.

    source: the mart or relation whose rows it shows. named_by: the column that names the figure.
    """

    name: str
    sql: str
    line: int
    source: str | None = None
    named_by: str | None = None

    @property
    def references(self) -> list[str]:
        """The queries that it has in it, by name."""
        return _REFERENCE.findall(self.sql)


@dataclass(frozen=True)
class AttachmentRule:
    """Which query goes into the PDF as a CSV file, under which name."""

    query: str
    file: str
    description: str


@dataclass
class Page:
    """A parsed page, ready to be run for any number of subjects."""

    name: str
    path: str
    source: str
    where: Where
    front: Mapping[str, object]
    title: Template
    body: Template
    queries: dict[str, Query]
    attachments: list[AttachmentRule] = field(default_factory=list)

    @property
    def parameters(self) -> tuple[str, ...]:
        """The names in brackets in the page's path."""
        return parameters_of(self.path)

    @property
    def subjects(self) -> str | None:
        """The query whose rows have a page each; None for a page of its own."""
        name = self.front.get("subjects")
        return None if name is None else str(name)

    @property
    def cadences(self) -> tuple[str, ...]:
        """The kinds of period the page is made for."""
        wanted = self.front.get("cadences", USUAL_CADENCES)
        return tuple(wanted) if isinstance(wanted, list | tuple) else ()

    def is_pdf(self, cadence: str) -> bool:
        """Whether the page is a PDF too, for this kind of period."""
        wanted = self.front.get("pdf", False)
        return cadence in wanted if isinstance(wanted, list) else bool(wanted)

    @property
    def shown(self) -> list[Query]:
        """The queries whose rows the page uses; those that only stand in other queries are not run alone."""
        inner = {name for query in self.queries.values() for name in query.references}
        used = {*self.title.names, *self.body.names, *(rule.query for rule in self.attachments)}
        return [query for name, query in self.queries.items() if name in used or name not in inner]

    def composed(self, query: Query) -> str:
        """Return a query's SQL with the queries it refers to in it, as subqueries.

        Raises PageError for one that is unknown or refers to itself.
        """
        return self._composed(query, ())

    def _composed(self, query: Query, path: tuple[str, ...]) -> str:
        path = (*path, query.name)

        def subquery(match: re.Match[str]) -> str:
            name = match[1]
            if name in path:
                circle = " → ".join((*path[path.index(name) :], name))
                raise self.where.error(query.line, f"queries use each other: {circle}")
            if name not in self.queries:
                known = ", ".join(self.queries)
                cause = f'query "{query.name}" uses unknown query "{name}"; there are {known}'
                raise self.where.error(query.line, cause)
            return f"(\n{self._composed(self.queries[name], path)}\n)"

        return _REFERENCE.sub(subquery, query.sql)


def parameters_of(path: str) -> tuple[str, ...]:
    """Return the names in brackets in a page's path."""
    return tuple(_PARAMETER.findall(path))


def find_pages(root: Path) -> list[str]:
    """Return the paths of all pages in a folder, sorted; partials are none."""
    return sorted(
        path.relative_to(root).as_posix()
        for path in root.rglob("*.md")
        if PARTIALS not in path.relative_to(root).parts
    )


def load_page(root: Path, relative: str, names: frozenset[str]) -> Page:
    """Read and check one page file.

    root: the folder of the pages; relative: the page's path in it; names: what templates may use
    beside the page's own queries. Raises PageError for anything that is wrong with the file itself.
    """
    name = f"{root.name}/{relative}"
    source = read_template(root / relative, name)
    front, own = split_front_matter(source, name)
    lines, where = _with_partials(root, own, name)
    parameters = _PARAMETER.findall(relative)
    names |= {*parameters, *(["subject"] if parameters else [])}
    queries = _cut_queries(lines, where)
    taken = sorted(names & queries.keys())
    if taken:
        query = queries[taken[0]]
        raise where.error(query.line - 1, f'"{query.name}" is taken: name the query otherwise')
    _check_headings(lines, where)
    _check_front_matter(front, queries, parameters, name, source)
    known = names | queries.keys()
    page = Page(
        name=name,
        path=relative,
        source="\n".join((source, *lines, *(query.sql for query in queries.values()))),
        where=where,
        front=front,
        title=Template(str(front["title"]), Where(name, _line_of(source, "title:")), known),
        body=Template("\n".join(lines), where, known),
        queries=queries,
        attachments=_attachments(front, queries, name, _line_of(source, "attach:")),
    )
    for query in queries.values():
        page.composed(query)
    return page


def read_template(path: Path, name: str) -> str:
    """Return a template's text; a PageError says when it is missing or not UTF-8."""
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise PageError(name, 1, f"cannot be read as UTF-8 text ({error})") from error


def split_front_matter(source: str, name: str) -> tuple[Mapping[str, object], list[str]]:
    """Return the front matter and the body's lines.

    The front matter's own lines stay in the body as blank ones, so line numbers are the file's.
    """
    lines = source.splitlines()
    if not lines or lines[0].rstrip() != "---":
        raise PageError(name, 1, "a page starts with front matter between two lines of ---")
    end = next((n for n, line in enumerate(lines[1:], 1) if line.rstrip() == "---"), None)
    if end is None:
        raise PageError(name, 1, "the front matter is not closed by a line of ---")
    try:
        front = yaml.safe_load("\n".join(lines[1:end])) or {}
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 2 if mark else 1
        problem = getattr(error, "problem", None) or "it cannot be read"
        raise PageError(name, line, f"front matter is not valid YAML: {problem}") from error
    if not isinstance(front, dict):
        raise PageError(name, 1, "front matter is a list of `name: value` lines")
    return front, [""] * (end + 1) + lines[end + 1 :]


def _check_front_matter(
    front: Mapping[str, object],
    queries: Mapping[str, Query],
    parameters: list[str],
    name: str,
    source: str,
) -> None:
    def wrong(key: str, cause: str) -> PageError:
        return PageError(name, _line_of(source, f"{key}:"), cause)

    for key in front:
        if key not in FRONT_MATTER:
            known = ", ".join(FRONT_MATTER)
            raise wrong(str(key), f'front matter has no "{key}"; there are {known}')
    if not isinstance(front.get("title"), str):
        raise wrong("title", "front matter needs a title")
    for key in _FLAGS:
        if not isinstance(front.get(key, False), bool):
            raise wrong(key, f"{key} is true or false, not {front[key]!r}")
    if not isinstance(front.get("order", 0), int):
        raise wrong("order", f"order is a whole number, not {front['order']!r}")
    for key in ("cadences", "pdf"):
        value = front.get(key, [])
        if key == "pdf" and isinstance(value, bool):
            continue
        if not isinstance(value, list) or not set(map(str, value)) <= set(CADENCES):
            raise wrong(key, f"{key} is a list of {', '.join(CADENCES)}, not {value!r}")
    subjects = front.get("subjects")
    if parameters and subjects not in queries:
        brackets = ", ".join(f"[{parameter}]" for parameter in parameters)
        raise wrong("subjects", f"a path with {brackets} needs subjects: the name of a query of it")
    if not parameters and subjects is not None:
        raise wrong("subjects", "only a page with a [name] in its path has subjects")


def _line_of(source: str, start: str) -> int:
    lines = source.splitlines()
    return next((n for n, line in enumerate(lines, 1) if line.startswith(start)), 1)


def _with_partials(root: Path, lines: list[str], name: str) -> tuple[list[str], Where]:
    """Put the partials in the place of the lines that name them, and remember whose each line is."""
    out: list[str] = []
    origins: list[tuple[str, int]] = []
    for number, line in enumerate(lines, 1):
        partial = _PARTIAL.match(line)
        if partial is None:
            out.append(line)
            origins.append((name, number))
            continue
        path = root / PARTIALS / partial["file"]
        if not path.is_file() or not path.resolve().is_relative_to((root / PARTIALS).resolve()):
            known = ", ".join(sorted(p.name for p in (root / PARTIALS).glob("*.md"))) or "none"
            raise PageError(name, number, f'no partial "{partial["file"]}"; there are {known}')
        label = f"{root.name}/{PARTIALS}/{partial['file']}"
        for inner, text in enumerate(read_template(path, label).splitlines(), 1):
            if _PARTIAL.match(text):
                raise PageError(label, inner, "a partial holds no other partial")
            out.append(text)
            origins.append((label, inner))
    return out, Where(name, origins=tuple(origins))


def _cut_queries(lines: list[str], where: Where) -> dict[str, Query]:
    """Take the SQL blocks out of the lines, leaving blank lines in their place."""
    queries: dict[str, Query] = {}
    number = 0
    while number < len(lines):
        opening = _OPENING.match(lines[number])
        if opening is None:
            number += 1
            continue
        query = opening["name"]
        if not _NAME.fullmatch(query):
            raise where.error(number + 1, "a sql block needs a name in lower case: ```sql my_query")
        if query in queries:
            raise where.error(number + 1, f'there are two queries called "{query}"')
        end = next((n for n in range(number + 1, len(lines)) if lines[n].rstrip() == "```"), None)
        if end is None:
            raise where.error(number + 1, f'query "{query}" is not closed by ```')
        options = {}
        for word in opening["options"].split():
            option = _OPTION.fullmatch(word)
            if option is None:
                raise where.error(
                    number + 1, f'"{word}": after its name a query has from=MART or column=NAME'
                )
            options[option[1]] = option[2]
        sql = "\n".join(lines[number + 1 : end]).rstrip().removesuffix(";")
        queries[query] = Query(query, sql, number + 2, options.get("from"), options.get("column"))
        lines[number : end + 1] = [""] * (end + 1 - number)
        number = end + 1
    return queries


def _check_headings(lines: list[str], where: Where) -> None:
    level = 1
    for number, line in enumerate(lines, 1):
        heading = _HEADING.match(line)
        if heading is None:
            continue
        new = len(heading[1])
        if new == 1:
            raise where.error(number, "the title is the only # heading: start with ##")
        if new > level + 1:
            raise where.error(number, f"a level {new} heading under a level {level} one")
        level = new


def _attachments(
    front: Mapping[str, object], queries: Mapping[str, Query], name: str, line: int
) -> list[AttachmentRule]:
    rules = front.get("attach", [])
    wanted = {"query", "file", "description"}
    if not isinstance(rules, list) or any(
        not isinstance(rule, dict) or rule.keys() != wanted for rule in rules
    ):
        raise PageError(name, line, "attach is a list of {query, file, description}")
    for rule in rules:
        if rule["query"] not in queries:
            known = ", ".join(queries)
            cause = f'attach names unknown query "{rule["query"]}"; there are {known}'
            raise PageError(name, line, cause)
    return [AttachmentRule(rule["query"], rule["file"], rule["description"]) for rule in rules]
