"""A queue that nobody answers for is not always one that does not exist."""

import asyncio

import pytest

from asya_core.errors import QueueMissingError, TransportUnavailableError
from asya_core.transports import publish
from tests.brokers.nats_server import NatsServer
from tests.transport.nats_harness import NatsHarness
from tests.transport.parties import SOON


@pytest.fixture
async def harness(need, tmp_path):
    server = NatsServer(need("nats-server"), tmp_path)
    server.start()
    yield NatsHarness(server, tmp_path)
    server.stop()


@pytest.fixture
async def transport(harness):
    transport = harness.transport()
    async with asyncio.timeout(SOON):
        await transport.connect()
    yield transport
    await transport.close()


async def test_a_stream_that_is_silent_is_worth_waiting_for(harness, transport):
    await harness._call("STREAM.CREATE.silent", {"name": "silent", "subjects": ["elsewhere"], "retention": "workqueue"})
    outcomes = await asyncio.gather(*(publish(transport, "silent", b"{}") for _ in range(10)), return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [TransportUnavailableError] * 10


async def test_a_stream_that_does_not_exist_is_missing_for_every_message(transport):
    outcomes = await asyncio.gather(*(publish(transport, "absent", b"{}") for _ in range(10)), return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [QueueMissingError] * 10
    assert all("install its actor first" in str(outcome) for outcome in outcomes)
