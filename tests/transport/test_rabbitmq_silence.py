"""What a consumer does when RabbitMQ delivers nothing though it should, or may."""

import logging

from pamqp import commands

from asya_core.transports import publish
from asya_core.transports.rabbitmq import silence
from tests.transport.parties import Inbox, consuming, eventually, has_depth

REBUILT_WITHIN = 10.0


async def forgotten(rabbit, parties, queue):
    """Return the inbox of a consumer whose subscription is gone, unknown to it, while a message waits."""
    transport, inbox = await parties.join(rabbit), Inbox()
    await transport.ensure(queue)
    consumer = await transport.consume(queue, 5, inbox)
    await publish(transport, queue, b"before")
    consumer.settle(await inbox.take())
    consumer._channel.request(commands.Basic.Cancel(consumer._tags[0]), lambda _: None)
    await publish(transport, queue, b"after")
    return inbox


async def test_a_subscription_that_the_server_forgot_is_made_again(rabbit, parties, queue, monkeypatch):
    monkeypatch.setattr(silence, "SILENT_TICKS", 1)
    inbox = await forgotten(rabbit, parties, queue)
    assert (await inbox.take(within=REBUILT_WITHIN)).body == b"after"


async def test_a_first_doubt_about_a_subscription_is_settled_at_once(rabbit, parties, queue, monkeypatch):
    monkeypatch.setattr(silence, "SILENT_TICKS", 6)
    inbox = await forgotten(rabbit, parties, queue)
    assert (await inbox.take(within=11)).body == b"after"  # not a second silence later, which would be 12 s


async def test_a_message_that_the_server_lost_on_its_way_here_is_given_back_and_delivered(rabbit, parties, queue):
    transport, inbox = await parties.join(rabbit), Inbox()
    await transport.ensure(queue)
    consumer = await transport.consume(queue, 5, inbox)
    await publish(transport, queue, b"before")
    consumer.settle(await inbox.take())
    consumer._channel._user = None  # what the server sends on this channel arrives nowhere
    await publish(transport, queue, b"after")
    assert (await inbox.take(within=REBUILT_WITHIN)).body == b"after"
    await has_depth(transport, queue, total=1)


async def test_an_idle_consumer_that_renews_its_channel_keeps_consuming_and_says_nothing(
    rabbit, parties, queue, monkeypatch, caplog
):
    monkeypatch.setattr(silence, "SILENT_TICKS", 1)
    caplog.set_level(logging.INFO)
    transport, inbox = await parties.join(rabbit), Inbox()
    await transport.ensure(queue)
    consumer = await transport.consume(queue, 5, inbox)
    await consuming(consumer)
    first, said = consumer._channel, len(caplog.records)
    seen = []
    await eventually(lambda: seen.append(consumer.consuming) or consumer._channel not in {first, None})
    await publish(transport, queue, b"work")
    delivery = await inbox.take()
    assert (delivery.body, delivery.count, set(seen), caplog.records[said:]) == (b"work", 1, {True}, [])
