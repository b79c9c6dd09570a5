"""How many messages a second go out, against smtplib alone with the same mails ready in memory.

    python -m benchmarks.delivery [--messages 10000] [--pdf-bytes 60000]

Summaries with the agent's PDF go from a made-up home to a mail server in a process of its own, which takes every mail
and throws it away. Ours is everything: reading the actions, rendering text and HTML, looking for the names and
addresses of all other agents, an attempt recorded on the disk before each mail and an outcome after it, and the ledger.
Bare is one connection and one conversation for each mail. A second round finds nothing to do.
"""

import argparse
import multiprocessing
import os
import smtplib
import tempfile
import time
from multiprocessing.connection import Connection
from pathlib import Path

from orchestration import records
from orchestration.delivery import outbox
from orchestration.delivery.composing import Composer, mail
from orchestration.delivery.sending import send_due
from tests.support.delivering import settings, smtp, states
from tests.support.mail_server import Mailbox, mail_server
from tests.support.published_actions import action, made_home, publish


def serve(parent: Connection) -> None:
    """Take mails until told to end; then say how many."""
    with mail_server() as mailbox:
        parent.send(mailbox.port)
        taken = 0

        def count() -> None:
            nonlocal taken
            taken += 1
            mailbox.accepted.clear()

        mailbox.when_accepted = count
        while parent.recv() == "count":
            parent.send(taken)


def main() -> None:
    """Run, and print a table."""
    options = argparse.ArgumentParser()
    options.add_argument("--messages", type=int, default=10_000)
    options.add_argument("--pdf-bytes", type=int, default=60_000)
    asked = options.parse_args()
    agents = [f"A{number:05d}" for number in range(asked.messages)]
    with tempfile.TemporaryDirectory() as folder:
        home = made_home(Path(folder) / "home", agents, os.urandom(asked.pdf_bytes))
        publish(
            home,
            [
                action(
                    "agent_summary", agent, f"Given{n} Family{n}",
                    recipient_address=f"agent{n}@example.com",
                )
                for n, agent in enumerate(agents)
            ],
            [
                (agent, f"Given{n} Family{n}", f"agent{n}@example.com", "Europe/Warsaw")
                for n, agent in enumerate(agents)
            ],
        )  # fmt: skip
        here, there = multiprocessing.Pipe()
        server = multiprocessing.get_context("spawn").Process(target=serve, args=(there,))
        server.start()
        to = settings(
            home,
            {"email": smtp(Mailbox(here.recv()), timeout_seconds=30)},
            ask_above={"share_below_target": 1},
        )
        rows = []
        for what in ("ours", "nothing to do"):
            began, cpu = time.monotonic(), time.process_time()
            while True:
                send_due(home, to)
                if set(states(home)) == {"delivered"}:
                    break
            rows.append((what, time.monotonic() - began, time.process_time() - cpu))
        here.send("count")
        taken = here.recv()
        assert taken == len(records.deliveries(home)) == asked.messages, taken
        composer = Composer(home, "reports@example.org")
        few = outbox.read_actions(home, None)[:500]
        ready = [
            mail(composer.compose(one), "reports@example.org", for_seven_bits=True) for one in few
        ]
        transport = to.transports["email"]
        began, cpu = time.monotonic(), time.process_time()
        with smtplib.SMTP("127.0.0.1", transport.port) as connection:  # type: ignore[union-attr]
            for number in range(asked.messages):
                connection.sendmail(
                    "reports@example.org", ["a@example.com"], ready[number % len(ready)]
                )
        rows.append(("bare smtplib", time.monotonic() - began, time.process_time() - cpu))
        here.send("end")
        server.join()
    print(f"{asked.messages:,} mails of {len(ready[0]):,} bytes, {taken:,} taken by the server")
    print(f"{'':<14} {'seconds':>8} {'CPU s':>8} {'mails/s':>8}")
    for what, seconds, used in rows:
        print(f"{what:<14} {seconds:8.1f} {used:8.1f} {asked.messages / seconds:8.0f}")


if __name__ == "__main__":
    main()
