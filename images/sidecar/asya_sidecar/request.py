"""What the runtime is told of a message, and how long it may take over it; pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import msgspec
from msgspec import UNSET, Raw

from asya_core.envelope import Envelope, encode
from asya_core.faults import Fault
from asya_core.outgoing import with_status
from asya_core.times import read_rfc3339

PAST_DEADLINE = Fault(code="deadline_exceeded", message="the message's deadline passed before its handler had ended")

_NULL = Raw(b"null")


def meta(envelope: Envelope, *, envelope_mode: bool) -> bytes:
    """Return the meta of an INVOKE: in mode envelope everything but the payload, else id and traceparent."""
    if envelope_mode:
        bare = with_status(envelope, envelope.status)
        bare.payload = UNSET
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
