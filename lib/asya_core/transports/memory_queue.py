"""What the broker in memory keeps: queues, their messages, and who has which of them."""

from __future__ import annotations

import asyncio
from collections import deque


class Message:
    """A stored message."""

    __slots__ = ("body", "count", "message_id")

    def __init__(self, body: bytes, message_id: str) -> None:
        self.body = body
        self.message_id = message_id
        self.count = 0


class Hold:
    """A message that a consumer has: the token of its delivery."""

    __slots__ = ("message", "timer")

    def __init__(self, message: Message) -> None:
        self.message = message
        self.timer: asyncio.TimerHandle | None = None

    def cancel_timer(self) -> None:
        """Let the lease not end by itself."""
        if self.timer is not None:
            self.timer.cancel()


class Queue:
    """The messages of one queue."""

    def __init__(self) -> None:
        self.ready: deque[Message] = deque()
        self.held: dict[Hold, Message] = {}
        self.delayed: dict[Message, asyncio.TimerHandle] = {}

    def end(self) -> None:
        """Forget everything, so that nothing in hand can be settled any more."""
        for hold in self.held:
            hold.cancel_timer()
        for timer in self.delayed.values():
            timer.cancel()
        self.held.clear()
        self.delayed.clear()
        self.ready.clear()
