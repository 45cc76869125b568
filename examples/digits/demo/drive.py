"""Send the images and wait for what becomes of them."""

import asyncio
import time
from datetime import UTC, datetime

import msgspec

from asya_core.envelope import Envelope, Route, Status, encode
from asya_core.errors import TransportUnavailableError
from asya_core.ids import new_id
from asya_core.times import rfc3339
from asya_core.transports import Transport, publish

from .ends import Ends
from .feed import Batch, Feed
from .ledger import Ledger
from .progress import Watcher

ROUTE = ["split", "normalise", "classify", "judge"]
"""The plan of every message. `refine` is not in it: the judge puts it in where it is needed."""

INTERVAL = 0.1
"""Seconds between two looks at the results."""

PATIENCE, PATIENCE_AFTER_ERRORS = 60.0, 10.0
"""Seconds without anything new after which no more is expected."""


async def drive(transport: Transport, queue: str, ends: Ends, ledger: Ledger, watcher: Watcher) -> None:
    """Send every image of the ledger to `queue`, and enter every end, until all have a result or nothing comes."""
    feed = Feed(ledger.images)
    since = time.monotonic()
    await transport.connect()
    try:
        while not ledger.is_complete:
            if take_in(ends, ledger):
                since = time.monotonic()
            watcher.show(ledger)
            for batch in feed.due(len(ledger.results) + len(ledger.failures)):
                await send(transport, queue, batch)
            if time.monotonic() - since > (PATIENCE_AFTER_ERRORS if ledger.failures else PATIENCE):
                return
            await asyncio.sleep(INTERVAL)
    finally:
        await transport.close()


def take_in(ends: Ends, ledger: Ledger) -> int:
    """Enter what has ended since the last call, and return how much that was."""
    new = list(ends.new())
    for end in new:
        ledger.add(end)
    return len(new)


async def send(transport: Transport, queue: str, batch: Batch) -> None:
    """Send one batch, again if need be: the same id twice still has only one end."""
    body = encode(envelope(batch, datetime.now(UTC)))
    while True:
        try:
            return await publish(transport, queue, body)
        except TransportUnavailableError:
            await asyncio.sleep(INTERVAL)


def envelope(batch: Batch, now: datetime) -> Envelope:
    """Return the message that names a batch."""
    return Envelope(
        id=new_id(),
        route=Route(actors=ROUTE),
        status=Status(created_at=rfc3339(now)),
        payload=msgspec.Raw(msgspec.json.encode({"first": batch.first, "count": batch.count})),
    )
