"""Sites, departments, teams and people, and who works where on which day."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from ingestion.simulation import names, schema
from ingestion.simulation.chance import pick, stream
from ingestion.simulation.schema import MISSING, Flags, Floats, Ints
from ingestion.simulation.settings import Month, SimulationSettings

TEAM_SIZE = 12
# Below this head count nobody moves, joins or leaves: there would be nobody left to compare with.
SMALLEST_WITH_MOVES = 12
SMALLEST_WITH_SITE_MOVES = 24
FUNCTIONS = ("inbound", "outbound", "back_office", "blended")
INBOUND, OUTBOUND, BACK_OFFICE, BLENDED = range(4)
DEPARTMENTS = ("Sales & Retention", "Customer Care", "Technical Support", "Claims Back Office")
SKILL_LEVELS = ("foundation", "developing", "proficient", "expert")
# Of a site's teams in turn; the first team of a site must be able to do everything.
_TEAM_FUNCTIONS = (BLENDED, INBOUND, OUTBOUND, INBOUND, BACK_OFFICE, INBOUND)
_MOVES_PER_MONTH, _JOINS_PER_MONTH, _LEAVES_PER_MONTH = 0.015, 0.012, 0.012


@dataclass(frozen=True)
class Site:
    """One place of work; `sends_active`: its telephony reports `active` by itself."""

    code: str
    name: str
    zone: str
    currency: str
    share: float
    night_share: float
    sends_active: bool = False


SITES = (
    Site("KRK", "Kraków", "Europe/Warsaw", "EUR", 0.18, 0.06),
    Site("MNL", "Manila", "Asia/Manila", "USD", 0.28, 0.25),
    Site("BOG", "Bogotá", "America/Bogota", "COP", 0.19, 0.05),
    Site("CHI", "Chicago", "America/Chicago", "USD", 0.15, 0.08, sends_active=True),
    Site("BLR", "Bengaluru", "Asia/Kolkata", "INR", 0.20, 0.22),
)


@dataclass(frozen=True)
class Organisation:
    """People by number: agents first (0 … agents-1), then leads, supervisors, heads, qa, trainers.

    Arrays named `agent_*` have one item per agent, `team_*` one per team, and `stint_*` one per
    run of days an agent belongs to one team (`stint_first`, `stint_last`: days, inclusive).
    """

    ids: list[str]
    agents: int
    agents_table: pa.Table
    teams_table: pa.Table
    targets_table: pa.Table
    team_ids: list[str]
    team_site: Ints
    team_function: Ints
    team_lead: Ints
    team_supervisor: Ints
    team_head: Ints
    qa_people: Ints
    stint_agent: Ints
    stint_team: Ints
    stint_first: Ints
    stint_last: Ints
    stint_is_relocation: Flags
    agent_part_time: Flags
    agent_speed: Floats
    agent_quality: Floats
    agent_pace: Floats
    agent_empathy: Floats
    agent_lateness: Floats

    def people(self, codes: Ints) -> pa.Array:
        """Person ids by number."""
        return schema.texts(self.ids, codes)


def organise(settings: SimulationSettings, months: list[Month]) -> Organisation:
    """Hire everybody the settings ask for."""
    rng = stream(settings.seed, "organisation")
    teams = max(1, round(settings.agents / TEAM_SIZE))
    team_site = _sites_of_teams(teams)
    team_function = _functions_of_teams(team_site)
    # A blended team serves whichever department its site needs it for.
    team_department = np.select(
        [team_function == OUTBOUND, team_function == BACK_OFFICE],
        [0, 3],
        1 + np.arange(teams) // 2 % 2,
    )
    staff = _Staff(settings.agents, teams, team_site, team_department)
    stints = _stints(settings, months, team_site, rng)
    order = np.lexsort((stints.first, stints.agent))
    agent, team, first, last = (
        column[order] for column in (stints.agent, stints.team, stints.first, stints.last)
    )
    relocation = np.zeros(len(agent), dtype=bool)
    relocation[1:] = (agent[1:] == agent[:-1]) & (team_site[team[1:]] != team_site[team[:-1]])
    level = pick(rng, [0.2, 0.3, 0.35, 0.15], settings.agents)
    ability = rng.normal(0, 1, settings.agents) * 0.8 + (level - 1.4) * 0.35
    return Organisation(
        ids=staff.ids,
        agents=settings.agents,
        agents_table=_agents_table(staff, stints, order, team_site, team_function, level, rng),
        teams_table=_teams_table(staff, team_department, team_site),
        targets_table=_targets_table(staff.team_ids, team_function, months, rng),
        team_ids=staff.team_ids,
        team_site=team_site,
        team_function=team_function,
        team_lead=staff.lead,
        team_supervisor=staff.supervisor,
        team_head=staff.head,
        qa_people=staff.qa,
        stint_agent=agent,
        stint_team=team,
        stint_first=first,
        stint_last=last,
        stint_is_relocation=relocation,
        agent_part_time=rng.random(settings.agents) < 0.07,
        agent_speed=np.exp(rng.normal(0, 0.09, settings.agents) - 0.05 * ability),
        agent_quality=ability + rng.normal(0, 0.6, settings.agents),
        agent_pace=np.exp(0.07 * ability + rng.normal(0, 0.07, settings.agents)),
        agent_empathy=0.5 * ability + rng.normal(0, 0.8, settings.agents),
        agent_lateness=rng.gamma(1.2, 1 / 1.2, settings.agents),
    )


@dataclass(frozen=True)
class _Stints:
    agent: Ints
    team: Ints
    first: Ints
    last: Ints
    hired: Ints
    left: Ints


class _Staff:
    """Numbers of the people around the agents, and everybody's id and site."""

    def __init__(self, agents: int, teams: int, team_site: Ints, department: Ints) -> None:
        supervisors = -(-teams // 3)
        self.team_ids = [f"T{team + 1:04d}" for team in range(teams)]
        departments, self.department_of_team = np.unique(department, return_inverse=True)
        qa, trainers = max(1, round(agents / 60)), max(1, round(agents / 120))
        sizes = [agents, teams, supervisors, len(departments), qa, trainers]
        starts = np.cumsum([0, *sizes])
        self.ids = [f"A{number + 1:05d}" for number in range(int(starts[-1]))]
        self.lead = np.arange(starts[1], starts[2])
        self.supervisor = starts[2] + np.arange(teams) // 3
        self.head = starts[3] + self.department_of_team
        self.qa = np.arange(starts[4], starts[5])
        self.role = np.repeat(
            ["agent", "team_lead", "supervisor", "department_head", "qa", "trainer"], sizes
        )
        self.team = np.concatenate(
            [
                np.zeros(agents, dtype=np.int64),
                np.arange(teams),
                np.arange(supervisors) * 3,
                np.array([int(np.argmax(department == d)) for d in departments]),
                np.arange(qa) % teams,
                np.arange(trainers) % teams,
            ]
        )


def _sites_of_teams(teams: int) -> Ints:
    """Every team goes to the site that is furthest below its share."""
    shares = np.array([site.share for site in SITES])
    # At least two sites where there are two teams, and soon two teams at most of them.
    open_sites = min(len(SITES), teams, max(2, (teams + 1) // 2))
    shares[open_sites:] = 0
    counts = np.zeros(len(SITES))
    chosen = np.empty(teams, dtype=np.int64)
    for team in range(teams):
        missing = np.where(shares > 0, (team + 1) * shares / shares.sum() - counts, -np.inf)
        # Every open site gets one team before any gets a second.
        missing[(counts == 0) & (shares > 0)] += teams
        chosen[team] = int(np.argmax(missing))
        counts[chosen[team]] += 1
    return np.sort(chosen)


def _functions_of_teams(team_site: Ints) -> Ints:
    rank = np.arange(len(team_site)) - np.searchsorted(team_site, team_site)
    functions: Ints = np.array(_TEAM_FUNCTIONS)[rank % len(_TEAM_FUNCTIONS)]
    return functions


def _stints(
    settings: SimulationSettings, months: list[Month], team_site: Ints, rng: np.random.Generator
) -> _Stints:
    """Who belongs to which team when: one stint per agent, two for those who move."""
    n = settings.agents
    agent = np.arange(n)
    team = agent * len(team_site) // n
    hired = months[0].first_day - 20 - (rng.gamma(1.5, 420, n)).astype(np.int64)
    left = np.full(n, MISSING)
    moved_on = np.full(n, MISSING)
    moved_to = team.copy()
    candidates = rng.permutation(n).tolist() if n >= SMALLEST_WITH_MOVES else []
    for month in months:
        for share, kind in (
            (_MOVES_PER_MONTH, "move"),
            (0.0, "relocate"),
            (_JOINS_PER_MONTH, "join"),
            (_LEAVES_PER_MONTH, "leave"),
        ):
            for _ in range(max(1, round(share * n))):
                person, goals = _volunteer(kind, candidates, team, team_site)
                if person == MISSING:
                    break
                candidates.remove(person)
                day = month.first_day + int(rng.integers(5, 24))
                if kind == "join":
                    hired[person] = day
                elif kind == "leave":
                    left[person] = day
                else:
                    moved_on[person], moved_to[person] = day, rng.choice(goals)
    last = np.where(left == MISSING, months[-1].stop_day - 1, left)
    movers = np.flatnonzero(moved_on != MISSING)
    first_last = last.copy()
    first_last[movers] = moved_on[movers] - 1
    return _Stints(
        agent=np.concatenate([agent, movers]),
        team=np.concatenate([team, moved_to[movers]]),
        first=np.concatenate([hired, moved_on[movers]]),
        last=np.concatenate([first_last, last[movers]]),
        hired=hired,
        left=left,
    )


def _volunteer(kind: str, candidates: list[int], team: Ints, team_site: Ints) -> tuple[int, Ints]:
    """The first candidate for whom a change is possible (else -1), and the teams to move to."""
    nowhere = np.empty(0, dtype=np.int64)
    if kind == "relocate" and len(team) < SMALLEST_WITH_SITE_MOVES:
        return MISSING, nowhere
    for person in candidates:
        same_site = team_site == team_site[team[person]]
        if kind == "relocate":
            goals = np.flatnonzero(~same_site)
        else:
            goals = np.flatnonzero(same_site & (np.arange(len(team_site)) != team[person]))
        if kind in ("join", "leave") or len(goals):
            return person, goals
    return MISSING, nowhere


def _agents_table(
    staff: _Staff,
    stints: _Stints,
    order: Ints,
    team_site: Ints,
    team_function: Ints,
    level: Ints,
    rng: np.random.Generator,
) -> pa.Table:
    agents = len(level)
    others = np.arange(agents, len(staff.ids))
    hired_others = int(stints.hired.min()) - rng.integers(0, 900, len(others))
    person = np.concatenate([stints.agent[order], others])
    team = np.concatenate([stints.team[order], staff.team[agents:]])
    first = np.concatenate([stints.first[order], hired_others])
    hired = np.concatenate([stints.hired, hired_others])
    left = np.concatenate([stints.left, np.full(len(others), MISSING)])
    skill = np.concatenate([level, np.full(len(others), MISSING)])
    home = np.zeros(len(staff.ids), dtype=np.int64)
    home[person[::-1]] = team_site[team[::-1]]
    full_names = [names.full_name(SITES[site].code, rng) for site in home]
    emails = [
        f"{key.lower()}@{SITES[site].code.lower()}.example.org"
        for key, site in zip(staff.ids, home, strict=True)
    ]
    phones = [names.phone(number) for number in range(len(staff.ids))]
    is_agent = person < agents
    site = team_site[team]
    return schema.build(
        "agents",
        agent_id=schema.texts(staff.ids, person),
        name=schema.texts(full_names, person),
        email=schema.texts(emails, person),
        phone=schema.texts(phones, person),
        role=staff.role[person].tolist(),
        function=schema.texts(FUNCTIONS, np.where(is_agent, team_function[team], MISSING)),
        team_id=schema.texts(staff.team_ids, team),
        site=schema.texts([s.name for s in SITES], site),
        time_zone=schema.texts([s.zone for s in SITES], site),
        skill_level=schema.texts(SKILL_LEVELS, skill[person]),
        hired_on=hired[person],
        left_on=left[person],
        effective_from=first,
    )


def _teams_table(staff: _Staff, department: Ints, team_site: Ints) -> pa.Table:
    team_names = [
        f"{SITES[site].name} {DEPARTMENTS[d]} {number + 1}"
        for number, (site, d) in enumerate(zip(team_site, department, strict=True))
    ]
    return schema.build(
        "teams",
        team_id=staff.team_ids,
        team_name=team_names,
        department=schema.texts(DEPARTMENTS, department),
        team_lead_id=schema.texts(staff.ids, staff.lead),
        supervisor_id=schema.texts(staff.ids, staff.supervisor),
        department_head_id=schema.texts(staff.ids, staff.head),
    )


def _targets_table(
    team_ids: list[str], team_function: Ints, months: list[Month], rng: np.random.Generator
) -> pa.Table:
    """Targets for every team from before the start, some raised mid-month, some for one team."""
    before, middle = months[0].first_day - 90, months[-1].first_day + 15
    review, overdue = months[-1].stop_day + 60, months[-1].first_day + 9
    rows: list[tuple[str | None, str, str, float, float | None, float | None, int, int]] = [
        (None, "productivity_score", "higher", 104.0, 100.0, 84.0, before, review),
        (None, "productivity_score", "higher", 106.0, None, None, middle, review),
        (None, "csat", "higher", 0.85, 0.80, None, before, review),
        (None, "fcr", "higher", 0.78, None, 0.55, before, overdue),
        (None, "aht_seconds", "lower", 420.0, 480.0, 600.0, before, review),
        (None, "average_quality_score", "higher", 84.0, None, 70.0, before, review),
        (None, "average_quality_score", "higher", 85.0, 80.0, 70.0, middle, review),
    ]
    for number, team_id in enumerate(team_ids):
        if team_function[number] == BACK_OFFICE:
            rows.append((team_id, "aht_seconds", "lower", 480.0, None, None, before, review))
        if number % 4 == 1:
            target = 102.0 + 2 * int(rng.integers(0, 4))
            start = before if number % 8 == 1 else middle
            rows.append(
                (team_id, "productivity_score", "higher", target, target - 4, None, start, review)
            )
    columns = list(zip(*rows, strict=True))
    return schema.build(
        "kpi_targets",
        team_id=list(columns[0]),
        kpi=list(columns[1]),
        direction=list(columns[2]),
        target=list(columns[3]),
        coaching_threshold=list(columns[4]),
        critical_threshold=list(columns[5]),
        effective_from=np.array(columns[6]),
        review_due_on=np.array(columns[7]),
    )
