"""The language of a mapping file, `<landing>/<system>/mapping.yml`: read, and checked key by key.

docs/sources/mapping.md describes it. Every scalar is taken as the text that stands there, so that a status named
`On` or `No` is no boolean.
"""

import codecs
import hashlib
import json
import re
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal, NoReturn

import duckdb
import yaml

from ingestion import engine, rules, validation
from ingestion.contract import DATASETS, Column, Dataset
from ingestion.errors import UnusableInput
from ingestion.limits import printable

FILE_NAME = "mapping.yml"
UNCLASSIFIED = "unclassified"
"""The status of time that the mapping cannot place: logged in, and in no state."""

UNITS = ("seconds", "milliseconds", "minutes", "hh:mm:ss", "mm:ss")
SEPARATORS = {"comma": ",", "semicolon": ";", "tab": "\t", "bar": "|"}
ISO, EPOCH, EPOCH_MS = "iso", "epoch", "epoch_ms"
PLACEHOLDER = re.compile(r"\{([^{}]+)\}")

_LARGEST = 1024 * 1024
_SYSTEM = re.compile(r"[a-z][a-z0-9_]*")
_DEFAULTS = ("time_zone", "time_format", "date_format", "decimal", "separator", "encoding")
_SOURCES = ("column", "constant", "template")
_FILTERS = ("only_if", "skip_if")
_OPTIONS: dict[str, tuple[str, ...]] = {
    "instant": ("time_zone", "time_format", "plus", "minus"),
    "date": ("date_format",),
    "seconds": ("unit", "decimal"),
    "integer": ("decimal", "values", "other"),
    "decimal": ("decimal", "values", "other"),
}
_OTHER_KINDS = ("values", "other")
_DIRECTIVE = re.compile(r"%-?[a-zA-Z]")
_DAY = (("%Y", "%y"), ("%m", "%-m", "%b", "%B"), ("%d", "%-d"))
_HOUR = ("%H", "%-H", "%I", "%-I")


Conditions = tuple[tuple[str, tuple[str, ...]], ...]
"""Columns of theirs with the values that count, in lower case; an empty text is an empty cell."""


@dataclass(frozen=True)
class Duration:
    """A column of theirs that is added to an instant, or taken from it."""

    column: str
    unit: str = "seconds"
    sign: Literal[1, -1] = 1


@dataclass(frozen=True)
class Value:
    """Where a column of ours comes from; names of their columns are in lower case.

    `theirs`: the first that is not empty. `values`: theirs, in lower case, to ours; `other`: what is made of a value
    that is not among them (`reject`, `keep`, `empty`, or one of ours). `formats`: of an instant or a date, the first
    that fits. `zone`: of local times. `label`: the column of ours and those of theirs, for reasons.
    """

    column: Column
    theirs: tuple[str, ...] = ()
    constant: str | None = None
    template: str | None = None
    values: tuple[tuple[str, str], ...] | None = None
    other: str = "reject"
    formats: tuple[str, ...] = ()
    zone: str | None = None
    decimal: str = "point"
    unit: str = "seconds"
    durations: tuple[Duration, ...] = ()
    only_if: Conditions = ()
    skip_if: Conditions = ()
    label: str = ""


@dataclass(frozen=True)
class Entry:
    """One item of `rows`: rows of a dataset made of the rows of one folder's files.

    `name`: `system/folder#number`, numbered within the folder. `folder`: `system/folder`. `mapping_sha256`: of what
    the mapping says about the folder. `shown`: the names of their columns as the mapping writes them.
    """

    name: str
    folder: str
    dataset: Dataset
    values: tuple[Value, ...]
    mapping_sha256: str
    shown: tuple[tuple[str, str], ...]
    only_if: Conditions = ()
    skip_if: Conditions = ()
    separator: str | None = None
    encoding: str | None = None

    @property
    def theirs(self) -> dict[str, str]:
        """Every column of theirs that is needed, in lower case, with its name as the mapping writes it."""
        return dict(self.shown)


@dataclass(frozen=True)
class Mapping:
    """A mapping file. `system`: the name of its folder, which is the source of its agents' ids."""

    system: str
    entries: tuple[Entry, ...]

    @property
    def folders(self) -> tuple[str, ...]:
        """The folders that are read, as `system/folder`."""
        return tuple(dict.fromkeys(entry.folder for entry in self.entries))


def mapped_dataset(name: str) -> Dataset:
    """A dataset of the contract as a mapping may fill it: with its own columns, and a status may be unclassified."""
    dataset = DATASETS[name]
    columns = tuple(
        replace(column, values=(*column.values, UNCLASSIFIED))
        if (name, column.name) == ("status_events", "status")
        else column
        for column in (*dataset.columns, *dataset.mapped_columns)
    )
    return replace(dataset, columns=columns, mapped_columns=())


def read_mapping(path: Path) -> Mapping:
    """Read a mapping file and check all of it.

    Raises:
        UnusableInput: it cannot be read, or says what the language does not know; names file, line and way out.
    """
    shown = f"{path.parent.name}/{path.name}"
    if not _SYSTEM.fullmatch(path.parent.name):
        raise UnusableInput(
            f"{shown}: the folder's name is the name of the system: begin it with a letter and write it in"
            " small letters, digits and _, such as my_dialler"
        )
    try:
        content = path.read_bytes()
        if len(content) > _LARGEST:
            raise UnusableInput(f"{shown} has more than 1 MiB, which no mapping needs")
        text = content.decode("utf-8-sig")
        for event in yaml.parse(text, Loader=yaml.SafeLoader):
            if isinstance(event, yaml.AliasEvent):
                line = event.start_mark.line + 1 if event.start_mark else 1
                raise UnusableInput(f"{shown} line {line}: *{event.anchor}: write it out here")
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except OSError as error:
        raise UnusableInput(f"{shown} cannot be read: {error.strerror or error}") from None
    except UnicodeDecodeError:
        raise UnusableInput(f"{shown} is not UTF-8; save it with UTF-8 encoding") from None
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise UnusableInput(f"{shown} line {line}: no valid YAML ({error.problem})") from None
    except (yaml.YAMLError, RecursionError) as error:
        raise UnusableInput(
            f"{shown}: no valid YAML ({printable(str(error)).split(' in ')[0]})"
        ) from None
    if root is None:
        raise UnusableInput(f"{shown} is empty; docs/sources/mapping.md has a whole example")
    with engine.connect() as opened:
        validation.prepare_time_zones(opened)
        return _Reader(shown, path.parent.name, opened).mapping(root)


class _Reader:
    """Walks the tree of one file; every complaint names the line of what it is about."""

    def __init__(self, shown: str, system: str, opened: duckdb.DuckDBPyConnection) -> None:
        self._shown = shown
        self._system = system
        self._opened = opened
        self._names: dict[str, str] = {}

    def mapping(self, root: yaml.Node) -> Mapping:
        top = self._table(root, (*_DEFAULTS, "rows"), "a mapping")
        if "rows" not in top:
            self._fail(root, "rows is missing: the list of what becomes rows of which dataset")
        rows = top.pop("rows")
        if not isinstance(rows, yaml.SequenceNode) or not rows.value:
            self._fail(rows, "rows must be a list: write each item with '- from:'")
        items = [(node, self._item(node)) for node in rows.value]
        # What the mapping says of a folder, without what it says of others and without comments.
        said: dict[str, list[Any]] = {}
        for node, item in items:
            said.setdefault(self._text(item["from"]), []).append(_plain(node))
        defaults = {name: _plain(node) for name, node in sorted(top.items())}
        digests = {
            folder: hashlib.sha256(json.dumps([defaults, some]).encode()).hexdigest()
            for folder, some in said.items()
        }
        numbers = dict.fromkeys(said, 0)
        entries = []
        for node, item in items:
            folder = self._text(item["from"])
            numbers[folder] += 1
            entries.append(
                self._entry(node, {**top, **item}, folder, numbers[folder], digests[folder])
            )
        return Mapping(self._system, tuple(entries))

    def _item(self, node: yaml.Node) -> dict[str, yaml.Node]:
        item = self._table(
            node, ("from", "into", "columns", *_FILTERS, *_DEFAULTS), "an item of rows"
        )
        for key in ("from", "into", "columns"):
            if key not in item:
                self._fail(node, f"{key} is missing in this item of rows")
        return item

    def _entry(
        self, node: yaml.Node, item: dict[str, yaml.Node], folder: str, number: int, sha256: str
    ) -> Entry:
        if not folder or "/" in folder or folder.startswith((".", "_")):
            self._fail(
                item["from"], f"from: '{folder}' is no name of a folder beside the mapping file"
            )
        into = self._one_of(item["into"], "into", DATASETS)
        dataset = mapped_dataset(into)
        self._names = {}
        columns = self._table(
            item["columns"], [column.name for column in dataset.columns], f"the columns of {into}"
        )
        missing = [name for name in dataset.required_columns if name not in columns]
        if missing:
            self._fail(
                item["columns"],
                f"{into} needs {', '.join(missing)}: say of each its column, a constant or a template",
            )
        values = tuple(
            self._value(column, columns[column.name], item)
            for column in dataset.columns
            if column.name in columns
        )
        only_if, skip_if = (self._conditions(item.get(key), key) for key in _FILTERS)
        encoding = self._text(item["encoding"]) if "encoding" in item else None
        if encoding is not None and not _is_text_encoding(encoding):
            self._fail(
                item["encoding"],
                f"encoding: '{encoding}' is none that is known; write such as utf-8, cp1252, utf-16",
            )
        separator = (
            SEPARATORS[self._one_of(item["separator"], "separator", SEPARATORS)]
            if "separator" in item
            else None
        )
        return Entry(
            name=f"{self._system}/{folder}#{number}",
            folder=f"{self._system}/{folder}",
            dataset=dataset,
            values=values,
            mapping_sha256=sha256,
            shown=tuple(self._names.items()),
            only_if=only_if,
            skip_if=skip_if,
            separator=separator,
            encoding=encoding,
        )

    def _value(self, column: Column, node: yaml.Node, item: dict[str, yaml.Node]) -> Value:
        if not isinstance(node, yaml.MappingNode):
            said: dict[str, yaml.Node] = {"column": node}
        else:
            options = _OPTIONS.get(column.kind, _OTHER_KINDS)
            said = self._table(node, (*_SOURCES, *options, *_FILTERS), column.name)
        sources = [name for name in _SOURCES if name in said]
        if len(sources) != 1:
            self._fail(node, f"{column.name}: say one of {', '.join(_SOURCES)}, and one alone")
        only_if, skip_if = (self._conditions(said.get(key), key) for key in _FILTERS)
        plain = Value(column, only_if=only_if, skip_if=skip_if, label=column.name)
        more = [name for name in said if name not in (*sources, *_FILTERS)]
        if sources != ["column"] and more:
            self._fail(said[more[0]], f"{column.name}: {more[0]} goes with column alone")
        if sources == ["constant"]:
            constant = self._text(said["constant"])
            self._check(column, constant, said["constant"])
            return replace(plain, constant=constant)
        if sources == ["template"]:
            template = self._template(column, said["template"])
            label = f"{column.name} from {', '.join(PLACEHOLDER.findall(template))}"
            return replace(plain, template=template, label=label)
        theirs = tuple(self._theirs(one) for one in self._several(said["column"]))
        label = f"{column.name} from {', '.join(self._names[name] for name in theirs)}"
        return self._converted(replace(plain, theirs=theirs, label=label), said, {**item, **said})

    def _converted(
        self, value: Value, said: dict[str, yaml.Node], all_said: dict[str, yaml.Node]
    ) -> Value:
        """The value with what turns their text into ours, as its kind has it."""
        column = value.column
        decimal = self._one_of(all_said.get("decimal"), "decimal", ("point", "comma"), "point")
        unit = self._one_of(said.get("unit"), "unit", UNITS, "seconds")
        value = replace(value, decimal=decimal, unit=unit)
        if column.kind == "instant":
            zone = self._text(all_said["time_zone"]) if "time_zone" in all_said else None
            if zone is not None:
                known = self._opened.execute("FROM time_zones WHERE name = $1", [zone]).fetchone()
                if known is None:
                    self._fail(
                        all_said["time_zone"],
                        f"time_zone: '{zone}' is no name of the IANA database, such as Europe/Madrid",
                    )
            formats = self._formats(all_said.get("time_format"), "time_format", with_hour=True)
            local = [one for one in formats if one.startswith("%") or "%" in one]
            if zone is None and any("%z" not in one for one in local):
                self._fail(
                    all_said["time_format"],
                    f"{column.name}: these are local times: say their time_zone, such as Europe/Madrid",
                )
            durations = (
                *self._durations(said.get("plus"), "plus", 1),
                *self._durations(said.get("minus"), "minus", -1),
            )
            return replace(value, zone=zone, formats=formats or (ISO,), durations=durations)
        if column.kind == "date":
            return replace(
                value,
                formats=self._formats(all_said.get("date_format"), "date_format", with_hour=False),
            )
        if "other" in said and "values" not in said:
            self._fail(
                said["other"], f"{column.name}: other says what is not among values: say values"
            )
        if "values" not in said:
            return value
        return replace(
            value,
            values=self._values(column, said["values"]),
            other=self._other(column, said.get("other")),
        )

    def _values(self, column: Column, node: yaml.Node) -> tuple[tuple[str, str], ...]:
        found: dict[str, str] = {}
        for key, target in self._table(node, None, "values").items():
            plain, ours = _name(key), self._text(target)
            if plain in found:
                self._fail(
                    target, f"{column.name}: '{key}' is there twice; capital letters do not count"
                )
            if ours != "":
                self._check(column, ours, target)
            found[plain] = ours
        return tuple(found.items())

    def _other(self, column: Column, node: yaml.Node | None) -> str:
        if node is None:
            return "reject"
        if column.name == "status" and UNCLASSIFIED in column.values:
            # Time in an unknown state is in no state, never in another.
            return self._one_of(node, "other", ("reject", UNCLASSIFIED))
        choices = ["reject", *column.values]
        if column.kind != "enum":
            choices.append("keep")
        if not column.required:
            choices.append("empty")
        return self._one_of(node, "other", choices)

    def _template(self, column: Column, node: yaml.Node) -> str:
        template = self._text(node)
        if column.kind not in ("identifier", "text"):
            self._fail(node, f"{column.name}: a template makes texts and ids alone")
        names = PLACEHOLDER.findall(template)
        if not names or re.search(r"[{}]", PLACEHOLDER.sub("", template)):
            self._fail(
                node,
                f"{column.name}: write their columns in braces, such as '{{user_id}}/{{start_at}}'",
            )
        for name in names:
            self._remember(name)
        return template

    def _durations(
        self, node: yaml.Node | None, key: str, sign: Literal[1, -1]
    ) -> Iterator[Duration]:
        if node is None:
            return
        for one in node.value if isinstance(node, yaml.SequenceNode) else [node]:
            if isinstance(one, yaml.ScalarNode):
                yield Duration(self._theirs(one), sign=sign)
                continue
            said = self._table(one, ("column", "unit"), key)
            if "column" not in said:
                self._fail(one, f"{key}: say the column whose time it is")
            unit = self._one_of(said.get("unit"), "unit", UNITS, "seconds")
            yield Duration(self._theirs(said["column"]), unit, sign)

    def _conditions(self, node: yaml.Node | None, key: str) -> Conditions:
        if node is None:
            return ()
        said = self._table(node, None, key)
        return tuple(
            (self._remember(name), tuple(_name(self._text(one)) for one in self._several(values)))
            for name, values in said.items()
        )

    def _formats(self, node: yaml.Node | None, key: str, with_hour: bool) -> tuple[str, ...]:
        if node is None:
            return ()
        formats = tuple(self._text(one) for one in self._several(node))
        for one in formats:
            if one in (ISO, EPOCH, EPOCH_MS) and with_hour:
                continue
            self._check_format(node, key, one, with_hour)
        return formats

    def _check_format(self, node: yaml.Node, key: str, said: str, with_hour: bool) -> None:
        example = "%d/%m/%Y %H:%M" if with_hour else "%d/%m/%Y"
        directives = set(_DIRECTIVE.findall(said))
        wanted = (*_DAY, _HOUR) if with_hour else _DAY
        if not all(directives & set(some) for some in wanted):
            parts = "year, month, day and hour" if with_hour else "year, month and day"
            self._fail(node, f"{key}: '{said}' does not say {parts}; write it such as '{example}'")
        if directives & {"%I", "%-I"} and "%p" not in directives:
            self._fail(node, f"{key}: '{said}' has hours up to twelve, and no %p for AM or PM")
        if "%Z" in directives:
            self._fail(
                node,
                f"{key}: '{said}': names of zones such as CST mean several; use %z, or time_zone",
            )
        try:
            self._opened.execute("SELECT try_strptime('', $1)", [said])
        except duckdb.Error:
            self._fail(
                node, f"{key}: '{said}' is no format of a time; write it such as '{example}'"
            )

    def _check(self, column: Column, text: str, node: yaml.Node) -> None:
        """That a text of ours is one that the contract admits in the column."""
        cell = engine.literal(text)
        for test in rules.tests(column, cell, rules.converted(column, cell)):
            found = self._opened.execute(
                f"SELECT coalesce({test.passes}, false), {test.sentence}"
            ).fetchone()
            assert found is not None
            if not found[0]:
                self._fail(node, str(found[1]))

    def _theirs(self, node: yaml.Node) -> str:
        text = self._text(node)
        if not text.strip():
            self._fail(node, "a name of a column is missing here")
        return self._remember(text)

    def _remember(self, name: str) -> str:
        """Their column as names are compared: case and blanks around do not count."""
        self._names.setdefault(_name(name), name.strip())
        return _name(name)

    def _one_of(
        self,
        node: yaml.Node | None,
        key: str,
        choices: Collection[str],
        default: str | None = None,
    ) -> str:
        if node is None:
            assert default is not None
            return default
        text = self._text(node)
        if text not in choices:
            self._fail(node, f"{key}: '{text}' is none of {', '.join(choices)}")
        return text

    def _table(
        self, node: yaml.Node, known: Collection[str] | None, what: str
    ) -> dict[str, yaml.Node]:
        if not isinstance(node, yaml.MappingNode):
            self._fail(node, f"{what}: write it as 'key: value' lines")
        found: dict[str, yaml.Node] = {}
        for key_node, value in node.value:
            key = self._text(key_node)
            if key in found:
                self._fail(key_node, f"{key} is there twice; keep one of them")
            if known is not None and key not in known:
                self._fail(key_node, f"{what} has no '{key}'; there are {', '.join(known)}")
            found[key] = value
        return found

    def _several(self, node: yaml.Node) -> list[yaml.Node]:
        if not isinstance(node, yaml.SequenceNode):
            return [node]
        if not node.value:
            self._fail(node, "this list is empty")
        return list(node.value)

    def _text(self, node: yaml.Node) -> str:
        if not isinstance(node, yaml.ScalarNode):
            self._fail(node, "write one text here")
        return "" if node.tag == "tag:yaml.org,2002:null" else str(node.value)

    def _fail(self, node: yaml.Node, complaint: str) -> NoReturn:
        raise UnusableInput(
            printable(f"{self._shown} line {node.start_mark.line + 1}: {complaint}")
        )


def _name(name: str) -> str:
    return name.strip().lower()


def _plain(node: yaml.Node) -> Any:
    """What a node says, without how it is written."""
    if isinstance(node, yaml.MappingNode):
        return {key.value: _plain(value) for key, value in node.value}
    if isinstance(node, yaml.SequenceNode):
        return [_plain(one) for one in node.value]
    return node.value


def _is_text_encoding(name: str) -> bool:
    try:
        decode: Callable[..., Any] = codecs.getincrementaldecoder(name)
        return isinstance(decode().decode(b"", True), str)
    except (LookupError, ValueError, UnicodeError):
        return False
