"""Error records that have to become smaller, because they are larger than may be passed on; pure."""

from __future__ import annotations

import hashlib

import msgspec
from msgspec import UNSET, Raw

from asya_core.envelope import Envelope, encode
from asya_core.outgoing import with_status

_members = msgspec.json.Decoder(dict[str, Raw])


def smaller(record: Envelope) -> Envelope | None:
    """Return the record with less in it, or None when nothing is left that could be missed.

    The traceback goes first. Then the original payload gives way to its size and hash: what happened to the message,
    and to which, is worth more than a message that can never be stored.
    """
    if record.payload is UNSET:
        return None
    content = _members.decode(record.payload)
    details = _members.decode(content["details"]) if "details" in content else {}
    if details.get("traceback", Raw(b'""')) not in (Raw(b'""'), Raw(b"null")):
        details["traceback"] = Raw(b'""')
        content["details"] = Raw(msgspec.json.encode(details))
        return _with_payload(record, content)
    if "original_payload" in content:
        original = bytes(content.pop("original_payload"))
        omitted = {"bytes": len(original), "sha256": hashlib.sha256(original).hexdigest()}
        content["original_payload_omitted"] = Raw(msgspec.json.encode(omitted))
        return _with_payload(record, content)
    return None


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
            changed.status, error=msgspec.structs.replace(changed.status.error, traceback="")
        )
    return changed
