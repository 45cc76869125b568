"""Every message that is published gets one answer, and nothing is kept of those that have theirs."""

import asyncio
import struct

import pytest

from asya_core.errors import QueueMissingError, TransportUnavailableError
from asya_core.transports.rabbitmq import queues, wire
from asya_core.transports.rabbitmq.channel import Closed
from asya_core.transports.rabbitmq.confirms import TICKS_TO_CONFIRM, ConfirmChannel
from asya_core.transports.rabbitmq.publisher import Publisher


class Link:
    """A link whose server says what a test says; also the one channel on it."""

    number = 1
    frame_max = 131_072
    blocked = ""
    why_closed = None

    def __init__(self):
        self.lost = asyncio.get_running_loop().create_future()
        self.sent = []
        self.user = None

    def open_channel(self, user=None):
        self.user = user
        return self

    def request(self, method):
        """Whatever is asked for stays unanswered."""

    def close(self):
        """Nobody minds."""

    def write_all(self, pieces):
        self.sent.append(pieces[1])

    def confirm(self, tag, *, multiple=False):
        self.user.confirmed(wire.ACK + struct.pack(">QB", tag, multiple))

    def give_back(self, number):
        """Return the message that was sent as the so-manieth."""
        properties = self.sent[number - 1][7 + 12 :]  # after the frame's header, class, weight and size
        self.user.content(b"", properties[: 4 + properties[3]], b"{}")


@pytest.fixture
async def link():
    return Link()


@pytest.fixture
async def channel(link):
    return ConfirmChannel(link, lambda _: None)


async def publish(channel, count=1):
    answers = [[] for _ in range(count)]
    for each in answers:
        channel.publish("", "q", b"{}", each.append, "q")
    return answers


async def test_a_message_that_came_back_is_told_from_those_that_did_not(link, channel):
    answers = await publish(channel, 3)
    link.give_back(2)
    link.confirm(3, multiple=True)

    assert [type(answer[0]) for answer in answers] == [type(None), QueueMissingError, type(None)]
    assert not channel._returned


async def test_nothing_is_kept_of_a_message_that_comes_back_after_it_was_reported_as_late(link, channel):
    (early, late) = await publish(channel, 2)
    link.give_back(1)
    for _ in range(TICKS_TO_CONFIRM + 1):
        channel.tick()
    link.give_back(2)
    link.confirm(2, multiple=True)

    assert [type(error) for error in early + late] == [TransportUnavailableError] * 2
    assert (len(channel), channel._returned) == (0, set())


async def test_a_return_of_anothers_message_is_nobodys(link, channel):
    (answer,) = await publish(channel)
    link.user.content(b"", wire.PERSISTENT_WITH_ID + b"\x02\x011", b"{}")
    link.confirm(1)
    assert answer == [None]


async def test_one_callback_that_fails_costs_the_others_nothing(channel):
    failures, answers = [], []
    asyncio.get_running_loop().set_exception_handler(lambda _loop, context: failures.append(context["exception"]))
    channel.publish("", "q", b"{}", lambda _: 1 // 0, "q")
    channel.publish("", "q", b"{}", answers.append, "q")
    channel.closed(Closed(0, "pulled"))
    await asyncio.sleep(0)
    assert [type(error) for error in answers] == [TransportUnavailableError]
    assert [type(error) for error in failures] == [ZeroDivisionError]


async def test_a_delayed_message_is_answered_whatever_goes_wrong_on_its_way(link, monkeypatch, caplog):
    async def fail(*_):
        raise RuntimeError("nobody foresaw this")

    monkeypatch.setattr(queues, "require", fail)
    publisher, answered = Publisher(), asyncio.get_running_loop().create_future()
    publisher.link_up(link)
    publisher.publish("q", b"{}", answered.set_result, 5.0, None)
    async with asyncio.timeout(5):
        error = await answered

    assert isinstance(error, TransportUnavailableError)
    assert "RuntimeError: nobody foresaw this" in str(error)
    assert "failed in a way that nobody foresaw" in caplog.text
