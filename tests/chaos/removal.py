"""Takes an empty queue away for a while, as an actor that is uninstalled and installed again would."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable

from asya_core.errors import TransportError
from asya_core.transports import Transport
from tests.chaos.messages import ROUTE

SOURCES = {**dict(zip(ROUTE[1:], ROUTE, strict=False)), "refine": "judge"}
"""Who fills the queues that may be removed; nobody else does, but an actor itself, with what it tries again."""

QUIET_SECONDS = 6.0
"""For so long a queue must have been empty: longer than anything that it was sent with a delay is on its way."""
_PATIENCE = 60.0
_INTERVAL = 0.25


async def wait_empty(transport: Transport, queue: str) -> bool:
    """Wait until nothing is in the queue or on its way back to it; tell whether that came in time.

    Whoever fills it has been cut off. Removing a message with its queue would be a loss that nobody promised against.
    """
    filled = now = time.monotonic()
    until = now + _PATIENCE
    while now < until and now - filled < QUIET_SECONDS:
        await asyncio.sleep(_INTERVAL)
        now = time.monotonic()
        if not await _is_empty(transport, queue):
            filled = now
    return now - filled >= QUIET_SECONDS


async def remove(transport: Transport, queue: str) -> None:
    """Remove a queue, as soon as the broker can."""
    await _insist(transport.delete, queue)


async def make_again(transport: Transport, queue: str) -> None:
    """Make it again, as soon as the broker can."""
    await _insist(transport.ensure, queue)


async def _is_empty(transport: Transport, queue: str) -> bool:
    try:
        return (await transport.depth(queue)).total == 0
    except TransportError:
        return False


async def _insist(doing: Callable[[str], Awaitable[object]], queue: str) -> None:
    """Do it as soon as the broker can."""
    while True:
        try:
            await doing(queue)
        except TransportError:
            await asyncio.sleep(_INTERVAL)
        else:
            return
