"""The narrow interface between actors and brokers; every transport passes the same conformance suite.

Deliveries and confirmations come by callback, not by future: a message then costs no task, which is what keeps a
sidecar's cost per message in the tens of microseconds. Callbacks run on the event loop, must not block, and never
raise.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, Protocol

Confirmed = Callable[[Exception | None], None]
"""Called once for each publish: with None when a queue took the message, else with a `TransportError`."""


class Delivery:
    """A message in hand: ours until it is settled, released, or its lease ends.

    `count` is how often the broker has delivered it (1 the first time). `message_id` is the broker's own name for it.
    `lease_until` is a time of `time.clock_gettime(CLOCK_BOOTTIME)` in seconds, or None where the broker has no lease.
    `token` belongs to the transport.
    """

    __slots__ = ("body", "count", "lease_until", "message_id", "token")

    def __init__(self, body: bytes, count: int, message_id: str, token: Any, lease_until: float | None = None) -> None:
        self.body = body
        self.count = count
        self.message_id = message_id
        self.token = token
        self.lease_until = lease_until


@dataclass(frozen=True, slots=True)
class Depth:
    """How many messages a queue holds: waiting, delivered but not settled, and delayed."""

    ready: int
    in_flight: int
    delayed: int

    @property
    def total(self) -> int:
        """Everything that is still to be worked off."""
        return self.ready + self.in_flight + self.delayed


class Consumer(Protocol):
    """One subscription to one queue. It reconnects by itself; deliveries of a lost connection can't be settled."""

    @property
    def consuming(self) -> bool:
        """Whether the broker is known to serve this consumer now."""

    def settle(self, delivery: Delivery) -> None:
        """Acknowledge: the message is done and leaves the queue.

        Coalesced; an acknowledgement that is lost with the connection means redelivery. Settling twice, or a delivery
        that is no longer ours, does nothing.
        """

    def release(self, delivery: Delivery) -> None:
        """Give a message back unstarted, for any consumer to take at once."""

    async def extend(self, delivery: Delivery) -> None:
        """Renew the lease, confirmed by the broker, and move `delivery.lease_until`.

        Raises LeaseLostError when the delivery is no longer ours, TransportUnavailableError when nobody answered.
        """

    def resize(self, prefetch: int) -> None:
        """Change how many unsettled deliveries may be in hand; 0 pauses. Deliveries in hand stay."""

    async def stop(self) -> None:
        """Take nothing more. Deliveries in hand stay ours and can be settled; those not yet handed over go back."""


class Transport(Protocol):
    """A connection to a broker, for one process. Its own supervision reconnects for ever, with capped backoff."""

    name: str

    @property
    def connected(self) -> bool:
        """Whether the broker is reachable now."""

    async def connect(self) -> None:
        """Connect, waiting for the broker as long as it takes.

        Raises TransportError where waiting can't help (wrong credentials, for example).
        """

    async def close(self) -> None:
        """Flush acknowledgements, then disconnect. Unsettled deliveries go back to their queues."""

    async def ensure(self, queue: str) -> Literal["made", "found"]:
        """Make the queue if it is missing. Raises QueueConflictError where one exists with other arguments."""

    async def delete(self, queue: str) -> Literal["deleted", "absent"]:
        """Remove the queue and everything in it."""

    async def depth(self, queue: str) -> Depth:
        """Count the queue's messages. Raises QueueMissingError."""

    async def consume(self, queue: str, prefetch: int, deliver: Callable[[Delivery], None]) -> Consumer:
        """Begin to take messages, at most `prefetch` unsettled at a time. Raises QueueMissingError."""

    def publish(
        self, queue: str, body: bytes, confirmed: Confirmed, *, delay: float = 0.0, holding: Delivery | None = None
    ) -> None:
        """Send; `confirmed` is called once the broker has stored it in the queue, or with what went wrong.

        `delay` in seconds: the broker keeps it that long before it is ready. `holding` is the delivery that this
        message follows from: on transports where a connection owns its deliveries, publishing for a lost one fails
        with LeaseLostError, so that two consumers can't both publish.
        """


async def publish(transport: Transport, queue: str, body: bytes, *, delay: float = 0.0) -> None:
    """Send one message and wait for its confirmation; for producers that send now and then.

    Raises the TransportError that the confirmation brought.
    """
    outcome: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def confirmed(error: Exception | None) -> None:
        if outcome.done():
            return
        if error is None:
            outcome.set_result(None)
        else:
            outcome.set_exception(error)

    transport.publish(queue, body, confirmed, delay=delay)
    await outcome
