import asyncio

import pytest

from asya_core.errors import LeaseLostError, MessageTooLargeError, QueueMissingError
from asya_core.transports import Depth, publish
from tests.transport.parties import Inbox, has_depth, send, send_all


async def test_a_confirmed_message_is_in_its_queue(broker, parties, queue):
    transport = await parties.join(broker)
    await transport.ensure(queue)
    await publish(transport, queue, b"hello")
    assert await transport.depth(queue) == Depth(ready=1, in_flight=0, delayed=0)


async def test_confirmation_never_comes_from_inside_the_call(broker, parties, queue):
    transport = await parties.join(broker)
    await transport.ensure(queue)
    good, bad = send(transport, queue, b"1"), send(transport, "no-such-queue", b"2")
    assert good.calls == bad.calls == []
    assert await good.wait() is None
    assert isinstance(await bad.wait(), QueueMissingError)


@pytest.mark.parametrize("name", ["no-such-queue", "no such queue", "no\r\nqueue", "a.b", "*", ">", "", "x" * 129])
async def test_publishing_to_a_queue_that_does_not_exist_fails(broker, parties, name):
    transport = await parties.join(broker)
    with pytest.raises(QueueMissingError):
        await publish(transport, name, b"lost?")


@pytest.mark.parametrize("delay", [0.0, 5.0])
async def test_publishing_to_a_deleted_queue_fails(broker, parties, queue, delay):
    transport = await parties.join(broker)
    await transport.ensure(queue)
    await transport.delete(queue)
    with pytest.raises(QueueMissingError):
        await publish(transport, queue, b"lost?", delay=delay)


@pytest.mark.parametrize("delay", [0.0, 5.0])
async def test_a_message_that_is_too_large_is_refused_and_harms_nobody_else(broker, parties, queue, delay):
    transport = await parties.join(broker)
    await transport.ensure(queue)
    before = send(transport, queue, b"before")
    with pytest.raises(MessageTooLargeError):
        await publish(transport, queue, bytes(broker.max_message_bytes + 1), delay=delay)
    await publish(transport, queue, b"after")
    assert await before.wait() is None
    assert transport.connected
    await has_depth(transport, queue, total=2)


BODIES = {
    "empty": b"",
    "line ends": b"\r\nMSG a 1 5\r\nhello\r\n\r\n",
    "every byte": bytes(range(256)),
    "large": bytes(range(256)) * 3600,
}


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES.keys())
@pytest.mark.parametrize("delay", [0.0, 0.1])
async def test_a_body_arrives_byte_for_byte(broker, parties, queue, body, delay):
    transport = await parties.join(broker)
    await transport.ensure(queue)
    await publish(transport, queue, body, delay=delay)
    inbox = Inbox()
    await transport.consume(queue, 1, inbox)
    assert (await inbox.take()).body == body


async def test_nothing_is_sent_for_a_delivery_whose_lease_has_ended(broker, parties, queue):
    transport = await parties.join(broker)
    await transport.ensure(queue)
    await publish(transport, queue, b"in")
    inbox = Inbox()
    await transport.consume(queue, 1, inbox)
    delivery = await inbox.take()
    assert await send(transport, queue, b"out", holding=delivery).wait() is None
    delivery.lease_until = 0.0
    assert isinstance(await send(transport, queue, b"never", holding=delivery).wait(), LeaseLostError)
    await has_depth(transport, queue, total=2)


async def test_thousands_of_messages_go_through_at_once_each_exactly_once(broker, parties, queue):
    number = 3000
    producer, worker = await parties.join(broker), await parties.join(broker)
    await producer.ensure(queue)
    seen: list[bytes] = []
    done = asyncio.Event()

    def deliver(delivery):
        seen.append(delivery.body)
        consumer.settle(delivery)
        if len(seen) == number:
            done.set()

    consumer = await worker.consume(queue, 100, deliver)
    bodies = [b"%d" % each for each in range(number)]
    await send_all(producer, queue, bodies)
    async with asyncio.timeout(60):
        await done.wait()
    await has_depth(producer, queue, total=0)
    assert sorted(seen) == sorted(bodies)
