"""Payloads, envelopes and messages that are sent many times."""

import json
import re

import pytest

from asya_core.envelope import decode
from asya_core.limits import Limits
from asya_core.transports.rabbitmq import wire
from bench.amqp import CHANNEL, Message, content
from bench.ceiling import CONSUME_OK, Forwarder, built_anew, passed_on
from bench.payloads import encode, payload
from bench.systems.asya import envelopes
from bench.systems.base import numbered


@pytest.mark.parametrize("size", [400, 1024, 65536, 1048576])
def test_a_payload_has_exactly_its_size(size):
    assert len(encode(payload(size))) == size


def test_a_payload_is_the_same_in_every_run():
    assert payload(1024) == payload(1024)
    assert payload(1024)["customer"] == "Jörg Müller"


def test_every_envelope_has_an_id_of_its_own_and_its_whole_route():
    sent = list(envelopes(["work", "sink"], 1024, 3))
    read = [decode(each.body, Limits()) for each in sent]
    assert len({each.id for each in read}) == 3
    assert all(each.route.actors == ["work", "sink"] for each in read)
    assert all(each.id.encode() in message.properties for each, message in zip(read, sent, strict=True))


@pytest.mark.parametrize("name", ["0b54b9c2-6f0e-4f0c-9a55-0d2a6f2f8f5e", "0b54b9c26f0e4f0c9a550d2a6f2f8f5e"])
def test_copies_differ_in_their_id_alone_wherever_it_stands(name):
    template = Message(b"id=" + name.encode(), json.dumps({"root": name, "id": name}).encode())
    first, second = numbered(template, name, 2)
    assert first != second
    assert [len(first.properties), len(first.body)] == [len(template.properties), len(template.body)]
    values = set(json.loads(first.body).values())
    assert len(values) == 1
    assert first.properties == b"id=" + values.pop().encode()
    assert re.sub(rb"[0-9a-f]", b"", first.body) == re.sub(rb"[0-9a-f]", b"", template.body)


def delivered(tag, message, frame_max):
    method = wire.DELIVER + b"\x01c" + tag.to_bytes(8, "big") + b"\0\0\x02in"
    return wire.frame(wire.METHOD, CHANNEL, method) + content(message, frame_max)


@pytest.mark.parametrize("forward", [built_anew, passed_on])
@pytest.mark.parametrize("split", [1, 7, 1000, 10**9])
def test_the_ceiling_passes_messages_on_byte_for_byte(forward, split):
    messages = [Message(b"\x10\x00\x02", bytes([number]) * 5000) for number in range(3)]
    stream = b"".join(delivered(tag, each, 4096) for tag, each in enumerate(messages, start=1))
    forwarder = Forwarder(forward)
    sent = b"".join(forwarder.feed(stream[start : start + split]) for start in range(0, len(stream), split))
    prefix = wire.publish_method(CHANNEL, b"", b"out")
    assert sent == b"".join(prefix + content(each, 4096) for each in messages)


def test_the_ceiling_acknowledges_what_is_confirmed_up_to_the_first_gap():
    forwarder = Forwarder(passed_on)
    assert forwarder.feed(wire.ack(CHANNEL, 2, multiple=False)) == b""
    assert forwarder.feed(wire.ack(CHANNEL, 1, multiple=False)) == wire.ack(CHANNEL, 2, multiple=True)
    assert forwarder.feed(wire.ack(CHANNEL, 7, multiple=True)) == wire.ack(CHANNEL, 7, multiple=True)


def test_the_ceiling_goes_on_when_its_subscription_is_confirmed():
    assert Forwarder(passed_on).feed(wire.frame(wire.METHOD, CHANNEL, CONSUME_OK + b"\x01c")) == b""


def test_the_ceiling_stops_when_the_server_says_something_else():
    closing = wire.frame(wire.METHOD, CHANNEL, b"\0\x14\0\x28 gone")
    with pytest.raises(RuntimeError, match="gone"):
        Forwarder(passed_on).feed(closing)
