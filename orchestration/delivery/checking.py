"""The last look at a message before it leaves: does it go to the right person, and name nobody else?"""

from collections.abc import Set

import reports
from ingestion import Home
from orchestration.database import attached
from orchestration.delivery.action import Action
from orchestration.delivery.composing import Outgoing
from orchestration.storage import storage_of


class Checks:
    """What the published database says about who may see what; asked once for every message."""

    def __init__(self, home: Home) -> None:
        """Read who there is, who shares an address, and whose people are whose."""
        self._bystanders = reports.Bystanders(
            home.published_database, storage_of(home.published_database)
        )
        with attached(published=home.published_database) as connection:
            shared = connection.execute(
                "select lower(email) from published.marts.dim_agent where is_current and email is not null"
                " group by lower(email) having count(distinct agent_id) > 1"
            ).fetchall()
            headed = connection.execute(
                "select distinct month, department_head_id, agent_id"
                " from published.marts.monthly_performance_summary where department_head_id is not null"
            ).fetchall()
        self._shared = {row[0] for row in shared}
        self._headed: dict[tuple[object, str], set[str]] = {}
        for month, head, agent in headed:
            self._headed.setdefault((month, head), set()).add(agent)

    def fault(self, action: Action, message: Outgoing) -> str | None:
        """Why a message must not go out, in one line that repeats no data; None where nothing speaks against it."""
        if action.action_type == "agent_summary":
            if action.recipient_id != action.agent_id:
                return "a summary is for its own agent alone"
            if message.address.lower() in self._shared:
                return "somebody else has the same address: give each agent an own one in `agents`"
        parts = {"subject.txt": message.subject.encode(), "body.txt": message.text.encode()}
        parts["body.html"] = message.html.encode()
        parts |= {
            file.name if file.name.endswith(".pdf") else f"{file.name}.txt": file.content
            for file in message.attachments
            if not file.is_checked
        }
        try:
            leaks = self._bystanders.leaks(parts, self._allowed(action))
        except reports.ReportError as problem:
            return str(problem)
        if leaks:
            first = leaks[0]
            return f"{first.file}, {first.place}: holds the {first.kind} of somebody whom it is not about"
        return None

    def _allowed(self, action: Action) -> Set[str]:
        allowed = {one for one in (action.agent_id, action.recipient_id) if one is not None}
        if action.agent_id is None and action.recipient_id is not None:
            allowed |= self._headed.get((action.month, action.recipient_id), set())
        return allowed
