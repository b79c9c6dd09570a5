"""The mutants as data: read from YAML, checked, applied to a text."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

CATALOGUE = Path(__file__).parent / "catalogue"
_FIELDS = {"name", "breaks", "replace", "by", "times", "equivalent", "models"}


class MutantError(Exception):
    """A mutant that cannot be judged: its text is not there, or what it leaves is no SQL."""


@dataclass(frozen=True)
class Mutant:
    """One way to break one file.

    `replace` occurs exactly `times` times in `file` (a path in the project) and becomes `by`. `breaks` says in words
    what is wrong then. `equivalent`: why no test can notice, for a mutant that changes no figure. `models`: whose unit
    tests are asked, where that does not follow from the file (a project variable).
    """

    file: str
    name: str
    breaks: str
    replace: str
    by: str
    times: int = 1
    equivalent: str | None = None
    models: tuple[str, ...] = ()

    def applied_to(self, text: str) -> str:
        """The broken text; MutantError unless `replace` occurs exactly `times` times."""
        found = text.count(self.replace)
        if found != self.times:
            raise MutantError(
                f"{self.name}: {self.file} has {self.replace!r} {found} times, not {self.times}"
            )
        return text.replace(self.replace, self.by)


def read_catalogue(folder: Path = CATALOGUE) -> list[Mutant]:
    """Every mutant of every file of the folder, in order; MutantError where one is not well-formed."""
    mutants = [
        mutant
        for path in sorted(folder.glob("*.yml"))
        for mutant in _mutants(yaml.safe_load(path.read_text()))
    ]
    names = [mutant.name for mutant in mutants]
    for name in names:
        if names.count(name) > 1:
            raise MutantError(f"{name}: two mutants have this name")
    return mutants


def _mutants(groups: list[dict[str, Any]]) -> Iterator[Mutant]:
    for group in groups:
        for fields in group["mutants"]:
            unknown = fields.keys() - _FIELDS
            if unknown:
                raise MutantError(f"{fields.get('name')}: unknown fields {sorted(unknown)}")
            missing = {"name", "breaks", "replace", "by"} - fields.keys()
            if missing:
                raise MutantError(f"{fields.get('name')}: missing {sorted(missing)}")
            models = tuple(fields.pop("models", ()))
            yield Mutant(file=group["file"], models=models, **fields)
