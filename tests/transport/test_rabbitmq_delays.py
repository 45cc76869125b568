"""The ladder of queues in which RabbitMQ keeps delayed messages."""

import asyncio

import pytest
from pamqp import commands

from asya_core.errors import QueueMissingError
from asya_core.transports import publish
from asya_core.transports.rabbitmq import ladder
from tests.transport.parties import Inbox, has_depth


async def test_without_the_ladder_a_delayed_message_is_refused_and_others_are_not_harmed(rabbit_alone, parties, queue):
    transport = await parties.join(rabbit_alone)
    await transport.ensure(queue)
    async with rabbit_alone.channel() as channel:
        await channel.call(commands.Exchange.Delete(exchange=ladder.name_of(ladder.LEVELS - 1)))
    with pytest.raises(QueueMissingError, match="the delay ladder does not exist"):
        await publish(transport, queue, b"later", delay=1)
    await publish(transport, queue, b"now")
    again = await parties.join(rabbit_alone)
    assert await again.ensure(queue) == "found"
    await publish(again, queue, b"later", delay=0.1)
    await has_depth(again, queue, total=2)


async def test_a_message_whose_queue_is_removed_while_it_waits_is_kept(rabbit_alone, parties, queue):
    transport, inbox = await parties.join(rabbit_alone), Inbox()
    await transport.ensure(queue)
    await transport.ensure("other")
    await publish(transport, queue, b"kept", delay=0.9)
    await transport.delete(queue)
    await publish(transport, "other", b"not held up", delay=1.4)
    await transport.consume("other", 1, inbox)
    assert (await inbox.take()).body == b"not held up"
    async with rabbit_alone.channel() as channel:
        found = await channel.call(commands.Queue.Declare(queue=ladder.GONE_QUEUE, passive=True))
    assert found.message_count == 1


async def test_delays_of_any_digits_are_kept_by_one_ladder_for_all_queues(rabbit_alone, parties):
    transport, inboxes = await parties.join(rabbit_alone), [Inbox(), Inbox()]
    for name, inbox in zip(("one", "two"), inboxes, strict=True):
        await transport.ensure(name)
        await transport.consume(name, 50, inbox)
    begin, arrived = asyncio.get_running_loop().time(), []
    delays = [0.2, 0.9, 1.6, 2.2]
    for name in ("one", "two"):
        for delay in delays:
            await publish(transport, name, b"%f" % delay, delay=delay)
    for inbox in inboxes:
        for _ in delays:
            wanted = float((await inbox.take()).body)
            arrived.append((asyncio.get_running_loop().time() - begin, wanted))
    assert all(wanted <= took for took, wanted in arrived)
    assert [wanted for _, wanted in arrived] == delays * 2
