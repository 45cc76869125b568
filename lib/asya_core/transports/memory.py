"""A broker inside the process, for tests: it behaves as the real ones do, down to leases, delays and outages."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Mapping
from itertools import islice
from typing import Literal

from asya_core.errors import (
    LeaseLostError,
    MessageTooLargeError,
    QueueMissingError,
    TransportError,
    TransportUnavailableError,
)
from asya_core.transports.base import Confirmed, Delivery, Depth, lease_clock, lease_lost, require_queue_name
from asya_core.transports.memory_queue import Hold, Message, Queue

LEASE_SECONDS = 30.0
MAX_MESSAGE_BYTES = 64 * 1024 * 1024


class MemoryBroker:
    """The queues that several `MemoryTransport` share; all of them on one event loop."""

    def __init__(self, *, lease_seconds: float = LEASE_SECONDS, max_message_bytes: int = MAX_MESSAGE_BYTES) -> None:
        self.lease_seconds = lease_seconds
        self.max_message_bytes = max_message_bytes
        self.running = True
        self.queues: dict[str, Queue] = {}
        self.consumers: deque[MemoryConsumer] = deque()
        self._published = 0
        self._serving: asyncio.AbstractEventLoop | None = None

    def stop(self) -> None:
        """Be unreachable. Messages stay, and leases and delays go on."""
        self.running = False

    def start(self) -> None:
        """Be reachable again."""
        self.running = True
        self.serve_soon()

    def store(self, queue: str, body: bytes, delay: float) -> None:
        """Put a message into a queue. Raises QueueMissingError, MessageTooLargeError, TransportUnavailableError."""
        stored = self.find(queue)
        if len(body) > self.max_message_bytes:
            raise MessageTooLargeError(
                f"{len(body)} bytes are more than the {self.max_message_bytes} that this broker takes; send less"
            )
        self._published += 1
        message = Message(body, str(self._published))
        if delay > 0:
            stored.delayed[message] = asyncio.get_running_loop().call_later(delay, self._ripen, stored, message)
        else:
            stored.ready.append(message)
            self.serve_soon()

    def find(self, queue: str) -> Queue:
        """Return the queue. Raises QueueMissingError, TransportUnavailableError."""
        self.require_running()
        try:
            return self.queues[queue]
        except KeyError:
            raise QueueMissingError(f"queue {queue} does not exist; install its actor first") from None

    def require_running(self) -> None:
        """Raise TransportUnavailableError while the broker is stopped."""
        if not self.running:
            raise TransportUnavailableError("the broker in memory is stopped; start it")

    def serve_soon(self) -> None:
        """Hand out messages once the caller is done."""
        loop = asyncio.get_running_loop()
        if self._serving is not loop:
            self._serving = loop
            loop.call_soon(self._serve)

    def take(self, queue: Queue) -> Delivery:
        """Move a ready message into the hand of a consumer."""
        message = queue.ready.popleft()
        message.count += 1
        hold = Hold(message)
        queue.held[hold] = message
        self.renew(queue, hold)
        return Delivery(message.body, message.count, message.message_id, hold, lease_clock() + self.lease_seconds)

    def renew(self, queue: Queue, hold: Hold) -> None:
        """Let a lease begin again from now."""
        hold.cancel_timer()
        hold.timer = asyncio.get_running_loop().call_later(self.lease_seconds, self.give_back, queue, hold)

    def give_back(self, queue: Queue, hold: Hold) -> None:
        """Make a message ready again, before all others, unless it is nobody's any more."""
        message = queue.held.pop(hold, None)
        if message is not None:
            hold.cancel_timer()
            queue.ready.appendleft(message)
            self.serve_soon()

    def _ripen(self, queue: Queue, message: Message) -> None:
        del queue.delayed[message]
        queue.ready.append(message)
        self.serve_soon()

    def _serve(self) -> None:
        """Go round the consumers, a message each, until nobody has room or nothing is ready."""
        self._serving = None
        idle = 0
        while self.running and idle < len(self.consumers):
            self.consumers.rotate(-1)
            idle = 0 if self.consumers[-1].take_one() else idle + 1


class MemoryConsumer:
    """One subscription to a queue in memory."""

    def __init__(self, broker: MemoryBroker, queue: str, prefetch: int, deliver: Callable[[Delivery], None]) -> None:
        self._broker = broker
        self._queue = queue
        self._prefetch = prefetch
        self._deliver = deliver
        self._in_hand: dict[Delivery, Queue] = {}
        broker.consumers.append(self)
        broker.serve_soon()

    @property
    def consuming(self) -> bool:
        """Whether the broker runs and has the queue."""
        return self in self._broker.consumers and self._broker.running and self._queue in self._broker.queues

    def take_one(self) -> bool:
        """Deliver a message if there is one, and room for it; tell whether."""
        queue = self._broker.queues.get(self._queue)
        if queue is None or not queue.ready or len(self._in_hand) >= self._prefetch:
            return False
        delivery = self._broker.take(queue)
        self._in_hand[delivery] = queue
        self._deliver(delivery)
        return True

    def settle(self, delivery: Delivery) -> None:
        """Remove the message from its queue, if it is still ours."""
        queue = self._let_go(delivery)
        if queue is not None and queue.held.pop(delivery.token, None) is not None:
            delivery.token.cancel_timer()

    def release(self, delivery: Delivery) -> None:
        """Make the message ready again, if it is still ours."""
        queue = self._let_go(delivery)
        if queue is not None:
            self._broker.give_back(queue, delivery.token)

    async def extend(self, delivery: Delivery) -> None:
        """Renew the lease. Raises LeaseLostError, TransportUnavailableError."""
        self._broker.require_running()
        queue = self._in_hand.get(delivery)
        if queue is None or delivery.token not in queue.held:
            raise LeaseLostError(f"message {delivery.message_id} of queue {self._queue} is no longer ours")
        self._broker.renew(queue, delivery.token)
        delivery.lease_until = lease_clock() + self._broker.lease_seconds

    def resize(self, prefetch: int) -> None:
        """Change how many deliveries may be in hand."""
        self._prefetch = prefetch
        self._broker.serve_soon()

    async def stop(self) -> None:
        """Take nothing more."""
        if self in self._broker.consumers:
            self._broker.consumers.remove(self)

    def release_all(self) -> None:
        """Give back everything in hand."""
        for delivery in list(self._in_hand):
            self.release(delivery)

    def _let_go(self, delivery: Delivery) -> Queue | None:
        """Free the delivery's place and end its lease: nothing may be published for it any more."""
        queue = self._in_hand.pop(delivery, None)
        delivery.lease_until = 0.0
        self._broker.serve_soon()
        return queue


class MemoryTransport:
    """A process's way to a `MemoryBroker`."""

    name = "memory"

    def __init__(self, broker: MemoryBroker) -> None:
        self._broker = broker
        self._consumers: list[MemoryConsumer] = []

    @property
    def connected(self) -> bool:
        """Whether the broker runs."""
        return self._broker.running

    async def connect(self) -> None:
        """Do nothing: the broker is here."""

    async def close(self) -> None:
        """Give back what is in hand."""
        for consumer in self._consumers:
            await consumer.stop()
            consumer.release_all()

    async def ensure(self, queue: str) -> Literal["made", "found"]:
        """Make the queue if it is missing. Raises TransportUnavailableError."""
        require_queue_name(queue)
        self._broker.require_running()
        if queue in self._broker.queues:
            return "found"
        self._broker.queues[queue] = Queue()
        return "made"

    async def delete(self, queue: str) -> Literal["deleted", "absent"]:
        """Remove the queue. Raises TransportUnavailableError."""
        self._broker.require_running()
        removed = self._broker.queues.pop(queue, None)
        if removed is None:
            return "absent"
        removed.end()
        return "deleted"

    async def depth(self, queue: str) -> Depth:
        """Count the queue's messages. Raises QueueMissingError, TransportUnavailableError."""
        found = self._broker.find(queue)
        return Depth(len(found.ready), len(found.held), len(found.delayed))

    async def queues(self, prefix: str) -> list[str]:
        """Return the queues' names. Raises TransportUnavailableError."""
        self._broker.require_running()
        return sorted(name for name in self._broker.queues if name.startswith(prefix))

    async def peek(self, queue: str, limit: int) -> list[bytes]:
        """Return the oldest ready messages. Raises QueueMissingError, TransportUnavailableError."""
        return [message.body for message in islice(self._broker.find(queue).ready, limit)]

    async def consume(self, queue: str, prefetch: int, deliver: Callable[[Delivery], None]) -> MemoryConsumer:
        """Begin to take messages. Raises QueueMissingError, TransportUnavailableError."""
        self._broker.find(queue)
        consumer = MemoryConsumer(self._broker, queue, prefetch, deliver)
        self._consumers.append(consumer)
        return consumer

    def publish(
        self, queue: str, body: bytes, confirmed: Confirmed, *, delay: float = 0.0, holding: Delivery | None = None
    ) -> None:
        """Store the message now and confirm a moment later."""
        outcome: TransportError | None = lease_lost(holding)
        if outcome is None:
            try:
                self._broker.store(queue, body, delay)
            except TransportError as error:
                outcome = error
        asyncio.get_running_loop().call_soon(confirmed, outcome)


_of_this_process = MemoryBroker()


def from_env(_environ: Mapping[str, str]) -> MemoryTransport:
    """Return a transport to the one broker that this process has."""
    return MemoryTransport(_of_this_process)
