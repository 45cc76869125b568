import asyncio

from asya_core.errors import TransportUnavailableError
from asya_core.transports import publish
from tests.transport.parties import Inbox, consuming, eventually, has_depth, send, send_all

REBUILT_WITHIN = 10.0


async def test_a_reset_connection_is_replaced_and_the_consumer_goes_on(network, parties, queue):
    transport, inbox = await parties.join(network), Inbox()
    await transport.ensure(queue)
    consumer = await transport.consume(queue, 5, inbox)
    await consuming(consumer)
    for _ in range(3):
        network.sever()
        await eventually(lambda: not transport.connected)
        assert await consuming(consumer) < REBUILT_WITHIN
        await publish(transport, queue, b"work")
        consumer.settle(await inbox.take())
        await has_depth(transport, queue, total=0)


async def test_what_is_in_hand_when_the_connection_breaks_is_settled_over_the_next(leasing_network, parties, queue):
    transport, inbox = await parties.join(leasing_network), Inbox()
    await transport.ensure(queue)
    consumer = await transport.consume(queue, 5, inbox)
    await send_all(transport, queue, [b"1", b"2", b"3"])
    during, given_back, after = await inbox.take_many(3)
    leasing_network.sever()
    await eventually(lambda: not transport.connected)
    consumer.settle(during)
    consumer.release(given_back)
    await consuming(consumer)
    await consumer.extend(after)
    consumer.settle(after)
    again = await inbox.take(within=5)
    assert again.count == 2
    consumer.settle(again)
    await has_depth(transport, queue, total=0)
    assert inbox.total == 4


async def test_prefetch_holds_over_reconnects(network, parties, queue):
    transport, inbox = await parties.join(network), Inbox()
    await transport.ensure(queue)
    await send_all(transport, queue, [b"%d" % each for each in range(10)])
    consumer = await transport.consume(queue, 3, inbox)
    await inbox.take_many(3)
    network.sever()
    if network.keeps_connection:
        await eventually(lambda: not transport.connected)
    await consuming(consumer)
    await inbox.stays_empty(0.5)


async def test_messages_sent_as_connections_break_are_confirmed_truthfully(network, parties, queue):
    transport, inbox = await parties.join(network), Inbox()
    await transport.ensure(queue)
    results: dict[bytes, Exception | None] = {}
    for turn in range(4):
        outcomes = {b"%d.%d" % (turn, each): send(transport, queue, b"%d.%d" % (turn, each)) for each in range(200)}
        await outcomes[b"%d.0" % turn].wait()
        network.sever()
        results |= {body: await outcome.wait() for body, outcome in outcomes.items()}
        await eventually(lambda: not transport.connected)
        await eventually(lambda: transport.connected)
    consumer = await transport.consume(queue, 3000, inbox)
    missing = {body for body, error in results.items() if error is None}
    while missing:
        delivery = await inbox.take()
        consumer.settle(delivery)
        missing.discard(delivery.body)
    assert {type(error) for error in results.values()} <= {type(None), TransportUnavailableError}


async def test_a_black_hole_is_noticed_and_left_within_seconds(network, parties, queue):
    transport, inbox = await parties.join(network), Inbox()
    await transport.ensure(queue)
    consumer = await transport.consume(queue, 5, inbox)
    await consuming(consumer)
    network.black_hole()
    lost = send(transport, queue, b"lost")
    assert isinstance(await lost.wait(within=15), TransportUnavailableError)
    await eventually(lambda: not consumer.consuming)
    assert not transport.connected
    network.heal()
    assert await consuming(consumer, within=REBUILT_WITHIN) < REBUILT_WITHIN
    await publish(transport, queue, b"found")
    bodies = {(await inbox.take()).body}
    assert bodies <= {b"lost", b"found"}
    assert len(lost.calls) == 1


async def test_many_large_messages_come_through_a_slow_network_at_the_first_try(network, parties, queue):
    number, size = 90, 900_000
    transport, inbox = await parties.join(network), Inbox()
    await transport.ensure(queue)
    await send_all(transport, queue, [bytes(size)] * number)
    network.throttle(40_000_000)
    await transport.consume(queue, number, inbox)
    assert [each.count for each in await inbox.take_many(number)] == [1] * number


async def test_closing_over_a_black_hole_does_not_hang(network, queue):
    transport = network.transport()
    await transport.connect()
    await transport.ensure(queue)
    await transport.consume(queue, 5, Inbox())
    network.black_hole()
    async with asyncio.timeout(10):
        await transport.close()
    assert not transport.connected
