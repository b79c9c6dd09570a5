"""Page files: front matter, named SQL blocks, and a Markdown body with Jinja in it.

Front matter is YAML: ``title`` (may hold Jinja expressions) and optionally ``attach``, a list of
{query, file, description} whose rows go into the PDF as CSV. A query is a fenced block that opens
with three backticks, ``sql`` and a name; ``${name}`` in it stands for another query of the page, as
a subquery. Values come in as bound parameters only.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from reports.errors import PageError
from reports.rows import Rows
from reports.template import Template
from reports.warehouse import QueryError, Warehouse

_OPENING = re.compile(r"^```sql\b[ \t]*(?P<name>.*?)[ \t]*$")
_NAME = re.compile(r"[a-z_][a-z0-9_]*")
_REFERENCE = re.compile(r"\$\{\s*(\w+)\s*\}")
_HEADING = re.compile(r"^(#{1,6})\s")


@dataclass(frozen=True)
class Query:
    """One named query: its SQL as written and the line of the page its first line is."""

    name: str
    sql: str
    line: int


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
    source: str
    front: Mapping[str, object]
    title: Template
    body: Template
    queries: dict[str, Query]
    attachments: list[AttachmentRule] = field(default_factory=list)

    def run(self, warehouse: Warehouse, parameters: Mapping[str, object]) -> dict[str, Rows]:
        """Run every query of the page; a wrong one is a PageError even where it is not shown."""
        results = {}
        for query in self.queries.values():
            sql = self._composed(query, ())
            try:
                results[query.name] = warehouse.query(query.name, sql, parameters)
            except QueryError as error:
                exact = sql == query.sql and error.line is not None
                line = query.line + (error.line or 1) - 1 if exact else query.line
                raise PageError(self.name, line, f'query "{query.name}": {error}') from error
        return results

    def _composed(self, query: Query, path: tuple[str, ...]) -> str:
        path = (*path, query.name)

        def subquery(match: re.Match[str]) -> str:
            name = match[1]
            if name in path:
                circle = " → ".join((*path[path.index(name) :], name))
                raise PageError(self.name, query.line, f"queries use each other: {circle}")
            if name not in self.queries:
                known = ", ".join(self.queries)
                cause = f'query "{query.name}" uses unknown query "{name}"; there are {known}'
                raise PageError(self.name, query.line, cause)
            return f"(\n{self._composed(self.queries[name], path)}\n)"

        return _REFERENCE.sub(subquery, query.sql)


def load_page(root: Path, relative: str, names: frozenset[str]) -> Page:
    """Read and check one page file.

    root: the folder of the pages; relative: the page's path in it; names: what templates may use
    beside the page's own queries. Raises PageError for anything that is wrong with the file itself.
    """
    name = f"{root.name}/{relative}"
    source = read_template(root / relative, name)
    front, lines = split_front_matter(source, name)
    queries = _cut_queries(lines, name)
    taken = sorted(names & queries.keys())
    if taken:
        query = queries[taken[0]]
        raise PageError(name, query.line - 1, f'"{query.name}" is taken: name the query otherwise')
    _check_headings(lines, name)
    title = front.get("title")
    if not isinstance(title, str):
        raise PageError(name, 1, "front matter needs a title")
    known = names | queries.keys()
    return Page(
        name=name,
        source=source,
        front=front,
        title=Template(title, name, known, first_line=_line_of(source, "title:")),
        body=Template("\n".join(lines), name, known),
        queries=queries,
        attachments=_attachments(front, queries, name, _line_of(source, "attach:")),
    )


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


def _line_of(source: str, start: str) -> int:
    lines = source.splitlines()
    return next((n for n, line in enumerate(lines, 1) if line.startswith(start)), 1)


def _cut_queries(lines: list[str], name: str) -> dict[str, Query]:
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
            raise PageError(
                name, number + 1, "a sql block needs a name in lower case: ```sql my_query"
            )
        if query in queries:
            raise PageError(name, number + 1, f'there are two queries called "{query}"')
        end = next((n for n in range(number + 1, len(lines)) if lines[n].rstrip() == "```"), None)
        if end is None:
            raise PageError(name, number + 1, f'query "{query}" is not closed by ```')
        sql = "\n".join(lines[number + 1 : end]).rstrip().removesuffix(";")
        queries[query] = Query(query, sql, number + 2)
        lines[number : end + 1] = [""] * (end + 1 - number)
        number = end + 1
    return queries


def _check_headings(lines: list[str], name: str) -> None:
    level = 1
    for number, line in enumerate(lines, 1):
        heading = _HEADING.match(line)
        if heading is None:
            continue
        new = len(heading[1])
        if new == 1:
            raise PageError(name, number, "the title is the only # heading: start with ##")
        if new > level + 1:
            raise PageError(name, number, f"a level {new} heading under a level {level} one")
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
