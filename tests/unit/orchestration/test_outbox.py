"""Messages, tasks and exports: each exactly once, to whom it is for, with nothing smuggled in."""

import csv
import datetime as dt
import email
import email.policy
import io
import json
from collections.abc import Callable, Sequence
from email.message import EmailMessage
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from ingestion import Home, durable, ledger
from orchestration import records
from orchestration.delivery import outbox
from tests.support import published_actions
from tests.support.published_actions import OCTOBER, Change, action, made_home

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
    return made_home(tmp_path)


Publish = Callable[[Sequence[Change]], None]


@pytest.fixture
def publish(home: Home) -> Publish:
    return partial(published_actions.publish, home)


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
    invitation = next(name for name in names if name.startswith("coaching_task"))
    assert set(files(home)) == names | {invitation.replace(".json", ".ics")}
    recorded = sorted(line["action_type"] for line in records.deliveries(home))
    assert recorded == sorted(change["action_type"] for change in EVERY_TYPE)
    assert not any(change["action_id"] in home.ledger.read_text() for change in EVERY_TYPE)
    assert outbox.undelivered(home) == []


def test_the_secrets_of_everybody_are_written_once(
    home: Home, publish: Publish, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = []
    write = durable.write_bytes

    def noting(path: Path, content: bytes) -> None:
        written.append(path)
        write(path, content)

    monkeypatch.setattr(durable, "write_bytes", noting)
    about = [("A1", "L1"), ("A2", "L2"), ("A3", "L1")]
    publish(
        [
            {**action("review_task", agent), "action_id": agent, "recipient_id": lead}
            for agent, lead in about
        ]
    )
    assert outbox.deliver(home, OCTOBER).written == 3
    assert written.count(home.people) == 1


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
    assert len([name for name in left if not name.endswith(".ics")]) == survivors + 1
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
