"""Messages as SQS takes them: text of certain characters, and attributes for what is no such text.

A body that SQS would refuse travels as a binary attribute, which counts by its bytes, where base64 would need a third
more of the megabyte that there is. What other producers send has none of our attributes and is taken as it is.

Source: "SendMessage" in the Amazon SQS API Reference: characters #x9 | #xA | #xD | #x20 to #xD7FF | #xE000 to #xFFFD |
#x10000 to #x10FFFF; name, type and value of attributes count towards the size of the message.
"""

from __future__ import annotations

import math
import re
import time
from collections.abc import Mapping
from typing import Any, NamedTuple

BODY, DUE = "asya.body", "asya.due"
"""Our attributes: the body's bytes, or the word for none; and when a message that has to wait longer than SQS lets it
is due, in seconds since 1970."""
ATTRIBUTES = (BODY, DUE)
LONGEST_AHEAD = 14 * 24 * 3600
"""Seconds for which SQS keeps a message; whoever says that one is due later than that is not one of us."""

_INSTEAD, _EMPTY = "-", "empty"
_PLAIN = bytes(range(0x20, 0x7F)) + b"\t\n"
_STRANGE = re.compile("[^\t\n\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""A carriage return is allowed, but parsers of XML, of which there are some between us, make a line feed of it."""


class Encoded(NamedTuple):
    """A message ready to be sent; `size` in bytes, as SQS counts it."""

    text: str
    attributes: dict[str, dict[str, Any]]
    size: int


class Decoded(NamedTuple):
    """What a received message says; `due` is 0.0 where it does not matter any more when it was to come."""

    body: bytes
    due: float


def encode(body: bytes, due: float = 0.0) -> Encoded:
    """Make a message of any bytes."""
    attributes: dict[str, dict[str, Any]] = {}
    text = _as_text(body)
    if not body:
        attributes[BODY] = {"DataType": "String", "StringValue": _EMPTY}
    elif text is None:
        attributes[BODY] = {"DataType": "Binary", "BinaryValue": body}
    if due:
        attributes[DUE] = {"DataType": "Number", "StringValue": f"{due:.3f}"}
    size = len(body) if text else len(_INSTEAD)
    size += sum(len(name) + _size(attribute) for name, attribute in attributes.items())
    return Encoded(text or _INSTEAD, attributes, size)


def decode(message: Mapping[str, Any]) -> Decoded:
    """Read a message as `ReceiveMessage` returns it."""
    attributes = message.get("MessageAttributes", {})
    kept = attributes.get(BODY)
    if kept is None:
        body = str(message.get("Body", "")).encode("utf-8", "surrogatepass")
    else:
        body = bytes(kept.get("BinaryValue", b""))
    try:
        due = float(attributes.get(DUE, {}).get("StringValue", 0.0))
    except ValueError:
        due = 0.0
    return Decoded(body, due if math.isfinite(due) and due - time.time() <= LONGEST_AHEAD else 0.0)


def _as_text(body: bytes) -> str | None:
    """Return the body as SQS takes it, or None where it would not."""
    if body.isascii():
        return None if body.translate(None, _PLAIN) else body.decode("ascii")
    try:
        text = body.decode()
    except UnicodeDecodeError:
        return None
    return None if _STRANGE.search(text) else text


def _size(attribute: Mapping[str, Any]) -> int:
    value = attribute.get("BinaryValue", attribute.get("StringValue", ""))
    return len(attribute["DataType"]) + len(value)
