"""The entities of each vendor: a folder `<vendor>/<entity>` of the landing folder.

What a vendor sends is kept as it came, one raw row per record, with the record as its text. What
the records mean is decided in SQL (`dbt_project/models/staging/<vendor>/`), so that a mapping can
be mended without loading anything again.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from ingestion.contract import Column, Dataset

PAYLOAD = "payload"
"""The column of a raw row that holds the vendor's record: a line of a log, or a JSON object."""


@dataclass(frozen=True)
class Entity:
    """One kind of record that a vendor exports.

    `name`: `vendor/entity`, which is also its folder. `form`: a log has one record a line; the
    others are JSON objects in any arrangement, or CSV with a header row, told apart by content.
    `lists`: names under which a page of the vendor's interface holds a list of records. `feeds`:
    the datasets of the landing contract that its records become rows of. `known_by`: the fields
    (top-level keys, or columns of a CSV file) by which a record is told from those of other
    entities. `states_at`: JSON paths of the values that the table of rules `source_statuses` maps.

    Where a record names people who work here, as places (`ingestion/sources/people.py`), so that
    somebody can be erased: `about`, ids of whom the record is about, in one record all of one
    person; `mentions`, ids of others; `names`, names and addresses of whom it is about. A later
    record about somebody erased is kept out, in one that only mentions the person the id is
    masked. None in `mentions`: nobody has said it yet, and nobody can be erased.
    """

    name: str
    form: Literal["log", "objects"]
    feeds: tuple[str, ...]
    lists: tuple[str, ...] = ()
    known_by: tuple[str, ...] = ()
    states_at: tuple[str, ...] = ()
    about: tuple[str, ...] = ()
    mentions: tuple[str, ...] | None = None
    names: tuple[str, ...] = ()

    @property
    def source(self) -> str:
        """The vendor."""
        return self.name.split("/")[0]

    @property
    def places(self) -> tuple[str, ...]:
        """Where ids of people stand."""
        return (*self.about, *(self.mentions or ()))

    @property
    def dataset(self) -> Dataset:
        """The entity as ingestion handles it: no key, no rule but that there is a record."""
        return Dataset(self.name, (), (Column(PAYLOAD, "text", required=True),))


_PEOPLE_OF_A_TICKET = (
    *("$.submitter_id", "$.requester_id", "$.follower_ids[*]", "$.collaborator_ids[*]"),
    "$.email_cc_ids[*]",
)
_ALL = (
    # A line is a part of a call or of somebody's session: without it the others would lie.
    Entity(
        "asterisk/queue_log",
        "log",
        ("status_events", "interactions"),
        mentions=(
            "4",
            "6 AGENTLOGIN AGENTLOGOFF AGENTCALLBACKLOGIN AGENTCALLBACKLOGOFF",
            "6 TRANSFER BLINDTRANSFER",
            "7 ATTENDEDTRANSFER",
        ),
    ),
    Entity(
        "amazon_connect/contact_records",
        "objects",
        ("interactions",),
        known_by=("ContactId", "Channel", "InitiationTimestamp", "LastUpdateTimestamp"),
        about=("$.Agent.Username", "$.Agent.ARN"),
        mentions=("$.TransferredToEndpoint.Address",),
    ),
    Entity(
        "amazon_connect/agent_events",
        "objects",
        ("status_events",),
        known_by=("AgentARN", "EventId", "EventType", "EventTimestamp", "CurrentAgentSnapshot"),
        states_at=(
            "$.CurrentAgentSnapshot.AgentStatus.Name",
            "$.CurrentAgentSnapshot.AgentStatus.Type",
        ),
        about=("$.AgentARN", "$..Configuration.Username"),
        mentions=(),
        names=("$..Configuration.FirstName", "$..Configuration.LastName"),
    ),
    Entity(
        "amazon_connect/evaluations",
        "objects",
        ("qa_evaluations",),
        known_by=("evaluationId", "metadata"),
        about=("$.metadata.agentId",),
        mentions=("$.metadata.evaluator",),
    ),
    Entity(
        "genesys_cloud/conversation_details",
        "objects",
        ("interactions", "qa_evaluations"),
        lists=("conversations",),
        known_by=("conversationId", "conversationStart", "originatingDirection", "participants"),
        # A conversation is of several people: without a leg the others would lie.
        mentions=(
            *("$..userId", "$..evaluatorId", "$..assigneeId", "$..assignerId"),
            "$..selectedAgentId",
        ),
    ),
    Entity(
        "genesys_cloud/user_details",
        "objects",
        ("status_events",),
        lists=("userDetails",),
        known_by=("userId", "primaryPresence", "routingStatus"),
        states_at=("$.routingStatus[*].routingStatus",),
        about=("$.userId",),
        mentions=(),
    ),
    Entity(
        "genesys_cloud/evaluations",
        "objects",
        ("qa_evaluations",),
        lists=("entities",),
        known_by=("conversation", "evaluationForm", "evaluator", "agent", "answers"),
        about=("$.agent.id",),
        mentions=("$.evaluator.id", "$.assignee.id"),
        names=("$.agent.name", "$.agent.email"),
    ),
    Entity(
        "zendesk/tickets",
        "objects",
        ("tickets",),
        ("tickets",),
        known_by=("id", "subject", "status", "requester_id", "assignee_id", "submitter_id"),
        about=("$.assignee_id",),
        mentions=_PEOPLE_OF_A_TICKET,
    ),
    # A page of tickets with their metric sets tells both, so it may lie in both folders.
    Entity(
        "zendesk/ticket_metrics",
        "objects",
        ("tickets",),
        ("ticket_metrics", "tickets"),
        known_by=("ticket_id", "reopens", "replies", "solved_at", "assigned_at"),
        about=("$.assignee_id",),
        mentions=_PEOPLE_OF_A_TICKET,
    ),
    Entity(
        "zendesk/ticket_audits",
        "objects",
        ("tickets",),
        ("audits",),
        known_by=("ticket_id", "author_id", "events"),
        mentions=(
            "$.author_id",
            "$..value[field_name=assignee_id]",
            "$..previous_value[field_name=assignee_id]",
        ),
    ),
    Entity(
        "zendesk/satisfaction_ratings",
        "objects",
        ("csat_surveys",),
        ("satisfaction_ratings",),
        known_by=("ticket_id", "assignee_id", "requester_id", "score"),
        about=("$.assignee_id",),
        mentions=("$.requester_id",),
    ),
    Entity(
        "zendesk/agent_states",
        "objects",
        ("status_events",),
        ("data",),
        known_by=("agent_id", "status", "updated_at"),
        states_at=(
            "$.event.new_unified_state.name",
            "$.attributes.agent_status.name",
            "$.status",
        ),
        about=("$.detail.agent_id", "$.attributes.agent_id", "$.agent_id"),
        mentions=(),
    ),
    # Whose figures they are: users become no row of their own.
    Entity(
        "zendesk/users",
        "objects",
        (),
        ("users",),
        known_by=("id", "email", "role", "locale", "time_zone", "name"),
        about=("$.id", "$.external_id"),
        mentions=(),
        names=("$.name", "$.email", "$.phone", "$.alias"),
    ),
)

ENTITIES: dict[str, Entity] = {entity.name: entity for entity in _ALL}
"""Every entity by name, in load order."""

SOURCES: tuple[str, ...] = tuple(dict.fromkeys(name.split("/")[0] for name in ENTITIES))
"""The vendors: the names of their folders in the landing folder."""

AROUND: Mapping[str, tuple[str, str]] = {
    # A channel of an interface ends in its number, a local one in `/n`.
    "asterisk": ("", r"(?:-[0-9a-f]{8})?(?:/n)?"),
    # An ARN ends in the UUID by which evaluations know the agent.
    "amazon_connect": ('(?:arn:[^"]*/)?', ""),
}
"""By vendor, as regular expressions, what may stand before and after an id where an agent stands."""
