"""Records of what can't be passed on, and messages that have to become smaller so that they can; pure."""

from __future__ import annotations

import base64
import hashlib
from datetime import datetime

import msgspec
from msgspec import UNSET, Raw

from asya_core.envelope import Envelope, Status, encode
from asya_core.error_record import to_error_end
from asya_core.errors import QueueMissingError
from asya_core.faults import Fault
from asya_core.outgoing import Publication, with_status
from asya_core.route import is_actor_name

_members = msgspec.json.Decoder(dict[str, Raw])
_TIMES = ("actor_since", "created_at", "deadline_at")
_LONGEST_TIME = 64
_LONGEST_REFERENCE = 4096
_EMPTY = (Raw(b'""'), Raw(b"null"))


def smaller(record: Envelope) -> Envelope | None:
    """Return the record with less in it, or None when nothing is left that could be missed.

    The traceback goes first. Then the largest part gives way to its size and hash, and the next: what happened to the
    message, and to which, is worth more than a message that can never be stored.
    """
    if record.payload is UNSET:
        return None
    content = _members.decode(record.payload)
    details = _members.decode(content["details"]) if "details" in content else {}
    if details.get("traceback", _EMPTY[0]) not in _EMPTY:
        content["details"] = Raw(msgspec.json.encode({**details, "traceback": ""}))
        return _with_payload(record, content)
    parts = _parts(record, content)
    if not parts:
        return None
    name = max(parts, key=lambda name: len(parts[name]))
    omitted = {"bytes": len(parts[name]), "sha256": hashlib.sha256(parts[name]).hexdigest()}
    content[f"{name}_omitted"] = Raw(msgspec.json.encode(omitted))
    content.pop(name, None)
    return _without(name, _with_payload(record, content))


def _parts(record: Envelope, content: dict[str, Raw]) -> dict[str, bytes]:
    """Return what can be left out, as JSON."""
    route, status = record.route, record.status
    reference = content.get("original_payload_ref", b"")
    parts = {
        "original_payload": content.get("original_payload", UNSET),
        "original_payload_ref": reference if len(reference) > _LONGEST_REFERENCE else UNSET,
        "headers": record.headers,
        "metadata": route.metadata,
        "members": record.unknown,
        "route_members": route.unknown,
        "actors": route.actors if len(route.actors) > 1 or not all(map(is_actor_name, route.actors)) else UNSET,
        "status_members": UNSET if status is UNSET else status.unknown,
        "times": UNSET if status is UNSET else _no_times(status) or UNSET,
    }
    return {name: msgspec.json.encode(part) for name, part in parts.items() if part is not UNSET}


def _without(name: str, record: Envelope) -> Envelope:
    """Take one part out of a record that is ours to change."""
    if name == "headers":
        record.headers = UNSET
    elif name == "members":
        record.unknown = UNSET
    elif name == "metadata":
        record.route = msgspec.structs.replace(record.route, metadata=UNSET)
    elif name == "route_members":
        record.route = msgspec.structs.replace(record.route, unknown=UNSET)
    elif name == "actors":
        here = [actor for actor in record.route.actors[record.route.current :][:1] if is_actor_name(actor)]
        record.route = msgspec.structs.replace(record.route, actors=here, current=0)
    elif name == "status_members" and record.status is not UNSET:
        record.status = msgspec.structs.replace(record.status, unknown=UNSET)
    elif name == "times" and record.status is not UNSET:
        record.status = msgspec.structs.replace(record.status, **dict.fromkeys(_no_times(record.status), UNSET))
    return record


def _no_times(status: Status) -> dict[str, str]:
    """Return what stands in the places of times and is too long for any."""
    written = {name: getattr(status, name) for name in _TIMES}
    return {name: text for name, text in written.items() if text is not UNSET and len(text) > _LONGEST_TIME}


def as_base64(body: bytes) -> Raw:
    """Return a payload for bytes that can't be stored as they are."""
    return Raw(msgspec.json.encode({"base64": base64.b64encode(body).decode("ascii")}))


def fitting(record: Envelope, size: int) -> Envelope:
    """Return the record with as much in it as `size` bytes can hold."""
    while len(encode(record)) > size and (less := smaller(record)) is not None:
        record = less
    return record


def _with_payload(record: Envelope, content: dict[str, Raw]) -> Envelope:
    changed = with_status(record, record.status)
    changed.payload = Raw(msgspec.json.encode(content))
    if changed.status is not UNSET and changed.status.error is not UNSET:
        changed.status = msgspec.structs.replace(
            changed.status, error=msgspec.structs.replace(changed.status.error, traceback="", unknown=UNSET)
        )
    return changed


def unroutable(publication: Publication, error: QueueMissingError, actor: str, now: datetime) -> Publication:
    """Record an output whose queue never appeared, as it was to be delivered, so that a redrive can deliver it."""
    fault = Fault(code="unroutable", message=f"{error}; nobody took the message for {publication.actor!r}")
    return to_error_end(publication.envelope, fault, actor, now)


def too_large(error: Exception) -> Fault:
    """Say that an output can't be passed on as large as it is."""
    return Fault(code="result_error", message=f"the result can't be passed on: {error}")


def lighter_retry(publication: Publication) -> Publication | None:
    """Leave out of a retry what went wrong last, so that a message near the broker's limit can still be tried again.

    None for what is no retry, or one that carries nothing of the kind.
    """
    status = publication.envelope.status
    if publication.kind != "retry" or status is UNSET or status.error is UNSET:
        return None
    light = msgspec.structs.replace(status, error=UNSET)
    return msgspec.structs.replace(publication, envelope=with_status(publication.envelope, light))
