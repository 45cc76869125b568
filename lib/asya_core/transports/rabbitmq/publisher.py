"""Publish with confirmation: most over one channel, large ones each over a channel of their own."""

from __future__ import annotations

import asyncio
import logging
import re
from functools import lru_cache

from asya_core.errors import MessageTooLargeError, QueueMissingError, TransportError, TransportUnavailableError
from asya_core.transports.base import Confirmed, Delivery, is_queue_name, lease_lost
from asya_core.transports.rabbitmq import ladder, queues
from asya_core.transports.rabbitmq.channel import Closed
from asya_core.transports.rabbitmq.confirms import ConfirmChannel
from asya_core.transports.rabbitmq.link import Link

SAFE_BYTES = 64 * 1024
"""No server's limit is lower than this, we assume; larger ones are tried apart first."""
TOO_LARGE = re.compile(r"larger than (?:configured )?max size (\d+)|exceeds the maximum .*?(\d+)")
PRECONDITION_FAILED = 406

logger = logging.getLogger(__name__)


class Publisher:
    """A `Listener` of the connection.

    The server does not say how large a message may be; it closes the channel of one that is too large, with all that
    is unconfirmed there. So a message larger than all before it gets a channel for itself, and nobody else is harmed.
    """

    def __init__(self) -> None:
        self._link: Link | None = None
        self._main: ConfirmChannel | None = None
        self._apart: set[ConfirmChannel] = set()
        self._proven = SAFE_BYTES
        self._limit: int | None = None
        self._has_ladder = False
        self._checks: set[asyncio.Task[None]] = set()

    def link_up(self, link: Link) -> None:
        """Publish over the new link."""
        self._link = link
        self._proven, self._limit, self._has_ladder = SAFE_BYTES, None, False

    def link_down(self, _reason: str) -> None:
        """Send nothing more; the channels have reported what was unconfirmed."""
        self._link = self._main = None
        self._apart.clear()

    def tick(self) -> None:
        """Report what has waited too long."""
        if self._main is not None:
            self._main.tick()
        for channel in list(self._apart):
            channel.tick()

    def publish(self, queue: str, body: bytes, confirmed: Confirmed, delay: float, holding: Delivery | None) -> None:
        """Send one message; see `Transport.publish`."""
        try:
            link = self._link_for(queue, len(body), holding)
            if delay <= 0:
                self._send(link, "", queue, body, confirmed, queue)
                return
        except TransportError as error:
            asyncio.get_running_loop().call_soon(confirmed, error)
            return
        check = asyncio.create_task(self._publish_delayed(link, queue, body, confirmed, delay, holding))
        self._checks.add(check)
        check.add_done_callback(self._checks.discard)

    async def _publish_delayed(
        self, link: Link, queue: str, body: bytes, confirmed: Confirmed, delay: float, holding: Delivery | None
    ) -> None:
        """Look whether the queue is there first: the ladder takes a message for any.

        What nobody foresaw is reported, too: whoever waits for a confirmation would wait for ever.
        """
        try:
            await queues.require(link, queue)
            if not self._has_ladder:
                await queues.require_ladder(link)
                self._has_ladder = True
            link = self._link_for(queue, len(body), holding)
            exchange, key = ladder.entry_and_key(queue, delay)
            self._send(link, exchange, key, body, confirmed, queue)
        except TransportError as error:
            confirmed(error)
        except Exception as error:
            logger.exception("publishing to %s with a delay failed in a way that nobody foresaw", queue)
            confirmed(TransportUnavailableError(f"{queue}: {type(error).__name__}: {error}; nothing was sent"))

    def _send(self, link: Link, exchange: str, key: str, body: bytes, confirmed: Confirmed, queue: str) -> None:
        if len(body) > self._proven:
            self._send_apart(link, exchange, key, body, confirmed, queue)
            return
        if self._main is None:
            self._main = ConfirmChannel(link, self._lost_main)
        self._main.publish(exchange, key, body, confirmed, queue)

    def _send_apart(self, link: Link, exchange: str, key: str, body: bytes, confirmed: Confirmed, queue: str) -> None:
        """Send a message larger than any that was confirmed so far."""
        words: list[Closed] = []
        channel = ConfirmChannel(link, words.append)
        self._apart.add(channel)

        def done(error: Exception | None) -> None:
            self._apart.discard(channel)
            too_large = self._read_limit(words[0]) if words else None
            if too_large is not None:
                error = self._too_large(len(body), too_large)
            elif not words:
                channel.close()
            if error is None:
                self._proven = max(self._proven, len(body))
            confirmed(error)

        channel.publish(exchange, key, body, done, queue)

    def _lost_main(self, closed: Closed) -> None:
        """Open another channel for the next message."""
        self._main = None
        if closed.code:
            logger.warning("RabbitMQ closed the channel that messages are sent over: %s", closed.text)
            self._has_ladder = False

    def _read_limit(self, closed: Closed) -> int | None:
        """Return the server's limit if it closed a channel for a message over it."""
        found = TOO_LARGE.search(closed.text) if closed.code == PRECONDITION_FAILED else None
        if found is None:
            return None
        self._limit = int(found[1] or found[2])
        return self._limit

    def _link_for(self, queue: str, size: int, holding: Delivery | None) -> Link:
        """Return the link to send over. Raises what speaks against sending at all."""
        lost = lease_lost(holding)
        if lost is not None:
            raise lost
        if self._link is None or self._link.lost.done():
            raise TransportUnavailableError("there is no connection to RabbitMQ now; nothing was sent")
        if self._link.blocked:
            raise TransportUnavailableError(f"RabbitMQ takes nothing now: {self._link.blocked}; nothing was sent")
        if not _is_queue_name(queue):
            raise QueueMissingError(f"{queue!r} is no name that a queue can have")
        if self._limit is not None and size > self._limit:
            raise self._too_large(size, self._limit)
        return self._link

    @staticmethod
    def _too_large(size: int, limit: int) -> MessageTooLargeError:
        return MessageTooLargeError(f"{size} bytes are more than the {limit} that RabbitMQ takes (max_message_size)")


_is_queue_name = lru_cache(maxsize=1024)(is_queue_name)
