"""When the handler gets nothing new, because what it depends on is out: a circuit breaker (M. Nygard, Release It!)."""

from __future__ import annotations

from asya_core.policies import Policy


class Breaker:
    """Takes failures in a row for an outage, and then lets one message try at a time until one succeeds.

    Times are in seconds, those of a clock that never goes back.
    """

    def __init__(self) -> None:
        self._in_a_row = 0
        self._pauses = 0
        self._paused_until = 0.0

    @property
    def is_open(self) -> bool:
        """Whether there seems to be an outage."""
        return self._pauses > 0

    def admits(self, inside: int, now: float) -> bool:
        """Tell whether another message may enter the handler, in which there are so many."""
        return not self.is_open or (inside == 0 and now >= self._paused_until)

    def failed(self, policy: Policy, retry_after: float | None, now: float, chance: float) -> float | None:
        """Count a failure under `policy`; return after how long its message may try again at no cost, if it may.

        Who was in the handler already when the breaker opened makes no pause longer, but where it was told to come
        back later than that, everybody does. `chance` in [0, 1) is for the jitter.
        """
        if not policy.breaker:
            return None
        self._in_a_row += 1
        if not self.is_open and self._in_a_row < policy.breaker:
            return None
        if now >= self._paused_until:
            self._pauses += 1
        elif retry_after is None:
            return self._paused_until - now
        self._paused_until = max(self._paused_until, now + policy.pause(self._pauses, retry_after, chance))
        return self._paused_until - now

    def succeeded(self) -> bool:
        """Close: what the handler depends on is there. Return whether it was open."""
        was_open = self.is_open
        self._in_a_row = self._pauses = 0
        self._paused_until = 0.0
        return was_open
