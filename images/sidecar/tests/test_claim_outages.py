"""What waits for the store holds up nothing else, and no more than it has to."""

import pytest

from asya_sidecar import fetching, sending
from images.sidecar.tests.bench import envelope, working
from images.sidecar.tests.payload_store import LARGE, Store, referring, store_failed
from images.sidecar.tests.scripted_runtime import echo, silence


@pytest.fixture(autouse=True)
def impatience(monkeypatch):
    for module in (sending, fetching):
        monkeypatch.setattr(module, "_FIRST_RETRY", 0.001)
        monkeypatch.setattr(module, "_LAST_RETRY", 0.01)


@pytest.fixture
def store(folder):
    return Store(folder / "store")


async def test_while_the_store_is_away_a_large_output_lets_small_messages_pass(folder, store, caplog):
    async with working(folder, echo, ASYA_PREFETCH="1", **store.settings) as bench:
        with store.away():
            await bench.send(envelope("big", LARGE))
            await store_failed(bench, 2)
            await bench.send(envelope("small", 1))
            await bench.until_settled("small")
            assert bench.publisher.waiting_apart == 1
            assert "the store has not taken an output yet" in caplog.text
        await bench.until_settled("big")

        assert bench.publisher.waiting_apart == 0
        assert "no queue" not in caplog.text


async def test_any_number_of_waiting_messages_may_lose_their_lease_at_once(folder, store, monkeypatch):
    monkeypatch.setattr(fetching, "MANY_BYTES", 1)
    reference = store.put(LARGE)
    async with working(folder, silence, ASYA_PREFETCH="400", **store.settings) as bench:
        await bench.send(*(referring(reference, f"m{number}") for number in range(400)))
        await bench.runtime.until_invoked(1)
        await bench.ledger.until(lambda: len(bench.actor.runs) == 400)
        await bench.consumer.stop()
        for run in bench.actor.runs.values():
            if run.envelope.id != bench.runtime.ids[0]:
                run.delivery().lease_until = 0.0
        bench.runtime.end(1)
        await bench.until_settled(*bench.runtime.ids)

        assert bench.actor.idle.is_set()
