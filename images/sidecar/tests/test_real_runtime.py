"""The sidecar and the real runtime, each other's only peer in production, over their socket."""

import asyncio
import contextlib
import os
import sys
from asyncio.subprocess import DEVNULL
from pathlib import Path

from asya_core.transports.memory import MemoryBroker
from images.sidecar.tests.bench import QUEUES, Bench, envelope, settings_for

RUNTIME = Path(__file__).parents[3] / "images/runtime/asya_runtime"
SECONDS = 20
HANDLERS = '''
import asyncio, os, time

def results(payload):
    """What the payload names, as data."""
    return {"one": {"n": 1}, "none": None, "empty": [], "list": [1, None, "x"], "text": "x"}[payload]

def stream(payload):
    for number in range(payload):
        yield {"number": number}

def stumble(payload):
    yield "zero"
    yield "one"
    raise ValueError("it stumbled \\udcff")

def strange(payload):
    return {"half a pair": "\\udcff", "not a number": float("nan"), "an object": object()}[payload]

def raising(payload):
    raise KeyError("half a pair \\udcff")

async def together(payload, seen=[]):
    seen.append(payload)
    while len(seen) < 3:
        await asyncio.sleep(0.01)
    return payload

def hanging(payload):
    if payload == "hang":
        time.sleep(3600)
    return payload

def dying(payload):
    if payload == "die":
        os._exit(7)
    return payload

def routed(envelope):
    envelope["route"]["actors"].insert(1, "b")
    envelope["route"]["current"] += 1
    envelope["headers"]["seen"] = True
    return envelope
'''


@contextlib.asynccontextmanager
async def running(folder, handler, source=HANDLERS, **environ):
    """An actor whose handler runs in a real runtime, which is started again whenever it ends: `starts` tells."""
    (folder / "handlers.py").write_text(source)
    bench = Bench(settings_for(folder, **environ), MemoryBroker(), None)
    for queue in QUEUES:
        await bench.producer.ensure(queue)
    await bench.start()
    bench.starts = []
    variables = {
        **os.environ, **environ, "ASYA_HANDLER": f"handlers.{handler}", "ASYA_SOCKET_DIR": str(folder),
    }  # fmt: skip
    client = asyncio.create_task(bench.actor.runtime.run())
    runtime = asyncio.create_task(keep(variables, folder, bench.starts))
    ticks = asyncio.create_task(tick(bench.actor))
    try:
        yield bench
    finally:
        ticks.cancel()
        runtime.cancel()
        await asyncio.gather(ticks, runtime, return_exceptions=True)
        bench.actor.runtime.close()
        await client
        await bench.transport.close()


async def keep(variables, folder, starts):
    while True:
        starts.append(len(starts))
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            str(RUNTIME),
            env=variables,
            cwd=folder,
            stdout=DEVNULL,
            stderr=DEVNULL,
        )
        try:
            await process.wait()
        finally:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()


async def tick(actor):
    """Do what the sidecar does every so often."""
    while True:
        actor.tick()
        await asyncio.sleep(0.05)


async def test_every_kind_of_result_becomes_what_is_promised(folder):
    async with running(folder, "results") as bench:
        for name in ("one", "none", "empty", "list", "text"):
            await bench.send(envelope(name, name))
            await bench.until_settled(name)

        assert [(message["id"], message["payload"]) for message in bench.queued("b")] == [
            ("one", {"n": 1}), ("list-0.1", None), ("list-0.2", "x"), ("list", 1), ("text", "x"),
        ]  # fmt: skip
        assert [message["id"] for message in bench.queued("happy-end")] == ["none", "empty"]


async def test_a_generator_becomes_children(folder):
    async with running(folder, "stream") as bench:
        await bench.send(envelope("m1", 1000), envelope("m2", 0))
        await bench.until_settled("m1", "m2")

        assert len(bench.queued("b")) == 1000
        assert bench.queued("b")[-1]["id"] == "m1"
        assert {message["payload"]["number"] for message in bench.queued("b")} == set(range(1000))
        assert [message["id"] for message in bench.queued("happy-end")] == ["m2"]


async def test_a_generator_that_fails_half_way_has_one_end(folder):
    async with running(folder, "stumble") as bench:
        await bench.send(envelope("m1"))
        await bench.until_settled("m1")
        (record,) = bench.queued("error-end")

        assert [message["id"] for message in bench.queued("b")] == ["m1-0.1"]
        assert record["id"] == "m1"
        assert record["payload"]["details"]["type"] == "ValueError"
        assert "it stumbled" in record["payload"]["details"]["message"]
        assert "handlers.py" in record["payload"]["details"]["traceback"]


async def test_what_cannot_be_json_is_an_error_of_that_message_alone(folder):
    async with running(folder, "strange") as bench:
        for name in ("half a pair", "not a number", "an object"):
            await bench.send(envelope(name.replace(" ", "-"), name))
        await bench.until_settled("half-a-pair", "not-a-number", "an-object")

        assert {record["payload"]["error"] for record in bench.queued("error-end")} == {"result_error"}
        assert len(bench.queued("error-end")) == 3


async def test_an_exception_may_say_what_is_no_text(folder):
    async with running(folder, "raising") as bench:
        await bench.send(envelope("m1"), envelope("m2"))
        await bench.until_settled("m1", "m2")

        assert {record["payload"]["error"] for record in bench.queued("error-end")} == {"processing_error"}


async def test_async_handlers_run_together(folder):
    async with running(folder, "together", ASYA_CONCURRENCY="3") as bench:
        await bench.send(*(envelope(f"m{number}", number) for number in range(3)))
        await bench.until_settled("m0", "m1", "m2")

        assert sorted(message["payload"] for message in bench.queued("b")) == [0, 1, 2]


async def test_a_handler_that_hangs_is_ended_and_its_neighbours_go_on(folder):
    async with running(folder, "hanging", ASYA_RUNTIME_TIMEOUT="300ms") as bench:
        await bench.send(envelope("m1", "hang"), envelope("m2", "x"), envelope("m3", "hang"), envelope("m4", "x"))
        await bench.until_settled("m1", "m2", "m3", "m4")

        assert {record["id"]: record["payload"]["error"] for record in bench.queued("error-end")} == {
            "m1": "timeout_error", "m3": "timeout_error",
        }  # fmt: skip
        assert [message["id"] for message in bench.queued("b")] == ["m2", "m4"]
        assert len(bench.starts) == 1


async def test_a_handler_that_takes_its_process_down_is_charged_and_nobody_else(folder):
    async with running(folder, "dying", ASYA_CONCURRENCY="2") as bench:
        await bench.send(*(envelope(f"m{number}", "x") for number in range(20)))
        await bench.send(envelope("killer", "die"))
        await bench.send(*(envelope(f"n{number}", "x") for number in range(20)))
        ids = [f"{name}{number}" for name in "mn" for number in range(20)]
        await bench.until_settled("killer", *ids)

        assert [(record["id"], record["payload"]["error"]) for record in bench.queued("error-end")] == [
            ("killer", "crash_error")
        ]
        assert {message["id"] for message in bench.queued("b")} == set(ids)
        assert len(bench.starts) == 1


async def test_in_envelope_mode_the_handler_changes_the_route(folder):
    async with running(folder, "routed", ASYA_HANDLER_MODE="envelope") as bench:
        message = {"id": "m1", "route": {"actors": ["a"], "current": 0}, "payload": 1, "headers": {"mine": [1.0]}}
        await bench.send(message)
        (passed_on,) = await bench.until_queued("b")

        assert passed_on["route"] == {"actors": ["a", "b"], "current": 1}
        assert passed_on["headers"] == {"mine": [1.0], "seen": True}


async def test_five_megabytes_pass_through(folder):
    async with running(folder, "hanging") as bench:
        await bench.send(envelope("m1", "x" * 5_000_000))
        (passed_on,) = await bench.until_queued("b")

        assert len(passed_on["payload"]) == 5_000_000
