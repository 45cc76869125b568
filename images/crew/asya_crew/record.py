"""What an end stores of an envelope, and under which name."""

from __future__ import annotations

import hashlib
from typing import Any

from asya_runtime.encoding import encode_exactly

END_ACTORS = ("happy-end", "error-end")
"""Actors that close a message's life; they are never in its route."""


def identity(envelope: dict[str, Any]) -> tuple[str, int]:
    """Return id and generation; an envelope without an id is named after its content."""
    id_ = envelope.get("id")
    if not isinstance(id_, str) or not id_:
        id_ = f"raw-{hashlib.sha256(encode_exactly(envelope)).hexdigest()}"
    generation = _member(envelope, "status").get("generation")
    return id_, generation if isinstance(generation, int) else 0


def created_at(envelope: dict[str, Any]) -> object:
    """Return when the message was created, as its producer wrote it."""
    return _member(envelope, "status").get("created_at")


def document(envelope: dict[str, Any]) -> bytes:
    """Return the whole envelope as JSON, with the last actor that had it in `status.actor`."""
    status = _member(envelope, "status")
    if status.get("actor") in (None, *END_ACTORS) and (actor := _last_actor(envelope)):
        envelope = {**envelope, "status": {**status, "actor": actor}}
    return encode_exactly(envelope)


def _last_actor(envelope: dict[str, Any]) -> str | None:
    route = _member(envelope, "route")
    actors, current = route.get("actors"), route.get("current", 0)
    if not isinstance(actors, list) or not actors or not isinstance(current, int):
        return None
    # A finished route points behind its last actor; an unfinished one at the actor that ended it.
    return str(actors[max(0, min(current, len(actors) - 1))])


def _member(envelope: dict[str, Any], name: str) -> dict[str, Any]:
    value = envelope.get(name)
    return value if isinstance(value, dict) else {}
