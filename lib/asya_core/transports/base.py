"""The narrow interface between actors and brokers; every transport passes the same conformance suite.

Deliveries and confirmations come by callback, not by future: a message then costs no task, which is what keeps a
sidecar's cost per message in the tens of microseconds. Callbacks run on the event loop, must not block and never
raise; they are never called from inside the call that caused them.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from asya_core.errors import LeaseLostError, TransportRefusedError

Confirmed = Callable[[Exception | None], None]
"""Called once for each publish: with None when a queue took the message, else with a `TransportError`."""


_QUEUE_NAME = re.compile(r"[A-Za-z0-9_-]{1,128}")


def lease_clock() -> float:
    """Tell the time that leases are measured by, in seconds; it goes on while the machine is suspended."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


def is_queue_name(queue: str) -> bool:
    """Whether every broker can have a queue of this name."""
    return _QUEUE_NAME.fullmatch(queue) is not None


def require_queue_name(queue: str) -> None:
    """Raise TransportRefusedError for a name that a queue can't have."""
    if not is_queue_name(queue):
        raise TransportRefusedError(f"{queue!r} is no name for a queue; use 1 to 128 of A-Z a-z 0-9 _ -")


class Delivery:
    """A message in hand: ours until it is settled, released, or its lease ends.

    `count` is how often the broker has delivered it (1 the first time). `message_id` is the broker's own name for it.
    `lease_until` is a time of `lease_clock()`, or None where the broker has no lease.
    `token` belongs to the transport.
    """

    __slots__ = ("body", "count", "lease_until", "message_id", "token")

    def __init__(self, body: bytes, count: int, message_id: str, token: Any, lease_until: float | None = None) -> None:
        self.body = body
        self.count = count
        self.message_id = message_id
        self.token = token
        self.lease_until = lease_until

    @property
    def is_lost(self) -> bool:
        """Whether its lease has ended: somebody else may hold the message now."""
        return self.lease_until is not None and lease_clock() >= self.lease_until


def lease_lost(holding: Delivery | None) -> LeaseLostError | None:
    """Return the error for what may no longer be done for this delivery, or None while it is ours."""
    if holding is None or not holding.is_lost:
        return None
    return LeaseLostError(
        f"message {holding.message_id} is no longer in hand: its lease has ended, or it was settled or given back"
    )


@dataclass(frozen=True, slots=True)
class Depth:
    """How many messages a queue holds: waiting, delivered but not settled, and delayed.

    A message that was given back, or whose lease ended, may count as in flight until it is delivered again. The three
    numbers of a busy queue are read one after another, so they may disagree by what moved meanwhile.
    """

    ready: int
    in_flight: int
    delayed: int

    @property
    def total(self) -> int:
        """Everything that is still to be worked off."""
        return self.ready + self.in_flight + self.delayed


class Consumer(Protocol):
    """One subscription to one queue; it comes back by itself after every failure, also of the queue.

    Every delivery takes one of `prefetch` places. Each must be settled or released once, also after its lease ended:
    then that only frees the place. Either makes it `is_lost` at once, so that nothing is published for it afterwards.
    """

    @property
    def consuming(self) -> bool:
        """Whether the broker is known to serve this consumer now."""

    def settle(self, delivery: Delivery) -> None:
        """Acknowledge: the message is done and leaves the queue.

        Coalesced; an acknowledgement that is lost with the connection means redelivery. Settling twice, or a delivery
        that is no longer ours, does nothing.
        """

    def release(self, delivery: Delivery) -> None:
        """Give a message back unstarted, for any consumer to take at once.

        For this one, too, so `stop` or `resize` first. The broker's count goes up all the same.
        """

    async def extend(self, delivery: Delivery) -> None:
        """Renew the lease, confirmed by the broker, and move `delivery.lease_until`.

        Raises LeaseLostError when the delivery is no longer ours, TransportUnavailableError when nobody answered.
        """

    def resize(self, prefetch: int) -> None:
        """Change how many unsettled deliveries may be in hand; 0 pauses. Deliveries in hand stay."""

    async def stop(self) -> None:
        """Take nothing more. Deliveries in hand stay ours and can be settled; those not yet handed over go back."""


class Transport(Protocol):
    """A connection to a broker, for one process. Its own supervision reconnects for ever, with capped backoff.

    A queue's name is 1 to 128 of `A-Z a-z 0-9 _ -`: `ensure` refuses any other with TransportRefusedError, and for
    everything else such a queue does not exist.
    """

    name: str

    @property
    def connected(self) -> bool:
        """Whether the broker is reachable now."""

    async def connect(self) -> None:
        """Connect, waiting for the broker as long as it takes.

        Raises TransportRefusedError where waiting can't help (wrong credentials, for example).
        """

    async def close(self) -> None:
        """Flush acknowledgements, then disconnect. Unsettled deliveries go back to their queues."""

    async def ensure(self, queue: str) -> Literal["made", "found"]:
        """Make the queue if it is missing. Raises QueueConflictError where one exists with other arguments."""

    async def delete(self, queue: str) -> Literal["deleted", "absent"]:
        """Remove the queue and everything in it."""

    async def depth(self, queue: str) -> Depth:
        """Count the queue's messages. Raises QueueMissingError."""

    async def queues(self, prefix: str) -> list[str]:
        """Return the names of all queues that begin with `prefix`, sorted; without what the broker needs beside them.

        Raises TransportRefusedError where the broker does not tell this user.
        """

    async def peek(self, queue: str, limit: int) -> list[bytes]:
        """Return up to `limit` messages that are ready, oldest first as far as the broker knows; they stay there.

        Where a broker can't show a message without delivering it (RabbitMQ, SQS), its count of deliveries goes up by
        one, and for this moment no consumer gets it. Raises QueueMissingError.
        """

    async def consume(self, queue: str, prefetch: int, deliver: Callable[[Delivery], None]) -> Consumer:
        """Begin to take messages, at most `prefetch` unsettled at a time. Raises QueueMissingError."""

    def publish(
        self, queue: str, body: bytes, confirmed: Confirmed, *, delay: float = 0.0, holding: Delivery | None = None
    ) -> None:
        """Send; `confirmed` is called once the broker has stored it in the queue, or with what went wrong.

        That is QueueMissingError, MessageTooLargeError, LeaseLostError, or TransportUnavailableError, after which the
        message may or may not be stored. `delay` in seconds: the broker keeps it that long before it is ready.
        `holding` is the delivery that this message follows from: when it is no longer ours, publishing fails with
        LeaseLostError and nothing is sent, so that two consumers hardly ever publish both.
        """


async def publish(transport: Transport, queue: str, body: bytes, *, delay: float = 0.0) -> None:
    """Send one message and wait for its confirmation; for producers that send now and then.

    Raises the TransportError that the confirmation brought.
    """
    await outcome(lambda confirmed: transport.publish(queue, body, confirmed, delay=delay))


async def outcome(begin: Callable[[Confirmed], None]) -> None:
    """Begin something and wait until its callback is called. Raises what that is called with."""
    future: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def confirmed(error: Exception | None) -> None:
        if future.done():
            return
        if error is None:
            future.set_result(None)
        else:
            future.set_exception(error)

    begin(confirmed)
    await future
