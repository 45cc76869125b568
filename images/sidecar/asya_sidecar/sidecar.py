"""The life of a sidecar: start, work, drain, end. The order of each is one function here."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from typing import Any

from asya_core.errors import QueueMissingError, SettingsError, TransportError, TransportUnavailableError
from asya_core.transports import Consumer, Transport
from asya_sidecar import exit_codes
from asya_sidecar.actor import Actor
from asya_sidecar.claims import open_claims
from asya_sidecar.health import Health, serve_health
from asya_sidecar.leases import keep_leases
from asya_sidecar.metrics import Metrics
from asya_sidecar.publisher import Publisher
from asya_sidecar.settings import Settings

log = logging.getLogger(__name__)

_SHORTEST_TICK, _LONGEST_TICK = 0.05, 1.0
_TICKS_A_TIMEOUT = 4
_CONSUME_RETRY = 2.0


class Sidecar:
    """Joins one transport and one runtime until it is told to stop.

    Raises SettingsError when the store of large payloads can't be opened.
    """

    def __init__(self, settings: Settings, transport: Transport) -> None:
        self.settings = settings
        self.transport = transport
        self.metrics = Metrics(settings.actor, settings.transport)
        self.publisher = Publisher(transport, settings, self.metrics, open_claims(settings.claims, self.metrics))
        self.consumer: Consumer | None = None
        self._stop = asyncio.Event()
        self._signalled = False
        self._failed = False
        self._given_up = 0
        self.actor = Actor(settings, self.publisher, self.metrics, stop=self._stop.set)
        self.health = Health(
            connected=lambda: transport.connected,
            consuming=lambda: self.consumer is not None and self.consumer.consuming,
            runtime_ready=lambda: self.actor.runtime.ready,
            serving=lambda: self.actor.serving,
        )

    def stop(self) -> None:
        """Begin to drain. The second time, wait no longer for what is in hand."""
        if self._signalled:
            self._give_up()
        self._signalled = True
        self._stop.set()

    async def run(self) -> int:
        """Work until told to stop, then drain; return the process's exit code.

        Raises SettingsError when nothing can listen on `ASYA_METRICS_ADDR`.
        """
        host, port = self.settings.metrics_host, self.settings.metrics_port
        try:
            server = serve_health(host, port, self.health, self.metrics.registry)
        except OSError as error:
            raise SettingsError([f"ASYA_METRICS_ADDR: can't listen on {host}:{port}: {error.strerror}"]) from error
        with _signals(self.stop), _mistakes(self._on_mistake):
            try:
                async with _side_tasks(self.actor.runtime.run(), self._tick()):
                    code = await self._work()
                    return exit_codes.INTERNAL_ERROR if self._failed else code
            finally:
                server.shutdown()
                server.server_close()

    async def _work(self) -> int:
        try:
            if await self._unless_stopped(self.transport.connect()) and await self._unless_stopped(self._consume()):
                return await self._until_drained()
        except TransportError as error:
            log.critical("%s", error, extra={"event": "transport_failed"})
            return exit_codes.TRANSPORT_FAILED
        finally:
            self.publisher.close()
            self.actor.runtime.close()
            await self.transport.close()
        return exit_codes.OK

    async def _consume(self) -> None:
        """Subscribe with an empty window, which opens when the runtime is ready."""
        told = ""
        while self.consumer is None:
            try:
                self.consumer = await self.transport.consume(self.settings.queue, 0, self.actor.deliver)
            except (QueueMissingError, TransportUnavailableError) as error:
                if str(error) != told:
                    told = str(error)
                    log.error("not consuming yet: %s", error, extra={"event": "not_consuming"})
                await asyncio.sleep(_CONSUME_RETRY)
        self.actor.window.attach(self.consumer)
        self.actor.resize()
        log.info("consuming", extra={"event": "consuming", "queue": self.settings.queue})

    async def _until_drained(self) -> int:
        if self.consumer is None:
            raise RuntimeError("nothing to drain: no consumer was made")
        async with _side_tasks(keep_leases(self.actor, self.consumer)):
            await self._stop.wait()
            return await self._drain(self.consumer)

    async def _drain(self, consumer: Consumer) -> int:
        """Take nothing more, give back what has not started, finish and settle what has."""
        log.info("draining", extra={"event": "draining", "in_hand": len(self.actor.runs)})
        self.actor.drain()
        await consumer.stop()
        self.actor.release_waiting()
        self.actor.runtime.drain()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self.settings.drain_timeout):
                await self.actor.idle.wait()
        self._give_up()
        if self._given_up:
            labels = {"event": "drain_cut_short", "left": self._given_up}
            log.error("drain cut short; the broker delivers %d again", self._given_up, extra=labels)
            return exit_codes.DRAIN_CUT_SHORT
        log.info("drained", extra={"event": "drained"})
        return exit_codes.OK

    def _give_up(self) -> None:
        """Wait no longer for what is in hand."""
        self._given_up += self.actor.release_all()

    async def _tick(self) -> None:
        seconds = max(_SHORTEST_TICK, min(_LONGEST_TICK, self.settings.timeout / _TICKS_A_TIMEOUT))
        while True:
            self.health.beat()
            self.actor.tick()
            await asyncio.sleep(seconds)

    async def _unless_stopped(self, doing: Coroutine[object, object, None]) -> bool:
        """Do it, or give it up when told to stop; return whether it was done."""
        work, stop = asyncio.create_task(doing), asyncio.create_task(self._stop.wait())
        try:
            await asyncio.wait({work, stop}, return_when=asyncio.FIRST_COMPLETED)
            if work.done():
                work.result()
            return work.done()
        finally:
            work.cancel()
            stop.cancel()
            await asyncio.gather(work, stop, return_exceptions=True)

    def _on_mistake(self, message: str, error: BaseException) -> None:
        """End soon: what a callback left half-done would stay in hand for ever."""
        log.critical("%s", message, exc_info=error, extra={"event": "internal_error"})
        self._failed = True
        self.actor.drain()
        self._give_up()
        self._stop.set()


@contextlib.asynccontextmanager
async def _side_tasks(*work: Coroutine[object, object, None]) -> AsyncIterator[None]:
    """Run beside the body, and end with it; one that dies takes the process down."""
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(each) for each in work]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()


@contextlib.contextmanager
def _signals(stop: Callable[[], None]) -> Iterator[None]:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop)
    try:
        yield
    finally:
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(number)


@contextlib.contextmanager
def _mistakes(tell: Callable[[str, BaseException], None]) -> Iterator[None]:
    """Hear of exceptions that nobody expected. What callbacks were called with is not logged: it may be a payload."""

    def handle(_loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        error = context.get("exception")
        if error is None or isinstance(error, ConnectionError):
            log.warning("%s: %s", context["message"], error, extra={"event": "event_loop"})
        else:
            tell(context["message"], error)

    loop = asyncio.get_running_loop()
    before = loop.get_exception_handler()
    loop.set_exception_handler(handle)
    try:
        yield
    finally:
        loop.set_exception_handler(before)
