"""The frames between sidecar and runtime, as bytes; `docs/reference/protocol.md` is normative.

The runtime has a codec of its own, because it may not depend on anything of ours. Golden bytes hold both to the page.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from enum import IntEnum

from asya_core.errors import AsyaError

_HEADER = struct.Struct(">IBQ")
_INVOKE = struct.Struct(">II")
_END = struct.Struct(">Q")
_AFTER_LENGTH = _HEADER.size - 4


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
    WORKER = 10


_KINDS = {int(kind): kind for kind in Kind}


class ProtocolError(AsyaError):
    """The peer sent what the protocol does not allow; the connection can't go on."""


def encode_frame(kind: Kind, request: int = 0, body: bytes = b"") -> bytes:
    """Return one whole frame."""
    return _HEADER.pack(_AFTER_LENGTH + len(body), kind, request) + body


def encode_invoke(request: int, timeout: float, meta: bytes, payload: bytes | memoryview) -> list[bytes | memoryview]:
    """Return an INVOKE frame in pieces, so that the payload is not copied here. `timeout` in seconds, 0 for none."""
    length = _AFTER_LENGTH + _INVOKE.size + len(meta) + len(payload)
    head = _HEADER.pack(length, Kind.INVOKE, request) + _INVOKE.pack(min(int(timeout * 1000), 0xFFFFFFFF), len(meta))
    return [head + meta, payload]


def decode_end(body: bytes) -> float:
    """Return the seconds that the handler took, from an END frame's body."""
    if len(body) != _END.size:
        raise ProtocolError(f"an END frame has {len(body)} bytes of body instead of {_END.size}")
    microseconds: int = _END.unpack(body)[0]
    return microseconds / 1e6


class FrameReader:
    """Cuts a stream of bytes into frames. `limit` is the most bytes that a body may have."""

    def __init__(self, limit: int) -> None:
        self._longest = limit + _AFTER_LENGTH
        self._rest = bytearray()

    def feed(self, data: bytes) -> Iterator[tuple[Kind, int, bytes]]:
        """Yield `(kind, request, body)` of every frame that is complete now.

        Raises ProtocolError at the first frame with an impossible length or an unknown kind.
        """
        if self._rest:
            self._rest += data
            if len(self._rest) < self._wanted(self._rest, 0):
                return
            data = bytes(self._rest)
            self._rest.clear()
        start, end = 0, len(data)
        while end - start >= _HEADER.size:
            stop = start + self._wanted(data, start)
            if stop > end:
                break
            _, kind, request = _HEADER.unpack_from(data, start)
            yield self._known(kind), request, data[start + _HEADER.size : stop]
            start = stop
        self._rest += data[start:]

    def _wanted(self, data: bytes | bytearray, start: int) -> int:
        """Return how many bytes the frame at `start` has, checked before any are waited for."""
        if len(data) - start < _HEADER.size:
            return _HEADER.size
        length = int.from_bytes(data[start : start + 4], "big")
        if not _AFTER_LENGTH <= length <= self._longest:
            raise ProtocolError(
                f"a frame announces {length} bytes; between {_AFTER_LENGTH} and {self._longest} are allowed"
            )
        return length + 4

    def _known(self, kind: int) -> Kind:
        try:
            return _KINDS[kind]
        except KeyError:
            raise ProtocolError(f"a frame is of the unknown kind {kind}") from None
