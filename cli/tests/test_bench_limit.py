"""What limits an actor, told from figures alone."""

from dataclasses import replace

import pytest

from asya_cli.bench.figures import next_count
from asya_cli.bench.limit import AHEAD_SECONDS, MOST_AHEAD, Setting, find_limit
from asya_cli.bench.outcome import Outcome, as_json, middle
from asya_cli.bench.reading import Reading, Sample, between
from asya_sidecar import prefetch

AT_EASE = Sample(
    rate=1000.0,
    inside=100e-6,
    in_hand=10.0,
    cpu={"runtime": 50e-6, "sidecar": 60e-6, "broker": 90e-6},
    idle=0.5,
)
PLAIN = Setting(concurrency=1, batch=1, prefetch=None, has_orjson=False)
CODEC = 20e-6


def limit_of(setting=PLAIN, codec=CODEC, cpu=None, **figures):
    return find_limit(replace(AT_EASE, cpu={**AT_EASE.cpu, **(cpu or {})}, **figures), codec, setting)


def test_a_handler_that_computes_all_the_time_is_the_limit():
    found = limit_of(inside=950e-6, cpu={"runtime": 940e-6})
    assert found.name == "handler"
    assert found.because == "it is at work 95% of the time, 950 µs a message, and it computes"


def test_a_handler_that_computes_on_a_busy_machine_is_not_told_to_wait_for_more_calls():
    found = limit_of(inside=950e-6, cpu={"runtime": 600e-6}, idle=0.0)
    assert found.because.endswith("and it computes")


def test_threads_that_share_one_interpreter_are_the_limit_though_their_calls_seem_few():
    threads = replace(PLAIN, concurrency=4)
    assert limit_of(threads, rate=170.0, inside=10e-3, cpu={"runtime": 5.25e-3, "sidecar": 1e-4}).name == "handler"


def test_a_handler_that_waits_is_told_from_one_that_computes():
    found = limit_of(rate=10.0, inside=98e-3, cpu={"runtime": 980e-6})
    assert found.name == "handler"
    assert found.because.endswith("98% of the time, 98 ms a message, of which it computes 1% and waits for the rest")
    assert found.remedy.startswith("more calls at a time than the 1 of concurrency")
    assert "4 s a message" in limit_of(rate=0.25, inside=4.0, cpu={"runtime": 1e-3}).because


@pytest.mark.parametrize(("has_orjson", "remedy"), [(False, "orjson in the handler's image"), (True, "smaller payl")])
def test_json_is_the_limit_where_most_of_a_call_goes_into_it(has_orjson, remedy):
    found = limit_of(replace(PLAIN, has_orjson=has_orjson), inside=730e-6, codec=600e-6)
    assert found.name == "codec"
    assert found.because.startswith("82% of a call's time")
    assert found.remedy.startswith(remedy)


def test_a_batch_is_one_call_and_its_json_is_that_of_all_its_messages():
    full = Setting(concurrency=1, batch=32, prefetch=None, has_orjson=False)
    at_ease = {"sidecar": 10e-6, "runtime": 20e-6}
    assert limit_of(full, rate=32_000.0, inside=950e-6, codec=2e-6, cpu=at_ease).name == "handler"
    assert limit_of(full, rate=32_000.0, inside=950e-6, codec=20e-6, cpu=at_ease).name == "codec"


@pytest.mark.parametrize(("prefetch", "limit"), [(1, "prefetch"), (4, "prefetch"), (201, "broker"), (None, "broker")])
def test_prefetch_is_the_limit_where_it_is_far_below_what_keeps_the_handler_at_work(prefetch, limit):
    assert limit_of(replace(PLAIN, prefetch=prefetch)).name == limit


def test_what_prefetch_auto_holds_is_the_sidecars_word():
    assert (AHEAD_SECONDS, MOST_AHEAD) == (prefetch.AHEAD_SECONDS, prefetch.MOST_AHEAD)


def test_the_sidecar_is_the_limit_where_it_has_a_whole_processor():
    assert limit_of(rate=9000.0, inside=10e-6, cpu={"sidecar": 110e-6}).name == "sidecar"


def test_the_machine_is_the_limit_where_nothing_of_it_is_left():
    assert limit_of(idle=0.02).name == "machine"


def test_else_it_is_the_broker_that_everything_waits_for():
    assert limit_of().name == "broker"


def test_a_round_is_what_lies_between_two_readings():
    first = Reading(10.0, {"success": 5}, 1.0, 2.0, {"runtime": 1.0}, 100.0)
    last = Reading(12.0, {"success": 100, "empty_response": 5}, 1.5, 22.0, {"runtime": 1.2}, 100.0)
    found = between(first, last)
    assert (found.rate, found.inside, found.in_hand, found.idle) == (50.0, 0.005, 10.0, 0.0)
    assert found.cpu == pytest.approx({"runtime": 0.002})


def test_what_a_program_reads_is_the_medians_and_the_limit():
    rounds = [replace(AT_EASE, rate=rate) for rate in (900.0, 1000.0, 2000.0)]
    found = as_json(Outcome("a", "nats", 17, PLAIN, rounds, [replace(AT_EASE, inside=CODEC)]))
    assert (found["rate"], found["rate_min"], found["rate_max"], found["rounds"]) == (1000.0, 900.0, 2000.0, 3)
    assert found["cpu_us"] == {"runtime": 50.0, "sidecar": 60.0, "broker": 90.0}
    assert (found["handler_us"], found["empty_handler"]["handler_us"], found["limit"]) == (100.0, 20.0, "broker")
    assert middle(rounds).rate == 1000.0


def test_a_round_has_as_many_messages_as_last_for_its_seconds_within_bounds():
    assert [next_count(rate, 2.0, least=10, most=1000) for rate in (1.0, 100.0, 10_000.0)] == [10, 200, 1000]
