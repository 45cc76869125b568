import asyncio
import json

import pytest

from asya_core.errors import LeaseLostError, MessageTooLargeError, TransportUnavailableError
from asya_core.transports import publish
from asya_sidecar import publisher as module
from asya_sidecar import sending
from images.sidecar.tests.bench import envelope, working
from images.sidecar.tests.scripted_runtime import echo, results, silence

SOON = {"ASYA_RESILIENCY": '{"unroutableAfter": "100ms"}'}
ELSEWHERE = {"actors": ["a", "nowhere"], "current": 0}
AWAY = TransportUnavailableError("the broker is away")


@pytest.fixture(autouse=True)
def impatience(monkeypatch):
    monkeypatch.setattr(sending, "_FIRST_RETRY", 0.001)
    monkeypatch.setattr(sending, "_LAST_RETRY", 0.01)


async def test_an_output_waits_for_its_queue_to_appear(folder):
    async with working(folder, echo) as bench:
        await bench.send(envelope("m1", route=ELSEWHERE))
        await bench.ledger.until(lambda: bench.ledger.all("published").count(("asya-nowhere", "m1")) > 3)
        assert bench.ledger.all("settled") == []
        assert bench.sample("asya_actor_held_outputs") == 1

        await bench.producer.ensure("asya-nowhere")
        await bench.until_settled("m1")
        assert len(bench.queued("nowhere")) == 1
        assert bench.sample("asya_actor_held_outputs") == 0


async def test_an_output_whose_queue_never_appears_is_recorded_as_it_was_to_be_delivered(folder):
    async with working(folder, results({"n": 2}), **SOON) as bench:
        await bench.send(envelope("m1", {"n": 1}, route=ELSEWHERE))
        (record,) = await bench.until_queued("error-end")
        await bench.until_settled("m1")

        assert record["payload"]["error"] == "unroutable"
        assert "asya-nowhere" in record["payload"]["details"]["message"]
        assert record["payload"]["original_payload"] == {"n": 2}
        assert record["route"] == {"actors": ["a", "nowhere"], "current": 1}
        assert bench.sample("asya_actor_messages_failed_total", queue="a", reason="unroutable") == 1


async def test_a_sibling_whose_queue_never_appears_gets_a_record_of_its_own_before_child_0_goes(folder):
    async with working(folder, results("zero", "one"), **SOON) as bench:
        await bench.send(envelope("m1", route=ELSEWHERE))
        await bench.until_settled("m1")

        assert [record["id"] for record in bench.queued("error-end")] == ["m1-0.1", "m1"]
        assert {record["payload"]["error"] for record in bench.queued("error-end")} == {"unroutable"}


async def test_messages_that_wait_for_a_queue_do_not_stop_the_others(folder):
    async with working(folder, echo) as bench:
        await bench.send(*(envelope(f"held{number}", route=ELSEWHERE) for number in range(20)))
        await bench.send(*(envelope(f"m{number}") for number in range(20)))
        await bench.until_settled(*(f"m{number}" for number in range(20)))

        assert len(bench.actor.runs) == 20
        assert bench.publisher.waiting_apart == 20
        assert bench.ledger.all("resized")[-1] > 20


async def test_no_more_than_a_hundred_such_messages_are_taken_beyond_the_window(folder):
    async with working(folder, echo, ASYA_PREFETCH="2") as bench:
        await bench.send(*(envelope(f"held{number}", route=ELSEWHERE) for number in range(150)))
        await bench.ledger.until(lambda: bench.publisher.waiting_apart == 102)

        assert bench.ledger.all("resized")[-1] == 102
        assert len(bench.queued("a")) == 48


async def test_a_broker_that_is_away_is_waited_for_and_nothing_more_is_pulled(folder):
    async with working(folder, echo, ASYA_PREFETCH="2", **SOON) as bench:
        bench.transport.refuse = lambda *_: AWAY
        await bench.send(*(envelope(f"m{number}") for number in range(5)))
        await bench.ledger.until(lambda: len(bench.ledger.all("published")) > 40)
        assert bench.runtime.ids == ["m0", "m1"]
        assert bench.ledger.all("settled") == []

        bench.transport.refuse = lambda *_: None
        await bench.until_settled(*(f"m{number}" for number in range(5)))
        assert bench.queued("error-end") == []


async def test_an_absence_of_the_broker_does_not_count_as_one_of_the_queue(folder):
    async with working(folder, echo, **SOON) as bench:
        bench.transport.refuse = lambda *_: AWAY
        await bench.send(envelope("m1", route=ELSEWHERE))
        await bench.ledger.until(lambda: len(bench.ledger.all("published")) > 5)
        await asyncio.wait_for(passed(0.15), 5)
        before = len(bench.ledger.all("published"))
        bench.transport.refuse = lambda *_: None
        await bench.ledger.until(lambda: len(bench.ledger.all("published")) > before + 2)
        assert bench.queued("error-end") == []

        (record,) = await bench.until_queued("error-end")
        assert record["payload"]["error"] == "unroutable"


@pytest.mark.parametrize("end", ["happy-end", "error-end"])
async def test_an_end_queue_is_waited_for_without_limit(folder, end):
    answer = echo if end == "happy-end" else silence
    async with working(folder, answer, **SOON) as bench:
        await bench.producer.delete(f"asya-{end}")
        await bench.send(envelope("m1", route={"actors": ["a"], "current": 0}))
        if end == "error-end":
            await bench.runtime.until_invoked(1)
            bench.runtime.error(1)
        await bench.ledger.until(lambda: len(bench.ledger.all("published")) > 15)
        await asyncio.wait_for(passed(0.15), 5)
        assert bench.ledger.all("settled") == []

        await bench.producer.ensure(f"asya-{end}")
        await bench.until_settled("m1")


async def test_a_result_that_the_broker_finds_too_large_is_an_error(folder):
    async with working(folder, results("x" * 100)) as bench:
        bench.transport.refuse = too_large("asya-b", 0)
        await bench.send(envelope("m1", {"n": 1}))
        (record,) = await bench.until_queued("error-end")
        await bench.until_settled("m1")

        assert record["payload"]["error"] == "result_error"
        assert record["payload"]["original_payload"] == {"n": 1}


async def test_an_error_record_that_the_broker_finds_too_large_is_shortened(folder):
    async with working(folder, silence) as bench:
        bench.transport.refuse = too_large("asya-error-end", 700)
        await bench.send(envelope("m1", "x" * 1000))
        await bench.runtime.until_invoked(1)
        bench.runtime.error(1, traceback="t" * 1000)
        (record,) = await bench.until_queued("error-end")
        await bench.until_settled("m1")

        assert record["payload"]["original_payload_omitted"]["bytes"] == 1002


async def test_nothing_is_published_or_settled_once_the_lease_is_lost(folder):
    async with working(folder, silence) as bench:
        await bench.send(envelope("m1"))
        await bench.runtime.until_invoked(1)
        bench.transport.refuse = lambda *_: LeaseLostError("somebody else has it")
        bench.runtime.item(1, "zero")
        bench.runtime.end(1)
        await bench.ledger.until(lambda: bench.ledger.all("refused") == [("asya-b", "m1")])
        assert len(bench.actor.runs) == 1
        bench.actor.drain()

        assert bench.ledger.all("released") == ["m1"]
        assert bench.ledger.all("confirmed") == bench.ledger.all("settled") == []
        assert bench.sample("asya_actor_leases_lost_total", queue="a") == 1


async def test_what_is_on_its_way_for_a_message_given_back_is_kept_back(folder):
    async with working(folder, echo) as bench:
        await bench.send(envelope("m1", route=ELSEWHERE))
        await bench.ledger.until(lambda: bench.sample("asya_actor_held_outputs") == 1)
        await bench.consumer.stop()
        bench.actor.release_all()
        await bench.producer.ensure("asya-nowhere")
        await bench.ledger.until(lambda: bench.sample("asya_actor_held_outputs") == 0)

        assert bench.queued("nowhere") == []


async def test_handlers_wait_while_very_much_is_unconfirmed(folder, monkeypatch):
    monkeypatch.setattr(module, "MANY_UNCONFIRMED", 10)
    async with working(folder, silence) as bench:
        bench.transport.holds_confirmations = True
        await bench.send(envelope("m1"))
        await bench.runtime.until_invoked(1)
        for value in range(11):
            bench.runtime.item(1, value)
        await bench.ledger.until(lambda: len(bench.transport.held) == 10)
        bench.runtime.item(1, "unread")
        bench.runtime.end(1)
        await publish(bench.producer, "asya-b", b'{"id": "passes"}')
        assert bench.actor.runtime.paused
        assert bench.publisher.unconfirmed == 10

        bench.transport.confirm_held(5)
        assert not bench.actor.runtime.paused
        bench.transport.holds_confirmations = False
        bench.transport.confirm_held()
        await bench.until_settled("m1")
        assert bench.publisher.unconfirmed == bench.publisher._bytes == 0


async def test_much_is_also_a_matter_of_bytes(folder, monkeypatch):
    monkeypatch.setattr(module, "MANY_BYTES", 2000)
    async with working(folder, results("zero", "x" * 3000)) as bench:
        bench.transport.holds_confirmations = True
        await bench.send(envelope("m1"))
        await bench.ledger.until(lambda: len(bench.transport.held) == 1)
        assert bench.actor.runtime.paused

        bench.transport.holds_confirmations = False
        bench.transport.confirm_held()
        await bench.until_settled("m1")
        assert not bench.actor.runtime.paused


async def test_nothing_is_tried_again_once_it_is_closed(folder):
    async with working(folder, echo) as bench:
        await bench.send(envelope("m1", route=ELSEWHERE))
        await bench.ledger.until(lambda: bench.sample("asya_actor_held_outputs") == 1)
        bench.publisher.close()
        count = len(bench.ledger.all("published"))
        await asyncio.wait_for(passed(0.05), 5)

        assert len(bench.ledger.all("published")) == count


async def passed(seconds):
    over = asyncio.Event()
    asyncio.get_running_loop().call_later(seconds, over.set)
    await over.wait()


def too_large(queue, most):
    def refuse(to, body):
        json.loads(body)
        return MessageTooLargeError("too large") if to == queue and len(body) > most else None

    return refuse
