"""The suites: one YAML file per landed dataset and per mart, each rule with its severity and its reason."""

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import yaml

from ingestion import DATASETS, UnusableInput

Stage = Literal["landed", "published"]
SUITES = Path(__file__).parent / "suites"
# The rules of this file hold for every landed dataset; a dataset's own rule of the same name takes their place.
EVERY_DATASET = "_every_dataset"
# What `landed.sql` measures of each dataset. A null: there is nothing to measure it by yet.
LANDED_MEASURES = (
    "columns_missing",
    "rows_missing",
    "repeated_key_share",
    "days_behind",
    "lowest_day",
    "highest_day",
)
_MAX = "expect_column_max_to_be_between"
_MIN = "expect_column_min_to_be_between"
_BETWEEN = "expect_column_values_to_be_between"
_NOT_NULL = "expect_column_values_to_not_be_null"
_IN_SET = "expect_column_values_to_be_in_set"
_PAIR = "expect_column_pair_values_a_to_be_greater_than_b"
_QUERY = "unexpected_rows_expectation"
# The expectations that a rule may use, with their options. All of these were seen to be right on DuckDB.
EXPECTATIONS: Mapping[str, frozenset[str]] = {
    _MAX: frozenset({"column", "max_value", "min_value"}),
    _MIN: frozenset({"column", "max_value", "min_value"}),
    _BETWEEN: frozenset({"column", "max_value", "min_value", "mostly"}),
    _NOT_NULL: frozenset({"column", "mostly"}),
    _IN_SET: frozenset({"column", "value_set", "mostly"}),
    _PAIR: frozenset({"column_A", "column_B", "or_equal", "mostly"}),
    _QUERY: frozenset({"unexpected_rows_query"}),
}
_NAME = re.compile(r"[a-z][a-z0-9_]*")
_BATCH = re.compile(r"select \* from \{batch\} where (.+)", re.DOTALL)


@dataclass(frozen=True)
class Rule:
    """One expectation. `options`: its arguments, as Great Expectations names them.

    `severity`: a failed `stop` stops the run, a failed `warn` is reported. `reason`: why the threshold is what it is.
    """

    name: str
    expectation: str
    options: Mapping[str, Any]
    severity: Literal["stop", "warn"]
    reason: str

    @property
    def measures(self) -> bool:
        """Whether it looks at one number of a dataset or mart, and not at its rows."""
        return self.expectation in (_MAX, _MIN)

    @property
    def lets_a_share_fail(self) -> bool:
        """Whether a share of the rows may fail it, be it ever so small."""
        return bool(self.options.get("mostly", 1) < 1)

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that it is about; of a rule with a condition of its own, none."""
        return tuple(
            str(self.options[o]) for o in ("column", "column_A", "column_B") if o in self.options
        )

    @property
    def condition(self) -> str | None:
        """The SQL condition of a rule that is one; true for a bad row."""
        query = _BATCH.fullmatch(str(self.options.get("unexpected_rows_query", "")).strip())
        return query[1] if query else None

    @property
    def threshold(self) -> str:
        """In words, what passes."""
        options = self.options
        if self.measures:
            return _between(options)
        if self.expectation == _QUERY:
            return "no such row"
        mostly = options.get("mostly", 1)
        most = "every row" if mostly == 1 else f"{mostly * 100:g} % of the rows or more"
        what = {
            _BETWEEN: lambda: f"{options['column']} {_between(options)}",
            _NOT_NULL: lambda: f"{options['column']} has a value",
            _IN_SET: lambda: (
                f"{options['column']} is {' or '.join(_word(v) for v in options['value_set'])}"
            ),
            _PAIR: lambda: (
                f"{options['column_A']} is"
                f" {'not before or below' if options.get('or_equal') else 'after or above'} {options['column_B']}"
            ),
        }[self.expectation]()
        return f"{what}: {most}"

    def failing(self, quote: Any) -> str:
        """SQL that is true for a row that fails; `quote` makes an identifier of a name."""
        options = self.options
        if self.expectation == _QUERY:
            assert self.condition is not None
            return self.condition
        first, *others = (quote(column) for column in self.columns)
        match self.expectation:
            case "expect_column_values_to_not_be_null":
                return f"{first} is null"
            case "expect_column_values_to_be_between":
                bounds = [
                    f"{first} {sign} {options[option]}"
                    for option, sign in (("min_value", "<"), ("max_value", ">"))
                    if options.get(option) is not None
                ]
                return " or ".join(bounds)
            case "expect_column_values_to_be_in_set":
                return f"{first} not in ({', '.join(_literal(v) for v in options['value_set'])})"
            case _:
                sign = "<" if options.get("or_equal") else "<="
                return f"{first} {sign} {others[0]}"


@dataclass(frozen=True)
class Suite:
    """The rules of one dataset or mart.

    `subject`: its name. `file`: where the suite is read from. `happened`: the column of a landed dataset that says when
    a row happened. `flags`: further columns of its rows, as SQL. `where`: which rows of a mart are looked at.
    `measures`: numbers about the marts, each as SQL. `relations`: queries that they stand on, in order, by name.
    """

    stage: Stage
    subject: str
    file: Path
    rules: tuple[Rule, ...]
    about: str
    happened: str | None = None
    flags: Mapping[str, str] = field(default_factory=dict)
    where: str = "true"
    measures: Mapping[str, str] = field(default_factory=dict)
    relations: Mapping[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """How results and messages call it."""
        return f"{self.stage}.{self.subject}"

    @property
    def row_rules(self) -> tuple[Rule, ...]:
        """The rules that look at rows."""
        return tuple(rule for rule in self.rules if not rule.measures)

    @property
    def table(self) -> str:
        """The table of the rows that its rules look at."""
        return f"{self.subject}__rows"

    def measure(self, column: str) -> str:
        """The column, in the one row of all measures, of a measure of this suite."""
        return f"{self.subject}__{column}"


def load_suites(
    stage: Stage, columns: Mapping[str, Sequence[str]], folder: Path = SUITES
) -> list[Suite]:
    """The suites of a stage, in the order of the files' names.

    columns: the columns of each dataset or mart that may have a suite, by name.

    Raises:
        UnusableInput: a file is no suite, or names an expectation, option or column that there is not.
    """
    every = _read(folder / stage / f"{EVERY_DATASET}.yml") if stage == "landed" else {}
    suites = []
    for file in sorted((folder / stage).glob("[!_]*.yml")):
        suites.append(_suite(stage, file, _read(file), every.get("rules", []), columns))
    if stage == "landed":
        missing = sorted(columns.keys() - {suite.subject for suite in suites})
        if missing:
            raise UnusableInput(
                f"{folder / stage}: {missing[0]} has no suite: add {missing[0]}.yml"
            )
    return suites


def landed_columns() -> dict[str, list[str]]:
    """The columns of every dataset of the contract."""
    return {name: [c.name for c in dataset.columns] for name, dataset in DATASETS.items()}


def suites_version(folder: Path = SUITES) -> str:
    """SHA-256 of all suites: other rules, other results."""
    content = hashlib.sha256()
    for file in sorted(folder.rglob("*.yml")):
        content.update(file.relative_to(folder).as_posix().encode() + b"\0" + file.read_bytes())
    return content.hexdigest()


def cause(message: str) -> str:
    """What DuckDB says is wrong with a query, in one line.

    Of an error that only the data can cause, its kind alone: the message may hold a value.
    """
    kind = re.search(r"\b(\w+) Error: [^\n]*", message)
    if kind is None:
        return "it does not run"
    about_the_query = kind[1] in ("Binder", "Catalog", "Parser")
    return kind[0] if about_the_query else f"{kind[1]} Error in the data"


def _read(file: Path) -> dict[str, Any]:
    try:
        said = yaml.safe_load(file.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise UnusableInput(f"{file} is no YAML: {' '.join(str(error).split())}") from None
    if not isinstance(said, dict) or not isinstance(said.get("rules"), list):
        raise UnusableInput(f"{file}: a suite has a list `rules`")
    return said


def _suite(
    stage: Stage,
    file: Path,
    said: Mapping[str, Any],
    shared: Sequence[Any],
    columns: Mapping[str, Sequence[str]],
) -> Suite:
    subject = file.stem
    if subject not in columns:
        kind = "dataset" if stage == "landed" else "mart"
        raise UnusableInput(f"{file}: there is no {kind} '{subject}'; there are {_listed(columns)}")
    known = {
        "about",
        "rules",
        "flags",
        *(("happened",) if stage == "landed" else ("where", "measures", "relations")),
    }
    _only(file, "the suite", said, known)
    flags = _texts(said.get("flags"))
    own = [_rule(file, rule) for rule in said["rules"]]
    names = [rule.name for rule in own]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice:
        raise UnusableInput(f"{file}: rule {twice}: this name is taken; each rule has its own")
    inherited = [rule for rule in (_rule(file, one) for one in shared) if rule.name not in names]
    suite = Suite(
        stage,
        subject,
        file,
        (*inherited, *own),
        str(said.get("about", "")),
        happened=said.get("happened"),
        flags=flags,
        where=str(said.get("where", "true")),
        measures=_texts(said.get("measures")),
        relations=_texts(said.get("relations")),
    )
    in_rows = [*columns[subject], *flags]
    measures = LANDED_MEASURES if stage == "landed" else tuple(suite.measures)
    if suite.happened is not None and suite.happened not in columns[subject]:
        raise UnusableInput(
            f"{file}: happened: there is no column '{suite.happened}'; there are {_listed(in_rows)}"
        )
    for rule in suite.rules:
        for column in rule.columns:
            there = measures if rule.measures else in_rows
            if column not in there:
                kind = "measure" if rule.measures else "column"
                raise UnusableInput(
                    f"{file}: rule {rule.name}: there is no {kind} '{column}'; there are {_listed(there)}"
                )
    return suite


def _texts(said: Mapping[str, Any] | None) -> dict[str, str]:
    return {str(name): str(sql) for name, sql in (said or {}).items()}


def _rule(file: Path, said: Any) -> Rule:
    name = said.get("name") if isinstance(said, dict) else None
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise UnusableInput(
            f"{file}: every rule has a name of lower-case letters, digits and _, not {name!r}"
        )
    where = f"rule {name}"
    _only(file, where, said, {"name", "expectation", "with", "severity", "reason"})
    expectation, options = said.get("expectation"), said.get("with") or {}
    if expectation not in EXPECTATIONS:
        raise UnusableInput(
            f"{file}: {where}: there is no expectation '{expectation}'; there are {_listed(EXPECTATIONS)}"
        )
    _only(file, where, options, EXPECTATIONS[expectation])
    needed = {
        _PAIR: ("column_A", "column_B"),
        _QUERY: ("unexpected_rows_query",),
        _IN_SET: ("column", "value_set"),
    }
    for option in needed.get(expectation, ("column",)):
        if option not in options:
            raise UnusableInput(f"{file}: {where}: {expectation} needs `{option}`")
    if expectation in (_MAX, _MIN, _BETWEEN) and not {"min_value", "max_value"} & set(options):
        raise UnusableInput(
            f"{file}: {where}: {expectation} needs `min_value`, `max_value` or both"
        )
    if said.get("severity") not in ("stop", "warn"):
        raise UnusableInput(
            f"{file}: {where}: severity is stop or warn, not {said.get('severity')!r}"
        )
    if not str(said.get("reason") or "").strip():
        raise UnusableInput(
            f"{file}: {where}: a sentence `reason` says why the threshold is what it is"
        )
    rule = Rule(name, expectation, options, said["severity"], " ".join(str(said["reason"]).split()))
    if expectation == _QUERY and rule.condition is None:
        raise UnusableInput(
            f"{file}: {where}: unexpected_rows_query is `select * from {{batch}} where` and a condition"
        )
    return rule


def _only(file: Path, where: str, said: Mapping[str, Any], known: Any) -> None:
    unknown = sorted(map(str, said.keys() - known))
    if unknown:
        raise UnusableInput(
            f"{file}: {where}: there is no key '{unknown[0]}'; there are {_listed(known)}"
        )


def _listed(names: Any) -> str:
    return ", ".join(sorted(names))


def _between(options: Mapping[str, Any]) -> str:
    low, high = options.get("min_value"), options.get("max_value")
    if low is None:
        return f"at most {high:g}"
    return f"at least {low:g}" if high is None else f"between {low:g} and {high:g}"


def _word(value: Any) -> str:
    return (
        {True: "true", False: "false"}.get(value, str(value))
        if isinstance(value, bool)
        else str(value)
    )


def _literal(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return f"'{value.replace(chr(39), chr(39) * 2)}'" if isinstance(value, str) else str(value)
