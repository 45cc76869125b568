"""How many messages there is room for: in hand, and of those in the handler."""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections.abc import Callable, Hashable

from asya_core.faults import Fault
from asya_sidecar.breaker import Breaker
from asya_sidecar.prefetch import Prefetch
from asya_sidecar.settings import Settings
from asya_sidecar.tallies import Level

log = logging.getLogger(__name__)
_chance = random.SystemRandom()
_MOST_IDLE = 100
_SUSPICIOUS_DELIVERIES = 3


def may_kill(deliveries: int) -> bool:
    """Tell whether a message that came so often may be what brings the pod down; others are spared its company."""
    return deliveries >= _SUSPICIOUS_DELIVERIES


class Room:
    """Joins what is known of the handler's speed, of messages that may kill the pod, and of outages.

    `breaker_open` shows whether there seems to be an outage; `wake` is called when a message may try in one.
    """

    def __init__(self, settings: Settings, breaker_open: Level, wake: Callable[[], None]) -> None:
        self._prefetch = Prefetch(concurrency=1, fixed=settings.prefetch)
        self._resiliency = settings.resiliency
        self._breaker = Breaker()
        self._breaker_open = breaker_open
        self._wake = wake
        self._alarm: asyncio.TimerHandle | None = None
        self._suspects: set[Hashable] = set()

    def handler_is(self, concurrency: int, batch: int) -> None:
        """Know how much the handler takes at once."""
        self._prefetch.concurrency, self._prefetch.batch = concurrency, batch

    def handler_ended(self) -> None:
        """Begin again with nothing ahead."""
        self._prefetch.failed()

    def in_hand(self, idle: int) -> int:
        """Return how many messages may be in hand beside so many that only wait for something to appear."""
        idle = min(idle, _MOST_IDLE)
        return 1 + idle if self._breaker.is_open else self._prefetch.beside(idle)

    def admits(self, inside: int) -> bool:
        """Tell whether another message may enter the handler, in which there are so many."""
        return inside < self._prefetch.inside and self._breaker.admits(inside, time.monotonic())

    def suspect(self, who: Hashable) -> None:
        """Become wary of a message that may kill the pod."""
        self._prefetch.be_wary()
        self._suspects.add(who)

    def left(self, who: Hashable) -> None:
        """Forget a message."""
        self._suspects.discard(who)

    def handled(self, seconds: float | None, deliveries: int) -> None:
        """Learn from a call that took `seconds`, None where it failed, with a message that was delivered so often."""
        if not self._suspects and not may_kill(deliveries):
            self._prefetch.relax()
        if seconds is None:
            return
        self._prefetch.succeeded(seconds)
        if self._breaker.succeeded():
            self._breaker_open.dec()
            log.info("the outage is over", extra={"event": "breaker_closed"})

    def failed(self, id_: str, fault: Fault) -> float | None:
        """Return after how many seconds a failed message may try again at no cost, if this seems to be an outage."""
        if not fault.may_pass:
            return None
        policy = self._resiliency.policy_for(fault)
        now, was_open = time.monotonic(), self._breaker.is_open
        seconds = self._breaker.failed(id_, policy, fault.retry_after, now, _chance.random())
        if self._breaker.is_open:
            self._wake_in(self._breaker.paused_until - now)
        if self._breaker.is_open and not was_open:
            self._breaker_open.inc()
            sentence = "%d messages failed in a row; one at a time tries until one succeeds: %s"
            labels = {"event": "breaker_opened", "reason": fault.code}
            log.error(sentence, policy.breaker, fault.type or fault.code, extra=labels)
        return seconds

    def _wake_in(self, seconds: float) -> None:
        if self._alarm is not None:
            self._alarm.cancel()
        # uvloop's timers may be early by half a millisecond.
        self._alarm = asyncio.get_running_loop().call_later(max(0.0, seconds) + 0.001, self._wake)
