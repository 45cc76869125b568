"""The sidecar's end of the socket: invokes the handler, many requests at a time on one connection."""

from __future__ import annotations

import asyncio
import json
import logging
import math
import time
from pathlib import Path
from typing import Generic, Protocol, TypeVar

import msgspec

from asya_core.faults import Fault
from asya_sidecar.blame import Verdict, blame
from asya_sidecar.calls import Call, Calls, Invocation
from asya_sidecar.frames import Kind, ProtocolError, decode_end, encode_frame, encode_invoke
from asya_sidecar.running_file import RunningFile
from asya_sidecar.runtime_connection import Connection, Hello, WorkerEnded
from asya_sidecar.socket_address import reachable

log = logging.getLogger(__name__)

GREETING_SECONDS = 10.0
"""How long a runtime may take to say HELLO after it has accepted us; it listens only once its handler is loaded."""

_ITEM, _END = Kind.ITEM, Kind.END  # looking a member up costs more than comparing it
_FIRST_RETRY, _LAST_RETRY = 0.02, 0.5
_BACKSTOP_SECONDS = 8.0
"""The runtime ends a handler at its timeout; its grace and its own slowness lie within this."""

_SETTLED_SECONDS = 1.0


_I = TypeVar("_I", bound=Invocation)


class Owner(Protocol[_I]):
    """What uses a runtime, and hears of its comings and goings."""

    def on_runtime_ready(self, hello: Hello) -> None:
        """The handler is loaded; invocations are welcome."""

    def on_runtime_lost(self, verdict: Verdict[_I]) -> None:
        """These invocations are over without an answer."""

    def on_runtime_draining(self) -> None:
        """The runtime is about to stop and takes no more invocations."""

    def on_room(self) -> None:
        """A call that nobody waited for has ended, so that another can begin."""


class RuntimeClient(Generic[_I]):
    """A connection to the runtime that is made again whenever it is lost. `limit`: bytes of the largest result."""

    def __init__(self, socket: Path, limit: int, owner: Owner[_I]) -> None:
        self.socket = socket
        self.limit = limit
        self.owner = owner
        self.hello: Hello | None = None
        self.calls: Calls[_I] = Calls(1)
        self.closed = asyncio.Event()
        self._newest: Connection | None = None
        self._connection: Connection | None = None
        self._running: RunningFile | None = None
        self._last_request = 0
        self._paused_at: float | None = None

    @property
    def ready(self) -> bool:
        """Whether invocations are welcome now."""
        connection = self._connection
        return connection is not None and not connection.draining and not connection.closing

    @property
    def most_bytes(self) -> int:
        """How large the body of an INVOKE may be."""
        return self.hello.limit if self.hello is not None else 0

    async def run(self) -> None:
        """Keep a connection until `close`. Waits for the runtime as long as it takes to load the handler."""
        delay = _FIRST_RETRY
        told = ""
        while not self.closed.is_set():
            begun = time.monotonic()
            try:
                await self._converse()
                told = ""
            except (FileNotFoundError, ConnectionRefusedError):
                told = ""
            except OSError as error:
                if str(error) != told:
                    told = str(error)
                    log.error("the runtime's socket can't be used: %s", error, extra={"event": "socket_unusable"})
            if time.monotonic() - begun > _SETTLED_SECONDS:
                delay = _FIRST_RETRY
            await self._pause(delay)
            delay = min(delay * 2, _LAST_RETRY)

    def invoke(
        self, invocation: _I, meta: bytes, payload: bytes | memoryview, timeout: float, ends_at: float = math.inf
    ) -> int:
        """Send one request and return its number. For `timeout` and `ends_at` see `Call`. Only while `ready`."""
        if self._connection is None:
            raise RuntimeError("invoked without a runtime; look at `ready` first")
        self._last_request = request = self._last_request + 1
        self.calls.add(Call(request, invocation, timeout, ends_at))
        self._connection.send(encode_invoke(request, timeout, meta, payload))
        return request

    def abandon(self, request: int) -> None:
        """Ask for the end of a request that nobody waits for any more."""
        call = self.calls.find(request)
        if call is not None and call.invocation is not None:
            self.calls.abandon(call)
            if self._connection is not None:
                self._connection.send([encode_frame(Kind.CANCEL, request)])

    def set_reading(self, *, wanted: bool) -> None:
        """Stop or go on taking results, so that a handler can't outrun the broker; its time stands still meanwhile."""
        if not wanted and self._paused_at is None:
            self._paused_at = time.monotonic()
        elif wanted and self._paused_at is not None:
            self.calls.forgive(time.monotonic() - self._paused_at)
            self._paused_at = None
        if self._connection is not None:
            self._connection.set_reading(wanted=wanted)

    def overdue(self) -> list[Call[_I]]:
        """Return the calls whose handler has taken longer than it may.

        A runtime that says what it runs keeps the time itself, by a clock that starts with the handler; ours then ends
        only what it should have ended long ago.
        """
        if self._paused_at is not None:
            return []
        running = self._running.peek() if self._running is not None else None
        if running is None:
            return self.calls.overdue()
        return self.calls.overdue(_BACKSTOP_SECONDS, running)

    def drain(self) -> None:
        """Tell the runtime that nothing more comes."""
        if self._connection is not None:
            self._connection.send([encode_frame(Kind.DRAIN)])

    def close(self) -> None:
        """End the connection for good."""
        self.closed.set()
        if self._newest is not None:
            self._newest.close("this sidecar is ending")

    def connected(self, connection: Connection, hello: Hello) -> None:
        """Take a connection whose HELLO has come."""
        self._connection, self.hello = connection, hello
        self.calls = Calls(hello.concurrency)
        self._running = RunningFile(self.socket.parent, hello.concurrency)
        if self._paused_at is not None:
            connection.set_reading(wanted=False)
        self.owner.on_runtime_ready(hello)

    def disconnected(self, connection: Connection, why: str) -> None:
        """Give up everything that was outstanding on a lost connection."""
        if self._connection is not connection:
            return
        self._connection = None
        calls = self.calls.take_all()
        running = self._running.read() if self._running is not None else None
        if running is not None and not connection.broken and not _is_lone_suspect(calls):
            for call in calls:
                call.settle_whether_begun(begun=call.request in running)
        if not self.closed.is_set():
            self.owner.on_runtime_lost(blame(calls, "closed", why, time.monotonic()))

    def answered(self, kind: Kind, request: int, body: bytes) -> None:
        """Pass one answer on. Answers to what is not outstanding crossed a CANCEL, and are dropped."""
        call = self.calls.find(request)
        if call is None:
            return
        invocation = call.invocation
        if kind is _ITEM:
            if invocation is not None:
                invocation.on_item(body)
            return
        seconds, fault = (decode_end(body), None) if kind is _END else (0.0, _fault(body))
        self.calls.finish(call)
        if invocation is None:
            self.owner.on_room()
        elif fault is None:
            invocation.on_end(seconds)
        else:
            invocation.on_fault(fault)

    def draining(self) -> None:
        """Pass on that the runtime is about to stop."""
        self.owner.on_runtime_draining()

    def worker_ended(self, ended: WorkerEnded) -> None:
        """Give up what the worker held, by what the supervisor says of it."""
        now, began = time.monotonic(), set(ended.started)
        calls = [call for request in {*began, *ended.waiting} if (call := self.calls.find(request)) is not None]
        calls.sort(key=lambda call: call.request)
        for call in calls:
            call.settle_whether_begun(begun=call.request in began)
        verdict = blame(calls, ended.reason, ended.detail, now)
        for call in calls:
            self.calls.finish(call)
        self.owner.on_runtime_lost(verdict)

    async def _converse(self) -> None:
        """Connect, and stay connected as long as it goes. Raises OSError."""
        loop = asyncio.get_running_loop()
        with reachable(self.socket) as path:
            _, connection = await loop.create_unix_connection(lambda: Connection(self, self.limit), path)
        impatience = loop.call_later(GREETING_SECONDS, connection.require_greeting)
        self._newest = connection
        if self.closed.is_set():
            self.close()
        try:
            await connection.lost.wait()
        finally:
            impatience.cancel()

    async def _pause(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self.closed.wait()
        except TimeoutError:
            return


def _is_lone_suspect(calls: list[Call[_I]]) -> bool:
    """Tell whether nothing but one suspect was there: then it was its doing, whenever the runtime ended."""
    return len(calls) == 1 and calls[0].invocation is not None and calls[0].invocation.suspected


def _fault(body: bytes) -> Fault:
    """Read an ERROR. The words of an exception may hold halves of surrogate pairs, which become question marks."""
    try:
        return msgspec.json.decode(body, type=Fault)
    except msgspec.ValidationError:
        raise
    except msgspec.DecodeError:
        readable = json.dumps(_parsed(body), ensure_ascii=False).encode("utf-8", "replace")
        return msgspec.json.decode(readable, type=Fault)


def _parsed(body: bytes) -> object:
    try:
        return json.loads(body)
    except ValueError as error:
        raise ProtocolError(f"the runtime sent ERROR with a body that is not JSON: {error}") from None
