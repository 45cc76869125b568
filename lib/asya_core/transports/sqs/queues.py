"""Queues and what belongs to each: made with constant attributes, looked at, removed."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, Literal

from asya_core.errors import QueueConflictError, QueueMissingError, TransportRefusedError, TransportUnavailableError
from asya_core.transports.base import Depth, require_queue_name
from asya_core.transports.sqs.addresses import (
    DEAD_LETTERS,
    FIFO,
    LONGEST_QUEUE,
    Addresses,
    fifo_sentence,
    require_possible,
)
from asya_core.transports.sqs.connection import Connection
from asya_core.transports.sqs.settings import OWNER_TAG, SqsSettings

RETENTION = 14 * 24 * 3600
VISIBILITY = 60
"""Seconds; only what does not say otherwise in its receives gets it."""
MOST_RECEIVES = 1000
"""A net for what no sidecar ever settles; the limit that actors live by is `resiliency.maxDeliveries`."""
ATTRIBUTES = {"DelaySeconds": "0", "MessageRetentionPeriod": str(RETENTION), "VisibilityTimeout": str(VISIBILITY)}
LISTED_AT_ONCE = 1000
TRIES, TRY_SECONDS = 10, 1.0
"""How often a queue that was just made is asked for, with so many seconds between."""


class Queues:
    """Everything that is done with queues as such."""

    def __init__(self, connection: Connection, addresses: Addresses, settings: SqsSettings) -> None:
        self._connection = connection
        self._addresses = addresses
        self._owner = settings.owner
        self._tags = dict(settings.tags) | ({OWNER_TAG: settings.owner} if settings.owner else {})

    async def ensure(self, queue: str) -> Literal["made", "found"]:
        """Make the queue, and the one for its dead letters, as far as they are missing.

        Raises QueueConflictError, TransportRefusedError, TransportUnavailableError.
        """
        require_makeable(queue)
        with suppress(QueueMissingError):  # before anything is made beside what is somebody else's
            self._addresses.drop(queue)
            await self._require_same(queue, ATTRIBUTES)
        letters = queue + DEAD_LETTERS
        await self._ensure_one(letters, ATTRIBUTES)
        policy = {"deadLetterTargetArn": await self._name_of_new(letters), "maxReceiveCount": MOST_RECEIVES}
        return await self._ensure_one(queue, ATTRIBUTES | {"RedrivePolicy": json.dumps(policy)})

    async def delete(self, queue: str) -> Literal["deleted", "absent"]:
        """Remove the queue, and the one for its dead letters.

        Raises QueueConflictError where they are somebody else's, TransportUnavailableError, TransportRefusedError.
        """
        try:
            require_possible(queue)
        except QueueMissingError:
            return "absent"
        found = await self._delete_one(queue)
        if len(queue) <= LONGEST_QUEUE:
            await self._delete_one(queue + DEAD_LETTERS)
        return "deleted" if found else "absent"

    async def depth(self, queue: str) -> Depth:
        """Count the queue's messages as SQS does, approximately and up to a minute late. Raises QueueMissingError."""
        names = ("", "NotVisible", "Delayed")
        wanted = [f"ApproximateNumberOfMessages{name}" for name in names]
        facts = await self._attributes(queue, *wanted)
        ready, in_flight, delayed = (int(facts.get(name, 0)) for name in wanted)
        return Depth(ready, in_flight, delayed)

    async def names(self, prefix: str) -> list[str]:
        """Return the names of the queues that begin so, without those for dead letters and FIFO queues."""
        found: list[str] = []
        more: dict[str, Any] = {}
        while True:
            link = self._connection.link
            answer = await link.call("ListQueues", QueueNamePrefix=prefix, MaxResults=LISTED_AT_ONCE, **more)
            found += (url.rsplit("/", 1)[-1] for url in answer.get("QueueUrls", ()))
            if not answer.get("NextToken"):
                return sorted(name for name in found if not name.endswith((DEAD_LETTERS, FIFO)))
            more = {"NextToken": answer["NextToken"]}

    async def _ensure_one(self, queue: str, wanted: dict[str, str]) -> Literal["made", "found"]:
        self._addresses.drop(queue)
        try:
            await self._addresses.find(queue)
            made = False
        except QueueMissingError:
            made = await self._make(queue, wanted)
        if made:
            return "made"
        await self._require_same(queue, wanted)
        return "found"

    async def _make(self, queue: str, attributes: dict[str, str]) -> bool:
        """Make a queue, unless somebody else has just made it otherwise; tell whether that was done."""
        try:
            await self._connection.link.call("CreateQueue", QueueName=queue, Attributes=attributes, tags=self._tags)
        except QueueConflictError:
            return False
        return True

    async def _delete_one(self, queue: str) -> bool:
        self._addresses.drop(queue)
        try:
            url = await self._addresses.find(queue)
            await self._require_ours(queue)
            await self._connection.link.call("DeleteQueue", QueueUrl=url)
        except QueueMissingError:
            return False
        finally:
            self._addresses.drop(queue)
        return True

    async def _require_same(self, queue: str, wanted: dict[str, str]) -> None:
        """Raise QueueConflictError for a queue that is another owner's, or has other attributes."""
        await self._require_ours(queue)
        conflict = differences(wanted, await self._attributes(queue, *wanted))
        if conflict:
            raise QueueConflictError(f"the queue {queue} exists with other arguments ({conflict}); remove it first")

    async def _require_ours(self, queue: str) -> None:
        """Raise QueueConflictError for a queue that has another owner's tag, or none, where an owner is set."""
        if not self._owner:
            return
        url = await self._addresses.find(queue)
        answer = await self._connection.link.call("ListQueueTags", QueueUrl=url)
        owner = answer.get("Tags", {}).get(OWNER_TAG)
        if owner != self._owner:
            whose = "nobody's" if owner is None else f"{owner!r}"
            raise QueueConflictError(
                f"the queue {queue} is another owner's: its tag {OWNER_TAG} is {whose}, not {self._owner!r}; use "
                "another prefix, or change the tag if the queue is yours"
            )

    async def _name_of_new(self, queue: str) -> str:
        """Return the ARN of a queue that may not be known everywhere yet. Raises TransportUnavailableError."""
        for _ in range(TRIES):
            with suppress(QueueMissingError):
                return str((await self._attributes(queue, "QueueArn")).get("QueueArn"))
            await asyncio.sleep(TRY_SECONDS)
        raise TransportUnavailableError(f"the queue {queue} was made, but SQS does not know it yet; try again")

    async def _attributes(self, queue: str, *names: str) -> dict[str, str]:
        """Return attributes of a queue. Raises QueueMissingError."""
        url = await self._addresses.find(queue)
        try:
            answer = await self._connection.link.call("GetQueueAttributes", QueueUrl=url, AttributeNames=list(names))
        except QueueMissingError as error:
            self._addresses.drop(queue)
            raise QueueMissingError(f"queue {queue} does not exist; install its actor first") from error
        return dict(answer.get("Attributes", {}))


def require_makeable(queue: str) -> None:
    """Raise TransportRefusedError for a name that a queue of ours can't have on SQS."""
    if queue.endswith(FIFO):
        raise TransportRefusedError(f"{queue!r} is {fifo_sentence}")
    require_queue_name(queue)
    if len(queue) > LONGEST_QUEUE:
        raise TransportRefusedError(
            f"{queue!r} has {len(queue)} characters; SQS allows {LONGEST_QUEUE} beside {DEAD_LETTERS!r}; shorten the "
            "prefix or the actor's name"
        )


def differences(wanted: Mapping[str, str], found: Mapping[str, Any]) -> str:
    """Name what of `wanted` is otherwise in `found`, as a list for a sentence; empty when nothing is."""
    other = [name for name in wanted if _meaning(wanted[name]) != _meaning(found.get(name))]
    return ", ".join(f"{name} is {found.get(name)!r}, not {wanted[name]!r}" for name in other)


def _meaning(value: str | None) -> object:
    """Read what is JSON, so that blanks and the order of members don't matter; and numbers may be texts."""
    try:
        read = json.loads(value or "null")
    except ValueError:
        return value
    return {key: str(member) for key, member in read.items()} if isinstance(read, dict) else read
