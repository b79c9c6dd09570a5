"""Legal holds: what nobody may purge or erase until the hold is released. Both are records in the ledger.

A hold in a file of rules could be taken out and put back by whoever wants something gone; the chain keeps who set and
who released it. Nobody is named there: people and texts are tokens (see `ingestion.people`).
"""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

from ingestion import Home, UnusableInput, ledger
from ingestion.people import NOBODY, People
from orchestration.months import month_text, parse_month

EVERYTHING = "everything"


@dataclass(frozen=True)
class Hold:
    """A hold in force. `kind`: of data (see the rules `retention`), or `everything`.

    `first`, `last`: months, None where it is open. `agent`: whose token it is about, None for everybody. `reason`:
    None where its text was erased.
    """

    number: int
    kind: str
    first: dt.date | None
    last: dt.date | None
    agent: str | None
    reason: str | None
    since: str

    def covers(self, kind: str, first: dt.date, last: dt.date) -> bool:
        """Whether data of a kind, of the months `first` to `last`, are held.

        Nobody can take a month or an agent out of a file: all of it is held.
        """
        return (
            self.kind in (EVERYTHING, kind)
            and (self.first is None or self.first <= last)
            and (self.last is None or first <= self.last)
        )

    @property
    def title(self) -> str:
        """One line for a person."""
        months = f"{_month(self.first, 'the first month')} to {_month(self.last, 'now on')}"
        whose = "one agent" if self.agent else "everybody"
        why = f": {self.reason}" if self.reason else ""
        return f"hold {self.number} ({self.kind}, {months}, {whose}, since {self.since[:10]}){why}"


def _month(month: dt.date | None, otherwise: str) -> str:
    return month_text(month) if month else otherwise


def active(home: Home) -> list[Hold]:
    """The holds in force, oldest first."""
    people = People(home)
    found = ledger.records(home, "hold", "release")
    released = {one.content["hold"] for one in found if one.kind == "release"}
    return [
        Hold(
            number=one.content["hold"],
            kind=one.content["data"],
            first=parse_month(one.content["from"]) if one.content["from"] else None,
            last=parse_month(one.content["to"]) if one.content["to"] else None,
            agent=one.content["agent"],
            reason=people.text(one.content["reason"]),
            since=one.recorded_at,
        )
        for one in found
        if one.kind == "hold" and one.content["hold"] not in released
    ]


def place(
    home: Home,
    kind: str,
    kinds: Iterable[str],
    months: tuple[dt.date | None, dt.date | None],
    agent: str | None,
    reason: str,
    by: str,
) -> Hold:
    """Set a hold. `kinds`: those there are. `agent`: an id, whether or not anybody knows it.

    Raises:
        UnusableInput: there is no such kind, or the months are reversed.
    """
    known = [EVERYTHING, *kinds]
    if kind not in known:
        raise UnusableInput(f"there is no kind of data '{kind}': one of {', '.join(known)}")
    first, last = months
    if first and last and last < first:
        raise UnusableInput(
            f"--to {month_text(last)} is before --from {month_text(first)}: swap them"
        )
    people = People(home)
    if agent:
        people.ensure([agent])
    content = {
        "data": kind,
        "from": month_text(first) if first else None,
        "to": month_text(last) if last else None,
        "agent": people.token(agent) if agent else None,
        "reason": people.keep_text(NOBODY, reason),
        "by": people.keep_text(by, by),
    }
    chain = ledger.Ledger(home)
    with chain.appending() as batch:
        number = 1 + sum(one.kind == "hold" for one in batch.new)
        batch.add("hold", {"hold": number, **content})
    return active(home)[-1]


def release(home: Home, number: int, reason: str, by: str) -> Hold:
    """End a hold; returns it.

    Raises:
        UnusableInput: no such hold is in force.
    """
    people = People(home)
    held = {hold.number: hold for hold in active(home)}
    if number not in held:
        there = ", ".join(str(one) for one in held) or "none"
        raise UnusableInput(f"hold {number} is not in force; in force: {there}")
    content = {
        "hold": number,
        "reason": people.keep_text(NOBODY, reason),
        "by": people.keep_text(by, by),
    }
    ledger.append(home, "release", content)
    return held[number]


def refuse_erasing(home: Home, agent: str) -> None:
    """Nobody is erased while a hold is about that person, or about everybody.

    Raises:
        UnusableInput: names the first such hold.
    """
    token = People(home).token(agent)
    for hold in active(home):
        if hold.agent in (None, token):
            raise UnusableInput(
                f"{hold.title} keeps data about {agent}: end it first with `scorehouse release {hold.number}`"
            )
