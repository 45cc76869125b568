"""Where the ends keep things: one claim for each id and generation, and one object for its result or error."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from urllib.parse import quote

CLAIMS = "claims-asya/"
"""Folder of the claims, shared by both ends."""

_LONGEST_NAME = 200  # file systems allow 255 bytes; the generation and the suffix have to fit as well


def claim_key(id_: str, generation: int) -> str:
    """Return the key of the object that says which end owns this id and generation."""
    return f"{CLAIMS}{_name(id_, generation)}"


def object_key(prefix: str, id_: str, generation: int, created_at: object = None) -> str:
    """Return the key of the stored envelope: `<prefix>/<day that it was created, UTC>/<id>.<generation>.json`.

    `created_at` is RFC 3339; without one that can be read the day is `undated`.
    """
    folder = prefix.strip("/")
    below = f"{_day(created_at)}/{_name(id_, generation)}.json"
    return f"{folder}/{below}" if folder else below


def _name(id_: str, generation: int) -> str:
    return f"{written_id(id_)}.{generation}"


def written_id(id_: str) -> str:
    """Return how keys write an id: part of a path segment that no other id has; ordinary ids stay as they are."""
    written = quote(id_, safe=":", errors="surrogatepass").replace("~", "%7E")
    if len(written) > _LONGEST_NAME:
        digest = hashlib.sha256(id_.encode("utf-8", "surrogatepass")).hexdigest()
        written = f"{written[:100]}-h{digest[:32]}"
    return written


def split_key(key: str) -> tuple[str, int] | None:
    """Return how the key of a stored envelope writes the id, and the generation; None for any other key."""
    name, dot, suffix = key.rpartition("/")[2].rpartition(".")
    written, _, generation = name.rpartition(".")
    if not dot or suffix != "json" or not written or not (generation.isascii() and generation.isdigit()):
        return None
    return written, int(generation)


def _day(created_at: object) -> str:
    try:
        moment = datetime.fromisoformat(str(created_at))
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC).date().isoformat()
    except (ValueError, OverflowError):
        return "undated"
