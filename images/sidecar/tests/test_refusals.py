import asyncio
import base64
import json
from datetime import UTC, datetime, timedelta

import pytest

from asya_runtime import frames
from images.sidecar.tests.bench import envelope, working
from images.sidecar.tests.scripted_runtime import echo, silence


async def until(moment):
    """Let time pass."""
    passed = asyncio.Event()
    left = (moment - datetime.now(UTC)).total_seconds()
    asyncio.get_running_loop().call_later(max(left, 0) + 0.01, passed.set)
    await passed.wait()


def at(seconds):
    return (datetime.now(UTC) + timedelta(seconds=seconds)).isoformat()


@pytest.mark.parametrize(
    ("message", "code", "words"),
    [
        (envelope(route={"actors": ["x", "b"], "current": 0}), "route_mismatch", "'a'"),
        (envelope(route={"actors": ["a", "b"], "current": 1}), "route_mismatch", "at 'b'"),
        (envelope(route={"actors": ["a"], "current": 1}), "route_mismatch", "finished"),
        (envelope(route={"actors": ["a", "happy-end"], "current": 0}), "route_error", "route.actors[1]"),
        (envelope(route={"actors": ["a", "error-end"], "current": 0}), "route_error", "route.actors[1]"),
        (envelope(route={"actors": ["a", "B_"], "current": 0}), "route_error", "route.actors[1]"),
        (envelope(route={"actors": ["a"], "current": 9}), "route_error", "route.current"),
        (envelope(route={"actors": ["a"], "current": -1}), "route_error", "route.current"),
        (envelope(status={"deadline_at": "2020-01-01T00:00:00Z"}), "deadline_exceeded", "2020-01-01"),
        (envelope(status={"deadline_at": "tomorrow"}), "msg_parsing_error", "deadline_at"),
        (
            {"id": "m1", "route": {"actors": ["a"]}, "payload_ref": {"uri": "s3://x"}},
            "claim_refused",
            "payload_ref",
        ),
    ],
)
async def test_what_must_not_run_is_recorded_instead(folder, message, code, words):
    async with working(folder) as bench:
        await bench.send(message)
        (record,) = await bench.until_queued("error-end")
        await bench.until_settled("m1")

        assert record["payload"]["error"] == record["status"]["reason"] == code
        assert words in record["payload"]["details"]["message"]
        assert bench.runtime.invoked == []
        assert bench.sample("asya_actor_messages_failed_total", queue="a", reason=code) == 1


@pytest.mark.parametrize(
    "body",
    [b"", b"garbage", b"5", b"[]", b"{}", b'{"id": "m1"}', b'{"id": "m1", "route": {}, "payload": 1}', b"\xff\xfe{}",
     b'{"id": "", "route": {"actors": ["a"]}, "payload": 1}', b'{"id": "m1", "route": {"actors": ["a"]}}',
     b'{"id": "m1-0.1", "route": {"actors": ["a"]}, "payload": 1}', b"[" * 100_000],
)  # fmt: skip
async def test_bytes_that_are_no_envelope_are_recorded_and_settled(folder, body):
    async with working(folder) as bench:
        await bench.send(body)
        (record,) = await bench.until_queued("error-end")
        await bench.ledger.until(lambda: len(bench.ledger.all("settled")) == 1)

        assert record["payload"]["error"] == "msg_parsing_error"
        assert record["payload"]["details"]["message"]
        assert bench.runtime.invoked == []


async def test_raw_bytes_are_kept_in_base64_under_an_id_made_of_them(folder):
    async with working(folder) as bench:
        await bench.send(b"\xff\x00 raw")
        (record,) = await bench.until_queued("error-end")

        assert base64.b64decode(record["payload"]["original_payload"]["base64"]) == b"\xff\x00 raw"
        assert record["id"].startswith("raw-")


async def test_what_is_no_envelope_does_not_take_the_end_of_the_id_that_it_carries(folder):
    async with working(folder, echo) as bench:
        await bench.send(b'{"id": "m1", "payload": 1}', envelope("m1"))
        (record,) = await bench.until_queued("error-end")
        (result,) = await bench.until_queued("b")

        assert record["id"].startswith("raw-")
        assert (record["parent_id"], result["id"]) == ("m1", "m1")


async def test_a_message_over_the_limit_is_recorded_without_its_content(folder):
    async with working(folder, ASYA_MAX_BODY_BYTES="2000") as bench:
        await bench.send(envelope("m1", "x" * 3000))
        (record,) = await bench.until_queued("error-end")
        await bench.until_settled("m1")

        assert (record["id"], record["route"]["current"]) == ("m1", 0)
        assert record["payload"]["error"] == "msg_parsing_error"
        assert record["payload"]["original_payload_omitted"]["bytes"] > 3000
        assert len(json.dumps(record)) < 2000


async def test_a_failure_whose_record_would_be_over_the_limit_is_recorded_in_less(folder):
    def fail(runtime, invoked):
        runtime.error(invoked.request, traceback="t" * 3000, type="ValueError")

    async with working(folder, fail, ASYA_MAX_BODY_BYTES="2000") as bench:
        await bench.send(envelope("m1", "x" * 1000))
        await bench.send(envelope("m2", "x" * 1750))
        await bench.until_settled("m1", "m2")
        first, second = bench.queued("error-end")

        assert first["payload"]["details"] == {"message": "it failed", "type": "ValueError", "traceback": ""}
        assert first["payload"]["original_payload"] == "x" * 1000
        assert second["payload"]["original_payload_omitted"]["bytes"] == 1752


async def test_what_the_broker_delivered_too_often_is_not_run(folder):
    async with working(folder, echo, ASYA_RESILIENCY='{"maxDeliveries": 3}') as bench:
        bench.send_counted(envelope("m1"), 3)
        bench.send_counted(envelope("m2"), 4)
        await bench.until_settled("m1", "m2")
        (record,) = bench.queued("error-end")

        assert (record["id"], record["payload"]["error"]) == ("m2", "deliveries")
        assert bench.runtime.ids == ["m1"]


async def test_a_deadline_shortens_the_time_that_the_runtime_gets(folder):
    async with working(folder, silence, {"concurrency": 2}, ASYA_RUNTIME_TIMEOUT="60s") as bench:
        await bench.send(envelope("m1", status={"deadline_at": at(20)}), envelope("m2", status={"deadline_at": at(90)}))
        await bench.runtime.until_invoked(2)
        first, second = (invoked.timeout for invoked in bench.runtime.invoked)

        assert 10 < first <= 20
        assert second == 60


async def test_a_message_whose_time_is_up_while_it_waits_is_not_run(folder):
    async with working(folder, silence, ASYA_PREFETCH="2") as bench:
        soon = datetime.now(UTC) + timedelta(seconds=0.3)
        await bench.send(envelope("m1"), envelope("m2", status={"deadline_at": soon.isoformat()}))
        await bench.runtime.until_invoked(1)
        await bench.ledger.until(lambda: len(bench.actor.runs) == 2)
        await until(soon)
        bench.runtime.end(1)
        (record,) = await bench.until_queued("error-end")

        assert (record["id"], record["payload"]["error"]) == ("m2", "deadline_exceeded")
        assert bench.runtime.ids == ["m1"]


async def test_a_message_whose_time_is_up_while_it_waits_at_the_runtime_is_cancelled(folder):
    async with working(folder, echo) as bench:
        await bench.send(envelope("m1"), envelope("m2"))
        await bench.until_settled("m1", "m2")
        bench.runtime.answer = silence
        soon = datetime.now(UTC) + timedelta(seconds=0.3)
        await bench.send(envelope("m3"), envelope("m4", status={"deadline_at": soon.isoformat()}))
        await bench.runtime.until_invoked(4)
        await until(soon)
        bench.actor.tick()
        (record,) = await bench.until_queued("error-end")
        await bench.runtime.until_frame(frames.CANCEL)

        assert (record["id"], record["payload"]["error"]) == ("m4", "deadline_exceeded")
        assert bench.runtime.frames[-1] == (frames.CANCEL, 4)


async def test_ends_take_what_other_actors_refuse(folder):
    message = {
        "id": "m1", "route": {"actors": ["x"], "current": 1}, "payload": 1,
        "status": {"deadline_at": "2020-01-01T00:00:00Z"},
    }  # fmt: skip
    async with working(folder, echo, {"mode": "envelope"}, actor="happy-end") as bench:
        await bench.send(message)
        await bench.until_settled("m1")

        assert bench.runtime.ids == ["m1"]
