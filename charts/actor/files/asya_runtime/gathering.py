

from __future__ import annotations

from collections import deque
from typing import Generic, TypeVar

_J = TypeVar("_J")


class Gathering(Generic[_J]):







    def __init__(self, most: int, wait: float) -> None:
        self._most = most
        self._wait = wait
        self._free = 0.0
        self._jobs: deque[tuple[_J, float]] = deque()

    def __len__(self) -> int:
        return len(self._jobs)

    def add(self, job: _J, now: float) -> None:

        self._jobs.append((job, now))

    def freed(self, now: float) -> None:

        self._free = now

    def hurry(self) -> None:

        self._wait = 0.0

    def left(self, now: float) -> float | None:

        if not self._jobs:
            return None
        if len(self._jobs) >= self._most:
            return 0.0
        return max(0.0, max(self._jobs[0][1], self._free) + self._wait - now)

    def take(self) -> list[_J]:

        return [self._jobs.popleft()[0] for _ in range(min(self._most, len(self._jobs)))]
