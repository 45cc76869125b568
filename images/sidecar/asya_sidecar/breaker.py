"""When the handler gets nothing new, because what it depends on is out: a circuit breaker (M. Nygard, Release It!)."""

from __future__ import annotations

from asya_core.policies import Policy


class Breaker:
    """Takes failures of several messages in a row for an outage, and lets one at a time try until one succeeds.

    Times are in seconds, those of a clock that never goes back.
    """

    def __init__(self) -> None:
        self._failing: set[str] = set()
        self._pauses = 0
        self.paused_until = 0.0

    @property
    def is_open(self) -> bool:
        """Whether there seems to be an outage."""
        return self._pauses > 0

    def admits(self, inside: int, now: float) -> bool:
        """Tell whether another message may enter the handler, in which there are so many."""
        return not self.is_open or (inside == 0 and now >= self.paused_until)

    def failed(self, id_: str, policy: Policy, retry_after: float | None, now: float, chance: float) -> float | None:
        """Count a message's failure under `policy`; return after how long it may try again at no cost, if it may.

        Who was in the handler already when the breaker opened makes no pause longer, but where it was told to come
        back later than that, everybody does, up to `max_interval`. `chance` in [0, 1) is for the jitter.
        """
        if not policy.breaker:
            return None
        if not self.is_open:
            self._failing.add(id_)
            if len(self._failing) < policy.breaker:
                return None
        is_try = now >= self.paused_until
        self._pauses += is_try
        own = policy.pause(self._pauses, retry_after, chance)
        if is_try or retry_after is not None:
            self.paused_until = max(self.paused_until, now + min(own, policy.max_interval))
        return max(own, self.paused_until - now)

    def succeeded(self) -> bool:
        """Close: what the handler depends on is there. Return whether it was open."""
        was_open = self.is_open
        self._failing.clear()
        self._pauses = 0
        self.paused_until = 0.0
        return was_open
