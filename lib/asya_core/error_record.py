"""The messages that error-end stores: what went wrong, and everything needed to try again."""

from __future__ import annotations

import base64
from contextlib import suppress
from datetime import datetime
from typing import Any

import msgspec
from msgspec import UNSET, Raw, UnsetType

from asya_core.envelope import Envelope, ErrorRecord, Route, Status, check_json
from asya_core.errors import EnvelopeError
from asya_core.faults import Fault
from asya_core.ids import problem_with_ids, raw_id
from asya_core.limits import Limits, is_deeper_than
from asya_core.outgoing import Publication, attempt_of, new_status, with_status
from asya_core.route import ERROR_END, is_actor_name
from asya_core.times import read_rfc3339

_DEPTH_OF_ORIGINAL = Limits().depth - 2
"""An error record is two levels around the original, and has to be readable itself."""

_UNREADABLE = (msgspec.DecodeError, RecursionError, UnicodeDecodeError)
_ANY_ID = "any"
_LONGEST_MESSAGE = 4096
_LONGEST_TRACEBACK = 32_768
_LONGEST_NAME, _MOST_BASES = 256, 32


def to_error_end(
    envelope: Envelope, fault: Fault, actor: str, now: datetime, max_attempts: int | UnsetType = UNSET
) -> Publication:
    """Send a message to error-end with what went wrong; the original payload inside, a large one as its reference.

    `status.error` says the same as the payload. Very long messages and tracebacks lose their middle.
    """
    status = new_status(envelope, phase="failed", actor=actor, now=now, attempt=attempt_of(envelope))
    if envelope.status is not UNSET:
        status.actor_since, status.max_attempts = envelope.status.actor_since, envelope.status.max_attempts
    if max_attempts is not UNSET:
        status.max_attempts = max_attempts
    status.reason = fault.code
    status.error = error_of(fault)
    record = with_status(envelope, status)
    record.payload = _error_payload(fault.code, status.error, envelope)
    record.payload_ref = UNSET
    return Publication(ERROR_END, record, "error_end")


def undecodable(body: bytes, message_id: str, error: EnvelopeError, actor: str, now: datetime) -> Publication:
    """Make an error record of bytes that are no envelope.

    Its id is made of the bytes' hash and the broker's message id: the same message gives the same record, and garbage
    can't take the end of the message whose id it carries. That id, if it can be read, is the record's `parent_id`, for
    whoever looks for it; `status.created_at` is kept, too, so that the record lies under its day. The message itself
    is stored as JSON, or else as base64.
    """
    route = Route(actors=[actor] if is_actor_name(actor) else [])
    known = _readable(body)
    id_, parent_id = raw_id(body, message_id), _salvaged_id(known)
    envelope = Envelope(id=id_, parent_id=parent_id, route=route, status=_salvaged_status(known), payload=Raw(body))
    return to_error_end(envelope, Fault(code=error.code, message=str(error)), actor, now)


def error_of(fault: Fault, *, with_traceback: bool = True) -> ErrorRecord:
    """Write a fault as `status.error`, bounded, so that no exception's text makes a message too large to publish."""
    return ErrorRecord(
        type=fault.type[:_LONGEST_NAME],
        mro=[name[:_LONGEST_NAME] for name in fault.mro[:_MOST_BASES]],
        message=_without_middle(fault.message, _LONGEST_MESSAGE),
        traceback=_without_middle(fault.traceback, _LONGEST_TRACEBACK) if with_traceback else UNSET,
    )


def _error_payload(code: str, error: ErrorRecord, envelope: Envelope) -> Raw:
    details = {"message": error.message, "type": error.type, "traceback": error.traceback}
    content: dict[str, Any] = {"error": code, "details": details}
    if envelope.payload is not UNSET:
        content["original_payload"] = _original(envelope.payload)
    if envelope.payload_ref is not UNSET:
        content["original_payload_ref"] = envelope.payload_ref
    return Raw(msgspec.json.encode(content))


def _original(payload: Raw) -> Raw:
    body = bytes(payload)
    if not is_deeper_than(body, _DEPTH_OF_ORIGINAL):
        with suppress(EnvelopeError):
            check_json(body)
            return payload
    return Raw(msgspec.json.encode({"base64": base64.b64encode(body).decode("ascii")}))


def _readable(body: bytes) -> _Readable:
    with suppress(*_UNREADABLE):
        return msgspec.json.decode(body, type=_Readable)
    return _Readable()


def _salvaged_id(known: _Readable) -> str | UnsetType:
    """Return the id that the message carries, if it is one."""
    with suppress(*_UNREADABLE):
        id_ = msgspec.json.decode(known.id, type=str)
        return UNSET if problem_with_ids(_ANY_ID, id_) else id_
    return UNSET


def _salvaged_status(known: _Readable) -> Status | UnsetType:
    """Return a status with the time that the message was created at, if it is one."""
    with suppress(*_UNREADABLE):
        created_at = msgspec.json.decode(known.status, type=_Created).created_at
        return Status(created_at=created_at) if read_rfc3339(created_at) else UNSET
    return UNSET


def _without_middle(text: str, most: int) -> str:
    if len(text) <= most:
        return text
    half = most // 2
    return f"{text[:half]}\n[{len(text) - 2 * half} characters left out]\n{text[-half:]}"


class _Readable(msgspec.Struct):
    id: Raw = Raw(b"null")
    status: Raw = Raw(b"null")


class _Created(msgspec.Struct):
    created_at: str
