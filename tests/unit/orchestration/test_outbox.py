"""Messages, tasks and exports: each exactly once, to whom it is for, with nothing smuggled in."""

import csv
import datetime as dt
import email
import email.policy
import hashlib
import io
import json
from collections.abc import Callable, Sequence
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import duckdb
import pytest

from ingestion import Home, ledger
from orchestration import records
from orchestration.delivery import outbox

OCTOBER = dt.date(2026, 10, 1)
Change = dict[str, Any]


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


EVERY_TYPE = [
    action("review_task"),
    action("coaching_task"),
    action("urgent_coaching_alert"),
    action("agent_summary"),
    action("low_performance_alert"),
    action("skill_level_change"),
]


@pytest.fixture
def home(tmp_path: Path) -> Home:
    home = Home(tmp_path)
    home.published.mkdir()
    agents = home.reports / "2026-10" / "agents"
    agents.mkdir(parents=True)
    files = []
    for agent_id in ("A1", "A2"):
        for revision in (1, 2):
            path = f"agents/{agent_id}-r{revision}.pdf"
            (home.reports / "2026-10" / path).write_bytes(f"%PDF {path}".encode())
            files.append(
                {"path": path, "kind": "agent", "subject_id": agent_id, "revision": revision}
            )
    manifest = home.reports / "2026-10" / "manifest.json"
    manifest.write_text(json.dumps({"files": files}))
    return home


Publish = Callable[[Sequence[Change]], None]


@pytest.fixture
def publish(home: Home) -> Publish:
    def publish(actions: Sequence[Change]) -> None:
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
                create table marts.monthly_performance_summary as
                    select
                        date '2026-10-01' as month, number::integer as close_number,
                        timestamptz '2026-11-15T00:00:00Z' as closed_at
                    from range(1, 4) as closes(number), range(2)
                """
            )
            connection.executemany(
                f"insert into marts.performance_action values ({', '.join(['?'] * 13)})",
                [list(change.values()) for change in actions],
            )

    return publish


def files(home: Home) -> dict[str, bytes]:
    return {
        path.name: path.read_bytes() for path in sorted(home.outbox.rglob("*")) if path.is_file()
    }


def mail(content: bytes) -> EmailMessage:
    parsed = email.message_from_bytes(content, policy=email.policy.default)
    assert isinstance(parsed, EmailMessage)
    return parsed


def only_mail(home: Home) -> EmailMessage:
    (content,) = files(home).values()
    return mail(content)


def test_every_type_of_action_becomes_a_file_and_a_record(home: Home, publish: Publish) -> None:
    publish(EVERY_TYPE)
    assert outbox.deliver(home, OCTOBER) == outbox.Delivered(6, ())
    names = {
        "skill_levels-close-0001.csv" if change["channel"] == "hr_export"
        else f"{change['action_type']}-{change['action_id']}.{'eml' if change['channel'] == 'email' else 'json'}"
        for change in EVERY_TYPE
    }  # fmt: skip
    assert set(files(home)) == names
    recorded = sorted(line["action_type"] for line in records.deliveries(home))
    assert recorded == sorted(change["action_type"] for change in EVERY_TYPE)
    assert not any(change["action_id"] in home.ledger.read_text() for change in EVERY_TYPE)
    assert outbox.undelivered(home) == []


def test_files_and_folders_are_private(home: Home, publish: Publish) -> None:
    publish(EVERY_TYPE)
    outbox.deliver(home, OCTOBER)
    for path in home.outbox.rglob("*"):
        assert path.stat().st_mode & 0o777 == (0o700 if path.is_dir() else 0o600), path


def test_a_second_delivery_writes_nothing(home: Home, publish: Publish) -> None:
    publish(EVERY_TYPE)
    outbox.deliver(home, OCTOBER)
    before, lines = files(home), records.deliveries(home)
    assert outbox.deliver(home, OCTOBER) == outbox.NOTHING
    assert files(home) == before
    assert records.deliveries(home) == lines


def test_what_was_sent_on_and_removed_is_not_written_anew(home: Home, publish: Publish) -> None:
    publish(EVERY_TYPE)
    outbox.deliver(home, OCTOBER)
    for path in (home.outbox / "2026-10").iterdir():
        path.unlink()
    outbox.deliver(home, OCTOBER)
    assert files(home) == {}


@pytest.mark.parametrize("survivors", range(6))
def test_a_crash_between_file_and_record_ends_in_the_same_bytes_and_one_record(
    home: Home, publish: Publish, monkeypatch: pytest.MonkeyPatch, survivors: int
) -> None:
    publish(EVERY_TYPE)
    append = ledger.Batch.add
    written = 0

    def crash(batch: ledger.Batch, kind: str, content: dict[str, Any]) -> ledger.Record:
        nonlocal written
        if written == survivors:
            raise KeyboardInterrupt
        written += 1
        return append(batch, kind, content)

    with monkeypatch.context() as crashing:
        crashing.setattr(ledger.Batch, "add", crash)
        with pytest.raises(KeyboardInterrupt):
            outbox.deliver(home, OCTOBER)
    left = files(home)
    assert len(left) == survivors + 1
    outbox.deliver(home, OCTOBER)
    after = files(home)
    assert {name: after[name] for name in left} == left
    assert len(records.deliveries(home)) == len(EVERY_TYPE)
    assert outbox.undelivered(home) == []


def test_an_export_half_recorded_at_a_crash_is_the_same_export_after_it(
    home: Home, publish: Publish, monkeypatch: pytest.MonkeyPatch
) -> None:
    changes = [action("skill_level_change", f"A{n}", f"Agent {n}") for n in range(3)]
    publish(changes)
    append = ledger.Batch.add
    written = 0

    def crash(batch: ledger.Batch, kind: str, content: dict[str, Any]) -> ledger.Record:
        nonlocal written
        if written == 1:
            raise KeyboardInterrupt
        written += 1
        return append(batch, kind, content)

    with monkeypatch.context() as crashing:
        crashing.setattr(ledger.Batch, "add", crash)
        with pytest.raises(KeyboardInterrupt):
            outbox.deliver(home, OCTOBER)
    left = files(home)
    outbox.deliver(home, OCTOBER)
    assert files(home) == left
    assert len(records.deliveries(home)) == 3


def test_the_same_actions_make_the_same_bytes_in_whatever_order_they_lie(
    home: Home, publish: Publish
) -> None:
    actions = [*EVERY_TYPE, *(action("skill_level_change", f"B{n}") for n in range(5))]
    publish(actions)
    outbox.deliver(home, OCTOBER)
    first = files(home)
    for path in (home.outbox / "2026-10").iterdir():
        path.unlink()
    home.ledger.unlink()
    publish(actions[::-1])
    outbox.deliver(home, OCTOBER)
    assert files(home) == first


def test_a_summary_goes_to_its_agent_alone_with_his_own_report(
    home: Home, publish: Publish
) -> None:
    publish([action("agent_summary", "A2", "مريم الخطيب", recipient_address="a2@example.com")])
    outbox.deliver(home, OCTOBER)
    message = only_mail(home)
    assert message["To"] == "a2@example.com"
    assert message["Cc"] is message["Bcc"] is None
    assert message["Date"].datetime == dt.datetime(2026, 11, 15, tzinfo=dt.UTC)
    (report,) = message.iter_attachments()
    assert report.get_filename() == "A2-r1.pdf"
    assert report.get_content() == b"%PDF agents/A2-r1.pdf"
    text = message.get_body(("plain",))
    html = message.get_body(("html",))
    assert text is not None
    assert html is not None
    assert "مريم الخطيب" in text.get_content()
    assert "98.6" in text.get_content()
    assert "98.6" in html.get_content()


def test_a_summary_of_a_restatement_carries_the_report_of_its_revision(
    home: Home, publish: Publish
) -> None:
    first = [action("agent_summary"), action("review_task")]
    publish(first)
    outbox.deliver(home, OCTOBER)
    before = files(home)
    publish([*first, action("agent_summary", revision=2)])
    assert outbox.deliver(home, OCTOBER).written == 1
    after = files(home)
    assert {name: after[name] for name in before} == before
    (new,) = set(after) - set(before)
    message = mail(after[new])
    assert "revision 2" in message["Subject"]
    assert [part.get_filename() for part in message.iter_attachments()] == ["A1-r2.pdf"]


def test_a_later_close_exports_only_its_own_changes(home: Home, publish: Publish) -> None:
    first = [action("skill_level_change", "A1"), action("skill_level_change", "A2", "Jan Kot")]
    publish(first)
    outbox.deliver(home, OCTOBER)
    publish([*first, action("skill_level_change", "A2", "Jan Kot", revision=2)])
    outbox.deliver(home, OCTOBER)
    assert sorted(files(home)) == ["skill_levels-close-0001.csv", "skill_levels-close-0002.csv"]
    rows = list(csv.DictReader(io.StringIO(files(home)["skill_levels-close-0002.csv"].decode())))
    assert rows == [
        {
            "agent_id": "A2",
            "name": "Jan Kot",
            "previous_skill_level": "proficient",
            "skill_level": "developing",
            "effective_on": "2026-11-25",
        }
    ]


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_a_name_is_never_a_formula_in_the_export(home: Home, publish: Publish, start: str) -> None:
    publish([action("skill_level_change", name=f'{start}HYPERLINK("http://evil")')])
    outbox.deliver(home, OCTOBER)
    text = files(home)["skill_levels-close-0001.csv"].decode()
    (row,) = csv.DictReader(io.StringIO(text, newline=""))
    assert row["name"] == f'\'{start}HYPERLINK("http://evil")'


@pytest.mark.parametrize("action_type", ["agent_summary", "review_task", "urgent_coaching_alert"])
@pytest.mark.parametrize("break_", ["\r\n", "\n", "\r", "\x0b", "\u2028"])
def test_a_name_cannot_add_a_header(
    home: Home, publish: Publish, action_type: str, break_: str
) -> None:
    name = f"Eve{break_}Bcc: everyone@example.com"
    publish([action(action_type, name=name, recipient_name=name)])
    outbox.deliver(home, OCTOBER)
    (content,) = files(home).values()
    if action_type == "agent_summary":
        message = mail(content)
        assert message["Bcc"] is None
        assert set(message.keys()) == {
            "Subject", "From", "To", "Date", "Message-ID", "MIME-Version", "Content-Type",
        }  # fmt: skip
    else:
        assert "\n" not in json.loads(content)["subject"]


@pytest.mark.parametrize(
    "address",
    [
        None,
        "",
        "nobody",
        "a1@",
        "<>",
        "a1@example.com, boss@example.com",
        "a1@example.com\r\nBcc: everyone@example.com",
        "a1@example.com\n\nhello",
        "Ann <a1@example.com>, <b@example.com>",
    ],
)
def test_a_message_without_one_usable_address_is_reported_and_stops_no_other(
    home: Home, publish: Publish, address: str | None
) -> None:
    unreachable = action("agent_summary", "A1", recipient_address=address)
    other = action("agent_summary", "A2", recipient_address="a2@example.com")
    publish([unreachable, other])
    delivered = outbox.deliver(home, OCTOBER)
    assert delivered == outbox.Delivered(1, (unreachable["action_id"],))
    assert only_mail(home)["To"] == "a2@example.com"
    assert [waiting.action_id for waiting in outbox.undelivered(home)] == [unreachable["action_id"]]


def test_a_message_goes_out_once_its_address_is_known(home: Home, publish: Publish) -> None:
    publish([action("agent_summary", recipient_address=None)])
    outbox.deliver(home, OCTOBER)
    assert files(home) == {}
    publish([action("agent_summary")])
    assert outbox.deliver(home, OCTOBER) == outbox.Delivered(1, ())
    assert only_mail(home)["To"] == "a1@example.com"


def test_a_summary_that_a_later_revision_overtook_before_it_was_sent_is_not_sent(
    home: Home, publish: Publish
) -> None:
    manifest = home.reports / "2026-10" / "manifest.json"
    kept = [f for f in json.loads(manifest.read_text())["files"] if f["revision"] == 2]
    manifest.write_text(json.dumps({"files": kept}))
    publish([action("agent_summary"), action("agent_summary", revision=2), action("review_task")])
    assert outbox.deliver(home, OCTOBER) == outbox.Delivered(2, ())
    mails = [mail(content) for name, content in files(home).items() if name.endswith(".eml")]
    assert ["revision 2" in message["Subject"] for message in mails] == [True]
    assert outbox.undelivered(home) == []
    assert outbox.deliver(home, OCTOBER) == outbox.NOTHING


def test_a_month_delivers_its_own_actions_only(home: Home, publish: Publish) -> None:
    publish([action("review_task", month=dt.date(2026, 9, 1)), action("coaching_task")])
    outbox.deliver(home, OCTOBER)
    assert [line["action_type"] for line in records.deliveries(home)] == ["coaching_task"]


def test_before_the_first_publication_nothing_is_undelivered(home: Home) -> None:
    assert outbox.undelivered(home) == []


def test_nothing_is_written_to_or_about_who_was_erased(home: Home, publish: Publish) -> None:
    gone = "erased-0123456789abcdef"
    publish(
        [
            action("review_task", gone),
            action("review_task", "A1", recipient_id=gone),
            action("skill_level_change", gone),
        ]
    )
    assert outbox.deliver(home, OCTOBER) == outbox.NOTHING
    assert outbox.undelivered(home) == []
    assert files(home) == {}


def test_a_message_is_written_again_as_it_is_published_now(home: Home, publish: Publish) -> None:
    publish([action("low_performance_alert", name="Łucja Nowak")])
    outbox.deliver(home, OCTOBER)
    (path,) = (home.outbox / "2026-10").iterdir()
    before = path.read_bytes()
    publish([action("low_performance_alert", name="(erased)")])
    assert outbox.write_again(home, path)
    text = mail(path.read_bytes()).get_body(("plain",))
    assert text is not None
    assert "(erased)" in text.get_content()
    assert "Nowak" not in text.get_content()
    assert path.read_bytes() != before
    assert len(records.deliveries(home)) == 1
    publish([action("review_task")])
    assert not outbox.write_again(home, path)
