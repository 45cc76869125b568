"""A channel in confirm mode: every message on it is confirmed, refused, returned, or reported with the channel."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable
from itertools import count

from pamqp import commands

from asya_core.errors import QueueMissingError, TransportError, TransportUnavailableError
from asya_core.transports.base import Confirmed
from asya_core.transports.rabbitmq import methods, wire
from asya_core.transports.rabbitmq.channel import Closed
from asya_core.transports.rabbitmq.link import Link

TICKS_TO_CONFIRM = 10
"""A message that is unconfirmed after so many ticks of the connection, a second each, is reported as such."""

_unique = secrets.token_hex(8).encode()
_channels = count(1)


class ConfirmChannel:
    """Publishes with `mandatory`, so that a message that no queue takes comes back before it is confirmed."""

    def __init__(self, link: Link, lost: Callable[[Closed], None]) -> None:
        self._link = link
        self._lost = lost
        self._channel = link.open_channel(self)
        self._channel.request(commands.Confirm.Select())
        self._prefix = b"%b-%d-" % (_unique, next(_channels))
        self._tag = 0
        self._now = 0
        self._waiting: dict[int, tuple[Confirmed, str, int]] = {}
        self._returned: set[int] = set()
        self._methods: dict[tuple[str, str], bytes] = {}

    def __len__(self) -> int:
        return len(self._waiting)

    def publish(self, exchange: str, key: str, body: bytes, confirmed: Confirmed, queue: str) -> None:
        """Send a message that is meant for `queue`, in the end."""
        method = self._methods.get((exchange, key))
        if method is None:
            method = wire.publish_method(self._channel.number, exchange.encode(), key.encode())
            if not exchange:
                self._methods[exchange, key] = method
        message_id = b"%b%d" % (self._prefix, self._tag + 1)
        frames = [method, *wire.content(self._channel.number, message_id, body, self._link.frame_max)]
        self._tag += 1
        self._waiting[self._tag] = (confirmed, queue, self._now)
        self._link.write_all(frames)

    def tick(self) -> None:
        """Report what has waited too long; but while the server is blocked, it has not even read it yet."""
        if self._link.blocked:
            return
        self._now += 1
        late = []
        for tag, (_, _, sent) in self._waiting.items():
            if self._now - sent <= TICKS_TO_CONFIRM:
                break
            late.append(tag)
        for tag in late:
            confirmed, queue, _ = self._waiting.pop(tag)
            self._returned.discard(tag)
            confirmed(TransportUnavailableError(f"{queue} did not confirm within {TICKS_TO_CONFIRM} s"))

    def close(self) -> None:
        """Give the channel up; nothing waits on it."""
        self._channel.close()

    def content(self, _method: bytes, properties: bytes, body: bytes) -> None:
        """Take note of a returned message, unless nobody waits for it any more; its confirmation follows."""
        message_id = methods.read_properties(properties, body)[0].encode()
        tag = message_id.removeprefix(self._prefix)
        if tag != message_id and tag.isdigit() and int(tag) in self._waiting:
            self._returned.add(int(tag))

    def confirmed(self, method: bytes) -> None:
        """Report the messages that are confirmed or refused."""
        is_taken = method[:4] == wire.ACK
        tag, multiple = wire.read_confirmation(method)
        if not multiple:
            self._report(tag, is_taken=is_taken)
            return
        covered = []
        for each in self._waiting:
            if each > tag:
                break
            covered.append(each)
        for each in covered:
            self._report(each, is_taken=is_taken)

    def cancelled(self) -> None:
        """Do nothing: there is no subscription on this channel."""

    def closed(self, closed: Closed) -> None:
        """Report everything unconfirmed, each by itself; it may or may not have been stored."""
        self._lost(closed)
        waiting, self._waiting = self._waiting, {}
        self._returned.clear()
        loop = asyncio.get_running_loop()
        for confirmed, queue, _ in waiting.values():
            sentence = f"{queue} did not confirm before the connection ended: {closed.text}"
            loop.call_soon(confirmed, TransportUnavailableError(sentence))

    def _report(self, tag: int, *, is_taken: bool) -> None:
        waiting = self._waiting.pop(tag, None)
        if waiting is None:
            return
        confirmed, queue, _ = waiting
        error: TransportError | None = None
        if tag in self._returned:
            self._returned.remove(tag)
            error = QueueMissingError(f"queue {queue} does not exist; install its actor first")
        elif not is_taken:
            error = TransportUnavailableError(f"queue {queue} refused the message; it may be full")
        confirmed(error)
