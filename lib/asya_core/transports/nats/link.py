"""One TCP connection to a NATS server, until it is lost. It never reconnects; its owner does."""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections import deque
from collections.abc import Callable
from typing import Any, cast

import msgspec

from asya_core.transports.nats import wire

logger = logging.getLogger(__name__)

TICKS_BETWEEN_PINGS = 2
SILENT_TICKS = 5
"""A server that sent nothing for so many ticks, a PING answered least of all, is gone."""
UNANSWERED_TICKS = 30
"""A PING may wait behind many large messages, but not longer."""
JOIN_BYTES = 16 * 1024
"""Smaller bodies are copied into one buffer with what goes before and after them."""


class Link(asyncio.Protocol):
    """Writes are gathered and go out once per turn of the event loop; what comes in goes to the routes' callbacks.

    `tick` must be called about once a second: it sends PINGs and ends a link whose server is silent. It counts calls
    and not seconds, so a process that was itself stopped for a while does not blame the server.
    """

    def __init__(self) -> None:
        loop = asyncio.get_running_loop()
        self.info: dict[str, Any] = {}
        self.max_payload = 0
        self.greeted: asyncio.Future[None] = loop.create_future()
        self.lost: asyncio.Future[str] = loop.create_future()
        self.last_error = ""
        self._loop = loop
        self._parser = wire.Parser(self._control)
        self._transport: asyncio.Transport | None = None
        self._out: list[bytes] = []
        self._pongs: deque[Callable[[], None]] = deque()
        self._sids = 0
        self._silent_ticks = 0
        self._unanswered_ticks = 0

    @property
    def version(self) -> str:
        """The server's version."""
        return str(self.info.get("version"))

    def write(self, data: bytes) -> None:
        """Send bytes made by `wire` with all others of this turn."""
        if not self._out:
            self._loop.call_soon(self._flush)
        self._out.append(data)

    def publish(self, subject: bytes, reply: bytes, body: bytes) -> None:
        """Send a message to a subject."""
        if len(body) < JOIN_BYTES:
            self.write(wire.publish(subject, reply, body))
            return
        self.write(b"PUB %b %b %d\r\n" % (subject, reply, len(body)))
        self._out += (body, b"\r\n")

    def subscribe(self, subject: bytes, on_message: wire.OnMessage) -> bytes:
        """Route what is sent to a subject; returns the subscription's number."""
        self._sids += 1
        sid = b"%d" % self._sids
        self._parser.routes[sid] = on_message
        self.write(wire.subscribe(subject, sid))
        return sid

    def unsubscribe(self, sid: bytes, done: Callable[[], None]) -> None:
        """End a subscription; what is on its way is still routed until `done` is called, also when the link is lost."""

        def forget() -> None:
            self._parser.routes.pop(sid, None)
            done()

        self.write(wire.unsubscribe(sid))
        self.ping(forget)

    def ping(self, answered: Callable[[], None]) -> None:
        """Call back once the server has taken everything sent so far, or the link is lost."""
        if self.lost.done():
            self._loop.call_soon(answered)
            return
        self._pongs.append(answered)
        self.write(wire.PING)

    async def flush(self, seconds: float) -> None:
        """Wait until the server has taken everything sent so far, the link is lost or the time is over."""
        taken = asyncio.Event()
        self.ping(taken.set)
        try:
            async with asyncio.timeout(seconds):
                await taken.wait()
        except TimeoutError:
            self.end(f"the server did not answer within {seconds:g} s")

    def tick(self) -> None:
        """Look after the server's signs of life."""
        self._silent_ticks += 1
        if self._pongs:
            self._unanswered_ticks += 1
        elif self._silent_ticks >= TICKS_BETWEEN_PINGS:
            self.ping(_nothing)
        if self._silent_ticks >= SILENT_TICKS or self._unanswered_ticks >= UNANSWERED_TICKS:
            self.end("the server has gone silent")

    def end(self, reason: str) -> None:
        """Break the connection at once, whatever is still to be sent."""
        if not self.lost.done():
            self.lost.set_result(reason)
        self._parser.routes.clear()
        if self._transport is not None:
            self._transport.abort()
        if not self.greeted.done():
            self.greeted.set_result(None)
        while self._pongs:
            self._loop.call_soon(self._pongs.popleft())

    async def upgrade(self, context: ssl.SSLContext, host: str) -> None:
        """Go on encrypted. Raises ssl.SSLError."""
        if self._transport is not None:
            self._transport = await self._loop.start_tls(self._transport, self, context, server_hostname=host)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Parse."""
        self._silent_ticks = 0
        try:
            self._parser.feed(data)
        except wire.WireError as error:
            self.end(str(error))

    def connection_lost(self, error: Exception | None) -> None:
        """Tell the owner."""
        self.end(str(error) if error else self.last_error or "the server closed the connection")

    def _flush(self) -> None:
        out, self._out = self._out, []
        if self._transport is not None and not self._transport.is_closing():
            self._transport.writelines(out)

    def _control(self, verb: bytes, rest: bytes) -> None:
        """Answer a control line; `+OK` and what a later server may add need no answer."""
        if verb == b"PING":
            self.write(wire.PONG)
        elif verb == b"PONG":
            self._unanswered_ticks = 0
            if self._pongs:
                self._pongs.popleft()()
        elif verb == b"INFO":
            self._greet(rest)
        elif verb == b"-ERR":
            self._complain(rest.decode("utf-8", "replace").strip("' "))

    def _complain(self, error: str) -> None:
        if error != self.last_error:
            logger.warning("the NATS server reports an error: %s", error)
        self.last_error = error

    def _greet(self, rest: bytes) -> None:
        """Learn what the server says of itself, at the beginning and whenever it changes."""
        try:
            self.info = msgspec.json.decode(rest, type=dict[str, Any])
            self.max_payload = int(self.info["max_payload"])
        except (msgspec.DecodeError, KeyError, ValueError, TypeError) as error:
            raise wire.WireError(f"the server sent a malformed INFO: {error}") from error
        if not self.greeted.done():
            self.greeted.set_result(None)


def _nothing() -> None:
    """Be the callback of a PING whose answer is sign of life enough."""
