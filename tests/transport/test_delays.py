from time import monotonic

import pytest

from asya_core.transports import Depth, publish
from tests.transport.parties import Inbox, has_depth, send_all, shows_depth


@pytest.mark.parametrize("delay", [0.3, 1.2])
async def test_a_delayed_message_arrives_neither_before_nor_long_after_its_time(broker, parties, queue, delay):
    transport, inbox = await parties.join(broker), Inbox()
    await transport.ensure(queue)
    consumer = await transport.consume(queue, 1, inbox)
    begin = monotonic()
    await publish(transport, queue, b"later", delay=delay)
    delivery = await inbox.take()
    took = monotonic() - begin
    assert delay <= took <= delay + broker.late_seconds
    assert (delivery.body, delivery.count) == (b"later", 1)
    consumer.settle(delivery)
    await has_depth(transport, queue, total=0)


async def test_a_delayed_message_is_counted_as_such_until_it_is_ready(broker, parties, queue):
    transport = await parties.join(broker)
    await transport.ensure(queue)
    await publish(transport, queue, b"now")
    await publish(transport, queue, b"soon", delay=0.5)
    await publish(transport, queue, b"much later", delay=3600)
    waiting = 1 if broker.counts_delayed else 0
    assert await transport.depth(queue) == Depth(ready=1, in_flight=0, delayed=2 * waiting)
    inbox = Inbox()
    consumer = await transport.consume(queue, 5, inbox)
    consumer.settle(await inbox.take())
    consumer.settle(await inbox.take())
    await has_depth(transport, queue, total=waiting)
    await shows_depth(transport, queue, Depth(ready=0, in_flight=0, delayed=waiting))


async def test_equal_messages_with_equal_delays_all_arrive(broker, parties, queue):
    transport, other, inbox = await parties.join(broker), await parties.join(broker), Inbox()
    await transport.ensure(queue)
    consumer = await transport.consume(queue, 100, inbox)
    await send_all(transport, queue, [b"same"] * 50, delay=0.4)
    await send_all(other, queue, [b"same"] * 50, delay=0.4)
    for delivery in await inbox.take_many(100):
        consumer.settle(delivery)
    await has_depth(transport, queue, total=0)
    assert inbox.total == 100


async def test_messages_arrive_by_their_time_and_not_by_their_sending(broker, parties, queue):
    transport, inbox = await parties.join(broker), Inbox()
    await transport.ensure(queue)
    await transport.consume(queue, 5, inbox)
    await publish(transport, queue, b"third", delay=1.6)
    await publish(transport, queue, b"second", delay=0.8)
    await publish(transport, queue, b"first")
    assert [(await inbox.take()).body for _ in range(3)] == [b"first", b"second", b"third"]
