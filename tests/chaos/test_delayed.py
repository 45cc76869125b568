import pytest

from tests.chaos.delayed import count_delayed, total_of


def test_what_waits_in_the_ladder_is_counted_and_nothing_else():
    messages = {"asya.delay.0": 1, "asya.delay.20": 2, "asya.delay.gone": 4, "asya-plain": 8}
    assert total_of([{"name": name, "messages": count} for name, count in messages.items()]) == 3


def test_a_queue_that_is_not_counted_yet_is_not_taken_for_empty():
    with pytest.raises(KeyError):
        total_of([{"name": "asya.delay.0"}])


def test_a_broker_that_does_not_answer_says_nothing():
    assert count_delayed({"ASYA_RABBITMQ_MANAGEMENT_URL": "http://127.0.0.1:1"}) is None


def test_other_brokers_count_delayed_messages_with_their_queues():
    assert count_delayed({"ASYA_NATS_URL": "nats://127.0.0.1:1"}) == 0
