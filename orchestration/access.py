"""Who may read what: what the marts' own descriptions say about their rows and columns.

`config.meta.about` of a mart says whom its rows are about, `config.meta.privacy` of a column what it may give away.
The databases per audience and the rules on a server are made from these, and from nothing else.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

# A row of a period belongs to the team of its last day, as a month's score does. The column as `{}`.
PERIODS = {
    "business_date": "{}",
    "week_start_date": "{} + 6",
    "month": "cast({} + interval '1 month' - interval '1 day' as date)",
}
# What an audience without names gets of a column: see docs/operations.md.
KINDS = {
    "person": "the id of somebody who works here",
    "identifier": "the id of a thing, a customer or a team",
    "name": "a person's name",
    "contact": "an address or phone number",
    "free_text": "what somebody typed about somebody or something",
    "quasi_identifier": "what tells a person together with little else",
    "label": "a name that the centre gave to something",
    "code": "one of a fixed list",
}


@dataclass(frozen=True)
class Privacy:
    """What a column may give away. `kind`: a key of `KINDS`; `of`: the column with the id of whom it names."""

    kind: str
    of: str | None = None


@dataclass(frozen=True)
class About:
    """Whom the rows of a mart are about; each attribute is a column.

    `agent`: the person. `team`: the team that the row belongs to; without it, the team in which the agent ended the
    `period`. `department`: a department's own rows, those `where`. `addressee`: who may read a row as his own, where
    that is not the agent. Without any of these, the rows are about the whole centre or, if `is_open`, about nobody.
    """

    agent: str | None = None
    team: str | None = None
    period: str | None = None
    department: str | None = None
    where: str = "true"
    addressee: str | None = None
    is_open: bool = False

    @property
    def own(self) -> str | None:
        """The column with the id of who reads a row as his own."""
        return self.addressee or self.agent

    def last_day(self) -> str:
        """SQL of the last day of the period of a row."""
        assert self.period is not None
        return PERIODS[self.period].format(f"mart.{self.period}")


def about_of(meta: Mapping[str, Any]) -> About:
    """Whom the rows of a mart are about. A mart that does not say is for who may read all."""
    said = meta.get("about", "everybody")
    if isinstance(said, str):
        return About(is_open=said == "nobody")
    return About(**said)


def privacy_of(column: Mapping[str, Any]) -> Privacy | None:
    """What a column says about itself; a text column that says nothing is free text, to be safe."""
    meta = column.get("config", {}).get("meta", {})
    if "privacy" in meta:
        return Privacy(meta["privacy"], meta.get("of"))
    kind = str(column.get("data_type") or "varchar")
    is_plain = kind.split("(")[0] in _PLAIN_TYPES and not kind.endswith("]")
    return None if is_plain else Privacy("free_text")


_PLAIN_TYPES = frozenset(
    [
        "bigint",
        "boolean",
        "date",
        "decimal",
        "double",
        "hugeint",
        "integer",
        "smallint",
        "timestamptz",
    ]
)
