"""Notices that nobody looks after the runtime's worker: a supervisor that is frozen ends nothing and says nothing.

While all is well the supervisor ends a worker within about a second after the deadline of what it runs, and a worker
begins whatever it was sent as soon as it has a place. Neither depends on an answer to us; so what is looked at is the
file, once in a while, and no frame costs anything for it.
"""

from __future__ import annotations

from asya_sidecar.running_file import Running

LATE_SECONDS = 20.0
"""How long after its time a thing may still happen: ending all that a worker started may take a while."""

_LONGEST_STEP = 2.0
"""A longer time between two looks was a pause of this process, in which others may have had no time either."""


class Watch:
    """Looks at one worker. `timeout`: the most seconds that its places may be taken by what came before."""

    def __init__(self, timeout: float, places: int) -> None:
        self._patience = timeout + LATE_SECONDS
        self._places = places
        self._oldest: int | None = None
        self._waited = 0.0
        self._looked = 0.0

    def look(self, now: float, running: Running, oldest: int | None) -> str | None:
        """Return what is wrong at `now` of the monotonic clock, or None.

        `oldest` is the first request that somebody still waits for.
        """
        step, self._looked = min(now - self._looked, _LONGEST_STEP), now
        if any(0 < deadline <= (now - LATE_SECONDS) * 1e9 for deadline in running.values()):
            return "a handler runs past its timeout, and its supervisor did not end it"
        if oldest is None or oldest in running or len(running) >= self._places or oldest != self._oldest:
            self._oldest, self._waited = oldest, 0.0
            return None
        self._waited += step
        if self._waited > self._patience:
            return f"a request was not begun within {self._patience:g} s"
        return None
