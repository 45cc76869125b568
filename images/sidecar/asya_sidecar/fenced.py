"""Results that are finished and may not be published, because the lease of their message has ended.

That is how a broker's absence ends that lasts longer than a lease. The message is still in its queue, and most likely
comes back to us; then its result is published by the new lease instead of being computed again. It is not waited for
without limit: another pod may have got the message.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Generic, TypeVar

from asya_core.envelope import encode
from asya_core.outgoing import Publication
from asya_sidecar.publisher import Done

MOST_BYTES = 64 * 1024 * 1024
"""Messages and their results that are kept at most, all together; what is beyond that is computed again."""

KEPT_SECONDS = 60.0
"""For so long after the broker is back; twice as long as it takes to give a message to somebody else."""

_R = TypeVar("_R")


@dataclass(slots=True)
class _Kept:
    """What is kept for one run: its size in bytes, and since when it is waited for; None before the first look."""

    size: int
    since: float | None = None
    results: list[tuple[Publication, Done]] = field(default_factory=list)


class Fenced(Generic[_R]):
    """Keeps publications for the runs that they belong to."""

    def __init__(self) -> None:
        self._kept: dict[_R, _Kept] = {}
        self._bytes = 0
        self._is_shut = False

    def keep(self, run: _R, message_size: int, publication: Publication, done: Done) -> bool:
        """Keep this until the run's message, of `message_size` bytes, comes back; tell whether there was room."""
        size = len(encode(publication.envelope))
        if run not in self._kept:
            size += message_size
        if self._is_shut or self._bytes + size > MOST_BYTES:
            return False
        kept = self._kept.setdefault(run, _Kept(0))
        kept.results.append((publication, done))
        kept.size += size
        self._bytes += size
        return True

    def take(self, run: _R) -> list[tuple[Publication, Done]]:
        """Return what was kept for a run, and keep it no longer."""
        kept = self._kept.pop(run, None)
        if kept is None:
            return []
        self._bytes -= kept.size
        return kept.results

    def given_up(self, now: float, *, connected: bool) -> list[_R]:
        """Return the runs whose message has not come back, at `now` of the monotonic clock."""
        for kept in self._kept.values():
            if not connected or kept.since is None:
                kept.since = now
        return [run for run, kept in self._kept.items() if now - (kept.since or now) > KEPT_SECONDS]

    def shut(self) -> list[_R]:
        """Keep nothing more, since nothing comes back any more; return the runs for which something is kept."""
        self._is_shut = True
        return list(self._kept)
