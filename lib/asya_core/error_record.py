"""The messages that error-end stores: what went wrong, and everything needed to try again."""

from __future__ import annotations

import base64
from datetime import datetime

import msgspec
from msgspec import UNSET, Raw, UnsetType

from asya_core.envelope import Envelope, ErrorRecord, Route
from asya_core.errors import EnvelopeError
from asya_core.faults import Fault
from asya_core.ids import problem_with_id, raw_id
from asya_core.outgoing import Publication, new_status, with_status
from asya_core.route import ERROR_END, is_actor_name


def to_error_end(envelope: Envelope, fault: Fault, actor: str, now: datetime) -> Publication:
    """Send a message to error-end with what went wrong; the original payload inside, a large one as its reference."""
    status = new_status(envelope, phase="failed", actor=actor, now=now)
    before = envelope.status
    if before is not UNSET:
        status.attempt, status.max_attempts, status.actor_since = (
            before.attempt,
            before.max_attempts,
            before.actor_since,
        )
    status.reason = fault.code
    status.error = ErrorRecord(type=fault.type, mro=fault.mro, message=fault.message, traceback=fault.traceback)
    original: dict[str, Raw] = {}
    if envelope.payload is not UNSET:
        original["original_payload"] = envelope.payload
    if envelope.payload_ref is not UNSET:
        original["original_payload_ref"] = envelope.payload_ref
    record = with_status(envelope, status)
    record.payload = _error_payload(fault, original)
    record.payload_ref = UNSET
    return Publication(ERROR_END, record, "error_end")


def undecodable(body: bytes, message_id: str, error: EnvelopeError, actor: str, now: datetime) -> Publication:
    """Make an error record of bytes that are no envelope.

    What can be read is kept: a usable id, and the message as JSON. Anything else is stored as base64 under an id made
    of the bytes' hash and the broker's message id, so that the same message gives the same record.
    """
    id_ = _salvaged_id(body) or raw_id(body, message_id)
    fault = Fault(code=error.code, message=str(error))
    return to_error_end(
        Envelope(id=id_, route=Route(actors=[actor] if is_actor_name(actor) else []), payload=_as_json(body)),
        fault,
        actor,
        now,
    )


def _error_payload(fault: Fault, original: dict[str, Raw]) -> Raw:
    details = {"message": fault.message, "type": fault.type, "traceback": fault.traceback}
    return Raw(msgspec.json.encode({"error": fault.code, "details": details, **original}))


def _salvaged_id(body: bytes) -> str | None:
    try:
        found = msgspec.json.decode(body, type=_Identified)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        return None
    return None if problem_with_id(found.id, is_child=found.parent_id is not UNSET) else found.id


def _as_json(body: bytes) -> Raw:
    try:
        body.decode()
        msgspec.json.decode(body, type=Raw)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        return Raw(msgspec.json.encode({"base64": base64.b64encode(body).decode("ascii")}))
    return Raw(body)


class _Identified(msgspec.Struct):
    id: str
    parent_id: Raw | UnsetType = UNSET
