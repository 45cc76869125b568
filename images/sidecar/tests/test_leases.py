import asyncio
import contextlib

from asya_core.errors import LeaseLostError
from asya_core.transports.base import lease_clock
from asya_runtime import frames
from asya_sidecar import fenced, leases
from asya_sidecar.states import State
from images.sidecar.tests.bench import envelope, working
from images.sidecar.tests.scripted_runtime import silence

HANDLED = "asya_actor_runtime_execution_duration_seconds_count"


def expire(bench, id_="m1"):
    """Let the broker think that we have lost a message, and deliver it again."""
    (run,) = (run for run in bench.actor.runs.values() if run.envelope.id == id_)
    queue = bench.broker.queues["asya-a"]
    run.delivery().lease_until = 0.0
    bench.broker.give_back(queue, run.delivery().token)


async def test_a_redelivery_of_what_still_runs_is_adopted_and_both_are_settled(folder):
    async with working(folder, silence, ASYA_PREFETCH="2") as bench:
        await bench.send(envelope("m1"))
        await bench.runtime.until_invoked(1)
        expire(bench)
        await bench.ledger.until(lambda: bench.ledger.all("delivered").count("m1") == 2)
        (run,) = bench.actor.runs.values()
        assert len(run.deliveries) == 2

        bench.runtime.item(1, "done")
        bench.runtime.end(1)
        await bench.ledger.until(lambda: bench.ledger.all("settled").count("m1") == 2)
        assert bench.runtime.ids == ["m1"]
        assert [message["id"] for message in bench.queued("b")] == ["m1"]
        assert (await bench.producer.depth("asya-a")).total == 0
        assert bench.sample("asya_actor_active_messages") == 0
        assert bench.sample("asya_actor_messages_redelivered_total", queue="a") == 1


async def test_a_redelivery_is_adopted_also_beyond_max_deliveries(folder):
    async with working(folder, silence, ASYA_PREFETCH="2", ASYA_RESILIENCY='{"maxDeliveries": 1}') as bench:
        await bench.send(envelope("m1"))
        await bench.runtime.until_invoked(1)
        expire(bench)
        await bench.ledger.until(lambda: bench.ledger.all("delivered").count("m1") == 2)
        bench.runtime.end(1)
        await bench.until_settled("m1")

        assert bench.queued("error-end") == []


@contextlib.asynccontextmanager
async def keeping_leases(bench, monkeypatch):
    """Have leases kept as in production, only more often."""
    monkeypatch.setattr(leases, "EVERY_SECONDS", 0.01)
    keeper = asyncio.create_task(leases.keep_leases(bench.actor, bench.consumer))
    try:
        yield
        assert not keeper.done()
    finally:
        keeper.cancel()


async def finish_without_lease(bench, *items):
    """Have the handler end when the lease of its message has ended, so that its result may not be published."""
    await bench.send(envelope("m1"))
    await bench.runtime.until_invoked(1)
    expire(bench)
    for item in items:
        bench.runtime.item(1, item)
    bench.runtime.end(1)
    await bench.ledger.until(lambda: bench.ledger.all("refused") == [("asya-b", "m1")])


async def test_a_result_without_a_lease_is_published_when_its_message_comes_back(folder, monkeypatch):
    async with working(folder, silence, ASYA_PREFETCH="1") as bench:
        await finish_without_lease(bench, "done")
        (run,) = bench.actor.runs.values()
        assert run.state is State.FENCED
        assert bench.queued("b") == bench.ledger.all("settled") == []

        async with keeping_leases(bench, monkeypatch):
            await bench.until_settled("m1")
        assert bench.runtime.ids == ["m1"]
        assert [message["payload"] for message in bench.queued("b")] == ["done"]
        assert (await bench.producer.depth("asya-a")).total == 0
        assert not bench.actor.runs
        assert bench.sample("asya_actor_leases_lost_total", queue="a") == 0


async def test_siblings_without_a_lease_are_published_with_the_last_output(folder, monkeypatch):
    async with working(folder, silence, ASYA_PREFETCH="1") as bench:
        bench.transport.holds_confirmations = True
        await bench.send(envelope("m1"))
        await bench.runtime.until_invoked(1)
        for value in (0, 1, 2):
            bench.runtime.item(1, value)
        bench.runtime.end(1)
        await bench.ledger.until(lambda: len(bench.transport.held) == 2 and bench.sample(HANDLED, queue="a") == 1)
        bench.transport.holds_confirmations = False
        expire(bench)
        confirm, _ = bench.transport.held.pop()
        confirm(LeaseLostError("somebody else has it"))
        async with keeping_leases(bench, monkeypatch):
            bench.transport.confirm_held()
            await bench.until_settled("m1")

        assert bench.runtime.ids == ["m1"]
        assert [message["id"] for message in bench.queued("b")][-2:] == ["m1-0.2", "m1"]


async def test_a_result_whose_message_does_not_come_back_is_given_up(folder, monkeypatch):
    monkeypatch.setattr(fenced, "KEPT_SECONDS", 0.0)
    async with working(folder, silence, ASYA_PREFETCH="1") as bench:
        await finish_without_lease(bench, "done")
        bench.broker.stop()
        bench.actor.tick()
        bench.actor.tick()
        assert len(bench.actor.runs) == 1

        bench.broker.start()
        bench.actor.tick()
        await bench.runtime.until_invoked(2)
        bench.runtime.end(2)
        await bench.until_settled("m1")
        assert bench.runtime.ids == ["m1", "m1"]
        assert bench.sample("asya_actor_leases_lost_total", queue="a") == 1


async def test_results_that_would_take_too_much_memory_are_computed_again(folder, monkeypatch):
    monkeypatch.setattr(fenced, "MOST_BYTES", 1000)
    async with working(folder, silence) as bench:
        await finish_without_lease(bench, "x" * 1000)
        await bench.runtime.until_invoked(2)

        assert bench.runtime.ids == ["m1", "m1"]
        assert bench.queued("b") == []


async def test_nothing_is_kept_for_a_message_that_cannot_come_back(folder):
    async with working(folder, silence, ASYA_PREFETCH="1") as bench:
        await finish_without_lease(bench, "done")
        bench.actor.drain()

        assert not bench.actor.runs
        assert bench.actor.idle.is_set()


async def test_a_handler_whose_message_is_lost_is_told_to_stop(folder):
    async with working(folder, silence) as bench:
        await bench.send(envelope("m1"))
        await bench.runtime.until_invoked(1)
        expire(bench)
        bench.runtime.item(1, "zero")
        bench.runtime.item(1, "one")
        await bench.runtime.until(lambda: (frames.CANCEL, 1) in bench.runtime.frames)
        bench.runtime.item(1, "two")
        bench.runtime.end(1)
        await bench.runtime.until_invoked(2)

        assert bench.runtime.ids == ["m1", "m1"]
        assert bench.ledger.all("published") == [("asya-b", "m1-0.1")]
        assert bench.ledger.all("settled") == []


async def test_a_lost_message_frees_its_place(folder):
    async with working(folder, silence, ASYA_PREFETCH="1") as bench:
        await bench.send(envelope("m1"), envelope("m2"))
        for number in (1, 2, 3):
            await bench.runtime.until_invoked(number)
            expire(bench, bench.runtime.ids[-1])
            request = bench.runtime.invoked[-1].request
            bench.runtime.item(request, "zero")
            bench.runtime.item(request, "one")
            await bench.runtime.until_frame(frames.CANCEL, number)
            bench.runtime.error(request, "cancelled_error")
        await bench.runtime.until_invoked(4)


async def test_leases_are_renewed_for_as_long_as_a_message_is_in_hand(folder, monkeypatch):
    monkeypatch.setattr(leases, "EVERY_SECONDS", 0.01)
    async with working(folder, silence) as bench:
        extended = asyncio.Event()
        extend = bench.consumer.extend

        async def noted(delivery):
            await extend(delivery)
            extended.set()

        bench.consumer.extend = noted
        await bench.send(envelope("m1"))
        await bench.runtime.until_invoked(1)
        keeper = asyncio.create_task(leases.keep_leases(bench.actor, bench.consumer))
        (run,) = bench.actor.runs.values()
        run.delivery().lease_until = lease_clock() + 5.0
        async with asyncio.timeout(10):
            await extended.wait()
        keeper.cancel()

        assert run.delivery().lease_until > lease_clock() + 25


async def test_the_lease_of_each_copy_of_a_message_is_renewed(folder, monkeypatch):
    async with working(folder, silence, ASYA_PREFETCH="2") as bench:
        await bench.send(envelope("m1"), envelope("m1"))
        await bench.runtime.until_invoked(1)
        await bench.ledger.until(lambda: bench.ledger.all("delivered").count("m1") == 2)
        (run,) = bench.actor.runs.values()
        renewed, extend = asyncio.Event(), bench.consumer.extend

        async def noted(delivery):
            await extend(delivery)
            if all(each.lease_until > lease_clock() + 25 for each in run.deliveries):
                renewed.set()

        bench.consumer.extend = noted
        for each in run.deliveries:
            each.lease_until = lease_clock() + 5.0
        async with keeping_leases(bench, monkeypatch), asyncio.timeout(10):
            await renewed.wait()


async def test_a_lease_with_enough_time_left_is_left_alone(folder, monkeypatch):
    monkeypatch.setattr(leases, "RENEW_BELOW_SECONDS", 20.0)
    async with working(folder, silence) as bench:
        await bench.send(envelope("m1"))
        await bench.runtime.until_invoked(1)
        delivery = next(iter(bench.actor.runs.values())).delivery()
        soon = lease_clock() + leases.RENEW_BELOW_SECONDS

        assert not leases._needs_renewal(soon, delivery)
        delivery.lease_until = soon - 1
        assert leases._needs_renewal(soon, delivery)
        delivery.lease_until = None
        assert not leases._needs_renewal(soon, delivery)
        delivery.lease_until = 0.0
        assert not leases._needs_renewal(soon, delivery)


async def test_a_lease_that_cannot_be_renewed_ends_nothing(folder, monkeypatch, caplog):
    monkeypatch.setattr(leases, "EVERY_SECONDS", 0.01)
    async with working(folder, silence) as bench:
        await bench.send(envelope("m1"))
        await bench.runtime.until_invoked(1)
        keeper = asyncio.create_task(leases.keep_leases(bench.actor, bench.consumer))
        (run,) = bench.actor.runs.values()
        run.delivery().lease_until = lease_clock() + 5.0
        bench.broker.stop()
        await until_logged(caplog, "could not be renewed")
        bench.broker.start()
        bench.broker.give_back(bench.broker.queues["asya-a"], run.delivery().token)
        await until_logged(caplog, "goes on without a lease")
        bench.runtime.end(1)
        await bench.until_settled("m1")

        assert not keeper.done()
        keeper.cancel()


async def until_logged(caplog, words):
    logged = asyncio.Event()
    loop = asyncio.get_running_loop()

    def look():
        if words in caplog.text:
            logged.set()
        else:
            loop.call_later(0.005, look)

    look()
    async with asyncio.timeout(10):
        await logged.wait()


async def test_a_run_without_a_lease_frees_its_place_so_that_its_message_can_come_back(folder, monkeypatch):
    monkeypatch.setattr(leases, "EVERY_SECONDS", 0.01)
    async with working(folder, silence, ASYA_PREFETCH="1") as bench:
        await bench.send(envelope("m1"))
        await bench.runtime.until_invoked(1)
        expire(bench)
        async with asyncio.TaskGroup() as group:
            keeping = group.create_task(leases.keep_leases(bench.actor, bench.consumer))
            await bench.ledger.until(lambda: bench.ledger.all("delivered").count("m1") == 2)
            keeping.cancel()
        bench.runtime.item(1, "done")
        bench.runtime.end(1)
        await bench.until_settled("m1")

        assert bench.runtime.ids == ["m1"]
        assert [message["payload"] for message in bench.queued("b")] == ["done"]
