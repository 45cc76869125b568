"""The sidecar's end of the socket: invokes the handler, many requests at a time on one connection.

Which requests the runtime has begun is known without asking: it begins them in the order in which they came, as many
at once as its HELLO said. So when the runtime dies, the requests that it was running can be told from those that
waited, and a timeout counts from the moment that a handler could begin.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from pathlib import Path
from typing import Protocol

import msgspec

from asya_core.faults import Fault
from asya_sidecar.frames import Kind, decode_end, encode_frame, encode_invoke
from asya_sidecar.runtime_connection import Connection, Hello, WorkerEnded

_FIRST_RETRY, _LAST_RETRY = 0.02, 0.5


class Invocation(Protocol):
    """What asked for a handler's call, and hears of it."""

    def on_item(self, body: bytes) -> None:
        """One result."""

    def on_end(self, seconds: float) -> None:
        """The handler ended without error, after `seconds`; nothing more comes."""

    def on_fault(self, fault: Fault) -> None:
        """The handler, or its worker, failed; nothing more comes."""


class Owner(Protocol):
    """What uses a runtime, and hears of its comings and goings."""

    def on_runtime_ready(self, hello: Hello) -> None:
        """The handler is loaded; invocations are welcome."""

    def on_runtime_lost(self, started: list[Invocation], waiting: list[Invocation], why: str) -> None:
        """These invocations are over without an answer: the first had begun, the others had not."""

    def on_runtime_draining(self) -> None:
        """The runtime is about to stop and takes no more invocations."""


class _Call:
    """One request that is outstanding. `invocation` is None once nobody wants its answer any more."""

    __slots__ = ("invocation", "started")

    def __init__(self, invocation: Invocation) -> None:
        self.invocation: Invocation | None = invocation
        self.started: float | None = None


class RuntimeClient:
    """A connection to the runtime that is made again whenever it is lost. `limit`: bytes of the largest result."""

    def __init__(self, socket: Path, limit: int, owner: Owner) -> None:
        self.socket = socket
        self.limit = limit
        self.owner = owner
        self.hello: Hello | None = None
        self.calls: dict[int, _Call] = {}
        self.queued: deque[int] = deque()
        self.running = 0
        self.closed = asyncio.Event()
        self._connection: Connection | None = None
        self._last_request = 0

    @property
    def ready(self) -> bool:
        """Whether invocations are welcome now."""
        return self.hello is not None and self._connection is not None and not self._connection.draining

    async def run(self) -> None:
        """Keep a connection until `close`. Waits for the runtime as long as it takes to load the handler."""
        loop = asyncio.get_running_loop()
        delay = _FIRST_RETRY
        while not self.closed.is_set():
            try:
                _, connection = await loop.create_unix_connection(
                    lambda: Connection(self, self.limit), str(self.socket)
                )
            except OSError:
                await self._pause(delay)
                delay = min(delay * 2, _LAST_RETRY)
                continue
            delay = _FIRST_RETRY
            await connection.lost.wait()

    def invoke(self, invocation: Invocation, meta: bytes, payload: bytes | memoryview, timeout: float) -> int:
        """Send one request and return its number. Only while `ready`."""
        if self._connection is None or self.hello is None:
            raise RuntimeError("invoked without a runtime; look at `ready` first")
        self._last_request = request = self._last_request + 1
        call = self.calls[request] = _Call(invocation)
        if self.running < self.hello.concurrency:
            self._begin(call)
        else:
            self.queued.append(request)
        self._connection.send(encode_invoke(request, timeout, meta, payload))
        return request

    def abandon(self, request: int) -> None:
        """Ask for the end of a request that nobody waits for any more.

        It holds its place until the runtime has answered, since its handler may still be busy.
        """
        call = self.calls.get(request)
        if call is None:
            return
        call.invocation = None
        if self._connection is not None:
            self._connection.send([encode_frame(Kind.CANCEL, request)])

    def overdue(self, seconds: float) -> list[tuple[int, Invocation]]:
        """Return the requests whose handler began more than `seconds` ago."""
        since = time.monotonic() - seconds
        return [
            (request, call.invocation)
            for request, call in self.calls.items()
            if call.invocation is not None and call.started is not None and call.started < since
        ]

    def set_reading(self, *, wanted: bool) -> None:
        """Stop or go on taking results, so that a handler can't outrun the broker."""
        if self._connection is not None:
            self._connection.set_reading(wanted=wanted)

    def drain(self) -> None:
        """Tell the runtime that nothing more comes."""
        if self._connection is not None:
            self._connection.send([encode_frame(Kind.DRAIN)])

    def close(self) -> None:
        """End the connection for good."""
        self.closed.set()
        if self._connection is not None:
            self._connection.close()

    def connected(self, connection: Connection, hello: Hello) -> None:
        """Take a connection whose HELLO has come."""
        self._connection, self.hello = connection, hello
        self.owner.on_runtime_ready(hello)

    def disconnected(self, connection: Connection, why: str) -> None:
        """Give up everything that was outstanding on a lost connection."""
        if self._connection is not connection:
            return
        self._connection = self.hello = None
        calls, self.calls, self.running = self.calls, {}, 0
        self.queued.clear()
        started = [call.invocation for call in calls.values() if call.started is not None and call.invocation]
        waiting = [call.invocation for call in calls.values() if call.started is None and call.invocation]
        if self.closed.is_set():
            return
        self.owner.on_runtime_lost(started, waiting, why)

    def answered(self, kind: Kind, request: int, body: bytes) -> None:
        """Pass one answer on. Answers to what is not outstanding crossed a CANCEL, and are dropped."""
        call = self.calls.get(request)
        if call is None:
            return
        if kind is Kind.ITEM:
            if call.invocation is not None:
                call.invocation.on_item(body)
            return
        outcome = decode_end(body) if kind is Kind.END else _fault(body)
        self._finish(request, call)
        if call.invocation is None:
            return
        if isinstance(outcome, Fault):
            call.invocation.on_fault(outcome)
        else:
            call.invocation.on_end(outcome)

    def draining(self) -> None:
        """Pass on that the runtime is about to stop."""
        self.owner.on_runtime_draining()

    def worker_ended(self, ended: WorkerEnded) -> None:
        """Give up what the worker held, by what the supervisor says of it."""
        started = self._taken(ended.started)
        waiting = self._taken(ended.waiting)
        self.owner.on_runtime_lost(started, waiting, f"{ended.reason}: {ended.detail}")

    def _taken(self, requests: list[int]) -> list[Invocation]:
        taken = []
        for request in requests:
            call = self.calls.get(request)
            if call is not None:
                self._finish(request, call)
                if call.invocation is not None:
                    taken.append(call.invocation)
        return taken

    def _begin(self, call: _Call) -> None:
        call.started = time.monotonic()
        self.running += 1

    def _finish(self, request: int, call: _Call) -> None:
        del self.calls[request]
        if call.started is None:
            self.queued.remove(request)
            return
        self.running -= 1
        if self.queued:
            self._begin(self.calls[self.queued.popleft()])

    async def _pause(self, seconds: float) -> None:
        try:
            await asyncio.wait_for(self.closed.wait(), seconds)
        except TimeoutError:
            return


def _fault(body: bytes) -> Fault:
    return msgspec.json.decode(body, type=Fault)
