"""Bytes on the socket, in both directions: whoever reads them survives, and serves the next connection."""

from __future__ import annotations

import json
import zlib
from pathlib import Path
from random import Random
from typing import Any

from asya_core.faults import Fault
from asya_runtime import frames
from asya_runtime.errors import InvocationError
from asya_runtime.session import Job, Session
from asya_runtime.settings import Settings
from asya_sidecar.blame import Verdict
from asya_sidecar.frames import FrameReader, Kind
from asya_sidecar.runtime_client import RuntimeClient
from asya_sidecar.runtime_connection import Connection, Hello
from tests.fuzz.mutations import broken, pieces

LIMIT = 4096
OVERHEAD = 64 * 1024
HEADER = 13
REQUESTS = 3
GREETING = frames.encode(
    frames.HELLO, 0, json.dumps({"version": 1, "mode": "payload", "concurrency": 2, "limit": LIMIT}).encode()
)
_NUMBERS = (0, 1, 1, 1, 2, 2, 3, 4, 2**63, 2**64 - 1)
_BODIES = [
    b"", b"{}", b"null", b"[1,2]", b'"x"', bytes(8), frames.end_body(1000), bytes(9), b"x" * LIMIT, b"[" * 2000,
    bytes(8) + b"{}", (0).to_bytes(4, "big") + (2).to_bytes(4, "big") + b"{}1", b"\xff" * 8 + b"{}",
    b'{"code":"processing_error","message":"no","type":"E","mro":["F"],"traceback":"","retry_after":1e400}',
    b'{"code":"result_error","message":"\\ud800","retry_after":-1}', b'{"code":"x","message":"\xff"}',
    b'{"code":5}',
    b'{"more":' + b"[" * 3000,
    GREETING[HEADER:], b'{"version":1,"mode":"payload","concurrency":1' + b"0" * 30 + b',"limit":1}',
]  # fmt: skip


def stream(chance: Random, good: list[bytes]) -> bytes:
    """Return some frames, good ones and others, and mostly some of their bytes changed."""
    made = b""
    for _ in range(chance.choice((1, 2, 3, 5))):
        if chance.random() < 0.5:
            made += chance.choice(good)
        else:
            made += frames.encode(chance.randrange(12), chance.choice(_NUMBERS), chance.choice(_BODIES))
    return broken(chance, made, good) if chance.random() < 0.6 else made


def chance_of(data: bytes) -> Random:
    """Return a source of chance that depends on the input alone, so that a smaller input can be judged by itself."""
    return Random(zlib.crc32(data))


FROM_SIDECAR = [
    frames.encode(frames.INVOKE, 1, bytes(4) + (8).to_bytes(4, "big") + b'{"id":1}"a"'),
    frames.encode(frames.INVOKE, 2, bytes(4) + (2).to_bytes(4, "big") + b"{}null"),
    frames.encode(frames.INVOKE, 3, bytes(8)),
    frames.encode(frames.CANCEL, 1),
    frames.encode(frames.CANCEL, 2),
    frames.encode(frames.PING, 0, b"ping"),
    frames.encode(frames.PONG, 0),
    frames.encode(frames.DRAIN, 0),
]


class ToRuntime:
    """What comes from the sidecar, or from who pretends to be it."""

    name = "frames to the runtime"

    async def open(self) -> None:
        self._settings = Settings("x.y", max_body_bytes=LIMIT)

    def make(self, chance: Random) -> bytes:
        return stream(chance, FROM_SIDECAR)

    async def check(self, data: bytes) -> None:
        chance = chance_of(data)
        self._serve(chance, list(pieces(chance, data)))
        begun, answers = self._serve(chance, [FROM_SIDECAR[0]])
        assert (begun, list(answers)) == ([1], [1])

    def _serve(self, chance: Random, parts: list[bytes]) -> tuple[list[int], dict[int, Kind]]:
        """Feed one session and finish its jobs; return the requests that were begun, and how each ended."""
        jobs: list[Job] = []
        session = Session(self._settings, jobs.append, lambda _: None)
        begun: list[int] = []
        said = session.take()
        for part in parts:
            try:
                session.receive(part)
            except frames.FrameError:
                said += session.take()
                session.abandon()
                break
            said += session.take() + self._work(chance, session, jobs, begun)
            assert len(session._decoder._rest) <= LIMIT + HEADER
        assert len(session._decoder._rest) <= LIMIT + HEADER
        return begun, self._answers(said)

    def _work(self, chance: Random, session: Session, jobs: list[Job], begun: list[int]) -> bytes:
        """Do what handlers do."""
        while jobs:
            job = jobs.pop()
            if job.cancelled:
                continue
            job.started = True
            begun.append(job.request)
            if session.item(job, job.payload or b"null") and chance.random() < 0.2:
                session.fail(job, InvocationError("processing_error", "no"))
            session.end(job, 1)
        return session.take()

    def _answers(self, said: bytes) -> dict[int, Kind]:
        """Read what the session said as the sidecar does, and return how each request ended."""
        (kind, _, _), *rest = FrameReader(LIMIT + OVERHEAD).feed(said)
        assert kind is Kind.HELLO
        return {request: kind for kind, request, _ in rest if kind in (Kind.END, Kind.ERROR)}


class Asked:
    """One invocation, and what it heard."""

    suspected = False

    def __init__(self) -> None:
        self.items = 0
        self.ends: list[str] = []

    def on_item(self, _body: bytes) -> None:
        assert not self.ends
        self.items += 1

    def on_end(self, seconds: float) -> None:
        assert seconds >= 0
        self.ends.append("end")

    def on_fault(self, fault: Fault) -> None:
        assert isinstance(fault.code, str)
        self.ends.append("fault")


class Owner:
    """Who hears of a runtime's comings and goings."""

    def __init__(self) -> None:
        self.lost: list[Asked] = []

    def on_runtime_ready(self, hello: Hello) -> None:
        assert hello.concurrency > 0

    def on_runtime_lost(self, verdict: Verdict[Asked]) -> None:
        self.lost += [*(asked for asked, _ in verdict.charged), *verdict.suspected, *verdict.innocent]

    def on_runtime_draining(self) -> None:
        """Nothing follows from it here."""

    def on_room(self) -> None:
        """Nobody waits."""


class Wire:
    """The socket's end that a connection writes to."""

    def __init__(self) -> None:
        self.closed = False

    def writelines(self, _parts: list[bytes | memoryview]) -> None:
        assert not self.closed

    def close(self) -> None:
        self.closed = True

    def is_closing(self) -> bool:
        return self.closed


FROM_RUNTIME = [
    frames.encode(frames.ITEM, 1, b'{"a":1}'),
    frames.encode(frames.ITEM, 2, b"null"),
    frames.encode(frames.END, 1, frames.end_body(1000)),
    frames.encode(frames.END, 2, frames.end_body(2**64 - 1)),
    frames.encode(frames.ERROR, 3, b'{"code":"processing_error","message":"no","type":"E","mro":["F"]}'),
    frames.encode(frames.PING, 0, b"ping"),
    frames.encode(frames.PONG, 0),
    frames.encode(frames.DRAIN, 0),
    GREETING,
]


class ToSidecar:
    """What comes from the runtime, or from who pretends to be it."""

    name = "frames to the sidecar"

    async def open(self) -> None:
        """Hold nothing."""

    def make(self, chance: Random) -> bytes:
        return stream(chance, FROM_RUNTIME)

    async def check(self, data: bytes) -> None:
        chance, owner = chance_of(data), Owner()
        client: RuntimeClient[Asked] = RuntimeClient(Path("/nowhere/asya-runtime.sock"), LIMIT, 60.0, owner)
        greeting = [GREETING] if chance.random() < 0.9 else []
        asked = self._converse(client, [*greeting, *pieces(chance, data)])
        for each in asked:
            assert len(each.ends) + owner.lost.count(each) == 1, "an invocation has to end once"
        (good,) = self._converse(client, [GREETING], again=True)
        assert (good.items, good.ends) == (1, ["end"])

    def _converse(self, client: RuntimeClient[Asked], parts: list[bytes], *, again: bool = False) -> list[Asked]:
        """Serve one connection to its end; return the invocations that were made once it was greeted."""
        connection, wire = Connection(client, LIMIT), Wire()
        place: Any = wire
        connection.connection_made(place)
        asked: list[Asked] = []
        for part in parts:
            connection.data_received(part)
            assert sum(map(len, connection._reader._held)) <= LIMIT + OVERHEAD + HEADER
            if connection.closing:
                break
            if client.ready and not asked:
                asked = [Asked() for _ in range(1 if again else REQUESTS)]
                numbers = [client.invoke(each, b"{}", b"1", 1.0) for each in asked]
                if again:
                    number = numbers[0]
                    connection.data_received(frames.encode(frames.ITEM, number, b"1"))
                    connection.data_received(frames.encode(frames.END, number, frames.end_body(1)))
        assert wire.closed == connection.broken
        connection.connection_lost(None)
        assert len(client.calls) == 0
        return asked
