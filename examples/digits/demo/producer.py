"""Sends batches of images to the first actor."""

import asyncio
import time
from datetime import UTC, datetime
from types import TracebackType
from typing import Self

import msgspec

from asya_core.envelope import Envelope, Route, Status, encode
from asya_core.errors import TransportUnavailableError
from asya_core.ids import new_id
from asya_core.times import rfc3339
from asya_core.transports import Transport, publish

from .feed import Batch

ROUTE = ["split", "normalise", "classify", "judge"]
"""The plan of every message. `refine` is not in it: the judge puts it in where it is needed."""

INTERVAL = 0.2
"""Seconds between two attempts to send."""

PATIENCE = 30.0
"""Seconds after which no further attempt is made."""


class Producer:
    """A connection to the broker, open for as long as it is entered."""

    def __init__(self, transport: Transport, queue: str) -> None:
        self._transport = transport
        self._queue = queue

    async def __aenter__(self) -> Self:
        """Connect."""
        await self._transport.connect()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Disconnect."""
        await self._transport.close()

    async def send(self, batch: Batch) -> None:
        """Send one batch, again while nobody confirms it: the same id has one end, however often it is sent.

        Raises TransportUnavailableError when the broker stays away.
        """
        body = encode(envelope(batch, datetime.now(UTC)))
        until = time.monotonic() + PATIENCE
        while True:
            try:
                return await publish(self._transport, self._queue, body)
            except TransportUnavailableError:
                if time.monotonic() > until:
                    raise
            await asyncio.sleep(INTERVAL)


def envelope(batch: Batch, now: datetime) -> Envelope:
    """Return the message that names a batch."""
    return Envelope(
        id=new_id(),
        route=Route(actors=ROUTE),
        status=Status(created_at=rfc3339(now)),
        payload=msgspec.Raw(msgspec.json.encode({"first": batch.first, "count": batch.count})),
    )
