from hypothesis import given
from hypothesis import strategies as st

from asya_sidecar.prefetch import MOST_AHEAD, Prefetch


def after(prefetch, *seconds):
    for each in seconds:
        prefetch.succeeded(each)
    return prefetch.size


def test_it_starts_with_nothing_ahead():
    assert Prefetch(3).size == 3


def test_it_grows_by_one_with_each_success():
    prefetch = Prefetch(1)

    assert [after(prefetch, 0.001) for _ in range(4)] == [2, 3, 4, 5]


def test_it_holds_about_a_tenth_of_a_second_of_work():
    assert after(Prefetch(1), *[0.01] * 500) == 1 + 10
    assert after(Prefetch(4), *[0.01] * 500) == 4 + 40


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

    assert prefetch.size == 2


def test_a_fixed_number_stays_but_not_all_of_it_enters_the_runtime():
    prefetch = Prefetch(1, fixed=50)
    after(prefetch, *[5.0] * 10)

    assert (prefetch.size, prefetch.inside) == (50, 1)


def test_a_fixed_number_is_never_below_a_batch():
    prefetch = Prefetch(8, fixed=3)
    prefetch.batch = 8

    assert prefetch.size == 8


def test_from_a_message_that_comes_again_until_a_new_ones_success_nothing_is_held_ahead():
    for prefetch, most in ((Prefetch(2), 3), (Prefetch(2, fixed=50), 50)):
        after(prefetch, *[0.001] * 50)
        prefetch.came_again(2)
        assert prefetch.size == 2
        prefetch.succeeded(0.001, 2)
        assert prefetch.size == 2
        prefetch.succeeded(0.001, 1)
        assert prefetch.size == most


def test_from_one_that_comes_for_the_third_time_until_a_new_ones_success_a_single_message_is_held():
    prefetch = Prefetch(4)
    after(prefetch, *[0.001] * 50)
    prefetch.came_again(3)
    prefetch.came_again(2)

    assert (prefetch.size, prefetch.beside(7), prefetch.inside) == (1, 1, 4)
    assert after(prefetch, 0.001) == 5


@given(st.integers(1, 64), st.lists(st.floats(0, 1e6), max_size=60))
def test_it_is_never_below_the_concurrency_nor_far_above(concurrency, seconds):
    prefetch = Prefetch(concurrency)
    after(prefetch, *seconds)

    assert concurrency <= prefetch.size <= concurrency + min(MOST_AHEAD, len(seconds))
