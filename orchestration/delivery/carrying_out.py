"""What a close does with its messages: to the outbox, or over the transports that the installation has."""

import datetime as dt
from dataclasses import dataclass

from ingestion import Home
from orchestration.delivery import outbox, sending
from orchestration.delivery.settings import Settings


@dataclass(frozen=True)
class CarriedOut:
    """What was written into the outbox and sent, how many have no usable address, and what a person should know."""

    written: int
    sent: int
    undeliverable: int
    notes: tuple[str, ...]


NOTHING = CarriedOut(0, 0, 0, ())


def carry_out(home: Home, month: dt.date, settings: Settings) -> CarriedOut:
    """Deliver what the closes of a month ask for and no run has delivered yet.

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
