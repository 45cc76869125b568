"""The deliveries of one channel that are neither acknowledged nor given back, and their acknowledgements."""

from __future__ import annotations

import asyncio

from asya_core.transports.base import Delivery
from asya_core.transports.rabbitmq import methods, wire
from asya_core.transports.rabbitmq.channel import Channel


class Hand:
    """RabbitMQ takes answers only on the channel that delivered, so a hand ends with its channel.

    Acknowledgements are sent once per turn of the event loop: one for all up to the first delivery that is still in
    work, and one each for those behind it. They go out in the order of their numbers, since an acknowledgement that
    covers numbers already acknowledged ends the channel.
    """

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self._deliveries: dict[int, Delivery] = {}
        self._settled: set[int] = set()
        self._unanswered: dict[int, None] = {}

    def take(self, tag: int, properties: bytes, body: bytes, generation: int) -> Delivery:
        """Return a message just received as a delivery in hand. Raises WireError."""
        message_id, earlier = methods.read_properties(properties, body)
        delivery = Delivery(body, earlier + 1, message_id, (self, tag, generation))
        self._deliveries[tag] = delivery
        self._unanswered[tag] = None
        return delivery

    def settle(self, tag: int) -> None:
        """Acknowledge soon."""
        if self._deliveries.pop(tag, None) is None:
            return
        if not self._settled:
            asyncio.get_running_loop().call_soon(self.flush)
        self._settled.add(tag)

    def release(self, tag: int) -> None:
        """Give back at once."""
        if self._deliveries.pop(tag, None) is not None:
            self.flush()
            del self._unanswered[tag]
            self.give_back(tag)

    def give_back(self, tag: int) -> None:
        """Give back what was never in hand."""
        if self._channel.why_closed is None:
            self._channel.link.write(wire.requeue(self._channel.number, tag))

    def release_all(self) -> None:
        """Give everything back."""
        for tag in list(self._deliveries):
            self.release(tag)

    def forget(self) -> None:
        """End all leases: the channel is gone, and RabbitMQ gives its messages to others."""
        for delivery in self._deliveries.values():
            delivery.lease_until = 0.0
        self._deliveries.clear()
        self._settled.clear()
        self._unanswered.clear()

    def flush(self) -> None:
        """Send the acknowledgements that are due."""
        settled, unanswered = self._settled, self._unanswered
        if not settled or self._channel.why_closed is not None:
            return
        last = 0
        for tag in unanswered:
            if tag not in settled:
                break
            last = tag
        number, write = self._channel.number, self._channel.link.write
        if last:
            write(wire.ack(number, last, multiple=True))
        for tag in sorted(settled):
            del unanswered[tag]
            if tag > last:
                write(wire.ack(number, tag, multiple=False))
        settled.clear()
