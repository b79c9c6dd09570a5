"""How an installation delivers: `delivery.yml` in its home, with every secret in the environment.

Without the file, and for a channel that has no transport in it, everything goes to the outbox.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import time
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, available_timezones

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from ingestion import DATASETS, Home, UnusableInput

FILE = "delivery.yml"
LEDGER_VARIABLE = "SCOREHOUSE_DELIVERY_LEDGER"
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
# What may be shown of a wrong value; anything else could be a secret in the wrong place.
_SHOWN = frozenset(
    {"delivery", "kind", "port", "security", "unknown", "per_minute", "timeout_seconds"}
    | {"attempts", "first_after_seconds", "at_most_seconds", "from", "to", "time_zone"}
    | {"urgent_alerts", "share_below_target", "late_after_days", "published_within_hours"}
)


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _Transport(_Part):
    """What every transport has. `unknown`: what becomes of a message that may have arrived."""

    per_minute: int | None = Field(default=None, ge=1)
    timeout_seconds: float = Field(default=30, gt=0, le=120)
    unknown: Literal["park", "resend"] = "park"


class Smtp(_Transport):
    """A mail server."""

    kind: Literal["smtp"]
    host: str = Field(min_length=1)
    port: int = Field(ge=1, le=65535)
    security: Literal["starttls", "tls", "none"] = "starttls"
    user: str | None = None
    password_env: str | None = None
    ca_file: Path | None = None

    @model_validator(mode="after")
    def _together(self) -> "Smtp":
        if (self.user is None) != (self.password_env is None):
            raise ValueError("user and password_env go together: give both or neither")
        if self.user is not None and self.security == "none":
            raise ValueError(
                "a password is not sent in clear: set security to starttls or tls, or leave user out"
            )
        return self


class Webhook(_Transport):
    """An HTTP endpoint that takes signed JSON."""

    kind: Literal["webhook"]
    url: str
    secret_env: str
    ca_file: Path | None = None

    @field_validator("url")
    @classmethod
    def _plain(cls, url: str) -> str:
        parts = urlsplit(url)
        if parts.username or parts.password:
            raise ValueError("no password in an address: the receiver checks the signature")
        if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in _LOOPBACK):
            raise ValueError("must begin with https:// (http:// only on this machine)")
        return url


class Notify(_Transport):
    """A service that Apprise knows; the address of the service holds its secret, so all of it is in `url_env`."""

    kind: Literal["apprise"]
    url_env: str


class _Transports(_Part):
    # A mail carries a PDF: what takes JSON or a line of text would lose it.
    email: Smtp | None = None
    task: Annotated[Smtp | Webhook | Notify, Field(discriminator="kind")] | None = None
    sms: Annotated[Webhook | Notify, Field(discriminator="kind")] | None = None


Transport = Smtp | Webhook | Notify


class Retry(_Part):
    """How often, and how long to wait after the first attempt; each wait is twice the one before."""

    attempts: int = Field(default=8, ge=1, le=50)
    first_after_seconds: float = Field(default=60, gt=0)
    at_most_seconds: float = Field(default=21_600, gt=0)


class QuietHours(_Part):
    """Local times of the recipient between which no text message is sent; over midnight if `to` is earlier."""

    starts: time = Field(alias="from", default=time(20))
    ends: time = Field(alias="to", default=time(8))


class AskAbove(_Part):
    """Above this many urgent alerts, or this share of agents below target, a person has to confirm a close."""

    urgent_alerts: int = Field(default=20, ge=0)
    share_below_target: float = Field(default=0.6, ge=0, le=1)


class Watch(_Part):
    """What the operator hears of: a close that many days late, old publications, sources without new files for days."""

    late_after_days: int = Field(default=3, ge=2, le=28)
    published_within_hours: int | None = Field(default=36, ge=1)
    stale_after_days: dict[str, Annotated[int, Field(ge=1)]] = {}

    @field_validator("stale_after_days")
    @classmethod
    def _known(cls, days: dict[str, int]) -> dict[str, int]:
        for dataset in days:
            if dataset not in DATASETS:
                raise ValueError(f"{dataset} is no dataset; there are {', '.join(DATASETS)}")
        return days


class _File(_Part):
    delivery: bool = True
    sender: str = "scorehouse@localhost"
    operator: str | None = None
    time_zone: str = "UTC"
    only_to: list[str] | None = None
    retry: Retry = Retry()
    quiet_hours: QuietHours | None = QuietHours()
    ask_above: AskAbove = AskAbove()
    watch: Watch = Watch()
    transports: _Transports = _Transports()

    @field_validator("sender", "operator")
    @classmethod
    def _address(cls, address: str | None) -> str | None:
        if address is not None and not re.fullmatch(r"[!-~]+@[!-~]+", address):
            raise ValueError("is no e-mail address: write it as reports@example.org")
        return address

    @field_validator("time_zone")
    @classmethod
    def _zone(cls, zone: str) -> str:
        if zone not in available_timezones():
            raise ValueError("is no time zone: write it as Europe/Warsaw")
        return zone


@dataclass(frozen=True)
class Settings:
    """The file as it stands, with the secrets that it names. `secrets`: by name of the variable."""

    file: Path
    is_on: bool
    sender: str
    operator: str | None
    zone: ZoneInfo
    only_to: tuple[str, ...] | None
    retry: Retry
    quiet_hours: QuietHours | None
    ask_above: AskAbove
    watch: Watch
    transports: Mapping[str, Transport]
    ledger_url: str | None
    secrets: Mapping[str, str] = field(repr=False)

    @property
    def routed(self) -> frozenset[str]:
        """The channels of `performance_action` that have a transport; the others go to the outbox."""
        return frozenset(self.transports)


def read_settings(home: Home, environment: Mapping[str, str]) -> Settings:
    """What `<home>/delivery.yml` says; without it, everything to the outbox.

    Raises:
        UnusableInput: names the file, the key and what is wrong with it. A value that could be a secret is not shown.
    """
    path = home.root / FILE
    said = _validated(path, _load(path))
    found = {
        channel: transport
        for channel in ("email", "task", "sms")
        if (transport := getattr(said.transports, channel)) is not None
    }
    return Settings(
        file=path,
        is_on=said.delivery and environment.get("SCOREHOUSE_DELIVERY", "").lower() != "off",
        sender=said.sender,
        operator=said.operator,
        zone=ZoneInfo(said.time_zone),
        only_to=tuple(said.only_to) if said.only_to is not None else None,
        retry=said.retry,
        quiet_hours=said.quiet_hours,
        ask_above=said.ask_above,
        watch=said.watch,
        transports=found,
        ledger_url=environment.get(LEDGER_VARIABLE) or None,
        secrets=_secrets(path, found, environment),
    )


def _load(path: Path) -> Any:
    try:
        return yaml.safe_load(path.read_text("utf-8")) or {}
    except FileNotFoundError:
        return {}
    except UnicodeDecodeError:
        raise UnusableInput(f"{path} is not UTF-8: save it as UTF-8") from None
    except yaml.YAMLError as problem:
        mark = getattr(problem, "problem_mark", None)
        where = f", line {mark.line + 1}" if mark else ""
        raise UnusableInput(
            f"{path}{where} is no YAML: {getattr(problem, 'problem', '')}"
        ) from None


def _validated(path: Path, said: Any) -> _File:
    if not isinstance(said, dict):
        raise UnusableInput(f"{path}: write `key: value` lines; docs/delivery.md has an example")
    try:
        return _File.model_validate(said)
    except ValidationError as problem:
        raise UnusableInput(
            "; ".join(_sentence(path, dict(error)) for error in problem.errors())
        ) from None


def _sentence(path: Path, error: Mapping[str, Any]) -> str:
    # The kind of a transport stands in the place where the models have it, not in the file.
    place = [str(part) for part in error["loc"] if part not in ("smtp", "webhook", "apprise")]
    key = ".".join(place) or "the file"
    message = error["msg"].removeprefix("Value error, ")
    if error["type"] == "extra_forbidden":
        return f"{path}, {key}: there is no such key; remove it (docs/delivery.md lists them all)"
    if error["type"] == "missing":
        return f"{path}, {key}: is missing; add it"
    shown = f" '{error['input']}'" if place and place[-1] in _SHOWN else ""
    return f"{path}, {key}{shown}: {message[:1].lower()}{message[1:]}"


def _secrets(
    path: Path, transports: Mapping[str, Transport], environment: Mapping[str, str]
) -> dict[str, str]:
    found = {}
    for channel, transport in transports.items():
        for key in ("password_env", "secret_env", "url_env"):
            variable = getattr(transport, key, None)
            if variable is None:
                continue
            if not environment.get(variable):
                raise UnusableInput(
                    f"{path}, transports.{channel}.{key}: the environment has no {variable}; set it to the secret"
                )
            found[variable] = environment[variable]
    return found
