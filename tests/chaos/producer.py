"""Sends messages as somebody does who must not lose any: again, until the broker has confirmed each."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Sequence

from asya_core.errors import QueueMissingError, TransportUnavailableError
from asya_core.transports import Transport, publish
from tests.chaos.messages import Message

_TICK = 0.05
_RETRY = 0.2
_PATIENCE = 120.0


class Producer:
    """Spreads messages over a time; `copies` counts how often each was sent."""

    def __init__(self, transport: Transport, queue: str) -> None:
        self.copies: Counter[str] = Counter()
        self._transport = transport
        self._queue = queue

    async def send(self, messages: Sequence[Message], seconds: float) -> None:
        """Send all messages within about so many seconds. Raises TransportError after two minutes of failures."""
        began, sent = time.monotonic(), 0
        async with asyncio.TaskGroup() as group:
            while sent < len(messages):
                elapsed = time.monotonic() - began
                due = min(len(messages), 1 + int(len(messages) * elapsed / seconds))
                for message in messages[sent:due]:
                    group.create_task(self._send(message))
                sent = due
                await asyncio.sleep(_TICK)

    async def _send(self, message: Message) -> None:
        until = time.monotonic() + _PATIENCE
        while True:
            self.copies[message.id] += 1
            try:
                return await publish(self._transport, self._queue, message.body)
            except (TransportUnavailableError, QueueMissingError):  # a broker that is about to end may say either
                if time.monotonic() > until:
                    raise
            await asyncio.sleep(_RETRY)
