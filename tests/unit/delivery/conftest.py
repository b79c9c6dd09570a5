"""A home with messages to send, and a time that passes when it is told to."""

import datetime as dt
from collections.abc import Iterator
from pathlib import Path

import pytest

from ingestion import Home
from orchestration.delivery.sending import Clock
from tests.support.mail_server import Endpoint, Mailbox, http_endpoint, mail_server
from tests.support.published_actions import made_home


class Time:
    """Noon of a day after the close, until somebody moves it."""

    def __init__(self) -> None:
        self.at = dt.datetime(2026, 11, 16, 12, tzinfo=dt.UTC)
        self.slept: list[float] = []

    def now(self) -> dt.datetime:
        return self.at

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.at += dt.timedelta(seconds=seconds)

    def pass_by(self, **amount: float) -> None:
        self.at += dt.timedelta(**amount)

    @property
    def clock(self) -> Clock:
        return Clock(self.now, self.sleep)


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return made_home(tmp_path / "home")


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    with mail_server() as running:
        yield running


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    with http_endpoint() as running:
        yield running
