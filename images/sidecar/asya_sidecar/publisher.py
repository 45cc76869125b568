"""Sends what was decided until a queue has taken it, and says so; the only place that retries a publish.

A queue that does not exist is waited for as long as `resiliency.unroutableAfter`; an end queue, a broker that is full
or away, for ever. Nothing is given up here without telling whoever sent it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from msgspec import Raw

from asya_core.errors import ObjectStoreError
from asya_core.outgoing import Publication
from asya_core.transports import Delivery, Transport
from asya_sidecar.claims import Claims
from asya_sidecar.metrics import Metrics
from asya_sidecar.sending import Sending
from asya_sidecar.settings import Settings

MANY_UNCONFIRMED = 1000
"""Outputs that may be on their way at once before handlers are made to wait."""

MANY_BYTES = 64 * 1024 * 1024
"""The same, in bytes."""

Done = Callable[[Publication, Exception | None], None]
"""Called once a queue took the publication, or with why none ever will."""

Stored = Callable[[Raw | None, ObjectStoreError | None], None]
"""Called with the reference to a payload that lies in the store now, or with why it does not."""


class Publisher:
    """Sends publications and keeps count of those that no queue has taken yet.

    `waiting_apart` counts those that nothing else has to wait with: their queue does not exist, or the store of
    payloads is away; `on_held` is called when it has changed.
    `on_pressure(True)` is called when very much is unconfirmed, `on_pressure(False)` when it is little again.
    """

    def __init__(
        self, transport: Transport, settings: Settings, metrics: Metrics, claims: Claims | None = None
    ) -> None:
        self.transport = transport
        self.claims = claims
        self.settings = settings
        self.metrics = metrics
        self.unconfirmed = 0
        self.waiting_apart = 0
        self.on_pressure: Callable[[bool], None] = lambda _: None
        self.on_held: Callable[[], None] = lambda: None
        self._bytes = 0
        self._high = False
        self._timers: dict[Sending, asyncio.TimerHandle] = {}
        self._uploads: set[asyncio.Task[Raw]] = set()

    def send(self, publication: Publication, holding: Callable[[], Delivery], done: Done) -> None:
        """Publish; `holding` returns the delivery that the message follows from."""
        Sending(self, publication, holding, done).begin()

    def close(self) -> None:
        """Send nothing any more."""
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()
        for upload in self._uploads:
            upload.cancel()

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

    def try_later(self, sending: Sending, seconds: float) -> None:
        """Let a publication be tried again."""
        self._timers[sending] = asyncio.get_running_loop().call_later(seconds, self._try_again, sending)

    def store(self, payload: Raw, stored: Stored) -> None:
        """Have a payload stored; `stored` is called with the reference to it, or with what went wrong this time."""
        if self.claims is None:
            raise RuntimeError("there is no store for payloads")
        upload = asyncio.create_task(self.claims.store(payload))
        self._uploads.add(upload)
        upload.add_done_callback(lambda task: self._end_upload(task, stored))

    def _end_upload(self, upload: asyncio.Task[Raw], stored: Stored) -> None:
        self._uploads.discard(upload)
        if upload.cancelled():
            return
        try:
            reference = upload.result()
        except ObjectStoreError as error:
            stored(None, error)
        else:
            stored(reference, None)

    def _try_again(self, sending: Sending) -> None:
        del self._timers[sending]
        sending.attempt()
