"""One row of `performance_action`."""

import datetime as dt
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Action:
    """One row of `performance_action`; `figures` is parsed."""

    action_id: str
    month: dt.date
    agent_id: str | None
    revision: int | None
    close_number: int
    action_type: str
    channel: str
    recipient_id: str | None
    recipient_name: str | None
    recipient_address: str | None
    due_on: dt.date
    reason: str
    figures: dict[str, Any]
    closed_at: dt.datetime

    @property
    def values(self) -> dict[str, Any]:
        """What a message template may use."""
        return {name: getattr(self, name) for name in self.__dataclass_fields__}
