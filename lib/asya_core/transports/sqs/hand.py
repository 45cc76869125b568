"""The deliveries that one consumer has in hand."""

from __future__ import annotations

import logging
from functools import partial
from typing import Any, NamedTuple

from asya_core.errors import LeaseLostError, QueueMissingError, TransportError, TransportUnavailableError
from asya_core.transports.base import Confirmed, Delivery, lease_clock, lease_lost, outcome
from asya_core.transports.sqs.changes import Change, Changes

LONGEST_HOLD = 12 * 3600
"""Seconds after its receipt for which SQS lets a message be kept invisible at most."""

logger = logging.getLogger(__name__)


class Held(NamedTuple):
    """What SQS needs to know a delivery by, and when it was asked for, as a time of `lease_clock()`."""

    receipt: str
    since: float


class Hand:
    """SQS takes answers over any connection, so deliveries outlive one, and their answers wait for the next.

    A lease is counted from before the request was sent that it came with, so it ends here before it ends there.
    """

    def __init__(self, changes: Changes, visibility: int, longest_hold: int) -> None:
        self._changes = changes
        self._visibility = visibility
        self._longest_hold = longest_hold
        self._deliveries: set[Delivery] = set()

    def __len__(self) -> int:
        return len(self._deliveries)

    def take(self, message: dict[str, Any], body: bytes, asked: float) -> Delivery:
        """Return a received message as a delivery in hand; its receive was sent at `asked`."""
        attributes = message.get("Attributes", {})
        count = max(1, int(attributes.get("ApproximateReceiveCount", 1)))
        held = Held(message["ReceiptHandle"], asked)
        delivery = Delivery(body, count, message["MessageId"], held, asked + self._visibility)
        self._deliveries.add(delivery)
        return delivery

    def settle(self, delivery: Delivery) -> None:
        """Delete the message, if it is still ours."""
        self._let_go(delivery, None)

    def release(self, delivery: Delivery, hidden: int) -> None:
        """Make the message visible after `hidden` seconds, if it is still ours."""
        self._let_go(delivery, hidden)

    def drop(self, delivery: Delivery) -> None:
        """Free its place and let the lease run out."""
        self._deliveries.discard(delivery)
        delivery.lease_until = 0.0

    def release_all(self, hidden: int) -> None:
        """Give everything back in the same way."""
        for delivery in list(self._deliveries):
            self.release(delivery, hidden)

    def forget(self) -> None:
        """End all leases: the queue that gave them is gone."""
        for delivery in self._deliveries:
            delivery.lease_until = 0.0
        self._changes.forget()

    async def extend(self, delivery: Delivery) -> None:
        """Renew the lease; see `Consumer.extend`.

        SQS may confirm also for messages that are somebody else's by now, so a confirmation counts only if it came
        before the old lease ended.
        """
        if delivery not in self._deliveries:
            raise LeaseLostError(
                f"message {delivery.message_id} is settled or given back; only what is in hand can be kept"
            )
        _require_lease(delivery)
        asked = lease_clock()
        seconds = self._seconds_left(delivery, asked)
        try:
            await outcome(partial(self._renew, delivery, seconds))
        except (LeaseLostError, QueueMissingError) as error:
            delivery.lease_until = 0.0
            raise LeaseLostError(f"message {delivery.message_id} is no longer ours: {error}") from error
        except TransportError as error:
            raise TransportUnavailableError(f"the lease was not renewed: {error}") from error
        _require_lease(delivery)
        delivery.lease_until = asked + seconds

    def _seconds_left(self, delivery: Delivery, now: float) -> int:
        """Return how long the lease can be made. Raises LeaseLostError when it can't be made any longer."""
        end = delivery.token.since + self._longest_hold
        seconds = min(self._visibility, int(end - now))
        if seconds >= 1 and now + seconds > (delivery.lease_until or 0.0):
            return seconds
        sentence = (
            f"message {delivery.message_id} has been in hand for {self._longest_hold / 3600:g} hours, the longest that "
            "SQS allows; it is delivered again now; split the work into shorter steps"
        )
        logger.error("%s", sentence)
        delivery.lease_until = 0.0
        raise LeaseLostError(sentence)

    def _renew(self, delivery: Delivery, seconds: int, told: Confirmed) -> None:
        self._changes.add(Change(delivery.token.receipt, delivery.lease_until or 0.0, seconds, told))

    def _let_go(self, delivery: Delivery, seconds: int | None) -> None:
        """Answer, and end the lease: nothing may be published for it any more."""
        if delivery in self._deliveries:
            until = delivery.lease_until or 0.0
            self.drop(delivery)
            if lease_clock() < until:
                self._changes.add(Change(delivery.token.receipt, until, seconds))
            if not self._deliveries:
                self._changes.hurry()


def _require_lease(delivery: Delivery) -> None:
    lost = lease_lost(delivery)
    if lost is not None:
        raise lost
