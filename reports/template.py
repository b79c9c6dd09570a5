"""Jinja for pages and messages: every value leaves an expression as an opaque token.

Templates are rendered before Markdown is parsed. What an expression yields is kept in a list, and
only a token, two private-use characters around its index, enters the text; so no value is ever
read as Markdown, HTML or Typst. `reports.markdown` puts the values back as plain text.
"""

import sys
from collections.abc import Mapping
from dataclasses import dataclass

from jinja2 import StrictUndefined, TemplateError, TemplateSyntaxError, nodes, pass_context
from jinja2 import Template as JinjaTemplate
from jinja2.runtime import Context
from jinja2.sandbox import ImmutableSandboxedEnvironment

from reports.errors import ComponentError, PageError
from reports.formats import format_value, printable

OPEN, CLOSE = "\ue000", "\ue001"
_VALUES = "_values"

_ARITHMETIC = (
    nodes.Add,
    nodes.Sub,
    nodes.Mul,
    nodes.Div,
    nodes.FloorDiv,
    nodes.Mod,
    nodes.Pow,
    nodes.Neg,
    nodes.Pos,
)
# These build text from text, in which tokens would be taken for values.
_TEXT_BUILDERS = (nodes.AssignBlock, nodes.FilterBlock, nodes.CallBlock, nodes.Macro)


@dataclass(frozen=True)
class Where:
    """Which file and line each line of a template's source is.

    first_line: the line of the file the source starts on. origins: file and line of each line,
    where parts of the source come from other files.
    """

    page: str
    first_line: int = 1
    origins: tuple[tuple[str, int], ...] = ()

    def error(self, line: int, cause: str) -> PageError:
        """Return a PageError for a line of the source, counted from 1."""
        if 1 <= line <= len(self.origins):
            page, number = self.origins[line - 1]
            return PageError(page, number, cause)
        return PageError(self.page, line + self.first_line - 1, cause)


@dataclass(frozen=True, slots=True)
class Value:
    """What an expression yielded, and where: the line of the code that the template became."""

    value: object
    code_line: int


def _require(value: object) -> None:
    if isinstance(value, StrictUndefined):
        str(value)  # raises what Jinja has to say about it


@pass_context
def _tokenise(context: Context, value: object) -> str:
    _require(value)
    values: list[Value] = context[_VALUES]
    values.append(Value(value, sys._getframe(1).f_lineno))
    return f"{OPEN}{len(values) - 1}{CLOSE}"


def _fmt(value: object, fmt: str | None = None, signed: bool = False) -> object:
    """Print a value in a named format; null stays null, which prints in words."""
    _require(value)
    return None if value is None else format_value(value, fmt, signed=signed)


def _short(value: object, length: int) -> object:
    """Cut text from data to a length, for messages that have little room."""
    _require(value)
    if value is None:
        return None
    text = printable(str(value))
    return text if len(text) <= length else f"{text[: length - 1]}…"


def _environment() -> ImmutableSandboxedEnvironment:
    environment = ImmutableSandboxedEnvironment(
        undefined=StrictUndefined,
        finalize=_tokenise,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,
    )
    environment.globals.clear()
    environment.filters = {"fmt": _fmt, "short": _short, "length": len}
    return environment


_ENVIRONMENT = _environment()


class Template:
    """A compiled template that names its file and line in every error."""

    def __init__(self, source: str, where: Where, names: frozenset[str] | None = None) -> None:
        """Compile and check.

        where: the file it stands in. names: what the template may use (None: anything, checked
        when it is rendered). Raises PageError.
        """
        self._where = where
        self._source = source
        for number, line in enumerate(source.splitlines(), 1):
            if any("\ue000" <= character <= "\uf8ff" for character in line):
                raise self.error(number, "private-use characters cannot be used in a page")
        try:
            tree = _ENVIRONMENT.parse(source)
            self._check(tree, names)
            code = _ENVIRONMENT.compile(tree, name=where.page, filename=where.page)
        except TemplateSyntaxError as error:
            raise self.error(error.lineno, str(error.message)) from error
        self._template = JinjaTemplate.from_code(_ENVIRONMENT, code, {})
        self.names = frozenset(name.name for name in tree.find_all(nodes.Name))
        """Every name in it, those of queries among them."""

    def __reduce__(self) -> tuple[type["Template"], tuple[str, Where]]:
        """Let another process compile what was checked here."""
        return Template, (self._source, self._where)

    def _check(self, tree: nodes.Template, names: frozenset[str] | None) -> None:
        for node in tree.find_all(_ARITHMETIC):
            raise self.error(node.lineno, "a page does no arithmetic: compute it in SQL")
        for block in tree.find_all(_TEXT_BUILDERS):
            raise self.error(
                block.lineno, "set blocks, macros, call and filter blocks are not used"
            )
        if names is None:
            return
        bound = {name.name for name in tree.find_all(nodes.Name) if name.ctx != "load"} | {"loop"}
        for name in tree.find_all(nodes.Name):
            if name.ctx == "load" and name.name not in names | bound:
                known = ", ".join(sorted(names))
                raise self.error(name.lineno, f'"{name.name}" is undefined; there are {known}')

    def render(self, names: Mapping[str, object]) -> tuple[str, list[Value]]:
        """Return the text with tokens in it, and the values they stand for.

        Raises PageError for an undefined name, a wrong component call and every other failure.
        """
        values: list[Value] = []
        try:
            return self._template.render({**names, _VALUES: values}), values
        except PageError:
            raise
        except (ComponentError, TemplateError, TypeError, ValueError, LookupError) as error:
            raise self.error(self._line(error), str(error)) from error

    def _line(self, error: BaseException) -> int:
        line, trace = 1, error.__traceback__
        while trace is not None:
            if trace.tb_frame.f_code.co_filename == self._where.page:
                line = trace.tb_lineno
            trace = trace.tb_next
        return line

    def error(self, line: int, cause: str) -> PageError:
        """Return a PageError at a line of the source."""
        return self._where.error(line, cause)

    def error_at(self, value: Value, cause: str) -> PageError:
        """Return a PageError at the line that yielded a value."""
        return self.error(self._template.get_corresponding_lineno(value.code_line), cause)
