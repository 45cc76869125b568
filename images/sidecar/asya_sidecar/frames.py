"""The frames between sidecar and runtime, as bytes; `docs/reference/protocol.md` is normative.

The runtime has a codec of its own, because it may not depend on anything of ours. Golden bytes hold both to the page.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from enum import IntEnum

from asya_core.errors import AsyaError

_HEADER = struct.Struct(">IBQ")
_LENGTH = struct.Struct(">I")
_INVOKE = struct.Struct(">II")
_END = struct.Struct(">Q")
_FIXED = _HEADER.size - _LENGTH.size
_ANY = 1 << 32
_LONGEST_TIMEOUT = (1 << 32) - 1


class Kind(IntEnum):
    """What a frame says."""

    HELLO = 1
    INVOKE = 2
    ITEM = 3
    END = 4
    ERROR = 5
    CANCEL = 6
    DRAIN = 7
    PING = 8
    PONG = 9


_RULES: dict[int, tuple[Kind, bool, int, int]] = {
    kind: (kind, has_request, least, most)
    for kind, has_request, least, most in (
        (Kind.HELLO, False, 2, _ANY),
        (Kind.ITEM, True, 1, _ANY),
        (Kind.END, True, _END.size, _END.size),
        (Kind.ERROR, True, 2, _ANY),
        (Kind.DRAIN, False, 0, 0),
        (Kind.PING, False, 0, _ANY),
        (Kind.PONG, False, 0, _ANY),
    )
}
"""What the runtime may send: whether it belongs to a request, and the fewest and most bytes of its body."""


class ProtocolError(AsyaError):
    """The peer sent what the protocol does not allow; the connection can't go on."""


def encode_frame(kind: Kind, request: int = 0, body: bytes = b"") -> bytes:
    """Return one whole frame."""
    return _HEADER.pack(_FIXED + len(body), kind, request) + body


def encode_invoke(request: int, timeout: float, meta: bytes, payload: bytes | memoryview) -> list[bytes | memoryview]:
    """Return an INVOKE frame in pieces, so that the payload is not copied here. `timeout` in seconds, 0 for none."""
    milliseconds = min(max(int(timeout * 1000), 1), _LONGEST_TIMEOUT) if timeout > 0 else 0
    length = _FIXED + invoke_size(meta, payload)
    return [_HEADER.pack(length, Kind.INVOKE, request) + _INVOKE.pack(milliseconds, len(meta)) + meta, payload]


def invoke_size(meta: bytes, payload: bytes | memoryview) -> int:
    """Return how many bytes an INVOKE's body has, which is what the runtime's limit is about."""
    return _INVOKE.size + len(meta) + len(payload)


def decode_end(body: bytes) -> float:
    """Return the seconds that the handler took, from an END frame's body."""
    microseconds: int = _END.unpack(body)[0]
    return microseconds / 1e6


class FrameReader:
    """Cuts the bytes that a runtime sends into frames. `limit` is the most bytes that a body may have."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._held: list[bytes] = []
        self._size = 0
        self._wanted = _HEADER.size

    def feed(self, data: bytes) -> Iterator[tuple[Kind, int, bytes]]:
        """Yield `(kind, request, body)` of every frame that is complete now.

        Raises ProtocolError at the first frame that the protocol does not allow, as soon as its header shows it.
        """
        if self._held:
            self._held.append(data)
            self._size += len(data)
            if self._size < self._wanted:
                if self._size < _HEADER.size:
                    self._check_length(b"".join(self._held), 0)
                return
            data = b"".join(self._held)
            self._held.clear()
        start, end = 0, len(data)
        self._wanted = _HEADER.size
        while end - start >= _HEADER.size:
            length, number, request = _HEADER.unpack_from(data, start)
            kind = self._checked(length - _FIXED, number, request)
            stop = start + _LENGTH.size + length
            if stop > end:
                self._wanted = stop - start
                break
            yield kind, request, data[start + _HEADER.size : stop]
            start = stop
        self._check_length(data, start)
        if start < end:
            self._held.append(data[start:])
            self._size = end - start

    def _checked(self, size: int, number: int, request: int) -> Kind:
        if not 0 <= size <= self._limit:
            self._check_size(size)
        try:
            kind, has_request, least, most = _RULES[number]
        except KeyError:
            raise ProtocolError(f"the runtime sent a frame of kind {number}, which it may not send") from None
        if has_request != (request > 0):
            raise ProtocolError(f"the runtime sent {kind.name} {'without a' if has_request else 'with a'} request")
        if not least <= size <= most:
            raise ProtocolError(f"the runtime sent {kind.name} with {size} bytes of body")
        return kind

    def _check_length(self, data: bytes, start: int) -> None:
        """Judge an announced length before anything that it announces is kept."""
        if len(data) - start >= _LENGTH.size:
            self._check_size(_LENGTH.unpack_from(data, start)[0] - _FIXED)

    def _check_size(self, size: int) -> None:
        if not 0 <= size <= self._limit:
            raise ProtocolError(f"the runtime announced a body of {size} bytes; 0 to {self._limit} are allowed")
