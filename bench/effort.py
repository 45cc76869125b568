"""How much to measure, and how the benches tell what they do."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

Tell = Callable[[str], None]
Pids = Callable[[], list[int]]


@dataclass(frozen=True, slots=True)
class Effort:
    """How long to measure: rounds of each system, and about how many seconds a round works.

    `quick` asks for the least that is worth it. After `until`, a time of `time.monotonic()`, no further round begins,
    on however slow a machine: a row says how many it had. None: all rounds, however long it takes.
    """

    rounds: int
    seconds: float
    quick: bool = False
    until: float | None = None

    def numbers(self) -> Iterator[int]:
        """Yield 1, 2, ... for each round there is still time for, one at least."""
        yield 1
        for number in range(2, self.rounds + 1):
            if self.until is not None and time.monotonic() > self.until:
                return
            yield number

    def share(self, done: int, of: int) -> Effort:
        """Return the effort for one of several equal parts, of which `done` are over: its part of the time."""
        if self.until is None:
            return self
        left = self.until - time.monotonic()
        return replace(self, until=time.monotonic() + left / (of - done))
