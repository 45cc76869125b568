"""One publication on its way: its large part to the store, the rest to a queue, both tried until they are there."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from msgspec import Raw

from asya_core.envelope import encode
from asya_core.errors import LeaseLostError, MessageTooLargeError, ObjectStoreError, QueueMissingError
from asya_core.outgoing import Publication
from asya_core.transports import Delivery
from asya_core.transports.base import lease_lost
from asya_sidecar.large import WORTH_STORING, large_part, with_part_stored
from asya_sidecar.records import smaller

if TYPE_CHECKING:
    from asya_sidecar.publisher import Done, Publisher

log = logging.getLogger(__name__)

_FIRST_RETRY, _LAST_RETRY = 0.05, 5.0


class Sending:
    """A large payload is stored before the message that refers to it is published.

    What ends between the two leaves an object that nothing refers to, and a message that the broker delivers again.
    """

    __slots__ = (
        "_begun", "_body", "_delay", "_done", "_held", "_holding", "_missing_since", "_part", "_publication",
        "_publisher", "_queue", "_size", "_waits_apart",
    )  # fmt: skip

    def __init__(
        self, publisher: Publisher, publication: Publication, holding: Callable[[], Delivery], done: Done
    ) -> None:
        self._publisher = publisher
        self._publication = publication
        self._holding = holding
        self._done = done
        self._queue = publisher.settings.queue_of(publication.actor)
        claims = publisher.claims
        self._part = None if claims is None else large_part(publication, claims.threshold)
        self._body = b"" if self._part is not None else encode(publication.envelope)
        self._size = len(self._body if self._part is None else self._part)
        self._begun = time.monotonic()
        self._delay = _FIRST_RETRY
        self._held = self._waits_apart = False
        self._missing_since: float | None = None

    def begin(self) -> None:
        """Begin with the first step."""
        self._publisher.begun(self._size)
        self.attempt()

    def attempt(self) -> None:
        """Store what is to be stored first, else publish; what is too large for anybody, and can't be less, ends."""
        most = self._publisher.settings.limits.size
        while self._part is None and len(self._body) > most and self._lighten():
            pass
        if self._part is not None:
            self._publisher.store(self._part, self._stored)
        elif len(self._body) > most and self._publication.kind != "error_end":
            sentence = f"the envelope has {len(self._body)} bytes; at most {most} are passed on; return less"
            self._end(MessageTooLargeError(sentence))
        else:
            self._publisher.transport.publish(
                self._queue, self._body, self._confirmed, delay=self._publication.delay, holding=self._holding()
            )

    def _stored(self, reference: Raw | None, error: ObjectStoreError | None) -> None:
        """Go on with the reference; without one try again, for as long as the message is ours."""
        if reference is not None:
            self._publication = with_part_stored(self._publication, reference)
            self._part = None
            self._body = encode(self._publication.envelope)
            self._publisher.finished(self._size)
            self._size = len(self._body)
            self.begin()
        elif (lost := lease_lost(self._holding())) is not None:
            self._end(lost)
        elif error is not None:
            self._hold(error)

    def _confirmed(self, error: Exception | None) -> None:
        if error is None:
            seconds = time.monotonic() - self._begun
            self._publisher.metrics.sent(self._queue, self._publication.kind, len(self._body), seconds)
            self._end(None)
        elif isinstance(error, MessageTooLargeError) and self._lighten():
            self.attempt()
        elif self._worth_retrying(error):
            self._hold(error)
        else:
            self._end(error)

    def _worth_retrying(self, error: Exception) -> bool:
        if isinstance(error, LeaseLostError):
            return False
        if self._publication.kind == "error_end":
            return True
        if isinstance(error, MessageTooLargeError):
            return False
        if isinstance(error, QueueMissingError) and self._publication.kind != "happy_end":
            return self._missing_for() < self._publisher.settings.resiliency.unroutable_after
        self._missing_since = None
        return True

    def _missing_for(self) -> float:
        """Return for how many seconds the queue has been found missing; while the broker is away nobody knows."""
        now = time.monotonic()
        if self._missing_since is None:
            self._missing_since = now
        return now - self._missing_since

    def _hold(self, error: Exception) -> None:
        if not self._held:
            self._held = True
            self._publisher.metrics.held.inc()
            missed = "the store has not" if isinstance(error, ObjectStoreError) else "no queue has"
            log.warning(
                "%s taken an output yet; it is held and sent again: %s",
                missed,
                error,
                extra={"event": "output_held", "id": self._publication.envelope.id, "queue": self._queue},
            )
        self._count(waits_apart=isinstance(error, QueueMissingError | ObjectStoreError))
        self._publisher.try_later(self, self._delay)
        self._delay = min(self._delay * 2, _LAST_RETRY)

    def _end(self, error: Exception | None) -> None:
        if self._held:
            self._publisher.metrics.held.dec()
        if self._waits_apart:
            self._count(waits_apart=False)
        self._publisher.finished(self._size)
        self._done(self._publication, error)

    def _count(self, *, waits_apart: bool) -> None:
        if waits_apart is not self._waits_apart:
            self._waits_apart = waits_apart
            self._publisher.waiting_apart += 1 if waits_apart else -1
            self._publisher.on_held()

    def _lighten(self) -> bool:
        """Have something stored apart, or left out of an error record; tell whether there was anything."""
        if self._publisher.claims is not None:
            self._part = large_part(self._publication, WORTH_STORING)
        return self._part is not None or self._shrink()

    def _shrink(self) -> bool:
        """Leave something out of an error record that is too large; tell whether there was anything."""
        less = smaller(self._publication.envelope) if self._publication.kind == "error_end" else None
        if less is None:
            return False
        log.error(
            "an error record of %d bytes is too large to be stored; a part of it is left out",
            len(self._body),
            extra={"event": "record_shortened", "id": less.id},
        )
        self._publication = Publication(self._publication.actor, less, "error_end")
        self._body = encode(less)
        return True
