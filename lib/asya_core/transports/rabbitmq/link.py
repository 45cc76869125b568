"""One TCP connection to a RabbitMQ server, until it is lost. It never reconnects; its owner does."""

from __future__ import annotations

import asyncio
import logging
from typing import Any, cast

from pamqp import base, commands

from asya_core.errors import TransportUnavailableError
from asya_core.transports.rabbitmq import methods, wire
from asya_core.transports.rabbitmq.channel import Channel, ChannelUser, Closed

logger = logging.getLogger(__name__)

HEARTBEAT_SECONDS = 6
"""Agreed with the server, which sends one each half of it, and gives us up after twice that."""
SILENT_TICKS = 7
"""A server that sent nothing for so many ticks, two heartbeats least of all, is gone."""
TICKS_BETWEEN_HEARTBEATS = 2
FRAME_MAX = 131_072
CHANNEL_MAX = 2047


class Link(asyncio.Protocol):
    """Writes are gathered and go out once per turn of the event loop; what comes in goes to the channels.

    `tick` must be called about once a second: it sends heartbeats and ends a link whose server is silent. It counts
    calls and not seconds, so a process that was itself stopped for a while does not blame the server.
    """

    def __init__(self) -> None:
        loop = asyncio.get_running_loop()
        self.lost: asyncio.Future[str] = loop.create_future()
        self.why_closed: Closed | None = None
        self.blocked = ""
        self.version = ""
        self.frame_max = FRAME_MAX
        self.channel_max = CHANNEL_MAX
        self._loop = loop
        self._parser = wire.Parser(self._method, self._content, FRAME_MAX)
        self._transport: asyncio.Transport | None = None
        self._out: list[bytes] = []
        self._channels: dict[int, Channel] = {}
        self._last_channel = 0
        self._said: asyncio.Queue[base.Frame | None] = asyncio.Queue()
        self._silent_ticks = 0
        self._ticks = 0

    def write(self, data: bytes) -> None:
        """Send bytes made by `wire` or `methods` with all others of this turn."""
        self.write_all((data,))

    def write_all(self, pieces: list[bytes] | tuple[bytes, ...]) -> None:
        """Send pieces that belong together."""
        if not self._out:
            self._loop.call_soon(self._flush)
        self._out += pieces

    def open_channel(self, user: ChannelUser | None = None) -> Channel:
        """Open one more channel. Raises TransportUnavailableError when there are too many or the link is lost."""
        if self.lost.done():
            raise TransportUnavailableError(f"the connection to RabbitMQ was lost: {self.lost.result()}")
        for _ in range(self.channel_max):
            self._last_channel = self._last_channel % self.channel_max + 1
            if self._last_channel not in self._channels:
                channel = self._channels[self._last_channel] = Channel(self, self._last_channel, user)
                return channel
        raise TransportUnavailableError(f"all {self.channel_max} channels of the connection are in use")

    def forget(self, channel: Channel) -> None:
        """Let a channel's number be used again."""
        self._channels.pop(channel.number, None)
        self._parser.forget(channel.number)

    async def said(self) -> Any:
        """Return the next method on the connection itself; while it is opened. Raises TransportUnavailableError."""
        method = await self._said.get()
        if method is None:
            raise TransportUnavailableError(
                "the connection was lost while it was opened; check that RabbitMQ is what listens there"
            )
        return method

    def say(self, method: base.Frame) -> None:
        """Send a method on the connection itself."""
        self.write(methods.encode(0, method))

    def agree(self, frame_max: int, channel_max: int) -> None:
        """Keep to these limits from now on; 0 means that the server has none."""
        self.frame_max = min(frame_max or FRAME_MAX, FRAME_MAX)
        self.channel_max = min(channel_max or CHANNEL_MAX, CHANNEL_MAX)
        self._parser.frame_max = self.frame_max

    async def close(self, seconds: float) -> None:
        """Say goodbye, wait for the server's own but not longer than `seconds`, and end."""
        if not self.lost.done():
            self.say(commands.Connection.Close(200, "done", 0, 0))
            await asyncio.wait([self.lost], timeout=seconds)
        self.end("closed by this process")

    def tick(self) -> None:
        """Give a sign of life and look after the server's."""
        self._silent_ticks += 1
        self._ticks += 1
        if self._ticks % TICKS_BETWEEN_HEARTBEATS == 0:
            self.write(wire.HEARTBEAT)
        if not self.blocked:
            for channel in self._channels.values():
                channel.tick()
        if self._silent_ticks >= SILENT_TICKS:
            self.end("the server has gone silent")

    def end(self, reason: str) -> None:
        """Break the connection at once, whatever is still to be sent."""
        if not self.lost.done():
            self.lost.set_result(reason)
        if self._transport is not None:
            self._transport.abort()
        self._said.put_nowait(None)
        for channel in list(self._channels.values()):
            channel.end(Closed(0, reason))

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport, and begin."""
        self._transport = cast("asyncio.Transport", transport)
        self.write(wire.PROTOCOL_HEADER)

    def data_received(self, data: bytes) -> None:
        """Parse."""
        self._silent_ticks = 0
        try:
            self._parser.feed(data)
        except wire.WireError as error:
            self.end(str(error))

    def connection_lost(self, error: Exception | None) -> None:
        """Tell the owner."""
        words = self.why_closed.text if self.why_closed else "the server closed the connection"
        self.end(str(error) if error else words)

    def _flush(self) -> None:
        out, self._out = self._out, []
        if self._transport is not None and not self._transport.is_closing():
            self._transport.writelines(out)

    def _content(self, number: int, method: bytes, properties: bytes, body: bytes) -> None:
        channel = self._channels.get(number)
        if channel is not None:
            channel.content(method, properties, body)

    def _method(self, number: int, payload: bytes) -> None:
        if number == 0:
            self._said_of_connection(methods.decode(payload))
            return
        channel = self._channels.get(number)
        if channel is not None:
            channel.method(payload)

    def _said_of_connection(self, method: base.Frame) -> None:
        match method:
            case commands.Connection.Close():
                self.why_closed = Closed(method.reply_code or 0, method.reply_text)
                self.say(commands.Connection.CloseOk())
                self._flush()
                self.end(method.reply_text)
            case commands.Connection.CloseOk():
                self.end("closed by this process")
            case commands.Connection.Blocked():
                self.blocked = method.reason or "no reason given"
                logger.warning("RabbitMQ takes nothing now: %s; waiting until it does", self.blocked)
            case commands.Connection.Unblocked():
                self.blocked = ""
                logger.info("RabbitMQ takes messages again")
            case _:
                self._said.put_nowait(method)
