"""Results that are finished and may not be published, because the lease of their message has ended.

That is how a broker's absence ends that lasts longer than a lease. The message is still in its queue, and most likely
comes back to us; then its result is published by the new lease instead of being computed again. It is not waited for
without limit: another pod may have got the message.
"""

from __future__ import annotations

from typing import Generic, TypeVar

from asya_core.envelope import encode
from asya_core.outgoing import Publication
from asya_sidecar.publisher import Done

MOST_BYTES = 64 * 1024 * 1024
"""Results that are kept at most, all together; what is beyond that is computed again."""

KEPT_SECONDS = 60.0
"""For so long after the broker is back; twice as long as it takes to give a message to somebody else."""

_R = TypeVar("_R")


class Fenced(Generic[_R]):
    """Keeps publications for the runs that they belong to."""

    def __init__(self) -> None:
        self._kept: dict[_R, list[tuple[Publication, Done]]] = {}
        self._bytes = 0
        self._since = 0.0
        self._is_shut = False

    def keep(self, run: _R, publication: Publication, done: Done) -> bool:
        """Keep this until the run's message comes back; tell whether there was room for it."""
        size = len(encode(publication.envelope))
        if self._is_shut or self._bytes + size > MOST_BYTES:
            return False
        self._bytes += size
        self._kept.setdefault(run, []).append((publication, done))
        self._since = 0.0
        return True

    def take(self, run: _R) -> list[tuple[Publication, Done]]:
        """Return what was kept for a run, and keep it no longer."""
        kept = self._kept.pop(run, [])
        self._bytes -= sum(len(encode(publication.envelope)) for publication, _ in kept)
        return kept

    def given_up(self, now: float, *, connected: bool) -> list[_R]:
        """Return the runs whose message has not come back, at `now` of the monotonic clock."""
        if not connected or not self._since:
            self._since = now
        return list(self._kept) if now - self._since > KEPT_SECONDS else []

    def shut(self) -> list[_R]:
        """Keep nothing more, since nothing comes back any more; return the runs for which something is kept."""
        self._is_shut = True
        return list(self._kept)
