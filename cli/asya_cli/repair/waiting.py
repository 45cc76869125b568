"""A message in a queue as a person reads it. Pure."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from contextlib import suppress

from msgspec import UNSET

from asya_cli.repair.showing import printable
from asya_core.envelope import Envelope, decode
from asya_core.errors import EnvelopeError
from asya_core.limits import Limits

_ANY_SIZE = Limits(size=2**62)
_SHOWN = 300


def read_waiting(body: bytes) -> Envelope | None:
    """Return the envelope, or None for bytes that are none: those are error-end's to keep."""
    with suppress(EnvelopeError):
        return decode(body, _ANY_SIZE)
    return None


def show_waiting(body: bytes) -> Iterator[str]:
    """Yield lines: id, route, attempt, times, and the beginning of the payload."""
    envelope = read_waiting(body)
    if envelope is None:
        yield f"no envelope, {len(body)} bytes"
        yield f"  {'begins':<8} {printable(_beginning(body))}"
        return
    yield printable(envelope.id)
    for name, value in _facts(envelope):
        yield f"  {name:<8} {printable(value)}"


def plain_waiting(body: bytes) -> bytes:
    """Return a line of JSON: the message as it is, or its bytes as base64 where they are no JSON."""
    try:
        json.loads(body)
    except (ValueError, RecursionError):
        return json.dumps({"base64": base64.b64encode(body).decode("ascii")}).encode()
    return b" ".join(body.splitlines())


def _facts(envelope: Envelope) -> Iterator[tuple[str, str]]:
    route, status = envelope.route, envelope.status
    steps = [f"[{name}]" if index == route.current else name for index, name in enumerate(route.actors)]
    yield "route", " -> ".join(steps)
    if status is not UNSET:
        counts = {"attempt": status.attempt, "generation": status.generation}
        told = [f"{name} {value}" for name, value in counts.items() if value]
        times = {"created": status.created_at, "updated": status.updated_at, "deadline": status.deadline_at}
        told += [f"{name} {value}" for name, value in times.items() if value]
        yield "status", ", ".join(told) or "-"
    if envelope.parent_id is not UNSET:
        yield "parent", envelope.parent_id
    if envelope.payload_ref is not UNSET:
        yield "stored", _beginning(bytes(envelope.payload_ref))
    if envelope.payload is not UNSET:
        yield "payload", _beginning(bytes(envelope.payload))


def _beginning(body: bytes) -> str:
    text = body[:_SHOWN].decode("utf-8", "replace").replace("\n", " ")
    return text if len(body) <= _SHOWN else f"{text}... ({len(body)} bytes; --json shows all)"
