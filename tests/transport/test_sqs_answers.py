"""What SQS answers now and then, and moto never does."""

from functools import partial

import pytest

from asya_core.errors import LeaseLostError, MessageTooLargeError, TransportUnavailableError
from asya_core.transports import publish
from asya_core.transports.base import lease_clock
from asya_core.transports.sqs.link import Link
from tests.transport.parties import Inbox, has_depth, send, send_all


@pytest.fixture
def watch(monkeypatch):
    """Give a way to be asked instead of SQS: `answer(operation, call)`, where `await call()` asks SQS itself."""

    def begin(answer):
        call = Link.call

        async def ask(link, operation, *arguments, **parameters):
            return await answer(operation, partial(call, link, operation, *arguments, **parameters))

        monkeypatch.setattr(Link, "call", ask)

    return begin


async def test_what_a_lost_delivery_led_to_is_not_sent_message_by_message_either(sqs, joined, queue, watch):
    transport, inbox = await joined(), Inbox()
    await transport.ensure(queue)
    await sqs.call("CreateQueue", QueueName=f"{queue}-out", Attributes={"MaximumMessageSize": "1024"})
    consumer = await transport.consume(queue, 1, inbox)
    await publish(transport, queue, b"work")
    delivery = await inbox.take()

    async def lose_after_sending(operation, call):
        try:
            return await call()
        finally:
            if operation == "SendMessageBatch":
                consumer.settle(delivery)

    watch(lose_after_sending)
    outcomes = [send(transport, f"{queue}-out", b"x" * 2000), send(transport, f"{queue}-out", b"y", holding=delivery)]
    errors = [await outcome.wait() for outcome in outcomes]
    assert [type(error) for error in errors] == [MessageTooLargeError, LeaseLostError]
    await has_depth(transport, f"{queue}-out", total=0)


async def refused_for_a_moment():
    return {"Failed": [{"Id": "0", "Code": "InternalError", "SenderFault": False}]}


async def forgotten():
    return {}


async def unanswered():
    raise TransportUnavailableError("nobody answered")


@pytest.mark.parametrize("first", [refused_for_a_moment, forgotten, unanswered])
async def test_closing_tells_again_what_sqs_did_not_take(joined, queue, watch, first):
    transport, inbox = await joined(), Inbox()
    await transport.ensure(queue)
    consumer = await transport.consume(queue, 1, inbox)
    await publish(transport, queue, b"done")
    delivery = await inbox.take()
    answers = [first]

    async def answer(operation, call):
        return await (answers.pop() if operation == "DeleteMessageBatch" and answers else call)()

    watch(answer)
    await consumer.stop()
    consumer.settle(delivery)
    await transport.close()
    await has_depth(await joined(), queue, total=0)


async def test_after_a_receive_that_failed_the_next_asks_for_fewer(joined, queue, watch):
    transport, inbox, most, asked = await joined(), Inbox(), 2, []
    await transport.ensure(queue)
    await send_all(transport, queue, [b"%d" % each for each in range(20)])

    async def carry_little(operation, call):
        if operation == "ReceiveMessage":
            asked.append(call.keywords["MaxNumberOfMessages"])
            if asked[-1] > most:
                raise TransportUnavailableError("it took too long")
        return await call()

    watch(carry_little)
    await transport.consume(queue, 100, inbox)
    await inbox.take_many(10)
    most = 10
    await inbox.take_many(10)
    assert {2, 10} <= set(asked)


async def test_a_renewal_that_hangs_leaves_time_for_another(make_harness, queue):
    network, inbox = make_harness("sqs behind a network"), Inbox()
    await network.open()
    transport = network.transport(lease_seconds=15)
    try:
        await transport.connect()
        await transport.ensure(queue)
        consumer = await transport.consume(queue, 1, inbox)
        await publish(transport, queue, b"work")
        delivery = await inbox.take()
        network.black_hole()
        with pytest.raises(TransportUnavailableError, match="the lease was not renewed"):
            await consumer.extend(delivery)
        assert delivery.lease_until - lease_clock() > 6
    finally:
        network.heal()
        await transport.close()
        await network.close()
