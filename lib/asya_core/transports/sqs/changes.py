"""What SQS is told of messages in hand, batched: that they are done, given back, or still worked on."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

from asya_core.errors import (
    LeaseLostError,
    QueueMissingError,
    TransportError,
    TransportRefusedError,
    TransportUnavailableError,
)
from asya_core.transports.base import Confirmed, lease_clock
from asya_core.transports.sqs.addresses import Addresses
from asya_core.transports.sqs.connection import Connection
from asya_core.transports.sqs.lanes import Lane
from asya_core.transports.sqs.link import CALL_SECONDS

LINGER_SECONDS = 0.02
"""How long a deletion waits for others: nobody waits for it, and it is a third of all calls otherwise.

But not where nothing else is in hand: what comes next could take the pod down, and what is done would run again.
"""
LEASE_SHARE, LEAST_SECONDS = 3, 2.0
"""A call has a third of a lease, but at least so long: after one that hangs there is time for another."""
MOST_UNSENT = 100_000
AGAIN_SECONDS = 0.2
"""How long the last changes wait before they are told again."""

logger = logging.getLogger(__name__)


class Change:
    """One message's deletion, or its new visibility in seconds; void once its lease has ended at `until`."""

    __slots__ = ("receipt", "seconds", "told", "until")

    size = 1024
    """Bytes of a receipt handle, about."""

    def __init__(self, receipt: str, until: float, seconds: int | None, told: Confirmed | None = None) -> None:
        self.receipt = receipt
        self.until = until
        self.seconds = seconds
        self.told = told

    def tell(self, error: TransportError | None) -> None:
        """Tell whoever waits for it."""
        if self.told is not None:
            self.told(error)


class Changes:
    """A lane for deletions and one for visibilities of one queue; what nobody waits for is repeated until it is void.

    SQS takes a receipt handle also after its message went to somebody else, and some stand-ins then delete it. So a
    change that waited past the end of its lease is dropped.
    """

    def __init__(self, connection: Connection, addresses: Addresses, queue: str, visibility: int) -> None:
        self._connection = connection
        self._addresses = addresses
        self._queue = queue
        self._within = min(CALL_SECONDS, max(LEAST_SECONDS, visibility / LEASE_SHARE))
        self._unsent: list[Change] = []
        self._warned = ""
        self._deletions: Lane[Change] = Lane(self._delete, LINGER_SECONDS)
        self._visibilities: Lane[Change] = Lane(self._change)

    def add(self, change: Change) -> None:
        """Tell SQS soon."""
        lane = self._deletions if change.seconds is None else self._visibilities
        lane.add(change)

    def hurry(self) -> None:
        """Let no deletion wait for others."""
        self._deletions.hurry()

    def send_again(self) -> None:
        """Try what could not be told before."""
        unsent, self._unsent = self._unsent, []
        for change in unsent:
            self.add(change)

    def forget(self) -> None:
        """Drop what could not be told: the queue is gone."""
        self._unsent.clear()

    async def drain(self) -> None:
        """Wait until everything is told that is not void, however often that has to be tried."""
        while True:
            await asyncio.gather(self._deletions.drain(), self._visibilities.drain())
            if not self._unsent:
                return
            await asyncio.sleep(AGAIN_SECONDS)
            self.send_again()

    async def _delete(self, changes: list[Change]) -> None:
        await self._tell(changes, "DeleteMessageBatch")

    async def _change(self, changes: list[Change]) -> None:
        await self._tell(changes, "ChangeMessageVisibilityBatch")

    async def _tell(self, changes: list[Change], operation: str) -> None:
        valid = _still_valid(changes)
        if not valid:
            return
        entries = [_entry(number, change) for number, change in enumerate(valid)]
        try:
            url = await self._addresses.find(self._queue)
            answer = await self._connection.link.call(operation, self._within, QueueUrl=url, Entries=entries)
        except TransportError as error:
            self._failed(valid, error)
        else:
            self._answered(valid, answer)

    def _failed(self, changes: list[Change], error: TransportError) -> None:
        """Know that a whole call failed."""
        if isinstance(error, QueueMissingError):
            self._addresses.drop(self._queue)
        elif isinstance(error, TransportRefusedError) and str(error) != self._warned:
            self._warned = str(error)
            logger.warning("queue %s: messages that are done come again: %s", self._queue, error)
        for change in changes:
            if change.told is not None:
                change.tell(error)
            elif not isinstance(error, QueueMissingError):
                self._keep(change)

    def _answered(self, changes: list[Change], answer: dict[str, Any]) -> None:
        taken = {entry["Id"] for entry in answer.get("Successful", ())}
        failed = {entry["Id"]: entry for entry in answer.get("Failed", ())}
        for number, change in enumerate(changes):
            entry = failed.get(str(number), {})
            if str(number) in taken:
                change.tell(None)
            elif entry.get("SenderFault"):
                sentence = f"queue {self._queue}: {entry.get('Code')}: {entry.get('Message') or 'SQS gave no reason'}"
                change.tell(LeaseLostError(sentence))
            elif change.told is None:
                self._keep(change)
            else:
                change.tell(
                    TransportUnavailableError(f"queue {self._queue}: {entry.get('Code', 'no answer')}; try again")
                )

    def _keep(self, change: Change) -> None:
        if len(self._unsent) < MOST_UNSENT:
            self._unsent.append(change)


def _still_valid(changes: list[Change]) -> list[Change]:
    """Drop what may no longer be told, and tell who waits for it."""
    valid = []
    for change in changes:
        if lease_clock() < change.until:
            valid.append(change)
        else:
            change.tell(LeaseLostError("the lease ended before SQS could be told"))
    return valid


def _entry(number: int, change: Change) -> dict[str, Any]:
    entry: dict[str, Any] = {"Id": str(number), "ReceiptHandle": change.receipt}
    if change.seconds is not None:
        entry["VisibilityTimeout"] = change.seconds
    return entry
