"""A message that is given back or lost is out of our hands, whatever its handler still does."""

import asyncio

from asya_sidecar.states import State
from images.sidecar.tests.bench import envelope, working
from images.sidecar.tests.scripted_runtime import silence


async def test_what_a_handler_still_makes_of_a_message_given_back_goes_nowhere(folder):
    async with working(folder, silence) as bench:
        await bench.send(envelope("m1"))
        await bench.runtime.until_invoked(1)
        await bench.consumer.stop()
        bench.actor.release_all()
        ended = asyncio.Event()
        bench.actor.left_handler = lambda *_: ended.set()
        bench.runtime.item(1, "zero")
        bench.runtime.item(1, "one")
        bench.runtime.end(1)
        await asyncio.wait_for(ended.wait(), 10)

        assert bench.ledger.all("published") == []


async def test_a_message_given_back_stays_so_when_the_runtime_dies(folder):
    async with working(folder, silence) as bench:
        await bench.send(envelope("m1"))
        await bench.runtime.until_invoked(1)
        (run,) = bench.actor.runs.values()
        await bench.consumer.stop()
        bench.actor.release_all()
        bench.runtime.hang_up()
        await bench.runtime.until(lambda: bench.runtime.connections == 2)

        assert run.state is State.RELEASED
        assert bench.runtime.ids == ["m1"]


async def test_what_was_lost_before_it_began_is_not_run(folder):
    async with working(folder, silence, ASYA_PREFETCH="2") as bench:
        await bench.send(envelope("m1"), envelope("m2"))
        await bench.runtime.until_invoked(1)
        await bench.ledger.until(lambda: len(bench.actor.runs) == 2)
        lost = bench.actor.runs[("m2", 0, 1, 0)]
        lost.delivery().lease_until = 0.0
        bench.runtime.end(1)
        await bench.until_settled("m1")

        assert lost.over
        assert bench.ledger.all("settled") == ["m1"]
