"""How many messages there is room for: in hand, and of those in the handler."""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Hashable

from asya_core.faults import Fault
from asya_core.policies import Policy
from asya_sidecar.breaker import Breaker
from asya_sidecar.prefetch import Prefetch
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

    `paused` shows whether there seems to be an outage.
    """

    def __init__(self, fixed: int | None, paused: Level) -> None:
        self.prefetch = Prefetch(concurrency=1, fixed=fixed)
        self._breaker = Breaker()
        self._paused = paused
        self._suspects: set[Hashable] = set()

    def in_hand(self, idle: int) -> int:
        """Return how many messages may be in hand beside so many that only wait for something to appear."""
        return 1 if self._breaker.is_open else self.prefetch.beside(min(idle, _MOST_IDLE))

    def admits(self, inside: int) -> bool:
        """Tell whether another message may enter the handler, in which there are so many."""
        return inside < self.prefetch.inside and self._breaker.admits(inside, time.monotonic())

    def suspect(self, who: Hashable) -> None:
        """Become wary of a message that may kill the pod."""
        self.prefetch.be_wary()
        self._suspects.add(who)

    def must_part(self, who: Hashable) -> bool:
        """Tell whether this may kill the pod while another is in hand that may do so: it would pay for it."""
        return who in self._suspects and len(self._suspects) > 1

    def left(self, who: Hashable) -> None:
        """Forget a message."""
        self._suspects.discard(who)

    def succeeded(self, seconds: float, deliveries: int) -> None:
        """Learn from a handler's call that took `seconds`, with a message that was delivered so often."""
        if not self._suspects:
            self.prefetch.succeeded(seconds, deliveries)
        if self._breaker.succeeded():
            self._paused.dec()
            log.info("the outage is over", extra={"event": "breaker_closed"})

    def failed(self, policy: Policy, fault: Fault) -> float | None:
        """Return after how many seconds a failed message may try again at no cost, since this seems to be an outage."""
        if not fault.may_pass:
            return None
        was_open = self._breaker.is_open
        seconds = self._breaker.failed(policy, fault.retry_after, time.monotonic(), _chance.random())
        if self._breaker.is_open and not was_open:
            self._paused.inc()
            sentence = "%d failures in a row look like an outage; one message at a time tries until one succeeds: %s"
            log.error(
                sentence,
                policy.breaker,
                fault.type or fault.code,
                extra={"event": "breaker_opened", "reason": fault.code},
            )
        return seconds
