"""The transport over RabbitMQ, put together from its parts."""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import Callable
from typing import Literal

from asya_core.errors import TransportRefusedError
from asya_core.transports.base import Confirmed, Delivery, Depth
from asya_core.transports.rabbitmq import queues
from asya_core.transports.rabbitmq.connection import Connection
from asya_core.transports.rabbitmq.consumer import RabbitmqConsumer
from asya_core.transports.rabbitmq.publisher import Publisher
from asya_core.transports.rabbitmq.settings import RabbitmqSettings, read_secrets


class RabbitmqTransport:
    """See `Transport`. There is no lease: a delivery is ours as long as its channel stands.

    The server closes a channel on which a delivery has been in hand for its `consumer_timeout`, 30 minutes by
    default; the message is then delivered again. Set it above the longest call of a handler.
    """

    name = "rabbitmq"

    def __init__(self, settings: RabbitmqSettings) -> None:
        self._settings = settings
        self._connection = Connection(settings)
        self._publisher = Publisher()
        self._consumers: list[RabbitmqConsumer] = []
        self._has_ladder = False
        self._connection.add(self._publisher)

    @property
    def connected(self) -> bool:
        """Whether there is a connection to a server now."""
        return self._connection.is_up

    async def connect(self) -> None:
        """Wait for the first connection. Raises TransportRefusedError."""
        await self._connection.connect()

    async def close(self) -> None:
        """Give back what is in hand, and disconnect once the server knows."""
        await asyncio.gather(*(consumer.close() for consumer in self._consumers))
        await self._connection.close()

    async def ensure(self, queue: str) -> Literal["made", "found"]:
        """Make the queue if it is missing, and, once per transport, the delay ladder.

        Raises QueueConflictError, TransportRefusedError, TransportUnavailableError.
        """
        link = self._connection.link
        if not self._has_ladder:
            await queues.ensure_ladder(link)
            self._has_ladder = True
        return await queues.ensure(link, queue)

    async def delete(self, queue: str) -> Literal["deleted", "absent"]:
        """Remove the queue. Raises TransportUnavailableError, TransportRefusedError."""
        return await queues.delete(self._connection.link, queue)

    async def depth(self, queue: str) -> Depth:
        """Count the queue's messages, those in flight only where the management API's address is set.

        What waits in the delay ladder is not counted: the ladder does not know for whom.
        Raises QueueMissingError, TransportUnavailableError, TransportRefusedError.
        """
        ready = await queues.require(self._connection.link, queue)
        return Depth(ready, await self._in_flight(queue), 0)

    async def queues(self, prefix: str) -> list[str]:
        """Return the queues' names, which only the management API tells.

        Raises TransportRefusedError where its address is not set, TransportUnavailableError.
        """
        server = self._settings.management
        if server is None:
            raise TransportRefusedError(
                "only RabbitMQ's management API tells which queues there are; set ASYA_RABBITMQ_MANAGEMENT_URL"
            )
        management = importlib.import_module("asya_core.transports.rabbitmq.management")
        secrets = read_secrets(self._settings.secrets_dir)
        names: list[str] = await asyncio.to_thread(
            management.queue_names, server, self._settings.vhost, prefix, secrets
        )
        return sorted(names)

    async def peek(self, queue: str, limit: int) -> list[bytes]:
        """Get messages and give them back, which counts as a delivery of each.

        Raises QueueMissingError, TransportUnavailableError, TransportRefusedError.
        """
        return await queues.peek(self._connection.link, queue, limit)

    async def consume(self, queue: str, prefetch: int, deliver: Callable[[Delivery], None]) -> RabbitmqConsumer:
        """Begin to take messages. Raises QueueMissingError, TransportUnavailableError."""
        await queues.require(self._connection.link, queue)
        consumer = RabbitmqConsumer(queue, prefetch, deliver)
        self._consumers.append(consumer)
        self._connection.add(consumer)
        return consumer

    def publish(
        self, queue: str, body: bytes, confirmed: Confirmed, *, delay: float = 0.0, holding: Delivery | None = None
    ) -> None:
        """Send; see `Transport.publish`. A delay is rounded up to half a second, and 12 days at most."""
        self._publisher.publish(queue, body, confirmed, delay, holding)

    async def _in_flight(self, queue: str) -> int:
        server = self._settings.management
        if server is None:
            return 0
        # Imported here: a sidecar never counts, and should not load an HTTP client.
        management = importlib.import_module("asya_core.transports.rabbitmq.management")
        secrets = read_secrets(self._settings.secrets_dir)
        count: int = await asyncio.to_thread(management.count_in_flight, server, self._settings.vhost, queue, secrets)
        return count
