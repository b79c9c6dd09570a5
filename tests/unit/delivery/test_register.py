"""The register: what two senders may do at once, on SQLite and on PostgreSQL alike."""

from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import quote

import pytest

from ingestion import Home, UnusableInput
from orchestration.delivery.channels import Outcome
from orchestration.delivery.register import Entry, Register, key_of
from tests.support.postgres import PASSWORD, running_server

EARLY, NOW, LATER = (f"2026-11-16T{hour}:00:00.000Z" for hour in ("08", "12", "20"))
ENTRY = Entry("k", "a", "email", "2026-10", "waiting", 0, EARLY, None, None, "", False, EARLY)
Open = Callable[[], Register]


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with running_server() as running:
        with running.connect("postgres") as admin:
            admin.execute(f"create role owner login password '{PASSWORD}'".encode())
            admin.execute("create database deliveries owner owner")
        url = running.url("owner", "deliveries", quote(PASSWORD, safe=""))
        yield url.replace("postgres://", "postgresql+psycopg://")


@pytest.fixture(params=["sqlite", "postgresql"])
def opened(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Open]:
    url = request.getfixturevalue("server") if request.param == "postgresql" else None
    made: list[Register] = []

    def open_() -> Register:
        made.append(Register(Home(tmp_path), url))
        return made[-1]

    yield open_
    for register in made:
        register.close()


def test_one_claim_holds_and_its_outcome_stands(opened: Open) -> None:
    first, second = opened(), opened()
    first.add([ENTRY, ENTRY])
    second.add([ENTRY])
    assert [one.key for one in first.due("email", NOW)] == ["k"]
    assert first.due("sms", NOW) == []
    attempt = first.claim("k", "one", NOW, LATER)
    assert attempt is not None
    assert second.claim("k", "two", NOW, LATER) is None
    assert second.stopped(NOW) == []
    assert [one.key for one in second.stopped(LATER)] == ["k"]
    # Whoever was thought to be stopped, and was not, still has the last word if the message arrived.
    (stopped,) = second.stopped(LATER)
    assert second.move(stopped, "parked", "stopped", LATER)
    assert not second.move(stopped, "waiting", "again", LATER)
    first.settle("k", attempt, Outcome("later", "busy"), "waiting", LATER, LATER)
    assert first.states(None) == {"k": "parked"}
    first.settle("k", attempt, Outcome("accepted"), "delivered", LATER, LATER)
    assert first.counts() == {"delivered": 1}
    assert [one.key for one in second.unrecorded()] == ["k"]
    second.mark_recorded(["k"])
    assert first.unrecorded() == []
    assert first.attempts_since("email", EARLY) == [NOW]
    first.confirm("2026-10", 1, "Eve", NOW)
    first.confirm("2026-10", 1, "Eve", LATER)
    assert second.confirmed() == {("2026-10", 1)}


def test_what_is_not_due_is_not_claimed(opened: Open) -> None:
    register = opened()
    late = Entry("late", "a", "email", "2026-10", "waiting", 0, LATER, None, None, "", False, NOW)
    register.add([late])
    assert register.due("email", NOW) == []
    assert register.claim("late", "one", NOW, LATER) is None


def test_a_server_that_is_not_there_is_one_line_without_the_password(tmp_path: Path) -> None:
    with pytest.raises(
        UnusableInput, match="the delivery ledger on its server cannot be used"
    ) as problem:
        Register(Home(tmp_path), "postgresql+psycopg://me:hush@127.0.0.1:1/none")
    assert "hush" not in str(problem.value)
    with pytest.raises(UnusableInput, match="is no address of a database") as problem:
        Register(Home(tmp_path), "nothing hush")
    assert "hush" not in str(problem.value)


def test_a_key_is_what_a_message_is_about() -> None:
    keys = {
        key_of("a", "r", 1, "email"), key_of("b", "r", 1, "email"), key_of("a", "s", 1, "email"),
        key_of("a", "r", 2, "email"), key_of("a", "r", None, "email"), key_of("a", "r", 1, "sms"),
    }  # fmt: skip
    assert len(keys) == 6
    assert key_of("a", "r", 1, "email") == key_of("a", "r", 1, "email")
