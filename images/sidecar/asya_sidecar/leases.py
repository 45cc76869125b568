"""Keeps the leases of messages in hand from ending, for as long as their handlers take."""

from __future__ import annotations

import asyncio
import logging
import time

from asya_core.errors import LeaseLostError, TransportUnavailableError
from asya_core.transports import Consumer
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
    and is fenced by the transport when it wants to publish.
    """
    while True:
        await asyncio.sleep(EVERY_SECONDS)
        soon = time.clock_gettime(time.CLOCK_BOOTTIME) + RENEW_BELOW_SECONDS
        due = [run for run in actor.runs.values() if (run.delivery().lease_until or soon) < soon]
        if due:
            await asyncio.gather(*(_renew(run, consumer) for run in due))


async def _renew(run: Run, consumer: Consumer) -> None:
    try:
        await consumer.extend(run.delivery())
    except LeaseLostError:
        log.warning(
            "the lease ended while the message was in hand", extra={"event": "lease_lost", "id": run.envelope.id}
        )
    except TransportUnavailableError as error:
        log.warning(
            "a lease could not be renewed: %s", error, extra={"event": "lease_not_renewed", "id": run.envelope.id}
        )
