import asyncio

import pytest

from asya_core.errors import LeaseLostError
from asya_core.transports import publish
from asya_core.transports.base import lease_clock
from tests.transport.parties import Inbox, has_depth, send_all

LEASE = 1.0


async def held(broker, parties, queue):
    """Return a transport, its consumer, the inbox and one message in hand, with a short lease."""
    transport, inbox = await parties.join(broker, lease_seconds=LEASE), Inbox()
    await transport.ensure(queue)
    await publish(transport, queue, b"work")
    consumer = await transport.consume(queue, 1, inbox)
    return transport, consumer, inbox, await inbox.take()


async def test_a_delivery_tells_until_when_it_is_ours(leasing_broker, parties, queue):
    _, _, _, delivery = await held(leasing_broker, parties, queue)
    assert LEASE / 2 < delivery.lease_until - lease_clock() <= LEASE
    assert not delivery.is_lost


async def test_what_is_not_settled_within_its_lease_is_delivered_again(leasing_broker, parties, queue):
    transport, _, _, first = await held(leasing_broker, parties, queue)
    inbox = Inbox()
    consumer = await transport.consume(queue, 1, inbox)
    await inbox.stays_empty(LEASE / 3)
    again = await inbox.take(within=LEASE + 3)
    assert (again.body, again.count, again.message_id) == (b"work", 2, first.message_id)
    assert first.is_lost
    consumer.settle(again)
    await has_depth(transport, queue, total=0)


async def test_an_extended_lease_keeps_the_delivery_ours(leasing_broker, parties, queue):
    transport, consumer, _, delivery = await held(leasing_broker, parties, queue)
    other = Inbox()
    await transport.consume(queue, 1, other)
    until = delivery.lease_until
    for _ in range(5):
        await other.stays_empty(LEASE / 2)
        await consumer.extend(delivery)
        assert delivery.lease_until > until
        until = delivery.lease_until
    consumer.settle(delivery)
    await has_depth(transport, queue, total=0)
    assert other.total == 0


async def test_a_lease_that_ended_can_not_be_extended(leasing_broker, parties, queue):
    transport, consumer, _, delivery = await held(leasing_broker, parties, queue)
    inbox = Inbox()
    await transport.consume(queue, 1, inbox)
    await inbox.take(within=LEASE + 3)
    with pytest.raises(LeaseLostError):
        await consumer.extend(delivery)


async def test_a_settled_delivery_can_not_be_extended(leasing_broker, parties, queue):
    _, consumer, _, delivery = await held(leasing_broker, parties, queue)
    consumer.settle(delivery)
    with pytest.raises(LeaseLostError):
        await consumer.extend(delivery)


@pytest.mark.parametrize("answer", ["settle", "release"])
async def test_answering_after_the_lease_only_frees_the_place(leasing_broker, parties, queue, answer):
    transport, consumer, inbox, late = await held(leasing_broker, parties, queue)
    other = Inbox()
    working = await transport.consume(queue, 1, other)
    again = await other.take(within=LEASE + 3)
    getattr(consumer, answer)(late)
    await working.extend(again)
    await send_all(transport, queue, [b"next"])
    following = await inbox.take()
    assert (following.body, following.count) == (b"next", 1)
    assert (await transport.depth(queue)).total == 2
    consumer.settle(following)
    working.settle(again)
    await has_depth(transport, queue, total=0)


async def test_many_leases_are_extended_at_once(leasing_broker, parties, queue):
    transport, inbox = await parties.join(leasing_broker, lease_seconds=2 * LEASE), Inbox()
    await transport.ensure(queue)
    await send_all(transport, queue, [b"%d" % each for each in range(100)])
    consumer = await transport.consume(queue, 100, inbox)
    deliveries = await inbox.take_many(100)
    for _ in range(4):
        await inbox.stays_empty(LEASE * 2 / 3)
        await asyncio.gather(*(consumer.extend(each) for each in deliveries))
    assert inbox.total == 100
    for delivery in deliveries:
        consumer.settle(delivery)
    await has_depth(transport, queue, total=0)
