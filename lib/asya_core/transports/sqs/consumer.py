"""Take messages from a queue with long polls, each for no more than there is room for."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from asya_core.errors import QueueMissingError, TransportError
from asya_core.transports.base import Delivery, lease_clock
from asya_core.transports.sqs.addresses import Addresses
from asya_core.transports.sqs.bodies import ATTRIBUTES, decode
from asya_core.transports.sqs.changes import Change, Changes
from asya_core.transports.sqs.connection import Connection
from asya_core.transports.sqs.hand import Hand
from asya_core.transports.sqs.link import Link
from asya_core.transports.sqs.polls import Pace, Waits, longest_receive, next_receive
from asya_core.transports.sqs.publisher import Publisher
from asya_core.transports.sqs.settings import SqsSettings
from asya_core.transports.supervision import pause_before

GATHER_SECONDS = 0.03
"""How long a few free places wait for more of them before they are asked for."""
EMPTY_SECONDS = 0.2
"""The shortest time from one receive that brought nothing to the next."""
LATE_SECONDS = 5.0
"""How much longer than its wait a receive is waited for at the end."""
DRAIN_SECONDS = 2.0
LEASE_SHARE = 3
"""A receive waits for a third of the lease at most, since the lease counts from when it was sent."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Parts:
    """What all consumers of a transport share; `longest_hold` in seconds."""

    connection: Connection
    addresses: Addresses
    publisher: Publisher
    settings: SqsSettings
    longest_hold: int


class SqsConsumer:
    """One subscription to a queue; a `Consumer` for its user and a `Listener` of the connection.

    What is asked for in receives under way (`_asked`) and what is in hand never exceed `prefetch` together. A receive
    can't be taken back without losing what it brings for as long as a lease lasts, so it is let finish, and what comes
    when there is no place for it any more is given back, but to none of our own receives.
    """

    def __init__(self, parts: Parts, queue: str, prefetch: int, deliver: Callable[[Delivery], None]) -> None:
        self._addresses = parts.addresses
        self._publisher = parts.publisher
        self._visibility = parts.settings.visibility
        self._wait = min(parts.settings.wait, self._visibility // LEASE_SHARE)
        self._queue = queue
        self._prefetch = prefetch
        self._deliver = deliver
        self._changes = Changes(parts.connection, parts.addresses, queue, self._visibility)
        self._hand = Hand(self._changes, self._visibility, parts.longest_hold)
        self._link: Link | None = None
        self._pace = Pace()
        self._waits = Waits()
        self._polls: set[asyncio.Task[None]] = set()
        self._asked = 0
        self._under_way = 0
        self._timer: asyncio.TimerHandle | None = None
        self._is_served = False
        self._is_stopped = False
        self._failures = 0
        self._building: asyncio.Task[None] | None = None

    @property
    def consuming(self) -> bool:
        """See `Consumer.consuming`: whether the last receive succeeded."""
        return self._is_served and not self._is_stopped

    def settle(self, delivery: Delivery) -> None:
        """See `Consumer.settle`."""
        self._hand.settle(delivery)
        self._fill()

    def release(self, delivery: Delivery) -> None:
        """See `Consumer.release`."""
        self._hand.release(delivery, self._hidden())
        self._fill()

    async def extend(self, delivery: Delivery) -> None:
        """See `Consumer.extend`; SQS lets nobody keep a message for more than 12 hours."""
        await self._hand.extend(delivery)

    def resize(self, prefetch: int) -> None:
        """See `Consumer.resize`."""
        if not self._is_stopped:
            self._prefetch = prefetch
            self._fill()

    async def stop(self) -> None:
        """See `Consumer.stop`; what receives bring that are under way is given back as it comes, and `close` waits."""
        self._is_stopped = True
        self._prefetch = 0

    async def close(self) -> None:
        """Stop, wait for what receives under way bring, and give back everything in hand."""
        if self._building is not None:
            self._building.cancel()
        await self.stop()
        self._stop_timer()
        if self._polls and self._link is not None:
            await asyncio.wait(self._polls, timeout=self._wait + LATE_SECONDS)
        for poll in self._polls:
            poll.cancel()
        self._hand.release_all(self._hidden())
        try:
            async with asyncio.timeout(DRAIN_SECONDS):
                await self._changes.drain()
        except TimeoutError:
            logger.warning("queue %s: SQS did not confirm what was given back or done", self._queue)

    def link_up(self, link: Link) -> None:
        """Take up the subscription on a new link."""
        self._link = link
        self._changes.send_again()
        self._build_soon()

    def link_down(self, reason: str) -> None:
        """Count no receive that is under way; what is in hand stays."""
        if self._building is not None:
            self._building.cancel()
        self._stop_timer()
        self._lose(reason)
        self._link = None
        self._asked = 0
        self._under_way = 0

    def tick(self) -> None:
        """Tell SQS again what it did not take, and build anew what failed."""
        self._changes.send_again()
        if not self._is_served and self._timer is None and (self._building is None or self._building.done()):
            self._build_soon()

    # Build

    def _build_soon(self) -> None:
        if self._link is not None and not self._is_stopped and not self._under_way:
            self._building = asyncio.create_task(self._build(self._link), name=f"sqs consumer {self._queue}")

    async def _build(self, link: Link) -> None:
        """See that the queue is there, with a receive that does not wait; if that fails, a later tick tries again."""
        self._pace.polls = 1
        try:
            await self._addresses.find(self._queue)
        except TransportError as error:
            self._lose(str(error))
            return
        if self._prefetch <= len(self._hand):
            self._serve()
        else:
            self._receive(link, 1, 0)

    def _serve(self) -> None:
        self._failures = 0
        if not self._is_served:
            self._is_served = True
            if not self._is_stopped:
                logger.info("queue %s: consuming", self._queue)

    def _lose(self, reason: str) -> None:
        if self.consuming:
            logger.warning("queue %s: not consuming: %s; trying again until it works", self._queue, reason)
        self._is_served = False

    # Ask

    def _fill(self, *, waited: bool = False) -> None:
        """Ask for what there is room for, now or in a moment."""
        if self._link is None or not self._is_served or self._is_stopped:
            return
        while True:
            busy = len(self._hand) + self._asked
            room = self._prefetch - busy
            number = next_receive(room, busy, self._under_way, self._pace.polls, waited=waited)
            if not number:
                break
            self._receive(self._link, min(number, self._pace.most), self._wait)
        if room > 0 and self._under_way < self._pace.polls:
            self._fill_in(GATHER_SECONDS)

    def _fill_in(self, seconds: float) -> None:
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(seconds, self._time_is_up)

    def _time_is_up(self) -> None:
        self._timer = None
        if self._is_served:
            self._fill(waited=True)
        else:
            self._build_soon()

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _receive(self, link: Link, number: int, wait: int) -> None:
        self._asked += number
        self._under_way += 1
        asked = lease_clock()
        self._waits.begin(asked, wait)
        poll = asyncio.create_task(self._poll(link, number, wait, asked), name=f"sqs receive {self._queue}")
        self._polls.add(poll)
        poll.add_done_callback(self._polls.discard)

    async def _poll(self, link: Link, number: int, wait: int, asked: float) -> None:
        begun = time.monotonic()
        try:
            url = await self._addresses.find(self._queue)
            answer = await link.call(
                "ReceiveMessage",
                longest_receive(number, wait, self._visibility),
                QueueUrl=url,
                MaxNumberOfMessages=number,
                WaitTimeSeconds=wait,
                VisibilityTimeout=self._visibility,
                MessageAttributeNames=list(ATTRIBUTES),
                MessageSystemAttributeNames=["ApproximateReceiveCount"],
            )
        except TransportError as error:
            self._end_of_poll(link, number)
            self._poll_failed(link, error)
            return
        self._end_of_poll(link, number)
        self._waits.answered(asked)
        messages = answer.get("Messages", [])
        for message in messages:
            self._arrived(message, asked)
        if link is self._link:
            self._poll_succeeded(number, len(messages), time.monotonic() - begun)

    def _end_of_poll(self, link: Link, number: int) -> None:
        if link is self._link:
            self._asked -= number
            self._under_way -= 1

    def _poll_succeeded(self, asked: int, received: int, seconds: float) -> None:
        was_served = self._is_served
        self._serve()
        self._pace.learn(asked, received)
        if received == 0 and was_served and seconds < EMPTY_SECONDS:
            self._fill_in(EMPTY_SECONDS - seconds)  # a server that does not wait
        else:
            self._fill(waited=received == 0)

    def _poll_failed(self, link: Link, error: TransportError) -> None:
        """Try again later, unless the link is gone, for then everything is built anew."""
        if isinstance(error, QueueMissingError):
            self._addresses.drop(self._queue)
            self._hand.forget()
        if link is not self._link:
            return
        self._lose(str(error))
        self._failures += 1
        if not isinstance(error, QueueMissingError):
            self._pace.fail()
            self._fill_in(pause_before(self._failures))

    # Receive

    def _arrived(self, message: dict[str, Any], asked: float) -> None:
        """Deliver a message, give it back when there is no place for it any more, or send it on when it is early."""
        decoded = decode(message)
        if self._is_stopped or len(self._hand) >= self._prefetch:
            self._changes.add(Change(message["ReceiptHandle"], asked + self._visibility, self._hidden()))
            return
        delivery = self._hand.take(message, decoded.body, asked)
        early = decoded.due - time.time()
        if early > 0:
            self._publisher.publish(self._queue, decoded.body, partial(self._sent_on, delivery), early, delivery)
        else:
            self._deliver(delivery)

    def _hidden(self) -> int:
        """Return for how many seconds nobody may see what is given back: not while we would take it ourselves."""
        return self._waits.seconds_left(lease_clock())

    def _sent_on(self, delivery: Delivery, error: Exception | None) -> None:
        """Delete a message whose next part of a long delay has begun; if it has not, its lease runs out."""
        if error is None:
            self.settle(delivery)
        else:
            self._hand.drop(delivery)
            self._fill()
