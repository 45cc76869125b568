import asyncio
import contextlib
import json

from asya_core.errors import TransportRefusedError, TransportUnavailableError
from asya_core.transports.memory import MemoryBroker, MemoryTransport
from asya_runtime import frames
from asya_sidecar import exit_codes
from asya_sidecar.sidecar import Sidecar
from images.sidecar.tests.bench import QUEUES, Ledger, NotedTransport, envelope, settings_for
from images.sidecar.tests.scripted_runtime import ScriptedRuntime, echo, silence


class Life:
    """A whole sidecar in this process."""

    def __init__(self, folder, answer, hello, environ):
        self.ledger = Ledger()
        self.broker = MemoryBroker()
        self.transport = NotedTransport(self.broker, self.ledger)
        self.producer = MemoryTransport(self.broker)
        self.runtime = ScriptedRuntime(folder / "asya-runtime.sock", answer, **hello)
        self.sidecar = Sidecar(settings_for(folder, **environ), self.transport)
        self.running = None

    def send(self, *ids, **more):
        for id_ in ids:
            self.broker.store("asya-a", json.dumps(envelope(id_, **more)).encode(), 0.0)

    async def ended(self):
        async with asyncio.timeout(10):
            return await self.running

    def left(self):
        return sorted(json.loads(message.body)["id"] for message in self.broker.queues["asya-a"].ready)


@contextlib.asynccontextmanager
async def alive(folder, answer=silence, hello=(), **environ):
    life = Life(folder, answer, dict(hello), environ)
    for queue in QUEUES:
        await life.producer.ensure(queue)
    await life.runtime.start()
    life.running = asyncio.create_task(life.sidecar.run())
    try:
        yield life
    finally:
        life.sidecar.stop()
        life.sidecar.stop()
        await asyncio.gather(life.running, return_exceptions=True)
        await life.runtime.die()


async def test_what_runs_is_finished_and_settled_what_waits_goes_back(folder):
    async with alive(folder, ASYA_PREFETCH="3") as life:
        life.send("m1", "m2", "m3")
        await life.runtime.until_invoked(1)
        await life.ledger.until(lambda: len(life.sidecar.actor.runs) == 3)
        life.sidecar.stop()
        await life.runtime.until_frame(frames.DRAIN)
        assert sorted(life.ledger.all("released")) == ["m2", "m3"]
        assert not life.running.done()

        life.runtime.item(1, "done")
        life.runtime.end(1)
        assert await life.ended() == exit_codes.OK
        assert life.ledger.all("settled") == ["m1"]
        assert life.left() == ["m2", "m3"]
        assert life.runtime.ids == ["m1"]


async def test_nothing_is_given_back_to_ourselves(folder):
    async with alive(folder, ASYA_PREFETCH="3") as life:
        life.send("m1", "m2", "m3")
        await life.ledger.until(lambda: len(life.sidecar.actor.runs) == 3)
        stop = life.sidecar.consumer.stop
        slow = asyncio.Event()

        async def stop_slowly():
            await slow.wait()
            await stop()

        life.sidecar.consumer.stop = stop_slowly
        life.sidecar.stop()
        life.send("m4")
        await life.producer.depth("asya-a")
        assert life.ledger.all("released") == []
        slow.set()
        await life.runtime.until_invoked(1)
        life.runtime.end(1)

        assert await life.ended() == exit_codes.OK
        assert life.ledger.all("delivered") == ["m1", "m2", "m3"]
        assert life.left() == ["m2", "m3", "m4"]


async def test_what_comes_while_the_consumer_stops_goes_back_too(folder):
    async with alive(folder, ASYA_PREFETCH="3") as life:
        await life.runtime.until(lambda: life.runtime.connections == 1)
        await life.ledger.until(lambda: life.ledger.all("resized")[-1:] == [3])
        stop = life.sidecar.consumer.stop

        async def stop_late():
            life.send("m1")
            await life.ledger.until(lambda: life.ledger.all("delivered") == ["m1"])
            await stop()

        life.sidecar.consumer.stop = stop_late
        life.sidecar.stop()

        assert await life.ended() == exit_codes.OK
        assert life.ledger.all("released") == ["m1"]
        assert life.runtime.ids == []


async def test_the_runtimes_drain_begins_ours(folder):
    async with alive(folder) as life:
        life.send("m1")
        await life.runtime.until_invoked(1)
        life.runtime.send(frames.DRAIN)
        await life.runtime.until_frame(frames.DRAIN)
        life.runtime.end(1)

        assert await life.ended() == exit_codes.OK
        assert life.ledger.all("settled") == ["m1"]


async def test_the_runtimes_drain_and_a_signal_are_one_wish(folder):
    async with alive(folder) as life:
        life.send("m1")
        await life.runtime.until_invoked(1)
        life.runtime.send(frames.DRAIN)
        await life.runtime.until_frame(frames.DRAIN)
        life.sidecar.stop()
        life.runtime.end(1)

        assert await life.ended() == exit_codes.OK
        assert life.ledger.all("settled") == ["m1"]


async def test_a_drain_that_takes_too_long_is_cut_short(folder):
    async with alive(folder, ASYA_DRAIN_TIMEOUT="50ms") as life:
        life.send("m1")
        await life.runtime.until_invoked(1)
        life.sidecar.stop()

        assert await life.ended() == exit_codes.DRAIN_CUT_SHORT
        assert life.ledger.all("settled") == []
        assert life.left() == ["m1"]


async def test_a_second_signal_waits_no_longer(folder):
    async with alive(folder) as life:
        life.send("m1")
        await life.runtime.until_invoked(1)
        life.sidecar.stop()
        await life.runtime.until_frame(frames.DRAIN)
        life.sidecar.stop()

        assert await life.ended() == exit_codes.DRAIN_CUT_SHORT
        assert life.left() == ["m1"]


async def test_a_drain_waits_for_a_broker_that_is_away(folder):
    async with alive(folder, echo) as life:
        life.transport.refuse = lambda *_: TransportUnavailableError("away")
        life.send("m1")
        await life.ledger.until(lambda: len(life.ledger.all("published")) > 1)
        life.sidecar.stop()
        await life.runtime.until_frame(frames.DRAIN)
        assert not life.running.done()

        life.transport.refuse = lambda *_: None
        assert await life.ended() == exit_codes.OK
        assert life.ledger.all("settled") == ["m1"]


async def test_a_runtime_that_dies_while_draining_costs_no_attempt(folder):
    async with alive(folder) as life:
        life.send("m1")
        await life.runtime.until_invoked(1)
        life.sidecar.stop()
        await life.runtime.until_frame(frames.DRAIN)
        life.runtime.hang_up()

        assert await life.ended() == exit_codes.OK
        assert life.ledger.all("published") == []
        assert life.left() == ["m1"]


async def test_it_can_be_stopped_before_there_is_a_queue(folder, caplog):
    async with alive(folder, actor="absent") as life:
        await life.runtime.until(lambda: life.runtime.connections == 1)
        life.sidecar.stop()

        assert await life.ended() == exit_codes.OK
    assert "asya-absent does not exist" in caplog.text


async def test_it_waits_for_its_queue(folder, monkeypatch):
    monkeypatch.setattr("asya_sidecar.sidecar._CONSUME_RETRY", 0.01)
    async with alive(folder, echo, actor="late") as life:
        await life.runtime.until(lambda: life.runtime.connections == 1)
        await life.producer.ensure("asya-late")
        life.broker.store("asya-late", b'{"id":"m1","route":{"actors":["late"]},"payload":1}', 0.0)
        await life.ledger.until(lambda: life.ledger.all("settled") == ["m1"])


async def test_a_broker_that_refuses_us_ends_the_process(folder, caplog):
    async with alive(folder) as life:
        await life.ledger.until(lambda: life.ledger.all("resized")[-1:] == [1])

    async def refuse():
        raise TransportRefusedError("wrong password; correct the Secret")

    transport = MemoryTransport(MemoryBroker())
    transport.connect = refuse

    assert await Sidecar(settings_for(folder), transport).run() == exit_codes.TRANSPORT_FAILED
    assert "wrong password" in caplog.text


async def test_a_mistake_of_ours_ends_the_process_and_gives_everything_back(folder, caplog):
    async with alive(folder) as life:
        life.send("m1")
        await life.runtime.until_invoked(1)

        class Broken:
            def observe(self, _seconds):
                raise ZeroDivisionError

        life.sidecar.metrics.execution = Broken()
        life.runtime.end(1)

        assert await life.ended() == exit_codes.INTERNAL_ERROR
        assert life.ledger.all("published") == []
        assert life.left() == ["m1"]
    assert "ZeroDivisionError" in caplog.text
