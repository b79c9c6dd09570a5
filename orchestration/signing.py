"""Signing off a closed month: who signs, and for which figures. A signature is a record in the ledger."""

import datetime as dt
from dataclasses import dataclass
from typing import Any

from ingestion import Home, UnusableInput, ledger
from ingestion.people import NOBODY, People
from orchestration.months import month_text

ROLES = {
    "team_lead": "the scores of the team were reviewed with its agents",
    "supervisor": "coaching and urgent alerts of the close are taken on",
    "department_head": "the results of the department are accepted",
    "operations": "the month as a whole is accepted",
    "quality": "evaluations, calibration and the drawn sample are in order",
    "workforce": "shifts, attendance and adherence are in order",
    "hr": "skill levels and measures may be acted on",
    "finance": "figures that pay depends on may be paid by",
    "auditor": "records and figures were checked",
}
"""Who may sign, and what the signature says."""


@dataclass(frozen=True)
class Signature:
    """One signature. `name` and `note` are None where none was given, or it was erased.

    `superseded_by`: the newest close of the month where that is a later one: what was signed is an earlier revision.
    """

    month: dt.date
    close_number: int
    sha256: str
    role: str
    name: str | None
    note: str | None
    signed_at: str
    superseded_by: int | None


def sign(
    home: Home, month: dt.date, role: str, name: str | None, note: str | None
) -> tuple[Signature, bool]:
    """Sign the newest close of a month; returns the signature, and whether it is new.

    The same role and name sign one close once.

    Raises:
        UnusableInput: there is no such role, or the month is not closed.
    """
    if role not in ROLES:
        raise UnusableInput(f"there is no role '{role}' to sign as: one of {', '.join(ROLES)}")
    people = People(home)
    chain = ledger.Ledger(home)
    with chain.appending() as batch:
        closes = [one.content for one in batch.new if one.kind == "close"]
        own = [one for one in closes if one["month"] == month_text(month)]
        if not own:
            raise UnusableInput(
                f"{month_text(month)} is not closed, so there is nothing to sign: run "
                f"`scorehouse close {month_text(month)}` first"
            )
        newest = max(own, key=lambda close: close["close_number"])
        wanted = (month, newest["close_number"], newest["sha256"], role, name)
        for before in _signatures(people, batch.new):
            if wanted == (
                before.month,
                before.close_number,
                before.sha256,
                before.role,
                before.name,
            ):
                return before, False
        content = {
            "month": newest["month"],
            "close_number": newest["close_number"],
            "sha256": newest["sha256"],
            "role": role,
            "name": people.keep_text(name, name) if name else None,
            "note": people.keep_text(name or NOBODY, note) if note else None,
        }
        made = batch.add("signature", content)
    return _signatures(people, [*batch.new, made])[-1], True


def signatures(home: Home) -> list[Signature]:
    """Every signature so far, oldest first."""
    return _signatures(People(home), ledger.records(home, "close", "signature"))


def _signatures(people: People, found: list[ledger.Record]) -> list[Signature]:
    newest: dict[str, int] = {}
    for one in found:
        if one.kind == "close":
            month, number = one.content["month"], one.content["close_number"]
            newest[month] = max(number, newest.get(month, 0))
    return [_signature(people, one, newest) for one in found if one.kind == "signature"]


def _signature(people: People, record: ledger.Record, newest: dict[str, int]) -> Signature:
    content: Any = record.content
    last = newest[content["month"]]
    return Signature(
        month=dt.date.fromisoformat(f"{content['month']}-01"),
        close_number=content["close_number"],
        sha256=content["sha256"],
        role=content["role"],
        name=people.text(content["name"]),
        note=people.text(content["note"]),
        signed_at=record.recorded_at,
        superseded_by=last if last > content["close_number"] else None,
    )
