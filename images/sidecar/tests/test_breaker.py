import json
import random

from hypothesis import given
from hypothesis import strategies as st

from asya_core.policies import Policy, Seconds
from asya_sidecar.breaker import Breaker
from images.sidecar.tests.bench import envelope, working
from images.sidecar.tests.scripted_runtime import echo, failing, silence

HOUR = Seconds(3600)
STEADY = Policy(breaker=3, initial_delay=Seconds(10), backoff="constant", jitter=False, max_duration=HOUR)
GROWING = Policy(breaker=1, initial_delay=Seconds(10), max_interval=Seconds(60), jitter=False, max_duration=HOUR)


def outage(**fields):
    policy = {"maxAttempts": 3, "initialDelay": "20ms", "backoff": "constant", "maxDuration": "1h", "breaker": 3}
    return {"ASYA_RESILIENCY": json.dumps({"policies": {"default": {**policy, **fields}}})}


def failing_in_a_row(breaker, count, policy=STEADY):
    return [breaker.failed(f"m{number}", policy, None, float(number), 0.0) for number in range(count)]


def test_failures_cost_what_they_always_do_until_there_are_as_many_in_a_row():
    breaker = Breaker()

    assert failing_in_a_row(breaker, 3) == [None, None, 10]
    assert breaker.is_open


def test_a_message_that_fails_again_and_again_is_no_outage():
    breaker = Breaker()

    assert {breaker.failed("m", STEADY, None, now, 0.0) for now in range(100)} == {None}


def test_a_success_between_them_begins_the_count_anew():
    breaker = Breaker()
    for _ in range(20):
        assert failing_in_a_row(breaker, 2) == [None, None]
        assert not breaker.succeeded()

    assert not breaker.is_open


def test_a_policy_without_a_breaker_opens_none():
    breaker = Breaker()

    assert set(failing_in_a_row(breaker, 100, Policy())) == {None}
    assert breaker.admits(50, 0.0)


def test_while_it_is_open_one_enters_at_a_time_once_the_pause_is_over():
    breaker = Breaker()
    breaker.failed("m", GROWING, None, 100.0, 0.0)

    assert not breaker.admits(0, 109.9)
    assert breaker.admits(0, 110.0)
    assert not breaker.admits(1, 110.0)


def test_pauses_grow_with_each_failed_try_up_to_the_longest():
    breaker, now, pauses = Breaker(), 0.0, []
    for _ in range(5):
        pauses.append(breaker.failed("m", GROWING, None, now, 0.0))
        now += pauses[-1]

    assert pauses == [10, 20, 40, 60, 60]


def test_who_was_in_the_handler_when_it_opened_makes_no_pause_longer():
    breaker = Breaker()
    for now in (0.0, 1.0, 2.0):
        assert breaker.failed("m", GROWING, None, now, 0.0) >= 10 - now

    assert breaker.admits(0, 10.0)


def test_what_a_service_asks_for_is_waited_for_whoever_was_told():
    breaker = Breaker()
    breaker.failed("m", GROWING, None, 0.0, 0.0)

    assert breaker.failed("n", GROWING, 30.0, 1.0, 0.0) == 30.0
    assert not breaker.admits(0, 30.9)
    assert breaker.admits(0, 31.0)


def test_what_one_message_was_told_stops_the_others_for_no_longer_than_the_longest_pause():
    breaker = Breaker()

    assert breaker.failed("m", GROWING, 86400.0, 0.0, 0.0) == 86400.0
    assert breaker.admits(0, 60.0)


def test_a_success_opens_the_actor_at_once():
    breaker = Breaker()
    breaker.failed("m", GROWING, None, 0.0, 0.0)

    assert breaker.succeeded()
    assert breaker.admits(7, 0.0)
    assert breaker.failed("n", STEADY, None, 1.0, 0.0) is None


@given(
    st.floats(60, 3000), st.integers(1, 20), st.sampled_from(["constant", "exponential"]), st.integers(0), st.booleans()
)
def test_an_outage_of_any_length_costs_as_few_tries_as_there_are_pauses(length, after, backoff, seed, jitter):
    policy = Policy(
        breaker=after, backoff=backoff, initial_delay=Seconds(5), max_interval=Seconds(60), jitter=jitter,
        max_duration=HOUR,
    )  # fmt: skip
    breaker, chance, now, charged, tries = Breaker(), random.Random(seed), 0.0, 0, 0
    while now < length:
        seconds = breaker.failed(f"m{tries}", policy, None, now, chance.random())
        charged += seconds is None
        tries += 1
        now = max(now + 0.01, breaker.paused_until)

    assert charged <= after - 1
    assert tries <= after + length / 2.5
    assert breaker.admits(0, now)


async def test_an_outage_costs_few_messages_an_attempt_and_none_two(folder):
    async with working(folder, failing(), **outage()) as bench:
        await bench.send(*(envelope(f"m{number}") for number in range(20)))
        await bench.runtime.until(lambda: len(bench.runtime.invoked) == 12)
        assert bench.sample("asya_actor_breaker_open") == 1
        assert len(bench.actor.runs) == 1
        bench.runtime.answer = echo
        passed_on = await bench.until_queued("b", 20)

        assert bench.queued("error-end") == []
        assert {each["id"] for each in passed_on} == {f"m{number}" for number in range(20)}
        assert bench.sample("asya_actor_breaker_open") == 0


async def test_what_fails_while_the_breaker_is_open_goes_back_at_no_cost(folder):
    async with working(folder, failing(), **outage(breaker=1, initialDelay="1h")) as bench:
        await bench.send(envelope("m1", status={"attempt": 2, "free_attempts": 3}))
        await bench.until_settled("m1")
        (again,) = bench.delayed("a")

        assert (again["status"]["attempt"], again["status"]["free_attempts"]) == (2, 4)
        assert again["status"]["phase"] == "retrying"


async def test_free_attempts_are_kept_over_those_that_count_and_left_behind_with_the_actor(folder):
    async with working(folder, failing(), **outage(breaker=0, initialDelay="1h")) as bench:
        await bench.send(envelope("m1", status={"attempt": 1, "free_attempts": 3}))
        await bench.until_settled("m1")
        assert bench.delayed("a")[0]["status"]["free_attempts"] == 3

        bench.runtime.answer = echo
        await bench.send(envelope("m2", status={"attempt": 1, "free_attempts": 3}))
        (passed_on,) = await bench.until_queued("b")
        assert "free_attempts" not in passed_on["status"]


async def test_copies_of_a_message_after_free_attempts_are_told_apart(folder):
    async with working(folder, silence, {"concurrency": 2}) as bench:
        await bench.send(envelope("m1"), envelope("m1", status={"attempt": 1, "free_attempts": 1}))
        await bench.runtime.until_invoked(2)

        assert len(bench.actor.runs) == 2


async def test_all_that_is_in_the_handler_when_the_breaker_opens_goes_back(folder):
    async with working(folder, silence, {"concurrency": 8}, **outage(breaker=1, initialDelay="1h")) as bench:
        await bench.send(*(envelope(f"m{number}") for number in range(8)))
        await bench.runtime.until_invoked(8)
        for request in range(1, 9):
            bench.runtime.error(request)
        await bench.until_settled(*(f"m{number}" for number in range(8)))

        assert [each["status"]["attempt"] for each in bench.delayed("a")] == [1] * 8
        assert bench.queued("error-end") == []


async def test_a_message_that_may_wait_no_longer_fails_and_the_next_one_tries(folder):
    old = {"actor_since": "2026-01-01T00:00:00Z"}
    async with working(folder, failing(), **outage(breaker=1)) as bench:
        await bench.send(envelope("m1", status=old), envelope("m2", status=old), envelope("m3", status=old))
        records = await bench.until_queued("error-end", 3)

        assert [each["id"] for each in records] == ["m1", "m2", "m3"]
        bench.runtime.answer = echo
        await bench.send(envelope("m4"))
        await bench.until_settled("m4")


async def test_what_can_not_pass_opens_no_breaker(folder):
    async with working(folder, failing(code="msg_parsing_error"), **outage(breaker=1)) as bench:
        await bench.send(envelope("m1"), envelope("m2"))
        await bench.until_queued("error-end", 2)

        assert bench.sample("asya_actor_breaker_open") == 0


async def test_what_waits_for_its_try_goes_back_when_the_pod_stops(folder):
    async with working(folder, failing(), **outage(breaker=1, initialDelay="1h")) as bench:
        await bench.send(envelope("m1"), envelope("m2"))
        await bench.until_settled("m1")
        await bench.ledger.until(lambda: len(bench.actor.runs) == 1)
        bench.actor.drain()
        await bench.consumer.stop()
        bench.actor.release_waiting()

        assert bench.ledger.all("released") == ["m2"]
        assert bench.actor.idle.is_set()
