import random
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pamqp import body, commands, frame, header

from asya_core.transports.rabbitmq import methods, wire

FRAME_MAX = 4096


class Heard:
    """What a parser called back with."""

    def __init__(self):
        self.methods = []
        self.contents = []
        self.parser = wire.Parser(
            lambda *heard: self.methods.append(heard), lambda *heard: self.contents.append(heard), FRAME_MAX
        )


def delivered(channel, tag, text, message_id="m-1", *, is_again=False):
    """Return the bytes that a server sends for one delivery, built by pamqp."""
    properties = commands.Basic.Properties(delivery_mode=2, message_id=message_id)
    pieces = [text[each : each + FRAME_MAX - 8] for each in range(0, len(text), FRAME_MAX - 8)]
    frames = [
        commands.Basic.Deliver("consumer", tag, is_again, "", "queue"),
        header.ContentHeader(0, len(text), properties),
        *map(body.ContentBody, pieces),
    ]
    return b"".join(frame.marshal(each, channel) for each in frames)


def pieces_of(data, cuts):
    ends = sorted({0, len(data), *(cut % (len(data) + 1) for cut in cuts)})
    return [data[start:end] for start, end in pairwise(ends)]


@given(
    st.lists(st.binary(max_size=10_000), min_size=1, max_size=4),
    st.lists(st.integers(min_value=0), max_size=30),
)
def test_messages_are_read_whole_however_the_network_cuts_them(bodies, cuts):
    stream = b"".join(delivered(3, tag, text) + wire.HEARTBEAT for tag, text in enumerate(bodies, 1))
    heard = Heard()
    for piece in pieces_of(stream, cuts):
        heard.parser.feed(piece)
    read = [(channel, wire.read_deliver(method)[0], text) for channel, method, _, text in heard.contents]
    assert read == [(3, tag, text) for tag, text in enumerate(bodies, 1)]


@given(st.lists(st.binary(max_size=9_000), min_size=2, max_size=2))
def test_messages_of_two_channels_may_come_interleaved(bodies):
    streams = [split_frames(delivered(channel, 1, text)) for channel, text in enumerate(bodies, 1)]
    heard = Heard()
    while any(streams):
        for stream in streams:
            if stream:
                heard.parser.feed(stream.pop(0))
    assert sorted((channel, text) for channel, _, _, text in heard.contents) == list(enumerate(bodies, 1))


def split_frames(data):
    frames = []
    while data:
        size = 8 + int.from_bytes(data[3:7], "big")
        frames.append(data[:size])
        data = data[size:]
    return frames


@pytest.mark.parametrize("is_again", [True, False])
def test_a_delivery_tells_its_number_and_whether_it_comes_again(is_again):
    heard = Heard()
    heard.parser.feed(delivered(1, 2**40, b"", is_again=is_again))
    assert wire.read_deliver(heard.contents[0][1]) == (2**40, is_again)


def test_bytes_one_by_one_make_the_same_messages():
    heard = Heard()
    for each in delivered(1, 7, b"x" * 5000):
        heard.parser.feed(bytes((each,)))
    assert [text for _, _, _, text in heard.contents] == [b"x" * 5000]


@given(st.binary(max_size=300))
def test_garbage_is_a_wire_error_or_nothing(data):
    feed_quietly(Heard(), data)


@given(st.integers(min_value=0, max_value=2**32), st.binary(min_size=1, max_size=20))
def test_a_damaged_stream_is_a_wire_error_or_nothing(seed, noise):
    chance = random.Random(seed)
    stream = bytearray(delivered(1, 1, b"abc") + delivered(1, 2, b""))
    at = chance.randrange(len(stream))
    stream[at : at + len(noise)] = noise
    heard = Heard()
    feed_quietly(heard, bytes(stream))
    for _, payload in heard.methods:
        read_quietly(methods.decode, payload)
    for _, method, properties, text in heard.contents:
        read_quietly(wire.read_deliver, method)
        read_quietly(methods.read_properties, properties, text)


@given(st.binary(max_size=60))
def test_methods_and_properties_of_garbage_are_a_wire_error_or_something(data):
    read_quietly(methods.decode, data)
    read_quietly(methods.read_properties, data, b"")
    read_quietly(wire.read_deliver, data)
    read_quietly(wire.read_confirmation, data)


def feed_quietly(heard, data):
    read_quietly(heard.parser.feed, data)


def read_quietly(read, *arguments):
    """Let nothing but a WireError out."""
    try:
        return read(*arguments)
    except wire.WireError as error:
        return error


@pytest.mark.parametrize(
    ("stream", "sentence"),
    [
        (b"\x01\0\x01\x7f\xff\xff\xff\0", "announced a frame of 2147483647 bytes"),
        (b"\x08\0\0\0\0\0\0\xcd", "without its end mark"),
        (b"\x09\0\0\0\0\0\0\xce", "unknown type 9"),
        (wire.frame(wire.BODY, 1, b"abc"), "belongs to no message"),
        (wire.frame(wire.HEADER, 1, bytes(14)), "header without a message"),
        (wire.frame(wire.METHOD, 1, wire.DELIVER) * 2, "two messages at once"),
        (wire.frame(wire.METHOD, 1, wire.DELIVER) + wire.frame(wire.METHOD, 1, wire.ACK), "in the middle of a message"),
        (wire.frame(wire.METHOD, 1, wire.DELIVER) + wire.frame(wire.HEADER, 1, b"\0\x3c"), "too short"),
        (
            wire.frame(wire.METHOD, 1, wire.DELIVER) + wire.frame(wire.HEADER, 1, b"\0\x3c\0\0" + b"\x7f" * 8),
            "announced a message of",
        ),
    ],
)
def test_what_is_no_amqp_is_refused_with_a_sentence(stream, sentence):
    with pytest.raises(wire.WireError, match=sentence):
        Heard().parser.feed(stream)


@given(st.binary(max_size=10_000), st.integers(min_value=20, max_value=5000))
def test_what_is_published_is_what_pamqp_reads(text, frame_max):
    data = wire.publish_method(5, b"exchange", b"key") + b"".join(wire.content(5, b"m-17", text, frame_max))
    read = []
    while data:
        size, channel, found = frame.unmarshal(data)
        assert channel == 5
        read.append(found)
        data = data[size:]
    publish, head, *bodies = read
    assert (publish.exchange, publish.routing_key, publish.mandatory) == ("exchange", "key", True)
    assert (head.body_size, head.properties.delivery_mode, head.properties.message_id) == (len(text), 2, "m-17")
    assert b"".join(each.value for each in bodies) == text
    assert all(len(each.value) <= frame_max - 8 for each in bodies)


@pytest.mark.parametrize("multiple", [True, False])
def test_acknowledgements_are_what_pamqp_reads(multiple):
    _, channel, found = frame.unmarshal(wire.ack(9, 2**40, multiple=multiple))
    assert (channel, found.name, found.delivery_tag, found.multiple) == (9, "Basic.Ack", 2**40, multiple)
    _, channel, found = frame.unmarshal(wire.requeue(9, 3))
    assert (channel, found.name, found.delivery_tag, found.requeue) == (9, "Basic.Reject", 3, True)


def properties_of(**fields):
    return header.ContentHeader(0, 0, commands.Basic.Properties(**fields)).marshal()[12:]


def test_our_own_properties_are_read_without_pamqp_and_alike():
    assert methods.read_properties(properties_of(delivery_mode=2, message_id="m-1"), b"") == ("m-1", 0)


def test_the_count_of_earlier_deliveries_is_read_from_the_header():
    properties = properties_of(delivery_mode=2, message_id="m-1", headers={"x-delivery-count": 4, "other": "x"})
    assert methods.read_properties(properties, b"") == ("m-1", 4)


def test_a_message_without_an_id_is_named_by_its_body():
    first, second = (methods.read_properties(properties_of(), text)[0] for text in (b"1", b"2"))
    assert first != second
    assert methods.read_properties(properties_of(headers={"x-delivery-count": "?"}), b"1") == (first, 0)
