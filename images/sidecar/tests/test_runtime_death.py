import json

import pytest

from asya_runtime import frames
from images.sidecar.tests.bench import envelope, working
from images.sidecar.tests.scripted_runtime import echo, failing, silence, write_running

THREE = {"concurrency": 3}
RETRY = json.dumps({"policies": {"default": {"maxAttempts": 2, "initialDelay": "1h"}}})


async def fill_up(bench, count, *, begun):
    """Have `count` messages at the runtime, of which it has begun `begun`."""
    successes = 1 << (count - begun - 1).bit_length() if count > begun else 0  # what is held ahead doubles
    ahead = [f"warm{number}" for number in range(successes)]
    bench.runtime.answer = echo
    await bench.send(*(envelope(id_) for id_ in ahead))
    await bench.until_settled(*ahead)
    bench.runtime.answer = silence
    seen = len(bench.runtime.invoked)
    await bench.send(*(envelope(f"m{number}") for number in range(count)))
    await bench.runtime.until_invoked(seen + count)
    return bench.runtime.invoked[seen:]


async def test_the_message_that_ran_alone_is_charged_and_the_others_run_again(folder):
    async with working(folder, silence) as bench:
        await fill_up(bench, 4, begun=1)
        bench.runtime.answer = echo
        bench.runtime.hang_up()
        await bench.until_settled("m0", "m1", "m2", "m3")

        (record,) = bench.queued("error-end")
        assert (record["id"], record["payload"]["error"]) == ("m0", "crash_error")
        assert sorted(message["id"] for message in bench.queued("b")[4:]) == ["m1", "m2", "m3"]
        assert all(message["status"]["attempt"] == 1 for message in bench.queued("b"))
        assert bench.runtime.ids[-3:] == ["m1", "m2", "m3"]


async def test_a_crash_is_tried_again_by_its_policy(folder):
    async with working(folder, silence, ASYA_RESILIENCY=RETRY) as bench:
        await bench.send(envelope("m1"))
        await bench.runtime.until_invoked(1)
        bench.runtime.hang_up()
        await bench.until_settled("m1")
        (again,) = bench.delayed("a")

        assert again["status"]["reason"] == "crash_error"
        assert again["status"]["attempt"] == 2


async def test_of_several_that_ran_each_runs_again_alone_before_it_is_charged(folder):
    async with working(folder, silence, THREE) as bench:
        (*_,) = await fill_up(bench, 4, begun=3)
        bench.runtime.hang_up()
        await bench.runtime.until(lambda: bench.runtime.ids.count("m0") == 2)
        alone = bench.runtime.invoked[-1]
        assert (alone.id, len(bench.runtime.invoked)) == ("m0", 1 + 4 + 1)

        bench.runtime.error(alone.request)
        await bench.until_settled("m0")
        await bench.runtime.until(lambda: bench.runtime.ids.count("m1") == 2)
        assert bench.runtime.ids[-2:] == ["m0", "m1"]
        bench.runtime.hang_up()
        await bench.until_settled("m1")
        await bench.runtime.until(lambda: bench.runtime.ids.count("m2") == 2)
        assert bench.runtime.ids[-1] == "m2"
        bench.runtime.end(bench.runtime.invoked[-1].request)
        await bench.runtime.until(lambda: bench.runtime.ids.count("m3") == 2)
        bench.runtime.end(bench.runtime.invoked[-1].request)
        await bench.until_settled("m2", "m3")

        records = {record["id"]: record["payload"]["error"] for record in bench.queued("error-end")}
        assert records == {"m0": "processing_error", "m1": "crash_error"}


async def test_a_message_that_was_delivered_three_times_runs_alone(folder):
    async with working(folder, silence, THREE, ASYA_PREFETCH="3") as bench:
        bench.send_counted(envelope("m1"), 1)
        bench.send_counted(envelope("m2"), 3)
        bench.send_counted(envelope("m3"), 1)
        await bench.ledger.until(lambda: len(bench.actor.runs) == 2)
        await bench.runtime.until_invoked(1)
        assert bench.runtime.ids == ["m1"]

        bench.runtime.end(1)
        await bench.runtime.until_invoked(2)
        assert bench.runtime.ids == ["m1", "m2"]
        assert len(bench.actor.runs) == 1

        bench.runtime.end(2)
        await bench.runtime.until_invoked(3)
        assert bench.runtime.ids == ["m1", "m2", "m3"]


async def test_a_run_that_is_repeated_makes_the_same_children(folder):
    async with working(folder, silence, {"concurrency": 2}) as bench:
        await bench.send(envelope("m1"), envelope("m2"))
        await bench.runtime.until_invoked(2)
        bench.runtime.item(1, "zero")
        bench.runtime.item(1, "one")
        await bench.until_queued("b")
        bench.runtime.hang_up()
        await bench.runtime.until_invoked(3)
        again = bench.runtime.invoked[2]
        assert again.id == "m1"
        for value in ("zero", "one", "two"):
            bench.runtime.item(again.request, value)
        bench.runtime.end(again.request)
        await bench.until_settled("m1")

        assert [message["id"] for message in bench.queued("b")] == ["m1-0.1", "m1-0.1", "m1-0.2", "m1"]
        assert bench.queued("error-end") == []


async def test_a_run_that_is_repeated_forgets_what_it_made_before(folder):
    async with working(folder, silence, {"concurrency": 2}) as bench:
        await bench.send(envelope("m1"), envelope("m2"))
        await bench.runtime.until_invoked(2)
        bench.runtime.item(1, "zero")
        bench.runtime.item(2, "bad")
        bench.runtime.hang_up()
        await bench.runtime.until_invoked(3)
        bench.runtime.end(3)
        await bench.runtime.until_invoked(4)
        bench.runtime.item(4, "good")
        bench.runtime.end(4)
        await bench.until_settled("m1", "m2")

        assert bench.runtime.ids == ["m1", "m2", "m1", "m2"]
        assert [message["id"] for message in bench.queued("happy-end")] == ["m1"]
        assert [(message["id"], message["payload"]) for message in bench.queued("b")] == [("m2", "good")]


async def test_what_has_failed_already_does_not_run_again(folder):
    async with working(folder, silence, {"concurrency": 2}) as bench:
        await bench.send(envelope("m1"), envelope("m2"))
        await bench.runtime.until_invoked(2)
        bench.runtime.send(frames.ITEM, 2, b"no json")
        await bench.until_settled("m2")
        bench.runtime.hang_up()
        await bench.runtime.until_invoked(3)
        bench.runtime.end(3)
        await bench.until_settled("m1")

        assert bench.runtime.ids == ["m1", "m2", "m1"]
        assert [record["payload"]["error"] for record in bench.queued("error-end")] == ["result_error"]


async def test_what_the_handler_has_finished_is_not_touched_by_its_death(folder):
    async with working(folder, silence) as bench:
        bench.transport.holds_confirmations = True
        await bench.send(envelope("m1"))
        await bench.runtime.until_invoked(1)
        bench.runtime.end(1)
        await bench.ledger.until(lambda: len(bench.transport.held) == 1)
        bench.runtime.hang_up()
        await bench.runtime.until(lambda: bench.runtime.connections == 2)
        bench.transport.confirm_held()
        await bench.until_settled("m1")

        assert bench.runtime.ids == ["m1"]
        assert bench.ledger.all("published") == [("asya-happy-end", "m1")]


@pytest.mark.parametrize("reason", ["crash", "memory", "exit"])
async def test_the_supervisor_tells_who_ran_and_why_it_ended(folder, reason, caplog):
    caplog.set_level("INFO")
    write_running(folder, {}, slots=1)
    async with working(folder, silence) as bench:
        m0, m1, m2 = await fill_up(bench, 3, begun=1)
        bench.runtime.answer = echo
        bench.runtime.worker_ends({m1.request: 0}, reason)
        await bench.until_settled("m0", "m1", "m2")

        (record,) = bench.queued("error-end")
        assert (record["id"], record["payload"]["error"]) == ("m1", "crash_error")
        assert record["payload"]["details"]["message"] == f"the handler's process ended: it ended by {reason}"
        assert bench.runtime.ids[-2:] == [m0.id, m2.id]
        assert bench.sample("asya_actor_worker_ends_total", reason=reason) == 1
    (line,) = [line for line in caplog.records if getattr(line, "event", "") == "worker_ended"]
    assert (line.reason, line.detail, line.charged, line.again) == (reason, f"it ended by {reason}", 1, 2)


async def test_an_end_that_nobody_tells_of_is_logged_and_counted_too(folder, caplog):
    caplog.set_level("INFO")
    async with working(folder, silence) as bench:
        bench.runtime.hang_up()
        await bench.runtime.until(lambda: bench.runtime.connections == 2)

        assert bench.sample("asya_actor_worker_ends_total", reason="closed") == 1
    (line,) = [line for line in caplog.records if getattr(line, "event", "") == "worker_ended"]
    assert (line.levelname, line.reason, line.charged, line.again) == ("INFO", "closed", 0, 0)


async def test_a_worker_past_its_timeout_charges_only_who_took_too_long(folder):
    write_running(folder, {}, slots=3)
    async with working(folder, silence, THREE) as bench:
        m0, m1, m2, m3 = await fill_up(bench, 4, begun=3)
        bench.runtime.answer = echo
        bench.runtime.worker_ends({m0.request: 500, m1.request: 499, m2.request: 0}, "timeout", at=499)
        await bench.until_settled("m0", "m1", "m2", "m3")

        (record,) = bench.queued("error-end")
        assert (record["id"], record["payload"]["error"]) == ("m1", "timeout_error")
        assert record["payload"]["details"]["message"] == "it ended by timeout"
        assert bench.runtime.ids[-3:] == [m0.id, m2.id, m3.id]


async def test_a_batch_past_its_timeout_runs_again_one_by_one(folder):
    write_running(folder, {}, slots=2)
    async with working(folder, silence, {"concurrency": 2, "batch": 2}) as bench:
        m0, m1 = await fill_up(bench, 2, begun=2)
        bench.runtime.worker_ends({m0.request: 100, m1.request: 100}, "timeout")
        await bench.runtime.until_invoked(3)
        assert bench.runtime.ids[-1] == m0.id
        bench.runtime.worker_ends({bench.runtime.invoked[-1].request: 100}, "timeout")
        await bench.until_settled("m0")
        await bench.runtime.until_invoked(4)
        bench.runtime.end(bench.runtime.invoked[-1].request)
        await bench.until_settled("m1")

        (record,) = bench.queued("error-end")
        assert (record["id"], record["payload"]["error"]) == ("m0", "timeout_error")
        assert bench.runtime.ids == ["m0", "m1", "m0", "m1"]


async def test_while_a_worker_is_built_again_nothing_is_taken_and_what_waits_is_kept(folder):
    write_running(folder, {}, slots=1)
    async with working(folder, silence) as bench:
        m0, *_ = await fill_up(bench, 3, begun=1)
        bench.runtime.write_running({m0.request: 0}, {"reason": "crash", "detail": "", "at": 1})
        await bench.runtime.die()
        await bench.until_settled("m0")
        bench.actor.tick()
        assert not bench.actor.serving
        assert bench.ledger.all("resized")[-1] == 0
        assert bench.ledger.all("released") == []

        write_running(folder, {}, slots=1)
        bench.runtime.answer = echo
        await bench.runtime.start()
        await bench.until_settled("m1", "m2")
        assert [record["id"] for record in bench.queued("error-end")] == ["m0"]


async def test_a_runtime_that_dies_at_every_message_gives_each_its_record(folder):
    def die(runtime, _invoked):
        runtime.hang_up()

    async with working(folder, die) as bench:
        await bench.send(*(envelope(f"m{number}") for number in range(5)))
        await bench.until_settled(*(f"m{number}" for number in range(5)))

        assert sorted(record["id"] for record in bench.queued("error-end")) == [f"m{number}" for number in range(5)]
        assert bench.runtime.ids == [f"m{number}" for number in range(5)]


async def test_who_was_there_alone_at_the_fourth_death_is_charged_whatever_the_runtime_left_behind(folder):
    def die(runtime, _invoked):
        runtime.hang_up()

    write_running(folder, {}, slots=1)
    async with working(folder, die) as bench:
        await bench.send(envelope("m1"))
        await bench.until_settled("m1")

        assert [record["payload"]["error"] for record in bench.queued("error-end")] == ["crash_error"]
        assert bench.runtime.ids == ["m1"] * 4


async def test_a_failure_before_the_crash_stays_a_failure(folder):
    async with working(folder, failing()) as bench:
        await bench.send(envelope("m1"))
        await bench.until_settled("m1")
        bench.runtime.hang_up()
        await bench.runtime.until(lambda: bench.runtime.connections == 2)

        assert len(bench.queued("error-end")) == 1
