import asyncio

import pytest

from asya_core.errors import LeaseLostError
from asya_core.transports import Depth, publish
from tests.transport.parties import Inbox, eventually, has_depth, send, send_all, shows_depth


async def test_a_settled_message_leaves_its_queue(broker, parties, queue):
    transport, inbox = await parties.join(broker), Inbox()
    await transport.ensure(queue)
    await publish(transport, queue, b"work")
    consumer = await transport.consume(queue, 1, inbox)
    delivery = await inbox.take()
    await shows_depth(transport, queue, Depth(ready=0, in_flight=1, delayed=0))
    consumer.settle(delivery)
    await has_depth(transport, queue, total=0)


async def test_settling_twice_does_nothing_more(broker, parties, queue):
    transport, inbox = await parties.join(broker), Inbox()
    await transport.ensure(queue)
    await send_all(transport, queue, [b"1", b"2", b"3"])
    consumer = await transport.consume(queue, 1, inbox)
    first = await inbox.take()
    consumer.settle(first)
    consumer.settle(first)
    consumer.release(first)
    second = await inbox.take()
    await inbox.stays_empty(0.3)
    consumer.settle(second)
    consumer.settle(await inbox.take())
    await has_depth(transport, queue, total=0)
    assert inbox.total == 3


async def test_a_first_delivery_counts_one_and_has_a_name(broker, parties, queue):
    transport, inbox = await parties.join(broker), Inbox()
    await transport.ensure(queue)
    await send_all(transport, queue, [b"1", b"2"])
    await transport.consume(queue, 2, inbox)
    deliveries = await inbox.take_many(2)
    assert [each.count for each in deliveries] == [1, 1]
    assert len({each.message_id for each in deliveries}) == 2


async def test_a_released_message_goes_to_another_consumer_at_once(broker, parties, queue):
    giver, taker = await parties.join(broker), await parties.join(broker)
    given, taken = Inbox(), Inbox()
    await giver.ensure(queue)
    await publish(giver, queue, b"work")
    giving = await giver.consume(queue, 1, given)
    delivery = await given.take()
    taking = await taker.consume(queue, 1, taken)
    giving.resize(0)
    giving.release(delivery)
    again = await taken.take(within=3)
    assert (again.body, again.count, again.message_id) == (b"work", 2, delivery.message_id)
    taking.settle(again)
    await has_depth(giver, queue, total=0)


async def test_releases_are_counted(broker, parties, queue):
    transport, inbox = await parties.join(broker), Inbox()
    await transport.ensure(queue)
    await publish(transport, queue, b"work")
    consumer = await transport.consume(queue, 1, inbox)
    for expected in range(1, 5):
        delivery = await inbox.take()
        assert delivery.count == expected
        consumer.release(delivery)


async def test_two_consumers_share_the_work(broker, parties, queue):
    number = 200
    left, right = await parties.join(broker), await parties.join(broker)
    await left.ensure(queue)
    seen: dict[str, list[bytes]] = {"left": [], "right": []}
    done = asyncio.Event()

    async def work(name, transport):
        def deliver(delivery):
            seen[name].append(delivery.body)
            asyncio.get_running_loop().call_later(0.01, consumer.settle, delivery)
            if len(seen["left"]) + len(seen["right"]) == number:
                done.set()

        consumer = await transport.consume(queue, 5, deliver)

    await work("left", left)
    await work("right", right)
    bodies = [b"%d" % each for each in range(number)]
    await send_all(left, queue, bodies)
    async with asyncio.timeout(20):
        await done.wait()
    assert sorted(seen["left"] + seen["right"]) == sorted(bodies)
    assert min(len(seen["left"]), len(seen["right"])) > number / 10
    await has_depth(left, queue, total=0)


async def test_a_stopped_consumer_takes_nothing_more_and_can_settle_what_it_has(broker, parties, queue):
    first, second = await parties.join(broker), await parties.join(broker)
    had, rest = Inbox(), Inbox()
    await first.ensure(queue)
    await send_all(first, queue, [b"1", b"2", b"3", b"4"])
    stopping = await first.consume(queue, 2, had)
    in_hand = await had.take_many(2)
    await stopping.stop()
    assert not stopping.consuming
    for delivery in in_hand:
        stopping.settle(delivery)
    await send_all(first, queue, [b"5"])
    working = await second.consume(queue, 5, rest)
    for delivery in await rest.take_many(3):
        working.settle(delivery)
    await has_depth(first, queue, total=0)
    assert had.total == 2


async def test_what_arrives_while_a_consumer_stops_is_not_kept_from_others(broker, parties, queue):
    number = 300
    producer, first, second = [await parties.join(broker) for _ in range(3)]
    had, rest = Inbox(), Inbox()
    await producer.ensure(queue)
    stopping = await first.consume(queue, 100, had)
    sending = asyncio.create_task(send_all(producer, queue, [b"%d" % each for each in range(number)]))
    await had.take()
    await stopping.stop()
    at_stop = had.total
    await sending
    working = await second.consume(queue, number, rest)
    for delivery in await rest.take_many(number - at_stop, within=5):
        working.settle(delivery)
    assert had.total == at_stop


async def test_closing_gives_back_what_is_in_hand(broker, parties, queue):
    leaving, staying = broker.transport(), await parties.join(broker)
    had, rest = Inbox(), Inbox()
    await leaving.connect()
    await leaving.ensure(queue)
    await send_all(leaving, queue, [b"1", b"2"])
    await leaving.consume(queue, 2, had)
    await had.take_many(2)
    await leaving.close()
    await staying.consume(queue, 2, rest)
    again = await rest.take_many(2, within=5)
    assert sorted(each.body for each in again) == [b"1", b"2"]


async def test_closing_flushes_acknowledgements(broker, parties, queue):
    leaving, staying = broker.transport(), await parties.join(broker)
    inbox = Inbox()
    await leaving.connect()
    await leaving.ensure(queue)
    await send_all(leaving, queue, [b"%d" % each for each in range(50)])
    consumer = await leaving.consume(queue, 50, inbox)
    for delivery in await inbox.take_many(50):
        consumer.settle(delivery)
    await leaving.close()

    async def is_empty():
        return (await staying.depth(queue)).total == 0

    await eventually(is_empty, within=2)


@pytest.mark.parametrize(("answer", "left"), [("settle", 0), ("release", 1)])
async def test_nothing_is_published_for_what_is_settled_or_given_back(broker, parties, queue, answer, left):
    transport, inbox = await parties.join(broker), Inbox()
    await transport.ensure(queue)
    await publish(transport, queue, b"in")
    consumer = await transport.consume(queue, 1, inbox)
    delivery = await inbox.take()
    consumer.resize(0)
    getattr(consumer, answer)(delivery)
    assert delivery.is_lost
    assert isinstance(await send(transport, queue, b"never", holding=delivery).wait(), LeaseLostError)
    await has_depth(transport, queue, total=left)
