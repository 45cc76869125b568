import pytest

from tests.chaos.delayed import count_delayed, total_of


def queue(name, messages, due):
    return {"name": name, "messages": messages, "messages_dlx": due}


def test_what_waits_in_the_ladder_is_counted_and_what_is_due_too():
    queues = [queue("asya.delay.0", 1, 2), queue("asya.delay.20", 4, 0), queue("asya-plain", 8, 0)]
    assert total_of([*queues, {"name": "asya.delay.gone", "messages": 16}]) == 7


def test_a_queue_that_is_not_counted_yet_is_not_taken_for_empty():
    with pytest.raises(KeyError):
        total_of([{"name": "asya.delay.0"}])


def test_a_broker_that_does_not_answer_says_nothing():
    assert count_delayed({"ASYA_RABBITMQ_MANAGEMENT_URL": "http://127.0.0.1:1"}) is None


def test_other_brokers_count_delayed_messages_with_their_queues():
    assert count_delayed({"ASYA_NATS_URL": "nats://127.0.0.1:1"}) == 0
