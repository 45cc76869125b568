import asyncio

import pytest

from asya_core.transports import Depth
from tests.transport.parties import Inbox, has_depth, send_all, shows_depth


async def filled(broker, parties, queue, number):
    transport = await parties.join(broker)
    await transport.ensure(queue)
    await send_all(transport, queue, [b"%d" % each for each in range(number)])
    return transport


@pytest.mark.parametrize("prefetch", [1, 3, 50])
async def test_no_more_than_prefetch_are_ever_in_hand(broker, parties, queue, prefetch):
    number = 60
    transport = await filled(broker, parties, queue, number)
    in_hand, most, settled = 0, 0, 0
    held = []
    done = asyncio.Event()

    def finish(delivery):
        nonlocal in_hand, settled
        in_hand -= 1
        settled += 1
        consumer.settle(delivery)
        if settled == number:
            done.set()

    def deliver(delivery):
        nonlocal in_hand, most
        in_hand += 1
        most = max(most, in_hand)
        held.append(delivery)
        while most == prefetch and held:  # once all places were taken, however slowly a broker fills them
            each = held.pop()
            asyncio.get_running_loop().call_later(0.002 * (int(each.body) % 5), finish, each)

    consumer = await transport.consume(queue, prefetch, deliver)
    async with asyncio.timeout(20):
        await done.wait()
    assert most == prefetch


async def test_the_broker_keeps_what_there_is_no_place_for(broker, parties, queue):
    transport, inbox = await filled(broker, parties, queue, 10), Inbox()
    await transport.consume(queue, 4, inbox)
    await inbox.take_many(4)
    await inbox.stays_empty(0.3)
    await shows_depth(transport, queue, Depth(ready=6, in_flight=4, delayed=0))


async def test_every_freed_place_is_filled_again(broker, parties, queue):
    transport, inbox = await filled(broker, parties, queue, 10), Inbox()
    consumer = await transport.consume(queue, 4, inbox)
    in_hand = await inbox.take_many(4)
    consumer.settle(in_hand.pop())
    await inbox.take()
    consumer.settle(in_hand.pop())
    consumer.settle(in_hand.pop())
    await inbox.take_many(2)
    await inbox.stays_empty(0.3)


async def test_more_places_bring_more_messages(broker, parties, queue):
    transport, inbox = await filled(broker, parties, queue, 10), Inbox()
    consumer = await transport.consume(queue, 2, inbox)
    await inbox.take_many(2)
    consumer.resize(7)
    await inbox.take_many(5)
    await inbox.stays_empty(0.3)


async def test_fewer_places_count_from_the_next_message_on(broker, parties, queue):
    transport, inbox = await filled(broker, parties, queue, 10), Inbox()
    consumer = await transport.consume(queue, 4, inbox)
    in_hand = await inbox.take_many(4)
    consumer.resize(2)
    consumer.settle(in_hand.pop())
    consumer.settle(in_hand.pop())
    await inbox.stays_empty(0.3)
    consumer.settle(in_hand.pop())
    await inbox.take()
    await inbox.stays_empty(0.3)


async def test_fewer_places_count_also_for_what_was_asked_for_before(broker, parties, queue):
    transport, inbox = await parties.join(broker), Inbox()
    await transport.ensure(queue)
    consumer = await transport.consume(queue, 50, inbox)
    await send_all(transport, queue, [b"first"])
    await inbox.take()
    consumer.resize(3)
    await send_all(transport, queue, [b"%d" % each for each in range(20)])
    await inbox.take_many(2)
    await inbox.stays_empty(0.3)


async def test_without_places_nothing_comes_until_there_are_some(broker, parties, queue):
    transport, inbox = await filled(broker, parties, queue, 3), Inbox()
    consumer = await transport.consume(queue, 0, inbox)
    await inbox.stays_empty(0.3)
    consumer.resize(1)
    delivery = await inbox.take()
    consumer.resize(0)
    consumer.settle(delivery)
    await inbox.stays_empty(0.3)
    consumer.resize(2)
    for delivery in await inbox.take_many(2):
        consumer.settle(delivery)
    await has_depth(transport, queue, total=0)


async def test_a_paused_consumer_does_not_keep_messages_from_others(broker, parties, queue):
    transport, other = await parties.join(broker), await parties.join(broker)
    pausing, working = Inbox(), Inbox()
    await transport.ensure(queue)
    consumer = await transport.consume(queue, 10, pausing)
    await send_all(transport, queue, [b"first"])
    consumer.settle(await pausing.take())
    consumer.resize(0)
    await other.consume(queue, 10, working)
    await send_all(transport, queue, [b"%d" % each for each in range(5)])
    assert {each.count for each in await working.take_many(5, within=5)} <= {1, 2}
    assert pausing.total == 1
