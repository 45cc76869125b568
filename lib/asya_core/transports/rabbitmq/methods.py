"""What is not sent once per message: methods and properties, encoded and decoded by pamqp."""

from __future__ import annotations

import hashlib
import struct
from typing import Any

from pamqp import base, commands, frame, header
from pamqp.exceptions import PAMQPException

from asya_core.transports.rabbitmq.wire import PERSISTENT_WITH_ID, WireError

_OWN_PROPERTIES = 4
"""Flags, delivery mode and the length of the message id."""
_DECODING_ERRORS = (PAMQPException, ValueError, TypeError, KeyError, IndexError, struct.error)


def encode(channel: int, method: base.Frame) -> bytes:
    """Build the frame of a method."""
    return frame.marshal(method, channel)


def decode(payload: bytes) -> base.Frame:
    """Read a method's payload. Raises WireError."""
    try:
        method: base.Frame = commands.INDEX_MAPPING[int.from_bytes(payload[:4], "big")]()
        method.unmarshal(payload[4:])
    except _DECODING_ERRORS as error:
        raise WireError(f"the server sent a method that can't be read: {payload[:200]!r}") from error
    return method


def read_properties(properties: bytes, body: bytes) -> tuple[str, int]:
    """Return a message's id and how often it has been delivered before. Raises WireError.

    A message of somebody who gave it no id is named by its body, so that it has the same name when it comes again.
    """
    if properties[:2] == PERSISTENT_WITH_ID:
        return properties[_OWN_PROPERTIES:].decode("utf-8", "replace"), 0
    found = _decode_properties(properties)
    count = (found.headers or {}).get("x-delivery-count", 0)
    name = found.message_id or hashlib.sha256(body).hexdigest()
    return name, count if isinstance(count, int) else 0


def _decode_properties(properties: bytes) -> Any:
    parsed = header.ContentHeader()
    try:
        parsed.unmarshal(struct.pack(">HHQ", 60, 0, 0) + properties)
    except _DECODING_ERRORS as error:
        raise WireError(f"the server sent properties that can't be read: {properties[:200]!r}") from error
    return parsed.properties
