import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asya_core.transports.rabbitmq import ladder


def matches(pattern, key):
    """Tell whether a topic exchange would route `key` over a binding with `pattern`."""
    words = [{"*": r"[^.]*", "#": r".*"}.get(word, re.escape(word)) for word in pattern.split(".")]
    return re.fullmatch(r"\.".join(words), key) is not None


def wait(queue, delay):
    """Follow a message down the ladder; return the milliseconds that it waits and whether it reaches its queue."""
    exchange, key = ladder.entry_and_key(queue, delay)
    level, total = int(exchange.rpartition(".")[2]), 0
    while level >= 0:
        stays, passes = (matches(pattern, key) for pattern in ladder.patterns(level))
        assert stays != passes
        if stays:
            total += ladder.queue_arguments(level)["x-message-ttl"]
        level -= 1
    return total, matches(ladder.ready_pattern(queue), key)


@given(st.floats(min_value=0.001, max_value=ladder.MAX_DELAY_SECONDS))
def test_every_delay_is_reached_and_exceeded_by_half_a_second_at_most(delay):
    waited, arrives = wait("asya-x", delay)
    assert delay <= waited / 1000 <= delay + ladder.STEP_SECONDS + 0.001
    assert arrives


@given(st.sampled_from(["asya-x", "x", "a_b-C9", "x" * 128]), st.floats(min_value=0.1, max_value=1e5))
def test_a_message_reaches_no_other_queue(queue, delay):
    _, key = ladder.entry_and_key(queue, delay)
    assert matches(ladder.ready_pattern(queue), key)
    assert not matches(ladder.ready_pattern("asya-y"), key)
    assert len(key) <= 255


def test_a_longer_delay_becomes_the_longest():
    assert ladder.entry_and_key("q", 1e12) == ladder.entry_and_key("q", ladder.MAX_DELAY_SECONDS)
    assert ladder.MAX_DELAY_SECONDS > 12 * 24 * 3600


@pytest.mark.parametrize(("level", "below"), [(0, ladder.READY_EXCHANGE), (1, "asya.delay.0"), (20, "asya.delay.19")])
def test_each_level_hands_on_to_the_next_lower_one_and_the_lowest_to_the_queues(level, below):
    assert ladder.queue_arguments(level)["x-dead-letter-exchange"] == below
