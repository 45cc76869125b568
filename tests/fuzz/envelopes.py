"""Bytes on the queue, and envelopes from a handler, through a sidecar's actor on the memory transport.

Whatever comes in leaves as exactly one message: a result, or an error record that error-end can read and store.
"""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from random import Random
from typing import Any, Literal, Self

import msgspec

from asya_core.envelope import decode
from asya_core.errors import EnvelopeError
from asya_core.limits import Limits
from asya_core.object_keys import object_key
from asya_core.transports import Confirmed, Delivery
from asya_core.transports.memory import MemoryBroker, MemoryConsumer, MemoryTransport
from asya_crew.record import created_at, document, identity
from asya_runtime import frames
from asya_runtime.handler import Handler
from asya_sidecar.actor import Actor
from asya_sidecar.frames import Kind
from asya_sidecar.metrics import Metrics
from asya_sidecar.publisher import Publisher
from asya_sidecar.runtime_connection import Hello
from asya_sidecar.settings import Settings
from tests.fuzz.mutations import mutated

SIZE = 16_000
WAIT_SECONDS = 5.0
Mode = Literal["payload", "envelope"]
QUEUE, AGAIN = "asya-a", "asya-a-again"
CODES = {
    "msg_parsing_error", "route_error", "route_mismatch", "result_error", "deadline_exceeded", "unroutable",
    "claim_refused",
}  # fmt: skip
SEEDS = [
    b'{"id":"m","route":{"actors":["a","b"],"current":0},"payload":{"text":"hi"}}',
    b'{"id":"m-0.1","parent_id":"m","route":{"actors":["x","a"],"current":1,"metadata":{"n":[1.50]}},"payload":[1,2]}',
    b'{"id":"m","route":{"actors":["a"],"more":[1]},"headers":{"traceparent":"00-1","x-asya-y":{}},"payload":null}',
    b'{"id":"m","future":1,"route":{"actors":["a","b"]},"status":{"attempt":2,"generation":1,"seen":[]},"payload":"x"}',
    '{"id":"m","route":{"actors":["a"]},"status":{"phase":"pending","actor_since":"2026-01-31T12:00:00.000Z",'
    '"deadline_at":"2999-01-01T00:00:00Z","error":{"type":"E","mro":["é"],"message":"\\"","y":0}},"payload":"€"}'.encode(),
]
EDITS = [
    b'{"id":"m","route":{"actors":["a","b"],"current":1},"payload":{"text":"hi"}}',
    b'{"id":"m","route":{"actors":["a","b","c"],"current":1,"x":1},"headers":{"y":[]},"payload":1,"more":{"a":1}}',
    b'{"id":"m","route":{"actors":["a"],"current":1},"status":{"phase":"x"},"parent_id":"y","payload":null}',
]


class OneHandler:
    """The runtime's end of a connection: answers each INVOKE at once."""

    draining = closing = False

    def __init__(self, actor: Actor) -> None:
        self._client = actor.runtime
        self._decoder = frames.Decoder(frames.FROM_SIDECAR, 1 << 20)
        self.arguments: list[tuple[bytes, bytes]] = []
        self.item: bytes | None = None

    def send(self, parts: list[bytes | memoryview]) -> None:
        """Take frames; the first item is `item`, or the payload itself."""
        for kind, request, body in self._decoder.feed(b"".join(parts)):
            if kind == frames.INVOKE:
                _, head, payload = frames.parse_invoke(body)
                self.arguments.append((head, payload))
                self._answer(Kind.ITEM, request, payload if self.item is None else self.item)
                self._answer(Kind.END, request, frames.end_body(1))
        assert self._decoder.error is None, self._decoder.error

    def set_reading(self, *, wanted: bool) -> None:
        """Never asked for: a single message is no pressure."""
        raise AssertionError(wanted)

    def _answer(self, kind: Kind, request: int, body: bytes) -> None:
        asyncio.get_running_loop().call_soon(self._client.answered, kind, request, body)


class SettlingConsumer(MemoryConsumer):
    """A consumer that counts what is settled."""

    settled = 0
    happened: asyncio.Event

    def settle(self, delivery: Delivery) -> None:
        super().settle(delivery)
        self.settled += 1
        self.happened.set()


class Outlet(MemoryTransport):
    """A transport on which what the actor sends to itself is kept apart, so that it is not worked on at once."""

    def publish(
        self, queue: str, body: bytes, confirmed: Confirmed, *, delay: float = 0.0, holding: Delivery | None = None
    ) -> None:
        super().publish(AGAIN if queue == QUEUE else queue, body, confirmed, delay=delay, holding=holding)


class Place:
    """An actor, its queue and those behind it; one message at a time."""

    def __init__(self, actor: str) -> None:
        self.errors: list[dict[str, Any]] = []
        self.broker = MemoryBroker(lease_seconds=1e6)
        self.queue = f"asya-{actor}"
        self.handler: Any = None

    @classmethod
    async def open(cls, actor: str = "a", mode: Mode = "payload") -> Self:
        """Begin to work."""
        place = cls(actor)
        asyncio.get_running_loop().set_exception_handler(lambda _loop, context: place.errors.append(context))
        await place._open(actor, mode)
        return place

    async def _open(self, actor: str, mode: Mode) -> None:
        settings = Settings.from_env({
            "ASYA_ACTOR_NAME": actor, "ASYA_TRANSPORT": "memory", "ASYA_MAX_BODY_BYTES": str(SIZE),
            "ASYA_IS_END_ACTOR": str(actor.endswith("-end")).lower(), "ASYA_RESILIENCY": '{"unroutableAfter": 0}',
        })  # fmt: skip
        transport = Outlet(self.broker)
        for queue in (QUEUE, AGAIN, "asya-b", "asya-happy-end", "asya-error-end"):
            await transport.ensure(queue)
        metrics = Metrics(settings.actor, settings.transport)
        self.actor = Actor(settings, Publisher(transport, settings, metrics), metrics)
        self.consumer = SettlingConsumer(self.broker, self.queue, 0, self.actor.deliver)
        self.consumer.happened = asyncio.Event()
        self.actor.window.attach(self.consumer)
        self.handler = OneHandler(self.actor)
        self.actor.runtime.connected(self.handler, Hello(version=1, mode=mode, concurrency=1, limit=1 << 20))

    async def put(self, body: bytes) -> dict[str, bytes]:
        """Send a message, see it settled once, and return what came out by queue, at most one message each."""
        self.consumer.happened.clear()
        self.consumer.settled = 0
        self.broker.store(self.queue, body, 0.0)
        async with asyncio.timeout(WAIT_SECONDS):
            await self.consumer.happened.wait()
        assert self.errors == []
        assert self.consumer.settled == 1
        assert self.actor.runs == {}
        assert self.actor.publisher.unconfirmed == 0
        out = {}
        for name, queue in self.broker.queues.items():
            assert not queue.held, name
            assert not queue.delayed, name
            assert len(queue.ready) <= 1, name
            if queue.ready:
                out[name] = queue.ready.popleft().body
        return out


class Messages:
    """Bytes on the queue of an actor that returns what it gets."""

    name = "messages"

    async def open(self) -> None:
        self._place = await Place.open()

    def make(self, chance: Random) -> bytes:
        return mutated(chance, SEEDS)

    async def check(self, data: bytes) -> None:
        ((queue, body),) = (await self._place.put(data)).items()
        out = decode(body, Limits(size=SIZE))
        if queue == "asya-error-end":
            check_record(body)
            return
        came = decode(data, Limits(size=SIZE))
        assert came.route.actors[came.route.current] == "a"
        assert isinstance(came.payload, msgspec.Raw)
        assert isinstance(out.payload, msgspec.Raw)
        assert (out.id, bytes(out.payload)) == (came.id, bytes(came.payload))


class Edits:
    """Envelopes that a handler in mode envelope returns."""

    name = "edits"

    async def open(self) -> None:
        self._place = await Place.open(mode="envelope")

    def make(self, chance: Random) -> bytes:
        return mutated(chance, EDITS)

    async def check(self, data: bytes) -> None:
        self._place.handler.item = data
        ((queue, body),) = (await self._place.put(SEEDS[0])).items()
        assert decode(body, Limits(size=SIZE)).id == "m"
        if queue == "asya-error-end":
            check_record(body)


class Ends:
    """Bytes on the queue of error-end, which has to be able to store whatever comes."""

    name = "ends"

    async def open(self) -> None:
        self._place = await Place.open("error-end", mode="envelope")
        self._handler = Handler(lambda envelope: envelope, "envelope")

    def make(self, chance: Random) -> bytes:
        return mutated(chance, SEEDS)

    async def check(self, data: bytes) -> None:
        handler = self._place.handler
        handler.arguments.clear()
        assert await self._place.put(data) == {}
        ((head, payload),) = handler.arguments
        envelope: Any = self._handler.argument(head, payload)
        id_, generation = identity(envelope)
        assert Path(object_key("error-asya/", id_, generation, created_at(envelope))).name
        assert json.loads(document(envelope), parse_int=str)["id"] == id_


def check_record(body: bytes) -> None:
    """See that an error record says what it has to."""
    record = json.loads(body, parse_int=str)
    assert record["payload"]["error"] == record["status"]["reason"], record
    assert record["payload"]["error"] in CODES, record
    assert record["payload"]["details"]["message"], record


def refused(data: bytes) -> bool:
    """Say whether an actor would refuse to read these bytes."""
    try:
        decode(data, Limits(size=SIZE))
    except EnvelopeError:
        return True
    return False
