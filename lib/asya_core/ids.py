"""Names of envelopes: unguessable at the start, and for children a function of the message alone.

A second execution after a crash therefore gives the same children the same ids, and the ends write each once.
"""

from __future__ import annotations

import hashlib
import re
import uuid

from msgspec import UNSET, UnsetType

LONGEST_ID = 128
"""Characters that an id may have."""

LONGEST_CHILD_ID = 96
"""Characters that a child's id may have before it is shortened; leaves room for the ends' suffixes."""

_ALLOWED = re.compile(r"[A-Za-z0-9._:-]{1,128}", re.ASCII)
_CHILD_SUFFIX = re.compile(r"-[0-9]+\.[0-9]+\Z", re.ASCII)
_LINEAGE = re.compile(r"(?:-[0-9]+\.[0-9]+|-h[0-9a-f]{32})+\Z", re.ASCII)


def new_id() -> str:
    """Return a new id with 122 random bits."""
    return str(uuid.uuid4())


def problem_with_ids(id_: str, parent_id: str | UnsetType) -> str | None:
    """Say what is wrong with an envelope's ids, or None.

    The form `<id>-<n>.<n>` belongs to children: an envelope without a parent that uses it could meet another's child.
    """
    if not _ALLOWED.fullmatch(id_):
        return _not_allowed("id", id_)
    if parent_id is UNSET:
        if "." in id_ and _CHILD_SUFFIX.search(id_):
            return (
                f"id: {id_!r} ends like a fan-out child's (-<number>.<number>); choose another, or give its parent_id"
            )
    elif not _ALLOWED.fullmatch(parent_id):
        return _not_allowed("parent_id", parent_id)
    return None


def child_id(id_: str, position: int, index: int) -> str:
    """Name child `index` (1 and up) that the actor at `position` of the route made from the envelope `id_`.

    Child 0 keeps its parent's id. A name over 96 characters becomes the root's first 60, `-h` and 32 hex digits of the
    full name's SHA-256, so names stay bounded however often a pipeline fans out.
    """
    name = f"{id_}-{position}.{index}"
    if len(name) <= LONGEST_CHILD_ID:
        return name
    root = _LINEAGE.sub("", id_) or id_
    return f"{root[:60]}-h{hashlib.sha256(name.encode()).hexdigest()[:32]}"


def raw_id(body: bytes, message_id: str) -> str:
    """Name the record of a message that is no envelope: its bytes' SHA-256 and the broker's own id for it.

    It has no dot, so it is never taken for a child's.
    """
    safe = re.sub(r"[^A-Za-z0-9_:-]", "_", message_id)
    return f"raw-{hashlib.sha256(body).hexdigest()}-{safe}"[:LONGEST_ID]


def _not_allowed(field: str, value: str) -> str:
    return f"{field}: {value[:LONGEST_ID]!r} must be 1 to {LONGEST_ID} characters of A-Z a-z 0-9 . _ : -"
