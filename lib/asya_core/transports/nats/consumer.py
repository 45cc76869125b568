"""Take messages from a queue's pull consumer, with standing requests that ask for as many as there are free places."""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import Callable
from functools import partial

import msgspec

from asya_core.errors import QueueMissingError, TransportError
from asya_core.transports.base import Delivery
from asya_core.transports.nats import wire
from asya_core.transports.nats.hand import NAK, Hand, answer
from asya_core.transports.nats.link import Link
from asya_core.transports.nats.requests import Requests
from asya_core.transports.nats.streams import CONSUMER, SECOND, consumer_facts

REQUEST_SECONDS = 60
HEARTBEAT_SECONDS = 1
SILENT_TICKS = 4
"""After so many ticks of the connection, a second each, without a heartbeat the consumer is built anew."""
STOP_SECONDS = 2.0
HEARTBEAT, REQUEST_TIMEOUT, CONFLICT = 100, 408, 409
ENDS_OF_REQUESTS = ("Batch Completed", "Message Size Exceeds MaxBytes")
"""What the server says of a request with `max_bytes` when that is over, beside status 409."""
REQUEST_BYTES = 16 * 1024 * 1024
"""A request ends after so many bytes, or two messages of the largest size: a server that has 64 MiB on the way to a
client that does not keep up closes the connection."""

logger = logging.getLogger(__name__)


class NatsConsumer:
    """One subscription to a queue; a `Consumer` for its user and a `Listener` of the connection.

    Requests go to the server and messages come to an inbox. What the server still owes on requests (`_asked`) and
    what is in hand never exceed `prefetch` together. Requests can't be taken back one by one: to ask for less, the
    inbox is left, and what is on its way meanwhile is given back.
    """

    def __init__(self, requests: Requests, queue: str, prefetch: int, deliver: Callable[[Delivery], None]) -> None:
        self._requests = requests
        self._queue = queue
        self._prefetch = prefetch
        self._deliver = deliver
        self._hand = Hand(requests)
        self._link: Link | None = None
        self._ask_subject = f"$JS.API.CONSUMER.MSG.NEXT.{queue}.{CONSUMER}".encode()
        self._inbox = b""
        self._sid = b""
        self._asked = 0
        self._is_leaving = False
        self._will_ask = False
        self._silent_ticks = 0
        self._created = ""
        self._is_served = False
        self._is_stopped = False
        self._building: asyncio.Task[None] | None = None

    @property
    def consuming(self) -> bool:
        """See `Consumer.consuming`."""
        return self._is_served and not self._is_stopped

    def settle(self, delivery: Delivery) -> None:
        """See `Consumer.settle`."""
        self._hand.settle(delivery)
        self._ask_soon()

    def release(self, delivery: Delivery) -> None:
        """See `Consumer.release`."""
        self._hand.release(delivery)
        self._ask_soon()

    async def extend(self, delivery: Delivery) -> None:
        """See `Consumer.extend`."""
        await self._hand.extend(delivery)

    def resize(self, prefetch: int) -> None:
        """See `Consumer.resize`."""
        self._prefetch = prefetch
        if len(self._hand) + self._asked > prefetch:
            self._leave(_nothing)
        else:
            self._ask_soon()

    async def stop(self) -> None:
        """See `Consumer.stop`."""
        self._is_stopped = True
        self._prefetch = 0
        left = asyncio.Event()
        self._leave(left.set)
        try:
            async with asyncio.timeout(STOP_SECONDS):
                await left.wait()
        except TimeoutError:
            logger.warning("queue %s: the server did not confirm the end of the subscription", self._queue)

    async def close(self) -> None:
        """Stop, and give back everything in hand."""
        if self._building is not None:
            self._building.cancel()
        await self.stop()
        self._hand.release_all()

    def link_up(self, link: Link) -> None:
        """Take up the subscription on a new link."""
        self._link = link
        self._build_soon()

    def link_down(self, reason: str) -> None:
        """Forget all requests; what is in hand stays."""
        if self._building is not None:
            self._building.cancel()
        self._lose(reason)
        self._link = None
        self._hand.link_down()
        self._left(self._inbox, _nothing)

    def tick(self) -> None:
        """Build anew what has been silent too long, or look whether it still stands when nothing was asked of it."""
        self._silent_ticks += 1
        if self._silent_ticks >= SILENT_TICKS and (self._building is None or self._building.done()):
            self._build_soon()

    # Build

    def _build_soon(self) -> None:
        if self._link is not None:
            self._building = asyncio.create_task(self._build(self._link), name=f"nats consumer {self._queue}")

    async def _build(self, link: Link) -> None:
        """Look the consumer up and begin to ask it; if that fails, the next tick tries again."""
        left = asyncio.Event()
        self._leave(left.set)
        await left.wait()
        try:
            found = await consumer_facts(self._requests, self._queue)
        except QueueMissingError as error:
            self._hand.forget()
            self._lose(str(error))
            return
        except TransportError as error:
            self._lose(str(error))
            return
        if found.created != self._created and self._created:
            self._hand.forget()
        self._created = found.created
        self._hand.link_up(link, found.lease_seconds)
        self._silent_ticks = 0
        if not self._is_served:
            self._is_served = True
            logger.info("queue %s: consuming", self._queue)
        self._ask()

    def _lose(self, reason: str) -> None:
        if self.consuming:
            logger.warning("queue %s: not consuming: %s; trying again until it works", self._queue, reason)
        self._is_served = False

    # Ask

    def _ask_soon(self) -> None:
        """Ask once for all places that become free in this turn of the event loop."""
        if not self._will_ask:
            self._will_ask = True
            asyncio.get_running_loop().call_soon(self._ask)

    def _ask(self) -> None:
        """Ask for as many messages as there are free places, but only if that at least doubles what is asked for.

        So hardly more requests wait at the server than the logarithm of `prefetch`, and none is sent when it owes many.
        """
        self._will_ask = False
        free = self._prefetch - len(self._hand) - self._asked
        if self._link is None or not self._is_served or self._is_leaving or free < max(1, self._asked):
            return
        if not self._inbox:
            self._inbox = b"_INBOX." + secrets.token_hex(12).encode()
            self._sid = self._link.subscribe(self._inbox, self._arrived)
        self._link.publish(self._ask_subject, self._inbox, _request(free, self._link.max_payload))
        self._asked += free

    def _leave(self, done: Callable[[], None]) -> None:
        """Take all requests back, then call `done`; the server forgets requests from inboxes that nobody listens to."""
        if self._link is None or not self._inbox:
            done()
            return
        self._is_leaving = True
        self._link.unsubscribe(self._sid, partial(self._left, self._inbox, done))

    def _left(self, inbox: bytes, done: Callable[[], None]) -> None:
        if inbox == self._inbox:
            self._inbox = b""
            self._asked = 0
            self._is_leaving = False
            self._ask_soon()
        done()

    # Receive

    def _arrived(self, _subject: bytes, ack: bytes, header: bytes, body: bytes) -> None:
        """Deliver a message, or give it back when there is no place for it any more."""
        self._silent_ticks = 0
        if not ack:
            self._read_status(header)
            return
        self._asked = max(0, self._asked - 1)
        if len(self._hand) < self._prefetch:
            self._deliver(self._hand.take(ack, body))
        elif self._link is not None:
            answer(self._link, ack, NAK)

    def _read_status(self, header: bytes) -> None:
        status, text, fields = wire.read_status(header)
        if status == REQUEST_TIMEOUT or (status == CONFLICT and text in ENDS_OF_REQUESTS):
            unused = fields.get("Nats-Pending-Messages", "0")
            self._asked = max(0, self._asked - int(unused)) if unused.isdigit() else 0
            self._ask_soon()
        elif status != HEARTBEAT:
            if "deleted" in text.lower():
                self._hand.forget()
            self._lose(f"the server says {status} {text}")
            self._silent_ticks = SILENT_TICKS


def _request(batch: int, largest: int) -> bytes:
    """Build a request for so many messages, limited in bytes where so many of the largest size would be too much."""
    request = {"batch": batch, "expires": REQUEST_SECONDS * SECOND, "idle_heartbeat": HEARTBEAT_SECONDS * SECOND}
    if batch * largest > REQUEST_BYTES:
        request["max_bytes"] = max(REQUEST_BYTES, 2 * largest)
    return msgspec.json.encode(request)


def _nothing() -> None:
    """Be the callback where nobody waits."""
