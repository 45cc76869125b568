"""Publish with confirmation: every message asks for JetStream's acknowledgement over one shared inbox."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from itertools import count

import msgspec

from asya_core.errors import MessageTooLargeError, QueueMissingError, TransportError, TransportUnavailableError
from asya_core.transports.base import Confirmed, Delivery, is_queue_name, lease_lost
from asya_core.transports.nats import wire
from asya_core.transports.nats.absence import Absence
from asya_core.transports.nats.link import Link

TICKS_TO_CONFIRM = 60
"""A message that is unconfirmed after so many ticks of the connection, a second each, is reported as such.

It is long because whoever is told sends again, and the slow confirmation of the first copy then comes for nothing: a
disk that is slower than this limit would be given more and more copies. It need not be short: when the server itself
is gone, its link is given up within seconds, and everything unconfirmed is reported then.
"""
MESSAGE_TOO_LARGE = 10054


class _ApiError(msgspec.Struct):
    description: str = "no reason given"
    err_code: int = 0


class _Ack(msgspec.Struct):
    """JetStream's answer to a message."""

    stream: str = ""
    error: _ApiError | None = None


_decode_ack = msgspec.json.Decoder(_Ack).decode


class Publisher:
    """All messages that are sent and not confirmed yet; a `Listener` of the connection."""

    def __init__(self, absence: Absence) -> None:
        self._absence = absence
        self._link: Link | None = None
        self._inbox = b""
        self._prefix_length = 0
        self._numbers: Iterator[int] = count(1)
        self._unique = secrets.token_hex(12)
        self._now = 0
        self._waiting: dict[bytes, tuple[Confirmed, str, int]] = {}

    def link_up(self, link: Link) -> None:
        """Listen for acknowledgements on the new link."""
        self._link = link
        self._inbox = b"_INBOX.%b." % secrets.token_hex(12).encode()
        self._prefix_length = len(self._inbox)
        link.subscribe(self._inbox + b"*", self._acknowledged)

    def link_down(self, reason: str) -> None:
        """Report everything unconfirmed; it may or may not have been stored."""
        self._link = None
        waiting, self._waiting = self._waiting, {}
        for confirmed, queue, _ in waiting.values():
            _report(confirmed, f"{queue} did not confirm before the connection was lost: {reason}")

    def tick(self) -> None:
        """Report what has waited too long; a confirmation that comes later is ignored."""
        self._now += 1
        late = []
        for token, (_, _, sent) in self._waiting.items():
            if self._now - sent <= TICKS_TO_CONFIRM:
                break
            late.append(token)
        for token in late:
            confirmed, queue, _ = self._waiting.pop(token)
            _report(
                confirmed,
                f"{queue} did not confirm within {TICKS_TO_CONFIRM} s; look at the NATS server's disk and its cluster",
            )

    def publish(self, queue: str, body: bytes, confirmed: Confirmed, delay: float, holding: Delivery | None) -> None:
        """Send one message; see `Transport.publish`."""
        header = _schedule(queue, delay) if delay > 0 else b""
        try:
            link = self._link_for(queue, len(header) + len(body), holding)
        except TransportError as error:
            asyncio.get_running_loop().call_soon(confirmed, error)
            return
        number = next(self._numbers)
        token = b"%d" % number
        self._waiting[token] = (confirmed, queue, self._now)
        if not header:
            link.publish(queue.encode(), self._inbox + token, body)
            return
        subject = f"{queue}.delayed.{self._unique}-{number}"
        link.write(wire.publish_with_header(subject.encode(), self._inbox + token, header, body))

    def _link_for(self, queue: str, size: int, holding: Delivery | None) -> Link:
        """Return the link to send over. Raises what speaks against sending at all."""
        lost = lease_lost(holding)
        if lost is not None:
            raise lost
        if self._link is None:
            raise TransportUnavailableError("there is no connection to NATS now; nothing was sent")
        if not _is_queue_name(queue):
            raise QueueMissingError(f"{queue!r} is no name that a queue can have")
        if size > self._link.max_payload:
            raise MessageTooLargeError(
                f"{size} bytes are more than the {self._link.max_payload} that the NATS server takes; raise its "
                "max_payload, or send less"
            )
        return self._link

    def _acknowledged(self, subject: bytes, _reply: bytes, header: bytes, body: bytes) -> None:
        waiting = self._waiting.pop(subject[self._prefix_length :], None)
        if waiting is None:
            return
        confirmed, queue, _ = waiting
        if header:
            self._absence.explain(queue, confirmed)
        else:
            confirmed(read_outcome(queue, body))


def _report(confirmed: Confirmed, sentence: str) -> None:
    """Tell by itself, not in a row with others, so that one callback that fails costs the others nothing."""
    asyncio.get_running_loop().call_soon(confirmed, TransportUnavailableError(sentence))


_is_queue_name = lru_cache(maxsize=1024)(is_queue_name)


def _schedule(queue: str, delay: float) -> bytes:
    """Build the header that makes a message a schedule for one other message; to the server's next quarter second."""
    at = datetime.now(UTC) + timedelta(seconds=delay)
    return wire.header_block({"Nats-Schedule": f"@at {at.isoformat()}", "Nats-Schedule-Target": queue})


def read_outcome(queue: str, body: bytes) -> TransportError | None:
    """Read an acknowledgement: None when the queue, and no other stream, has taken the message."""
    try:
        ack = _decode_ack(body)
    except msgspec.DecodeError as error:
        return TransportUnavailableError(f"queue {queue} answered with what is no acknowledgement: {error}")
    if ack.error is not None and ack.error.err_code == MESSAGE_TOO_LARGE:
        return MessageTooLargeError(f"queue {queue} refused the message: {ack.error.description}")
    if ack.error is not None:
        return TransportUnavailableError(f"queue {queue} refused the message: {ack.error.description}")
    if ack.stream != queue:
        return QueueMissingError(f"stream {ack.stream!r} took the message for {queue}, which is no stream itself")
    return None
