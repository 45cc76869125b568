"""What only RabbitMQ does, or only to its clients."""

import asyncio
import random

import pytest

from asya_core.errors import LeaseLostError, TransportUnavailableError
from asya_core.transports import publish
from tests.transport.parties import Inbox, consuming, eventually, has_depth, send, send_all

REBUILT_WITHIN = 10.0


@pytest.fixture
async def full(rabbitmq_server):
    """Give a function that makes the server take nothing more, and one that ends this."""

    async def limit_memory(share, *, alarm):
        await asyncio.to_thread(rabbitmq_server.evaluate, f"vm_memory_monitor:set_vm_memory_high_watermark({share})")

        async def is_known():
            alarms = await asyncio.to_thread(rabbitmq_server.evaluate, "rabbit_alarm:get_alarms()")
            return (alarms != "[]") is alarm

        await eventually(is_known)

    async def block():
        await limit_memory("0.00001", alarm=True)

    async def free():
        await limit_memory("0.4", alarm=False)

    yield block, free
    await free()


async def test_a_blocked_broker_holds_publishes_and_pauses_consumers_until_it_is_free(
    rabbit_network, parties, queue, full
):
    block, free = full
    transport, inbox = await parties.join(rabbit_network), Inbox()
    await transport.ensure(queue)
    consumer = await transport.consume(queue, 5, inbox)
    await consuming(consumer)
    await block()
    held = send(transport, queue, b"held")
    await eventually(lambda: not consumer.consuming)
    assert transport.connected
    refused = await send(transport, queue, b"refused").wait()
    assert isinstance(refused, TransportUnavailableError)
    assert "RabbitMQ takes nothing now: low on memory; nothing was sent" in str(refused)
    with pytest.raises(TransportUnavailableError, match="low on memory"):
        await transport.depth(queue)
    assert held.calls == []
    await free()
    assert await held.wait() is None
    await consuming(consumer)
    delivery = await inbox.take()
    assert (delivery.body, delivery.count) == (b"held", 1)
    consumer.settle(delivery)
    await publish(transport, queue, b"after")
    assert (await inbox.take()).body == b"after"


async def test_a_process_can_end_while_the_broker_is_blocked(rabbit_network, queue, full):
    block, free = full
    transport = rabbit_network.transport()
    await transport.connect()
    await transport.ensure(queue)
    consumer = await transport.consume(queue, 5, Inbox())
    await consuming(consumer)
    await block()
    outcome = send(transport, queue, b"held")
    await eventually(lambda: not consumer.consuming)
    async with asyncio.timeout(10):
        await transport.close()
    assert isinstance(await outcome.wait(), TransportUnavailableError)
    await free()


async def test_a_delivery_of_a_lost_connection_is_fenced_and_comes_again(rabbit_network, parties, queue):
    transport, inbox = await parties.join(rabbit_network), Inbox()
    await transport.ensure(queue)
    consumer = await transport.consume(queue, 2, inbox)
    await publish(transport, queue, b"work")
    lost = await inbox.take()
    assert await send(transport, queue, b"ours", holding=lost).wait() is None
    consumer.settle(await inbox.take())
    await has_depth(transport, queue, total=1)
    rabbit_network.sever()
    await consuming_again(transport, consumer)
    again = await inbox.take()
    assert (again.body, again.count, again.message_id) == (b"work", 2, lost.message_id)
    assert lost.is_lost
    assert isinstance(await send(transport, queue, b"not ours", holding=lost).wait(), LeaseLostError)
    with pytest.raises(LeaseLostError):
        await consumer.extend(lost)
    consumer.settle(lost)
    await consumer.extend(again)
    consumer.settle(again)
    await has_depth(transport, queue, total=0)
    assert inbox.total == 3


async def consuming_again(transport, consumer):
    await eventually(lambda: not transport.connected)
    assert await consuming(consumer) < REBUILT_WITHIN


async def test_a_channel_that_the_server_closes_is_replaced(rabbit, rabbitmq_server, parties, queue):
    await asyncio.to_thread(rabbitmq_server.evaluate, "application:set_env(rabbit, consumer_timeout, 500)")
    try:
        transport, inbox = await parties.join(rabbit), Inbox()
        await transport.ensure(queue)
        consumer = await transport.consume(queue, 1, inbox)
        await consuming(consumer)
    finally:
        await asyncio.to_thread(rabbitmq_server.evaluate, "application:set_env(rabbit, consumer_timeout, 1800000)")
    await publish(transport, queue, b"long work")
    late = await inbox.take()
    await eventually(lambda: late.is_lost)
    assert transport.connected
    consumer.settle(late)
    again = await inbox.take()
    assert (again.body, again.count) == (b"long work", 2)
    assert isinstance(await send(transport, queue, b"out", holding=late).wait(), LeaseLostError)
    consumer.settle(again)
    await publish(transport, queue, b"next")
    assert (await inbox.take()).body == b"next"


async def test_a_connection_that_the_server_closes_is_replaced(rabbit, rabbitmq_server, parties, queue):
    transport, inbox = await parties.join(rabbit), Inbox()
    await transport.ensure(queue)
    consumer = await transport.consume(queue, 1, inbox)
    await consuming(consumer)
    await asyncio.gather(asyncio.to_thread(rabbitmq_server.close_connections), consuming_again(transport, consumer))
    await publish(transport, queue, b"work")
    assert (await inbox.take()).body == b"work"


async def test_deliveries_can_be_settled_in_any_order(rabbit, parties, queue):
    number = 600
    transport, chance, done = await parties.join(rabbit), random.Random(4), asyncio.Event()
    await transport.ensure(queue)
    settled = []

    def finish(delivery):
        consumer.settle(delivery)
        settled.append(delivery.body)
        if len(settled) == number:
            done.set()

    def deliver(delivery):
        assert delivery.count == 1
        asyncio.get_running_loop().call_later(chance.random() / 50, finish, delivery)

    consumer = await transport.consume(queue, 100, deliver)
    await send_all(transport, queue, [b"%d" % each for each in range(number)])
    async with asyncio.timeout(20):
        await done.wait()
    await has_depth(transport, queue, total=0)
    assert len(set(settled)) == number
    assert consumer.consuming


async def test_places_can_change_all_the_time_without_losing_or_exceeding_them(rabbit, parties, queue):
    number = 1500
    transport, chance, done = await parties.join(rabbit), random.Random(4), asyncio.Event()
    await transport.ensure(queue)
    settled, in_hand, allowed = set(), 0, 40

    def finish(delivery):
        nonlocal in_hand
        in_hand -= 1
        consumer.settle(delivery)
        settled.add(delivery.body)
        if len(settled) % 20 == 0:
            consumer.resize(chance.choice([1, 2, 7, 40]))
        if len(settled) == number:
            done.set()

    def deliver(delivery):
        nonlocal in_hand
        in_hand += 1
        assert in_hand <= allowed
        asyncio.get_running_loop().call_later(chance.random() / 200, finish, delivery)

    consumer = await transport.consume(queue, 1, deliver)
    await consuming(consumer)
    channel = consumer._channel
    await send_all(transport, queue, [b"%d" % each for each in range(number)])
    async with asyncio.timeout(40):
        await done.wait()
    await has_depth(transport, queue, total=0)
    assert consumer._channel is channel


async def test_places_that_change_at_once_do_not_end_the_connection(rabbit, parties, queue):
    transport, inbox = await parties.join(rabbit), Inbox()
    await transport.ensure(queue)
    consumer = await transport.consume(queue, 0, inbox)
    await consuming(consumer)
    channel = consumer._channel
    for turn in range(20):
        for places in (1, 5, 2, 50, 0, 3):
            consumer.resize(places)
        await publish(transport, queue, b"%d" % turn)
        consumer.settle(await inbox.take())
    assert consumer._channel is channel
    await consumer.stop()
    consumer.resize(5)
    await publish(transport, queue, b"left")
    await inbox.stays_empty(0.3)


async def test_a_message_is_delivered_more_often_than_the_default_limit_of_20(rabbit, parties, queue):
    transport, inbox = await parties.join(rabbit), Inbox()
    await transport.ensure(queue)
    await publish(transport, queue, b"work")
    consumer = await transport.consume(queue, 1, inbox)
    for expected in range(1, 26):
        delivery = await inbox.take()
        assert delivery.count == expected
        consumer.release(delivery)


async def test_a_queue_that_is_full_refuses_and_takes_again_what_has_room(
    rabbit_alone, rabbitmq_server, parties, queue
):
    transport, inbox = await parties.join(rabbit_alone), Inbox()
    await transport.ensure(queue)
    limit = {
        "pattern": f"^{queue}$",
        "apply-to": "queues",
        "definition": {"max-length": 2, "overflow": "reject-publish"},
    }
    policy = f"policies/{rabbit_alone.vhost}/small"
    await asyncio.to_thread(rabbitmq_server.call, "PUT", policy, limit)

    async def is_refused():
        error = await send(transport, queue, b"more").wait()
        assert error is None or isinstance(error, TransportUnavailableError)
        return error is not None and "refused the message; it may be full" in str(error)

    await eventually(is_refused)
    stored = (await transport.depth(queue)).ready
    consumer = await transport.consume(queue, stored, inbox)
    for delivery in await inbox.take_many(stored):
        consumer.settle(delivery)

    async def is_taken():
        return await send(transport, queue, b"more").wait() is None

    await eventually(is_taken)


async def test_everything_goes_over_one_connection(rabbit, rabbitmq_server, parties, queue):
    count = "length(rabbit_networking:connections_local())"
    before = int(await asyncio.to_thread(rabbitmq_server.evaluate, count))
    transport, inbox = await parties.join(rabbit), Inbox()
    await transport.ensure(queue)
    consumer = await transport.consume(queue, 2, inbox)
    await send_all(transport, queue, [b"small", bytes(500_000)])
    await send_all(transport, queue, [b"later"], delay=0.1)
    delivery = await inbox.take()
    assert await send(transport, queue, b"out", holding=delivery).wait() is None
    consumer.settle(delivery)
    assert int(await asyncio.to_thread(rabbitmq_server.evaluate, count)) == before + 1
