"""The monthly close of real files, from an empty folder to messages; again; and after later data."""

import csv
import email
import email.policy
import io
import json
from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import duckdb
import pytest

from ingestion import Home, engine
from orchestration import records
from orchestration.delivery import outbox
from orchestration.project import MANIFEST
from orchestration.publication import mart_names
from tests.integration.scenes import (
    LATER,
    MONTH,
    Finished,
    Run,
    Stage,
    assert_nothing_temporary,
    close,
    marts,
    query,
    scene,
    snapshot,
)
from tests.support.command import scorehouse

# A scene waits for its turn: see scenes.py.
pytestmark = pytest.mark.timeout(1800)


@dataclass(frozen=True)
class Repeat:
    before: dict[str, str]
    marts_before: dict[str, list[tuple[Any, ...]]]
    home: Home
    finished: Finished


@scene()
def closed_again(stage: Stage) -> Repeat:
    home = stage.copy_closed("closed_again")
    before, marts_before = snapshot(home), marts(home)
    return Repeat(before, marts_before, home, close(home, stage.landing))


@scene()
def closed_without_warehouse(stage: Stage) -> Repeat:
    """Again, at whatever instant the product chooses, and with the warehouse file lost."""
    home = stage.copy_closed("closed_without_warehouse")
    before, marts_before = snapshot(home), marts(home)
    home.warehouse.unlink()
    return Repeat(before, marts_before, home, close(home, stage.landing, as_of=None))


@dataclass(frozen=True)
class Restatement:
    agent_id: str
    home: Home
    before: Home
    finished: Finished


@scene()
def restated(stage: Stage) -> Restatement:
    """A resolved ticket turns out not to be: its next version comes with a later export."""
    before, home = stage.closed(), stage.copy_closed("restated")
    landing = stage.copy_landing("restated")
    with duckdb.connect(str(before.warehouse), read_only=True) as connection:
        row = connection.execute(
            """
            select tickets.ticket_id, tickets.agent_id, tickets.created_at
            from staging.stg_landing__tickets as tickets
            inner join marts.monthly_performance_summary as summaries
                on tickets.agent_id = summaries.agent_id
            where
                tickets.status = 'resolved' and summaries.score_status = 'scored'
                and tickets.resolved_at between '2026-10-10T00:00:00Z' and '2026-10-20T00:00:00Z'
            order by tickets.ticket_id
            limit 1
            """
        ).fetchone()
    assert row is not None
    ticket_id, agent_id, created_at = row
    version = {
        "ticket_id": ticket_id,
        "agent_id": agent_id,
        "kind": "ticket",
        "created_at": created_at.isoformat(),
        "status": "reopened",
        "updated_at": "2026-11-15T08:00:00Z",
    }
    (landing / "tickets" / "late.ndjson").write_text(json.dumps(version) + "\n")
    return Restatement(agent_id, home, before, close(home, landing, as_of=LATER))


def test_a_new_warehouse_has_the_format_of_new_files(closed: Run) -> None:
    with duckdb.connect(str(closed.home.warehouse), read_only=True) as connection:
        (tags,) = connection.execute(
            "select tags from duckdb_databases() where database_name = current_database()"
        ).fetchall()
    assert tags[0]["storage_version"].startswith(engine.STORAGE_VERSION)


def outbox_files(home: Home) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in (home.outbox / MONTH).iterdir()}


def mail(content: bytes) -> EmailMessage:
    parsed = email.message_from_bytes(content, policy=email.policy.default)
    assert isinstance(parsed, EmailMessage)
    return parsed


def report_names(home: Home, folder: str) -> set[str]:
    return {path.name for path in (home.reports / MONTH / folder).iterdir()}


class TestClosed:
    def test_it_succeeds_and_says_what_to_open(self, closed: Run) -> None:
        assert closed.finished.returncode == 0, closed.finished.stderr
        for line in ("2026-10 closed", "pages and PDFs:", "messages:", "database:", "quarantine:"):
            assert line in closed.finished.stdout
        assert str(closed.home.reports / MONTH / "index.html") in closed.finished.stdout
        assert "Traceback" not in closed.finished.stdout + closed.finished.stderr

    def test_every_mart_is_published(self, closed: Run) -> None:
        assert sorted(marts(closed.home)) == mart_names(MANIFEST)
        for name, rows in marts(closed.home).items():
            assert rows or name not in ("dim_agent", "fct_agent_day", "agent_kpi_month"), name

    def test_everybody_of_the_month_has_revision_1(self, closed: Run) -> None:
        rows = query(closed.home, "from marts.monthly_performance_summary")
        assert {(row["revision"], row["is_current"], row["changes"]) for row in rows} == {
            (1, True, None)
        }
        people = query(
            closed.home,
            """
            select agent_id from marts.dim_agent where role = 'agent'
            union
            select agent_id from marts.fct_agent_month where month = '2026-10-01'
            """,
        )
        assert {row["agent_id"] for row in rows} == {row["agent_id"] for row in people}
        assert len(rows) == len(people) >= 12

    def test_every_agent_and_team_has_a_page_and_a_pdf(self, closed: Run) -> None:
        for kind, folder in (("agent_id", "agents"), ("team_id", "teams")):
            mart = "monthly_performance_summary" if kind == "agent_id" else "fct_team_month"
            rows = query(
                closed.home,
                f"select distinct {kind} as id from marts.{mart} where month = '2026-10-01'",
            )
            ids = [row["id"] for row in rows if row["id"]]
            assert ids
            assert report_names(closed.home, folder) >= {f"{i}.html" for i in ids} | {
                f"{i}-r1.pdf" for i in ids
            }
        for path in (closed.home.reports / MONTH).rglob("*.pdf"):
            assert path.read_bytes().startswith(b"%PDF-"), path
        for path in (closed.home.reports / MONTH).rglob("*.html"):
            assert "PROVISIONAL" not in path.read_text()

    def test_the_outbox_is_what_was_decided(self, closed: Run) -> None:
        actions = query(closed.home, "from marts.performance_action")
        found = outbox_files(closed.home)
        kinds = {row["action_type"] for row in actions}
        assert kinds == {
            "review_task", "coaching_task", "skill_level_change", "agent_summary",
            "low_performance_alert", "urgent_coaching_alert",
        }  # fmt: skip
        expected = {"skill_levels-close-0001.csv"} | {
            f"{row['action_type']}-{row['action_id']}.{'eml' if row['channel'] == 'email' else 'json'}"
            for row in actions
            if row["channel"] != "hr_export"
        }
        expected |= {
            f"coaching_task-{row['action_id']}.ics"
            for row in actions
            if row["action_type"] == "coaching_task"
        }
        assert set(found) == expected
        assert len(records.deliveries(closed.home)) == len(actions)
        assert outbox.undelivered(closed.home) == []

    def test_tasks_and_alerts_say_who_what_and_until_when(self, closed: Run) -> None:
        found = outbox_files(closed.home)
        rows = query(closed.home, "from marts.performance_action where channel in ('task', 'sms')")
        for row in rows:
            body = json.loads(found[f"{row['action_type']}-{row['action_id']}.json"])
            assert body["to"] == {
                "id": row["recipient_id"],
                "name": row["recipient_name"],
                "address": row["recipient_address"],
            }
            assert (body["agent_id"], body["due_on"], body["reason"]) == (
                row["agent_id"], row["due_on"].isoformat(), row["reason"],
            )  # fmt: skip

    def test_a_summary_goes_to_its_agent_alone_with_the_archived_pdf(self, closed: Run) -> None:
        found = outbox_files(closed.home)
        rows = query(
            closed.home,
            """
            select actions.action_id, actions.agent_id, people.email, people.name
            from marts.performance_action as actions
            inner join marts.dim_agent as people
                on actions.agent_id = people.agent_id and people.is_current
            where actions.action_type = 'agent_summary'
            """,
        )
        assert len(rows) >= 12
        for row in rows:
            message = mail(found[f"agent_summary-{row['action_id']}.eml"])
            assert message["To"] == row["email"]
            assert message["Cc"] is message["Bcc"] is None
            (attached,) = message.iter_attachments()
            archived = closed.home.reports / MONTH / "agents" / f"{row['agent_id']}-r1.pdf"
            assert attached.get_content() == archived.read_bytes()
            text = message.get_body(("plain",))
            assert text is not None
            assert row["name"] in text.get_content()

    def test_a_department_head_gets_one_list_of_everybody_below_target(self, closed: Run) -> None:
        found = outbox_files(closed.home)
        names = [name for name in found if name.startswith("low_performance_alert")]
        rows = query(
            closed.home,
            """
            select department_head_id as head, list(agent_id order by agent_id) as agents
            from marts.monthly_performance_summary
            where productivity_variance < 0 and role = 'agent'
            group by department_head_id
            """,
        )
        assert len(names) == len(rows) > 0
        listed = [mail(found[name]).get_body(("plain",)) for name in names]
        for row in rows:
            assert any(
                body is not None and all(agent in body.get_content() for agent in row["agents"])
                for body in listed
            )

    def test_the_hr_export_lists_exactly_the_levels_that_differ(self, closed: Run) -> None:
        text = outbox_files(closed.home)["skill_levels-close-0001.csv"].decode()
        exported = {
            row["agent_id"]: (row["previous_skill_level"], row["skill_level"])
            for row in csv.DictReader(io.StringIO(text))
        }
        rows = query(
            closed.home,
            """
            from marts.monthly_performance_summary
            where role = 'agent' and skill_level is not null
                and skill_level is distinct from previous_skill_level
            """,
        )
        assert exported == {
            row["agent_id"]: (row["previous_skill_level"], row["skill_level"]) for row in rows
        }
        assert exported

    def test_nothing_temporary_is_left(self, closed: Run) -> None:
        assert_nothing_temporary(closed.home)

    def test_everything_is_private(self, closed: Run) -> None:
        open_to_others = [
            f"{path.relative_to(closed.home.root)} {path.stat().st_mode & 0o777:o}"
            for path in [closed.home.root, *closed.home.root.rglob("*")]
            # dbt sets the mode of its own cache itself; the folder around it keeps others out.
            if path.stat().st_mode & 0o077 and path.name != "partial_parse.msgpack"
        ]
        assert open_to_others == []
        files = [path for folder in ("published", "reports", "outbox", "records")
                 for path in (closed.home.root / folder).rglob("*") if path.is_file()]  # fmt: skip
        assert {path.stat().st_mode & 0o777 for path in files} == {0o600}

    def test_status_tells_the_same_story(self, closed: Run) -> None:
        told = scorehouse("status", "--home", closed.home.root)
        assert told.returncode == 0, told.stderr
        assert "2026-11-15 00:00:00Z" in told.stdout
        deliveries = len(records.deliveries(closed.home))
        assert f"sent: {deliveries} messages" in told.stdout


class ChangesNothing:
    def test_the_same_data_change_no_file_and_no_record(self, repeat: Repeat) -> None:
        assert repeat.finished.returncode == 0, repeat.finished.stderr
        assert snapshot(repeat.home) == repeat.before
        assert marts(repeat.home) == repeat.marts_before
        assert_nothing_temporary(repeat.home)

    def test_it_says_so(self, repeat: Repeat) -> None:
        assert "0 new revisions recorded" in repeat.finished.stderr
        assert "nothing changed" in repeat.finished.stderr
        assert "0 messages written" in repeat.finished.stderr


@pytest.mark.long
class TestClosedAgain(ChangesNothing):
    @pytest.fixture
    def repeat(self, closed_again: Repeat) -> Repeat:
        return closed_again


@pytest.mark.long
class TestClosedWithoutWarehouse(ChangesNothing):
    @pytest.fixture
    def repeat(self, closed_without_warehouse: Repeat) -> Repeat:
        return closed_without_warehouse


class TestRestated:
    def test_one_agent_has_a_second_revision_that_says_what_changed(
        self, restated: Restatement
    ) -> None:
        assert restated.finished.returncode == 0, restated.finished.stderr
        second = query(restated.home, "from marts.monthly_performance_summary where revision > 1")
        assert [(row["agent_id"], row["revision"]) for row in second] == [(restated.agent_id, 2)]
        changes = {
            change["figure"]: change["difference"] for change in json.loads(second[0]["changes"])
        }
        assert changes["total_resolved_tickets"] == -1
        assert changes["productivity_score"] == pytest.approx(-0.6, abs=1e-9)
        assert second[0]["is_current"]
        assert second[0]["changed_since_load"].startswith("tickets/")

    def test_no_row_of_the_first_close_is_rewritten(self, restated: Restatement) -> None:
        columns = "* exclude (is_current)"
        first = "from marts.monthly_performance_summary where revision = 1 order by agent_id"
        assert query(restated.home, f"select {columns} {first}") == query(
            restated.before, f"select {columns} {first}"
        )
        outdated = query(
            restated.home,
            "select agent_id from marts.monthly_performance_summary where not is_current",
        )
        assert [row["agent_id"] for row in outdated] == [restated.agent_id]
        kept = restated.before.records / "performance"
        for path in kept.iterdir():
            now = restated.home.records / "performance" / path.name
            assert now.read_bytes() == path.read_bytes()

    def test_only_that_agent_gets_a_new_summary(self, restated: Restatement) -> None:
        before, after = outbox_files(restated.before), outbox_files(restated.home)
        assert {name: after[name] for name in before} == before
        new = {name: mail(after[name]) for name in set(after) - set(before) if name.endswith("eml")}
        summaries = [m for name, m in new.items() if name.startswith("agent_summary")]
        assert len(summaries) == 1
        (address,) = query(
            restated.home,
            f"select email from marts.dim_agent where is_current and agent_id = '{restated.agent_id}'",
        )
        assert summaries[0]["To"] == address["email"]
        assert "revision 2" in summaries[0]["Subject"]
        assert [part.get_filename() for part in summaries[0].iter_attachments()] == [
            f"{restated.agent_id}-r2.pdf"
        ]
        about = {
            json.loads(after[name])["agent_id"]
            for name in set(after) - set(before)
            if name.endswith("json")
        }
        assert about <= {restated.agent_id}

    def test_the_new_report_stands_beside_the_old_one(self, restated: Restatement) -> None:
        folder = Path("reports") / MONTH / "agents"
        for revision in (1, 2):
            assert (restated.home.root / folder / f"{restated.agent_id}-r{revision}.pdf").is_file()
        for path in (restated.before.root / folder).glob("*.pdf"):
            assert (restated.home.root / folder / path.name).read_bytes() == path.read_bytes()
        others = set(report_names(restated.home, "agents")) - set(
            report_names(restated.before, "agents")
        )
        assert others == {f"{restated.agent_id}-r2.pdf"}
