"""Ways to send: each takes one message and says what became of it. None decides who gets what."""

from dataclasses import dataclass
from typing import Literal, Protocol

from orchestration.delivery.composing import Outgoing
from orchestration.delivery.settings import Notify, Settings, Smtp, Webhook

Result = Literal["accepted", "later", "refused", "unknown"]


@dataclass(frozen=True)
class Outcome:
    """What became of one attempt.

    `accepted`: the receiver has taken it over. `later`: it has not, and may the next time. `refused`: it never will.
    `unknown`: it may have arrived. `detail` says why, in the receiver's words. `after`: seconds that the receiver asks
    to wait. `is_down`: nothing else will get through at present either.
    """

    result: Result
    detail: str = ""
    after: float | None = None
    is_down: bool = False


class Channel(Protocol):
    """A way to send messages, one at a time, from one thread. Nothing is opened before the first one."""

    def send(self, message: Outgoing, key: str) -> Outcome:
        """Try once. `key`: the same for every attempt at the same message; no fault of the way raises."""
        ...

    def close(self) -> None:
        """Let go of connections."""
        ...


def open_channel(settings: Settings, channel: str) -> Channel:
    """The transport that the settings name for a channel."""
    transport = settings.transports[channel]
    if isinstance(transport, Smtp):
        from orchestration.delivery.channels.smtp import SmtpChannel

        password = settings.secrets[transport.password_env] if transport.password_env else None
        return SmtpChannel(transport, settings.sender, password)
    if isinstance(transport, Webhook):
        from orchestration.delivery.channels.webhook import WebhookChannel

        return WebhookChannel(transport, settings.secrets[transport.secret_env])
    assert isinstance(transport, Notify)
    from orchestration.delivery.channels.notify import NotifyChannel

    return NotifyChannel(settings.secrets[transport.url_env])
