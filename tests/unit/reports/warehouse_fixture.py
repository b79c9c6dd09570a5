"""A small published database with every relation the pages read, and hostile values in it."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import duckdb

from reports import Period

MONTH = date(2026, 10, 1)
PERIOD = Period.month(MONTH)
PAGES = Path(__file__).parent / "pages"
CLOSED = datetime(2026, 11, 2, 4, 10, tzinfo=UTC)
RESTATED = CLOSED + timedelta(days=9)

HOSTILE_NAMES = {
    "A-1": "Ada <script>alert(1)</script> & 'Co'",
    "A/2/../x": "#heading *bold* `code` | cell $x$ [l](http://e.example) {{ 7 * 7 }}",
    "a-1": "مريم الحسن 42",
    "李": "李小龍",
    "CON": "=1+2 \ue0000\ue001 \U0001f600",
    "A 6": "नेहा Zoë \u202eevil\u202c Łódź\nnext",
}


def _words(text: str) -> list[str]:
    return text.split()


_SECONDS = _words("""
    available active unavailable break meeting training back_office other_unavailable unclassified
    logged_in handling off_clock_handling talk hold acw handle aht scheduled adherent late
""")
_COUNTS = _words("""
    sessions handled_contacts fcr_contacts fcr_eligible_contacts fcr_pending_contacts
    transferred_contacts escalated_contacts csat_responses csat_satisfied evaluations
    leads engaged_leads converted_leads compliance_events
""")
_RATIOS = _words("occupancy utilization concurrency fcr csat adherence quality_points")
_LABELS = _words("""
    name role function site team_id team_name department team_lead_id supervisor_id
    department_head_id score_status skill_level previous_skill_level input_fingerprint changes
    changed_since_load a_column_of_a_later_version
""")
_RESULTS = _words("""
    transfer_rate escalation_rate csat_mean average_quality_score productivity_score
    productivity_target productivity_variance productivity_attainment coaching_threshold
    critical_threshold
""")
OF_A_CLOSE = _words("revision close_number is_current closed_at changes changed_since_load")
_PARTS = [f"{name}_seconds bigint" for name in _SECONDS]
_PARTS += [f"{name} bigint" for name in _COUNTS] + [f"{name} double" for name in _RATIOS]
_MONTH_COLUMNS = [
    "agent_id varchar",
    "month date",
    "revision integer",
    "close_number integer",
    "is_current boolean",
    *(f"{name} varchar" for name in _LABELS),
    *_PARTS,
    *(f"{name} double" for name in _RESULTS),
    "total_resolved_tickets bigint",
    "closed_at timestamptz",
    "as_of timestamptz",
]
_TABLES: Mapping[str, Sequence[str]] = {
    "monthly_performance_summary": _MONTH_COLUMNS,
    # A month that is not closed knows nothing of revisions.
    "agent_performance_month": [c for c in _MONTH_COLUMNS if c.split()[0] not in OF_A_CLOSE],
    "fct_agent_day": [
        "agent_id varchar",
        "business_date date",
        "team_id varchar",
        *_PARTS,
        "resolved_tickets bigint",
    ],
    "fct_team_month": [
        "team_id varchar",
        "team_name varchar",
        "department varchar",
        "month date",
        *_PARTS,
    ],
    "agent_kpi_month": [
        "agent_id varchar",
        "month date",
        "kpi varchar",
        "direction varchar",
        *(f"{name} double" for name in ("value", "target", "variance", "attainment")),
        "met boolean",
        "sample_size bigint",
        "ci_low double",
        "ci_high double",
        "inconclusive boolean",
        "previous_value double",
    ],
    # Whom the reports leave out of each other's texts.
    "dim_agent": [
        *(f"{name} varchar" for name in _words("agent_id name email phone team_id site function")),
        *(f"{name} date" for name in ("valid_from", "valid_to")),
        "department varchar",
    ],
    "dim_team": ["team_id varchar", "team_name varchar", "department varchar"],
}


def insert(connection: duckdb.DuckDBPyConnection, table: str, **values: object) -> None:
    """Insert one row; columns that are not named are null."""
    marks = ", ".join("?" * len(values))
    connection.execute(
        f"insert into marts.{table} ({', '.join(values)}) values ({marks})", list(values.values())
    )


def month_row(agent_id: str, **more: object) -> dict[str, object]:
    """Return the monthly figures of one scored agent at revision 1."""
    return {
        "agent_id": agent_id,
        "month": MONTH,
        "revision": 1,
        "close_number": 1,
        "is_current": True,
        "name": HOSTILE_NAMES[agent_id],
        "role": "agent",
        "team_id": "T1",
        "team_name": "North | *crew*",
        "department": "Care & Co",
        "available_seconds": 200_000,
        "active_seconds": 300_000,
        "unavailable_seconds": 60_000,
        "logged_in_seconds": 560_000,
        "occupancy": 0.6,
        "utilization": 300 / 560,
        "handled_contacts": 1234,
        "aht_seconds": 243,
        "total_resolved_tickets": 120,
        "average_quality_score": 88.5,
        "productivity_score": 107.4,
        "productivity_target": 100.0,
        "productivity_variance": 7.4,
        "productivity_attainment": 1.074,
        "score_status": "scored",
        "skill_level": "proficient",
        "previous_skill_level": "developing",
        "closed_at": CLOSED,
        "as_of": CLOSED,
        "input_fingerprint": "f" * 64,
        **more,
    }


def build(path: Path) -> Path:
    """Create the database: six agents with hostile ids and names, two teams, one closed month."""
    path.unlink(missing_ok=True)
    connection = duckdb.connect(str(path))
    connection.execute("create schema marts")
    for table, columns in _TABLES.items():
        connection.execute(f"create table marts.{table} ({', '.join(columns)})")
    for agent_id in HOSTILE_NAMES:
        more: dict[str, object] = {}
        if agent_id in ("李", "CON"):
            more = {"team_id": "T/2", "team_name": "فريق الجنوب"}
        if agent_id == "A 6":
            more = {
                "productivity_score": None,
                "average_quality_score": None,
                "productivity_variance": None,
                "productivity_attainment": None,
                "skill_level": None,
                "score_status": "insufficient_data",
                "team_id": None,
                "team_name": None,
                "department": None,
            }
        insert(connection, "monthly_performance_summary", **month_row(agent_id, **more))
        row = month_row(agent_id, **more)
        draft = {name: value for name, value in row.items() if name not in OF_A_CLOSE}
        insert(connection, "agent_performance_month", **draft)
        for kpi, value, target, met in (
            ("csat", 0.82, 0.85, False),
            ("aht_seconds", 243, 360, True),
            ("quality_score", None, 90, None),
        ):
            insert(
                connection,
                "agent_kpi_month",
                agent_id=agent_id,
                month=MONTH,
                kpi=kpi,
                value=value,
                target=target,
                variance=None if value is None else -0.03 if kpi == "csat" else 117,
                met=met,
                sample_size=40,
                ci_low=0.68 if kpi == "csat" else None,
                ci_high=0.91 if kpi == "csat" else None,
                inconclusive=kpi == "csat",
                previous_value=0.9 if kpi == "csat" else None,
            )
        for day in range(22):
            insert(
                connection,
                "fct_agent_day",
                agent_id=agent_id,
                business_date=MONTH + timedelta(days=day),
                team_id=more.get("team_id", "T1"),
                logged_in_seconds=28_800,
                active_seconds=None if day == 5 else 14_000 + 300 * day,
                available_seconds=12_000 - 200 * day,
                handled_contacts=50 + day,
                aht_seconds=240 + day,
                resolved_tickets=5,
            )
    for team_id, name in (("T1", "North | *crew*"), ("T/2", "فريق الجنوب")):
        insert(
            connection,
            "fct_team_month",
            team_id=team_id,
            team_name=name,
            department="Care & Co",
            month=MONTH,
            available_seconds=800_000,
            active_seconds=1_200_000,
            logged_in_seconds=2_240_000,
            handled_contacts=4936,
            aht_seconds=243,
            occupancy=0.6,
        )
    _add_functions_and_meta(connection)
    connection.close()
    return path


def _add_functions_and_meta(connection: duckdb.DuckDBPyConnection) -> None:
    """Add what a publication has beside its marts: table functions, and what it stands on."""
    connection.execute("""
        create macro marts.unit_days(starts_on, ends_on, department_filter := null) as table
            select level, unit_id, unit_name, agent_id, business_date
            from (
                select agent_id, business_date, unnest([
                    {'level': 'agent', 'unit_id': agent_id, 'unit_name': null},
                    {'level': 'team', 'unit_id': team_id, 'unit_name': null},
                    {'level': 'centre', 'unit_id': 'all', 'unit_name': 'Whole centre'},
                ], recursive := true)
                from marts.fct_agent_day
                where business_date between starts_on and ends_on
            )
            where unit_id is not null
    """)
    connection.execute("create schema meta")
    connection.execute("create table meta.publication as select ? as as_of", [RESTATED])
    connection.execute("create table meta.mart (mart varchar, grain varchar[])")
    connection.execute(
        "create table meta.mart_column (mart varchar, name varchar, description varchar)"
    )
    connection.execute(
        "insert into meta.mart_column values"
        " ('monthly_performance_summary', 'occupancy', 'Share of time with a contact | *x*')"
    )
    connection.executemany(
        "insert into meta.mart values (?, ?)",
        [
            ["monthly_performance_summary", ["agent_id", "month", "revision"]],
            ["agent_performance_month", ["agent_id", "month"]],
            ["agent_kpi_month", ["agent_id", "month", "kpi"]],
            ["fct_agent_day", ["agent_id", "business_date"]],
        ],
    )


def restate(path: Path, agent_id: str) -> None:
    """Add revision 2 of one agent's month, as the second close would."""
    connection = duckdb.connect(str(path))
    connection.execute(
        "update marts.monthly_performance_summary set is_current = false where agent_id = ?",
        [agent_id],
    )
    changes = (
        '[{"figure": "total_resolved_tickets", "before": 120, "after": 121, "difference": 1},'
        ' {"figure": "skill_level", "before": "proficient", "after": "expert",'
        ' "difference": null},'
        ' {"figure": "active_seconds", "before": 300000, "after": 299940, "difference": -60}]'
    )
    row = month_row(
        agent_id,
        revision=2,
        close_number=2,
        total_resolved_tickets=121,
        closed_at=RESTATED,
        changes=changes,
    )
    insert(connection, "monthly_performance_summary", **row)
    connection.close()
