"""Take messages from a queue, over a channel of its own and with subscriptions that are never changed."""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import Callable
from typing import Any

from pamqp import commands

from asya_core.errors import LeaseLostError, TransportError
from asya_core.transports.base import Delivery
from asya_core.transports.rabbitmq import queues, wire
from asya_core.transports.rabbitmq.channel import ANSWER_SECONDS, Channel, ChannelClosedError, Closed
from asya_core.transports.rabbitmq.hand import Hand
from asya_core.transports.rabbitmq.link import Link
from asya_core.transports.rabbitmq.silence import Remedy, Silence

STOP_SECONDS = 2.0
MOST_SUBSCRIPTIONS = 16
MOST_PREFETCH = 65_535

logger = logging.getLogger(__name__)


class RabbitmqConsumer:
    """One place to take messages; a `Consumer` for its user, a `Listener` of the connection, a `ChannelUser`.

    RabbitMQ gives each subscription a fixed number of places (`basic.qos` counts for those made after it). More places
    are a further subscription. For fewer, all are cancelled and one is made again with what `prefetch` leaves beside
    the deliveries in hand; as those are settled (`_old` of them are left), further ones follow. What comes while the
    server cancels, and has no place any more, is given back.
    """

    def __init__(self, queue: str, prefetch: int, deliver: Callable[[Delivery], None]) -> None:
        self._queue = queue
        self._prefetch = prefetch
        self._deliver = deliver
        self._link: Link | None = None
        self._channel: Channel | None = None
        self._hand: Hand | None = None
        self._in_hand: set[Delivery] = set()
        self._generation = 0
        self._old = 0
        self._granted = 0
        self._tags: list[str] = []
        self._subscribing = 0
        self._is_cancelling = False
        self._after_cancelling: list[Callable[[], None]] = []
        self._is_served = False
        self._is_stopped = False
        self._silence = Silence()
        self._building: asyncio.Task[None] | None = None

    @property
    def consuming(self) -> bool:
        """See `Consumer.consuming`."""
        return self._is_served and not self._is_stopped and self._link is not None and not self._link.blocked

    def settle(self, delivery: Delivery) -> None:
        """See `Consumer.settle`."""
        if delivery in self._in_hand:
            hand, tag, generation = delivery.token
            hand.settle(tag)
            self._free(delivery, generation)

    def release(self, delivery: Delivery) -> None:
        """See `Consumer.release`."""
        if delivery in self._in_hand:
            hand, tag, generation = delivery.token
            hand.release(tag)
            self._free(delivery, generation)

    async def extend(self, delivery: Delivery) -> None:
        """See `Consumer.extend`; here a delivery is ours as long as its channel stands."""
        if delivery not in self._in_hand or delivery.is_lost:
            raise LeaseLostError(f"message {delivery.message_id} of queue {self._queue} is no longer ours")

    def resize(self, prefetch: int) -> None:
        """See `Consumer.resize`."""
        self._prefetch = prefetch
        self._adjust()

    async def stop(self) -> None:
        """See `Consumer.stop`."""
        self._is_stopped = True
        cancelled = asyncio.Event()
        self._cancel(cancelled.set)
        try:
            async with asyncio.timeout(STOP_SECONDS):
                await cancelled.wait()
        except TimeoutError:
            logger.warning("queue %s: the server did not confirm the end of the subscription", self._queue)

    async def close(self) -> None:
        """Stop, give back everything in hand, and wait until the server knows."""
        if self._building is not None:
            self._building.cancel()
        await self.stop()
        if self._channel is None or self._hand is None:
            return
        self._hand.flush()
        self._hand.release_all()
        channel, self._channel = self._channel, None
        try:
            async with asyncio.timeout(STOP_SECONDS):
                await channel.call(commands.Channel.Close(200, "done", 0, 0))
        except (TimeoutError, TransportError) as error:
            logger.warning("queue %s: the server did not confirm the last acknowledgements: %s", self._queue, error)
        channel.end(Closed(0, "closed by us"))

    def link_up(self, link: Link) -> None:
        """Take up the subscription on a new link."""
        self._link = link
        self._build_soon()

    def link_down(self, reason: str) -> None:
        """Lose the channel, and with it what is in hand."""
        if self._building is not None:
            self._building.cancel()
        self._leave(reason)
        self._link = None

    def tick(self) -> None:
        """Build what is not there or does not answer, and ask for a proof where nothing has come for a while."""
        if self._is_stopped or self._link is None or self._link.blocked:
            return
        if self._building is not None and not self._building.done():
            return
        if self._channel is None:
            self._build_soon()
        elif self._channel.unanswered_ticks > ANSWER_SECONDS:
            self._leave("the server does not answer")
            self._build_soon()
        elif self._silence.tick():
            self._channel.request(commands.Queue.Declare(queue=self._queue, passive=True), self._proven)

    # What the channel tells

    def content(self, method: bytes, properties: bytes, body: bytes) -> None:
        """Deliver a message, or give it back when there is no place for it any more."""
        if self._hand is None:
            return
        tag, is_again = wire.read_deliver(method)
        self._silence.is_broken = True
        if self._is_stopped or len(self._in_hand) >= self._prefetch:
            self._hand.give_back(tag)
            return
        delivery = self._hand.take(tag, properties, body, self._generation)
        if is_again and delivery.count == 1:
            delivery.count = 2
        self._in_hand.add(delivery)
        self._deliver(delivery)

    def confirmed(self, _method: bytes) -> None:
        """Do nothing: nothing is published on this channel."""

    def cancelled(self) -> None:
        """Build anew: the server ended the subscription, mostly because the queue was removed."""
        self._leave("the server ended the subscription")

    def closed(self, closed: Closed) -> None:
        """Lose what is in hand: the server gives it to others."""
        self._leave(closed.text)

    # Build

    def _build_soon(self) -> None:
        if self._link is not None and not self._is_stopped:
            self._building = asyncio.create_task(self._build(self._link), name=f"rabbitmq consumer {self._queue}")

    async def _build(self, link: Link) -> None:
        """Look whether the queue is there and subscribe; if that fails, the next tick tries again."""
        try:
            channel = self._channel = link.open_channel(self)
            self._hand = Hand(channel)
            await queues.look_up(channel, self._queue)
        except ChannelClosedError as error:
            self._leave(str(queues.error_of(f"queue {self._queue}", error.closed)))
            return
        except TransportError as error:
            self._leave(str(error))
            return
        self._generation += 1
        self._old = len(self._in_hand)
        if not self._is_served:
            self._is_served = True
            self._silence.is_broken = True
            logger.info("queue %s: consuming", self._queue)
        self._adjust()

    def _leave(self, reason: str) -> None:
        """Give the channel up, if there is one; the next tick builds another."""
        if self.consuming:
            logger.warning("queue %s: not consuming: %s; trying again until it works", self._queue, reason)
        self._is_served = False
        self._cancelled(self._end_channel())

    def _end_channel(self) -> Channel | None:
        channel, self._channel = self._channel, None
        if self._hand is not None:
            self._hand.flush()
            self._hand.forget()
            self._hand = None
        if channel is not None:
            channel.close()
        return channel

    def _proven(self, found: Any) -> None:
        """Take the answer to what the queue has that is not delivered here."""
        if found is None:
            return
        has_room = self._granted > 0 and not self._is_cancelling and len(self._in_hand) < self._prefetch
        match self._silence.judge(found.message_count, has_room=has_room, is_empty=not self._in_hand):
            case Remedy.SUBSCRIBE:
                self._cancel()
            case Remedy.RENEW:
                self._cancel(self._renew)
            case Remedy.REBUILD:
                self._leave("the server does not deliver what it has")

    def _renew(self) -> None:
        """Take another channel, unless a message came after all."""
        if self._channel is not None and not self._in_hand:
            self._end_channel()
            self._build_soon()

    # Subscribe

    def _free(self, delivery: Delivery, generation: int) -> None:
        """Free the delivery's place; nothing may be published for it any more."""
        self._in_hand.remove(delivery)
        delivery.lease_until = 0.0
        if generation != self._generation:
            self._old -= 1
            self._adjust()

    def _adjust(self) -> None:
        """Bring the number of places at the server to what it should be, in few steps."""
        if self._channel is None or not self._is_served or self._is_cancelling or self._is_stopped:
            return
        room = min(MOST_PREFETCH, max(0, self._prefetch - self._old))
        more = room - self._granted
        if more < 0 or (more > 0 and len(self._tags) >= MOST_SUBSCRIPTIONS):
            self._cancel()
        elif more > 0 and (self._old == 0 or more >= self._granted):
            self._subscribe(self._channel, more)

    def _subscribe(self, channel: Channel, places: int) -> None:
        tag = secrets.token_hex(8)
        self._tags.append(tag)
        self._granted += places
        channel.request(commands.Basic.Qos(prefetch_count=places))
        self._subscribing += 1
        channel.request(
            commands.Basic.Consume(queue=self._queue, consumer_tag=tag), lambda _: self._subscribed(channel)
        )

    def _subscribed(self, channel: Channel) -> None:
        if channel is self._channel:
            self._subscribing -= 1
            if self._is_cancelling:
                self._send_cancels(channel)

    def _cancel(self, *done: Callable[[], None]) -> None:
        """End all subscriptions, then call `done`; deliveries in hand stay."""
        self._after_cancelling += done
        if self._is_cancelling:
            return
        channel = self._channel
        if channel is None or not self._tags:
            self._cancelled(channel)
            return
        self._is_cancelling = True
        self._send_cancels(channel)

    def _send_cancels(self, channel: Channel) -> None:
        """Wait for the subscriptions first: RabbitMQ 3.10 ends a connection that cancels one not yet confirmed."""
        if self._subscribing:
            return
        *first, last = self._tags
        for tag in first:
            channel.request(commands.Basic.Cancel(tag))
        channel.request(commands.Basic.Cancel(last), lambda _: self._cancelled(channel))

    def _cancelled(self, channel: Channel | None) -> None:
        if channel is not self._channel and self._channel is not None:
            return
        self._is_cancelling = False
        self._generation += 1
        self._old = len(self._in_hand)
        self._granted = self._subscribing = 0
        self._tags.clear()
        after, self._after_cancelling = self._after_cancelling, []
        for done in after:
            done()
        self._adjust()
