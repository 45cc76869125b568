

from __future__ import annotations

import struct

VERSION = 1

HELLO, INVOKE, ITEM, END, ERROR, CANCEL, DRAIN, PING, PONG = range(1, 10)

FROM_SIDECAR = frozenset({INVOKE, CANCEL, DRAIN, PING, PONG})

DEFAULT_LIMIT = 16 * 1024 * 1024


Frame = tuple[int, int, bytes]

_HEADER = struct.Struct(">IBQ")
_LENGTH = struct.Struct(">I")
_INVOKE = struct.Struct(">II")
_END = struct.Struct(">Q")
_FIXED = 9
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
    ...


def encode(kind: int, request: int, body: bytes = b"") -> bytes:

    return _HEADER.pack(_FIXED + len(body), kind, request) + body


def header(kind: int, request: int, size: int) -> bytes:

    return _HEADER.pack(_FIXED + size, kind, request)


def parse_invoke(body: bytes) -> tuple[int, bytes, bytes]:

    timeout_ms, size = _INVOKE.unpack_from(body)
    end = _INVOKE.size + size
    if end > len(body):
        raise FrameError(f"INVOKE says that its meta has {size} bytes, but only {len(body) - _INVOKE.size} follow")
    return timeout_ms, body[_INVOKE.size : end], body[end:]


def end_body(microseconds: int) -> bytes:

    return _END.pack(microseconds)


class Decoder:






    def __init__(self, allowed: frozenset[int], limit: int = DEFAULT_LIMIT) -> None:
        self._allowed = allowed
        self._limit = limit
        self._rest = bytearray()
        self._need = 0
        self.error: FrameError | None = None

    def feed(self, data: bytes) -> list[Frame]:





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
