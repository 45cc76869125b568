import time

from hypothesis import given
from hypothesis import strategies as st

from asya_sidecar.blame import Ended, blame
from asya_sidecar.calls import Call, Calls

FOREVER = float("inf")
NOW = 1_000_000


def filled(concurrency, count):
    calls = Calls(concurrency)
    for request in range(1, count + 1):
        calls.add(Call(request, f"m{request}", FOREVER))
    return calls


def numbers(calls):
    return [call.request for call in calls]


def test_what_waits_is_all_but_the_oldest():
    calls = filled(2, 4)
    assert numbers(calls.not_begun()) == [3, 4]

    calls.finish(calls.find(2))
    assert numbers(calls.not_begun()) == [4]


def test_an_abandoned_call_holds_its_place_until_it_is_answered():
    calls = filled(2, 3)
    calls.abandon(calls.find(1))
    calls.abandon(calls.find(1))
    assert (calls.abandoned, calls.stuck, calls.oldest()) == (1, False, 2)

    calls.abandon(calls.find(2))
    assert (calls.abandoned, calls.stuck, calls.oldest()) == (2, True, 3)

    calls.finish(calls.find(1))
    assert (calls.abandoned, calls.stuck) == (1, False)


def test_nobody_waits_for_what_is_abandoned_before_it_began():
    calls = filled(1, 2)
    calls.abandon(calls.find(2))

    assert calls.not_begun() == []


def test_only_calls_that_somebody_waits_for_are_overdue_and_only_from_their_time_on():
    calls = filled(2, 1)
    now = time.monotonic()
    for request in (2, 3):
        calls.add(Call(request, f"m{request}", now))
    calls.abandon(calls.find(2))

    assert numbers(calls.overdue(now)) == [3]
    assert calls.overdue(now - 1) == []


def test_everything_is_taken_out_in_order_when_the_connection_is_lost():
    calls = filled(2, 3)
    calls.abandon(calls.find(2))

    assert numbers(calls.take_all()) == [1, 2, 3]
    assert (len(calls), calls.abandoned, calls.stuck, calls.oldest()) == (0, 0, False, None)


def verdict_of(calls, running, reason="crash", *, batched=False):
    return blame(calls.take_all(), Ended(reason, "it ended", NOW, running, batched))


def judge(calls, running, reason="crash", *, batched=False):
    verdict = verdict_of(calls, running, reason, batched=batched)
    return [who for who, _ in verdict.charged], verdict.suspected, verdict.innocent


def test_the_only_one_that_had_begun_is_charged():
    assert judge(filled(1, 3), {2: 0}) == (["m2"], [], ["m1", "m3"])


def test_what_a_charged_message_is_told_is_the_supervisors_sentence():
    ((_, fault),) = verdict_of(filled(1, 1), {1: 0}).charged
    assert (fault.code, fault.message) == ("crash_error", "the handler's process ended: it ended")

    ((_, fault),) = verdict_of(filled(1, 1), {1: NOW}, "timeout").charged
    assert (fault.code, fault.message, fault.type) == ("timeout_error", "it ended", "TimeoutError")


def test_of_several_that_had_begun_none_is_charged():
    assert judge(filled(2, 3), {1: 0, 2: 0}) == ([], ["m1", "m2"], ["m3"])


def test_nobody_is_charged_beside_a_call_that_nobody_waits_for():
    calls = filled(2, 2)
    calls.abandon(calls.find(1))

    assert judge(calls, {1: 0, 2: 0}) == ([], ["m2"], [])


def test_nobody_is_charged_beside_what_an_earlier_connection_left_running():
    assert judge(filled(2, 2), {1: 0, 99: 0}) == ([], ["m1"], ["m2"])


def test_an_abandoned_call_alone_charges_nobody():
    calls = filled(1, 2)
    calls.abandon(calls.find(1))

    assert judge(calls, {1: 0}) == ([], [], ["m2"])


def test_a_timeout_is_charged_to_everybody_past_the_deadline_and_to_nobody_else():
    running = {1: NOW + 1, 2: NOW, 3: 0, 4: NOW - 5}

    assert judge(filled(4, 5), running, "timeout") == (["m2", "m4"], [], ["m1", "m3", "m5"])


def test_a_timeout_of_a_batch_is_charged_to_none_before_each_has_run_alone():
    running = {1: NOW, 2: NOW, 3: NOW + 1}

    assert judge(filled(4, 4), running, "timeout", batched=True) == ([], ["m1", "m2"], ["m3", "m4"])
    assert judge(filled(4, 2), {1: NOW}, "timeout", batched=True) == (["m1"], [], ["m2"])


def test_an_acquitted_one_runs_again_before_the_others():
    verdict = verdict_of(filled(1, 2), {1: 0})
    verdict.acquit("crash_error")

    assert (verdict.charged, verdict.innocent) == ([], ["m1", "m2"])


@given(
    st.integers(0, 6),
    st.dictionaries(st.integers(1, 9), st.sampled_from([0, NOW - 1, NOW + 1])),
    st.sampled_from(["crash", "exit", "memory", "timeout", "closed"]),
    st.booleans(),
)
def test_everybody_is_judged_once_and_innocents_are_never_charged(count, running, reason, batched):
    charged, suspected, innocent = judge(filled(2, count), running, reason, batched=batched)

    assert sorted(charged + suspected + innocent) == [f"m{number}" for number in range(1, count + 1)]
    assert all(int(who[1:]) in running for who in charged + suspected)
    assert reason == "timeout" or len(charged) <= 1
