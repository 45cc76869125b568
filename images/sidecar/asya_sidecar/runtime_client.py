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
from asya_sidecar.blame import Ended, Verdict, blame
from asya_sidecar.calls import Call, Calls, Invocation
from asya_sidecar.frames import Kind, ProtocolError, decode_end, encode_frame, encode_invoke
from asya_sidecar.running_file import Running, RunningFile, Snapshot
from asya_sidecar.runtime_connection import Connection, Hello
from asya_sidecar.socket_address import reachable
from asya_sidecar.watch import Watch

log = logging.getLogger(__name__)

GREETING_SECONDS = 10.0
"""How long a runtime may take to say HELLO after it has accepted us; it listens only once its handler is loaded."""

_ITEM, _END = Kind.ITEM, Kind.END  # looking a member up costs more than comparing it
_FIRST_RETRY, _LAST_RETRY = 0.02, 0.5
_UNUSABLE = (
    "the runtime's socket can't be used: %s; mount one folder into both containers at ASYA_SOCKET_DIR, and leave it to "
    "the runtime"
)
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
    """A connection to the runtime that is made again whenever it is lost.

    `limit`: bytes of the largest result; `timeout`: the most seconds that any handler may take. `most_bytes` is how
    large the body of an INVOKE may be.
    """

    def __init__(self, socket: Path, limit: int, timeout: float, owner: Owner[_I]) -> None:
        self.socket = socket
        self.limit = limit
        self.timeout = timeout
        self.owner = owner
        self.hello: Hello | None = None
        self.most_bytes = 0
        self.calls: Calls[_I] = Calls(1)
        self.closed = asyncio.Event()
        self._newest: Connection | None = None
        self._connection: Connection | None = None
        self._file = RunningFile(socket.parent)
        self._watch = Watch(timeout, 1)
        self._last_request = 0
        self.paused = self._was_paused = self._given_up = False

    @property
    def ready(self) -> bool:
        """Whether invocations are welcome now."""
        connection = self._connection
        return connection is not None and not connection.draining and not connection.closing

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
                    log.error(_UNUSABLE, error, extra={"event": "socket_unusable"})
            if time.monotonic() - begun > _SETTLED_SECONDS:
                delay = _FIRST_RETRY
            await self._pause(delay)
            delay = min(delay * 2, _LAST_RETRY)

    def invoke(
        self, invocation: _I, meta: bytes, payload: bytes | memoryview, timeout: float, ends_at: float = math.inf
    ) -> int:
        """Send one request and return its number. Only while `ready`.

        `timeout`: seconds from the moment that its handler begins; for `ends_at` see `Call`.
        """
        if self._connection is None:
            raise RuntimeError("invoked without a runtime; look at `ready` first")
        self._last_request = request = self._last_request + 1
        self.calls.add(Call(request, invocation, ends_at))
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
        """Stop or go on taking results, so that a handler can't outrun the broker."""
        self.paused = not wanted
        self._was_paused = True
        if self._connection is not None:
            self._connection.set_reading(wanted=wanted)

    def overdue(self) -> list[Call[_I]]:
        """Return the calls whose time is up, and give up a worker that nobody looks after.

        Not while results wait unread, nor at the first look after that: they may have been made in time.
        """
        if self.paused or self._was_paused:
            self._was_paused = self.paused
            return []
        now = time.monotonic()
        if self._connection is not None and (snapshot := self._file.read()) is not None:
            why = self._watch.look(now, snapshot.running, self.calls.oldest())
            if why is not None:
                self._given_up = True
                self._connection.abort(why)
        return self.calls.overdue(now)

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
        self._connection, self.hello, self.most_bytes = connection, hello, hello.limit
        self._given_up = False
        self.calls = Calls(hello.concurrency)
        self._file.open(hello.concurrency)
        self._watch = Watch(self.timeout, hello.concurrency)
        if self.paused:
            connection.set_reading(wanted=False)
        self.owner.on_runtime_ready(hello)

    def disconnected(self, connection: Connection, why: str) -> None:
        """Give up everything that was outstanding on a lost connection."""
        if self._connection is not connection:
            return
        self._connection = None
        calls, left = self.calls.take_all(), self._file.read()
        self._file.close()
        if not self.closed.is_set():
            ended = self._how_it_ended(calls, None if connection.broken else left, why)
            self.owner.on_runtime_lost(blame(calls, ended))

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

    def _how_it_ended(self, calls: list[Call[_I]], left: Snapshot | None, why: str) -> Ended:
        """Join what the worker left behind with what is known here.

        Where that can't be believed, the oldest requests count as begun. So does a suspect that was there alone: then
        it was its doing, whenever the worker ended.
        """
        running: Running = left.running if left is not None else _assumed(calls[: self.calls.concurrency])
        if not running and len(calls) == 1 and calls[0].invocation is not None and calls[0].invocation.suspected:
            running = _assumed(calls)
        batched = self.hello is not None and self.hello.batch > 1
        if left is not None and left.report is not None:
            return Ended(left.report.reason, left.report.detail, left.report.at, running, batched)
        return Ended("timeout" if self._given_up else "closed", why, time.monotonic_ns(), running, batched)

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


def _assumed(calls: list[Call[_I]]) -> Running:
    """Return these as requests that ran, and not only from now on."""
    return {call.request: 1 for call in calls}


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
