"""One channel of a link: requests that are answered in order, and what the server sends without being asked."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, cast

from pamqp import base, commands

from asya_core.errors import TransportUnavailableError
from asya_core.transports.rabbitmq import methods, wire

if TYPE_CHECKING:
    from asya_core.transports.rabbitmq.link import Link

ANSWER_SECONDS = 5.0

Answered = Callable[[Any], None]
"""Called with the answer's method, or the body of a message that was asked for, or with None when the channel is closed
before it came."""


@dataclass(frozen=True, slots=True)
class Closed:
    """Why a channel is closed: the server's code (0 when the link was lost or we closed it) and its words."""

    code: int
    text: str


class ChannelClosedError(TransportUnavailableError):
    """The channel was closed before the answer came."""

    def __init__(self, closed: Closed) -> None:
        super().__init__(f"RabbitMQ closed the channel: {closed.text}")
        self.closed = closed


class ChannelUser(Protocol):
    """Whoever a channel was opened for."""

    def content(self, method: bytes, properties: bytes, body: bytes) -> None:
        """Take a message, delivered or returned. Raises WireError."""

    def confirmed(self, method: bytes) -> None:
        """Take `basic.ack` or `basic.nack`. Raises WireError."""

    def cancelled(self) -> None:
        """Know that the server ended a subscription by itself."""

    def closed(self, closed: Closed) -> None:
        """Know that the channel is gone, unless we closed it ourselves."""


class Channel:
    """Made by `Link.open_channel`; opening is sent at once, so requests can follow without waiting."""

    def __init__(self, link: Link, number: int, user: ChannelUser | None) -> None:
        self.link = link
        self.number = number
        self.unanswered_ticks = 0
        self.why_closed: Closed | None = None
        self._user = user
        self._waiting: deque[Answered] = deque()
        self.request(commands.Channel.Open())

    def request(self, method: base.Frame, answered: Answered = lambda _: None) -> None:
        """Send a method and call back with its answer."""
        if self.why_closed is not None:
            asyncio.get_running_loop().call_soon(answered, None)
            return
        self._waiting.append(answered)
        self.link.write(methods.encode(self.number, method))

    async def call(self, method: base.Frame) -> Any:
        """Send a method and return its answer. Raises ChannelClosedError, TransportUnavailableError."""
        answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()

        def answered(reply: Any) -> None:
            if not answer.done():
                answer.set_result(reply)

        self.request(method, answered)
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                reply = await answer
        except TimeoutError as error:
            raise TransportUnavailableError(f"RabbitMQ did not answer within {ANSWER_SECONDS:g} s") from error
        if reply is None:
            raise ChannelClosedError(self.why_closed or Closed(0, "no reason given"))
        return reply

    def close(self) -> None:
        """Close without waiting; the user hears nothing more."""
        self._user = None
        if self.why_closed is None:
            self.request(commands.Channel.Close(200, "done", 0, 0), lambda _: self.end(Closed(0, "closed by us")))

    def tick(self) -> None:
        """Count how long the server has owed an answer."""
        self.unanswered_ticks = self.unanswered_ticks + 1 if self._waiting else 0

    def end(self, closed: Closed) -> None:
        """Forget everything: the channel is gone."""
        if self.why_closed is not None:
            return
        self.why_closed = closed
        self.link.forget(self)
        waiting, self._waiting = self._waiting, deque()
        for answered in waiting:
            answered(None)
        if self._user is not None:
            self._user.closed(closed)

    def content(self, method: bytes, properties: bytes, body: bytes) -> None:
        """Hand a message on; one that was asked for is an answer, which is its body."""
        if method[:4] == wire.GET_OK and self._waiting:
            self.unanswered_ticks = 0
            self._waiting.popleft()(body)
        elif self._user is not None:
            self._user.content(method, properties, body)

    def method(self, payload: bytes) -> None:
        """Take a method. Raises WireError."""
        if payload[:4] in (wire.ACK, wire.NACK):
            if self._user is not None:
                self._user.confirmed(payload)
            return
        method = methods.decode(payload)
        if isinstance(method, commands.Channel.Close):
            self.link.write(methods.encode(self.number, commands.Channel.CloseOk()))
            self.end(Closed(method.reply_code or 0, method.reply_text))
        elif isinstance(method, commands.Basic.Cancel):
            if self._user is not None:
                self._user.cancelled()
        elif not self._waiting:
            raise wire.WireError(f"the server sent {method.name}, which nobody asked for")
        else:
            self.unanswered_ticks = 0
            self._waiting.popleft()(cast("Any", method))
