"""Errors as error-end stores them: what they say, and the payload with which their message may be tried again. Pure."""

from __future__ import annotations

import base64
import binascii
import re
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

import msgspec
from msgspec import UNSET, Raw, UnsetType

from asya_core.envelope import Envelope, ErrorRecord, Status, check_json, decode, encode
from asya_core.errors import AsyaError, EnvelopeError
from asya_core.limits import Limits, check_utf8, is_deeper_than
from asya_core.outgoing import with_status
from asya_core.times import read_rfc3339, rfc3339

_ANY_SIZE = Limits(size=2**62)
_DEEPEST_PAYLOAD = Limits().depth - 2
"""An error's payload lies two levels inside of it."""

_EDITED, _EDITED_AT = "edited_payload", "edited_at"
_OMITTED = "_omitted"
_RAW = re.compile(r"raw-[0-9a-f]{64}(?:-|$)", re.ASCII)
_NO_ENVELOPE = "msg_parsing_error"

_members = msgspec.json.Decoder(dict[str, Raw])


class StoredErrorError(AsyaError):
    """A stored object is no error, or what is asked for can't be had of it; the sentence says why, and what to do."""


class Details(msgspec.Struct):
    """What went wrong, as `payload.details` says it."""

    message: str | UnsetType = UNSET
    type: str | UnsetType = UNSET
    traceback: str | UnsetType = UNSET


@dataclass(frozen=True, slots=True)
class StoredError:
    """One stored error: its envelope, and the members of its payload as raw JSON."""

    envelope: Envelope
    members: dict[str, Raw]

    @property
    def id(self) -> str:
        """The message's id."""
        return self.envelope.id

    @property
    def status(self) -> Status:
        """The envelope's status, empty where it has none."""
        return Status() if self.envelope.status is UNSET else self.envelope.status

    @property
    def generation(self) -> int:
        """How often the message had been redriven when it failed."""
        return self.status.generation or 0

    @property
    def reason(self) -> str:
        """The code of the error, for example `processing_error`."""
        with suppress(msgspec.DecodeError):
            return msgspec.json.decode(self.members.get("error", b""), type=str)
        return self.status.reason or ""

    @property
    def actor(self) -> str:
        """The actor that had the message last; empty where nobody knows."""
        return self.status.actor or ""

    @property
    def record(self) -> ErrorRecord:
        """The exception's class, bases, text and traceback; from the payload's details where the status has none."""
        if self.status.error is not UNSET:
            return self.status.error
        with suppress(msgspec.DecodeError):
            details = msgspec.json.decode(self.members.get("details", b""), type=Details)
            return ErrorRecord(type=details.type, message=details.message, traceback=details.traceback)
        return ErrorRecord()

    @property
    def failed_at(self) -> datetime | None:
        """When it ended in this error."""
        return _time(self.status.updated_at)

    @property
    def created_at(self) -> datetime | None:
        """When its producer made it."""
        return _time(self.status.created_at)

    @property
    def is_edited(self) -> bool:
        """Whether a person has given it another payload."""
        return _EDITED in self.members

    @property
    def was_no_envelope(self) -> bool:
        """Whether it stands for bytes that no actor could read, so that nobody knows their route."""
        return self.reason == _NO_ENVELOPE and _RAW.match(self.id) is not None

    @property
    def omitted(self) -> list[str]:
        """What was left out of the object because it was too large, such as `original_payload` or `headers`."""
        return sorted(name.removesuffix(_OMITTED) for name in self.members if name.endswith(_OMITTED))

    @property
    def reference(self) -> Raw | None:
        """The claim check that stands for the payload, or None."""
        return None if self.is_edited else self.members.get("original_payload_ref")

    @property
    def original(self) -> Raw | None:
        """The payload that the message had when it failed; None where only a reference, or nothing, was kept."""
        kept = self.members.get("original_payload")
        return None if kept is None else unwrapped(kept)

    @property
    def payload(self) -> Raw | None:
        """The payload with which it is to be tried again: the edited one, or else the original."""
        return self.members[_EDITED] if self.is_edited else self.original


def read_error(body: bytes) -> StoredError:
    """Read a stored error. Raises StoredErrorError for anything else."""
    try:
        envelope = decode(body, _ANY_SIZE)
        members = _members.decode(b"null" if envelope.payload is UNSET else envelope.payload)
    except (EnvelopeError, msgspec.DecodeError, RecursionError) as error:
        raise StoredErrorError(f"the object is no error that error-end wrote ({error}); remove it by hand") from None
    return StoredError(envelope, members)


def edited(error: StoredError, payload: bytes, now: datetime) -> bytes:
    """Return the error object with another payload for its next try; the original stays in it.

    Raises StoredErrorError with a sentence when this is no JSON that a message can hold.
    """
    try:
        check_utf8(payload)
        if is_deeper_than(payload, _DEEPEST_PAYLOAD):
            raise StoredErrorError(
                f"the payload is nested deeper than {_DEEPEST_PAYLOAD} arrays or objects; write a flatter one"
            )
        check_json(payload)
    except EnvelopeError as problem:
        raise StoredErrorError(f"the payload is {problem}; correct it") from None
    changed = with_status(error.envelope, error.envelope.status)
    members = {**error.members, _EDITED: Raw(payload), _EDITED_AT: Raw(msgspec.json.encode(rfc3339(now)))}
    changed.payload = Raw(msgspec.json.encode(members))
    return encode(changed)


def _time(written: str | UnsetType) -> datetime | None:
    return None if written is UNSET else read_rfc3339(written)


def unwrapped(kept: Raw) -> Raw:
    """Return the payload itself where a record holds it as base64, since it is too deep to be inside of one."""
    try:
        members = msgspec.json.decode(kept, type=dict[str, str])
        body = base64.b64decode(members["base64"], validate=True) if set(members) == {"base64"} else b""
    except (msgspec.DecodeError, RecursionError, binascii.Error, ValueError):
        return kept
    return Raw(body) if is_deeper_than(body, _DEEPEST_PAYLOAD) and _is_json(body) else kept


def _is_json(body: bytes) -> bool:
    with suppress(EnvelopeError):
        check_utf8(body)
        check_json(body)
        return True
    return False
