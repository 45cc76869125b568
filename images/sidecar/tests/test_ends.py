import asyncio
import json

import pytest

from asya_sidecar import end_run
from images.sidecar.tests.bench import envelope, working
from images.sidecar.tests.scripted_runtime import echo, failing, one_after_another, results, silence

MODE = {"mode": "envelope"}
ENDS = pytest.mark.parametrize("end", ["happy-end", "error-end"])


@pytest.fixture(autouse=True)
def impatience(monkeypatch):
    monkeypatch.setattr(end_run, "_FIRST_RETRY", 0.001)
    monkeypatch.setattr(end_run, "_LAST_RETRY", 0.01)


@ENDS
async def test_an_end_settles_once_its_handler_has_stored_the_message(folder, end):
    async with working(folder, silence, MODE, actor=end) as bench:
        await bench.send(envelope("m1", {"n": 1}))
        await bench.runtime.until_invoked(1)
        assert bench.ledger.all("settled") == []

        bench.runtime.end(1)
        await bench.until_settled("m1")
        assert bench.sample("asya_actor_messages_processed_total", queue=end, status="end_consumed") == 1


@ENDS
async def test_an_end_publishes_nothing_whatever_its_handler_returns(folder, end):
    async with working(folder, results({"a": 1}, 5, "x"), MODE, actor=end) as bench:
        await bench.send(envelope("m1"))
        await bench.until_settled("m1")

        assert bench.ledger.all("published") == []


@ENDS
async def test_an_end_tries_for_ever_and_settles_only_after_success(folder, end):
    fails = [failing("processing_error"), failing("timeout_error"), failing("result_error"), failing("route_error")] * 4
    async with working(folder, one_after_another(*fails, echo), MODE, actor=end) as bench:
        await bench.send(envelope("m1"))
        await bench.until_settled("m1")

        assert len(bench.runtime.invoked) == 17
        assert bench.ledger.all("published") == []
        assert bench.sample("asya_actor_messages_failed_total", queue=end, reason="processing_error") == 4


@ENDS
async def test_an_end_has_no_limit_of_deliveries(folder, end):
    async with working(folder, echo, MODE, actor=end, ASYA_RESILIENCY='{"maxDeliveries": 1}') as bench:
        bench.send_counted(envelope("m1"), 1000)
        await bench.until_settled("m1")

        assert bench.runtime.ids == ["m1"]


async def test_other_messages_are_stored_while_one_waits_to_be_tried_again(folder, monkeypatch):
    monkeypatch.setattr(end_run, "_FIRST_RETRY", 3600.0)
    monkeypatch.setattr(end_run, "_LAST_RETRY", 3600.0)
    async with working(folder, one_after_another(failing(), echo), MODE, actor="happy-end") as bench:
        await bench.send(envelope("m1"), envelope("m2"))
        await bench.until_settled("m2")

        assert bench.ledger.all("settled") == ["m2"]
        bench.actor.drain()
        await bench.consumer.stop()
        assert bench.actor.release_waiting() == 1
        assert bench.ledger.all("released") == ["m1"]


async def test_bytes_that_are_no_envelope_are_stored_at_error_end_without_being_sent_anywhere(folder):
    async with working(folder, echo, MODE, actor="error-end") as bench:
        await bench.send(b"garbage")
        await bench.ledger.until(lambda: len(bench.ledger.all("settled")) == 1)
        (invoked,) = bench.runtime.invoked

        assert bench.ledger.all("published") == []
        assert invoked.id.startswith("raw-")
        assert json.loads(invoked.payload)["error"] == "msg_parsing_error"


async def test_error_end_does_not_feed_itself_with_what_is_too_large(folder):
    async with working(folder, echo, MODE, actor="error-end", ASYA_MAX_BODY_BYTES="2000") as bench:
        await bench.send(envelope("m1", "x" * 5000))
        await bench.until_settled("m1")
        (invoked,) = bench.runtime.invoked

        assert bench.ledger.all("published") == []
        assert json.loads(invoked.payload)["original_payload_omitted"]["bytes"] > 5000


async def test_bytes_that_are_no_envelope_go_from_happy_end_to_error_end(folder):
    async with working(folder, echo, MODE, actor="happy-end") as bench:
        await bench.send(b"garbage")
        await bench.until_queued("error-end")
        await bench.ledger.until(lambda: len(bench.ledger.all("settled")) == 1)

        assert bench.runtime.invoked == []


async def test_an_end_whose_handler_dies_tries_again(folder):
    async with working(folder, silence, MODE, actor="happy-end") as bench:
        await bench.send(envelope("m1"))
        await bench.runtime.until_invoked(1)
        bench.runtime.answer = echo
        bench.runtime.hang_up()
        await bench.until_settled("m1")

        assert bench.runtime.ids == ["m1", "m1"]


async def test_what_was_given_back_is_not_tried_again_here(folder):
    async with working(folder, silence, MODE, actor="happy-end") as bench:
        await bench.send(envelope("m1"))
        await bench.runtime.until_invoked(1)
        await bench.consumer.stop()
        bench.actor.release_all()
        later, answered = [], asyncio.Event()
        bench.actor.enter_later = lambda *_: later.append("again")
        bench.actor.left_handler = lambda *_: answered.set()
        bench.runtime.error(1)
        await asyncio.wait_for(answered.wait(), 10)

        assert later == []
        assert bench.ledger.all("released") == ["m1"]


async def test_the_pauses_between_tries_grow_and_are_capped(folder, monkeypatch):
    monkeypatch.undo()
    async with working(folder, silence, MODE, actor="happy-end") as bench:
        await bench.send(envelope("m1"))
        await bench.runtime.until_invoked(1)
        (run,) = bench.actor.runs.values()
        pauses = []
        monkeypatch.setattr(bench.actor, "enter_later", lambda _run, seconds: pauses.append(seconds))
        for _ in range(12):
            run.refuse(end_run.Fault(code="processing_error", message="no"))

        assert pauses[:4] == [0.5, 1.0, 2.0, 4.0]
        assert pauses[-1] == 60.0


async def test_a_payload_that_the_handler_cannot_read_is_stored_as_base64(folder):
    def unreadable(runtime, invoked):
        if b"base64" in invoked.payload:
            echo(runtime, invoked)
        else:
            runtime.error(invoked.request, "msg_parsing_error")

    async with working(folder, unreadable, MODE, actor="error-end") as bench:
        await bench.send(envelope("m1", 7))
        await bench.until_settled("m1")

        assert [json.loads(invoked.payload) for invoked in bench.runtime.invoked] == [7, {"base64": "Nw=="}]
