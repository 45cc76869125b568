"""A runtime that speaks the protocol over a real socket and answers as a test tells it to.

It reads frames with the runtime's own codec, so that every test holds the two codecs against each other.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import struct
import time
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from asya_runtime import frames

LIMIT = 16 * 1024 * 1024
RUNNING = "runtime-running"
WAIT_SECONDS = 10.0


@dataclass(frozen=True)
class Invoked:
    """One INVOKE as the runtime read it."""

    request: int
    timeout: float
    meta: dict[str, object]
    payload: bytes

    @property
    def id(self) -> str:
        return str(self.meta["id"])


def running_file(running: Mapping[int, int], report: object = None, slots: int = 0) -> bytes:
    """Return what stands in a worker's file: requests with their deadlines, in `slots` slots or as many as it takes.

    `report` is bytes, or an object that becomes JSON.
    """
    written = report if isinstance(report, bytes) else json.dumps(report).encode() if report else b""
    pairs = [*running.items(), *[(0, 0)] * (slots - len(running))]
    return written.ljust(1024, b"\0") + b"".join(struct.pack("=QQ", *pair) for pair in pairs)


def write_running(folder: Path, running: Mapping[int, int], report: object = None, slots: int = 0) -> None:
    """Put a worker's file into place, as a supervisor does for each worker."""
    fresh = folder / "fresh"
    fresh.write_bytes(running_file(running, report, slots))
    fresh.rename(folder / RUNNING)


class ScriptedRuntime:
    """Answers each INVOKE by calling `answer(runtime, invoked)`; keeps what it was sent."""

    def __init__(self, socket: Path, answer: Answer, **hello: object) -> None:
        self.socket = socket
        self.answer = answer
        self.hello = {"version": 1, "mode": "payload", "concurrency": 1, "limit": LIMIT, **hello}
        self.invoked: list[Invoked] = []
        self.frames: list[tuple[int, int]] = []
        self.connections = 0
        self.writer: asyncio.StreamWriter | None = None
        self._changed = asyncio.Event()
        self._server: asyncio.Server | None = None
        self._serving: set[asyncio.Task[None]] = set()

    @property
    def ids(self) -> list[str]:
        return [invoked.id for invoked in self.invoked]

    async def start(self) -> None:
        self.socket.unlink(missing_ok=True)
        self._server = await asyncio.start_unix_server(self._serve, str(self.socket))

    async def die(self) -> None:
        """Go away as a killed process does: the socket closes, nothing more is said."""
        if self._server is not None:
            self._server.close()
        self.hang_up()
        for task in list(self._serving):
            with contextlib.suppress(ConnectionError):
                await task

    def hang_up(self) -> None:
        """Lose the connection, as a process does that ends and comes back at once."""
        if self.writer is not None:
            self.writer.transport.abort()

    def item(self, request: int, value: object) -> None:
        self.send(frames.ITEM, request, json.dumps(value).encode())

    def end(self, request: int, seconds: float = 0.001) -> None:
        self.send(frames.END, request, frames.end_body(int(seconds * 1e6)))

    def error(self, request: int, code: str = "processing_error", **details: object) -> None:
        self.send(frames.ERROR, request, json.dumps({"code": code, "message": "it failed", **details}).encode())

    def write_running(self, running: Mapping[int, int], report: object = None) -> None:
        """Write into the worker's file in its place, which whoever has it open sees."""
        slots = int(str(self.hello["concurrency"]))
        (self.socket.parent / RUNNING).write_bytes(running_file(running, report, slots))

    def worker_ends(self, running: Mapping[int, int], reason: str = "crash", at: int = 0) -> None:
        """Lose the worker as a supervisor does that saw it end with these requests running."""
        report = {"reason": reason, "detail": f"it ended by {reason}", "at": at or time.monotonic_ns()}
        self.write_running(running, report)
        self.hang_up()

    def send(self, kind: int, request: int = 0, body: bytes = b"") -> None:
        assert self.writer is not None
        self.writer.write(frames.encode(kind, request, body))

    async def until_invoked(self, count: int) -> None:
        await self.until(lambda: len(self.invoked) >= count)

    async def until_frame(self, kind: int, count: int = 1) -> None:
        await self.until(lambda: [seen for seen, _ in self.frames].count(kind) >= count)

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(WAIT_SECONDS):
            while not condition():
                self._changed.clear()
                await self._changed.wait()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._serving.add(task)
        self.writer = writer
        self.connections += 1
        self.send(frames.HELLO, 0, json.dumps(self.hello).encode())
        self._changed.set()
        decoder = frames.Decoder(frames.FROM_SIDECAR, LIMIT)
        with contextlib.suppress(ConnectionError):
            while data := await reader.read(65536):
                for kind, request, body in decoder.feed(data):
                    self._take(kind, request, body)
                assert decoder.error is None, decoder.error
        writer.close()
        self._serving.discard(task)
        self._changed.set()

    def _take(self, kind: int, request: int, body: bytes) -> None:
        self.frames.append((kind, request))
        if kind == frames.INVOKE:
            timeout, meta, payload = frames.parse_invoke(body)
            self.invoked.append(Invoked(request, timeout / 1000, json.loads(meta), payload))
            self.answer(self, self.invoked[-1])
        self._changed.set()


Answer = Callable[[ScriptedRuntime, Invoked], None]


def echo(runtime: ScriptedRuntime, invoked: Invoked) -> None:
    """Return the payload."""
    runtime.send(frames.ITEM, invoked.request, invoked.payload)
    runtime.end(invoked.request)


def silence(runtime: ScriptedRuntime, invoked: Invoked) -> None:
    """Answer nothing; the test does, later."""


def results(*values: object) -> Answer:
    """Return these, whatever comes in."""

    def answer(runtime: ScriptedRuntime, invoked: Invoked) -> None:
        for value in values:
            runtime.item(invoked.request, value)
        runtime.end(invoked.request)

    return answer


def failing(code: str = "processing_error", items: tuple[object, ...] = (), **details: object) -> Answer:
    """Fail, after these results."""

    def answer(runtime: ScriptedRuntime, invoked: Invoked) -> None:
        for value in items:
            runtime.item(invoked.request, value)
        runtime.error(invoked.request, code, **details)

    return answer


def one_after_another(*answers: Answer) -> Answer:
    """Give the first invocation the first answer, and so on; the last answer stays."""
    rest = list(answers)

    def answer(runtime: ScriptedRuntime, invoked: Invoked) -> None:
        (rest.pop(0) if len(rest) > 1 else rest[0])(runtime, invoked)

    return answer


@contextlib.asynccontextmanager
async def runtime_at(socket: Path, answer: Answer = echo, **hello: object) -> AsyncIterator[ScriptedRuntime]:
    runtime = ScriptedRuntime(socket, answer, **hello)
    await runtime.start()
    try:
        yield runtime
    finally:
        await runtime.die()
