"""Claim checks: references that stand for payloads too large to pass on, and where what they name may lie. Pure.

A payload lies under the day on which it was stored and the hash of its content, so the same content is stored once a
day at most, and a rule that removes what is older than so many days removes nothing that is younger. References come in
messages, which anybody may forge who can reach a queue; so none is followed that leads anywhere else.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Annotated
from urllib.parse import urlsplit

import msgspec
from msgspec import UNSET, Meta, Raw, Struct

from asya_core.envelope import Envelope
from asya_core.errors import ClaimError
from asya_core.outgoing import with_status

_SEGMENT = re.compile(r"(?!\.{1,2}$)[A-Za-z0-9._=-]+")
_PAYLOAD = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}/([0-9a-f]{64})", re.ASCII)
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*://")
_SHOWN = 300


class Reference(Struct, frozen=True):
    """What stands in an envelope as `payload_ref`: where the payload lies, the hash of its bytes, and how many."""

    uri: Annotated[str, Meta(max_length=4096)]
    sha256: Annotated[str, Meta(pattern=r"^[0-9a-f]{64}\Z")]
    size: Annotated[int, Meta(ge=0, le=2**63 - 1)]


_reference = msgspec.json.Decoder(Reference)


class Place:
    """The only place that references are made for and followed to: `prefix` in the store at `url`.

    Raises ValueError with a sentence for a URL or prefix that can't be one.
    """

    def __init__(self, url: str, prefix: str) -> None:
        if not _SCHEME.match(url) or "?" in url or "#" in url or "/../" in f"{url}/":
            raise ValueError(f"{url!r} is no plain URL of a store; write it like s3://bucket/folder or file:///folder")
        segments = prefix.strip("/").split("/")
        if not all(_SEGMENT.fullmatch(each) for each in segments):
            raise ValueError(
                f"{prefix!r} is no prefix for keys; use names of letters, digits, - _ . and =, joined and ended by /"
            )
        self.prefix = "/".join(segments) + "/"
        self._below = canonical(url) + self.prefix

    def refer(self, sha256: str, size: int, now: datetime) -> Reference:
        """Return the reference for a payload of `size` bytes that is stored at `now`."""
        return Reference(f"{self._below}{now.astimezone(UTC).date().isoformat()}/{sha256}", sha256, size)

    def key_of(self, reference: Reference) -> str:
        """Return the key in the store. Raises ClaimError for a reference that leads anywhere but to a payload here."""
        rest = reference.uri.removeprefix(self._below)
        found = _PAYLOAD.fullmatch(rest)
        if rest == reference.uri or found is None:
            sentence = f"payload_ref: {_shown(reference.uri)} does not lie in {self._below}, the one place for payloads"
            raise ClaimError("claim_refused", f"{sentence}; set one claimCheck.url and prefix for all actors")
        if found[1] != reference.sha256:
            sentence = f"payload_ref: {_shown(reference.uri)} is named after other content than {reference.sha256}"
            raise ClaimError("claim_refused", sentence)
        return self.prefix + rest


def read_reference(raw: Raw) -> Reference:
    """Read `payload_ref`. Raises ClaimError with a sentence when it is none."""
    try:
        return _reference.decode(raw)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise ClaimError("claim_refused", f"payload_ref: no reference to a payload: {error}") from None


def write_reference(reference: Reference) -> Raw:
    """Return it as it stands in an envelope."""
    return Raw(msgspec.json.encode(reference))


def with_payload(envelope: Envelope, payload: Raw) -> Envelope:
    """Return the envelope with the payload itself in place of the reference to it."""
    made = with_status(envelope, envelope.status)
    made.payload, made.payload_ref = payload, UNSET
    return made


def with_reference(envelope: Envelope, reference: Raw) -> Envelope:
    """Return the envelope with the reference in place of the payload."""
    made = with_status(envelope, envelope.status)
    made.payload, made.payload_ref = UNSET, reference
    return made


def canonical(url: str) -> str:
    """Return the URL in the one way that references are written, with `/` at its end."""
    parts = urlsplit(url)
    host = "" if parts.scheme == "file" and parts.netloc == "localhost" else parts.netloc
    path = "/".join(segment for segment in parts.path.split("/") if segment not in ("", "."))
    return f"{parts.scheme}://{host}/{path}/" if path else f"{parts.scheme}://{host}/"


def _shown(uri: str) -> str:
    return repr(uri if len(uri) <= _SHOWN else f"{uri[:_SHOWN]}...")
