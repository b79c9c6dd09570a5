"""`delivery.yml`: what it may say, and one line for what it may not."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from ingestion import Home, UnusableInput
from orchestration.delivery.settings import Smtp, read_settings

MAIL = "transports: {email: {kind: smtp, host: mail, port: 25, security: none}}"


def read(home: Home, text: str, environment: Mapping[str, str] | None = None) -> object:
    (home.root / "delivery.yml").write_text(text)
    return read_settings(home, environment or {})


def test_without_a_file_everything_goes_to_the_outbox(tmp_path: Path) -> None:
    settings = read_settings(Home(tmp_path), {})
    assert settings.is_on
    assert settings.routed == frozenset()


def test_the_example_of_the_docs_can_be_read(home: Home) -> None:
    docs = (Path(__file__).parents[3] / "docs" / "delivery.md").read_text("utf-8")
    example = docs.split("```yaml\n")[1].split("```")[0]
    secrets = {"SMTP_PASSWORD": "p", "DESK_SECRET": "d", "SMS_URL": "json://localhost/{to}"}
    (home.root / "delivery.yml").write_text(example)
    settings = read_settings(home, secrets)
    assert settings.routed == {"email", "task", "sms"}
    assert isinstance(settings.transports["email"], Smtp)
    assert dict(settings.secrets) == secrets
    assert not any(f"'{secret}'" in repr(settings) for secret in secrets.values())


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a: [", "delivery.yml, line 1 is no YAML"),
        ("- a", "write `key: value` lines"),
        ("tranports: {}", "delivery.yml, tranports: there is no such key"),
        ("transports: {fax: {}}", "transports.fax: there is no such key"),
        ("transports: {email: {kind: smtp, port: 25}}", "transports.email.host: is missing"),
        (MAIL.replace("25", "'x'"), "transports.email.port 'x': input should be a valid integer"),
        (
            MAIL.replace("none", "ssl"),
            "transports.email.security 'ssl': input should be 'starttls'",
        ),
        (MAIL.replace("smtp", "pigeon"), "transports.email"),
        (MAIL.replace("port:", "user: u, port:"), "user and password_env go together"),
        (MAIL.replace("port:", "user: u, password_env: P, port:"), "not sent in clear"),
        (
            "transports: {task: {kind: webhook, url: 'http://desk.example.org', secret_env: S}}",
            "must begin with https://",
        ),
        (
            "transports: {task: {kind: webhook, url: 'https://u:hush@desk.example.org', secret_env: S}}",
            "no password in an address",
        ),
        ("transports: {sms: {kind: smtp, host: h, port: 25}}", "transports.sms"),
        ("time_zone: Mars", "time_zone 'Mars': is no time zone"),
        ("ask_above: {share_below_target: 60}", "ask_above.share_below_target '60'"),
        ("quiet_hours: {from: '25:00'}", "quiet_hours.from '25:00'"),
    ],
)
def test_a_mistake_is_one_line_that_names_the_key(home: Home, text: str, said: str) -> None:
    with pytest.raises(UnusableInput) as problem:
        read(home, text, {"P": "p", "S": "s"})
    assert said in str(problem.value)
    assert "\n" not in str(problem.value)
    assert str(home.root / "delivery.yml") in str(problem.value)


def test_a_secret_in_the_file_is_refused_and_not_repeated(home: Home) -> None:
    for text in (
        MAIL.replace("port:", "password: hush, port:"),
        "transports: {sms: {kind: apprise, url: 'twilio://hush'}}",
        "transports: {task: {kind: webhook, url: 'hush', secret_env: S}}",
    ):
        with pytest.raises(UnusableInput) as problem:
            read(home, text, {"S": "s"})
        assert "hush" not in str(problem.value)


def test_a_secret_that_is_not_set_is_named(home: Home) -> None:
    text = MAIL.replace("none", "tls, user: u, password_env: MAIL_PASSWORD")
    with pytest.raises(UnusableInput, match="the environment has no MAIL_PASSWORD"):
        read(home, text)


@pytest.mark.parametrize(("said", "variable"), [("off", ""), ("on", "off"), ("on", "OFF")])
def test_the_kill_switch(home: Home, said: str, variable: str) -> None:
    (home.root / "delivery.yml").write_text(f"delivery: {said}\n")
    assert not read_settings(home, {"SCOREHOUSE_DELIVERY": variable}).is_on
