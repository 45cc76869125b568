"""How many rounds there is time for."""

import time

from bench.effort import Effort


def test_without_a_limit_all_rounds_are_run():
    assert list(Effort(3, 1.0).numbers()) == [1, 2, 3]


def test_no_round_begins_when_the_time_is_up_but_the_first():
    assert list(Effort(5, 1.0, until=time.monotonic() - 1).numbers()) == [1]


def test_the_time_that_is_left_is_divided_among_the_parts_to_come():
    until = time.monotonic() + 1000
    effort = Effort(5, 1.0, until=until)
    assert effort.share(0, 2).until < until - 400
    assert abs(effort.share(1, 2).until - until) < 1
    assert Effort(5, 1.0).share(0, 2).until is None
