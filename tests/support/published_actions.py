"""A published database with made-up actions of October 2026, and the reports that belong to them."""

import datetime as dt
import hashlib
import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from ingestion import Home
from reports import CHECKED, Period
from reports.manifest import Folder

OCTOBER = dt.date(2026, 10, 1)
CLOSED_AT = dt.datetime(2026, 11, 15, tzinfo=dt.UTC)
Change = dict[str, Any]
Person = tuple[str, str | None, str | None, str | None]
"""agent_id, name, e-mail address, time zone."""


def figures(agent_id: str, name: str, revision: int) -> dict[str, Any]:
    return {
        "agent_id": agent_id,
        "name": name,
        "team_name": "Team 1",
        "month": "2026-10",
        "revision": revision,
        "score_status": "scored",
        "total_resolved_tickets": 110,
        "average_quality_score": 81.5,
        "productivity_score": 98.6,
        "productivity_target": 104.0,
        "productivity_variance": -5.4,
        "productivity_attainment": 0.948,
        "coaching_threshold": 104.0,
        "critical_threshold": 83.2,
        "skill_level": "developing",
        "previous_skill_level": "proficient",
        "highlights": [],
    }


def action(
    action_type: str,
    agent_id: str = "A1",
    name: str = "Łucja Nowak",
    revision: int = 1,
    **change: Any,
) -> Change:
    channel = {
        "agent_summary": "email",
        "low_performance_alert": "email",
        "urgent_coaching_alert": "sms",
        "skill_level_change": "hr_export",
    }.get(action_type, "task")
    content = figures(agent_id, name, revision)
    if action_type == "low_performance_alert":
        content = {"month": "2026-10", "agents": [content]}
    key = f"{action_type}|{agent_id}|{revision}"
    return {
        "action_id": hashlib.sha256(key.encode()).hexdigest()[:32],
        "month": OCTOBER,
        "agent_id": agent_id,
        "revision": revision,
        "close_number": revision,
        "action_type": action_type,
        "channel": channel,
        "recipient_id": None if channel == "hr_export" else agent_id,
        "recipient_name": name,
        "recipient_address": {"sms": "+48123456789", "hr_export": None}.get(
            channel, "a1@example.com"
        ),
        "due_on": dt.date(2026, 11, 25),
        "reason": "the month is closed",
        "figures": json.dumps(content),
        **change,
    }


def made_home(folder: Path, agents: Sequence[str] = ("A1", "A2"), padding: bytes = b"") -> Home:
    """A home with a report of two revisions for each agent, which the linter has passed."""
    home = Home(folder)
    home.published.mkdir(parents=True)
    reports = Folder.open(home.reports / "2026-10")
    for agent_id in agents:
        for revision in (1, 2):
            path = f"agents/{agent_id}-r{revision}.pdf"
            reports.put(
                path,
                f"%PDF {path}".encode() + padding,
                "agent",
                subject_id=agent_id,
                revision=revision,
                data_fingerprint="",
                build_fingerprint="",
            )
    reports.finish(Period.month(OCTOBER))
    passed = {path: entry.sha256 for path, entry in reports.listed.items()}
    (reports.root / CHECKED).write_text(json.dumps(passed))
    return home


def publish(
    home: Home,
    actions: Iterable[Change],
    people: Sequence[Person] = (),
    variances: Sequence[float | None] = (),
    headed: Sequence[tuple[str, str]] = (),
) -> None:
    """Publish these actions. `variances`: of agents V0, V1 … in close 1; `headed`: (head, agent)."""
    summaries: list[Change] = [
        {"close_number": number, "agent_id": f"A{number}"} for number in range(1, 4)
    ]
    summaries += [
        {"close_number": 1, "agent_id": f"V{number}", "productivity_variance": variance}
        for number, variance in enumerate(variances)
    ]
    summaries += [
        {"close_number": 1, "agent_id": agent, "department_head_id": head} for head, agent in headed
    ]
    closed = {"month": OCTOBER, "closed_at": CLOSED_AT, "revision": 1}
    profiles = [
        dict(zip(("agent_id", "name", "email", "time_zone"), one, strict=True), is_current=True)
        for one in people
    ]
    home.published_database.unlink(missing_ok=True)
    with duckdb.connect(str(home.published_database)) as connection:
        connection.execute(
            """
            create schema marts;
            create table marts.performance_action (
                action_id varchar, month date, agent_id varchar, revision integer,
                close_number integer, action_type varchar, channel varchar, recipient_id varchar,
                recipient_name varchar, recipient_address varchar, due_on date, reason varchar,
                figures varchar
            );
            create table marts.monthly_performance_summary (
                close_number integer, agent_id varchar, productivity_variance double,
                department_head_id varchar, name varchar, month date, closed_at timestamptz,
                revision integer
            );
            create table marts.dim_agent (
                agent_id varchar, name varchar, email varchar, time_zone varchar,
                phone varchar, is_current boolean
            );
            create table marts.fct_agent_day (agent_id varchar)
            """
        )
        _insert(connection, "performance_action", list(actions))
        _insert(connection, "monthly_performance_summary", [{**closed, **row} for row in summaries])
        _insert(connection, "dim_agent", profiles)


def _insert(connection: duckdb.DuckDBPyConnection, mart: str, rows: Sequence[Change]) -> None:
    if rows:
        # A column that only some rows have is a column of all.
        columns = dict.fromkeys(name for row in rows for name in row)
        table = pa.Table.from_pylist([{**dict.fromkeys(columns), **row} for row in rows])
        connection.register("made_up", table)
        connection.execute(f"insert into marts.{mart} by name from made_up")
        connection.unregister("made_up")
