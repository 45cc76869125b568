"""What waits for the store holds up nothing else; and what a store may lose with its power."""

import threading

import pytest

from asya_sidecar import fetching
from images.sidecar.tests.bench import envelope, working
from images.sidecar.tests.payload_store import LARGE, LARGER, referring, store_failed
from images.sidecar.tests.scripted_runtime import echo, results, silence

pytestmark = pytest.mark.usefixtures("store_asked_often")


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


async def test_a_payload_is_in_hand_for_no_longer_than_its_handler_needs_it(folder, store, monkeypatch):
    monkeypatch.setattr(fetching, "MANY_BYTES", 1)
    first, second = referring(store.put(LARGE)), referring(store.put(LARGER), "m2")
    async with working(folder, silence, {"concurrency": 2}, **store.settings) as bench:
        await bench.send(first)
        await bench.runtime.until_invoked(1)
        (run,) = bench.actor.runs.values()
        bench.transport.holds_confirmations = True
        await bench.send(second)
        bench.runtime.end(1)
        await bench.runtime.until_invoked(2)

        assert bench.ledger.all("settled") == []
        assert run.opened is run.envelope


async def test_what_a_loss_of_power_has_left_of_a_payload_is_written_anew(folder, store):
    reference = store.put(LARGE)
    store.objects[0].write_bytes(b"")
    async with working(folder, results(LARGE), **store.settings) as bench:
        await bench.send(envelope("m1"))
        await bench.until_settled("m1")

        assert bench.queued("b")[0]["payload_ref"] == reference
        assert store.content(reference) == LARGE
        assert bench.sample("asya_actor_claim_check_payloads_total", direction="stored") == 1


async def test_a_machine_without_a_thread_to_spare_holds_an_output_only_for_so_long(folder, store, monkeypatch):
    start, refusals = threading.Thread.start, [RuntimeError("can't start new thread")]

    def start_later(thread):
        if refusals:
            raise refusals.pop()
        start(thread)

    large = "x" * 600_000
    async with working(folder, results(large), **store.settings) as bench:
        monkeypatch.setattr(threading.Thread, "start", start_later)
        await bench.send(envelope("m1"))
        await bench.until_settled("m1")

        assert not refusals
        assert store.content(bench.queued("b")[0]["payload_ref"]) == large
