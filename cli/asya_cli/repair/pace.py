"""How fast messages are sent: so many a second, evenly."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable
from time import monotonic


class Pace:
    """Gives turns, `rate` of them a second; without a rate, at once. A turn that nobody took in time is not made up."""

    def __init__(
        self,
        rate: float | None,
        clock: Callable[[], float] = monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._interval = 1.0 / rate if rate else 0.0
        self._clock = clock
        self._sleep = sleep
        self._next = 0.0

    def within(self, seconds: float) -> int:
        """Return how many turns there are in so many seconds, at least one."""
        return max(1, int(seconds / self._interval)) if self._interval else sys.maxsize

    async def turn(self) -> None:
        """Wait for the next turn."""
        if not self._interval:
            return
        now = self._clock()
        mine = max(self._next, now)
        self._next = mine + self._interval
        if mine > now:
            await self._sleep(mine - now)
