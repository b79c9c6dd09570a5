"""Signed JSON over HTTP, for task systems and gateways."""

import hashlib
import hmac
import json
import time
from collections.abc import Callable
from email.utils import parsedate_to_datetime

import urllib3
from urllib3.exceptions import ConnectTimeoutError, HTTPError, NewConnectionError, SSLError

from orchestration.delivery.channels import Outcome
from orchestration.delivery.composing import Outgoing
from orchestration.delivery.settings import Webhook

TIMESTAMP, SIGNATURE = "Scorehouse-Timestamp", "Scorehouse-Signature"
# The receiver says itself that it has not taken the message.
_LATER = frozenset({429, 503})
_UNKNOWN = frozenset({408, 409})
_LONGEST_WAIT = 86_400.0


def signature(secret: str, timestamp: str, body: bytes) -> str:
    """HMAC-SHA-256 of `timestamp.body`, in hexadecimal: what the receiver computes to tell who sent it, and when."""
    signed = timestamp.encode() + b"." + body
    return hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()


class WebhookChannel:
    """Posts to one address; no redirect is followed, for it could lead anywhere."""

    def __init__(
        self, settings: Webhook, secret: str, clock: Callable[[], float] = time.time
    ) -> None:
        """Nothing is opened yet."""
        self._url, self._secret, self._clock = settings.url, secret, clock
        timeout = urllib3.Timeout(connect=settings.timeout_seconds, read=settings.timeout_seconds)
        self._pool = urllib3.PoolManager(
            retries=False,
            timeout=timeout,
            ca_certs=str(settings.ca_file) if settings.ca_file else None,
        )

    def send(self, message: Outgoing, key: str) -> Outcome:
        """Post once. `key` goes with it as Idempotency-Key: a receiver that knows it does nothing twice."""
        body = json.dumps(message.fields(), ensure_ascii=False).encode()
        timestamp = str(int(self._clock()))
        headers = {
            "Content-Type": "application/json",
            "Idempotency-Key": key,
            TIMESTAMP: timestamp,
            SIGNATURE: f"v1={signature(self._secret, timestamp, body)}",
            "User-Agent": "scorehouse",
        }
        try:
            answer = self._pool.request(
                "POST", self._url, body=body, headers=headers, redirect=False
            )
        except (NewConnectionError, ConnectTimeoutError, SSLError) as problem:
            return Outcome("later", f"connecting: {_said(problem)}", is_down=True)
        except (HTTPError, OSError) as problem:
            return Outcome("unknown", _said(problem))
        return _outcome(answer.status, answer.headers.get("Retry-After"), self._clock())

    def close(self) -> None:
        """Close what is open."""
        self._pool.clear()


def _outcome(status: int, retry_after: str | None, now: float) -> Outcome:
    said = f"HTTP {status}"
    if 200 <= status < 300:
        return Outcome("accepted", said)
    if status in _LATER:
        return Outcome("later", said, after=_seconds(retry_after, now))
    # Any other failure of the server may have come after it had done what was asked.
    if status >= 500 or status in _UNKNOWN:
        return Outcome("unknown", said)
    return Outcome("refused", said)


def _seconds(retry_after: str | None, now: float) -> float | None:
    if retry_after is None:
        return None
    try:
        wait = float(retry_after)
    except ValueError:
        try:
            wait = parsedate_to_datetime(retry_after).timestamp() - now
        except ValueError:
            return None
    return min(max(wait, 0.0), _LONGEST_WAIT)


def _said(problem: Exception) -> str:
    return " ".join(str(problem).split())[:300] or type(problem).__name__
