"""A real mail server and a real HTTP endpoint on this machine, which fail as they are told."""

import asyncio
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

# Longer than a sender waits for an answer that it is not to get; any other answer it may wait for on a busy machine.
SILENCE = 2.0
PATIENCE = 1.0
MUCH_PATIENCE = 30.0


def patience(faults: Iterable[int | str]) -> float:
    """Seconds that a sender waits, whose receiver treats its messages so."""
    return PATIENCE if {"late", "silent"} & set(faults) else MUCH_PATIENCE


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Mail:
    """What the server took over."""

    sender: str
    recipients: list[str]
    content: bytes


@dataclass
class Mailbox:
    """What was accepted, and how the next messages are treated: one of `faults` each, in order, then none."""

    port: int = 0
    accepted: list[Mail] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    when_accepted: Callable[[], None] = lambda: None

    def _next(self, *kinds: str) -> str:
        return self.faults.pop(0) if self.faults and self.faults[0].split()[0] in kinds else ""

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        fault = self._next("rcpt", "late")
        if fault.startswith("rcpt"):
            return fault.removeprefix("rcpt ")
        if fault:
            await asyncio.sleep(SILENCE)
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        fault = self._next("data", "silent", "drop", "lost")
        if fault.startswith("data"):
            return fault.removeprefix("data ")
        if fault == "lost":
            server.transport.close()
            return "250 never heard"
        content = envelope.content
        assert isinstance(content, bytes)
        self.accepted.append(Mail(envelope.mail_from or "", envelope.rcpt_tos, content))
        self.when_accepted()
        if fault == "silent":
            await asyncio.sleep(SILENCE)
        if fault == "drop":
            server.transport.close()
        return "250 OK"


@contextmanager
def mail_server(
    starttls: ssl.SSLContext | None = None,
    tls: ssl.SSLContext | None = None,
    password: str | None = None,
) -> Iterator[Mailbox]:
    """Run a server until the block ends. `password`: of the user `reports`, who then has to log in."""
    mailbox = Mailbox(free_port())

    def check(server: Any, session: Any, envelope: Any, mechanism: Any, data: Any) -> AuthResult:
        assert isinstance(data, LoginPassword)
        return AuthResult(
            success=(data.login, data.password) == (b"reports", (password or "").encode()),
            handled=False,
        )

    controller = Controller(
        mailbox,
        hostname="127.0.0.1",
        port=mailbox.port,
        ssl_context=tls,
        tls_context=starttls,
        require_starttls=starttls is not None,
        authenticator=check if password else None,
        auth_required=password is not None,
        auth_require_tls=starttls is not None,
    )
    controller.start()
    try:
        yield mailbox
    finally:
        controller.stop()


@dataclass
class Request:
    """What an endpoint was asked."""

    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Endpoint:
    """Requests so far, and the answers to the next ones (status, or `silent`); then 200."""

    port: int
    requests: list[Request] = field(default_factory=list)
    answers: list[int | str] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/tasks"


@contextmanager
def http_endpoint() -> Iterator[Endpoint]:
    """Run an endpoint until the block ends."""
    endpoint = Endpoint(0)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            endpoint.requests.append(Request(self.path, dict(self.headers.items()), body))
            answer = endpoint.answers.pop(0) if endpoint.answers else 200
            if answer == "silent":
                time.sleep(SILENCE)
                answer = 200
            self.send_response(int(answer))
            for name, value in endpoint.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_arguments: object) -> None:
            pass

    class Server(ThreadingHTTPServer):
        def handle_error(self, *_arguments: object) -> None:
            pass

    with Server(("127.0.0.1", 0), Handler) as server:
        endpoint.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield endpoint
        finally:
            server.shutdown()
            thread.join()
