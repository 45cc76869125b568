"""A runtime that speaks the protocol over a real socket and answers as a test tells it to."""

from __future__ import annotations

import asyncio
import contextlib
import json
import struct
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path

from asya_sidecar.frames import FrameReader, Kind, encode_frame

LIMIT = 16 * 1024 * 1024


@dataclass(frozen=True)
class Invoked:
    """One INVOKE as the runtime read it."""

    request: int
    timeout: float
    meta: dict[str, object]
    payload: bytes


class ScriptedRuntime:
    """Answers each INVOKE by calling `answer(runtime, invoked)`; keeps what it was sent."""

    def __init__(self, socket: Path, answer: Callable[[ScriptedRuntime, Invoked], None], **hello: object) -> None:
        self.socket = socket
        self.answer = answer
        self.hello = {"version": 1, "mode": "payload", "concurrency": 1, "limit": LIMIT, **hello}
        self.invoked: list[Invoked] = []
        self.frames: list[tuple[Kind, int]] = []
        self.arrived = asyncio.Condition()
        self.writer: asyncio.StreamWriter | None = None
        self._server: asyncio.Server | None = None
        self._serving: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        self.socket.unlink(missing_ok=True)
        self._server = await asyncio.start_unix_server(self._serve, str(self.socket))

    async def die(self) -> None:
        """Go away as a killed process does: the socket closes, nothing more is said."""
        if self._server is not None:
            self._server.close()
        if self.writer is not None:
            self.writer.transport.abort()
        for task in list(self._serving):
            with contextlib.suppress(ConnectionError):
                await task

    def item(self, request: int, value: object) -> None:
        self.send(Kind.ITEM, request, json.dumps(value).encode())

    def end(self, request: int, seconds: float = 0.001) -> None:
        self.send(Kind.END, request, struct.pack(">Q", int(seconds * 1e6)))

    def error(self, request: int, code: str = "processing_error", **details: object) -> None:
        self.send(Kind.ERROR, request, json.dumps({"code": code, "message": "it failed", **details}).encode())

    def send(self, kind: Kind, request: int = 0, body: bytes = b"") -> None:
        assert self.writer is not None
        self.writer.write(encode_frame(kind, request, body))

    async def until_invoked(self, count: int) -> None:
        async with self.arrived:
            await asyncio.wait_for(self.arrived.wait_for(lambda: len(self.invoked) >= count), 10)

    async def until_frame(self, kind: Kind) -> None:
        async with self.arrived:
            await asyncio.wait_for(self.arrived.wait_for(lambda: any(seen == kind for seen, _ in self.frames)), 10)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._serving.add(task)
        self.writer = writer
        self.send(Kind.HELLO, 0, json.dumps(self.hello).encode())
        frames = FrameReader(LIMIT + 65536)
        with contextlib.suppress(ConnectionError):
            while data := await reader.read(65536):
                for kind, request, body in frames.feed(data):
                    await self._take(kind, request, body)
        writer.close()
        self._serving.discard(task)

    async def _take(self, kind: Kind, request: int, body: bytes) -> None:
        async with self.arrived:
            self.frames.append((kind, request))
            if kind is Kind.INVOKE:
                timeout, size = struct.unpack_from(">II", body)
                meta = json.loads(body[8 : 8 + size])
                self.invoked.append(Invoked(request, timeout / 1000, meta, body[8 + size :]))
                self.answer(self, self.invoked[-1])
            self.arrived.notify_all()


def echo(runtime: ScriptedRuntime, invoked: Invoked) -> None:
    """Return the payload."""
    runtime.send(Kind.ITEM, invoked.request, invoked.payload)
    runtime.end(invoked.request)


def silence(runtime: ScriptedRuntime, invoked: Invoked) -> None:
    """Answer nothing; the test does, later."""


@contextlib.asynccontextmanager
async def runtime_at(
    socket: Path, answer: Callable[[ScriptedRuntime, Invoked], None] = echo, **hello: object
) -> AsyncIterator[ScriptedRuntime]:
    runtime = ScriptedRuntime(socket, answer, **hello)
    await runtime.start()
    try:
        yield runtime
    finally:
        await runtime.die()
