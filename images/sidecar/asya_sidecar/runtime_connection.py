"""One connection to the runtime: bytes in, answers out; requests in, bytes out."""

from __future__ import annotations

import asyncio
import logging
from typing import Annotated, Literal, Protocol, cast

import msgspec

from asya_sidecar.frames import FrameReader, Kind, ProtocolError, encode_frame

log = logging.getLogger(__name__)

VERSION = 1
"""The version of the protocol that is spoken here."""

_ENVELOPE_OVERHEAD = 64 * 1024
_UNREADABLE = (ProtocolError, msgspec.DecodeError, UnicodeDecodeError, RecursionError)
"""What a frame may cause; msgspec leaves bytes that are no UTF-8, and what is nested too deep, to Python."""

_Size = Annotated[int, msgspec.Meta(ge=1)]
_Places = Annotated[int, msgspec.Meta(ge=1, le=65535)]
"""As many messages as any broker can be asked to send ahead."""


class Hello(msgspec.Struct, frozen=True):
    """What the runtime says of itself when a connection begins.

    `concurrency`: messages that may run at once; `batch`: of those, the most that one call of the handler is about.
    """

    version: int
    mode: Literal["payload", "envelope"]
    concurrency: _Places
    limit: _Size
    batch: _Places = 1


class Client(Protocol):
    """What a connection tells of."""

    def connected(self, connection: Connection, hello: Hello) -> None:
        """Take a connection whose HELLO has come."""

    def disconnected(self, connection: Connection, why: str) -> None:
        """Give up what was outstanding."""

    def answered(self, kind: Kind, request: int, body: bytes) -> None:
        """Take an ITEM, END or ERROR."""

    def draining(self) -> None:
        """Send nothing more."""


class Connection(asyncio.Protocol):
    """One connection: frames in, frames out; everything written in one turn of the event loop goes out at once.

    `broken` is set once the runtime has sent what the protocol does not allow.
    """

    def __init__(self, client: Client, limit: int) -> None:
        self.client = client
        self.greeted = False
        self.lost = asyncio.Event()
        self.draining = False
        self.closing = False
        self.broken = False
        self._reader = FrameReader(limit + _ENVELOPE_OVERHEAD)
        self._loop = asyncio.get_running_loop()
        self._unsent: list[bytes | memoryview] = []
        self._transport: asyncio.Transport | None = None
        self._why = "the runtime closed the socket"

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin; nothing is sent before the runtime's HELLO."""
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Take what the socket had; a peer that breaks the protocol is disconnected."""
        try:
            for kind, request, body in self._reader.feed(data):
                if request and self.greeted:
                    self.client.answered(kind, request, body)
                else:
                    self._handle(kind, body)
                if self.closing:
                    return
        except _UNREADABLE as error:
            why = f"{error}; use sidecar and runtime of one release"
            log.error("the runtime broke the protocol: %s", why, extra={"event": "protocol_error"})
            self.broken = True
            self.close(f"it broke the protocol: {why}")

    def eof_received(self) -> None:
        """Send nothing more to a runtime that has ended."""
        self.closing = True

    def connection_lost(self, error: Exception | None) -> None:
        """Hand back what was outstanding."""
        self.closing = True
        self.lost.set()
        self.client.disconnected(self, str(error) if error else self._why)

    def send(self, pieces: list[bytes | memoryview]) -> None:
        """Write soon, together with what else is sent in this turn."""
        if not self._unsent:
            self._loop.call_soon(self._flush)
        self._unsent += pieces

    def set_reading(self, *, wanted: bool) -> None:
        """Stop or go on reading from the socket."""
        if self._transport is None or self._transport.is_closing():
            return
        if wanted:
            self._transport.resume_reading()
        else:
            self._transport.pause_reading()

    def require_greeting(self) -> None:
        """Give up a peer that has not said HELLO by now."""
        if not self.greeted:
            sentence = "who listens on the runtime's socket says nothing; leave its folder to the runtime alone"
            log.error(sentence, extra={"event": "runtime_silent"})
            self.close("it did not say HELLO")

    def close(self, why: str) -> None:
        """End the connection after what is unsent; `why` is for the log."""
        self._flush()
        self.closing = True
        self._why = why
        if self._transport is not None:
            self._transport.close()

    def abort(self, why: str) -> None:
        """End the connection at once, for a peer that may never read what is unsent; `why` is for the log."""
        self.closing = True
        self._why = why
        if self._transport is not None:
            self._transport.abort()

    def _flush(self) -> None:
        if self._unsent and self._transport is not None and not self._transport.is_closing():
            self._transport.writelines(self._unsent)
        self._unsent = []

    def _handle(self, kind: Kind, body: bytes) -> None:
        if kind is Kind.HELLO:
            self._greet(msgspec.json.decode(body, type=Hello))
        elif not self.greeted:
            raise ProtocolError(f"the runtime sent {kind.name} before HELLO")
        elif kind is Kind.DRAIN:
            self.draining = True
            self.client.draining()
        elif kind is Kind.PING:
            self.send([encode_frame(Kind.PONG, 0, body)])

    def _greet(self, hello: Hello) -> None:
        if self.greeted:
            raise ProtocolError("the runtime sent HELLO twice")
        if hello.version != VERSION:
            raise ProtocolError(f"the runtime speaks version {hello.version}, this sidecar version {VERSION}")
        self.greeted = True
        self.client.connected(self, hello)
