"""The harness's way to queues of any transport: the actors' own client, used from code that waits for each answer."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from asya_core.transports import Transport, publish
from bench.amqp import Message

_BATCH = 1000
"""Messages that wait for their confirmation at a time."""


class TransportAccess:
    """A connection with an event loop of its own, which runs only while something is asked."""

    def __init__(self, transport: Transport) -> None:
        self._runner = asyncio.Runner()
        self._transport = transport
        self._runner.run(transport.connect())

    def ensure(self, queue: str) -> None:
        """Make a queue if it is missing."""
        self._runner.run(self._transport.ensure(queue))

    def purge(self, queue: str) -> None:
        """Throw away what is in a queue: it is made anew."""
        self._runner.run(self._made_anew(queue))

    def fill(self, queue: str, messages: Iterable[Message]) -> int:
        """Publish, and return how many once the broker has confirmed them all."""
        return self._runner.run(self._published(queue, [each.body for each in messages]))

    def depth(self, queue: str) -> int:
        """Return how many messages are ready in a queue."""
        return self._runner.run(self._transport.depth(queue)).ready

    def total(self, queue: str) -> int:
        """Return how many messages a queue holds, those among them that somebody has in hand."""
        return self._runner.run(self._transport.depth(queue)).total

    def close(self) -> None:
        """Hang up."""
        self._runner.run(self._transport.close())
        self._runner.close()

    async def _made_anew(self, queue: str) -> None:
        await self._transport.delete(queue)
        await self._transport.ensure(queue)

    async def _published(self, queue: str, bodies: list[bytes]) -> int:
        for start in range(0, len(bodies), _BATCH):
            batch = bodies[start : start + _BATCH]
            await asyncio.gather(*(publish(self._transport, queue, body) for body in batch))
        return len(bodies)
