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
from asya_sidecar.settings import Settings

log = logging.getLogger(__name__)

_FIRST_RETRY, _LAST_RETRY = 0.05, 5.0
_MANY_UNCONFIRMED = 1000

Done = Callable[[Publication, Exception | None], None]
"""Called once a queue took the publication, or with why none ever will."""


class Publisher:
    """Sends publications and keeps count of those that no queue has taken yet.

    `on_pressure(True)` is called when very many are unconfirmed, `on_pressure(False)` when it is few again.
    """

    def __init__(self, transport: Transport, settings: Settings, metrics: Metrics) -> None:
        self.transport = transport
        self.settings = settings
        self.metrics = metrics
        self.unconfirmed = 0
        self.held = 0
        self.on_pressure: Callable[[bool], None] = lambda _: None

    def send(self, publication: Publication, holding: Callable[[], Delivery], done: Done) -> None:
        """Publish; `holding` returns the delivery that the message follows from."""
        self.unconfirmed += 1
        if self.unconfirmed == _MANY_UNCONFIRMED:
            self.on_pressure(True)
        _Sending(self, publication, holding, done).attempt()

    def finished(self) -> None:
        """Count one publication less."""
        self.unconfirmed -= 1
        if self.unconfirmed == _MANY_UNCONFIRMED // 2:
            self.on_pressure(False)


class _Sending:
    """One publication on its way to a queue."""

    __slots__ = ("_begun", "_body", "_delay", "_done", "_held", "_holding", "_publication", "_publisher", "_queue")

    def __init__(
        self, publisher: Publisher, publication: Publication, holding: Callable[[], Delivery], done: Done
    ) -> None:
        self._publisher = publisher
        self._publication = publication
        self._holding = holding
        self._done = done
        self._queue = publisher.settings.queue_of(publication.actor)
        self._body = encode(publication.envelope)
        self._begun = time.monotonic()
        self._delay = _FIRST_RETRY
        self._held = False

    def attempt(self) -> None:
        """Publish once."""
        if len(self._body) > self._publisher.settings.limits.size and self._publication.kind != "error_end":
            self._confirmed(MessageTooLargeError(self._too_large()))
            return
        self._publisher.transport.publish(
            self._queue, self._body, self._confirmed, delay=self._publication.delay, holding=self._holding()
        )

    def _confirmed(self, error: Exception | None) -> None:
        if error is None:
            seconds = time.monotonic() - self._begun
            self._publisher.metrics.sent(self._queue, self._publication.kind, len(self._body), seconds)
        elif self._worth_retrying(error):
            self._hold(error)
            return
        self._let_go()
        self._publisher.finished()
        self._done(self._publication, error)

    def _worth_retrying(self, error: Exception) -> bool:
        if isinstance(error, LeaseLostError):
            return False
        if self._publication.kind == "error_end":
            return True
        if isinstance(error, MessageTooLargeError):
            return False
        if isinstance(error, QueueMissingError) and self._publication.kind != "happy_end":
            return time.monotonic() - self._begun < self._publisher.settings.resiliency.unroutable_after
        return True

    def _hold(self, error: Exception) -> None:
        if not self._held:
            self._held = True
            self._publisher.held += 1
            self._publisher.metrics.unconfirmed.inc()
            log.warning(
                "no queue has taken an output yet; it is held and sent again: %s",
                error,
                extra={"event": "output_held", "id": self._publication.envelope.id, "queue": self._queue},
            )
        asyncio.get_running_loop().call_later(self._delay, self.attempt)
        self._delay = min(self._delay * 2, _LAST_RETRY)

    def _let_go(self) -> None:
        if self._held:
            self._held = False
            self._publisher.held -= 1
            self._publisher.metrics.unconfirmed.dec()

    def _too_large(self) -> str:
        return f"the envelope has {len(self._body)} bytes; at most {self._publisher.settings.limits.size} are passed on"
