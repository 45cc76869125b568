from hypothesis import given
from hypothesis import strategies as st

from asya_sidecar.watch import LATE_SECONDS, Watch

SECOND = 1_000_000_000


def looks(watch, *, seconds, running=None, oldest=7, start=1000):
    """Look once a second for so many seconds; return after how many something was found, or None."""
    for passed in range(seconds):
        if watch.look(start + passed, running or {}, oldest):
            return passed
    return None


def test_a_request_that_should_have_been_ended_long_ago_is_found():
    deadline = 1000 * SECOND

    assert Watch(60, 1).look(1000 + LATE_SECONDS - 1, {7: deadline}, 7) is None
    assert "a handler runs past its timeout" in Watch(60, 1).look(1000 + LATE_SECONDS, {7: deadline}, 7)


def test_a_request_without_a_deadline_may_run_for_ever():
    assert looks(Watch(5, 1), seconds=10_000, running={7: 0}) is None


def test_a_request_that_is_not_begun_though_there_is_a_place_is_found():
    assert looks(Watch(60, 2), seconds=1000, running={6: 0}) == 60 + LATE_SECONDS + 1


def test_a_request_may_wait_for_a_place_for_ever():
    assert looks(Watch(5, 1), seconds=10_000, running={6: 0}) is None


def test_nothing_is_missed_where_nothing_is_outstanding():
    assert looks(Watch(5, 1), seconds=10_000, oldest=None) is None


def test_each_answer_gives_the_next_request_its_own_time():
    watch = Watch(5, 1)
    assert all(looks(watch, seconds=14, oldest=oldest, start=1000 + 14 * oldest) is None for oldest in range(10))


def test_a_pause_of_our_own_counts_for_nobody():
    watch = Watch(5, 1)
    watch.look(1000, {}, 7)

    assert watch.look(5000, {}, 7) is None


@given(st.floats(0.1, 1000), st.integers(1, 8), st.dictionaries(st.integers(1, 99), st.just(0)), st.integers(1, 99))
def test_no_first_look_finds_anything_but_an_old_deadline(timeout, places, running, oldest):
    assert Watch(timeout, places).look(1e6, running, oldest) is None
