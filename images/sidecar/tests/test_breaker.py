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


def test_failures_cost_what_they_always_do_until_there_are_as_many_in_a_row():
    breaker = Breaker()

    assert [breaker.failed(STEADY, None, now, 0.0) for now in range(3)] == [None, None, 10]
    assert breaker.is_open


def test_a_success_between_them_begins_the_count_anew():
    breaker = Breaker()
    for now in range(20):
        assert breaker.failed(STEADY, None, now, 0.0) is None
        if now % 2:
            assert not breaker.succeeded()

    assert not breaker.is_open


def test_a_policy_without_a_breaker_opens_none():
    breaker = Breaker()

    assert {breaker.failed(Policy(), None, now, 0.0) for now in range(100)} == {None}
    assert breaker.admits(50, 0.0)


def test_while_it_is_open_one_enters_at_a_time_once_the_pause_is_over():
    breaker = Breaker()
    breaker.failed(GROWING, None, 100.0, 0.0)

    assert not breaker.admits(0, 109.9)
    assert breaker.admits(0, 110.0)
    assert not breaker.admits(1, 110.0)


def test_pauses_grow_with_each_failed_try_up_to_the_longest():
    breaker, now, pauses = Breaker(), 0.0, []
    for _ in range(5):
        pauses.append(breaker.failed(GROWING, None, now, 0.0))
        now += pauses[-1]

    assert pauses == [10, 20, 40, 60, 60]


def test_who_was_in_the_handler_when_it_opened_makes_no_pause_longer():
    breaker = Breaker()

    assert [breaker.failed(GROWING, None, now, 0.0) for now in (0.0, 1.0, 2.0)] == [10, 9, 8]


def test_what_a_service_asks_for_is_waited_for_whoever_was_told():
    breaker = Breaker()
    breaker.failed(GROWING, None, 0.0, 0.0)

    assert breaker.failed(GROWING, 30.0, 1.0, 0.0) == 30.0
    assert not breaker.admits(0, 30.9)
    assert breaker.admits(0, 31.0)


def test_a_success_opens_the_actor_at_once():
    breaker = Breaker()
    breaker.failed(GROWING, None, 0.0, 0.0)

    assert breaker.succeeded()
    assert breaker.admits(7, 0.0)
    assert breaker.failed(STEADY, None, 1.0, 0.0) is None


@given(
    st.floats(60, 3000), st.integers(1, 20), st.sampled_from(["constant", "exponential"]), st.integers(0), st.booleans()
)
def test_an_outage_of_any_length_costs_as_few_tries_as_there_are_pauses(length, after, backoff, seed, jitter):
    policy = Policy(breaker=after, backoff=backoff, initial_delay=5, max_interval=60, jitter=jitter, max_duration=9999)
    breaker, chance, now, charged, tries = Breaker(), random.Random(seed), 0.0, 0, 0
    while now < length:
        seconds = breaker.failed(policy, None, now, chance.random())
        charged += seconds is None
        tries += 1
        now += seconds or 0.01

    assert charged <= after - 1
    assert tries <= after + length / 2.5
    assert breaker.admits(0, now)


async def test_an_outage_costs_few_messages_an_attempt_and_none_two(folder):
    async with working(folder, failing(), **outage()) as bench:
        await bench.send(*(envelope(f"m{number}") for number in range(20)))
        await bench.runtime.until(lambda: len(bench.runtime.invoked) == 8)
        assert bench.sample("asya_actor_breaker_open") == 1
        assert len(bench.actor.runs) == 1
        bench.runtime.answer = echo
        await bench.until_settled(*(f"m{number}" for number in range(20)))
        passed_on = await bench.until_queued("b", 20)

        assert bench.queued("error-end") == []
        assert bench.sample("asya_actor_messages_processed_total", queue="a", status="retried") == 2
        assert sorted({each["id"] for each in passed_on}) == sorted(f"m{number}" for number in range(20))
        assert bench.sample("asya_actor_breaker_open") == 0


async def test_what_is_in_the_handler_when_the_breaker_opens_waits_and_tries_one_by_one(folder):
    async with working(folder, silence, {"concurrency": 8}, **outage(breaker=1)) as bench:
        await bench.send(*(envelope(f"m{number}") for number in range(8)))
        await bench.runtime.until_invoked(8)
        bench.runtime.answer = failing()
        for request in range(1, 9):
            bench.runtime.error(request)
        await bench.runtime.until(lambda: len(bench.runtime.invoked) == 12)
        assert len(bench.actor.runs) == 8
        bench.runtime.answer = echo
        await bench.until_settled(*(f"m{number}" for number in range(8)))

        assert bench.sample("asya_actor_messages_processed_total", queue="a", status="success") == 8
        assert len(bench.queued("b")) == 8


async def test_a_message_that_waited_for_longer_than_it_may_fails(folder):
    async with working(folder, failing(), **outage(breaker=1, maxDuration="100ms")) as bench:
        await bench.send(envelope("m1"))
        (record,) = await bench.until_queued("error-end")

        assert record["id"] == "m1"
        assert record["status"].get("attempt", 1) == 1
        assert len(bench.runtime.invoked) > 1


async def test_what_can_not_pass_opens_no_breaker(folder):
    async with working(folder, failing(code="msg_parsing_error"), **outage(breaker=1)) as bench:
        await bench.send(envelope("m1"), envelope("m2"))
        await bench.until_queued("error-end", 2)

        assert bench.sample("asya_actor_breaker_open") == 0


async def test_what_waits_for_the_end_of_an_outage_goes_back_when_the_pod_stops(folder):
    async with working(folder, failing(), {"concurrency": 2}, **outage(breaker=1, initialDelay="1h")) as bench:
        await bench.send(envelope("m1"))
        await bench.ledger.until(lambda: bench.ledger.all("resized")[-2:] == [2, 1])
        bench.actor.drain()
        await bench.consumer.stop()
        bench.actor.release_waiting()

        assert bench.ledger.all("released") == ["m1"]
        assert bench.actor.idle.is_set()
