"""Forms batches: which jobs go into the handler together, and how long they wait for company. No I/O here."""

from __future__ import annotations

from collections import deque
from typing import Generic, TypeVar

_J = TypeVar("_J")


class Gathering(Generic[_J]):
    """Jobs in the order in which they came, each with the moment at which it came.

    A batch is due when `most` jobs are there, or when the first of them has waited `wait` seconds while the handler was
    free: what comes as soon as a call has ended may fill the next one. All moments are seconds on one clock, which the
    caller reads.
    """

    def __init__(self, most: int, wait: float) -> None:
        self._most = most
        self._wait = wait
        self._free = 0.0
        self._jobs: deque[tuple[_J, float]] = deque()

    def __len__(self) -> int:
        return len(self._jobs)

    def add(self, job: _J, now: float) -> None:
        """Take in a job that has come."""
        self._jobs.append((job, now))

    def freed(self, now: float) -> None:
        """Note that the handler was busy and is free from now on."""
        self._free = now

    def hurry(self) -> None:
        """Wait for company no more, also not for jobs that are still to come: the process is draining."""
        self._wait = 0.0

    def left(self, now: float) -> float | None:
        """Return in how many seconds the next batch is due: 0 where it is now, None where nothing waits."""
        if not self._jobs:
            return None
        if len(self._jobs) >= self._most:
            return 0.0
        return max(0.0, max(self._jobs[0][1], self._free) + self._wait - now)

    def take(self) -> list[_J]:
        """Take out the next batch: at most `most` jobs, none where nothing waits."""
        return [self._jobs.popleft()[0] for _ in range(min(self._most, len(self._jobs)))]
