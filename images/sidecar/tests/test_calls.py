import time

from asya_sidecar.blame import blame
from asya_sidecar.calls import Call, Calls

FOREVER = float("inf")


def filled(concurrency, count):
    calls = Calls(concurrency)
    for request in range(1, count + 1):
        calls.add(Call(request, f"m{request}", 60.0, FOREVER))
    return calls


def begun(calls):
    return [call.request for call in calls._calls.values() if call.has_begun]


def test_as_many_begin_as_the_runtime_runs_at_once_in_the_order_they_came():
    calls = filled(2, 4)
    assert begun(calls) == [1, 2]

    calls.finish(calls.find(2))
    assert begun(calls) == [1, 3]


def test_what_never_began_leaves_no_place_behind():
    calls = filled(1, 3)
    calls.finish(calls.find(2))
    calls.finish(calls.find(1))

    assert begun(calls) == [3]


def test_an_abandoned_call_holds_its_place_until_it_is_answered():
    calls = filled(2, 3)
    calls.abandon(calls.find(1))
    calls.abandon(calls.find(1))
    assert (calls.abandoned, calls.stuck) == (1, False)

    calls.abandon(calls.find(2))
    assert (calls.abandoned, calls.stuck) == (2, True)

    calls.finish(calls.find(1))
    assert (calls.abandoned, calls.stuck) == (1, False)
    assert begun(calls) == [2, 3]


def test_a_call_abandoned_before_it_began_counts_once_it_begins():
    calls = filled(1, 2)
    calls.abandon(calls.find(2))
    assert (calls.abandoned, calls.not_begun()) == (0, [])

    calls.finish(calls.find(1))
    assert (calls.abandoned, calls.stuck) == (1, True)


def test_only_calls_that_somebody_waits_for_are_overdue():
    calls = filled(2, 3)
    for request in (1, 2):
        calls.find(request).started -= 61
    calls.abandon(calls.find(1))

    assert [call.request for call in calls.overdue()] == [2]


def test_a_call_is_overdue_at_its_deadline_also_before_it_began():
    calls = filled(1, 1)
    calls.add(Call(2, "m2", 60.0, time.monotonic()))

    assert [call.request for call in calls.overdue()] == [2]


def test_a_time_in_which_nothing_was_read_does_not_count():
    calls = filled(1, 1)
    calls.find(1).started -= 61
    calls.forgive(30)

    assert calls.overdue() == []


def test_everything_is_taken_out_in_order_when_the_connection_is_lost():
    calls = filled(2, 3)
    calls.abandon(calls.find(2))

    assert [call.request for call in calls.take_all()] == [1, 2, 3]
    assert (len(calls), calls.abandoned, calls.stuck) == (0, 0, False)


def judge(calls, reason="closed"):
    verdict = blame(calls._calls.values(), reason, "it ended", time.monotonic())
    return [who for who, _ in verdict.charged], verdict.suspected, verdict.innocent


def test_the_only_one_that_had_begun_is_charged():
    assert judge(filled(1, 3)) == (["m1"], [], ["m2", "m3"])


def test_of_several_that_had_begun_none_is_charged():
    assert judge(filled(2, 3)) == ([], ["m1", "m2"], ["m3"])


def test_nobody_is_charged_beside_a_call_that_nobody_waits_for():
    calls = filled(2, 2)
    calls.abandon(calls.find(1))

    assert judge(calls) == ([], ["m2"], [])


def test_an_abandoned_call_alone_charges_nobody():
    calls = filled(1, 2)
    calls.abandon(calls.find(1))

    assert judge(calls) == ([], [], ["m2"])


def test_a_timeout_is_charged_to_who_took_too_long():
    calls = filled(3, 4)
    calls.find(2).started -= 60

    assert judge(calls, "timeout") == (["m2"], [], ["m1", "m3", "m4"])


def test_a_timeout_that_was_reported_already_is_charged_to_nobody_else():
    calls = filled(2, 3)
    calls.finish(calls.find(1))

    assert judge(calls, "timeout") == ([], [], ["m2", "m3"])


def test_an_acquitted_one_runs_again_before_the_others():
    verdict = blame(filled(1, 2)._calls.values(), "closed", "it ended", time.monotonic())
    verdict.acquit("crash_error")

    assert (verdict.charged, verdict.innocent) == ([], ["m1", "m2"])
