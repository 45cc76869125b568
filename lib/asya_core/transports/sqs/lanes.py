"""Gathers what is to be told SQS of one queue into calls of up to ten."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Generic, Protocol, TypeVar

MOST_ENTRIES = 10
MOST_BYTES = 1024 * 1024
"""What one request may hold in total, since August 2025."""
MOST_CALLS = 4
"""So many calls of one lane are under way at most."""


class Entry(Protocol):
    """One of what a call carries."""

    @property
    def size(self) -> int:
        """The bytes that it adds to a request."""


_Entry = TypeVar("_Entry", bound=Entry)


class Lane(Generic[_Entry]):
    """What is alone goes at once; while a call is under way, entries gather, and only full calls go beside it.

    So one message never waits for others, and many cost a tenth of a call each. With `linger`, in seconds, an entry
    waits so long for others, for what nobody waits for. `send` must not raise.
    """

    def __init__(self, send: Callable[[list[_Entry]], Awaitable[None]], linger: float = 0.0) -> None:
        self._send = send
        self._linger = linger
        self._waiting: deque[_Entry] = deque()
        self._calls: set[asyncio.Task[None]] = set()
        self._timer: asyncio.Handle | None = None
        self._idle = asyncio.Event()
        self._idle.set()

    @property
    def is_idle(self) -> bool:
        """Whether nothing waits and no call is under way."""
        return self._idle.is_set()

    def add(self, entry: _Entry) -> None:
        """Send this soon, with all others of this turn of the event loop at least."""
        self._waiting.append(entry)
        self._idle.clear()
        loop = asyncio.get_running_loop()
        if self._timer is None:
            self._timer = loop.call_later(self._linger, self._flush) if self._linger else loop.call_soon(self._flush)
        elif self._linger and len(self._waiting) == MOST_ENTRIES:
            self.hurry()

    def hurry(self) -> None:
        """Let what waits linger no longer."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = asyncio.get_running_loop().call_soon(self._flush)

    async def drain(self) -> None:
        """Send what waits without lingering any longer, and wait until everything is answered."""
        self._linger = 0.0
        self._flush()
        await self._idle.wait()

    def _flush(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        while self._waiting and (not self._calls or (len(self._calls) < MOST_CALLS and self._is_full())):
            call = asyncio.get_running_loop().create_task(self._run(self._batch()), name="sqs batch")
            self._calls.add(call)
            call.add_done_callback(self._done)

    def _is_full(self) -> bool:
        """Whether what waits fills a call."""
        total = 0
        for number, entry in enumerate(self._waiting, start=1):
            total += entry.size
            if number == MOST_ENTRIES or total >= MOST_BYTES:
                return True
        return False

    def _batch(self) -> list[_Entry]:
        """Take as many as one call can carry."""
        batch = [self._waiting.popleft()]
        total = batch[0].size
        while self._waiting and len(batch) < MOST_ENTRIES and total + self._waiting[0].size <= MOST_BYTES:
            total += self._waiting[0].size
            batch.append(self._waiting.popleft())
        return batch

    async def _run(self, batch: list[_Entry]) -> None:
        await self._send(batch)

    def _done(self, call: asyncio.Task[None]) -> None:
        self._calls.discard(call)
        self._flush()
        if not self._calls and not self._waiting:
            self._idle.set()
