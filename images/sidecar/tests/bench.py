"""One actor on a broker in memory and a scripted runtime, with a ledger of everything that passes between them."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar, cast

from asya_core.errors import ObjectStoreError, TransportError
from asya_core.objects import ObjectStore
from asya_core.transports import Confirmed, Delivery, publish
from asya_core.transports.memory import MemoryBroker, MemoryConsumer, MemoryTransport
from asya_sidecar.actor import Actor
from asya_sidecar.claims import open_claims
from asya_sidecar.metrics import Metrics
from asya_sidecar.publisher import Publisher
from asya_sidecar.settings import Settings
from images.sidecar.tests.scripted_runtime import Answer, ScriptedRuntime, echo

_T = TypeVar("_T")
WAIT_SECONDS = 10.0
QUEUES = ("asya-a", "asya-b", "asya-happy-end", "asya-error-end")


class Ledger:
    """What happened, in order, as `(what, who)`."""

    def __init__(self) -> None:
        self.lines: list[tuple[str, Any]] = []
        self._changed = asyncio.Event()

    def note(self, what: str, who: Any) -> None:
        self.lines.append((what, who))
        self._changed.set()

    def all(self, what: str) -> list[Any]:
        return [who for each, who in self.lines if each == what]

    async def until(self, condition: Callable[[], bool], within: float = WAIT_SECONDS) -> None:
        """Wait for a condition that only what is noted here can change."""
        async with asyncio.timeout(within):
            while not condition():
                self._changed.clear()
                await self._changed.wait()


class NotedConsumer(MemoryConsumer):
    """A consumer whose answers to the broker are noted, by the id of the envelope."""

    ledger: Ledger

    def settle(self, delivery: Delivery) -> None:
        super().settle(delivery)
        self.ledger.note("settled", _id(delivery.body))

    def release(self, delivery: Delivery) -> None:
        super().release(delivery)
        self.ledger.note("released", _id(delivery.body))

    def resize(self, prefetch: int) -> None:
        super().resize(prefetch)
        self.ledger.note("resized", prefetch)


class NotedTransport(MemoryTransport):
    """A transport whose publishes are noted, and whose confirmations a test can hold back or turn into errors."""

    def __init__(self, broker: MemoryBroker, ledger: Ledger) -> None:
        super().__init__(broker)
        self.ledger = ledger
        self.refuse: Callable[[str, bytes], TransportError | None] = lambda _queue, _body: None
        self.holds_confirmations = False
        self.held: list[tuple[Confirmed, Exception | None]] = []

    async def consume(self, queue: str, prefetch: int, deliver: Callable[[Delivery], None]) -> NotedConsumer:
        self._broker.find(queue)

        def noted(delivery: Delivery) -> None:
            deliver(delivery)
            self.ledger.note("delivered", _id(delivery.body))

        consumer = NotedConsumer(self._broker, queue, prefetch, noted)
        consumer.ledger = self.ledger
        self._consumers.append(consumer)
        return consumer

    def publish(
        self, queue: str, body: bytes, confirmed: Confirmed, *, delay: float = 0.0, holding: Delivery | None = None
    ) -> None:
        self.ledger.note("published", (queue, _id(body)))

        def confirm(error: Exception | None) -> None:
            confirmed(error)
            self.ledger.note("confirmed" if error is None else "refused", (queue, _id(body)))

        refusal = self.refuse(queue, body)
        if refusal is not None:
            asyncio.get_running_loop().call_soon(confirm, refusal)
            return

        def later(error: Exception | None) -> None:
            if self.holds_confirmations:
                self.held.append((confirm, error))
                self.ledger.note("held", (queue, _id(body)))
            else:
                confirm(error)

        super().publish(queue, body, later, delay=delay, holding=holding)

    def confirm_held(self, count: int | None = None) -> None:
        """Let confirmations through, the oldest first."""
        count = len(self.held) if count is None else count
        released, self.held = self.held[:count], self.held[count:]
        for confirm, error in released:
            confirm(error)


class NotedStore:
    """A store whose every use is noted, from whichever thread, as `stored`, `fetched` or `store failed`."""

    def __init__(self, store: ObjectStore, ledger: Ledger) -> None:
        self._store = store
        self._ledger = ledger
        self._loop = asyncio.get_running_loop()

    def create(self, key: str, data: bytes) -> bool:
        return self._noted("stored", key, lambda: self._store.create(key, data))

    def size(self, key: str) -> int:
        return self._store.size(key)

    def put(self, key: str, data: bytes) -> None:
        self._noted("stored", key, lambda: self._store.put(key, data))

    def get(self, key: str, size: int | None = None) -> bytes:
        return self._noted("fetched", key, lambda: self._store.get(key, size))

    def _noted(self, what: str, key: str, call: Callable[[], _T]) -> _T:
        try:
            result = call()
        except ObjectStoreError:
            self._loop.call_soon_threadsafe(self._ledger.note, "store failed", key)
            raise
        self._loop.call_soon_threadsafe(self._ledger.note, what, key)
        return result


class Bench:
    """Everything that a test of one actor needs."""

    def __init__(self, settings: Settings, broker: MemoryBroker, runtime: ScriptedRuntime) -> None:
        self.settings = settings
        self.broker = broker
        self.runtime = runtime
        self.ledger = Ledger()
        self.transport = NotedTransport(broker, self.ledger)
        self.producer = MemoryTransport(broker)
        self.metrics = Metrics(settings.actor, settings.transport)
        claims = open_claims(settings.claims, self.metrics)
        if claims is not None:
            claims._store = cast("ObjectStore", NotedStore(claims._store, self.ledger))
        self.publisher = Publisher(self.transport, settings, self.metrics, claims)
        self.stops: list[str] = []
        self.actor = Actor(settings, self.publisher, self.metrics, stop=lambda: self.stops.append("asked"))
        self.consumer: NotedConsumer | None = None

    async def start(self) -> None:
        self.consumer = await self.transport.consume(self.settings.queue, 0, self.actor.deliver)
        self.actor.window.attach(self.consumer)
        self.actor.resize()

    async def send(self, *messages: Mapping[str, Any] | bytes, queue: str = "") -> None:
        for message in messages:
            body = message if isinstance(message, bytes) else json.dumps(message).encode()
            await publish(self.producer, queue or self.settings.queue, body)

    def send_counted(self, message: Mapping[str, Any], count: int) -> None:
        """Put a message into the actor's queue that the broker will deliver for the `count`th time."""
        self.broker.store(self.settings.queue, json.dumps(message).encode(), 0.0)
        self.broker.queues[self.settings.queue].ready[-1].count = count - 1

    def queued(self, actor: str) -> list[dict[str, Any]]:
        """The messages that wait in an actor's queue."""
        return [json.loads(message.body) for message in self.broker.queues[f"asya-{actor}"].ready]

    def delayed(self, actor: str) -> list[dict[str, Any]]:
        """The messages that the broker keeps for later."""
        return [json.loads(message.body) for message in self.broker.queues[f"asya-{actor}"].delayed]

    async def until_settled(self, *ids: str, within: float = WAIT_SECONDS) -> None:
        await self.ledger.until(lambda: set(ids) <= set(self.ledger.all("settled")), within)

    async def until_queued(self, actor: str, count: int = 1) -> list[dict[str, Any]]:
        await self.ledger.until(lambda: len(self.queued(actor)) >= count)
        return self.queued(actor)

    def sample(self, name: str, **labels: str) -> float:
        return self.metrics.registry.get_sample_value(name, labels) or 0.0


def envelope(id_: str = "m1", payload: object = None, **more: Any) -> dict[str, Any]:
    """A message at actor `a` of the route a, b."""
    return {"id": id_, "route": {"actors": ["a", "b"], "current": 0}, "payload": payload, **more}


def settings_for(folder: Path, **environ: str) -> Settings:
    actor = environ.pop("actor", "a")
    return Settings.from_env({
        "ASYA_ACTOR_NAME": actor,
        "ASYA_IS_END_ACTOR": "true" if actor.endswith("-end") else "false",
        "ASYA_TRANSPORT": "memory",
        "ASYA_SOCKET_DIR": str(folder),
        "ASYA_METRICS_ADDR": "127.0.0.1:0",
        **environ,
    })  # fmt: skip


@contextlib.asynccontextmanager
async def working(
    folder: Path, answer: Answer = echo, hello: Mapping[str, object] | None = None, **environ: str
) -> AsyncIterator[Bench]:
    """An actor whose runtime is connected and whose broker has its queues; `environ` may hold `actor`."""
    settings = settings_for(folder, **environ)
    runtime = ScriptedRuntime(folder / "asya-runtime.sock", answer, **(hello or {}))
    bench = Bench(settings, MemoryBroker(), runtime)
    for queue in QUEUES:
        await bench.producer.ensure(queue)
    await runtime.start()
    await bench.start()
    client = asyncio.create_task(bench.actor.runtime.run())
    try:
        await bench.ledger.until(lambda: bench.actor.runtime.ready)
        yield bench
    finally:
        bench.actor.runtime.close()
        await client
        bench.publisher.close()
        await bench.transport.close()
        await runtime.die()


def _id(body: bytes) -> str:
    try:
        return str(json.loads(body)["id"])
    except (ValueError, KeyError, TypeError, RecursionError):
        return "raw"
