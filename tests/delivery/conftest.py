"""The brokers on which delivery is proved."""

from __future__ import annotations

import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.brokers.nats_server import NatsServer
from tests.delivery.place import KINDS, Place

LEASE_SECONDS = 5.0
"""How long a delivery is a pod's without a renewal, where the broker has leases; sidecars look every 2 seconds."""


@pytest.fixture(scope="session")
def nats_server(need, tmp_path_factory) -> Iterator[NatsServer]:
    server = NatsServer(need("nats-server"), tmp_path_factory.mktemp("nats"))
    server.start()
    yield server
    server.stop()


@pytest.fixture(params=list(KINDS))
async def place(request) -> AsyncIterator[Place]:
    """Give the queues of an actor on each broker."""
    kind = KINDS[request.param]
    server = request.getfixturevalue("moto_server" if request.param == "sqs" else f"{request.param}_server")
    with tempfile.TemporaryDirectory(prefix="asya-") as folder:  # a socket's path may not be long
        place = Place(kind(server, Path(folder), LEASE_SECONDS), Path(folder), LEASE_SECONDS)
        await place.open()
        yield place
        await place.close()
