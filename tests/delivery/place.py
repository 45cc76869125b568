"""A broker with the queues of one actor in it: where the pods of a test work."""

from __future__ import annotations

import asyncio
import json
import secrets
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

from asya_core.transports import Delivery, Transport, publish
from tests.transport.harness import Harness, NetworkHarness
from tests.transport.nats_harness import NatsHarness, NatsNetworkHarness
from tests.transport.parties import eventually
from tests.transport.rabbitmq_harness import RabbitmqHarness, RabbitmqNetworkHarness
from tests.transport.sqs_harness import SqsHarness, SqsNetworkHarness

QUEUES = ("a", "b", "happy-end", "error-end")
SOON = 40.0
"""Seconds within which anything happens, on a slow machine, too."""


class Broker(Protocol):
    """How a test and its pods reach a broker: the pods through a network that can be broken.

    `takes_back_within` is how many seconds after a pod's death, or its network's, the broker gives its messages to
    others.
    """

    name: str
    takes_back_within: float

    @property
    def direct(self) -> Harness:
        """The way past the network."""

    @property
    def network(self) -> NetworkHarness:
        """The way through the network."""

    def environ(self) -> dict[str, str]:
        """Return the settings of sidecars behind the network."""


class NatsBroker:
    name = "nats"

    def __init__(self, server: Any, folder: Path, lease_seconds: float) -> None:
        self.takes_back_within = lease_seconds
        self.direct = NatsHarness(server, folder)
        self.network = NatsNetworkHarness(server, folder)

    def environ(self) -> dict[str, str]:
        return {"ASYA_NATS_URL": f"nats://127.0.0.1:{self.network.port}"}


class RabbitmqBroker:
    name = "rabbitmq"
    takes_back_within = 15.0
    """A frozen client is given up after two heartbeats of 6 seconds, a dead one at once."""

    def __init__(self, server: Any, folder: Path, _lease_seconds: float) -> None:
        self.direct = RabbitmqHarness(server, folder)
        self.network = RabbitmqNetworkHarness(server, folder)

    def environ(self) -> dict[str, str]:
        host, port, vhost = self.network.host, self.network.port, self.network.vhost
        return {"ASYA_RABBITMQ_URL": f"amqp://{host}:{port}", "ASYA_RABBITMQ_VHOST": vhost}


class SqsBroker:
    name = "sqs"

    def __init__(self, server: Any, folder: Path, lease_seconds: float) -> None:
        self.takes_back_within = lease_seconds
        self._lease_seconds = lease_seconds
        self.direct = SqsHarness(server, folder)
        self.network = SqsNetworkHarness(server, folder)

    def environ(self) -> dict[str, str]:
        settings = self.network.settings()
        return {
            "ASYA_SQS_ENDPOINT": settings.endpoint, "ASYA_SQS_REGION": settings.region, "ASYA_SQS_WAIT_TIME": "1s",
            "ASYA_SQS_VISIBILITY_TIMEOUT": f"{self._lease_seconds:g}s",
        }  # fmt: skip


KINDS: dict[str, type[NatsBroker | RabbitmqBroker | SqsBroker]] = {
    "nats": NatsBroker,
    "rabbitmq": RabbitmqBroker,
    "sqs": SqsBroker,
}


class Place:
    """The queues of actor `a`, whose results go to `b`, where nobody is but the test."""

    def __init__(self, broker: Broker, folder: Path, lease_seconds: float) -> None:
        self.broker = broker
        self.folder = folder
        self.prefix = f"t{secrets.token_hex(4)}-"
        self._lease_seconds = lease_seconds

    async def open(self) -> None:
        await self.broker.network.open()
        await self.broker.direct.open()
        self.transport: Transport = self.broker.direct.transport(lease_seconds=self._lease_seconds)
        await self.transport.connect()
        for actor in QUEUES:
            await self.transport.ensure(self.queue(actor))

    async def close(self) -> None:
        for actor in QUEUES:
            await self.transport.delete(self.queue(actor))
        await self.transport.close()
        await self.broker.direct.close()
        await self.broker.network.close()

    def environ(self) -> dict[str, str]:
        return {
            "ASYA_TRANSPORT": self.broker.name, "ASYA_QUEUE_PREFIX": self.prefix, "ASYA_ACTOR_NAME": "a",
            "ASYA_SECRETS_DIR": str(self.folder), **self.broker.environ(),
        }  # fmt: skip

    def queue(self, actor: str) -> str:
        return self.prefix + actor

    async def send(self, name: str, **payload: Any) -> None:
        """Send a message to the actor; `name` is its id, and `payload` is what its handler is told."""
        envelope = {"id": name, "route": {"actors": ["a", "b"], "current": 0}, "payload": {"name": name, **payload}}
        await publish(self.transport, self.queue("a"), json.dumps(envelope).encode())

    async def outlet(self, actor: str) -> Outlet:
        """Take what comes to another queue."""
        outlet = Outlet()
        consumer = await self.transport.consume(self.queue(actor), 1000, outlet.deliver)
        outlet.settle = consumer.settle
        return outlet

    async def in_flight(self) -> int:
        return (await self.transport.depth(self.queue("a"))).in_flight

    async def is_empty(self) -> bool:
        return (await self.transport.depth(self.queue("a"))).total == 0


class Outlet:
    """All that has come to a queue, in order."""

    def __init__(self) -> None:
        self.envelopes: list[dict[str, Any]] = []
        self.settle: Any = None
        self._unsettled: list[Delivery] = []

    @property
    def ids(self) -> list[str]:
        return [each["id"] for each in self.envelopes]

    def deliver(self, delivery: Delivery) -> None:
        """Note a message; settling waits until the consumer is there."""
        self.envelopes.append(json.loads(delivery.body))
        asyncio.get_running_loop().call_soon(lambda: self.settle(delivery))

    async def has(self, ids: Sequence[str], within: float = SOON) -> None:
        """Wait until all these have come."""
        await eventually(lambda: set(ids) <= set(self.ids), within)
