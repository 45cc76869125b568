"""How many messages to hold at once: what the handler works on, and a little ahead so that it never waits."""

from __future__ import annotations

AHEAD_SECONDS = 0.1
"""Work held ahead, in seconds: long enough to hide the broker's round trip, short enough to give back quickly."""

MOST_AHEAD = 400
"""Messages held ahead at most; more brings no more throughput."""

SLOW_SECONDS = 1.0
"""Handlers that take longer than this get no message ahead: another pod could have taken it."""

_TOO_MUCH = 2
"""So many times what is worth holding is held before it becomes less."""
_WEIGHT = 0.025
"""Of the last call in the mean. Much more, and on a busy machine each late call would have the broker send less."""


class Prefetch:
    """Adapts the number of messages in hand to the time that the handler takes.

    It starts with nothing ahead after every start, and doubles with as many successes as that takes, so a message that
    brings the pod down takes few others along, and brokers hear of few changes. From a message that may kill the pod
    until a less suspicious one has been through the handler, a single message is in hand: whoever was lost beside the
    killer comes back with it, and must not be lost beside it until the broker has delivered both too often.
    """

    def __init__(self, concurrency: int, fixed: int | None = None) -> None:
        self.concurrency = concurrency
        self.batch = 1
        self.fixed = fixed
        self._ahead = self._earned = 0
        self._mean: float | None = None
        self._is_one_by_one = False

    def beside(self, idle: int) -> int:
        """Return how many messages may be in hand beside so many that only wait for something to appear.

        Unless one by one, they are never so few that no batch could become full.
        """
        if self._is_one_by_one:
            return 1 + idle
        return (max(self.fixed, self.batch) if self.fixed is not None else self.inside) + idle

    @property
    def inside(self) -> int:
        """Messages that may be at the runtime now, running or about to: what can't be given back any more."""
        return self.concurrency + self._ahead

    def be_wary(self) -> None:
        """Hold one at a time: this one may kill the pod."""
        self.failed()
        self._is_one_by_one = True

    def relax(self) -> None:
        """Hold several again."""
        self._is_one_by_one = False

    def succeeded(self, seconds: float) -> None:
        """Learn from a handler's call that took `seconds`."""
        self._mean = seconds if self._mean is None else self._mean + _WEIGHT * (seconds - self._mean)
        if self._is_one_by_one:
            return
        worth = self._worth_holding()
        self._earned = min(self._earned + 1, worth)
        if self._earned >= min(2 * self._ahead, MOST_AHEAD) or worth * _TOO_MUCH < self._ahead:
            self._ahead = self._earned

    def failed(self) -> None:
        """Begin again with nothing ahead, after the handler's process died."""
        self._ahead = self._earned = 0

    def _worth_holding(self) -> int:
        if self._mean is None or self._mean > SLOW_SECONDS:
            return 0
        if self._mean * MOST_AHEAD <= AHEAD_SECONDS * self.concurrency:
            return MOST_AHEAD
        return int(AHEAD_SECONDS * self.concurrency / self._mean)
