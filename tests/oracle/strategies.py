"""Small hostile scenarios: rows that obey the landing contract and still try every rule.

A scenario plays around one awkward local midnight. Its instants come from a small pool, so that
equal ones, ones a second or a microsecond apart and ones exactly on a boundary are common.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, NamedTuple

from hypothesis import strategies as st

from tests.oracle.contract import Row, Rows
from tests.oracle.instants import first_second_of, instant_of

Draw = Callable[[st.SearchStrategy[Any]], Any]

# Local dates with something wrong about them, and one without.
PLACES = (
    ("America/New_York", date(2026, 3, 8)),  # 23 hours
    ("America/New_York", date(2026, 11, 1)),  # 25 hours, and a month begins
    ("Europe/London", date(2026, 10, 25)),
    ("Asia/Kolkata", date(2026, 6, 1)),  # half an hour off
    ("America/Havana", date(2026, 3, 8)),  # midnight does not exist
    ("America/Havana", date(2026, 11, 1)),  # midnight happens twice
    ("Asia/Beirut", date(2026, 10, 25)),  # the hour before midnight happens twice
    ("Australia/Lord_Howe", date(2026, 4, 5)),  # half an hour of daylight saving
    ("Pacific/Apia", date(2011, 12, 30)),  # the date does not exist
    ("UTC", date(2026, 1, 1)),
)
ZONES = (*sorted({zone for zone, _ in PLACES}), "Pacific/Kiritimati", "Pacific/Honolulu")
TEAMS = ("team-a", "team-b")
ORPHAN = "nobody-knows"
OPTIONAL_DATASETS = (
    "kpi_targets",
    "shifts",
    "csat_surveys",
    "system_usage",
    "sales",
    "compliance_events",
)
KPIS = (
    ("productivity", "higher", ("10", "34", "36", "40", "0.4")),
    ("csat", "higher", ("0.5", "1", "0.85")),
    ("fcr", "higher", ("0.5", "1")),
    ("aht", "lower", ("60", "360")),
    ("aht_seconds", "lower", ("61", "200.5")),
    ("quality", "higher", ("72.5", "90")),
    ("occupancy", "higher", ("0.85",)),
    ("utilization", "higher", ("0.5",)),
    ("concurrency", "lower", ("1", "1.2")),
    ("adherence", "higher", ("0.9",)),
    ("transfer_rate", "lower", ("0", "0.1")),
    ("escalation_rate", "lower", ("0.1",)),
    ("csat_mean", "higher", ("4",)),
    ("survey_response_rate", "higher", ("0.25",)),
    ("engagement_rate", "higher", ("0.5",)),
    ("conversion_rate", "higher", ("0.5",)),
    ("handled_contacts", "higher", ("2",)),
    ("resolved_tickets", "higher", ("1", "2")),
)
NUDGES = (
    timedelta(0),
    timedelta(seconds=1),
    timedelta(seconds=-1),
    timedelta(microseconds=1),
    timedelta(microseconds=-1),
    timedelta(microseconds=500_000),
)
WEEK = timedelta(days=7)
HALF_DAY = timedelta(hours=12)


class Scenario(NamedTuple):
    """Final rows per dataset and the instant to report at."""

    rows: Rows
    as_of: datetime


def at_the_bounds() -> Scenario:
    """Agents whose scores attain each skill level exactly, just so, and not quite, and calls that are answered in the
    last second of the service level and in the one after it: chance rarely does.

    Against a target of 36: 6 tickets and a quality of 90 are 39.6, or 1.1 of it.
    """
    at = datetime(2026, 6, 2, 12, tzinfo=UTC)
    scored = [(6, "90"), (4, "90"), (0, "90"), (0, "85.5"), (0, "81"), (0, "80.9"), (0, "0")]
    names = [f"{tickets} and {quality}" for tickets, quality in scored]
    rows: Rows = {
        "agents": [
            {
                "agent_id": name,
                "name": name,
                "role": "agent",
                "team_id": TEAMS[0],
                "time_zone": "UTC",
                "effective_from": date(2026, 1, 1),
            }
            for name in (*names, "who is not scored")
        ],
        "teams": [{"team_id": TEAMS[0], "team_name": "A", "department": "care"}],
        "kpi_targets": [
            {
                "team_id": None,
                "kpi": "productivity",
                "direction": "higher",
                "target": Decimal(36),
                "effective_from": date(2026, 1, 1),
            }
        ],
        "status_events": [],
        "interactions": [
            {
                "interaction_id": f"waited {wait}",
                "agent_id": "who is not scored",
                "customer_id": f"who waited {wait}",
                "topic": None,
                "talk_seconds": None,
                "hold_seconds": None,
                "acw_seconds": None,
                "channel": "voice",
                "direction": "inbound",
                "queue": "calls",
                "queued_at": at,
                "answered_at": at + timedelta(seconds=wait),
                "ended_at": at + timedelta(minutes=5),
                "outcome": "resolved",
            }
            for wait in (20, 21)
        ],
        "tickets": [
            {
                "ticket_id": f"{name} {number}",
                "agent_id": name,
                "created_at": at,
                "status": "resolved",
                "resolved_at": at,
            }
            for name, (tickets, _) in zip(names, scored, strict=True)
            for number in range(tickets)
        ],
        "qa_evaluations": [
            {"evaluation_id": name, "agent_id": name, "evaluated_at": at, "score": Decimal(quality)}
            for name, (_, quality) in zip(names, scored, strict=True)
        ],
    }
    return Scenario(rows, at + timedelta(days=1))


@st.composite
def scenarios(
    draw: Draw, max_agents: int = 4, max_days: int = 4, is_compact: bool = False
) -> Scenario:
    """A scenario of up to `max_agents` agents over up to `max_days` local days.

    `is_compact` keeps every instant inside those days, for checks that walk through every second;
    otherwise `as_of` and second contacts also lie weeks later.
    """
    zone, day = draw(st.sampled_from(PLACES))
    days = [day + timedelta(days=n) for n in range(draw(st.integers(1, max_days)))]
    zones = [zone, *draw(st.lists(st.sampled_from(ZONES), max_size=2))]
    agent_ids = [f"agent-{n}" for n in range(1, draw(st.integers(1, max_agents)) + 1)]
    world = _World(draw, zones, days, agent_ids)
    agents = world.agents()
    interactions = world.interactions(is_compact)
    status_events = world.status_events()
    rows: Rows = {
        "agents": agents,
        "teams": [
            {"team_id": team, "team_name": team.title(), "department": "care"} for team in TEAMS
        ],
        "kpi_targets": world.kpi_targets(),
        "status_events": status_events,
        "shifts": world.shifts(status_events),
        "interactions": interactions,
        "tickets": world.tickets(),
        "qa_evaluations": world.evaluations(),
        "csat_surveys": world.surveys(),
        "system_usage": world.system_usage(),
        "compliance_events": world.compliance_events(),
        "sales": world.sales(),
    }
    for dataset in draw(st.sets(st.sampled_from(OPTIONAL_DATASETS), max_size=2)):
        del rows[dataset]
    ends = [row["ended_at"] for row in interactions if row["ended_at"] is not None]
    when = draw(st.sampled_from(("end", "moment") if is_compact else _REPORTED))
    as_of = world.moment() if when == "moment" else world.end
    if when == "later":
        as_of += timedelta(days=40)
    elif when == "window's edge" and ends:
        as_of = draw(st.sampled_from(ends)) + WEEK + draw(_NUDGE)
    return Scenario(rows, as_of)


_REPORTED = ("moment", "end", "later", "later", "window's edge", "window's edge")
_NUDGE = st.sampled_from(NUDGES)


class _World:
    """One scenario's calendar, its people and its pool of instants, and rows drawn from them."""

    def __init__(
        self, draw: Draw, zones: list[str], days: list[date], agent_ids: list[str]
    ) -> None:
        self.draw, self.zones, self.days, self.agent_ids = draw, zones, days, agent_ids
        midnights = [
            instant_of(first_second_of(day + timedelta(days=extra), zone))
            for zone in zones
            for day in days
            for extra in (0, 1)
        ]
        self.start = min(midnights) - timedelta(hours=2)
        self.end = max(midnights)
        span = int((self.end - self.start).total_seconds())
        anywhere = st.integers(0, span).map(lambda n: self.start + timedelta(seconds=n))
        nudged = st.builds(lambda at, by: at + by, st.sampled_from(midnights), _NUDGE)
        pool = draw(st.lists(st.one_of(nudged, anywhere), min_size=3, max_size=8))
        near_the_pool = st.builds(lambda at, by: at + by, st.sampled_from(pool), _NUDGE)
        self.moments = st.one_of(st.sampled_from(pool), near_the_pool, anywhere)

    def moment(self) -> datetime:
        instant: datetime = self.draw(self.moments)
        return instant

    def maybe_moment(self) -> datetime | None:
        return self.moment() if self.draw(st.booleans()) else None

    def one_of(self, *values: Any) -> Any:
        return self.draw(st.sampled_from(values))

    def count(self, most: int) -> range:
        return range(1, self.draw(st.integers(0, most)) + 1)

    def somebody(self) -> str:
        agent_id: str = self.one_of(*self.agent_ids, *self.agent_ids, ORPHAN)
        return agent_id

    def agents(self) -> list[Row]:
        """One to three profiles each: another team, another zone, another role in the window."""
        window = [self.days[0] - timedelta(days=400), *self.days, self.days[-1] + timedelta(days=1)]
        around = [None, self.days[0] - timedelta(days=40), *self.days]
        profiles = []
        for agent_id in self.agent_ids:
            starts = {self.one_of(window[0], window[0], self.days[0])}
            starts |= self.draw(st.sets(st.sampled_from(window), max_size=2))
            for effective_from in sorted(starts):
                profiles.append(
                    {
                        "agent_id": agent_id,
                        "name": agent_id.upper(),
                        "role": self.one_of("agent", "agent", "agent", "team_lead"),
                        "function": self.one_of(None, "inbound", "blended"),
                        "team_id": self.one_of(*TEAMS),
                        "site": self.one_of(None, "north", "south"),
                        "time_zone": self.one_of(*self.zones),
                        "hired_on": self.one_of(*around),
                        "left_on": self.one_of(None, None, *around),
                        "effective_from": effective_from,
                    }
                )
        return profiles

    def status_events(self) -> list[Row]:
        """Often without a clock-out; sometimes the next event comes exactly at the cap."""
        rows: list[Row] = []
        for agent_id in [*self.agent_ids, ORPHAN]:
            instants = [self.moment() for _ in self.count(2 if agent_id == ORPHAN else 8)]
            for instant in instants[:1]:
                if self.draw(st.booleans()):
                    instants.append(instant + HALF_DAY + self.draw(_NUDGE))
            for instant in instants:
                rows.append(
                    {
                        "event_id": f"event-{len(rows) + 1}",
                        "agent_id": agent_id,
                        "occurred_at": instant,
                        "status": self.one_of(
                            "available", "active", "unavailable", "away", "available", "away"
                        ),
                        "reason": self.one_of(
                            None,
                            "break",
                            "meeting",
                            "training",
                            "back_office",
                            "Break",
                            "prayer",
                            "other",
                        ),
                    }
                )
        return rows

    def interactions(self, is_compact: bool) -> list[Row]:
        """Overlapping chats, unended contacts, second contacts on the edge of the window."""
        rows: list[Row] = []
        for _ in self.count(8):
            answered_at, ended_at = self.maybe_moment(), None
            if answered_at is None:
                answered_at = self.maybe_moment()
            earlier = [row["ended_at"] for row in rows if row["ended_at"] is not None]
            if earlier and not is_compact and self.draw(st.booleans()):
                answered_at = self.one_of(*earlier) + WEEK + self.draw(_NUDGE)
            if answered_at is not None and self.one_of(True, True, True, False):
                length = self.one_of(0, 1, 59, 600, 5400, 40_000)
                ended_at = answered_at + timedelta(seconds=length) + abs(self.draw(_NUDGE))
            waited = timedelta(seconds=self.one_of(0, 20, 21, 300))
            rows.append(
                {
                    "interaction_id": f"interaction-{len(rows) + 1}",
                    "agent_id": self.one_of(None, *[self.somebody() for _ in range(4)])
                    if answered_at is not None
                    else None,
                    "customer_id": self.one_of("ada", "bob"),
                    "channel": self.one_of("voice", "chat", "chat", "email"),
                    "direction": self.one_of("inbound", "inbound", "outbound"),
                    "queue": self.one_of(None, "billing", "support"),
                    "topic": self.one_of(None, "invoice"),
                    "queued_at": (answered_at or self.moment()) - waited,
                    "answered_at": answered_at,
                    "ended_at": ended_at,
                    "talk_seconds": self.one_of(None, 0, 61, 600),
                    "hold_seconds": self.one_of(None, 0, 30),
                    "acw_seconds": self.one_of(None, 0, 1, 120, 7200),
                    "outcome": self.one_of(
                        None, "resolved", "resolved", "resolved", "escalated", "transferred"
                    )
                    if answered_at is not None
                    else "abandoned",
                }
            )
        return rows

    def shifts(self, status_events: list[Row]) -> list[Row]:
        """Overnight, with gaps and time off; two agents' shifts may share their `shift_id`.

        Most begin about when their agent does something, so that lateness is a matter of seconds.
        """
        rows: list[Row] = []
        for agent_id in [*self.agent_ids, ORPHAN]:
            for shift in self.count(1 if agent_id == ORPHAN else 2):
                starts_at = self.moment()
                mine = [e["occurred_at"] for e in status_events if e["agent_id"] == agent_id]
                if mine and self.one_of(True, True, False):
                    early = timedelta(seconds=self.one_of(0, 1, 299, 300, 301, 3600))
                    starts_at = self.one_of(*mine) - early
                for _ in range(self.draw(st.integers(1, 4))):
                    length = timedelta(seconds=self.one_of(1, 300, 900, 3600, 14_400))
                    rows.append(
                        {
                            "segment_id": f"segment-{len(rows) + 1}",
                            "shift_id": f"shift-{shift}",
                            "agent_id": agent_id,
                            "starts_at": starts_at,
                            "ends_at": starts_at + length,
                            "activity": self.one_of(
                                "work", "work", "break", "meeting", "training", "time_off"
                            ),
                        }
                    )
                    starts_at += length + timedelta(seconds=self.one_of(0, 0, 0, 1800))
        return rows

    def tickets(self) -> list[Row]:
        return [
            {
                "ticket_id": f"ticket-{n}",
                "agent_id": self.one_of(None, self.somebody(), self.somebody()),
                "kind": self.one_of(None, "order"),
                "created_at": self.start - timedelta(days=3),
                "status": self.one_of("resolved", "resolved", "closed", "reopened", "open"),
                "resolved_at": self.maybe_moment() or self.maybe_moment(),
            }
            for n in self.count(6)
        ]

    def evaluations(self) -> list[Row]:
        return [
            {
                "evaluation_id": f"evaluation-{n}",
                "agent_id": self.somebody(),
                "evaluated_at": self.moment(),
                "score": Decimal(self.one_of("0", "72.5", "90", "90", "33.33", "100")),
                "critical_fail": self.one_of(None, False, False, True),
                "evaluator_id": self.one_of(None, self.somebody(), "nobody-at-all"),
            }
            for n in self.count(5)
        ]

    def surveys(self) -> list[Row]:
        return [
            {
                "survey_id": f"survey-{n}",
                "agent_id": self.somebody(),
                "sent_at": self.one_of(None, self.start),
                "responded_at": self.maybe_moment() or self.maybe_moment(),
                "score": self.one_of(None, 1, 3, 4, 4, 5),
            }
            for n in self.count(5)
        ]

    def system_usage(self) -> list[Row]:
        """Overlapping, touching and nested use of two features, often over a midnight."""
        rows: list[Row] = []
        for _ in self.count(7):
            started_at = self.moment()
            before = [row[at] for row in rows for at in ("started_at", "ended_at")]
            if before and self.draw(st.booleans()):
                started_at = self.one_of(*before) + self.draw(_NUDGE)
            length = timedelta(seconds=self.one_of(0, 1, 60, 1800, 9000))
            rows.append(
                {
                    "usage_id": f"usage-{len(rows) + 1}",
                    "agent_id": self.somebody(),
                    "application": "crm",
                    "feature": self.one_of(None, "notes", "notes"),
                    "started_at": started_at,
                    "ended_at": started_at + length,
                }
            )
        return rows

    def sales(self) -> list[Row]:
        return [
            {
                "lead_id": f"lead-{n}",
                "agent_id": self.somebody(),
                "created_at": self.moment(),
                "engaged_at": self.maybe_moment(),
                "converted_at": self.maybe_moment(),
                "revenue": self.one_of(None, Decimal("19.90")),
                "currency": self.one_of("EUR", "USD"),
            }
            for n in self.count(3)
        ]

    def compliance_events(self) -> list[Row]:
        return [
            {
                "event_id": f"finding-{n}",
                "agent_id": self.somebody(),
                "occurred_at": self.moment(),
                "policy": "clean desk",
                "severity": self.one_of("minor", "major", "critical"),
                "disciplinary_step": self.one_of(
                    None, "none", "verbal_warning", "written_warning", "final_warning"
                ),
            }
            for n in self.count(4)
        ]

    def kpi_targets(self) -> list[Row]:
        rows: dict[tuple[Any, ...], Row] = {}
        for _ in self.count(9):
            kpi, direction, targets = self.one_of(*KPIS)
            row = {
                "team_id": self.one_of(None, *TEAMS),
                "kpi": kpi,
                "direction": direction,
                "target": Decimal(self.one_of(*targets)),
                "effective_from": self.one_of(self.days[0] - timedelta(days=400), *self.days),
            }
            # `aht` and `aht_seconds` are one KPI: two targets for it on one day would contradict.
            rows[row["team_id"], kpi.removesuffix("_seconds"), row["effective_from"]] = row
        return list(rows.values())
