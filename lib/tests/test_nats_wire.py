from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asya_core.transports.nats import wire

WORD = st.binary(min_size=1, max_size=20).filter(lambda word: not set(word) & set(b" \t\r\n\x0b\x0c\x00"))
BODY = st.binary(max_size=200)
MESSAGE = st.tuples(WORD, st.one_of(st.just(b""), WORD), st.one_of(st.just(b""), st.binary(min_size=1)), BODY)
CONTROL = st.sampled_from([b"PING", b"PONG", b"+OK", b'INFO {"a": 1}', b"-ERR 'Stale Connection'"])


def encoded(frame) -> bytes:
    if isinstance(frame, bytes):
        return frame + b"\r\n"
    subject, reply, header, body = frame
    middle = b" %b " % reply if reply else b" "
    if header:
        size = b"%d %d" % (len(header), len(header) + len(body))
        return b"HMSG %b 7%b%b\r\n%b%b\r\n" % (subject, middle, size, header, body)
    return b"MSG %b 7%b%d\r\n%b\r\n" % (subject, middle, len(body), body)


class Reader:
    """A parser that records what it calls back with."""

    def __init__(self) -> None:
        self.seen: list[object] = []
        self.parser = wire.Parser(lambda verb, rest: self.seen.append(b" ".join([verb, rest]).rstrip()))
        self.parser.routes[b"7"] = lambda *message: self.seen.append(message)


@given(st.lists(st.one_of(MESSAGE, CONTROL), max_size=8), st.data())
def test_frames_are_read_alike_wherever_the_network_split_them(frames, data):
    stream = b"".join(encoded(frame) for frame in frames)
    cuts = data.draw(st.lists(st.integers(0, len(stream)), max_size=12))
    reader = Reader()
    edges = [0, *sorted(cuts), len(stream)]
    for begin, end in pairwise(edges):
        reader.parser.feed(stream[begin:end])
    assert reader.seen == frames


@given(st.lists(st.binary(max_size=300), max_size=5))
def test_garbage_is_refused_or_ignored_but_nothing_else_happens(chunks):
    reader = Reader()
    try:
        for chunk in chunks:
            reader.parser.feed(chunk)
    except wire.WireError:
        return


@given(MESSAGE, st.integers(0, 60), st.integers(0, 255))
def test_a_damaged_message_is_refused_or_read_as_something(message, place, byte):
    damaged = bytearray(encoded(message))
    damaged[place % len(damaged)] = byte
    reader = Reader()
    try:
        reader.parser.feed(bytes(damaged))
    except wire.WireError:
        return


@pytest.mark.parametrize(
    "line",
    [
        b"MSG",
        b"MSG a 7",
        b"MSG a 7 b c 5",
        b"MSG a 7 x",
        b"MSG a 7 -1",
        b"MSG a 7 99999999999",
        b"HMSG a 7 5",
        b"HMSG a 7 9 5",
        b"HMSG a 7 -1 5",
    ],
)
def test_a_message_line_that_can_not_be_is_refused(line):
    with pytest.raises(wire.WireError):
        Reader().parser.feed(line + b"\r\n")


def test_a_line_without_end_is_refused_before_it_fills_the_memory():
    def flood():
        reader = Reader()
        for _ in range(100):
            reader.parser.feed(b"x" * 8192)

    with pytest.raises(wire.WireError, match="a line of more than"):
        flood()


def test_messages_of_ended_subscriptions_are_dropped():
    reader = Reader()
    del reader.parser.routes[b"7"]
    reader.parser.feed(b"MSG a 7 5\r\nhello\r\nPING\r\n")
    assert reader.seen == [b"PING"]


def test_a_header_block_is_built_and_read():
    block = wire.header_block({"Nats-Schedule": "@at 2030-01-01T00:00:00Z", "Nats-Schedule-Target": "q"})
    assert wire.read_status(block) == (
        0,
        "",
        {"Nats-Schedule": "@at 2030-01-01T00:00:00Z", "Nats-Schedule-Target": "q"},
    )


@pytest.mark.parametrize(
    ("block", "expected"),
    [
        (b"NATS/1.0 503\r\n\r\n", (503, "", {})),
        (b"NATS/1.0 100 Idle Heartbeat\r\nA: 1\r\n\r\n", (100, "Idle Heartbeat", {"A": "1"})),
        (b"NATS/1.0\r\nA:b:c\r\n\r\n", (0, "", {"A": "b:c"})),
        (b"\xff\xfe", (0, "", {})),
        (b"", (0, "", {})),
    ],
)
def test_a_status_is_read_from_a_header_block(block, expected):
    assert wire.read_status(block) == expected
