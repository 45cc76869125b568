"""The deliveries that one consumer has in hand, and what it answers the server for each."""

from __future__ import annotations

from typing import NamedTuple

from asya_core.errors import LeaseLostError
from asya_core.transports.base import Delivery, lease_clock, lease_lost
from asya_core.transports.nats.link import Link
from asya_core.transports.nats.requests import Requests
from asya_core.transports.nats.wire import WireError

ACK, NAK, IN_PROGRESS = b"+ACK", b"-NAK", b"+WPI"
LEASE_SHARE = 0.9
"""How much of a lease we count on: the server began to count before the message reached us."""
TOKENS_OF_ACK = 9
"""So many has `$JS.ACK.<stream>.<consumer>.<count>.<sequence>.<consumer's sequence>.<time>.<pending>`; the newer form
has domain and account after `ACK`, and may have more at its end."""


class _Answer(NamedTuple):
    """What is to be told of one message while its lease, which ends at a time of `lease_clock()`, lasts."""

    ack: bytes
    verb: bytes
    until: float


def count_and_sequence(ack: bytes) -> tuple[int, str]:
    """Read from a message's reply subject how often it was delivered and its number in the stream. Raises WireError."""
    tokens = ack.split(b".")
    first = 4 if len(tokens) == TOKENS_OF_ACK else 6
    try:
        return int(tokens[first]), tokens[first + 1].decode()
    except (IndexError, ValueError) as error:
        raise WireError(f"the server sent a message with the malformed reply subject {ack[:200]!r}") from error


class Hand:
    """NATS takes answers over any connection, so deliveries outlive one, and their answers wait for the next."""

    def __init__(self, requests: Requests) -> None:
        self._requests = requests
        self._link: Link | None = None
        self._lease_seconds = 0.0
        self._deliveries: set[Delivery] = set()
        self._unsent: list[_Answer] = []

    def __len__(self) -> int:
        return len(self._deliveries)

    def link_up(self, link: Link, lease_seconds: float) -> None:
        """Answer over this link, beginning with what had to wait; leases last as the server's consumer says."""
        self._link = link
        self._lease_seconds = lease_seconds * LEASE_SHARE
        unsent, self._unsent = self._unsent, []
        for unanswered in unsent:
            self._send(unanswered)

    def link_down(self) -> None:
        """Let answers wait."""
        self._link = None

    def take(self, ack: bytes, body: bytes) -> Delivery:
        """Return a message just received as a delivery in hand."""
        count, sequence = count_and_sequence(ack)
        delivery = Delivery(body, count, sequence, ack, lease_clock() + self._lease_seconds)
        self._deliveries.add(delivery)
        return delivery

    def settle(self, delivery: Delivery) -> None:
        """Tell that the message is done, if it is still ours."""
        self._let_go(delivery, ACK)

    def release(self, delivery: Delivery) -> None:
        """Give the message back, if it is still ours."""
        self._let_go(delivery, NAK)

    def release_all(self) -> None:
        """Give everything back."""
        for delivery in list(self._deliveries):
            self.release(delivery)

    def forget(self) -> None:
        """End all leases: the consumer that gave them is gone, and a new one may use the same numbers again."""
        for delivery in self._deliveries:
            delivery.lease_until = 0.0
        self._unsent.clear()

    async def extend(self, delivery: Delivery) -> None:
        """Renew the lease; see `Consumer.extend`.

        The server confirms also for messages that are somebody else's by now, so a confirmation counts only if it
        came before the old lease ended.
        """
        if delivery not in self._deliveries:
            raise LeaseLostError(
                f"message {delivery.message_id} is settled or given back; only what is in hand can be kept"
            )
        _require_lease(delivery)
        asked = lease_clock()
        await self._requests.ask(delivery.token, IN_PROGRESS)
        _require_lease(delivery)
        delivery.lease_until = asked + self._lease_seconds

    def _let_go(self, delivery: Delivery, verb: bytes) -> None:
        """Answer, and end the lease: nothing may be published for it any more."""
        if delivery in self._deliveries:
            self._deliveries.remove(delivery)
            until, delivery.lease_until = delivery.lease_until or 0.0, 0.0
            self._send(_Answer(delivery.token, verb, until))

    def _send(self, unanswered: _Answer) -> None:
        if lease_clock() >= unanswered.until:
            return
        if self._link is None:
            self._unsent.append(unanswered)
        else:
            answer(self._link, unanswered.ack, unanswered.verb)


def answer(link: Link, ack: bytes, verb: bytes) -> None:
    """Send ACK or NAK for a message, without asking for confirmation."""
    link.write(b"PUB %b %d\r\n%b\r\n" % (ack, len(verb), verb))


def _require_lease(delivery: Delivery) -> None:
    lost = lease_lost(delivery)
    if lost is not None:
        raise lost
