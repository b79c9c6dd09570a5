"""Servers that want a password, certificates that do not hold, endpoints that answer this and that."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import icalendar
import pytest
import trustme

from ingestion import Home
from orchestration.delivery.channels import Outcome
from orchestration.delivery.channels.notify import NotifyChannel
from orchestration.delivery.channels.webhook import WebhookChannel
from orchestration.delivery.composing import Composer, Outgoing
from orchestration.delivery.sending import send_due
from orchestration.delivery.settings import Webhook
from tests.support.delivering import SECRET, register, settings, smtp, states, webhook
from tests.support.mail_server import Endpoint, Mailbox, free_port, mail_server
from tests.support.published_actions import action, publish
from tests.unit.delivery.conftest import Time

DOCS = Path(__file__).parents[3] / "docs" / "delivery.md"


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def trusted(authority: trustme.CA, tmp_path: Path) -> Path:
    path = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(path)
    return path


def server_context(authority: trustme.CA, name: str = "127.0.0.1") -> Any:
    import ssl

    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert(name).configure_cert(context)
    return context


@pytest.fixture(params=["starttls", pytest.param("tls", marks=pytest.mark.long)])
def guarded(request: pytest.FixtureRequest, authority: trustme.CA) -> Iterator[tuple[str, Mailbox]]:
    context = server_context(authority)
    with mail_server(**{request.param: context}, password="pass word") as mailbox:
        yield request.param, mailbox


def guarded_settings(security: str, mailbox: Mailbox, **more: Any) -> dict[str, Any]:
    login = {"user": "reports", "password_env": "MAIL_PASSWORD", "timeout_seconds": 5}
    return {"email": smtp(mailbox, security=security, **{**login, **more})}


def test_a_password_goes_over_an_encrypted_connection_alone(
    home: Home, time: Time, guarded: tuple[str, Mailbox], trusted: Path
) -> None:
    security, mailbox = guarded
    publish(home, [action("agent_summary")])
    transports = guarded_settings(security, mailbox, ca_file=str(trusted))
    to = settings(home, transports, {"MAIL_PASSWORD": "pass word"})
    send_due(home, to, clock=time.clock)
    assert (states(home), len(mailbox.accepted)) == (["delivered"], 1)


def test_a_wrong_password_ends_the_round_and_is_not_repeated_anywhere(
    home: Home, time: Time, guarded: tuple[str, Mailbox], trusted: Path
) -> None:
    security, mailbox = guarded
    publish(home, [action("agent_summary"), action("agent_summary", "A2")])
    transports = guarded_settings(security, mailbox, ca_file=str(trusted))
    to = settings(home, transports, {"MAIL_PASSWORD": "hush hush"})
    done = send_due(home, to, clock=time.clock)
    assert (states(home), mailbox.accepted) == (["waiting", "waiting"], [])
    assert "email is down: connecting: 535" in done.notes[0]
    assert "hush" not in f"{done.notes} {register(home)}"


def test_a_certificate_that_does_not_hold_gets_no_message(
    home: Home, time: Time, guarded: tuple[str, Mailbox]
) -> None:
    security, mailbox = guarded
    publish(home, [action("agent_summary")])
    to = settings(home, guarded_settings(security, mailbox), {"MAIL_PASSWORD": "pass word"})
    done = send_due(home, to, clock=time.clock)
    assert (states(home), mailbox.accepted) == (["waiting"], [])
    assert "CERTIFICATE_VERIFY_FAILED" in done.notes[0]


def test_a_certificate_of_another_host_gets_no_message(
    home: Home, time: Time, authority: trustme.CA, trusted: Path
) -> None:
    publish(home, [action("agent_summary")])
    with mail_server(starttls=server_context(authority, "other.example.org")) as mailbox:
        to = settings(home, {"email": smtp(mailbox, security="starttls", ca_file=str(trusted))})
        done = send_due(home, to, clock=time.clock)
    assert (states(home), mailbox.accepted) == (["waiting"], [])
    assert "CERTIFICATE_VERIFY_FAILED" in done.notes[0]


def test_a_server_without_encryption_gets_nothing_in_clear_instead(
    home: Home, time: Time, mailbox: Mailbox
) -> None:
    publish(home, [action("agent_summary")])
    done = send_due(
        home, settings(home, {"email": smtp(mailbox, security="starttls")}), clock=time.clock
    )
    assert (states(home), mailbox.accepted) == (["waiting"], [])
    assert "STARTTLS" in done.notes[0]


def test_an_address_that_no_server_takes_is_dead_at_once(
    home: Home, time: Time, mailbox: Mailbox
) -> None:
    publish(home, [action("agent_summary", recipient_address="a1@exämple.com")])
    send_due(home, settings(home, {"email": smtp(mailbox)}), clock=time.clock)
    assert (states(home), mailbox.accepted) == (["dead"], [])


def test_a_task_comes_signed_with_a_key_and_when(
    home: Home, time: Time, endpoint: Endpoint
) -> None:
    publish(home, [action("coaching_task", recipient_id="S1", recipient_name="Sue")])
    send_due(home, settings(home, {"task": webhook(endpoint)}), clock=time.clock)
    (request,) = endpoint.requests
    assert request.path == "/tasks"
    task = json.loads(request.body)
    assert task["type"] == "coaching_task"
    (event,) = icalendar.Calendar.from_ical(task["invitation"]).walk("VEVENT")
    assert event["UID"] == f"{task['action_id']}@scorehouse"
    assert task["to"] == {"id": "S1", "name": "Sue", "address": "a1@example.com"}
    assert request.headers["Idempotency-Key"] == register(home)[0].key
    names: dict[str, Any] = {}
    exec(DOCS.read_text("utf-8").split("```python\n")[1].split("```")[0], names)
    check = names["is_from_scorehouse"]
    timestamp, signed = (request.headers[f"Scorehouse-{h}"] for h in ("Timestamp", "Signature"))
    assert check(SECRET, timestamp, signed, request.body)
    assert not check("another", timestamp, signed, request.body)
    assert not check(SECRET, str(int(timestamp) + 1), signed, request.body)
    assert not check(SECRET, timestamp, signed, request.body + b" ")


def message(home: Home) -> Outgoing:
    publish(home, [action("review_task")])
    from orchestration.delivery import outbox

    (one,) = outbox.read_actions(home, None)
    return Composer(home, "reports@example.org").compose(one)


@pytest.mark.parametrize(
    ("answer", "result", "after"),
    [
        (200, "accepted", None), (204, "accepted", None), (302, "refused", None),
        (400, "refused", None), (404, "refused", None), (409, "unknown", None),
        (429, "later", 7.0), (500, "unknown", None), (503, "later", 7.0), ("silent", "unknown", None),
    ],
)  # fmt: skip
def test_what_an_answer_means(
    home: Home, endpoint: Endpoint, answer: int | str, result: str, after: float | None
) -> None:
    endpoint.answers.append(answer)
    endpoint.headers |= {"Retry-After": "7", "Location": endpoint.url}
    way = WebhookChannel(Webhook.model_validate(webhook(endpoint)), SECRET)
    outcome = way.send(message(home), "key")
    way.close()
    assert (outcome.result, outcome.after, outcome.is_down) == (result, after, False)
    assert len(endpoint.requests) == 1


def test_an_endpoint_that_is_not_there_is_down(home: Home) -> None:
    nobody = Webhook.model_validate(webhook(Endpoint(free_port())))
    outcome = WebhookChannel(nobody, SECRET).send(message(home), "key")
    assert (outcome.result, outcome.is_down) == ("later", True)


def test_the_same_key_comes_again_where_the_receiver_knows_it(
    home: Home, time: Time, endpoint: Endpoint
) -> None:
    publish(home, [action("review_task")])
    endpoint.answers.append("silent")
    to = settings(home, {"task": webhook(endpoint, unknown="resend")})
    for _ in range(3):
        send_due(home, to, clock=time.clock)
        time.pass_by(hours=1)
    keys = [request.headers["Idempotency-Key"] for request in endpoint.requests]
    assert len(keys) == 2
    assert len(set(keys)) == 1
    assert len({request.body for request in endpoint.requests}) == 1
    assert states(home) == ["delivered"]


def test_the_endpoint_may_ask_to_wait(home: Home, time: Time, endpoint: Endpoint) -> None:
    publish(home, [action("review_task")])
    endpoint.answers.append(503)
    endpoint.headers["Retry-After"] = "7200"
    to = settings(home, {"task": webhook(endpoint)})
    send_due(home, to, clock=time.clock)
    assert register(home)[0].due_at == "2026-11-16T14:00:00.000Z"


def test_a_text_message_goes_to_its_number(home: Home, endpoint: Endpoint) -> None:
    way = NotifyChannel(f"json://127.0.0.1:{endpoint.port}/sms/{{to}}?cto=30&rto=30")
    publish(home, [action("urgent_coaching_alert")])
    from orchestration.delivery import outbox

    (alert,) = outbox.read_actions(home, None)
    text = Composer(home, "reports@example.org").compose(alert)
    endpoint.answers += [200, 500]
    assert way.send(text, "key") == Outcome("accepted")
    assert way.send(text, "key").result == "unknown"
    first = endpoint.requests[0]
    assert first.path.rstrip("/") == "/sms/+48123456789"
    assert "scored 98.6" in json.loads(first.body)["message"]


def test_an_address_that_is_none_of_a_service_is_refused_and_not_shown(home: Home) -> None:
    outcome = NotifyChannel("nosuch://hush/{to}").send(message(home), "key")
    assert outcome.result == "refused"
    assert "hush" not in outcome.detail
