"""Errors are redriven so that nothing is lost and nothing ends twice, whatever is killed at whatever step."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from contextlib import asynccontextmanager

import pytest

from asya_cli.repair.error_store import ErrorStore
from asya_cli.repair.pace import Pace
from asya_cli.repair.redriving import BrokerLostError, Redriving
from asya_cli.repair.selection import Selection
from asya_core.errors import ObjectStoreError
from asya_core.objects import open_store
from asya_core.redrive import How
from asya_core.transports import open_transport
from tests.repair.making import keep, keep_error, stored

AS_IT_WAS = How()
KILLED = """
import asyncio, os, signal, sys
from asya_cli.repair.error_store import ErrorStore
from asya_cli.repair.pace import Pace
from asya_cli.repair.redriving import Redriving
from asya_cli.repair.selection import Selection
from asya_core.objects import open_store
from asya_core.redrive import How
from asya_core.transports import open_transport

store_url, prefix, step, survives = *sys.argv[1:4], int(sys.argv[4])

def dies(name):
    global survives
    if name == step:
        survives -= 1
        if survives < 0:
            os.kill(os.getpid(), signal.SIGKILL)

class Mortal(ErrorStore):
    def remove(self, found):
        dies("before the removal")
        removed = super().remove(found)
        dies("after the removal")
        return removed

async def main():
    transport = open_transport(os.environ["ASYA_TRANSPORT"], os.environ)
    await transport.connect()
    sends = transport.publish
    def publish(queue, body, confirmed, **options):
        dies("before the publish")
        def told(error):
            dies("at the confirmation")
            confirmed(error)
        sends(queue, body, told, **options)
        dies("after the publish")
    transport.publish = publish
    errors = Mortal(open_store(store_url), "error-asya/")
    redriving = Redriving(errors, transport, lambda actor: prefix + actor, How(), Pace(None))
    await redriving.run(errors.read(Selection()), lambda step: print(step.id, step.fate, flush=True))
    await transport.close()

asyncio.run(main())
"""
STEPS = ["before the publish", "after the publish", "at the confirmation", "before the removal", "after the removal"]


@asynccontextmanager
async def connected(settings):
    transport = open_transport(settings["ASYA_TRANSPORT"], settings)
    async with asyncio.timeout(20):
        await transport.connect()
    try:
        yield transport
    finally:
        await transport.close()


@asynccontextmanager
async def with_queue(settings, queue):
    async with connected(settings) as transport:
        await transport.ensure(queue)
        yield transport
        await transport.delete(queue)


async def redrive(store, transport, prefix, how=AS_IT_WAS, pace=None, selection=None):
    steps = []
    errors = ErrorStore(store, "error-asya/")
    redriving = Redriving(errors, transport, lambda actor: prefix + actor, how, pace or Pace(None))
    await redriving.run(errors.read(selection or Selection()), steps.append)
    return steps


async def take_all(transport, queue, number):
    """Take so many messages out of a queue, and return them."""
    arrived = asyncio.Queue()
    consumer = await transport.consume(queue, number, arrived.put_nowait)
    async with asyncio.timeout(20):
        deliveries = [await arrived.get() for _ in range(number)]
    for delivery in deliveries:
        consumer.settle(delivery)
    await consumer.stop()
    return [json.loads(delivery.body) for delivery in deliveries]


async def test_errors_are_published_and_then_gone(settings, prefix, store):
    for number in range(40):
        keep_error(store, f"m{number}", ["one", "two"])
    async with with_queue(settings, f"{prefix}two") as transport:
        steps = await redrive(store, transport, prefix)
        messages = await take_all(transport, f"{prefix}two", 40)
    assert {step.fate for step in steps} == {"redriven"}
    assert {message["id"] for message in messages} == {f"m{number}" for number in range(40)}
    assert {(each["status"]["generation"], each["status"]["attempt"]) for each in messages} == {(1, 1)}
    assert stored(store) == []


async def test_a_message_without_a_queue_keeps_its_error(nats_settings, prefix, store):
    keep_error(store, "a", ["nobody"])
    keep_error(store, "b", ["one"])
    keep_error(store, "c", ["one"], fault={"code": "deadline_exceeded"}, status={"deadline_at": "2026-03-01T11:00:00Z"})
    async with with_queue(nats_settings, f"{prefix}one") as transport:
        steps = {step.id: step for step in await redrive(store, transport, prefix)}
    assert {id_: step.fate for id_, step in steps.items()} == {"a": "failed", "b": "redriven", "c": "failed"}
    assert steps["a"].sentence == f"there is no queue {prefix}nobody; install its actor first"
    assert "its deadline was 2026-03-01T11:00:00Z" in steps["c"].sentence
    assert [key.rpartition("/")[2] for key in stored(store)] == ["a.0.json", "c.0.json"]


async def test_an_error_that_was_changed_after_it_was_read_stays(nats_settings, prefix, store):
    keep_error(store, "a", ["one"])
    errors = ErrorStore(store, "error-asya/")
    read = list(errors.read(Selection()))
    store.put(read[0].key, read[0].content.replace(b'"of"', b'"by"'))
    steps = []
    async with with_queue(nats_settings, f"{prefix}one") as transport:
        redriving = Redriving(errors, transport, lambda actor: prefix + actor, AS_IT_WAS, Pace(None))
        await redriving.run(iter(read), steps.append)
    (step,) = steps
    assert step.fate == "changed"
    assert b'"by"' in store.get(read[0].key)


async def test_what_has_its_end_since_an_earlier_redrive_is_not_run_again(nats_settings, prefix, store):
    keep_error(store, "a", ["one"])
    keep(store, b'{"id":"a","route":{"actors":["one"],"current":1},"status":{"generation":1},"payload":1}', "result")
    async with with_queue(nats_settings, f"{prefix}one") as transport:
        (step,) = await redrive(store, transport, prefix)
        assert (await transport.depth(f"{prefix}one")).total == 0
    assert step.fate == "ended"
    assert stored(store) == ["happy-asya/undated/a.1.json"]


async def test_a_broker_that_goes_away_stops_it_and_loses_nothing(nats, nats_settings, prefix, store):
    for number in range(3):
        keep_error(store, f"m{number}", ["one"])
    errors = ErrorStore(store, "error-asya/")
    async with connected(nats_settings) as transport:
        await transport.ensure(f"{prefix}one")
        nats.kill()
        try:
            with pytest.raises(BrokerLostError, match="what is left was not touched; repeat the command"):
                await redrive(store, transport, prefix)
        finally:
            nats.start()
    assert errors.count(Selection()) == 3


async def test_a_store_that_fails_stops_it_once_what_was_read_is_done(nats_settings, prefix, store):
    keep_error(store, "a", ["one"])
    errors, steps = ErrorStore(store, "error-asya/"), []

    def failing():
        yield from errors.read(Selection())
        raise ObjectStoreError("the store is away")

    async with with_queue(nats_settings, f"{prefix}one") as transport:
        redriving = Redriving(errors, transport, lambda actor: prefix + actor, AS_IT_WAS, Pace(None))
        with pytest.raises(ObjectStoreError, match="the store is away"):
            await redriving.run(failing(), steps.append)
    assert [step.fate for step in steps] == ["redriven"]


async def test_messages_go_at_the_rate_that_is_asked_for(nats_settings, prefix, tmp_path):
    store = open_store((tmp_path / "store").as_uri())
    for number in range(30):
        keep_error(store, f"m{number}", ["one"])
    async with with_queue(nats_settings, f"{prefix}one") as transport:
        begin = asyncio.get_running_loop().time()
        await redrive(store, transport, prefix, pace=Pace(20.0))
        took = asyncio.get_running_loop().time() - begin
    assert 29 / 20 <= took < 29 / 20 + 10  # a busy machine is late, and never early


@pytest.mark.parametrize("step", STEPS)
async def test_a_redrive_that_is_killed_at_any_step_is_repeated_without_a_second_end(
    nats_settings, prefix, tmp_path, step
):
    store_url = (tmp_path / "store").as_uri()
    store = open_store(store_url)
    ids = {f"m{number}" for number in range(12)}
    for id_ in ids:
        keep_error(store, id_, ["one"])
    async with with_queue(nats_settings, f"{prefix}one") as transport:
        for survives in (0, 3):
            assert await killed(nats_settings, store_url, prefix, step, survives) == -signal.SIGKILL
            await end_what_waits(transport, f"{prefix}one", store)
            assert ids == errors_of(store) | results_of(store)
        assert await killed(nats_settings, store_url, prefix, "never", 0) == 0
        await end_what_waits(transport, f"{prefix}one", store)
    assert stored(store) == sorted(f"happy-asya/2026-03-01/{id_}.1.json" for id_ in ids)


@pytest.mark.timeout(1200)
async def test_a_redrive_that_is_killed_three_times_leaves_every_message_in_one_place(nats_settings, prefix, tmp_path):
    """`ASYA_TEST_ERRORS=10000 make test-e2e ARGS="-k killed_three_times"` takes a few minutes."""
    store_url, number = (tmp_path / "store").as_uri(), int(os.environ.get("ASYA_TEST_ERRORS", "200"))
    store = open_store(store_url)
    ids = {f"m{index}" for index in range(number)}
    for id_ in ids:
        keep_error(store, id_, ["one"])
    async with with_queue(nats_settings, f"{prefix}one") as transport:
        for _ in range(3):
            assert await killed(nats_settings, store_url, prefix, "after the removal", number // 5) == -signal.SIGKILL
        assert await killed(nats_settings, store_url, prefix, "never", 0) == 0
        waiting = (await transport.depth(f"{prefix}one")).total
        messages = await take_all(transport, f"{prefix}one", waiting)
    assert {message["id"] for message in messages} == ids
    assert {message["status"]["generation"] for message in messages} == {1}
    assert stored(store) == []
    assert number <= waiting < number + 3 * 33


async def killed(settings, store_url, prefix, step, survives):
    """Redrive in a process that dies at a step, after it has survived that so often; return how it ended."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        KILLED,
        store_url,
        prefix,
        step,
        str(survives),
        stdout=subprocess.DEVNULL,
        env={**os.environ, **settings, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    async with asyncio.timeout(300):
        return await process.wait()


async def end_what_waits(transport, queue, store):
    """Process every message that waits: all succeed this time, and happy-end keeps them."""
    waiting = (await transport.depth(queue)).total
    for message in await take_all(transport, queue, waiting):
        message["route"]["current"] = 1
        keep(store, json.dumps(message).encode(), "result")


def errors_of(store):
    return {each.error.id for each in ErrorStore(store, "error-asya/").read(Selection())}


def results_of(store):
    return {key.rpartition("/")[2].removesuffix(".1.json") for key in stored(store) if key.startswith("happy-")}
