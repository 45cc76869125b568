"""The transport over NATS JetStream, put together from its parts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from asya_core.transports.base import Confirmed, Delivery, Depth
from asya_core.transports.nats import contents, streams
from asya_core.transports.nats.absence import Absence
from asya_core.transports.nats.connection import Connection
from asya_core.transports.nats.consumer import NatsConsumer
from asya_core.transports.nats.publisher import Publisher
from asya_core.transports.nats.requests import Requests
from asya_core.transports.nats.settings import NatsSettings

FLUSH_SECONDS = 5.0


class NatsTransport:
    """See `Transport`; `lease_seconds` is for tests, since what it becomes is a constant of every queue."""

    name = "nats"

    def __init__(self, settings: NatsSettings, *, lease_seconds: float = streams.LEASE_SECONDS) -> None:
        self._lease_seconds = lease_seconds
        self._connection = Connection(settings)
        self._requests = Requests()
        self._publisher = Publisher(Absence(self._requests))
        self._consumers: list[NatsConsumer] = []
        self._connection.add(self._requests)
        self._connection.add(self._publisher)

    @property
    def connected(self) -> bool:
        """Whether there is a connection to a server now."""
        return self._connection.is_up

    async def connect(self) -> None:
        """Wait for the first connection. Raises TransportRefusedError."""
        await self._connection.connect()

    async def close(self) -> None:
        """Give back what is in hand, flush, and disconnect."""
        for consumer in self._consumers:
            await consumer.close()
        await self._connection.flush(FLUSH_SECONDS)
        await self._connection.close()

    async def ensure(self, queue: str) -> Literal["made", "found"]:
        """Make the queue's stream and consumer as far as they are missing.

        Raises QueueConflictError, TransportRefusedError, TransportUnavailableError.
        """
        streams.require_schedules(self._connection.server_version)
        return await streams.ensure(self._requests, queue, self._lease_seconds)

    async def delete(self, queue: str) -> Literal["deleted", "absent"]:
        """Remove the queue's stream. Raises TransportUnavailableError, TransportRefusedError."""
        return await streams.delete(self._requests, queue)

    async def depth(self, queue: str) -> Depth:
        """Count the queue's messages. Raises QueueMissingError, TransportUnavailableError."""
        return await streams.depth(self._requests, queue)

    async def queues(self, prefix: str) -> list[str]:
        """Return the queues' names. Raises TransportUnavailableError, TransportRefusedError."""
        return await contents.queues(self._requests, prefix)

    async def peek(self, queue: str, limit: int) -> list[bytes]:
        """Return messages that were never delivered; this costs them nothing.

        Raises QueueMissingError, TransportUnavailableError, TransportRefusedError.
        """
        return await contents.peek(self._requests, queue, limit)

    async def consume(self, queue: str, prefetch: int, deliver: Callable[[Delivery], None]) -> NatsConsumer:
        """Begin to take messages. Raises QueueMissingError, TransportUnavailableError."""
        await streams.look_up(self._requests, queue)
        consumer = NatsConsumer(self._requests, queue, prefetch, deliver)
        self._consumers.append(consumer)
        self._connection.add(consumer)
        return consumer

    def publish(
        self, queue: str, body: bytes, confirmed: Confirmed, *, delay: float = 0.0, holding: Delivery | None = None
    ) -> None:
        """Send; see `Transport.publish`."""
        self._publisher.publish(queue, body, confirmed, delay, holding)
