"""The brokers that the conformance suite runs against, and what its tests share."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator

import pytest

from asya_core.transports.sqs.transport import SqsTransport
from tests.brokers.nats_server import NatsServer
from tests.transport.harness import ForgetfulHarness, Harness, NetworkHarness, RealHarness
from tests.transport.memory_harness import MemoryHarness
from tests.transport.nats_harness import NatsHarness, NatsNetworkHarness
from tests.transport.parties import Parties
from tests.transport.rabbitmq_harness import RabbitmqHarness, RabbitmqNetworkHarness
from tests.transport.sqs_harness import SqsHarness, SqsNetworkHarness


@pytest.fixture(scope="session")
def nats_server(need, tmp_path_factory):
    server = NatsServer(need("nats-server"), tmp_path_factory.mktemp("nats"))
    server.start()
    yield server
    server.stop()


HARNESSES = {
    "nats": (NatsHarness, "nats_server"),
    "nats behind a network": (NatsNetworkHarness, "nats_server"),
    "rabbitmq": (RabbitmqHarness, "rabbitmq_server"),
    "rabbitmq behind a network": (RabbitmqNetworkHarness, "rabbitmq_server"),
    "sqs": (SqsHarness, "moto_server"),
    "sqs behind a network": (SqsNetworkHarness, "moto_server"),
}


@pytest.fixture
def make_harness(request, tmp_path):
    def make(name: str) -> Harness:
        if name == "memory":
            return MemoryHarness()
        harness, server = HARNESSES[name]
        return harness(request.getfixturevalue(server), tmp_path)

    return make


@pytest.fixture(params=["memory", "nats", "rabbitmq", "sqs"])
async def broker(request, make_harness) -> AsyncIterator[Harness]:
    """Give each broker."""
    harness = make_harness(request.param)
    await harness.open()
    yield harness
    await harness.close()


@pytest.fixture(params=["nats", "rabbitmq", "sqs"])
async def real_broker(request, make_harness) -> AsyncIterator[RealHarness]:
    """Give each broker that is not in this process."""
    harness = make_harness(request.param)
    await harness.open()
    yield harness
    await harness.close()


@pytest.fixture(params=["nats behind a network", "rabbitmq behind a network", "sqs behind a network"])
async def network(request, make_harness) -> AsyncIterator[NetworkHarness]:
    """Give each of these, behind a network that can be broken."""
    harness = make_harness(request.param)
    await harness.open()
    yield harness
    await harness.close()


@pytest.fixture(params=["memory", "nats", "sqs"])
async def leasing_broker(request, make_harness) -> AsyncIterator[Harness]:
    """Give each broker whose deliveries have a lease."""
    harness = make_harness(request.param)
    await harness.open()
    yield harness
    await harness.close()


@pytest.fixture(params=["nats"])
async def forgetful_broker(request, make_harness) -> AsyncIterator[ForgetfulHarness]:
    """Give each broker that knows its consumers by name."""
    harness = make_harness(request.param)
    await harness.open()
    yield harness
    await harness.close()


@pytest.fixture(params=["nats behind a network", "sqs behind a network"])
async def leasing_network(request, make_harness) -> AsyncIterator[NetworkHarness]:
    """Give each broker with leases, behind a network that can be broken."""
    harness = make_harness(request.param)
    await harness.open()
    yield harness
    await harness.close()


@pytest.fixture
def rabbit(rabbitmq_server, tmp_path):
    """Give RabbitMQ."""
    return RabbitmqHarness(rabbitmq_server, tmp_path)


@pytest.fixture
async def rabbit_alone(rabbitmq_server, tmp_path):
    """Give RabbitMQ with a virtual host of this test's own."""
    vhost = await asyncio.to_thread(rabbitmq_server.make_vhost)
    yield RabbitmqHarness(rabbitmq_server, tmp_path, vhost)
    await asyncio.to_thread(rabbitmq_server.drop_vhost, vhost)


@pytest.fixture
async def rabbit_network(rabbitmq_server, tmp_path):
    harness = RabbitmqNetworkHarness(rabbitmq_server, tmp_path)
    await harness.open()
    yield harness
    await harness.close()


@pytest.fixture
async def sqs(make_harness):
    """Give SQS, for what only it can do."""
    harness = make_harness("sqs")
    await harness.open()
    yield harness
    await harness.close()


@pytest.fixture
async def joined(sqs):
    """Give a way to connect further transports, each with settings of its own."""
    opened = []

    async def join(longest_delay=900, longest_hold=12 * 3600, **settings):
        limits = {"longest_delay": longest_delay, "longest_hold": longest_hold}
        transport = SqsTransport(sqs.settings(**settings), **limits)
        opened.append(transport)
        await transport.connect()
        return transport

    yield join
    for transport in opened:
        await transport.close()


@pytest.fixture
async def parties():
    """Give the transports of a test, closed at its end."""
    opened = Parties()
    yield opened
    await opened.close()


@pytest.fixture
def queue() -> str:
    """Give a name that no other test uses."""
    return f"asya-test-{secrets.token_hex(6)}"
