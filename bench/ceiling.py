"""`python -m bench.ceiling client|broker URL`: takes messages from `in`, publishes them to `out`, has no handler.

What remains when everything that an actor is for is left out: no hop to a handler, no envelope, no metrics, no lease,
no reconnecting. `client` reads each message and builds each frame, as the fastest client in Python does. `broker`
passes on the bytes of a message as they came, so that what is measured is the broker. Both publish persistent messages
with confirms and acknowledge what was confirmed, many at a time.
"""

from __future__ import annotations

import socket
import struct
import sys
from collections.abc import Callable, Sequence

from pamqp import commands

from asya_core.transports.rabbitmq import wire
from bench.amqp import CHANNEL, Client
from bench.systems.base import QUEUE_IN, QUEUE_OUT

PREFETCH = 200
CONSUME_OK = b"\0\x3c\0\x15"
_READ = 1 << 20
_FRAME = struct.Struct(">BHI")
_HEADER = struct.Struct(">BHIHHQ")
_TAG = struct.Struct(">QB")
_SIZE = struct.Struct(">Q")

Forward = Callable[[list[bytes]], bytes]
"""Makes of the frames of a message as it came, header first, those of the same message as it goes on."""


class Forwarder:
    """Takes bytes of one connection and returns those to send.

    The k-th delivery is the k-th publish, so delivery tags and publish tags are the same numbers.
    """

    def __init__(self, forward: Forward) -> None:
        self._forward = forward
        self._prefix = wire.publish_method(CHANNEL, b"", QUEUE_OUT.encode())
        self._held = b""
        self._frames: list[bytes] = []
        self._missing = -1
        self._below = 0
        self._above: set[int] = set()
        self._out: list[bytes] = []

    def feed(self, data: bytes) -> bytes:
        """Take what has come; return what is to be sent, acknowledgements last."""
        data = self._held + data if self._held else data
        position, end, before = 0, len(data), self._below
        while end - position >= wire.FRAME_OVERHEAD:
            kind, _, size = _FRAME.unpack_from(data, position)
            stop = position + wire.FRAME_OVERHEAD + size
            if stop > end:
                break
            self._take(kind, data[position:stop])
            position = stop
        self._held = data[position:]
        while self._below + 1 in self._above:
            self._below += 1
            self._above.discard(self._below)
        if self._below > before:
            self._out.append(wire.ack(CHANNEL, self._below, multiple=True))
        answer = b"".join(self._out)
        self._out.clear()
        return answer

    def _take(self, kind: int, frame: bytes) -> None:
        if kind == wire.BODY:
            self._frames.append(frame)
            self._missing -= len(frame) - wire.FRAME_OVERHEAD
            if self._missing == 0:
                self._out += (self._prefix, self._forward(self._frames))
                self._frames = []
        elif kind == wire.HEADER:
            self._frames = [frame]
            self._missing = _SIZE.unpack_from(frame, 11)[0]
        elif kind == wire.METHOD:
            self._confirm(frame)

    def _confirm(self, frame: bytes) -> None:
        if frame[7:11] == wire.ACK:
            tag, multiple = _TAG.unpack_from(frame, 11)
            if not multiple:
                self._above.add(tag)
            elif tag > self._below:
                self._below = tag
                self._above = {each for each in self._above if each > tag}
        elif frame[7:11] not in (wire.DELIVER, CONSUME_OK):
            raise RuntimeError(f"the server said {frame[:300]!r}")


def passed_on(frames: list[bytes]) -> bytes:
    """Return the frames as they came."""
    return b"".join(frames)


def built_anew(frames: list[bytes]) -> bytes:
    """Read properties and body, as a client that hands them to somebody, and build the frames from these."""
    bodies = [frame[7:-1] for frame in frames[1:]]
    properties, body = frames[0][19:-1], b"".join(bodies) if len(bodies) > 1 else bodies[0]
    most = max(len(each) for each in bodies)
    pieces = [body[start : start + most] for start in range(0, len(body), most)]
    header = _HEADER.pack(wire.HEADER, CHANNEL, 12 + len(properties), 60, 0, len(body))
    return b"%b%b\xce%b" % (header, properties, b"".join(wire.frame(wire.BODY, CHANNEL, piece) for piece in pieces))


FORWARDS: dict[str, Forward] = {"client": built_anew, "broker": passed_on}


def main(arguments: Sequence[str]) -> None:
    """Forward until the connection ends."""
    kind, url = arguments
    client = Client(url)
    client.call(commands.Basic.Qos(prefetch_count=PREFETCH), commands.Basic.QosOk)
    forwarder, link = Forwarder(FORWARDS[kind]), client.socket
    link.settimeout(None)
    link.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 22)
    # The answer is the forwarder's to read, for the first messages may come with it.
    client.send(commands.Basic.Consume(queue=QUEUE_IN, consumer_tag="c"))
    while data := link.recv(_READ):
        answer = forwarder.feed(data)
        if answer:
            link.sendall(answer)


if __name__ == "__main__":
    main(sys.argv[1:])
