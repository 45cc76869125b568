"""The envelopes that a message turns into on its way on: children, next steps, results."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from msgspec import UNSET, Raw, Struct, UnsetType

from asya_core.envelope import Envelope, Status, check_json, decode_edit
from asya_core.errors import EnvelopeError, ResultError, RouteError
from asya_core.ids import child_id
from asya_core.limits import Limits, is_deeper_than
from asya_core.route import HAPPY_END, advanced, check_edit, next_actor, restored
from asya_core.times import rfc3339

_DEPTH = Limits().depth

Kind = Literal["routing", "retry", "happy_end", "error_end"]


class Publication(Struct, frozen=True):
    """One message to publish: to whose queue, how much later in seconds, and why."""

    actor: str
    envelope: Envelope
    kind: Kind
    delay: float = 0.0


def child(envelope: Envelope, index: int, payload: Raw, depth: int = _DEPTH) -> Envelope:
    """Return child `index` of a message in payload mode: its route one step on, with a payload of its own.

    Raises ResultError with a sentence when the payload is no JSON, or when the next actor could not read the envelope
    around it, because that would be nested deeper than `depth`. Its size is for whoever publishes it to check.
    """
    body = bytes(payload)
    try:
        check_json(body)
    except EnvelopeError as error:
        raise ResultError(f"result {index} of the handler can't be passed on: {error}") from None
    if is_deeper_than(body, depth - 1):
        raise ResultError(
            f"result {index} of the handler can't be passed on: it is nested deeper than {depth - 1} arrays or "
            "objects; return a flatter one"
        )
    made = with_status(envelope, envelope.status)
    made.route, made.payload, made.payload_ref = advanced(envelope.route), payload, UNSET
    return _as_child(made, envelope, index)


def edited_child(envelope: Envelope, index: int, item: bytes, limits: Limits) -> Envelope:
    """Return child `index` from the envelope that a handler in envelope mode returned.

    Raises RouteError with a sentence when the handler broke a rule.
    """
    try:
        returned = decode_edit(item, limits)
    except EnvelopeError as error:
        raise RouteError(f"what the handler returned can't be passed on: {error}") from None
    check_edit(envelope, returned)
    return _as_child(restored(envelope, returned), envelope, index)


def forward(envelope: Envelope, actor: str, now: datetime) -> Publication:
    """Send an envelope that `actor` has advanced to the next step of its route, or to happy-end."""
    following = next_actor(envelope.route)
    if following is None:
        return to_end(envelope, actor, now)
    status = new_status(envelope, phase="pending", actor=following, now=now)
    return Publication(following, with_status(envelope, status), "routing")


def to_end(envelope: Envelope, actor: str, now: datetime) -> Publication:
    """Send an envelope to happy-end as it is; its status says which attempt of `actor` succeeded."""
    status = new_status(envelope, phase="succeeded", actor=actor, now=now, attempt=attempt_of(envelope))
    return Publication(HAPPY_END, with_status(envelope, status), "happy_end")


def attempt_of(envelope: Envelope) -> int:
    """Return which attempt of this actor the message is, 1 the first."""
    status = envelope.status
    return max(status.attempt, 1) if status is not UNSET and status.attempt is not UNSET else 1


def free_attempts_of(envelope: Envelope) -> int:
    """Return how many attempts of this actor did not count, since what its handler depends on was out."""
    status = envelope.status
    return status.free_attempts if status is not UNSET and status.free_attempts is not UNSET else 0


def new_status(envelope: Envelope, *, phase: str, actor: str, now: datetime, attempt: int = 1) -> Status:
    """Begin a new status that keeps what belongs to the message rather than to its stay at one actor."""
    before = envelope.status
    if before is UNSET:
        return Status(phase=phase, actor=actor, attempt=attempt, updated_at=rfc3339(now))
    return Status(
        phase=phase,
        actor=actor,
        attempt=attempt,
        updated_at=rfc3339(now),
        generation=before.generation,
        created_at=before.created_at,
        deadline_at=before.deadline_at,
        unknown=before.unknown,
    )


def with_status(envelope: Envelope, status: Status | UnsetType) -> Envelope:
    """Return the same envelope with another status."""
    return Envelope(
        id=envelope.id,
        parent_id=envelope.parent_id,
        route=envelope.route,
        headers=envelope.headers,
        status=status,
        payload=envelope.payload,
        payload_ref=envelope.payload_ref,
        unknown=envelope.unknown,
    )


def _as_child(envelope: Envelope, parent: Envelope, index: int) -> Envelope:
    if index > 0:
        envelope.id = child_id(parent.id, parent.route.current, index)
        envelope.parent_id = parent.id
    return envelope
