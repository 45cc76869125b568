import itertools

from hypothesis import given
from hypothesis import strategies as st

from asya_sidecar.prefetch import MOST_AHEAD, Prefetch


def after(prefetch, *seconds):
    for each in seconds:
        prefetch.succeeded(each)
    return prefetch.beside(0)


def test_it_starts_with_nothing_ahead():
    assert Prefetch(3).beside(0) == 3


def test_it_doubles_once_there_are_as_many_successes():
    prefetch = Prefetch(1)

    assert [after(prefetch, 0.001) for _ in range(9)] == [2, 3, 3, 5, 5, 5, 5, 9, 9]


def test_the_broker_hears_of_few_changes_on_the_way_to_the_top():
    prefetch = Prefetch(1)

    assert {after(prefetch, 0.0001) for _ in range(500)} == {2, 3, 5, 9, 17, 33, 65, 129, 257, 401}


@given(st.lists(st.floats(0.0004, 0.0012), min_size=300, max_size=600))
def test_calls_that_take_somewhat_longer_now_and_then_change_nothing(seconds):
    prefetch = Prefetch(1)
    sizes = [after(prefetch, each) for each in seconds]

    assert all(later >= earlier for earlier, later in itertools.pairwise(sizes))


def test_one_late_call_among_fast_ones_changes_nothing():
    prefetch = Prefetch(1)
    after(prefetch, *[0.0001] * 500)

    assert after(prefetch, 0.015) == 1 + MOST_AHEAD


def test_it_holds_up_to_a_tenth_of_a_second_of_work_and_no_less_than_half_of_that():
    assert after(Prefetch(1), *[0.01] * 500) == 1 + 8
    assert after(Prefetch(4), *[0.01] * 500) == 4 + 32


def test_handlers_over_a_second_get_nothing_ahead():
    assert after(Prefetch(2), *[1.01] * 50) == 2


def test_it_is_bounded_for_handlers_that_take_no_time():
    assert after(Prefetch(1), *[0.0] * 1000) == 1 + MOST_AHEAD


def test_a_handler_that_becomes_slow_shrinks_it():
    prefetch = Prefetch(1)
    after(prefetch, *[0.001] * 200)

    assert after(prefetch, *[5.0] * 20) == 1


def test_it_begins_again_after_a_crash():
    prefetch = Prefetch(2)
    after(prefetch, *[0.001] * 50)
    prefetch.failed()

    assert prefetch.beside(0) == 2


def test_a_fixed_number_stays_but_not_all_of_it_enters_the_runtime():
    prefetch = Prefetch(1, fixed=50)
    after(prefetch, *[5.0] * 10)

    assert (prefetch.beside(0), prefetch.inside) == (50, 1)


def test_a_fixed_number_is_never_below_a_batch():
    prefetch = Prefetch(8, fixed=3)
    prefetch.batch = 8

    assert prefetch.beside(0) == 8


def test_from_a_message_that_may_kill_the_pod_until_it_is_told_to_relax_a_single_message_is_held():
    for prefetch, most in ((Prefetch(4), 5), (Prefetch(4, fixed=50), 50)):
        after(prefetch, *[0.001] * 50)
        prefetch.be_wary()
        assert (prefetch.beside(0), prefetch.beside(7), prefetch.inside) == (1, 8, 4)
        assert after(prefetch, 0.001) == 1
        prefetch.relax()
        assert after(prefetch, 0.001) == most


@given(st.integers(1, 64), st.lists(st.floats(0, 1e6), max_size=60))
def test_it_is_never_below_the_concurrency_nor_far_above(concurrency, seconds):
    prefetch = Prefetch(concurrency)
    after(prefetch, *seconds)

    assert concurrency <= prefetch.beside(0) <= concurrency + min(MOST_AHEAD, len(seconds))
