"""What the runtime is told of a message, if it is told at all, and how long it may take over it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

import msgspec
from msgspec import UNSET, Raw

from asya_core.envelope import Envelope, encode
from asya_core.faults import Fault
from asya_core.outgoing import with_status
from asya_core.times import read_rfc3339
from asya_core.transports import Delivery

PAST_DEADLINE = Fault(code="deadline_exceeded", message="the message's deadline passed before its handler had ended")

_NULL = Raw(b"null")


def meta(envelope: Envelope, *, envelope_mode: bool) -> bytes:
    """Return the meta of an INVOKE: in mode envelope everything but the payload, else id and traceparent."""
    if envelope_mode:
        bare = with_status(envelope, envelope.status)
        if bare.payload is not UNSET:
            bare.payload = bare.payload_ref = UNSET  # handlers see payloads, never references
        return encode(bare)
    if envelope.headers is not UNSET and "traceparent" in envelope.headers:
        return msgspec.json.encode({"id": envelope.id, "traceparent": envelope.headers["traceparent"]})
    return msgspec.json.encode({"id": envelope.id})


def payload(envelope: Envelope) -> memoryview:
    """Return the payload's bytes, not copied."""
    return memoryview(envelope.payload if envelope.payload is not UNSET else _NULL)


def deadline(envelope: Envelope) -> datetime | None:
    """Return when the message's time is up, or None when it has no such time."""
    if envelope.status is UNSET or envelope.status.deadline_at is UNSET:
        return None
    return read_rfc3339(envelope.status.deadline_at)


@dataclass(frozen=True, slots=True)
class Allowance:
    """How many seconds a handler may take, and whether that is so because of the message's deadline."""

    seconds: float
    by_deadline: bool


def time_allowed(until: datetime, most: float, now: datetime) -> Allowance:
    """Return how long a handler may take from `now` on: `most` seconds, or less when the message's time is up before.

    Not above 0 when it is up already.
    """
    left = (until - now).total_seconds()
    return Allowance(min(most, left), by_deadline=left < most)


class Entrant(Protocol):
    """What wants to enter the handler."""

    def delivery(self) -> Delivery:
        """The delivery by which it is held."""

    def lose(self) -> None:
        """Forget it."""

    def refuse(self, fault: Fault) -> None:
        """Record this as what became of it."""


def turned_away(run: Entrant, allowed: Allowance) -> bool:
    """Lose a message that is no longer ours, refuse one whose time is up; tell whether it was either."""
    if run.delivery().is_lost:
        run.lose()
    elif allowed.seconds <= 0:
        run.refuse(Fault(code="deadline_exceeded", message="the message's deadline passed while it waited here"))
    else:
        return False
    return True
