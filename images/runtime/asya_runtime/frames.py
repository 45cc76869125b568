"""Frames between sidecar and runtime: pure bytes in, bytes out. The rules stand in `docs/reference/protocol.md`."""

from __future__ import annotations

import struct

VERSION = 1

HELLO, INVOKE, ITEM, END, ERROR, CANCEL, DRAIN, PING, PONG = range(1, 10)

FROM_SIDECAR = frozenset({INVOKE, CANCEL, DRAIN, PING, PONG})

DEFAULT_LIMIT = 16 * 1024 * 1024

# One frame: kind, request, body. A plain tuple, since one is made for every message.
Frame = tuple[int, int, bytes]

_HEADER = struct.Struct(">IBQ")
_LENGTH = struct.Struct(">I")
_INVOKE = struct.Struct(">II")
_END = struct.Struct(">Q")
_FIXED = 9  # what length counts besides the body: kind and request
_ANY = 1 << 32

NAMES: dict[int, str] = {
    HELLO: "HELLO",
    INVOKE: "INVOKE",
    ITEM: "ITEM",
    END: "END",
    ERROR: "ERROR",
    CANCEL: "CANCEL",
    DRAIN: "DRAIN",
    PING: "PING",
    PONG: "PONG",
}

# For each kind: does it belong to a request, and the fewest and most bytes that its body may have.
_RULES: dict[int, tuple[bool, int, int]] = {
    HELLO: (False, 2, _ANY),
    INVOKE: (True, 8, _ANY),
    ITEM: (True, 1, _ANY),
    END: (True, 8, 8),
    ERROR: (True, 2, _ANY),
    CANCEL: (True, 0, 0),
    DRAIN: (False, 0, 0),
    PING: (False, 0, _ANY),
    PONG: (False, 0, _ANY),
}


class FrameError(ValueError):
    """The peer broke the protocol; the connection can't be used any further."""


def encode(kind: int, request: int, body: bytes = b"") -> bytes:
    """Return one frame as bytes."""
    return _HEADER.pack(_FIXED + len(body), kind, request) + body


def header(kind: int, request: int, size: int) -> bytes:
    """Return what stands before a body of `size` bytes, so that a large body is not copied once more."""
    return _HEADER.pack(_FIXED + size, kind, request)


def parse_invoke(body: bytes) -> tuple[int, bytes, bytes]:
    """Return timeout in milliseconds, meta and payload of an INVOKE; raise FrameError where meta overruns the body."""
    timeout_ms, size = _INVOKE.unpack_from(body)
    end = _INVOKE.size + size
    if end > len(body):
        raise FrameError(f"INVOKE says that its meta has {size} bytes, but only {len(body) - _INVOKE.size} follow")
    return timeout_ms, body[_INVOKE.size : end], body[end:]


def end_body(microseconds: int) -> bytes:
    """Return the body of an END: the time that the handler took."""
    return _END.pack(microseconds)


class Decoder:
    """Cuts a stream of bytes into frames, and keeps at most one incomplete frame between two calls.

    `allowed` holds the kinds that this side may be sent, `limit` the most bytes that a body may have. Length, kind and
    request are judged as soon as they are there, before their body is kept.
    """

    def __init__(self, allowed: frozenset[int], limit: int = DEFAULT_LIMIT) -> None:
        self._allowed = allowed
        self._limit = limit
        self._rest = bytearray()
        self._need = 0
        self.error: FrameError | None = None

    def feed(self, data: bytes) -> list[Frame]:
        """Return the frames that `data` completes, in order.

        After a violation the frames before it are returned, `error` says what was seen, and every later call returns
        nothing: log it and close the connection.
        """
        if self.error is not None:
            return []
        if self._rest:
            self._rest += data
            if len(self._rest) < self._need:
                return []
            data = bytes(self._rest)
        frames: list[Frame] = []
        try:
            position = self._cut(data, frames)
        except FrameError as error:
            self.error = error
            position = len(data)
        self._rest = bytearray(data[position:])
        return frames

    def _cut(self, data: bytes, frames: list[Frame]) -> int:
        """Append every complete frame of `data`; return where the incomplete one begins."""
        position, size = 0, len(data)
        while size - position >= _HEADER.size:
            length, kind, request = _HEADER.unpack_from(data, position)
            self._judge(length, kind, request)
            end = position + _LENGTH.size + length
            if end > size:
                self._need = end - position
                return position
            frames.append((kind, request, data[position + _HEADER.size : end]))
            position = end
        self._need = _LENGTH.size
        if size - position >= _LENGTH.size:
            self._need = _HEADER.size
            self._judge_length(_LENGTH.unpack_from(data, position)[0])
        return position

    def _judge_length(self, length: int) -> None:
        if length < _FIXED:
            raise FrameError(f"a frame says that its length is {length}; the least is {_FIXED}")
        if length - _FIXED > self._limit:
            raise FrameError(f"a frame has a body of {length - _FIXED} bytes; the limit is {self._limit}")

    def _judge(self, length: int, kind: int, request: int) -> None:
        self._judge_length(length)
        if kind not in self._allowed:
            raise FrameError(f"a frame of kind {kind} ({NAMES.get(kind, 'unknown')}) may not come from this peer")
        of_request, least, most = _RULES[kind]
        if of_request != (request != 0):
            raise FrameError(f"{NAMES[kind]} came with request {request}")
        if not least <= length - _FIXED <= most:
            raise FrameError(f"{NAMES[kind]} came with a body of {length - _FIXED} bytes")
