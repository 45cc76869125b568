"""What a delivery is, before anything is done with it; pure but for the clock that is handed in."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime

from msgspec import UNSET

from asya_core.decide import refusal
from asya_core.envelope import Envelope, decode
from asya_core.error_record import undecodable
from asya_core.errors import EnvelopeError
from asya_core.faults import Fault
from asya_core.limits import too_large
from asya_core.outgoing import Publication, attempt_of, free_attempts_of
from asya_core.route import ERROR_END
from asya_core.transports import Delivery
from asya_sidecar.records import fitting
from asya_sidecar.settings import Settings
from asya_sidecar.states import Key


@dataclass(frozen=True, slots=True)
class Undecodable:
    """Bytes that are no envelope, and the error record that stands for them."""

    key: Key
    record: Publication
    fault: Fault
    is_ours_to_store: bool


def read(delivery: Delivery, settings: Settings, now: datetime) -> Envelope | Undecodable:
    """Return the envelope in a delivery, or why there is none.

    One that is only too large is an envelope all the same: it is refused under its own id, which somebody follows.
    """
    try:
        return decode(delivery.body, settings.limits)
    except EnvelopeError as error:
        if _is_too_large(delivery, settings):
            with suppress(EnvelopeError):
                return decode(delivery.body, replace(settings.limits, size=len(delivery.body)))
        record = undecodable(delivery.body, delivery.message_id, error, settings.actor, now)
        is_ours = settings.actor == ERROR_END
        if is_ours or settings.claims is None:  # else its content goes to the store
            record = Publication(record.actor, fitting(record.envelope, settings.limits.size), record.kind)
        # Not under its id, which is the sender's word: another message of this id may be in hand.
        key = (f"undecodable {delivery.message_id}", id(delivery), 0, 0)
        return Undecodable(key, record, Fault(code=error.code, message=str(error)), is_ours)


def key_of(envelope: Envelope) -> Key:
    """Return what makes two deliveries the same message: id, position, attempt and generation."""
    status = envelope.status
    generation = status.generation if status is not UNSET and status.generation is not UNSET else 0
    return envelope.id, envelope.route.current, attempt_of(envelope) + free_attempts_of(envelope), generation


def fault_of(envelope: Envelope, delivery: Delivery, settings: Settings, now: datetime) -> Fault | None:
    """Say why the message must not run at this actor, or None. Ends take everything."""
    if settings.is_end:
        return None
    if _is_too_large(delivery, settings):
        return Fault(code="msg_parsing_error", message=too_large(len(delivery.body), settings.limits))
    return refusal(envelope, settings.actor, delivery.count, settings.resiliency.max_deliveries, now)


def _is_too_large(delivery: Delivery, settings: Settings) -> bool:
    return not settings.is_end and len(delivery.body) > settings.limits.size
