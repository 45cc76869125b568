from asya_core.transports.base import Delivery
from asya_sidecar.window import Window


class Noted:
    def __init__(self):
        self.calls = []

    def resize(self, size):
        self.calls.append(size)

    def settle(self, delivery):
        self.calls.append(("settle", delivery))

    def release(self, delivery):
        self.calls.append(("release", delivery))


def attached():
    window, consumer = Window(), Noted()
    window.attach(consumer)
    return window, consumer


def sizes(*wanted):
    window, consumer = attached()
    for size in wanted:
        window.resize(size)
    return consumer.calls


def test_it_grows_at_once_so_that_held_messages_never_fill_it():
    assert sizes(1, 2, 50, 51, 52) == [1, 2, 50, 51, 52]


def test_it_shrinks_only_when_that_is_worth_saying():
    assert sizes(100, 99, 90, 81, 80, 79, 65, 64) == [100, 80, 64]


def test_a_small_one_shrinks_by_one():
    assert sizes(3, 2, 1) == [3, 2, 1]


def test_it_opens_and_closes_always():
    assert sizes(1, 0, 1, 200, 0) == [1, 0, 1, 200, 0]


def test_the_same_is_not_said_twice():
    assert sizes(0, 5, 5, 5) == [5]


def test_nothing_is_said_before_there_is_a_consumer_or_after_it_is_shut():
    window, consumer = Window(), Noted()
    window.resize(5)
    window.release([Delivery(b"", 1, "1", None)])
    window.attach(consumer)
    window.shut()
    window.resize(7)

    assert consumer.calls == []


def test_a_new_consumer_is_told_the_size_anew():
    window, first = attached()
    window.resize(5)
    second = Noted()
    window.attach(second)
    window.resize(5)

    assert (first.calls, second.calls) == ([5], [5])
