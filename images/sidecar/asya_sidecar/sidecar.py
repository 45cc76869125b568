"""The life of a sidecar: start, work, drain, end. The order of each is one function here."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator

from asya_core.errors import QueueMissingError
from asya_core.transports import Consumer, Transport
from asya_sidecar import exit_codes
from asya_sidecar.actor import Actor
from asya_sidecar.health import Health, serve_health
from asya_sidecar.leases import keep_leases
from asya_sidecar.metrics import Metrics
from asya_sidecar.publisher import Publisher
from asya_sidecar.settings import Settings

log = logging.getLogger(__name__)

_TICK = 1.0
_MISSING_QUEUE_RETRY = 2.0


class Sidecar:
    """Joins one transport and one runtime until it is told to stop."""

    def __init__(self, settings: Settings, transport: Transport) -> None:
        self.settings = settings
        self.transport = transport
        self.metrics = Metrics(settings.actor, settings.transport)
        self.actor = Actor(settings, Publisher(transport, settings, self.metrics), self.metrics)
        self.consumer: Consumer | None = None
        self.health = Health(
            connected=lambda: transport.connected,
            consuming=lambda: self.consumer is not None and self.consumer.consuming,
            runtime_ready=lambda: self.actor.runtime.ready,
        )
        self._stop = asyncio.Event()

    def stop(self) -> None:
        """Begin to drain. The second time, stop waiting for what is in hand."""
        if self._stop.is_set():
            self.actor.release_all()
        self._stop.set()

    async def run(self) -> int:
        """Work until told to stop, then drain; return the process's exit code.

        Raises TransportError when the broker refuses us in a way that waiting does not mend.
        """
        server = serve_health(
            self.settings.metrics_host, self.settings.metrics_port, self.health, self.metrics.registry
        )
        try:
            with _signals(self.stop):
                async with _side_tasks(self.actor.runtime.run(), self._tick()):
                    return await self._work()
        finally:
            server.shutdown()
            server.server_close()

    async def _work(self) -> int:
        if not await self._unless_stopped(self.transport.connect()):
            return exit_codes.OK
        try:
            if await self._unless_stopped(self._consume()) and self.consumer is not None:
                async with _side_tasks(keep_leases(self.actor, self.consumer)):
                    await self._until_stopped()
                    return await self._drain(self.consumer)
            return exit_codes.OK
        finally:
            self.actor.runtime.close()
            await self.transport.close()

    async def _consume(self) -> None:
        """Subscribe with an empty window, which opens when the runtime is ready."""
        while True:
            try:
                self.consumer = await self.transport.consume(self.settings.queue, 0, self.actor.deliver)
            except QueueMissingError as error:
                log.error("waiting for the queue: %s", error, extra={"event": "queue_missing"})
                await asyncio.sleep(_MISSING_QUEUE_RETRY)
            else:
                self.actor.attach(self.consumer)
                log.info("consuming", extra={"event": "consuming", "queue": self.settings.queue})
                return

    async def _drain(self, consumer: Consumer) -> int:
        """Take nothing more, give back what has not started, finish and settle what has."""
        log.info("draining", extra={"event": "draining", "in_hand": len(self.actor.runs)})
        self.actor.release_waiting()
        await consumer.stop()
        self.actor.runtime.drain()
        try:
            await asyncio.wait_for(self.actor.idle.wait(), self.settings.drain_timeout)
        except TimeoutError:
            left = self.actor.release_all()
            log.error(
                "drain cut short; the broker delivers %d again", left, extra={"event": "drain_cut_short", "left": left}
            )
            return exit_codes.DRAIN_CUT_SHORT
        log.info("drained", extra={"event": "drained"})
        return exit_codes.OK

    async def _tick(self) -> None:
        while True:
            self.health.beat()
            self.actor.end_overdue()
            await asyncio.sleep(_TICK)

    async def _until_stopped(self) -> None:
        stop, draining = asyncio.create_task(self._stop.wait()), asyncio.create_task(self.actor.draining.wait())
        try:
            await asyncio.wait({stop, draining}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            stop.cancel()
            draining.cancel()

    async def _unless_stopped(self, doing: Coroutine[object, object, None]) -> bool:
        """Do it, or give it up when told to stop; return whether it was done."""
        work, stop = asyncio.create_task(doing), asyncio.create_task(self._stop.wait())
        try:
            await asyncio.wait({work, stop}, return_when=asyncio.FIRST_COMPLETED)
            if work.done():
                await work
            return work.done()
        finally:
            stop.cancel()
            work.cancel()


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
