"""How much is taken and held while no runtime is there, or another one comes."""

from images.sidecar.tests.bench import envelope, working
from images.sidecar.tests.scripted_runtime import echo, silence


async def test_nothing_is_taken_while_there_is_no_runtime(folder):
    async with working(folder, silence) as bench:
        await bench.send(envelope("m1"))
        await bench.runtime.until_invoked(1)
        await bench.runtime.die()
        await bench.until_settled("m1")
        await bench.send(envelope("m2"))
        assert not bench.actor.serving
        assert bench.ledger.all("resized")[-1] == 0
        assert len(bench.queued("a")) == 1

        bench.runtime.answer = echo
        await bench.runtime.start()
        await bench.until_settled("m2")


async def test_a_runtime_that_comes_back_with_another_concurrency_is_used_with_it(folder):
    async with working(folder, silence) as bench:
        await bench.send(*(envelope(f"m{number}") for number in range(4)))
        await bench.runtime.until_invoked(1)
        bench.runtime.hello["concurrency"] = 3
        bench.runtime.hang_up()
        await bench.runtime.until_invoked(4)

        assert bench.runtime.ids == ["m0", "m1", "m2", "m3"]
        assert bench.ledger.all("resized")[-1] == 3


async def test_the_window_shrinks_to_what_runs_after_a_crash(folder):
    async with working(folder, echo) as bench:
        await bench.send(*(envelope(f"m{number}") for number in range(50)))
        await bench.ledger.until(lambda: len(bench.ledger.all("settled")) == 50)
        assert bench.ledger.all("resized")[-1] > 30

        bench.runtime.hang_up()
        await bench.runtime.until(lambda: bench.runtime.connections == 2)
        await bench.ledger.until(lambda: bench.ledger.all("resized")[-1] == 1)


async def test_a_message_waiting_in_hand_goes_back_when_no_runtime_comes(folder, monkeypatch):
    monkeypatch.setattr("asya_sidecar.actor.AWAY_SECONDS", 0.0)
    async with working(folder, silence, ASYA_PREFETCH="3") as bench:
        await bench.send(envelope("m1"), envelope("m2"), envelope("m3"))
        await bench.runtime.until_invoked(1)
        await bench.ledger.until(lambda: len(bench.actor.runs) == 3)
        await bench.runtime.die()
        await bench.until_settled("m1")
        bench.actor.tick()

        assert bench.ledger.all("released") == ["m2", "m3"]
        assert len(bench.queued("a")) == 2
        assert not bench.actor.runs
