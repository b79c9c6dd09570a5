"""What a fault does: how many copies the server took over, and what the register says (docs/delivery.md)."""

import datetime as dt
import os
import resource
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from ingestion import Home, UnusableInput
from orchestration import records
from orchestration.delivery.sending import send_due
from tests.support.delivering import register, settings, smtp, states
from tests.support.mail_server import SILENCE, Mailbox, free_port, mail_server
from tests.support.published_actions import action, publish
from tests.unit.delivery.conftest import Time

DOCS = Path(__file__).parents[3] / "docs" / "delivery.md"

# Fault, what is done about an unknown outcome, then: state and copies after the first round, and at the end.
TABLE = {
    "none": ("park", "delivered", 1, "delivered", 1),
    "connection refused": ("park", "waiting", 0, "delivered", 1),
    "4xx, then taken": ("park", "waiting", 0, "delivered", 1),
    "4xx for the recipient, then taken": ("park", "waiting", 0, "delivered", 1),
    "4xx for ever": ("park", "waiting", 0, "dead", 0),
    "5xx": ("park", "dead", 0, "dead", 0),
    "5xx for the recipient": ("park", "dead", 0, "dead", 0),
    "slow before the message": ("park", "waiting", 0, "delivered", 1),
    "timeout after DATA, taken": ("park", "parked", 1, "parked", 1),
    "timeout after DATA, taken (resend)": ("resend", "waiting", 1, "delivered", 2),
    "connection lost after DATA, taken": ("park", "parked", 1, "parked", 1),
    "connection lost after DATA, not taken": ("park", "parked", 0, "parked", 0),
    "connection lost after DATA, not taken (resend)": ("resend", "waiting", 0, "delivered", 1),
    "disk full while the outcome is recorded": ("park", "sending", 1, "parked", 1),
    "kill -9 between sending and recording": ("park", "sending", 1, "parked", 1),
    "kill -9 between sending and recording (resend)": ("resend", "sending", 1, "delivered", 2),
    "two senders at once": ("park", "delivered", 1, "delivered", 1),
}
FAULTS = {
    "none": [],
    "4xx, then taken": ["data 451 try again later"],
    "4xx for the recipient, then taken": ["rcpt 450 greylisted"],
    "4xx for ever": ["data 451 no room"] * 9,
    "5xx": ["data 554 no"],
    "5xx for the recipient": ["rcpt 550 no such user a1@example.com"],
    "slow before the message": ["late"],
    "timeout after DATA, taken": ["silent"],
    "timeout after DATA, taken (resend)": ["silent"],
    "connection lost after DATA, taken": ["drop"],
    "connection lost after DATA, not taken": ["lost"],
    "connection lost after DATA, not taken (resend)": ["lost"],
}


def row(fault: str) -> str:
    _, first, copies, last, copies_at_the_end = TABLE[fault]
    return f"| {fault} | {copies} | {first} | {copies_at_the_end} | {last} |"


def test_the_docs_have_the_table() -> None:
    text = DOCS.read_text("utf-8")
    missing = [row(fault) for fault in TABLE if row(fault) not in text]
    assert not missing, "\n".join(missing)


def judge(home: Home, fault: str, mailbox: Mailbox, later: Callable[[], None]) -> None:
    _, first, copies, last, copies_at_the_end = TABLE[fault]
    assert (states(home), len(mailbox.accepted)) == ([first], copies)
    later()
    assert (states(home), len(mailbox.accepted)) == ([last], copies_at_the_end)
    later()
    assert (states(home), len(mailbox.accepted)) == ([last], copies_at_the_end)
    # Only what was taken over for certain is in the ledger, once.
    assert len(records.deliveries(home)) == (last == "delivered")
    assert len({mail.content for mail in mailbox.accepted}) <= 1


@pytest.mark.parametrize("fault", FAULTS)
def test_of_the_server(home: Home, time: Time, mailbox: Mailbox, fault: str) -> None:
    publish(home, [action("agent_summary")])
    mailbox.faults += FAULTS[fault]
    unknown = TABLE[fault][0]
    to = settings(home, {"email": smtp(mailbox, unknown=unknown)}, retry={"attempts": 3})
    send_due(home, to, clock=time.clock)

    def later() -> None:
        for _ in range(3 if "for ever" in fault else 1):
            time.pass_by(hours=6)
            send_due(home, to, clock=time.clock)

    judge(home, fault, mailbox, later)
    assert not any("@" in entry.detail for entry in register(home))


def test_of_the_connection(home: Home, time: Time) -> None:
    publish(home, [action("agent_summary"), action("agent_summary", "A2")])
    nobody = Mailbox(free_port())
    done = send_due(home, settings(home, {"email": smtp(nobody)}), clock=time.clock)
    assert states(home) == ["waiting", "waiting"]
    # One attempt shows that it is down; it is counted against no message.
    assert [entry.attempts for entry in register(home)] == [0, 0]
    assert "email is down: connecting: [Errno 111] Connection refused" in done.notes
    with mail_server() as mailbox:
        time.pass_by(minutes=5)
        send_due(home, settings(home, {"email": smtp(mailbox)}), clock=time.clock)
        assert states(home) == ["delivered", "delivered"]
        assert len(mailbox.accepted) == 2


def test_of_the_disk(home: Home, time: Time, mailbox: Mailbox) -> None:
    fault = "disk full while the outcome is recorded"
    publish(home, [action("agent_summary")])
    to = settings(home, {"email": smtp(mailbox)})
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)

    def fill() -> None:
        wal = home.records / "deliveries.sqlite-wal"
        resource.setrlimit(resource.RLIMIT_FSIZE, (wal.stat().st_size, limits[1]))

    mailbox.when_accepted = fill
    try:
        with pytest.raises(UnusableInput, match=r"deliveries\.sqlite cannot be used"):
            send_due(home, to, clock=time.clock)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    mailbox.when_accepted = lambda: None

    def later() -> None:
        time.pass_by(hours=1)
        send_due(home, to, clock=time.clock)

    judge(home, fault, mailbox, later)


SENDER = """
import os, sys
from pathlib import Path
from ingestion import Home
from orchestration.delivery.sending import send_due
from orchestration.delivery.settings import read_settings
home = Home(Path(sys.argv[1]))
send_due(home, read_settings(home, os.environ))
"""


@pytest.mark.parametrize("unknown", ["park", pytest.param("resend", marks=pytest.mark.long)])
def test_of_the_process(home: Home, mailbox: Mailbox, unknown: str) -> None:
    fault = "kill -9 between sending and recording" + (" (resend)" if unknown == "resend" else "")
    publish(home, [action("agent_summary")])
    to = settings(home, {"email": smtp(mailbox, unknown=unknown, timeout_seconds=20)})
    sender = subprocess.Popen([sys.executable, "-c", SENDER, str(home.root)])
    mailbox.when_accepted = lambda: os.kill(sender.pid, signal.SIGKILL)
    assert sender.wait() == -signal.SIGKILL
    mailbox.when_accepted = lambda: None
    time = Time()
    time.at = dt.datetime.now(dt.UTC)
    # As long as it may still be at work, nobody takes its message over.
    send_due(home, to, clock=time.clock)
    assert states(home) == ["sending"]

    def later() -> None:
        time.pass_by(hours=1)
        send_due(home, to, clock=time.clock)

    judge(home, fault, mailbox, later)


def test_of_two_senders(home: Home, time: Time, mailbox: Mailbox) -> None:
    number = 8
    actions = [action("agent_summary", f"A{n % 2 + 1}", revision=n // 2 + 1) for n in range(2)]
    actions += [action("review_task", f"A{n}", recipient_address="l@example.com") for n in range(6)]
    publish(home, actions)
    to = settings(home, {"email": smtp(mailbox), "task": smtp(mailbox)})
    start = threading.Barrier(2)
    failed: list[BaseException] = []

    def send() -> None:
        start.wait()
        try:
            send_due(home, to, clock=time.clock)
        except BaseException as problem:
            failed.append(problem)

    senders = [threading.Thread(target=send) for _ in range(2)]
    for sender in senders:
        sender.start()
    for sender in senders:
        sender.join()
    assert not failed
    assert len(mailbox.accepted) == len({mail.content for mail in mailbox.accepted}) == number
    assert states(home) == ["delivered"] * number
    assert len(records.deliveries(home)) == number


def test_a_slow_server_keeps_no_message_that_it_took_over(home: Home, time: Time) -> None:
    """An answer that comes in time counts, however slow the server."""
    publish(home, [action("agent_summary")])
    with mail_server() as mailbox:
        mailbox.faults.append("silent")
        to = settings(home, {"email": smtp(mailbox, timeout_seconds=SILENCE * 8)})
        send_due(home, to, clock=time.clock)
        assert (states(home), len(mailbox.accepted)) == (["delivered"], 1)
