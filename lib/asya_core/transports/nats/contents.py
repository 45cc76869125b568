"""Look at what JetStream holds without taking anything: the names of queues, and messages that nobody has yet."""

from __future__ import annotations

import base64
from typing import Any

from asya_core.errors import QueueMissingError, TransportUnavailableError
from asya_core.transports.base import is_queue_name
from asya_core.transports.nats import streams
from asya_core.transports.nats.requests import Requests


async def queues(requests: Requests, prefix: str) -> list[str]:
    """Return the names of the streams that begin with `prefix`, sorted; JetStream gives them in pages.

    Raises TransportUnavailableError, TransportRefusedError.
    """
    found: set[str] = set()
    seen = 0
    while True:
        page = await requests.call("STREAM.NAMES", {"offset": seen})
        names = page.get("streams") or []
        found.update(name for name in names if name.startswith(prefix) and is_queue_name(name))
        seen += len(names)
        if not names or seen >= page.get("total", 0):
            return sorted(found)


async def peek(requests: Requests, queue: str, limit: int) -> list[bytes]:
    """Read up to `limit` messages behind the last one that was ever delivered.

    Those before it are in hand, or wait to be delivered again; JetStream does not tell which.
    Raises QueueMissingError, TransportUnavailableError, TransportRefusedError.
    """
    consumer = await streams.look_up(requests, queue)
    bodies: list[bytes] = []
    try:
        position = consumer["delivered"]["stream_seq"] + 1
        while len(bodies) < limit:
            message = await _next(requests, queue, position)
            if message is None:
                break
            bodies.append(base64.b64decode(message.get("data", "")))
            position = message["seq"] + 1
    except (KeyError, TypeError, ValueError) as error:
        raise TransportUnavailableError(f"JetStream described the messages of {queue} without {error}") from error
    return bodies


async def _next(requests: Requests, queue: str, position: int) -> dict[str, Any] | None:
    """Return the first message at this number of the stream or behind it that is no delayed one; None at the end."""
    try:
        answer = await requests.call(f"STREAM.MSG.GET.{queue}", {"seq": position, "next_by_subj": queue})
    except QueueMissingError:
        return None
    message: dict[str, Any] = answer["message"]
    return message
