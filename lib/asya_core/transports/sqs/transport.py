"""The transport over Amazon SQS, put together from its parts."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Literal

from asya_core.transports.base import Confirmed, Delivery, Depth
from asya_core.transports.sqs.addresses import Addresses
from asya_core.transports.sqs.connection import Connection
from asya_core.transports.sqs.consumer import DRAIN_SECONDS, Parts, SqsConsumer
from asya_core.transports.sqs.hand import LONGEST_HOLD
from asya_core.transports.sqs.looking import peek
from asya_core.transports.sqs.publisher import LONGEST_DELAY, Publisher
from asya_core.transports.sqs.queues import Queues
from asya_core.transports.sqs.settings import SqsSettings


class SqsTransport:
    """See `Transport`; `longest_delay` and `longest_hold` are SQS' own limits in seconds, shorter only for tests."""

    name = "sqs"

    def __init__(
        self, settings: SqsSettings, *, longest_delay: int = LONGEST_DELAY, longest_hold: int = LONGEST_HOLD
    ) -> None:
        self._connection = Connection(settings)
        self._addresses = Addresses(self._connection)
        self._queues = Queues(self._connection, self._addresses, settings)
        self._publisher = Publisher(self._connection, self._addresses, longest_delay)
        self._parts = Parts(self._connection, self._addresses, self._publisher, settings, longest_hold)
        self._consumers: list[SqsConsumer] = []

    @property
    def connected(self) -> bool:
        """Whether SQS answered when it was last asked something."""
        return self._connection.is_up

    async def connect(self) -> None:
        """Wait for the first answer. Raises TransportRefusedError."""
        await self._connection.connect()

    async def close(self) -> None:
        """Give back what is in hand and what is still on its way to us, send what waits, and disconnect."""
        await asyncio.gather(*(consumer.close() for consumer in self._consumers))
        with suppress(TimeoutError):
            async with asyncio.timeout(DRAIN_SECONDS):
                await self._publisher.drain()
        await self._connection.close()

    async def ensure(self, queue: str) -> Literal["made", "found"]:
        """Make the queue and the one for its dead letters, as far as they are missing.

        Raises QueueConflictError, TransportRefusedError, TransportUnavailableError.
        """
        return await self._queues.ensure(queue)

    async def delete(self, queue: str) -> Literal["deleted", "absent"]:
        """Remove both. Raises QueueConflictError where they are somebody else's, and like `ensure` otherwise."""
        return await self._queues.delete(queue)

    async def depth(self, queue: str) -> Depth:
        """Count the queue's messages approximately. Raises QueueMissingError, TransportUnavailableError."""
        return await self._queues.depth(queue)

    async def queues(self, prefix: str) -> list[str]:
        """Return the names of all queues that begin with `prefix`, but for those for dead letters."""
        return await self._queues.names(prefix)

    async def peek(self, queue: str, limit: int) -> list[bytes]:
        """Return up to `limit` messages that are ready. Each counts one more delivery. Raises QueueMissingError."""
        return await peek(self._connection, self._addresses, queue, limit)

    async def consume(self, queue: str, prefetch: int, deliver: Callable[[Delivery], None]) -> SqsConsumer:
        """Begin to take messages. Raises QueueMissingError, TransportUnavailableError, TransportRefusedError."""
        self._addresses.drop(queue)
        await self._addresses.find(queue)
        consumer = SqsConsumer(self._parts, queue, prefetch, deliver)
        self._consumers.append(consumer)
        self._connection.add(consumer)
        return consumer

    def publish(
        self, queue: str, body: bytes, confirmed: Confirmed, *, delay: float = 0.0, holding: Delivery | None = None
    ) -> None:
        """Send; see `Transport.publish`. A delay is rounded up to whole seconds."""
        self._publisher.publish(queue, body, confirmed, delay, holding)
