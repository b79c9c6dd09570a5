"""What the operator hears of: once, with the cause and what to do, and again only when it changes."""

import datetime as dt
import email
import email.policy
import os
from dataclasses import replace
from email.message import EmailMessage
from typing import Any

from ingestion import Home, Load, ledger
from ingestion.ledger import Loads
from orchestration import records
from orchestration.delivery import notices
from orchestration.delivery.settings import Settings, Watch
from tests.support.delivering import settings, smtp
from tests.support.mail_server import Mailbox, free_port
from tests.unit.delivery.conftest import Time

OPERATOR = "ops@example.org"
LOAD = Load(0, "tickets", "l", "loaded", "f", "a", 1, 1, 1, 0, (), None, "")


def close(home: Home, month: str) -> None:
    content = {
        "month": month, "close_number": 1, "as_of": f"{month}-28T00:00:00Z", "load_sequence": 1,
        "revisions": 1, "file": month, "sha256": "0", "model_version": None,
    }  # fmt: skip
    ledger.append(home, "close", content)


def subjects(home: Home, watch: Watch, now: str) -> list[str]:
    at = dt.datetime.fromisoformat(now).replace(tzinfo=dt.UTC)
    return [one.subject for one in notices.found(home, watch, at)]


def test_a_month_is_late_after_the_days_that_were_said(home: Home) -> None:
    watch = Watch(late_after_days=3)
    assert subjects(home, watch, "2026-11-20") == []
    close(home, "2026-09")
    assert subjects(home, watch, "2026-11-03T23:59") == []
    assert subjects(home, watch, "2026-11-04") == ["close 2026-10"]
    close(home, "2026-10")
    assert subjects(home, watch, "2026-11-04") == []


def test_a_source_is_stale_after_its_own_days(home: Home) -> None:
    Loads(home).append(LOAD)
    (load,) = ledger.read_ledger(home)
    loaded = dt.datetime.fromisoformat(load.loaded_at)
    watch = Watch(stale_after_days={"tickets": 2, "interactions": 5})
    for days, found in (
        (1, ["source interactions"]),
        (3, ["source interactions", "source tickets"]),
    ):
        troubles = notices.found(home, watch, loaded + dt.timedelta(days=days))
        assert [one.subject for one in troubles] == found
    Loads(home).append(replace(LOAD, file_sha256="b", status="quarantined"))
    assert len(notices.found(home, watch, loaded + dt.timedelta(days=3))) == 2


def test_a_publication_is_old_after_the_hours_that_were_said(home: Home) -> None:
    records.record_publication(home, {"content": "x"})
    home.published_database.write_bytes(b"")
    os.utime(home.published_database, (1_793_880_000, 1_793_880_000))
    at = dt.datetime.fromtimestamp(1_793_880_000, dt.UTC)
    assert notices.found(home, Watch(), at + dt.timedelta(hours=36)) == []
    (old,) = notices.found(home, Watch(), at + dt.timedelta(hours=37))
    assert old.cause == f"nothing was published since {ledger.instant_text(at)}"


def failed(cause: str) -> notices.Trouble:
    return notices.of_run("monthly_close", "2026-10", [cause])


def tell(home: Home, to: Settings, *troubles: notices.Trouble, over: Any = ()) -> list[str]:
    return notices.notify(home, to, troubles, over, Time().at)


def test_one_notice_until_the_cause_changes_or_is_over(home: Home, mailbox: Mailbox) -> None:
    to = settings(home, {"email": smtp(mailbox)}, operator=OPERATOR)
    run = "run monthly_close 2026-10"
    assert tell(home, to, failed("orphans: 7 rows")) == [run]
    assert tell(home, to, failed("orphans: 7 rows")) == []
    assert tell(home, to, failed("orphans: 8 rows")) == [run]
    assert tell(home, to, over=[run]) == []
    assert tell(home, to, failed("orphans: 8 rows")) == [run]
    assert [mail.recipients for mail in mailbox.accepted] == [[OPERATOR]] * 3
    message = email.message_from_bytes(mailbox.accepted[0].content, policy=email.policy.default)
    assert isinstance(message, EmailMessage)
    assert message["Subject"] == f"Scorehouse: {run}"
    body = message.get_body(("plain",))
    assert body is not None
    text = " ".join(body.get_content().split())
    assert "orphans: 7 rows" in text
    assert "run `scorehouse close 2026-10` again" in text


def test_several_troubles_are_one_notice(home: Home, mailbox: Mailbox) -> None:
    to = settings(home, {"email": smtp(mailbox)}, operator=OPERATOR)
    tell(home, to, failed("a"), notices.Trouble("publication", "old", "build"))
    assert len(mailbox.accepted) == 1


def test_a_notice_that_nobody_took_comes_again(home: Home, mailbox: Mailbox) -> None:
    down = settings(home, {"email": smtp(Mailbox(free_port()))}, operator=OPERATOR)
    assert tell(home, down, failed("a")) == []
    assert (
        len(tell(home, settings(home, {"email": smtp(mailbox)}, operator=OPERATOR), failed("a")))
        == 1
    )


def test_without_a_mail_server_it_is_a_file_and_without_an_operator_nothing(home: Home) -> None:
    tell(home, settings(home, {}), failed("a"))
    assert not home.outbox.exists()
    tell(home, settings(home, {}, operator=OPERATOR), failed("a"))
    (file,) = home.outbox.rglob("*.eml")
    assert b"To: ops@example.org" in file.read_bytes()
    assert file.stat().st_mode & 0o777 == 0o600


def test_what_is_over_is_found_by_the_watch(home: Home, mailbox: Mailbox) -> None:
    to = settings(home, {"email": smtp(mailbox)}, operator=OPERATOR)
    close(home, "2026-09")
    at = dt.datetime(2026, 11, 5, tzinfo=dt.UTC)
    assert notices.watch(home, to, at) == ["close 2026-10"]
    assert notices.watch(home, to, at + dt.timedelta(days=1)) == []
    close(home, "2026-10")
    assert notices.watch(home, to, at) == []
    assert len(mailbox.accepted) == 1
