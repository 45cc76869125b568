"""How many messages to hold at once: what the handler works on, and a little ahead so that it never waits."""

from __future__ import annotations

AHEAD_SECONDS = 0.1
"""Work held ahead, in seconds: long enough to hide the broker's round trip, short enough to give back quickly."""

MOST_AHEAD = 200
"""Messages held ahead at most; more brings no more throughput."""

SLOW_SECONDS = 1.0
"""Handlers that take longer than this get no message ahead: another pod could have taken it."""

_WEIGHT = 0.2


class Prefetch:
    """Adapts the number of messages in hand to the time that the handler takes.

    It starts with nothing ahead after every start, and grows by one with each success, so a message that brings the
    pod down takes few others along.
    """

    def __init__(self, concurrency: int, fixed: int | None = None) -> None:
        self.concurrency = concurrency
        self.batch = 1
        self.fixed = fixed
        self._ahead = 0
        self._mean: float | None = None

    @property
    def size(self) -> int:
        """Messages that may be in hand now; never so few that no batch of the handler's could become full."""
        return max(self.fixed, self.batch) if self.fixed is not None else self.inside

    @property
    def inside(self) -> int:
        """Messages that may be at the runtime now, running or about to: what can't be given back any more."""
        return self.concurrency + self._ahead

    def succeeded(self, seconds: float) -> None:
        """Learn from a handler's call that took `seconds`."""
        self._mean = seconds if self._mean is None else self._mean + _WEIGHT * (seconds - self._mean)
        self._ahead = min(self._ahead + 1, self._worth_holding())

    def failed(self) -> None:
        """Begin again with nothing ahead, after the handler's process died."""
        self._ahead = 0

    def _worth_holding(self) -> int:
        if self._mean is None or self._mean > SLOW_SECONDS:
            return 0
        if self._mean * MOST_AHEAD <= AHEAD_SECONDS * self.concurrency:
            return MOST_AHEAD
        return int(AHEAD_SECONDS * self.concurrency / self._mean)
