"""The queues of a run that ends: waiting until the end actors have stored all, and counting what is left."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress

from asya_cli.local.state import RunInfo
from asya_core.errors import TransportError
from asya_core.transports import Transport, open_transport

_LOOK_EVERY = 0.05
_ANSWER_WITHIN = 2.0


async def wait_empty(info: RunInfo, within: float) -> None:
    """Return when no message is in the end actors' queues, after `within` seconds, or when the broker is gone."""
    queues = [actor.queue for actor in info.actors if actor.is_end]
    with suppress(TimeoutError, TransportError):
        async with asyncio.timeout(within), _connected(info) as transport:
            while True:
                if not await _count(transport, queues):
                    return
                await asyncio.sleep(_LOOK_EVERY)


async def count_waiting(info: RunInfo) -> dict[str, int]:
    """Return how many messages each actor's queue holds, the empty ones left out; none when the broker is gone."""
    with suppress(TimeoutError, TransportError):
        async with asyncio.timeout(_ANSWER_WITHIN), _connected(info) as transport:
            return await _count(transport, [actor.queue for actor in info.actors])
    return {}


@asynccontextmanager
async def _connected(info: RunInfo) -> AsyncIterator[Transport]:
    transport = open_transport(info.transport, info.environ)
    try:
        await transport.connect()
        yield transport
    finally:
        await transport.close()


async def _count(transport: Transport, queues: Sequence[str]) -> dict[str, int]:
    depths = {queue: await transport.depth(queue) for queue in queues}
    counts = {queue: depth.ready + depth.in_flight + depth.delayed for queue, depth in depths.items()}
    return {queue: count for queue, count in counts.items() if count}
