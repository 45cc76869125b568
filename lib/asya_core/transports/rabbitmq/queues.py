"""Make, remove and count queues. Every argument is a constant, since RabbitMQ refuses to change one."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Literal

from pamqp.commands import Basic, Exchange, Queue

from asya_core.errors import (
    QueueConflictError,
    QueueMissingError,
    TransportError,
    TransportRefusedError,
    TransportUnavailableError,
)
from asya_core.transports.base import is_queue_name, require_queue_name
from asya_core.transports.rabbitmq import ladder
from asya_core.transports.rabbitmq.channel import Channel, ChannelClosedError, Closed
from asya_core.transports.rabbitmq.link import Link

ACCESS_REFUSED, NOT_FOUND, PRECONDITION_FAILED = 403, 404, 406
QUEUE_ARGUMENTS: dict[str, Any] = {"x-queue-type": "quorum", "x-delivery-limit": 2**31 - 1}
"""Since version 4 a quorum queue throws a message away after 20 deliveries, unless it is given another limit. -1 means
no limit there, but 0 in version 3; so this is a number that is never reached."""
GONE_ARGUMENTS: dict[str, Any] = {"x-queue-type": "quorum"}


@asynccontextmanager
async def channel_of(link: Link, what: str) -> AsyncIterator[Channel]:
    """Give a channel for some requests about `what`.

    Raises, for a refused request, QueueMissingError, QueueConflictError, TransportRefusedError or
    TransportUnavailableError.
    """
    channel = link.open_channel()
    try:
        yield channel
    except ChannelClosedError as error:
        raise error_of(what, error.closed) from None
    finally:
        channel.close()


def error_of(what: str, closed: Closed) -> TransportError:
    """Choose the error by the code with which the server closed a channel."""
    text = closed.text
    # Also 404, but only for a while: "home node ... is down or inaccessible", "... is stopped by supervisor".
    if closed.code == NOT_FOUND and ("no queue" in text or "no exchange" in text):
        return QueueMissingError(f"{what} does not exist; install its actor first")
    if closed.code == PRECONDITION_FAILED:
        return QueueConflictError(f"{what} exists with other arguments ({text}); remove it first")
    if closed.code == ACCESS_REFUSED:
        return TransportRefusedError(f"{what}: {text}; give this user permission")
    return TransportUnavailableError(f"{what}: RabbitMQ closed the channel: {text}")


def require_name(queue: str) -> None:
    """Raise QueueMissingError for a name that none of our queues has."""
    if not is_queue_name(queue):
        raise QueueMissingError(f"{queue!r} is no name that a queue can have")


async def look_up(channel: Channel, queue: str) -> Any:
    """Return what the server says of a queue. Raises ChannelClosedError, TransportUnavailableError."""
    return await channel.call(Queue.Declare(queue=queue, passive=True))


async def require(link: Link, queue: str) -> int:
    """Return how many messages of the queue are ready.

    Raises QueueMissingError, TransportRefusedError, TransportUnavailableError.
    """
    require_name(queue)
    async with channel_of(link, f"queue {queue}") as channel:
        found = await look_up(channel, queue)
        return int(found.message_count)


async def peek(link: Link, queue: str, limit: int) -> list[bytes]:
    """Get up to `limit` messages, then close the channel, which gives all of them back in their order.

    Raises QueueMissingError, TransportRefusedError, TransportUnavailableError.
    """
    require_name(queue)
    bodies: list[bytes] = []
    async with channel_of(link, f"queue {queue}") as channel:
        await look_up(channel, queue)
        while len(bodies) < limit:
            found = await channel.call(Basic.Get(queue=queue))
            if not isinstance(found, bytes):
                break
            bodies.append(found)
        await channel.call(Basic.Recover(requeue=True))
    return bodies


async def require_ladder(link: Link) -> None:
    """Raise QueueMissingError when there is no delay ladder yet; every hook Job makes it."""
    async with channel_of(link, "the delay ladder") as channel:
        await channel.call(Exchange.Declare(exchange=ladder.name_of(ladder.LEVELS - 1), passive=True))


async def ensure(link: Link, queue: str) -> Literal["made", "found"]:
    """Make the queue if it is missing, and bind it to the end of the ladder.

    Raises QueueConflictError, TransportUnavailableError, TransportRefusedError.
    """
    require_queue_name(queue)
    try:
        await require(link, queue)
        outcome: Literal["made", "found"] = "found"
    except QueueMissingError:
        outcome = "made"
    async with channel_of(link, f"queue {queue}") as channel:
        await channel.call(Queue.Declare(queue=queue, durable=True, arguments=dict(QUEUE_ARGUMENTS)))
        await channel.call(
            Queue.Bind(queue=queue, exchange=ladder.READY_EXCHANGE, routing_key=ladder.ready_pattern(queue))
        )
    return outcome


async def ensure_ladder(link: Link) -> None:
    """Make the delay ladder as far as it is missing, from its lowest level up, so that nothing can fall through.

    Raises QueueConflictError, TransportUnavailableError, TransportRefusedError.
    """
    async with channel_of(link, "the delay ladder") as channel:
        await channel.call(Exchange.Declare(exchange=ladder.GONE_EXCHANGE, exchange_type="fanout", durable=True))
        await channel.call(Queue.Declare(queue=ladder.GONE_QUEUE, durable=True, arguments=dict(GONE_ARGUMENTS)))
        await channel.call(Queue.Bind(queue=ladder.GONE_QUEUE, exchange=ladder.GONE_EXCHANGE, routing_key=""))
        await _topic(channel, ladder.READY_EXCHANGE, {"alternate-exchange": ladder.GONE_EXCHANGE})
        for level in range(ladder.LEVELS):
            await _ensure_level(channel, level)


async def _ensure_level(channel: Channel, level: int) -> None:
    name = ladder.name_of(level)
    stays, passes = ladder.patterns(level)
    await _topic(channel, name, {})
    await channel.call(Queue.Declare(queue=name, durable=True, arguments=ladder.queue_arguments(level)))
    await channel.call(Queue.Bind(queue=name, exchange=name, routing_key=stays))
    below = ladder.name_of(level - 1) if level else ladder.READY_EXCHANGE
    await channel.call(Exchange.Bind(destination=below, source=name, routing_key=passes))


async def _topic(channel: Channel, name: str, arguments: dict[str, Any]) -> None:
    await channel.call(Exchange.Declare(exchange=name, exchange_type="topic", durable=True, arguments=arguments))


async def delete(link: Link, queue: str) -> Literal["deleted", "absent"]:
    """Remove the queue with all that is in it. Raises TransportUnavailableError, TransportRefusedError."""
    if not is_queue_name(queue):
        return "absent"
    try:
        await require(link, queue)
    except QueueMissingError:
        return "absent"
    async with channel_of(link, f"queue {queue}") as channel:
        await channel.call(Queue.Delete(queue=queue))
    return "deleted"
