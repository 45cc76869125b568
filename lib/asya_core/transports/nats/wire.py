"""The protocol between NATS clients and servers as bytes: read what a server sends, build what a client sends. No I/O.

Source: "NATS Client Protocol" in the documents of NATS (docs.nats.io, reference). It is written here by hand because a
message costs 5 microseconds so and 22 with nats-py, whose import alone takes 0.1 seconds and 7 MB.
"""

from __future__ import annotations

from collections.abc import Callable

from asya_core.errors import AsyaError

MAX_LINE_BYTES = 256 * 1024
MAX_MESSAGE_BYTES = 65 * 1024 * 1024
"""A server's `max_payload` is at most 64 MiB."""

OnMessage = Callable[[bytes, bytes, bytes, bytes], None]
"""Called with subject, reply subject, header block and body; what is absent is empty."""

OnControl = Callable[[bytes, bytes], None]
"""Called with the verb and the rest of a line that is no message."""

PING = b"PING\r\n"
PONG = b"PONG\r\n"


class WireError(AsyaError):
    """The server sent what is no NATS protocol; the connection can't be used any more."""


class Parser:
    """Cuts the bytes of one connection into messages and control lines, wherever the network split them."""

    def __init__(self, on_control: OnControl) -> None:
        self.routes: dict[bytes, OnMessage] = {}
        self._on_control = on_control
        self._held: list[bytes] = []
        self._missing = 0

    def feed(self, data: bytes) -> None:
        """Take the next bytes and call back for everything that is complete. Raises WireError."""
        if self._held:
            self._held.append(data)
            self._missing -= len(data)
            if self._missing > 0:
                return
            data = b"".join(self._held)
            self._held.clear()
        done = self._read_frames(data)
        if done < len(data):
            self._held.append(data[done:])

    def _read_frames(self, data: bytes) -> int:
        """Read all whole frames, note how many bytes the next one lacks at least, return where it begins."""
        position, end = 0, len(data)
        while position < end:
            line_end = data.find(b"\r\n", position, position + MAX_LINE_BYTES)
            if line_end < 0:
                if end - position >= MAX_LINE_BYTES:
                    raise WireError(f"the server sent a line of more than {MAX_LINE_BYTES} bytes")
                self._missing = 1
                return position
            verb, _, rest = data[position:line_end].partition(b" ")
            start = line_end + 2
            if verb in (b"MSG", b"HMSG"):
                subject, sid, reply, header_size, size = _message_line(rest, has_header=verb == b"HMSG")
                stop = start + size
                if stop + 2 > end:
                    self._missing = stop + 2 - end
                    return position
                position = stop + 2
                route = self.routes.get(sid)
                if route is not None:
                    body = start + header_size
                    route(subject, reply, data[start:body], data[body:stop])
            else:
                position = start
                self._on_control(verb, rest)
        return position


def _message_line(rest: bytes, *, has_header: bool) -> tuple[bytes, bytes, bytes, int, int]:
    """Split `<subject> <sid> [reply] [header bytes] <bytes>`. Raises WireError."""
    fields = rest.split()
    try:
        size = int(fields.pop())
        header_size = int(fields.pop()) if has_header else 0
        subject, sid, *more = fields
    except (IndexError, ValueError) as error:
        raise WireError(f"the server sent a malformed message line: {rest[:200]!r}") from error
    if len(more) > 1 or not 0 <= header_size <= size <= MAX_MESSAGE_BYTES:
        raise WireError(f"the server sent a message line that can't be: {rest[:200]!r}")
    return subject, sid, more[0] if more else b"", header_size, size


def publish(subject: bytes, reply: bytes, body: bytes) -> bytes:
    """Build a message without a header."""
    return b"PUB %b %b %d\r\n%b\r\n" % (subject, reply, len(body), body)


def publish_with_header(subject: bytes, reply: bytes, header: bytes, body: bytes) -> bytes:
    """Build a message with a block made by `header_block`."""
    size = len(header)
    return b"HPUB %b %b %d %d\r\n%b%b\r\n" % (subject, reply, size, size + len(body), header, body)


def subscribe(subject: bytes, sid: bytes) -> bytes:
    """Build the wish to get what is sent to a subject, under the number `sid`."""
    return b"SUB %b %b\r\n" % (subject, sid)


def unsubscribe(sid: bytes) -> bytes:
    """Build the end of a subscription."""
    return b"UNSUB %b\r\n" % sid


def header_block(fields: dict[str, str]) -> bytes:
    """Build a header block from fields whose values have no line breaks."""
    lines = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    return f"NATS/1.0\r\n{lines}\r\n".encode()


def read_status(header: bytes) -> tuple[int, str, dict[str, str]]:
    """Split a header block into its status (0 if it has none), the status' text and its fields."""
    first, *lines = header.decode("utf-8", "replace").split("\r\n")
    _, _, status = first.partition(" ")
    code, _, text = status.strip().partition(" ")
    pairs = (line.partition(":") for line in lines if ":" in line)
    return int(code) if code.isdigit() else 0, text.strip(), {name.strip(): value.strip() for name, _, value in pairs}
