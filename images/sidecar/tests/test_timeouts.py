import time

from asya_runtime import frames
from asya_sidecar import watch
from images.sidecar.tests.bench import envelope, working
from images.sidecar.tests.scripted_runtime import echo, silence, write_running

HOUR = {"ASYA_RUNTIME_TIMEOUT": "1h"}
NEVER = "2999-01-01T00:00:00Z"


def let_pass(bench, *requests):
    """Let the time of these requests' messages be up."""
    for request in requests:
        bench.actor.runtime.calls.find(request).ends_at = 0.0


def due(id_):
    """A message with a deadline, which is up once a test says so."""
    return envelope(id_, status={"deadline_at": NEVER})


async def test_the_limit_is_told_to_the_runtime(folder):
    async with working(folder, silence, ASYA_RUNTIME_TIMEOUT="1m30s") as bench:
        await bench.send(envelope("m1"))
        await bench.runtime.until_invoked(1)

        assert bench.runtime.invoked[0].timeout == 90


async def test_a_message_past_its_deadline_is_cancelled_and_recorded_once(folder):
    async with working(folder, silence, **HOUR) as bench:
        await bench.send(due("m1"))
        await bench.runtime.until_invoked(1)
        let_pass(bench, 1)
        bench.actor.tick()
        bench.actor.tick()
        await bench.until_settled("m1")
        await bench.runtime.until_frame(frames.CANCEL)
        bench.runtime.item(1, "late")
        bench.runtime.end(1)
        await bench.ledger.until(lambda: bench.actor.serving)

        (record,) = bench.queued("error-end")
        assert record["payload"]["error"] == "deadline_exceeded"
        assert bench.ledger.all("published") == [("asya-error-end", "m1")]
        assert bench.ledger.all("settled") == ["m1"]
        assert bench.sample("asya_actor_runtime_errors_total", queue="a", error_type="deadline_exceeded") == 1


async def test_a_message_before_its_deadline_is_left_alone(folder):
    async with working(folder, silence, ASYA_RUNTIME_TIMEOUT="20000000h") as bench:
        await bench.send(due("m1"), envelope("m2"))
        await bench.runtime.until_invoked(1)
        bench.actor.tick()
        bench.runtime.end(1)
        await bench.until_settled("m1")

        assert bench.queued("error-end") == []
        assert (frames.CANCEL, 1) not in bench.runtime.frames


async def test_its_place_is_held_until_the_runtime_has_answered(folder):
    async with working(folder, silence, **HOUR) as bench:
        await bench.send(due("m1"), envelope("m2"))
        await bench.runtime.until_invoked(1)
        let_pass(bench, 1)
        bench.actor.tick()
        await bench.until_settled("m1")
        await bench.runtime.until_frame(frames.CANCEL)
        assert bench.runtime.ids == ["m1"]
        assert not bench.actor.serving
        assert bench.ledger.all("resized")[-1] == 0

        bench.runtime.error(1, "cancelled_error")
        await bench.runtime.until_invoked(2)
        assert bench.runtime.ids == ["m1", "m2"]
        bench.runtime.end(2)
        await bench.until_settled("m2")


async def test_other_places_go_on(folder):
    async with working(folder, silence, {"concurrency": 2}, **HOUR) as bench:
        await bench.send(due("m1"), envelope("m2"), envelope("m3"))
        await bench.runtime.until_invoked(2)
        let_pass(bench, 1)
        bench.actor.tick()
        await bench.until_settled("m1")
        assert bench.actor.serving
        bench.runtime.end(2)
        await bench.runtime.until_invoked(3)
        bench.runtime.end(3)
        await bench.until_settled("m2", "m3")


async def test_what_waits_behind_handlers_that_never_end_goes_back_to_the_queue(folder, monkeypatch):
    monkeypatch.setattr("asya_sidecar.actor.AWAY_SECONDS", 0.0)
    async with working(folder, echo, ASYA_PREFETCH="4", **HOUR) as bench:
        await bench.send(envelope("warm"))
        await bench.until_settled("warm")
        bench.runtime.answer = silence
        await bench.send(*(envelope(f"m{number}") for number in range(4)))
        await bench.ledger.until(lambda: len(bench.actor.runs) == 4)
        await bench.runtime.until_invoked(3)
        let_pass(bench, 2)
        bench.actor.tick()
        await bench.until_settled("m0")
        bench.actor.tick()

        assert sorted(bench.ledger.all("released")) == ["m1", "m2", "m3"]
        assert not bench.actor.runs
        assert len(bench.queued("a")) == 3
        await bench.runtime.until_frame(frames.CANCEL, 2)


async def test_a_crash_beside_a_call_that_nobody_waits_for_is_charged_to_nobody(folder):
    async with working(folder, silence, {"concurrency": 2}, **HOUR) as bench:
        await bench.send(due("m1"), envelope("m2"))
        await bench.runtime.until_invoked(2)
        let_pass(bench, 1)
        bench.actor.tick()
        await bench.until_settled("m1")
        bench.runtime.hang_up()
        await bench.runtime.until_invoked(3)
        bench.runtime.end(3)
        await bench.until_settled("m2")

        assert [record["id"] for record in bench.queued("error-end")] == ["m1"]
        assert bench.runtime.ids == ["m1", "m2", "m2"]


async def test_the_runtimes_own_timeout_counts_as_one(folder):
    async with working(folder, silence, **HOUR) as bench:
        await bench.send(envelope("m1"))
        await bench.runtime.until_invoked(1)
        bench.runtime.error(1, "timeout_error")
        (record,) = await bench.until_queued("error-end")

        assert record["payload"]["error"] == "timeout_error"


async def test_a_timeout_by_the_deadline_is_called_so_and_not_tried_again(folder):
    policy = '{"policies": {"default": {"maxAttempts": 5}}}'
    async with working(folder, silence, ASYA_RESILIENCY=policy, **HOUR) as bench:
        await bench.send(due("m1"))
        await bench.runtime.until_invoked(1)
        bench.runtime.end(1)
        await bench.until_settled("m1")

    async with working(folder, silence, ASYA_RESILIENCY=policy, ASYA_RUNTIME_TIMEOUT="20000000h") as bench:
        await bench.send(due("m2"))
        await bench.runtime.until_invoked(1)
        bench.runtime.error(1, "timeout_error")
        (record,) = await bench.until_queued("error-end")

        assert record["payload"]["error"] == "deadline_exceeded"


async def test_nothing_is_judged_while_results_are_not_read_nor_right_after(folder):
    async with working(folder, silence, **HOUR) as bench:
        await bench.send(due("m1"))
        await bench.runtime.until_invoked(1)
        let_pass(bench, 1)
        bench.publisher.on_pressure(True)
        bench.actor.tick()
        bench.actor.tick()
        bench.publisher.on_pressure(False)
        bench.actor.tick()
        assert not bench.actor.runs[("m1", 0, 1, 0)].over

        bench.actor.tick()
        await bench.until_queued("error-end")


async def test_a_handler_that_its_supervisor_does_not_end_is_given_up_and_charged(folder):
    write_running(folder, {}, slots=1)
    async with working(folder, silence, ASYA_PREFETCH="2") as bench:
        await bench.send(envelope("m1"), envelope("m2"))
        await bench.runtime.until_invoked(1)
        bench.runtime.write_running({1: time.monotonic_ns() + 10**12})
        bench.actor.tick()
        assert bench.actor.serving

        bench.runtime.write_running({1: 1})
        bench.actor.tick()
        write_running(folder, {}, slots=1)
        await bench.until_settled("m1")
        await bench.runtime.until_invoked(2)
        bench.runtime.end(2)
        await bench.until_settled("m2")

        (record,) = bench.queued("error-end")
        assert (record["id"], record["payload"]["error"]) == ("m1", "timeout_error")
        assert "its supervisor did not end it" in record["payload"]["details"]["message"]
        assert bench.sample("asya_actor_worker_ends_total", reason="timeout") == 1


async def test_a_runtime_that_begins_nothing_is_given_up_and_nobody_is_charged(folder, monkeypatch):
    monkeypatch.setattr(watch, "LATE_SECONDS", -3600.0)
    write_running(folder, {}, slots=1)
    async with working(folder, silence, **HOUR) as bench:
        await bench.send(envelope("m1"))
        await bench.runtime.until_invoked(1)
        bench.actor.tick()
        assert bench.actor.serving
        bench.actor.tick()
        await bench.runtime.until_invoked(2)
        bench.runtime.end(2)
        await bench.until_settled("m1")

        assert bench.runtime.ids == ["m1", "m1"]
        assert bench.queued("error-end") == []
