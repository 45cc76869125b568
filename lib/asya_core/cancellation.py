"""Cancelling messages: a marker in the object store, looked for only where a message says that there may be one.

A message that can be cancelled names its marker in the header `x-asya-cancel`; its children inherit the header, so one
marker ends them all. Markers lie beside the payloads of claim checks, in a folder of their own. Pure.
"""

from __future__ import annotations

import re

import msgspec
from msgspec import UNSET, Raw

from asya_core.claim_check import canonical
from asya_core.envelope import Envelope
from asya_core.errors import ClaimError
from asya_core.object_keys import written_id

HEADER = "x-asya-cancel"
"""Its value is the URI of the marker."""

FOLDER = "cancelled-asya/"
"""Where the markers of a store lie."""

_NAME = re.compile(r"[A-Za-z0-9._:%-]{1,250}\.json")
_SHOWN = 300


def marker_uri(url: str, id_: str) -> str:
    """Return the URI of a message's marker in the store at `url`, as its header has to name it."""
    return f"{canonical(url)}{marker_key(id_)}"


def marker_key(id_: str) -> str:
    """Return the key of a message's marker in the store."""
    return f"{FOLDER}{written_id(id_)}.json"


def is_marker(key: str) -> bool:
    """Tell whether an object of the store is such a marker, by its key."""
    return key.startswith(FOLDER) and _NAME.fullmatch(key.removeprefix(FOLDER)) is not None


def marker_of(envelope: Envelope) -> Raw | None:
    """Return what the message's header names, or None where it can't be cancelled."""
    return None if envelope.headers is UNSET else envelope.headers.get(HEADER)


def read_marker(raw: Raw, url: str) -> str:
    """Return the key of the marker that a header names in the store at `url`.

    Raises ClaimError where it leads anywhere else, for anybody may write a header who can reach a queue.
    """
    try:
        uri = msgspec.json.decode(raw, type=str)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise ClaimError("claim_refused", f"headers.{HEADER}: no address of a marker: {error}") from None
    below = f"{canonical(url)}{FOLDER}"
    name = uri.removeprefix(below)
    if name == uri or not _NAME.fullmatch(name):
        sentence = f"headers.{HEADER}: {uri[:_SHOWN]!r} does not lie in {below}, the one place for such markers"
        raise ClaimError("claim_refused", f"{sentence}; set one claimCheck.url for all who send and take messages")
    return f"{FOLDER}{name}"
