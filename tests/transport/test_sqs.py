"""What only SQS can do or refuse; `EMULATORS.md` lists where moto would let a mistake of ours pass."""

import asyncio
import time
from collections import Counter

import pytest

from asya_core.errors import (
    LeaseLostError,
    MessageTooLargeError,
)
from asya_core.transports import Depth, publish
from asya_core.transports.base import lease_clock
from asya_core.transports.sqs.link import Link
from asya_core.transports.sqs.transport import SqsTransport
from tests.transport.parties import Inbox, consuming, eventually, has_depth, send, send_all, shows_depth

TIMES_STOPPED = 40
"""`make chaos` stops whole sidecars, and more often."""


@pytest.fixture
def calls(monkeypatch):
    """Count the calls to SQS by their names."""
    counted = Counter()
    call = Link.call

    async def count(link, operation, *arguments, **parameters):
        counted[operation] += 1
        return await call(link, operation, *arguments, **parameters)

    monkeypatch.setattr(Link, "call", count)
    return counted


async def test_at_full_load_a_message_costs_about_a_third_of_a_call(joined, queue, calls):
    number = 500
    transport = await joined()
    await transport.ensure(queue)
    await transport.ensure(f"{queue}-out")
    await send_all(transport, queue, [b"%d" % each for each in range(number)])
    calls.clear()
    done = asyncio.Event()
    left = number

    def deliver(delivery):
        def confirmed(error):
            nonlocal left
            assert error is None
            consumer.settle(delivery)
            left -= 1
            if not left:
                done.set()

        transport.publish(f"{queue}-out", delivery.body, confirmed, holding=delivery)

    consumer = await transport.consume(queue, 100, deliver)
    async with asyncio.timeout(60):
        await done.wait()
    await has_depth(transport, queue, total=0)
    passed_on = sum(calls[name] for name in ("ReceiveMessage", "SendMessageBatch", "DeleteMessageBatch"))
    assert passed_on / number <= 0.35


async def test_a_lone_message_is_sent_at_once(joined, queue, calls):
    transport = await joined()
    await transport.ensure(queue)
    send(transport, queue, b"alone")
    await eventually(lambda: calls["SendMessageBatch"] == 1, within=1)


async def test_one_message_that_a_queue_finds_too_large_costs_the_others_of_its_call_nothing(sqs, joined, queue):
    transport = await joined()
    await sqs.call("CreateQueue", QueueName=queue, Attributes={"MaximumMessageSize": "1024"})
    outcomes = [send(transport, queue, b"x" * size) for size in (10, 2000, 20)]
    errors = [await outcome.wait() for outcome in outcomes]
    assert [type(error) for error in errors] == [type(None), MessageTooLargeError, type(None)]
    await has_depth(transport, queue, total=2)


async def test_a_message_of_another_producer_is_taken_with_attributes_or_without(sqs, joined, queue):
    transport, inbox = await joined(), Inbox()
    await transport.ensure(queue)
    url = await sqs.url(queue)
    attributes = {f"a{each}": {"DataType": "String", "StringValue": "b"} for each in range(10)}
    await sqs.call("SendMessage", QueueUrl=url, MessageBody="with", MessageAttributes=attributes)
    await sqs.call("SendMessage", QueueUrl=url, MessageBody="without")
    await transport.consume(queue, 2, inbox)
    assert sorted(each.body for each in await inbox.take_many(2)) == [b"with", b"without"]


async def test_a_time_that_none_of_us_would_write_delays_nothing(sqs, joined, queue):
    transport, inbox = await joined(), Inbox()
    await transport.ensure(queue)
    url = await sqs.url(queue)
    times = [f"{time.time() + 15 * 24 * 3600}", "1e300", "inf", "-inf", "nan", "soon"]
    entries = [
        {"Id": f"{each}", "MessageBody": due, "MessageAttributes": {"asya.due": {"DataType": kind, "StringValue": due}}}
        for each, (due, kind) in enumerate(zip(times, ["Number", *["String"] * 5], strict=True))
    ]
    await sqs.call("SendMessageBatch", QueueUrl=url, Entries=entries)
    await transport.consume(queue, 10, inbox)
    assert sorted(each.body.decode() for each in await inbox.take_many(len(times))) == sorted(times)


async def test_a_long_delay_is_made_of_shorter_ones_and_never_ends_early(joined, queue, calls):
    transport, inbox = await joined(longest_delay=1), Inbox()
    await transport.ensure(queue)
    consumer = await transport.consume(queue, 5, inbox)
    begin = time.time()
    await publish(transport, queue, b"\xff later", delay=2.6)
    delivery = await inbox.take()
    assert time.time() - begin >= 2.6
    assert (delivery.body, delivery.count) == (b"\xff later", 1)
    assert calls["SendMessageBatch"] >= 2
    consumer.settle(delivery)
    await has_depth(transport, queue, total=0)
    assert inbox.total == 1


async def test_nobody_keeps_a_message_longer_than_sqs_allows(joined, queue, caplog):
    transport, inbox = await joined(longest_hold=3, visibility=3), Inbox()
    await transport.ensure(queue)
    consumer = await transport.consume(queue, 1, inbox)
    await publish(transport, queue, b"work")
    delivery = await inbox.take()
    with pytest.raises(LeaseLostError, match="the longest that SQS allows"):
        await consumer.extend(delivery)
    assert "split the work into shorter steps" in caplog.text
    assert delivery.is_lost
    consumer.release(delivery)
    assert (await inbox.take()).count == 2


async def test_a_lease_is_counted_from_before_it_was_asked_for(joined, queue):
    transport, inbox = await joined(visibility=30, wait=10), Inbox()
    await transport.ensure(queue)
    consumer = await transport.consume(queue, 1, inbox)
    await consuming(consumer)
    await inbox.stays_empty(1.0)
    await publish(transport, queue, b"work")
    delivery = await inbox.take()
    assert 20 - 1 < delivery.lease_until - lease_clock() < 30 - 0.9


async def test_what_is_settled_after_its_lease_is_not_deleted(joined, queue, calls):
    transport, inbox = await joined(visibility=1), Inbox()
    await transport.ensure(queue)
    consumer = await transport.consume(queue, 1, inbox)
    await publish(transport, queue, b"work")
    delivery = await inbox.take()
    await eventually(lambda: delivery.is_lost)
    consumer.settle(delivery)
    assert (await inbox.take()).count == 2
    assert calls["DeleteMessageBatch"] == 0


async def test_releases_and_renewals_share_calls(joined, queue, calls):
    transport, inbox = await joined(), Inbox()
    await transport.ensure(queue)
    await send_all(transport, queue, [b"%d" % each for each in range(40)])
    consumer = await transport.consume(queue, 40, inbox)
    deliveries = await inbox.take_many(40)
    await asyncio.gather(*(consumer.extend(each) for each in deliveries))
    consumer.resize(0)
    for delivery in deliveries:
        consumer.release(delivery)
    await eventually(lambda: calls["ChangeMessageVisibilityBatch"] == 8)
    await has_depth(transport, queue, total=40)


async def test_what_is_given_back_goes_to_none_of_our_own_receives(joined, queue):
    transport, inbox = await joined(wait=2), Inbox()
    await transport.ensure(queue)
    bodies = [b"%d" % each for each in range(80)]
    await send_all(transport, queue, bodies)
    consumer = await transport.consume(queue, 200, inbox)
    deliveries = await inbox.take_many(len(bodies))
    await consumer.stop()
    for delivery in deliveries:
        consumer.release(delivery)
    await transport.close()
    other, rest = await joined(), Inbox()
    await other.consume(queue, len(bodies), rest)
    assert [each.count for each in await rest.take_many(len(bodies))] == [2] * len(bodies)


async def test_an_idle_consumer_asks_once_for_as_long_as_it_may(joined, queue, calls):
    transport = await joined(wait=3, visibility=30)
    await transport.ensure(queue)
    consumer = await transport.consume(queue, 100, Inbox())
    await consuming(consumer)
    await eventually(lambda: calls["ReceiveMessage"] == 2)
    await Inbox().stays_empty(1.0)
    assert calls["ReceiveMessage"] == 2


async def test_sqs_is_asked_whether_it_is_there_while_receives_wait_for_long(joined, queue, calls, monkeypatch):
    monkeypatch.setattr("asya_core.transports.sqs.link.LATE_TICKS", 1)
    transport = await joined(wait=4, visibility=30)
    await transport.ensure(queue)
    await consuming(await transport.consume(queue, 1, Inbox()))
    calls.clear()
    await eventually(lambda: calls["ListQueues"] > 0, within=3)


async def test_stopping_while_messages_arrive_strands_none(sqs, joined, queue):
    producer = await joined()
    await producer.ensure(queue)
    taken = 0

    def deliver(delivery):
        nonlocal taken
        taken += 1
        consumer.settle(delivery)

    for number in range(TIMES_STOPPED):
        transport = SqsTransport(sqs.settings(visibility=300))
        await transport.connect()
        consumer = await transport.consume(queue, 20, deliver)
        await consuming(consumer)
        arriving = asyncio.create_task(send_all(producer, queue, [b"%d.%d" % (number, each) for each in range(5)]))
        await asyncio.wait([arriving], timeout=0.004 * (number % 10))
        await consumer.stop()
        await transport.close()
        await arriving
    await shows_depth(producer, queue, Depth(ready=5 * TIMES_STOPPED - taken, in_flight=0, delayed=0))
