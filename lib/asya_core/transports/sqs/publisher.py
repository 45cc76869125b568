"""Publish with confirmation: SQS' own answer, entry by entry."""

from __future__ import annotations

import asyncio
import math
import time
from functools import partial
from typing import Any

from asya_core.errors import (
    MessageTooLargeError,
    QueueMissingError,
    TransportError,
    TransportRefusedError,
    TransportUnavailableError,
)
from asya_core.transports.base import Confirmed, Delivery, lease_lost
from asya_core.transports.sqs.addresses import Addresses, require_possible
from asya_core.transports.sqs.bodies import Encoded, encode
from asya_core.transports.sqs.connection import Connection
from asya_core.transports.sqs.faults import CallRefusedError, of_entry, of_refusal
from asya_core.transports.sqs.lanes import MOST_BYTES, Lane
from asya_core.transports.sqs.link import Link, seconds_for

LONGEST_DELAY = 900
"""Seconds that SQS keeps a message from being received at most."""


class _Message:
    """A message that is not confirmed yet."""

    __slots__ = ("confirmed", "delay", "encoded", "holding", "size")

    def __init__(self, encoded: Encoded, delay: int, confirmed: Confirmed, holding: Delivery | None) -> None:
        self.encoded = encoded
        self.delay = delay
        self.confirmed = confirmed
        self.holding = holding
        self.size = encoded.size

    def entry(self, number: int) -> dict[str, Any]:
        """Return it as `SendMessageBatch` takes it."""
        entry: dict[str, Any] = {"Id": str(number), "MessageBody": self.encoded.text}
        if self.encoded.attributes:
            entry["MessageAttributes"] = self.encoded.attributes
        if self.delay:
            entry["DelaySeconds"] = self.delay
        return entry

    def report(self, error: TransportError | None) -> None:
        """Tell by itself, not in a row with others, so that one callback that fails costs the others nothing."""
        asyncio.get_running_loop().call_soon(self.confirmed, error)


class Publisher:
    """All messages that are sent and not confirmed yet, with a lane for each queue."""

    def __init__(self, connection: Connection, addresses: Addresses, longest_delay: int) -> None:
        self._connection = connection
        self._addresses = addresses
        self._longest_delay = longest_delay
        self._lanes: dict[str, Lane[_Message]] = {}

    def publish(self, queue: str, body: bytes, confirmed: Confirmed, delay: float, holding: Delivery | None) -> None:
        """Send one message; see `Transport.publish`.

        A delay that is longer than SQS' is written into the message, for its consumers to send it again until then.
        """
        due = time.time() + delay if delay > self._longest_delay else 0.0
        message = _Message(encode(body, due), min(math.ceil(delay), self._longest_delay), confirmed, holding)
        try:
            self._require_sendable(queue, message)
        except TransportError as error:
            message.report(error)
            return
        lane = self._lanes.get(queue)
        if lane is None or lane.is_idle:
            self._forget_idle_lanes()
            lane = self._lanes[queue] = Lane(partial(self._send, queue))
        lane.add(message)

    async def drain(self) -> None:
        """Wait until everything is confirmed."""
        await asyncio.gather(*(lane.drain() for lane in self._lanes.values()))

    def _require_sendable(self, queue: str, message: _Message) -> None:
        """Raise what speaks against sending at all."""
        lost = lease_lost(message.holding)
        if lost is not None:
            raise lost
        if not self._connection.is_up:
            raise TransportUnavailableError("there is no connection to SQS now; nothing was sent")
        require_possible(queue)
        if message.size > MOST_BYTES:
            raise MessageTooLargeError(f"{message.size} bytes are more than the {MOST_BYTES} that SQS takes; send less")

    def _forget_idle_lanes(self) -> None:
        """Keep no lane for a queue that nothing is sent to."""
        for queue in [name for name, lane in self._lanes.items() if lane.is_idle]:
            del self._lanes[queue]

    async def _send(self, queue: str, messages: list[_Message]) -> None:
        """Send one call's worth."""
        try:
            url = await self._addresses.find(queue)
            link = self._connection.link
        except TransportError as error:
            _report_all(messages, _for_confirmation(error))
            return
        held = []
        for message in messages:  # it may have waited for other calls
            lost = lease_lost(message.holding)
            if lost is None:
                held.append(message)
            else:
                message.report(lost)
        if held:
            await self._call(link, queue, url, held)

    async def _call(self, link: Link, queue: str, url: str, messages: list[_Message]) -> None:
        entries = [message.entry(number) for number, message in enumerate(messages)]
        seconds = seconds_for(sum(message.size for message in messages))
        try:
            answer = await link.call("SendMessageBatch", seconds, QueueUrl=url, Entries=entries)
        except CallRefusedError as refusal:
            if len(messages) == 1:
                messages[0].report(of_refusal(refusal.code, str(refusal)))
            else:  # one of them may be to blame for all
                for message in messages:
                    await self._send(queue, [message])
            return
        except TransportError as error:
            if isinstance(error, QueueMissingError):
                self._addresses.drop(queue)
            _report_all(messages, _for_confirmation(error))
            return
        _report_each(messages, answer, queue)


def _report_all(messages: list[_Message], error: TransportError) -> None:
    for message in messages:
        message.report(error)


def _report_each(messages: list[_Message], answer: dict[str, Any], queue: str) -> None:
    taken = {entry["Id"] for entry in answer.get("Successful", ())}
    failed = {entry["Id"]: entry for entry in answer.get("Failed", ())}
    for number, message in enumerate(messages):
        name = str(number)
        if name in taken:
            message.report(None)
        elif name in failed:
            message.report(of_entry(failed[name], queue))
        else:
            message.report(TransportUnavailableError(f"SQS did not say whether queue {queue} has taken the message"))


def _for_confirmation(error: TransportError) -> TransportError:
    """Return what `Transport.publish` may confirm with: until a person has changed something, it is unavailable."""
    return TransportUnavailableError(str(error)) if isinstance(error, TransportRefusedError) else error
