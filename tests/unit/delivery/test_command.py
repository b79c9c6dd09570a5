"""`scorehouse deliveries`: what an operator types and reads."""

import pytest
from typer.testing import CliRunner

from ingestion import Home
from orchestration.cli import app
from tests.support.delivering import register, settings, smtp, states
from tests.support.mail_server import Mailbox
from tests.support.published_actions import action, publish


def run(home: Home, *words: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, ["deliveries", *words, "--home", str(home.root)])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.exit_code, " ".join(result.output.split())


@pytest.fixture(autouse=True)
def wide(monkeypatch: pytest.MonkeyPatch) -> None:
    from rich.console import Console

    monkeypatch.setattr("orchestration.cli.console", Console(width=400, soft_wrap=True))
    # It would take the real standard error, which the runner has not.
    monkeypatch.setattr("orchestration.cli._convert", lambda home: None)


def test_a_day_of_an_operator(
    home: Home, mailbox: Mailbox, capsys: pytest.CaptureFixture[str]
) -> None:
    publish(home, [action("agent_summary"), action("agent_summary", "A2"), action("review_task")])
    settings(home, {"email": smtp(mailbox)})
    mailbox.faults.append("data 554 no")

    def deliveries(*words: str) -> tuple[int, str]:
        code, output = run(home, *words)
        return code, " ".join((output + capsys.readouterr().out).split())

    code, said = deliveries("send", "--dry-run")
    assert (code, mailbox.accepted) == (0, [])
    assert "a dry run, nothing was sent: would be sent 2" in said
    code, said = deliveries("send")
    assert code == 0
    assert "sent: 1; into the outbox: 1; without a usable address: 0" in said
    code, said = deliveries("list")
    assert "agent_summary" in said
    assert "554 no" in said
    (dead,) = [entry for entry in register(home) if entry.state == "dead"]
    assert dead.key[:12] in said
    assert "goes out with the next round" in deliveries("retry", dead.key[:12])[1]
    assert "sent: 1" in deliveries("send")[1]
    assert states(home) == ["delivered", "delivered"]
    assert "no message is in such a state" in deliveries("list")[1]
    assert deliveries("list", "--state", "delivered")[1].count("agent_summary") == 2


def test_without_a_home_it_says_so(home: Home, capsys: pytest.CaptureFixture[str]) -> None:
    code, _ = run(Home(home.root / "nowhere"), "list")
    assert code == 2
