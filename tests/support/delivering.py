"""Sending from a made-up home: settings as an operator writes them, and what stands in the register afterwards."""

from collections.abc import Mapping
from typing import Any

import yaml

from ingestion import Home
from orchestration.delivery.register import Entry, Register
from orchestration.delivery.settings import Settings, read_settings
from tests.support.mail_server import Endpoint, Mailbox, patience

SECRET = "not for anybody else"


def smtp(mailbox: Mailbox, **more: Any) -> dict[str, Any]:
    return {
        "kind": "smtp", "host": "127.0.0.1", "port": mailbox.port, "security": "none",
        "timeout_seconds": patience(mailbox.faults), **more,
    }  # fmt: skip


def webhook(endpoint: Endpoint, **more: Any) -> dict[str, Any]:
    return {
        "kind": "webhook", "url": endpoint.url, "secret_env": "HOOK_SECRET",
        "timeout_seconds": patience(endpoint.answers), **more,
    }  # fmt: skip


def settings(
    home: Home,
    transports: Mapping[str, Any],
    environment: Mapping[str, str] | None = None,
    **more: Any,
) -> Settings:
    said = {"sender": "reports@example.org", "transports": dict(transports), **more}
    (home.root / "delivery.yml").write_text(yaml.safe_dump(said))
    return read_settings(home, {"HOOK_SECRET": SECRET, **(environment or {})})


def register(home: Home) -> list[Entry]:
    opened = Register(home)
    try:
        return opened.entries()
    finally:
        opened.close()


def states(home: Home) -> list[str]:
    return sorted(entry.state for entry in register(home))
