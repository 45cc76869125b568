"""A small blocking AMQP client for the harness: it fills queues fast, counts, and takes single messages.

Frames are cut and built by the transport's own `wire`, and everything that is not sent once per message by pamqp.
"""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import unquote, urlsplit

from pamqp import commands

from asya_core.transports.rabbitmq import methods, wire

_Method = TypeVar("_Method")

CHANNEL = 1
TIMEOUT = 60.0
_READ = 1 << 18
_WINDOW = 2000
"""Messages that wait for their confirmation at a time, at most."""
_CHUNK = 1 << 18
QUORUM: dict[str, Any] = {"x-queue-type": "quorum"}


@dataclass(frozen=True, slots=True)
class Message:
    """A message as bytes: its property flags and properties as AMQP writes them, and its body."""

    properties: bytes
    body: bytes


class AmqpError(Exception):
    """The server closed the connection or the channel; the text is its own."""


class Client:
    """One connection with one channel in confirm mode. `url` is amqp://user:password@host:port/vhost."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self.url = url
        self._said: list[Any] = []
        self._contents: list[Message] = []
        self._parser = wire.Parser(self._on_method, self._on_content, 1 << 20)
        self.socket = socket.create_connection((parts.hostname or "127.0.0.1", parts.port or 5672), TIMEOUT)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._confirmed = _Confirmed()
        self._sent = 0
        self._enter(unquote(parts.username or "guest"), unquote(parts.password or "guest"), unquote(parts.path[1:]))

    def declare(self, queue: str) -> None:
        """Make a durable quorum queue."""
        self.call(commands.Queue.Declare(queue=queue, durable=True, arguments=QUORUM), commands.Queue.DeclareOk)

    def delete(self, queue: str) -> None:
        """Remove a queue with all that is in it."""
        self.call(commands.Queue.Delete(queue=queue), commands.Queue.DeleteOk)

    def depth(self, queue: str) -> int:
        """Return how many messages are ready in a queue."""
        found = self.call(commands.Queue.Declare(queue=queue, passive=True), commands.Queue.DeclareOk)
        return int(found.message_count or 0)

    def purge(self, queue: str) -> None:
        """Throw away what is ready in a queue."""
        self.call(commands.Queue.Purge(queue=queue), commands.Queue.PurgeOk)

    def get(self, queue: str) -> Message | None:
        """Take one message out of a queue."""
        self.send(commands.Basic.Get(queue=queue, no_ack=True))
        while not self._contents:
            if any(isinstance(each, commands.Basic.GetEmpty) for each in self._said):
                self._said.clear()
                return None
            self._read()
        return self._contents.pop()

    def fill(self, queue: str, messages: Iterable[Message]) -> int:
        """Publish, and return how many once the server has confirmed them all."""
        prefix = wire.publish_method(CHANNEL, b"", queue.encode())
        pieces: list[bytes] = []
        before, size = self._sent, 0
        for each in messages:
            pieces += (prefix, content(each, self.frame_max))
            size += len(each.body)
            self._sent += 1
            if size > _CHUNK:
                self._flush(pieces)
                size = 0
            while self._sent - self._confirmed.count > _WINDOW:
                self._flush(pieces)
                self._read()
        self._flush(pieces)
        while self._confirmed.count < self._sent:
            self._read()
        return self._sent - before

    def call(self, method: Any, answer: type[_Method]) -> _Method:
        """Send a method and return its answer."""
        self.send(method)
        return self.expect(answer)

    def expect(self, answer: type[_Method]) -> _Method:
        """Return the next method of that kind. Raises AmqpError when the server closes instead."""
        while True:
            for each in self._said:
                if isinstance(each, answer):
                    self._said.remove(each)
                    return each
            self._read()

    def drop(self) -> None:
        """Throw away what the server has said, confirmations that nobody waits for."""
        self.socket.recv(_READ)

    def close(self) -> None:
        """Hang up."""
        self.socket.close()

    def _enter(self, user: str, password: str, vhost: str) -> None:
        self.socket.sendall(wire.PROTOCOL_HEADER)
        self.expect(commands.Connection.Start)
        self.send(commands.Connection.StartOk({}, "PLAIN", f"\0{user}\0{password}", "en_US"), 0)
        tune = self.expect(commands.Connection.Tune)
        self.frame_max = int(tune.frame_max or 1 << 17)
        self.send(commands.Connection.TuneOk(tune.channel_max, self.frame_max, 0), 0)  # 0: no heartbeats
        self.send(commands.Connection.Open(vhost or "/"), 0)
        self.expect(commands.Connection.OpenOk)
        self.call(commands.Channel.Open(), commands.Channel.OpenOk)
        self.call(commands.Confirm.Select(), commands.Confirm.SelectOk)

    def send(self, method: Any, channel: int = CHANNEL) -> None:
        """Send a method without waiting for an answer."""
        self.socket.sendall(methods.encode(channel, method))

    def _flush(self, pieces: list[bytes]) -> None:
        self.socket.sendall(b"".join(pieces))
        pieces.clear()

    def _read(self) -> None:
        data = self.socket.recv(_READ)
        if not data:
            raise AmqpError("the server hung up")
        self._parser.feed(data)

    def _on_method(self, _channel: int, payload: bytes) -> None:
        if payload[:4] == wire.ACK:
            self._confirmed.note(*wire.read_confirmation(payload))
            return
        method = methods.decode(payload)
        if isinstance(method, commands.Connection.Close | commands.Channel.Close):
            raise AmqpError(str(method.reply_text))
        self._said.append(method)

    def _on_content(self, _channel: int, method: bytes, properties: bytes, body: bytes) -> None:
        if method[:4] == wire.RETURN:
            raise AmqpError("a message was returned: there is no such queue")
        self._contents.append(Message(properties, body))


class _Confirmed:
    """How many of our messages the server has confirmed, whatever the order in which it says so."""

    def __init__(self) -> None:
        self._below = 0
        self._above: set[int] = set()

    @property
    def count(self) -> int:
        return self._below + len(self._above)

    def note(self, tag: int, multiple: bool) -> None:
        if multiple:
            self._below = max(self._below, tag)
            self._above = {each for each in self._above if each > tag}
        elif tag > self._below:
            self._above.add(tag)


def content(message: Message, frame_max: int) -> bytes:
    """Build header and body frames, the body in pieces where it is larger than a frame."""
    size, most = len(message.body), frame_max - wire.FRAME_OVERHEAD
    header = struct.pack(">HHQ", 60, 0, size) + message.properties
    pieces = [message.body[start : start + most] for start in range(0, size, most)]
    return b"".join(
        (wire.frame(wire.HEADER, CHANNEL, header), *(wire.frame(wire.BODY, CHANNEL, piece) for piece in pieces))
    )
