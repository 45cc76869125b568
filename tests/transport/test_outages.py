import asyncio
from time import monotonic

import pytest

from asya_core.errors import LeaseLostError, QueueMissingError, TransportUnavailableError
from asya_core.transports import publish
from tests.transport.parties import Inbox, consuming, eventually, has_depth, send, send_all


async def test_messages_and_delays_outlive_the_broker_and_the_consumer_resumes(broker, parties, queue):
    transport, inbox = await parties.join(broker), Inbox()
    await transport.ensure(queue)
    consumer = await transport.consume(queue, 2, inbox)
    await send_all(transport, queue, [b"1", b"2", b"3", b"4", b"5"])
    in_hand = await inbox.take_many(2)
    begin = monotonic()
    await publish(transport, queue, b"due while it is away", delay=0.1)
    await publish(transport, queue, b"due later", delay=2.0)
    await broker.die()
    await eventually(lambda: not consumer.consuming)
    await broker.start()
    await consuming(consumer)
    for delivery in in_hand:
        consumer.settle(delivery)
    seen = {each.body: monotonic() for each in in_hand}
    while len(seen) < 7:  # a broker that died may give what was in hand once more
        delivery = await inbox.take()
        seen[delivery.body] = monotonic()
        consumer.settle(delivery)
    assert set(seen) == {b"1", b"2", b"3", b"4", b"5", b"due while it is away", b"due later"}
    assert seen[b"due later"] - begin >= 2.0
    await has_depth(transport, queue, total=0)


async def test_during_an_outage_everything_says_so(broker, parties, queue):
    transport, inbox = await parties.join(broker), Inbox()
    await transport.ensure(queue)
    await publish(transport, queue, b"in hand")
    consumer = await transport.consume(queue, 1, inbox)
    delivery = await inbox.take()
    await broker.stop()
    await eventually(lambda: not transport.connected)
    assert not consumer.consuming
    with pytest.raises(TransportUnavailableError if broker.has_leases else LeaseLostError):
        await consumer.extend(delivery)
    assert isinstance(await send(transport, queue, b"lost").wait(), TransportUnavailableError)
    for call in (transport.ensure, transport.delete, transport.depth):
        with pytest.raises(TransportUnavailableError):
            await call(queue)
    await broker.start()
    await eventually(lambda: transport.connected)
    await publish(transport, queue, b"stored")
    await has_depth(transport, queue, total=2)


async def test_nothing_that_was_confirmed_is_lost_when_the_broker_dies(broker, parties, queue):
    transport, inbox = await parties.join(broker), Inbox()
    await transport.ensure(queue)
    outcomes = {b"%d" % each: send(transport, queue, b"%d" % each) for each in range(2000)}
    await outcomes[b"100"].wait()
    await broker.die()
    results = {body: await outcome.wait(15) for body, outcome in outcomes.items()}
    confirmed = {body for body, error in results.items() if error is None}
    await broker.start()
    await eventually(lambda: transport.connected)
    consumer = await transport.consume(queue, 3000, inbox)
    missing = set(confirmed)
    while missing:  # a count that the broker gives so soon after its start may be short
        delivery = await inbox.take()
        consumer.settle(delivery)
        missing.discard(delivery.body)
    assert {type(each) for each in results.values()} <= {type(None), TransportUnavailableError}
    assert all(len(outcome.calls) == 1 for outcome in outcomes.values())


async def test_connecting_waits_for_the_broker(real_broker, parties, queue):
    await real_broker.stop()
    joining = asyncio.create_task(parties.join(real_broker, within=60))  # a broker may take long to start
    done, _ = await asyncio.wait([joining], timeout=0.5)
    assert not done
    await real_broker.start()
    transport = await joining
    assert transport.connected
    assert await transport.ensure(queue) == "made"


async def test_waiting_for_the_broker_can_be_given_up(real_broker):
    await real_broker.stop()
    transport = real_broker.transport()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.5):
            await transport.connect()
    await transport.close()
    assert not transport.connected


async def test_a_consumer_that_the_broker_forgot_comes_back_once_it_can(forgetful_broker, parties, queue):
    transport, inbox = await parties.join(forgetful_broker), Inbox()
    await transport.ensure(queue)
    consumer = await transport.consume(queue, 1, inbox)
    await send_all(transport, queue, [b"1", b"2"])
    in_hand = await inbox.take()
    await forgetful_broker.drop_consumers(queue)
    await eventually(lambda: not consumer.consuming)
    await transport.ensure(queue)
    await consuming(consumer)
    consumer.settle(in_hand)
    seen = [await inbox.take()]
    consumer.settle(seen[0])
    seen.append(await inbox.take())
    consumer.settle(seen[1])
    assert sorted(each.body for each in seen) == [b"1", b"2"]
    await has_depth(transport, queue, total=0)


async def test_a_consumer_comes_back_when_its_queue_does(broker, parties, queue):
    transport, other, inbox = await parties.join(broker), await parties.join(broker), Inbox()
    await transport.ensure(queue)
    consumer = await transport.consume(queue, 5, inbox)
    await publish(transport, queue, b"before")
    consumer.settle(await inbox.take())
    await other.delete(queue)
    await eventually(lambda: not consumer.consuming)
    with pytest.raises(QueueMissingError):
        await transport.depth(queue)
    await other.ensure(queue)
    await consuming(consumer)
    await publish(other, queue, b"after")
    assert (await inbox.take()).body == b"after"


@pytest.mark.parametrize("noticed", [True, False], ids=["noticed", "unnoticed"])
async def test_a_delivery_of_a_deleted_queue_is_not_mistaken_for_one_of_the_new_queue(broker, parties, queue, noticed):
    transport, other, inbox = await parties.join(broker), await parties.join(broker), Inbox()
    await transport.ensure(queue)
    consumer = await transport.consume(queue, 2, inbox)
    await publish(transport, queue, b"old")
    old = await inbox.take()
    await other.delete(queue)
    if noticed:
        await eventually(lambda: not consumer.consuming)
    await other.ensure(queue)
    await publish(other, queue, b"new")
    consumer.settle(old)
    assert (await inbox.take()).body == b"new"
    await has_depth(transport, queue, total=1)
    with pytest.raises(LeaseLostError):
        await consumer.extend(old)
