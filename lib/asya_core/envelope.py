"""The message that actors pass on: its fields, and how it is read and written.

Whatever a hop does not understand survives it: unknown members are kept as raw JSON beside the known ones, and the
payload's bytes are never decoded here. The ordinary envelope is decoded once, into fixed structs; one with unknown
members takes a second, slower way.
"""

from __future__ import annotations

import re
from typing import Annotated, Any, TypeVar

import msgspec
from msgspec import UNSET, Meta, Raw, Struct, UnsetType

from asya_core.errors import EnvelopeError
from asya_core.ids import problem_with_ids
from asya_core.limits import Limits, check_limits, check_utf8

_KEPT = "<unknown>"  # a member that has this very name is read the second way, like any unknown one
_HALF_PAIR = re.compile(rb"(?<!\\)\\u[dD][89abAB][0-9a-fA-F]{2}(?!\\u[dD][c-fC-F])")
_NO_NUMBER = re.compile(rb"-?(?:NaN|Infinity)\b")

Position = Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)]
"""A whole number that every JSON parser can hold; whether it lies inside its route is for the route's rules to say."""

Count = Annotated[int, Meta(ge=0, le=2**63 - 1)]


class Open(Struct, kw_only=True, forbid_unknown_fields=True):
    """A JSON object whose unknown members are kept, in `unknown`, as raw JSON."""

    unknown: dict[str, Raw] | UnsetType = msgspec.field(default=UNSET, name=_KEPT)


class Route(Open, kw_only=True):
    """The whole plan, and the 0-based position in it; `current == len(actors)` means finished."""

    actors: list[str]
    current: Position = 0
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
    attempt: Count | UnsetType = UNSET
    max_attempts: Count | UnsetType = UNSET
    free_attempts: Count | UnsetType = UNSET
    generation: Count | UnsetType = UNSET
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


class Edit(Open, kw_only=True):
    """An envelope as a handler in envelope mode returned it; what is not the handler's to write is not looked at."""

    id: str
    parent_id: Raw | UnsetType = UNSET
    route: Route
    headers: dict[str, Raw] | UnsetType = UNSET
    status: Raw | UnsetType = UNSET
    payload: Raw | UnsetType = UNSET
    payload_ref: Raw | UnsetType = UNSET


_NESTED: dict[type[Open], dict[str, type[Open]]] = {
    Envelope: {"route": Route, "status": Status},
    Edit: {"route": Route},
    Status: {"error": ErrorRecord},
    Route: {},
    ErrorRecord: {},
}
_envelope_decoder = msgspec.json.Decoder(Envelope)
_edit_decoder = msgspec.json.Decoder(Edit)
_any_json = msgspec.json.Decoder(Raw)
_members = msgspec.json.Decoder(dict[str, Raw])
_encoder = msgspec.json.Encoder()
_E = TypeVar("_E", Envelope, Edit)


def decode(body: bytes, limits: Limits) -> Envelope:
    """Read an envelope.

    Raises EnvelopeError with a sentence that names the field when `body` is too large, too deep, not UTF-8, not JSON,
    or lacks what every envelope has.
    """
    check_limits(body, limits)
    envelope = _parse(body, _envelope_decoder)
    if envelope.payload is UNSET and envelope.payload_ref is UNSET:
        raise EnvelopeError("msg_parsing_error", "payload: missing; an envelope has a payload, which may be null")
    if problem := problem_with_ids(envelope.id, envelope.parent_id):
        raise EnvelopeError("msg_parsing_error", problem)
    return envelope


def decode_edit(body: bytes, limits: Limits) -> Edit:
    """Read what a handler in envelope mode returned. Raises EnvelopeError like `decode`, but checks no ids."""
    check_limits(body, limits)
    return _parse(body, _edit_decoder)


def encode(envelope: Envelope) -> bytes:
    """Write an envelope; payload bytes as they are."""
    return _encoder.encode(envelope if _is_plain(envelope) else _flat(envelope))


def check_json(body: bytes) -> None:
    """Raise EnvelopeError when `body` is no JSON, and so can't stand in an envelope as it is."""
    check_utf8(body)
    try:
        _any_json.decode(body)
    except (msgspec.DecodeError, RecursionError) as error:
        raise _not_json(body, error) from None


def _parse(body: bytes, decoder: msgspec.json.Decoder[_E]) -> _E:
    try:
        return _read_plain(body, decoder) or _read_open(body, decoder)
    except msgspec.ValidationError as error:
        raise EnvelopeError("msg_parsing_error", f"no envelope: {error}") from None
    except (msgspec.DecodeError, RecursionError) as error:
        raise _not_json(body, error) from None


def _not_json(body: bytes, error: Exception) -> EnvelopeError:
    """Say it in the parser's words, but where they lead astray."""
    why = str(error).removeprefix("JSON is malformed: ")
    at = int(place[1]) if (place := re.search(r"\(byte (\d+)\)", why)) else len(body)
    if body.startswith(b"\xef\xbb\xbf"):
        why = "it begins with a byte order mark; send UTF-8 without one"
    elif "surrogate" in why or _HALF_PAIR.search(body):
        why = r"it holds half of a surrogate pair, such as \ud83d alone; write both halves, or the character itself"
    elif found := _NO_NUMBER.search(body, max(0, at - 1), at + len("Infinity")):
        why = f"{found[0].decode()} at byte {found.start()} is no number of JSON; write null instead"
    return EnvelopeError("msg_parsing_error", f"not JSON: {why}")


def _read_plain(body: bytes, decoder: msgspec.json.Decoder[_E]) -> _E | None:
    try:
        envelope = decoder.decode(body)
    except msgspec.ValidationError:
        return None  # it has unknown members, or a mistake that the other reading will name
    return envelope if _is_plain(envelope) else None


def _read_open(body: bytes, decoder: msgspec.json.Decoder[_E]) -> _E:
    """Take the unknown members out, read the rest as ever, then put them where they were."""
    kept: dict[tuple[str, ...], dict[str, Raw]] = {}
    envelope = decoder.decode(_encoder.encode(_known_members(Raw(body), decoder.type, (), kept)))
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
        if name in _NESTED[kind]:
            known[name] = _known_members(value, _NESTED[kind][name], (*path, name), kept)
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
        if part is not UNSET and name != "unknown":
            members[name] = _flat(part) if isinstance(part, Open) else part
    if value.unknown is not UNSET:
        members.update(value.unknown)
    return members


def _is_plain(envelope: Envelope | Edit) -> bool:
    """Tell whether no object of the envelope has unknown members."""
    if envelope.unknown is not UNSET or envelope.route.unknown is not UNSET:
        return False
    status = envelope.status
    if not isinstance(status, Status):
        return True
    return status.unknown is UNSET and (status.error is UNSET or status.error.unknown is UNSET)
