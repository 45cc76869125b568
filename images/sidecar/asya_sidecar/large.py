"""Which part of a message is stored apart when it is too large to be sent; pure."""

from __future__ import annotations

import msgspec
from msgspec import UNSET, Raw

from asya_core.claim_check import with_reference
from asya_core.outgoing import Publication, with_status
from asya_core.stored_errors import unwrapped

WORTH_STORING = 1024
"""A part of fewer bytes makes no message smaller that is too large for a broker: its reference has about as many."""

_members = msgspec.json.Decoder(dict[str, Raw])


def large_part(publication: Publication, threshold: int) -> Raw | None:
    """Return the payload if it has more than `threshold` bytes; of an error record, the payload that it is about."""
    payload = publication.envelope.payload
    if payload is UNSET or len(payload) <= threshold:
        return None
    if publication.kind != "error_end":
        return payload
    original = _members.decode(payload).get("original_payload")
    if original is None or len(original) <= threshold:
        return None
    return unwrapped(original)  # a store has no record around it, and a redrive passes on what lies there


def with_part_stored(publication: Publication, reference: Raw) -> Publication:
    """Return the publication with a reference in place of its large part."""
    if publication.kind != "error_end":
        return msgspec.structs.replace(publication, envelope=with_reference(publication.envelope, reference))
    record = with_status(publication.envelope, publication.envelope.status)
    if record.payload is not UNSET:
        content = _members.decode(record.payload)
        content.pop("original_payload", None)
        record.payload = Raw(msgspec.json.encode({**content, "original_payload_ref": reference}))
    return msgspec.structs.replace(publication, envelope=record)
