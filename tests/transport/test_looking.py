"""Queues and messages are looked at without being changed."""

import asyncio

import pytest

from asya_core.errors import QueueMissingError, TransportRefusedError, TransportUnavailableError
from asya_core.transports import Depth
from asya_core.transports.rabbitmq.transport import RabbitmqTransport
from tests.transport.parties import Inbox, eventually, send_all, shows_depth

BODIES = [b"%d" % number for number in range(5)]


async def test_queues_are_listed_by_their_prefix(broker, parties, queue):
    transport = await parties.join(broker)
    for end in ("-b", "-a", "x-b"):
        await transport.ensure(f"{queue}{end}")

    async def lists() -> bool:
        return await transport.queues(f"{queue}-") == [f"{queue}-a", f"{queue}-b"]

    await eventually(lists)
    assert await transport.queues(f"{queue}-c") == []
    for end in ("-b", "-a", "x-b"):
        await transport.delete(f"{queue}{end}")


async def test_what_the_broker_needs_for_itself_is_no_queue(broker, parties, queue):
    transport = await parties.join(broker)
    await transport.ensure(queue)
    assert [name for name in await transport.queues("") if "delay" in name or name.endswith("-dlq")] == []


async def test_the_oldest_messages_are_shown_and_stay(broker, parties, queue):
    transport = await parties.join(broker)
    await transport.ensure(queue)
    await send_all(transport, queue, BODIES)
    assert await transport.peek(queue, 3) == BODIES[:3]
    await shows_depth(transport, queue, Depth(ready=5, in_flight=0, delayed=0))
    assert await transport.peek(queue, 99) == BODIES
    inbox = Inbox()
    await transport.consume(queue, 5, inbox)
    assert [delivery.body for delivery in await inbox.take_many(5)] == BODIES


async def test_neither_what_is_in_hand_nor_what_is_delayed_is_shown(broker, parties, queue):
    transport = await parties.join(broker)
    await transport.ensure(queue)
    await send_all(transport, queue, [b"in hand"])
    inbox = Inbox()
    await transport.consume(queue, 1, inbox)
    await inbox.take()
    await send_all(transport, queue, [b"later"], delay=3600)
    await send_all(transport, queue, [b"ready", b"\xff\x00 raw", b""])
    assert await transport.peek(queue, 9) == [b"ready", b"\xff\x00 raw", b""]


async def test_an_empty_queue_shows_nothing(broker, parties, queue):
    transport = await parties.join(broker)
    await transport.ensure(queue)
    assert await transport.peek(queue, 5) == []


@pytest.mark.parametrize("name", ["no-such-queue", "no such queue"])
async def test_a_missing_queue_shows_nothing_but_that(broker, parties, name):
    transport = await parties.join(broker)
    with pytest.raises(QueueMissingError):
        await transport.peek(name, 1)


async def test_a_broker_that_is_away_can_not_be_looked_at(broker, parties, queue):
    transport = await parties.join(broker)
    await transport.ensure(queue)
    await broker.stop()
    await eventually(lambda: not transport.connected)
    with pytest.raises(TransportUnavailableError):
        await transport.peek(queue, 1)
    await broker.start()


async def test_rabbitmq_does_not_list_queues_without_its_management_api(rabbit, parties):
    rabbit.has_management = False
    transport = await parties.join(rabbit)
    with pytest.raises(TransportRefusedError, match="set ASYA_RABBITMQ_MANAGEMENT_URL"):
        await transport.queues("asya-")


async def test_more_queues_than_fit_on_a_page_are_all_listed(rabbit_alone, parties, monkeypatch):
    monkeypatch.setattr("asya_core.transports.rabbitmq.management.PAGE_SIZE", 2)
    transport = await parties.join(rabbit_alone)
    assert isinstance(transport, RabbitmqTransport)
    wanted = [f"asya-{number}" for number in range(5)]
    await asyncio.gather(*(transport.ensure(name) for name in wanted))

    async def lists() -> bool:
        return await transport.queues("asya-") == wanted

    await eventually(lists)


async def test_looking_costs_a_delivery_where_a_broker_can_not_look_otherwise(broker, parties, queue):
    transport = await parties.join(broker)
    await transport.ensure(queue)
    await send_all(transport, queue, [b"seen"])
    assert await transport.peek(queue, 1) == [b"seen"]
    inbox = Inbox()
    await transport.consume(queue, 1, inbox)
    assert (await inbox.take()).count == (2 if transport.name in ("rabbitmq", "sqs") else 1)
