"""How many messages to hold at once: what the handler works on, and a little ahead so that it never waits."""

from __future__ import annotations

AHEAD_SECONDS = 0.1
"""Work held ahead, in seconds: long enough to hide the broker's round trip, short enough to give back quickly."""

MOST_AHEAD = 200
"""Messages held ahead at most; more brings no more throughput."""

SLOW_SECONDS = 1.0
"""Handlers that take longer than this get no message ahead: another pod could have taken it."""

_SUSPICIOUS_DELIVERIES = 3
_WEIGHT = 0.05
"""Of the last call in the mean. Much more, and on a busy machine each late call would have the broker send less."""


def may_kill(deliveries: int) -> bool:
    """Tell whether a message that came so often may be what brings the pod down; others are spared its company."""
    return deliveries >= _SUSPICIOUS_DELIVERIES


class Prefetch:
    """Adapts the number of messages in hand to the time that the handler takes.

    It starts with nothing ahead after every start, and grows by one with each success, so a message that brings the
    pod down takes few others along. From one that comes again until the success of one that came for the first time
    nothing is ahead, and from a suspicious one until then a single message is in hand: whoever was lost beside it comes
    back with it, and must not be lost beside it until the broker has delivered both too often.
    """

    def __init__(self, concurrency: int, fixed: int | None = None) -> None:
        self.concurrency = concurrency
        self.batch = 1
        self.fixed = fixed
        self._ahead = 0
        self._mean: float | None = None
        self._is_wary = self._is_one_by_one = False

    @property
    def size(self) -> int:
        """Messages that may be in hand now; unless wary, never so few that no batch could become full."""
        return self.beside(0)

    def beside(self, idle: int) -> int:
        """Return how many messages may be in hand beside so many that only wait for something to appear."""
        if self._is_one_by_one:
            return 1
        if self.fixed is None or self._is_wary:
            return self.inside + idle
        return max(self.fixed, self.batch) + idle

    @property
    def inside(self) -> int:
        """Messages that may be at the runtime now, running or about to: what can't be given back any more."""
        return self.concurrency + self._ahead

    def came_again(self, deliveries: int) -> None:
        """Become wary of a message that the broker has delivered so often, two times or more."""
        self.failed()
        self._is_one_by_one = self._is_one_by_one or may_kill(deliveries)

    def succeeded(self, seconds: float, deliveries: int = 1) -> None:
        """Learn from a handler's call that took `seconds`, with a message that was delivered so often."""
        if deliveries > 1:
            return
        self._is_wary = self._is_one_by_one = False
        self._mean = seconds if self._mean is None else self._mean + _WEIGHT * (seconds - self._mean)
        self._ahead = min(self._ahead + 1, self._worth_holding())

    def failed(self) -> None:
        """Begin again with nothing ahead, after the handler's process died."""
        self._ahead = 0
        self._is_wary = True

    def _worth_holding(self) -> int:
        if self._mean is None or self._mean > SLOW_SECONDS:
            return 0
        if self._mean * MOST_AHEAD <= AHEAD_SECONDS * self.concurrency:
            return MOST_AHEAD
        return int(AHEAD_SECONDS * self.concurrency / self._mean)
