"""What a close does with its messages: to the outbox, or over the transports that the installation has."""

import datetime as dt
from dataclasses import dataclass, replace

from ingestion import Home
from orchestration.delivery import notices, outbox, sending
from orchestration.delivery.settings import Settings


@dataclass(frozen=True)
class CarriedOut:
    """What was written into the outbox and sent, how many have no usable address, and what a person should know."""

    written: int
    sent: int
    undeliverable: int
    notes: tuple[str, ...]


NOTHING = CarriedOut(0, 0, 0, ())


def carry_out(home: Home, month: dt.date | None, settings: Settings) -> CarriedOut:
    """Deliver what the closes of a month, or of all, ask for and no run has delivered yet.

    Raises:
        UnusableInput: what was delivered cannot be read or recorded.
    """
    if not settings.is_on:
        return CarriedOut(0, 0, 0, tuple(sending.send_due(home, settings, month).notes))
    filed = outbox.deliver(home, month, settings.routed)
    sent = sending.send_due(home, settings, month)
    kept_back = [
        f"action {action_id} is not in the outbox: {why}" for action_id, why in filed.withheld
    ]
    return CarriedOut(
        filed.written,
        sent.sent,
        len(filed.undeliverable) + sent.undeliverable,
        (*kept_back, *sent.notes),
    )


def deliver_what_is_due(home: Home, settings: Settings, now: dt.datetime) -> CarriedOut:
    """Deliver what waits, of all months, and tell the operator what is wrong.

    Raises:
        UnusableInput: what was delivered cannot be read or recorded.
    """
    done = CarriedOut(0, 0, 0, ())
    if home.published_database.exists():
        done = carry_out(home, None, settings)
    told = [f"told the operator: {subject}" for subject in notices.watch(home, settings, now)]
    return replace(done, notes=(*done.notes, *told))
