"""Sending over transports what the closes decided: each message once, or a person knows why not."""

import datetime as dt
import hashlib
import os
import socket
import time
import uuid
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from ingestion import Home, UnusableInput
from ingestion.ledger import instant_text
from orchestration import records
from orchestration.delivery import outbox, restraint
from orchestration.delivery.action import Action
from orchestration.delivery.channels import Channel, Outcome, open_channel
from orchestration.delivery.checking import Checks
from orchestration.delivery.composing import Composer, Outgoing
from orchestration.delivery.register import Entry, Register, State, key_of
from orchestration.delivery.settings import Retry, Settings
from orchestration.months import month_text

# How long an attempt may take before it counts as stopped half-way; a conversation with a mail server has some ten
# answers to wait for, of two minutes at most each.
LEASE = dt.timedelta(minutes=30)
# A round ends then, also if a limit of the rate leaves messages: the next one goes on.
LONGEST_ROUND = dt.timedelta(minutes=15)
_RECORDED_TOGETHER = 200
# A server that swallows messages without an answer gets no more of them than this in one round.
_MOST_DOUBTS = 3
_MINUTE = dt.timedelta(minutes=1)


@dataclass(frozen=True)
class Clock:
    """Where the time comes from, and how to let it pass."""

    now: Callable[[], dt.datetime] = lambda: dt.datetime.now(dt.UTC)
    sleep: Callable[[float], None] = time.sleep


@dataclass
class Round:
    """What a round did. `counts`: what stands in the register now, or at a dry run would become of each message.

    `notes`: what a person should know, one sentence each.
    """

    sent: int = 0
    undeliverable: int = 0
    counts: Counter[str] = field(default_factory=Counter)
    notes: list[str] = field(default_factory=list)


def wait_after(key: str, attempts: int, retry: Retry) -> float:
    """Seconds until the next attempt: doubled each time, and between half and all of it, by a number of the message.

    A crowd that failed together does not come back together; the same message at the same attempt waits the same.
    """
    drawn = hashlib.sha256(f"{key}|{attempts}".encode()).digest()
    share = int.from_bytes(drawn[:8]) / 2**64
    longest = min(retry.at_most_seconds, retry.first_after_seconds * 2.0 ** (attempts - 1))
    return float(longest * (0.5 + 0.5 * share))


def send_due(
    home: Home,
    settings: Settings,
    month: dt.date | None = None,
    *,
    dry_run: bool = False,
    clock: Clock | None = None,
    channels: Mapping[str, Channel] | None = None,
) -> Round:
    """Send what is due: of one month, or of all.

    `dry_run`: say what would be sent, and record and send nothing. `channels`: instead of those of the settings.

    Raises:
        UnusableInput: the register cannot be read or written; what was being sent is settled by a later round.
    """
    done = Round()
    if not settings.is_on:
        done.notes.append("delivery is off: everything waits (`delivery: on` lets it go)")
        return done
    if not settings.routed:
        return done
    register = Register(home, settings.ledger_url)
    sender = _Sender(home, settings, register, clock or Clock(), done)
    try:
        if sender.prepare(month, dry_run):
            return done
        for channel in sorted(settings.routed):
            way = channels[channel] if channels else open_channel(settings, channel)
            try:
                sender.send_channel(channel, way)
            finally:
                way.close()
                sender.record()
        sender.count()
    finally:
        register.close()
    return done


class _Sender:
    """One round over one register."""

    def __init__(
        self, home: Home, settings: Settings, register: Register, clock: Clock, done: Round
    ) -> None:
        self._home, self._settings, self._register = home, settings, register
        self._clock, self._done = clock, done
        self._name = f"{socket.gethostname()[:40]}:{os.getpid()}:{uuid.uuid4().hex[:8]}"
        self._ends_at = clock.now() + LONGEST_ROUND
        self._accepted: list[tuple[str, Action]] = []
        self._composer: Composer | None = None
        self._checks: Checks | None = None
        self._zones: restraint.Zones | None = None

    def prepare(self, month: dt.date | None, dry_run: bool) -> bool:
        """Bring the register up to what the closes ask for; returns whether nothing is to be sent at all."""
        self._deliveries = records.Deliveries(self._home)
        actions = [
            one
            for one in outbox.read_actions(self._home, month)
            if one.channel in self._settings.routed
        ]
        wanted = outbox.waiting(self._deliveries, actions)
        left = [one for one in wanted if outbox.has_address(one)]
        self._all = {_key(one): one for one in actions}
        self._wanted = {_key(one) for one in wanted}
        self._done.undeliverable = len(wanted) - len(left)
        self._left = {_key(one): one for one in left}
        if not dry_run:
            self._record_what_was_left()
        known = self._register.states(month_text(month) if month else None)
        held = self._held([one for one in left if _key(one) not in known])
        if dry_run:
            self._say_what_would_go(held, known)
            return True
        now = self._now()
        self._register.add(
            self._entry(key, one, now)
            for key, one in self._left.items()
            if (one.month, one.close_number) not in held
        )
        self._settle_what_was_stopped()
        self._cancel_what_was_overtaken(month)
        return False

    def _held(self, new: list[Action]) -> dict[tuple[dt.date, int], str]:
        """The closes that wait for a person; one whose messages are on their way was looked at before."""
        confirmed = self._register.confirmed()
        held = {
            (month, number): reason
            for (month, number), reason in restraint.to_confirm(
                self._home, new, self._settings.ask_above
            ).items()
            if (month_text(month), number) not in confirmed
        }
        for (month, number), reason in held.items():
            self._done.notes.append(
                f"close {number} of {month_text(month)} waits for a person: {reason}; if that is right,"
                f" `scorehouse deliveries confirm {month_text(month)}`"
            )
        return held

    def _say_what_would_go(
        self, held: Mapping[tuple[dt.date, int], str], known: Mapping[str, State]
    ) -> None:
        for key, action in self._left.items():
            state = known.get(key)
            if state is None and (action.month, action.close_number) in held:
                self._done.counts["held"] += 1
                continue
            if state is not None and state != "waiting":
                self._done.counts[state] += 1
                continue
            if not restraint.is_allowed(action.recipient_address or "", self._settings.only_to):
                self._done.counts["barred"] += 1
                continue
            message, fault = self._composed(action)
            what = f"{action.action_type} {action.action_id} over {action.channel}"
            if message is None or fault:
                self._done.counts["parked"] += 1
                self._done.notes.append(f"would not send {what}: {fault}")
            else:
                self._done.counts["would be sent"] += 1
                self._done.notes.append(f"would send {what} to {action.recipient_id}")

    def _entry(self, key: str, action: Action, now: str) -> Entry:
        barred = not restraint.is_allowed(action.recipient_address or "", self._settings.only_to)
        return Entry(
            key=key,
            action_id=action.action_id,
            channel=action.channel,
            month=month_text(action.month),
            state="barred" if barred else "waiting",
            attempts=0,
            due_at=now,
            claimed_until=None,
            attempt_id=None,
            detail="not on the allow-list (only_to)" if barred else "",
            is_recorded=False,
            changed_at=now,
        )

    def _settle_what_was_stopped(self) -> None:
        now = self._now()
        for entry in self._register.stopped(now):
            transport = self._settings.transports.get(entry.channel)
            again = transport is not None and transport.unknown == "resend"
            detail = "the sender was stopped before it recorded the outcome"
            self._register.move(entry, "waiting" if again else "parked", detail, now, now)

    def _cancel_what_was_overtaken(self, month: dt.date | None) -> None:
        now = self._now()
        for entry in self._register.entries("waiting"):
            if month is not None and entry.month != month_text(month):
                continue
            if entry.key not in self._wanted:
                why = "overtaken by a later revision, delivered another way, or no longer asked for"
                self._register.move(entry, "cancelled", why, now)

    def send_channel(self, channel: str, way: Channel) -> None:
        """Send what is due on a channel, until nothing is, its limit or the round ends, or it is down."""
        doubts = 0
        for entry in self._register.due(channel, self._now()):
            action = self._left.get(entry.key)
            if action is None:
                continue
            if not self._may_start(channel):
                self._done.notes.append(f"{channel}: the rest goes with a later round")
                return
            if self._is_quiet(entry, action):
                continue
            message, fault = self._composed(action)
            if message is None or fault is not None:
                self._register.move(entry, "parked", fault or "", self._now())
                continue
            outcome = self._attempt(entry, action, message, way)
            if outcome is None:
                continue
            if outcome.is_down:
                self._done.notes.append(f"{channel} is down: {outcome.detail}")
                return
            doubts = doubts + 1 if outcome.result == "unknown" else 0
            if doubts == _MOST_DOUBTS:
                self._done.notes.append(
                    f"{channel}: {doubts} messages in a row without a clear answer"
                    f" ({outcome.detail}): the rest waits for a later round"
                )
                return

    def _attempt(
        self, entry: Entry, action: Action, message: Outgoing, way: Channel
    ) -> Outcome | None:
        """Send one message, unless somebody else does."""
        begun = self._clock.now()
        attempt = self._register.claim(
            entry.key, self._name, instant_text(begun), instant_text(begun + LEASE)
        )
        if attempt is None:
            return None
        outcome = way.send(message, entry.key)
        state, due_at = self._next(entry, outcome)
        self._register.settle(entry.key, attempt, outcome, state, due_at, self._now())
        if outcome.result == "accepted":
            self._done.sent += 1
            self._accepted.append((entry.key, action))
            if len(self._accepted) >= _RECORDED_TOGETHER:
                self.record()
        return outcome

    def _next(self, entry: Entry, outcome: Outcome) -> tuple[State, str]:
        now = self._clock.now()
        transport = self._settings.transports[entry.channel]
        if outcome.result == "accepted":
            return "delivered", instant_text(now)
        if outcome.result == "refused":
            return "dead", instant_text(now)
        if outcome.result == "unknown" and transport.unknown == "park":
            return "parked", instant_text(now)
        attempts = entry.attempts + 1
        if attempts >= self._settings.retry.attempts and not outcome.is_down:
            return "dead", instant_text(now)
        wait = wait_after(entry.key, attempts, self._settings.retry)
        return "waiting", instant_text(now + dt.timedelta(seconds=max(wait, outcome.after or 0)))

    def _composed(self, action: Action) -> tuple[Outgoing | None, str | None]:
        """The message, and what speaks against sending it."""
        if self._composer is None or self._checks is None:
            self._composer = Composer(self._home, self._settings.sender)
            self._checks = Checks(self._home)
        try:
            message = self._composer.compose(action)
        except UnusableInput as problem:
            return None, str(problem)
        return message, self._checks.fault(action, message)

    def _is_quiet(self, entry: Entry, action: Action) -> bool:
        quiet = self._settings.quiet_hours
        if action.channel != "sms" or quiet is None:
            return False
        if self._zones is None:
            self._zones = restraint.Zones(self._home, self._settings.zone)
        ends = restraint.after_quiet_hours(
            self._clock.now(), self._zones.of(action.recipient_id), quiet
        )
        if ends is None:
            return False
        self._register.move(entry, "waiting", "quiet hours", self._now(), instant_text(ends))
        return True

    def _may_start(self, channel: str) -> bool:
        """Wait for a free place in the minute, of all senders together; False when the round is over before."""
        limit = self._settings.transports[channel].per_minute
        while True:
            now = self._clock.now()
            if now >= self._ends_at:
                return False
            if limit is None:
                return True
            begun = self._register.attempts_since(channel, instant_text(now - _MINUTE))
            if len(begun) < limit:
                return True
            free = dt.datetime.fromisoformat(begun[-limit]) + _MINUTE - now
            self._clock.sleep(max(free.total_seconds(), 0.001))

    def record(self) -> None:
        """Put what was accepted into the ledger, where it is proof."""
        accepted, self._accepted = self._accepted, []
        if accepted:
            self._deliveries.record([outbox.delivery_of(action) for _, action in accepted])
            self._register.mark_recorded([key for key, _ in accepted])

    def _record_what_was_left(self) -> None:
        """What an earlier round was stopped before recording."""
        self._accepted = [
            (entry.key, self._all[entry.key])
            for entry in self._register.unrecorded()
            if entry.key in self._all
        ]
        self.record()
        self._left = {
            k: a for k, a in self._left.items() if not self._deliveries.holds(outbox.delivery_of(a))
        }

    def count(self) -> None:
        """What stands in the register now."""
        self._done.counts.update(self._register.counts())

    def _now(self) -> str:
        return instant_text(self._clock.now())


def _key(action: Action) -> str:
    return key_of(action.action_id, action.recipient_id, action.revision, action.channel)
