"""The message that actors pass on: its fields, and how it is read and written.

Whatever a hop does not understand survives it: unknown members are kept as raw JSON beside the known ones, and the
payload's bytes are never decoded here. The ordinary envelope is decoded once, into fixed structs; one with unknown
members takes a second, slower way.
"""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import UNSET, Raw, Struct, UnsetType

from asya_core.errors import EnvelopeError
from asya_core.ids import problem_with_id
from asya_core.limits import Limits, check_limits

_KEPT = "<unknown>"  # a member that has this very name is read the second way, like any unknown one


class Open(Struct, kw_only=True, forbid_unknown_fields=True):
    """A JSON object whose unknown members are kept, in `unknown`, as raw JSON."""

    unknown: dict[str, Raw] | UnsetType = msgspec.field(default=UNSET, name=_KEPT)


class Route(Open, kw_only=True):
    """The whole plan, and the 0-based position in it; `current == len(actors)` means finished."""

    actors: list[str]
    current: int = 0
    metadata: Raw | UnsetType = UNSET


class ErrorRecord(Open, kw_only=True):
    """What went wrong last: the exception's class, its bases, its text and its traceback."""

    type: str | UnsetType = UNSET
    mro: list[str] | UnsetType = UNSET
    message: str | UnsetType = UNSET
    traceback: str | UnsetType = UNSET


class Status(Open, kw_only=True):
    """Where the envelope is in its life; written by sidecars and producers alone. Times are RFC 3339 in UTC."""

    phase: str | UnsetType = UNSET
    reason: str | UnsetType = UNSET
    actor: str | UnsetType = UNSET
    actor_since: str | UnsetType = UNSET
    attempt: int | UnsetType = UNSET
    max_attempts: int | UnsetType = UNSET
    generation: int | UnsetType = UNSET
    created_at: str | UnsetType = UNSET
    updated_at: str | UnsetType = UNSET
    deadline_at: str | UnsetType = UNSET
    error: ErrorRecord | UnsetType = UNSET


class Envelope(Open, kw_only=True):
    """One message. It has a `payload` or a `payload_ref`; `Raw` fields are JSON bytes."""

    id: str
    parent_id: str | UnsetType = UNSET
    route: Route
    headers: dict[str, Raw] | UnsetType = UNSET
    status: Status | UnsetType = UNSET
    payload: Raw | UnsetType = UNSET
    payload_ref: Raw | UnsetType = UNSET


_NESTED: dict[str, type[Open]] = {"route": Route, "status": Status, "error": ErrorRecord}
_decoder = msgspec.json.Decoder(Envelope)
_members = msgspec.json.Decoder(dict[str, Raw])
_encoder = msgspec.json.Encoder()


def decode(body: bytes, limits: Limits) -> Envelope:
    """Read an envelope.

    Raises EnvelopeError with a sentence that names the field when `body` is too large, too deep, not UTF-8, not JSON,
    or lacks what every envelope has.
    """
    check_limits(body, limits)
    envelope = _parse(body)
    if envelope.payload is UNSET and envelope.payload_ref is UNSET:
        raise EnvelopeError("msg_parsing_error", "payload: missing; an envelope has a payload, which may be null")
    if problem := problem_with_id(envelope.id, is_child=envelope.parent_id is not UNSET):
        raise EnvelopeError("msg_parsing_error", problem)
    return envelope


def encode(envelope: Envelope) -> bytes:
    """Write an envelope; payload bytes as they are."""
    if _is_plain(envelope):
        return _encoder.encode(envelope)
    return _encoder.encode(_flat(envelope))


def _parse(body: bytes) -> Envelope:
    try:
        envelope = _decoder.decode(body)
        return envelope if _is_plain(envelope) else _read_open(body)
    except msgspec.ValidationError:
        return _second_reading(body)
    except (msgspec.DecodeError, RecursionError) as error:
        raise EnvelopeError("msg_parsing_error", f"the message is not JSON: {error}") from None


def _second_reading(body: bytes) -> Envelope:
    try:
        return _read_open(body)
    except msgspec.ValidationError as error:
        raise EnvelopeError("msg_parsing_error", f"the envelope is malformed: {error}") from None


def _read_open(body: bytes) -> Envelope:
    """Take the unknown members out, read the rest as ever, then put them where they were."""
    kept: dict[tuple[str, ...], dict[str, Raw]] = {}
    envelope = _decoder.decode(_encoder.encode(_known_members(Raw(body), Envelope, (), kept)))
    for path, members in kept.items():
        place: Open = envelope
        for name in path:
            place = getattr(place, name)
        place.unknown = members
    return envelope


def _known_members(
    raw: Raw, kind: type[Open], path: tuple[str, ...], kept: dict[tuple[str, ...], dict[str, Raw]]
) -> dict[str, Any] | Raw:
    try:
        members = _members.decode(raw)
    except msgspec.ValidationError:
        return raw
    known: dict[str, Any] = {}
    for name, value in members.items():
        if name in _NESTED and name in kind.__struct_fields__:
            known[name] = _known_members(value, _NESTED[name], (*path, name), kept)
        elif name in kind.__struct_fields__ and name != "unknown":
            known[name] = value
        else:
            kept.setdefault(path, {})[name] = value
    return known


def _flat(value: Open) -> dict[str, Any]:
    """Return the object's members, known and unknown, as one dict that encodes to it."""
    members: dict[str, Any] = {}
    for name in value.__struct_fields__:
        part = getattr(value, name)
        if part is UNSET or name == "unknown":
            continue
        members[name] = _flat(part) if isinstance(part, Open) else part
    if value.unknown is not UNSET:
        members.update(value.unknown)
    return members


def _is_plain(envelope: Envelope) -> bool:
    status = envelope.status
    return (
        envelope.unknown is UNSET
        and envelope.route.unknown is UNSET
        and (status is UNSET or (status.unknown is UNSET and (status.error is UNSET or status.error.unknown is UNSET)))
    )
