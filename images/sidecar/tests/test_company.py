"""What a message that kills its pod costs those that were in hand beside it, pod after pod."""

import asyncio
import itertools
import json

import pytest

from asya_core.transports.memory import MemoryBroker
from images.sidecar.tests.bench import QUEUES, Bench, envelope, settings_for, working
from images.sidecar.tests.scripted_runtime import ScriptedRuntime, echo, failing, silence

MOST_PODS = 60
NEIGHBOURS = 150


def unluckily(message):
    """Sort what waits for a new pod: first what makes it hold much, then the killers, then all who were beside them."""
    id_ = json.loads(message.body)["id"]
    return not id_.startswith("fresh"), not id_.startswith("killer"), id_


async def one_pod(broker, folder, hello, settings, fresh):
    """Work until a killer runs, then be lost with everything in hand; return the ids of that."""
    killed = asyncio.Event()

    def answer(runtime, invoked):
        if invoked.id.startswith("killer"):
            killed.set()
        else:
            echo(runtime, invoked)

    runtime = ScriptedRuntime(folder / "asya-runtime.sock", answer, **hello)
    bench = Bench(settings, broker, runtime)
    for _ in range(20):
        await bench.send(envelope(f"fresh{next(fresh)}"))
    waiting = broker.queues[settings.queue].ready
    waiting.extend(sorted([waiting.popleft() for _ in range(len(waiting))], key=unluckily))
    await runtime.start()
    await bench.start()
    client = asyncio.create_task(bench.actor.runtime.run())
    died = asyncio.create_task(killed.wait())
    idle = asyncio.create_task(bench.ledger.until(lambda: not bench.actor.runs and not bench.queued("a"), 60))
    await asyncio.wait({died, idle}, return_when=asyncio.FIRST_COMPLETED)
    held = [json.loads(delivery.body)["id"] for run in bench.actor.runs.values() for delivery in run.deliveries]
    await bench.transport.close()  # the broker takes back what was in hand, and nobody says anything to it
    bench.actor.runtime.close()
    await client
    await runtime.die()
    for task in (died, idle):
        task.cancel()
    await asyncio.gather(died, idle, return_exceptions=True)
    return held


@pytest.mark.parametrize("prefetch", ["auto", "100"])
@pytest.mark.parametrize("concurrency", [1, 4])
@pytest.mark.parametrize("killers", [1, 3])
async def test_who_was_lost_beside_a_killer_is_not_lost_beside_it_until_both_are_given_up(
    folder, prefetch, concurrency, killers
):
    broker, fresh = MemoryBroker(), itertools.count()
    settings = settings_for(folder, ASYA_PREFETCH=prefetch, ASYA_RESILIENCY='{"maxDeliveries": 4}')
    bench = Bench(settings, broker, ScriptedRuntime(folder / "none.sock", echo))
    for queue in QUEUES:
        await bench.producer.ensure(queue)
    names = [f"innocent{number}" for number in range(NEIGHBOURS)]
    for number in range(killers):
        names.insert((number + 1) * NEIGHBOURS // (killers + 1), f"killer{number}")
    await bench.send(*(envelope(name) for name in names))

    pods = 0
    while await one_pod(broker, folder, {"concurrency": concurrency}, settings, fresh):
        pods += 1
        assert pods < MOST_PODS

    assert sorted(each["id"] for each in bench.queued("error-end")) == [f"killer{number}" for number in range(killers)]
    assert {each["id"] for each in bench.queued("b")} >= {name for name in names if name.startswith("innocent")}


async def test_a_message_that_may_kill_and_only_waits_for_its_queue_stops_nobody(folder):
    nowhere = {"actors": ["a", "nowhere"], "current": 0}
    async with working(folder, ASYA_RESILIENCY='{"unroutableAfter": "1h"}') as bench:
        bench.send_counted({**envelope("m0"), "route": nowhere}, 3)
        await bench.send(*(envelope(f"m{number}") for number in range(1, 6)))
        await bench.until_settled("m1", "m2", "m3", "m4", "m5")

        assert list(bench.actor.runs) == [("m0", 0, 1, 0)]


@pytest.mark.parametrize("answer", [echo, failing()], ids=["succeeds", "fails"])
async def test_once_a_less_suspicious_message_has_been_through_several_are_held_again(folder, answer):
    async with working(folder, silence, {"concurrency": 3}) as bench:
        bench.send_counted(envelope("m0"), 3)
        await bench.runtime.until_invoked(1)
        assert bench.ledger.all("resized")[-1] == 1
        bench.runtime.answer = answer
        bench.runtime.end(1)
        await bench.until_settled("m0")
        assert bench.ledger.all("resized")[-1] == 1
        bench.send_counted(envelope("m1"), 2)
        await bench.until_settled("m1")

        assert bench.ledger.all("resized")[-1] >= 3
