"""Who gets what, when, and what a person has to say first."""

import datetime as dt
import email
import email.policy
from dataclasses import replace
from email.message import EmailMessage
from zoneinfo import ZoneInfo

import icalendar
import pytest

from ingestion import Home, UnusableInput, ledger
from orchestration import records
from orchestration.delivery import outbox, restraint
from orchestration.delivery.carrying_out import carry_out
from orchestration.delivery.channels import Outcome
from orchestration.delivery.channels.smtp import SmtpChannel
from orchestration.delivery.composing import Composer, Outgoing
from orchestration.delivery.desk import Desk
from orchestration.delivery.sending import send_due, wait_after
from orchestration.delivery.settings import QuietHours, Retry, Smtp
from tests.support.delivering import register, settings, smtp, states
from tests.support.mail_server import Mailbox
from tests.support.published_actions import OCTOBER, action, publish
from tests.unit.delivery.conftest import Time


class Recorder:
    """A way that takes everything, and remembers it."""

    def __init__(self, *outcomes: Outcome) -> None:
        self.sent: list[Outgoing] = []
        self._outcomes = list(outcomes)

    def send(self, message: Outgoing, key: str) -> Outcome:
        self.sent.append(message)
        return self._outcomes.pop(0) if self._outcomes else Outcome("accepted")

    def close(self) -> None:
        pass


def read(content: bytes) -> EmailMessage:
    parsed = email.message_from_bytes(content, policy=email.policy.default)
    assert isinstance(parsed, EmailMessage)
    return parsed


def test_a_summary_arrives_as_text_and_html_with_the_agents_own_report(
    home: Home, time: Time, mailbox: Mailbox
) -> None:
    publish(home, [action("agent_summary", name="مريم الخطيب")])
    send_due(home, settings(home, {"email": smtp(mailbox)}), clock=time.clock)
    (taken,) = mailbox.accepted
    assert taken.recipients == ["a1@example.com"]
    message = read(taken.content)
    assert (message["To"], message["From"]) == ("a1@example.com", "reports@example.org")
    assert message["Message-ID"] == f"<{action('agent_summary')['action_id']}@scorehouse>"
    text, html = message.get_body(("plain",)), message.get_body(("html",))
    assert text is not None
    assert html is not None
    assert "مريم الخطيب" in text.get_content()
    assert "مريم الخطيب" in html.get_content()
    (report,) = message.iter_attachments()
    assert report.get_content() == b"%PDF agents/A1-r1.pdf"
    assert taken.content.isascii()


def test_a_line_of_dots_arrives_as_it_was(home: Home, mailbox: Mailbox) -> None:
    publish(home, [action("review_task")])
    (task,) = outbox.read_actions(home, None)
    text = ".\n..\n. end\n"
    message = replace(Composer(home, "reports@example.org").compose(task), text=text)
    way = SmtpChannel(Smtp.model_validate(smtp(mailbox)), "reports@example.org", None)
    assert way.send(message, "key") == Outcome("accepted")
    way.close()
    body = read(mailbox.accepted[0].content).get_body(("plain",))
    assert body is not None
    assert body.get_content().splitlines() == text.splitlines()


def test_a_coaching_session_comes_as_an_invitation(
    home: Home, time: Time, mailbox: Mailbox
) -> None:
    publish(home, [action("coaching_task", recipient_id="S1", recipient_address="s@example.com")])
    send_due(home, settings(home, {"task": smtp(mailbox)}), clock=time.clock)
    (attached,) = read(mailbox.accepted[0].content).iter_attachments()
    assert attached.get_content_type() == "text/calendar"
    assert attached["Content-Type"].params["method"] == "REQUEST"
    calendar = icalendar.Calendar.from_ical(attached.get_content())
    (event,) = calendar.walk("VEVENT")
    assert event["UID"] == f"{action('coaching_task')['action_id']}@scorehouse"
    assert event.decoded("DTSTAMP") == dt.datetime(2026, 11, 15, tzinfo=dt.UTC)
    assert event.decoded("DTSTART") == dt.date(2026, 11, 25)
    assert event["ATTENDEE"] == "mailto:s@example.com"
    assert event["CLASS"] == "PRIVATE"


def test_channels_without_a_transport_go_to_the_outbox(
    home: Home, time: Time, mailbox: Mailbox
) -> None:
    publish(home, [action("agent_summary"), action("review_task"), action("skill_level_change")])
    to = settings(home, {"email": smtp(mailbox)})
    done = carry_out(home, OCTOBER, to)
    assert (done.written, done.sent, done.notes) == (2, 1, ())
    suffixes = sorted(path.suffix for path in home.outbox.rglob("*.*"))
    assert suffixes == [".csv", ".json"]
    assert carry_out(home, OCTOBER, to).sent == 0
    assert len(records.deliveries(home)) == 3


def test_what_went_to_the_outbox_before_there_was_a_transport_is_not_sent(
    home: Home, time: Time, mailbox: Mailbox
) -> None:
    publish(home, [action("agent_summary")])
    carry_out(home, OCTOBER, settings(home, {}))
    carry_out(home, OCTOBER, settings(home, {"email": smtp(mailbox)}))
    assert mailbox.accepted == []


def test_a_lost_register_sends_nothing_again(home: Home, time: Time, mailbox: Mailbox) -> None:
    publish(home, [action("agent_summary")])
    to = settings(home, {"email": smtp(mailbox)})
    send_due(home, to, clock=time.clock)
    for path in home.records.glob("deliveries.sqlite*"):
        path.unlink()
    send_due(home, to, clock=time.clock)
    assert len(mailbox.accepted) == 1


def test_off_means_that_nothing_leaves(home: Home, time: Time, mailbox: Mailbox) -> None:
    publish(home, [action("agent_summary"), action("review_task")])
    off = settings(home, {"email": smtp(mailbox)}, delivery=False)
    done = carry_out(home, OCTOBER, off)
    assert done.notes == ("delivery is off: everything waits (`delivery: on` lets it go)",)
    assert (mailbox.accepted, list(home.outbox.rglob("*.*"))) == ([], [])
    carry_out(home, OCTOBER, settings(home, {"email": smtp(mailbox)}))
    assert len(mailbox.accepted) == 1


def test_a_dry_run_records_and_sends_nothing(home: Home, time: Time, mailbox: Mailbox) -> None:
    publish(home, [action("agent_summary"), action("agent_summary", "A2", recipient_id="A1")])
    to = settings(home, {"email": smtp(mailbox)})
    done = send_due(home, to, dry_run=True, clock=time.clock)
    assert dict(done.counts) == {"would be sent": 1, "parked": 1}
    assert (mailbox.accepted, register(home), records.deliveries(home)) == ([], [], [])
    assert any("a summary is for its own agent alone" in note for note in done.notes)


def test_only_the_allow_list_gets_anything_now_or_later(
    home: Home, time: Time, mailbox: Mailbox
) -> None:
    publish(
        home,
        [
            action("agent_summary", recipient_address="a1@TEST.example.org"),
            action("agent_summary", "A2", recipient_address="a2@example.org"),
        ],
    )
    email_ = {"email": smtp(mailbox)}
    send_due(home, settings(home, email_, only_to=["*@test.example.org"]), clock=time.clock)
    send_due(home, settings(home, email_), clock=time.clock)
    assert [mail.recipients for mail in mailbox.accepted] == [["a1@TEST.example.org"]]
    assert states(home) == ["barred", "delivered"]


def test_a_message_that_names_somebody_else_is_parked_and_stops_no_other(
    home: Home, time: Time
) -> None:
    people = [("A9", "Rosa Bystander", "rosa@example.com", None)]
    way = Recorder()
    publish(
        home,
        [
            action("review_task", "A1", reason="worse than Rosa Bystander"),
            action("review_task", "A2"),
            action("review_task", "A3", reason="ask rosa@example.com"),
        ],
        people,
    )
    to = settings(home, {"task": {"kind": "smtp", "host": "h", "port": 25}})
    send_due(home, to, clock=time.clock, channels={"task": way})
    assert [message.about["agent_id"] for message in way.sent] == ["A2"]
    assert states(home) == ["delivered", "parked", "parked"]
    said = " ".join(entry.detail for entry in register(home))
    assert "Rosa" not in said
    assert "holds the name of somebody whom it is not about" in said
    assert "holds the e-mail of somebody" in said


def test_an_attachment_that_the_linter_did_not_pass_is_parked(home: Home, time: Time) -> None:
    (home.reports / "2026-10" / "agents" / "A1-r1.pdf").write_bytes(b"%PDF of somebody else")
    publish(home, [action("agent_summary")])
    way = Recorder()
    to = settings(home, {"email": {"kind": "smtp", "host": "h", "port": 25}})
    send_due(home, to, clock=time.clock, channels={"email": way})
    assert (way.sent, states(home)) == ([], ["parked"])


def test_a_summary_does_not_go_to_an_address_that_two_agents_have(home: Home, time: Time) -> None:
    people = [("A1", "Ann", "a1@example.com", None), ("A2", "Bob", "A1@example.com", None)]
    publish(home, [action("agent_summary")], people)
    way = Recorder()
    to = settings(home, {"email": {"kind": "smtp", "host": "h", "port": 25}})
    send_due(home, to, clock=time.clock, channels={"email": way})
    assert (way.sent, states(home)) == ([], ["parked"])


def test_a_digest_names_the_heads_own_people_alone(home: Home, time: Time) -> None:
    of_nobody = {"agent_id": None, "revision": None}
    publish(
        home,
        [
            {**action("low_performance_alert", "A1", "Ann Apple", recipient_id="H1"), **of_nobody},
            {**action("low_performance_alert", "A2", "Bob Berry", recipient_id="H2"), **of_nobody},
        ],
        [("A1", "Ann Apple", None, None), ("A2", "Bob Berry", None, None)],
        headed=[("H1", "A1")],
    )
    way = Recorder()
    to = settings(home, {"email": {"kind": "smtp", "host": "h", "port": 25}})
    send_due(home, to, clock=time.clock, channels={"email": way})
    assert [message.about["to"]["id"] for message in way.sent] == ["H1"]
    assert states(home) == ["delivered", "parked"]


SMS = {"sms": {"kind": "apprise", "url_env": "SMS_URL"}}


def test_quiet_hours_are_the_recipients(home: Home, time: Time) -> None:
    time.at = dt.datetime(2026, 11, 16, 21, tzinfo=dt.UTC)
    publish(
        home,
        [
            action("urgent_coaching_alert", "A1", recipient_id="S1"),
            action("urgent_coaching_alert", "A2", recipient_id="S2"),
        ],
        [("S1", "Sue", None, "Europe/Warsaw"), ("S2", "Tom", None, "America/New_York")],
    )
    to = settings(home, SMS, {"SMS_URL": "json://localhost"})
    way = Recorder()
    send_due(home, to, clock=time.clock, channels={"sms": way})
    assert [message.about["to"]["id"] for message in way.sent] == ["S2"]
    waiting = next(entry for entry in register(home) if entry.state == "waiting")
    assert (waiting.due_at, waiting.attempts) == ("2026-11-17T07:00:00.000Z", 0)
    time.at = dt.datetime(2026, 11, 17, 7, tzinfo=dt.UTC)
    send_due(home, to, clock=time.clock, channels={"sms": way})
    assert states(home) == ["delivered", "delivered"]


@pytest.mark.parametrize(
    ("now", "ends"),
    [
        ("2026-11-16T19:59", None),
        ("2026-11-16T20:00", "2026-11-17T08:00"),
        ("2026-11-17T07:59", "2026-11-17T08:00"),
        ("2026-11-17T08:00", None),
        # The night in which clocks go back is an hour longer.
        ("2026-10-24T23:30", "2026-10-25T08:00"),
    ],
)
def test_the_end_of_quiet_hours(now: str, ends: str | None) -> None:
    zone = ZoneInfo("Europe/Warsaw")
    at = dt.datetime.fromisoformat(now).replace(tzinfo=zone).astimezone(dt.UTC)
    found = restraint.after_quiet_hours(at, zone, QuietHours())
    wanted = dt.datetime.fromisoformat(ends).replace(tzinfo=zone) if ends else None
    assert found == (wanted.astimezone(dt.UTC) if wanted else None)


def test_a_broken_target_messages_nobody_until_a_person_confirms(home: Home, time: Time) -> None:
    way = Recorder()
    publish(
        home,
        [action("review_task", f"A{n}") for n in range(3)],
        variances=[-1, -1, -1, 1, 1, None],
    )
    transports = {"task": {"kind": "smtp", "host": "h", "port": 25}}
    to = settings(home, transports, ask_above={"share_below_target": 0.59})
    done = send_due(home, to, clock=time.clock, channels={"task": way})
    assert (way.sent, register(home)) == ([], [])
    assert done.notes == [
        "close 1 of 2026-10 waits for a person: 3 of 5 agents are below target (limit 59 %); if that is right,"
        " `scorehouse deliveries confirm 2026-10`"
    ]
    # Exactly at the limit is not above it.
    to = settings(home, transports, ask_above={"share_below_target": 0.6})
    done = send_due(home, to, clock=time.clock, channels={"task": way})
    assert (len(way.sent), done.notes) == (3, [])


def test_many_urgent_alerts_wait_too_and_go_once_confirmed(home: Home, time: Time) -> None:
    way = Recorder()
    to = settings(home, SMS, {"SMS_URL": "json://localhost"}, ask_above={"urgent_alerts": 1})
    publish(home, [action("urgent_coaching_alert", f"A{n}") for n in range(2)])
    done = send_due(home, to, clock=time.clock, channels={"sms": way})
    assert way.sent == []
    assert "2 urgent alerts (limit 1)" in done.notes[0]
    content = {
        "month": "2026-10", "close_number": 1, "as_of": "2026-11-15T00:00:00Z", "load_sequence": 1,
        "revisions": 1, "file": "f", "sha256": "0", "model_version": None,
    }  # fmt: skip
    ledger.append(home, "close", content)
    desk = Desk(home, to)
    assert "2026-10 up to close 1 is confirmed by Eve" in desk.confirm(OCTOBER, "Eve")
    desk.close()
    send_due(home, to, clock=time.clock, channels={"sms": way})
    assert len(way.sent) == 2


def test_a_restatement_sends_only_what_changed(home: Home, time: Time) -> None:
    way = Recorder()
    to = settings(home, {"email": {"kind": "smtp", "host": "h", "port": 25}})
    first = [action("agent_summary", "A1"), action("agent_summary", "A2")]
    publish(home, first)
    send_due(home, to, clock=time.clock, channels={"email": way})
    publish(home, [*first, action("agent_summary", "A2", revision=2)])
    send_due(home, to, clock=time.clock, channels={"email": way})
    assert [message.about["agent_id"] for message in way.sent] == ["A1", "A2", "A2"]


def test_a_summary_overtaken_while_it_waits_is_cancelled(home: Home, time: Time) -> None:
    way = Recorder(Outcome("later", "busy"))
    to = settings(home, {"email": {"kind": "smtp", "host": "h", "port": 25}})
    publish(home, [action("agent_summary")])
    send_due(home, to, clock=time.clock, channels={"email": way})
    publish(home, [action("agent_summary"), action("agent_summary", revision=2)])
    time.pass_by(hours=1)
    send_due(home, to, clock=time.clock, channels={"email": way})
    assert ["revision 2" in message.subject for message in way.sent] == [False, True]
    assert states(home) == ["cancelled", "delivered"]


def test_a_missing_address_is_a_finding_and_goes_out_once_it_is_known(
    home: Home, time: Time
) -> None:
    way = Recorder()
    to = settings(home, {"email": {"kind": "smtp", "host": "h", "port": 25}})
    publish(home, [action("agent_summary", recipient_address=None), action("agent_summary", "A2")])
    assert send_due(home, to, clock=time.clock, channels={"email": way}).undeliverable == 1
    publish(home, [action("agent_summary"), action("agent_summary", "A2")])
    assert send_due(home, to, clock=time.clock, channels={"email": way}).undeliverable == 0
    assert states(home) == ["delivered", "delivered"]


def test_no_more_than_the_limit_goes_out_in_a_minute(home: Home, time: Time) -> None:
    way = Recorder()
    to = settings(home, {"task": {"kind": "smtp", "host": "h", "port": 25, "per_minute": 2}})
    publish(home, [action("review_task", f"A{n}") for n in range(5)])
    send_due(home, to, clock=time.clock, channels={"task": way})
    assert len(way.sent) == 5
    assert time.slept == [60.0, 60.0]


def test_a_round_ends_and_the_next_goes_on(home: Home, time: Time) -> None:
    way = Recorder()
    to = settings(home, {"task": {"kind": "smtp", "host": "h", "port": 25, "per_minute": 1}})
    publish(home, [action("review_task", f"A{n}") for n in range(20)])
    done = send_due(home, to, clock=time.clock, channels={"task": way})
    assert (len(way.sent), done.notes) == (15, ["task: the rest goes with a later round"])
    send_due(home, to, clock=time.clock, channels={"task": way})
    assert len(way.sent) == 20


def test_a_server_that_swallows_messages_gets_no_more_than_three(home: Home, time: Time) -> None:
    way = Recorder(*[Outcome("unknown", "silence")] * 9)
    to = settings(home, {"task": {"kind": "smtp", "host": "h", "port": 25}})
    publish(home, [action("review_task", f"A{n}") for n in range(9)])
    done = send_due(home, to, clock=time.clock, channels={"task": way})
    assert len(way.sent) == 3
    assert states(home) == ["parked"] * 3 + ["waiting"] * 6
    assert "3 messages in a row without a clear answer (silence)" in done.notes[0]


def test_waits_grow_differ_and_repeat() -> None:
    retry = Retry(first_after_seconds=60, at_most_seconds=3600)
    waits = [wait_after("key", attempts, retry) for attempts in range(1, 12)]
    assert waits == [wait_after("key", attempts, retry) for attempts in range(1, 12)]
    longest = [min(60 * 2**n, 3600) for n in range(11)]
    assert all(most / 2 <= wait <= most for wait, most in zip(waits, longest, strict=True))
    assert len({wait_after(str(n), 1, retry) for n in range(50)}) == 50


def test_a_person_can_retry_cancel_and_say_that_one_arrived(home: Home, time: Time) -> None:
    way = Recorder(*[Outcome("refused", "no")] * 2, Outcome("unknown", "silence"))
    to = settings(home, {"task": {"kind": "smtp", "host": "h", "port": 25}})
    publish(home, [action("review_task", f"A{n}") for n in range(3)])
    send_due(home, to, clock=time.clock, channels={"task": way})
    first, second = (entry.key for entry in register(home) if entry.state == "dead")
    (parked,) = (entry.key for entry in register(home) if entry.state == "parked")
    desk = Desk(home, to)
    try:
        assert {one.entry.key for one in desk.listed(None)} == {first, second, parked}
        desk.retry(first[:10])
        desk.cancel(second)
        desk.arrived(parked)
        for wrong, said in (
            ("abc", "too short"),
            ("f" * 64, "no message has the key"),
            (second, "is cancelled"),
        ):
            with pytest.raises(UnusableInput, match=said):
                desk.cancel(wrong)
        with pytest.raises(UnusableInput, match="there is no state 'lost'; there are waiting"):
            desk.listed(["lost"])
        with pytest.raises(UnusableInput, match="2026-10 is not closed"):
            desk.confirm(OCTOBER, "")
    finally:
        desk.close()
    time.at = dt.datetime.now(dt.UTC) + dt.timedelta(minutes=1)
    send_due(home, to, clock=time.clock, channels={"task": way})
    assert len(way.sent) == 4
    assert states(home) == ["cancelled", "delivered", "delivered"]
    assert len(records.deliveries(home)) == 2
