"""Keeps the leases of messages in hand from ending, for as long as their handlers take."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable

from asya_core.errors import LeaseLostError, TransportError
from asya_core.transports import Consumer, Delivery
from asya_core.transports.base import lease_clock
from asya_sidecar.actor import Actor
from asya_sidecar.run import Run

log = logging.getLogger(__name__)

EVERY_SECONDS = 2.0
"""How often leases are looked at."""

RENEW_BELOW_SECONDS = 20.0
"""A lease with less than this left is renewed; every transport's lease is at least twice `EVERY_SECONDS`."""


async def keep_leases(actor: Actor, consumer: Consumer) -> None:
    """Renew what needs it, for ever.

    A lease that is lost all the same ends nothing here: the run goes on, adopts its message if it comes back to us,
    and is fenced by the transport when it wants to publish. Its place is freed, or the message could not come back.
    """
    while True:
        await asyncio.sleep(EVERY_SECONDS)
        for run in actor.runs.values():
            for delivery in run.deliveries:
                if delivery.is_lost:
                    consumer.release(delivery)
        held = [(run, delivery) for run in actor.runs.values() for delivery in _held(run)]
        soon = lease_clock() + RENEW_BELOW_SECONDS
        await asyncio.gather(
            *(_renew(run, delivery, consumer) for run, delivery in held if _needs_renewal(soon, delivery))
        )


def _held(run: Run) -> Iterable[Delivery]:
    """Return the last delivery of each copy of its message that the queue has: all of them are settled in the end."""
    return {delivery.message_id: delivery for delivery in run.deliveries}.values()


def _needs_renewal(by: float, delivery: Delivery) -> bool:
    """Tell whether there is a lease that is still ours and ends before `by`."""
    return delivery.lease_until is not None and delivery.lease_until < by and not delivery.is_lost


async def _renew(run: Run, delivery: Delivery, consumer: Consumer) -> None:
    try:
        await consumer.extend(delivery)
    except LeaseLostError as error:
        if not run.over:
            log.warning("it goes on without a lease: %s", error, extra=run.labels("lease_lost", "lease"))
    except TransportError as error:
        log.warning("a lease could not be renewed: %s", error, extra=run.labels("lease_not_renewed", "lease"))
