"""What a person does with messages on their way: look, retry, cancel, say that one arrived, confirm a close."""

import datetime as dt
import getpass
from collections.abc import Sequence
from dataclasses import dataclass

from ingestion import Home, UnusableInput, ledger
from orchestration import records
from orchestration.delivery import outbox
from orchestration.delivery.action import Action
from orchestration.delivery.register import STATES, Entry, Register, State
from orchestration.delivery.settings import Settings
from orchestration.months import month_text

_LEAST_KEY = 6
_OPEN: tuple[State, ...] = ("waiting", "sending", "parked", "dead", "barred")
_AGAIN: tuple[State, ...] = ("parked", "dead", "barred", "cancelled")
_NEVER: tuple[State, ...] = ("waiting", "parked", "dead", "barred")


@dataclass(frozen=True)
class Listed:
    """A message in the register, with its action where the published database still has it."""

    entry: Entry
    action: Action | None


class Desk:
    """The register of one home, for the command line."""

    def __init__(self, home: Home, settings: Settings) -> None:
        """Open the register."""
        self._home = home
        self._register = Register(home, settings.ledger_url)

    def close(self) -> None:
        """Let go of it."""
        self._register.close()

    def listed(self, states: Sequence[str] | None) -> list[Listed]:
        """The messages in these states; without any, those that are not done.

        Raises:
            UnusableInput: there is no such state.
        """
        for state in states or ():
            if state not in STATES:
                known = "; ".join(f"{name}: {meaning}" for name, meaning in STATES.items())
                raise UnusableInput(f"there is no state '{state}'; there are {known}")
        wanted = [state for state in STATES if state in (states or _OPEN)]
        actions = self._actions()
        return [
            Listed(one, actions.get(one.action_id))
            for one in self._register.entries(*wanted)  # type: ignore[arg-type]
        ]

    def retry(self, key: str) -> str:
        """Let a message go out with the next round, with all its attempts ahead."""
        entry = self._found(key, _AGAIN, "retried")
        now = ledger.now()
        self._move(entry, "waiting", "to be sent again, by a person", now, attempts=0)
        return f"{entry.key[:12]} goes out with the next round"

    def cancel(self, key: str) -> str:
        """Keep a message from ever going out by itself."""
        entry = self._found(key, _NEVER, "cancelled")
        self._move(entry, "cancelled", "cancelled by a person", ledger.now())
        return f"{entry.key[:12]} is cancelled"

    def arrived(self, key: str) -> str:
        """Take a person's word that a parked message arrived; the ledger records the delivery."""
        entry = self._found(key, ("parked",), "found to have arrived")
        action = self._actions().get(entry.action_id)
        if action is not None:
            records.Deliveries(self._home).record([outbox.delivery_of(action)])
        self._move(entry, "delivered", "arrived, says a person", ledger.now())
        self._register.mark_recorded([entry.key])
        return f"{entry.key[:12]} is recorded as delivered"

    def confirm(self, month: dt.date, by: str) -> str:
        """Let the messages of all closes of a month so far go out.

        Raises:
            UnusableInput: the month is not closed.
        """
        last = records.last_close(self._home, month)
        if last is None:
            raise UnusableInput(f"{month_text(month)} is not closed: there is nothing to confirm")
        who, now = by or getpass.getuser(), ledger.now()
        for number in range(1, last.close_number + 1):
            self._register.confirm(month_text(month), number, who, now)
        what = f"{month_text(month)} up to close {last.close_number}"
        return f"{what} is confirmed by {who}: the next round sends its messages"

    def _actions(self) -> dict[str, Action]:
        if not self._home.published_database.exists():
            return {}
        return {one.action_id: one for one in outbox.read_actions(self._home, None)}

    def _found(self, key: str, states: Sequence[State], verb: str) -> Entry:
        if len(key) < _LEAST_KEY:
            raise UnusableInput(
                f"'{key}' is too short for a key: give {_LEAST_KEY} characters or more"
            )
        found = [one for one in self._register.entries() if one.key.startswith(key)]
        if not found:
            raise UnusableInput(
                f"no message has the key '{key}': `scorehouse deliveries list` shows them"
            )
        if len(found) > 1:
            raise UnusableInput(
                f"{len(found)} messages have keys that begin with '{key}': give more of it"
            )
        if found[0].state not in states:
            raise UnusableInput(
                f"{found[0].key[:12]} is {found[0].state} ({STATES[found[0].state]}):"
                f" only what is {', '.join(states)} can be {verb}"
            )
        return found[0]

    def _move(
        self, entry: Entry, state: State, detail: str, now: str, attempts: int | None = None
    ) -> None:
        if not self._register.move(entry, state, detail, now, now, attempts=attempts):
            raise UnusableInput(
                f"{entry.key[:12]} was changed by somebody else just now: look again"
            )
