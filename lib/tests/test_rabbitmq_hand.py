"""Acknowledgements go out in an order that RabbitMQ accepts, and in few frames."""

import asyncio
import struct

from hypothesis import given
from hypothesis import strategies as st

from asya_core.transports.rabbitmq import wire
from asya_core.transports.rabbitmq.hand import Hand

PROPERTIES = wire.PERSISTENT_WITH_ID + b"\x02\x01m"


class Server:
    """What RabbitMQ knows of a channel: which deliveries are unanswered. A tag that is not among them ends it."""

    number = 1
    why_closed = None

    def __init__(self):
        self.link = self
        self.unanswered = set()
        self.given_back = []
        self.frames = 0

    def write(self, frame):
        _, _, _, _, method, tag, flag = struct.unpack(">BHIHHQB", frame[:-1])
        assert tag in self.unanswered, f"PRECONDITION_FAILED - unknown delivery tag {tag}"
        self.frames += 1
        if method == 90:
            self.given_back.append(tag)
            self.unanswered.remove(tag)
        else:
            self.unanswered = {each for each in self.unanswered if each > tag} if flag else self.unanswered - {tag}


def deliver(server, hand, tag):
    server.unanswered.add(tag)
    return hand.take(tag, PROPERTIES, b"{}", 1)


# What happens, one thing after another: a delivery, an answer to one of those in hand, or a turn of the event loop.
HAPPENINGS = st.lists(st.one_of(st.just("deliver"), st.just("turn"), st.tuples(st.booleans(), st.integers(0, 10**6))))


@given(HAPPENINGS)
def test_any_order_of_answers_is_one_that_the_server_takes(happenings):
    async def run():
        server = Server()
        hand, in_hand, released, last = Hand(server), [], [], 0
        for each in happenings:
            if each == "deliver":
                last += 1
                in_hand.append(deliver(server, hand, last).token[1])
            elif each == "turn":
                await asyncio.sleep(0)
            elif in_hand:
                is_done, index = each
                tag = in_hand.pop(index % len(in_hand))
                if is_done:
                    hand.settle(tag)
                else:
                    released.append(tag)
                    hand.release(tag)
        hand.flush()
        assert server.unanswered == set(in_hand)
        assert server.given_back == released

    asyncio.run(run())


async def test_all_that_is_settled_in_one_turn_is_one_frame():
    server = Server()
    hand = Hand(server)
    for tag in range(1, 101):
        deliver(server, hand, tag)
    for tag in range(100, 0, -1):
        hand.settle(tag)
    assert server.frames == 0
    await asyncio.sleep(0)
    assert (server.frames, server.unanswered) == (1, set())


async def test_what_is_settled_behind_one_still_in_work_is_acknowledged_singly():
    server = Server()
    hand = Hand(server)
    for tag in range(1, 7):
        deliver(server, hand, tag)
    for tag in (1, 2, 4, 6):
        hand.settle(tag)
    await asyncio.sleep(0)
    assert (server.frames, server.unanswered) == (3, {3, 5})
