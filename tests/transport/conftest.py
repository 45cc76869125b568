"""The brokers that the conformance suite runs against, and what its tests share."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator

import pytest

from tests.brokers.nats_server import NatsServer
from tests.transport.harness import Harness, NetworkHarness, RealHarness
from tests.transport.memory_harness import MemoryHarness
from tests.transport.nats_harness import NatsHarness
from tests.transport.parties import Parties

REAL = ("nats",)
ALL = ("memory", *REAL)


@pytest.fixture(scope="session")
def nats_server(need, tmp_path_factory):
    server = NatsServer(need("nats-server"), tmp_path_factory.mktemp("nats"))
    server.start()
    yield server
    server.stop()


@pytest.fixture
def make_harness(request, tmp_path):
    def make(name: str, *, broken_network: bool = False) -> Harness:
        if name == "memory":
            return MemoryHarness()
        return NatsHarness(request.getfixturevalue("nats_server"), tmp_path, broken_network=broken_network)

    return make


@pytest.fixture(params=ALL)
async def broker(request, make_harness) -> AsyncIterator[Harness]:
    harness = make_harness(request.param)
    await harness.open()
    yield harness
    await harness.close()


@pytest.fixture(params=REAL)
async def real_broker(request, make_harness) -> AsyncIterator[RealHarness]:
    harness = make_harness(request.param)
    await harness.open()
    yield harness
    await harness.close()


@pytest.fixture(params=REAL)
async def network(request, make_harness) -> AsyncIterator[NetworkHarness]:
    harness = make_harness(request.param, broken_network=True)
    await harness.open()
    yield harness
    await harness.close()


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
