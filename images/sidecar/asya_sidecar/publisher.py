"""Sends what was decided until a queue has taken it, and says so; the only place that retries a publish.

A queue that does not exist is waited for as long as `resiliency.unroutableAfter`; an end queue, a broker that is full
or away, for ever. Nothing is given up here without telling whoever sent it.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable

from asya_core.envelope import encode
from asya_core.errors import LeaseLostError, MessageTooLargeError, QueueMissingError
from asya_core.outgoing import Publication
from asya_core.transports import Delivery, Transport
from asya_sidecar.metrics import Metrics
from asya_sidecar.records import smaller
from asya_sidecar.settings import Settings

log = logging.getLogger(__name__)

MANY_UNCONFIRMED = 1000
"""Outputs that may be on their way at once before handlers are made to wait."""

MANY_BYTES = 64 * 1024 * 1024
"""The same, in bytes."""

_FIRST_RETRY, _LAST_RETRY = 0.05, 5.0

Done = Callable[[Publication, Exception | None], None]
"""Called once a queue took the publication, or with why none ever will."""


class Publisher:
    """Sends publications and keeps count of those that no queue has taken yet.

    `without_queue` counts those whose queue does not exist; `on_held` is called when it has changed.
    `on_pressure(True)` is called when very much is unconfirmed, `on_pressure(False)` when it is little again.
    """

    def __init__(self, transport: Transport, settings: Settings, metrics: Metrics) -> None:
        self.transport = transport
        self.settings = settings
        self.metrics = metrics
        self.unconfirmed = 0
        self.without_queue = 0
        self.on_pressure: Callable[[bool], None] = lambda _: None
        self.on_held: Callable[[], None] = lambda: None
        self._bytes = 0
        self._high = False
        self._timers: dict[_Sending, asyncio.TimerHandle] = {}

    def send(self, publication: Publication, holding: Callable[[], Delivery], done: Done) -> None:
        """Publish; `holding` returns the delivery that the message follows from."""
        _Sending(self, publication, holding, done).begin()

    def close(self) -> None:
        """Send nothing any more."""
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()

    def begun(self, size: int) -> None:
        """Count one publication of `size` bytes more."""
        self.unconfirmed += 1
        self._bytes += size
        if not self._high and (self.unconfirmed >= MANY_UNCONFIRMED or self._bytes >= MANY_BYTES):
            self._high = True
            self.on_pressure(True)

    def finished(self, size: int) -> None:
        """Count one publication of `size` bytes less."""
        self.unconfirmed -= 1
        self._bytes -= size
        if self._high and self.unconfirmed <= MANY_UNCONFIRMED // 2 and self._bytes <= MANY_BYTES // 2:
            self._high = False
            self.on_pressure(False)

    def try_later(self, sending: _Sending, seconds: float) -> None:
        """Let a publication be tried again."""
        self._timers[sending] = asyncio.get_running_loop().call_later(seconds, self._try_again, sending)

    def _try_again(self, sending: _Sending) -> None:
        del self._timers[sending]
        sending.attempt()


class _Sending:
    """One publication on its way to a queue."""

    __slots__ = (
        "_begun", "_body", "_delay", "_done", "_held", "_holding", "_missing_since", "_publication", "_publisher",
        "_queue", "_size", "_without_queue",
    )  # fmt: skip

    def __init__(
        self, publisher: Publisher, publication: Publication, holding: Callable[[], Delivery], done: Done
    ) -> None:
        self._publisher = publisher
        self._publication = publication
        self._holding = holding
        self._done = done
        self._queue = publisher.settings.queue_of(publication.actor)
        self._body = encode(publication.envelope)
        self._size = len(self._body)
        self._begun = time.monotonic()
        self._delay = _FIRST_RETRY
        self._held = self._without_queue = False
        self._missing_since: float | None = None

    def begin(self) -> None:
        """Publish for the first time, unless it is too large for anybody."""
        self._publisher.begun(self._size)
        most = self._publisher.settings.limits.size
        while len(self._body) > most and self._shrink():
            pass
        if len(self._body) > most and self._publication.kind != "error_end":
            sentence = f"the envelope has {len(self._body)} bytes; at most {most} are passed on; return less"
            self._end(MessageTooLargeError(sentence))
        else:
            self.attempt()

    def attempt(self) -> None:
        """Publish once."""
        self._publisher.transport.publish(
            self._queue, self._body, self._confirmed, delay=self._publication.delay, holding=self._holding()
        )

    def _confirmed(self, error: Exception | None) -> None:
        if error is None:
            seconds = time.monotonic() - self._begun
            self._publisher.metrics.sent(self._queue, self._publication.kind, len(self._body), seconds)
            self._end(None)
        elif isinstance(error, MessageTooLargeError) and self._shrink():
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
            log.warning(
                "no queue has taken an output yet; it is held and sent again: %s",
                error,
                extra={"event": "output_held", "id": self._publication.envelope.id, "queue": self._queue},
            )
        self._count_queue(missing=isinstance(error, QueueMissingError))
        self._publisher.try_later(self, self._delay)
        self._delay = min(self._delay * 2, _LAST_RETRY)

    def _end(self, error: Exception | None) -> None:
        if self._held:
            self._publisher.metrics.held.dec()
        self._count_queue(missing=False)
        self._publisher.finished(self._size)
        self._done(self._publication, error)

    def _count_queue(self, *, missing: bool) -> None:
        if missing is not self._without_queue:
            self._without_queue = missing
            self._publisher.without_queue += 1 if missing else -1
            self._publisher.on_held()

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
