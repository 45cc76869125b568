"""Look at messages: SQS shows none without delivering it, so they are received and given back."""

from __future__ import annotations

import time
from typing import Any

from asya_core.errors import QueueMissingError, TransportError
from asya_core.transports.sqs.addresses import Addresses
from asya_core.transports.sqs.bodies import ATTRIBUTES, decode
from asya_core.transports.sqs.connection import Connection
from asya_core.transports.sqs.lanes import MOST_BYTES
from asya_core.transports.sqs.link import CALL_SECONDS, Link, seconds_for
from asya_core.transports.sqs.polls import MOST_AT_ONCE

VISIBILITY = 30
"""Seconds for which nobody else gets what is looked at, if we can't give it back."""


async def peek(connection: Connection, addresses: Addresses, queue: str, limit: int) -> list[bytes]:
    """Return up to `limit` messages that are ready; each counts one more delivery, and is away for this moment.

    Raises QueueMissingError, TransportUnavailableError, TransportRefusedError.
    """
    url = await addresses.find(queue)
    link = connection.link
    seen: list[dict[str, Any]] = []
    try:
        while len(seen) < limit:
            messages = await _receive(link, url, min(MOST_AT_ONCE, limit - len(seen)))
            seen += messages
            if not messages:
                break
    except QueueMissingError as error:
        addresses.drop(queue)
        raise QueueMissingError(f"queue {queue} does not exist; install its actor first") from error
    finally:
        await _give_back(link, url, seen)
    decoded = [decode(message) for message in seen]
    return [each.body for each in decoded if each.due <= time.time()]


async def _receive(link: Link, url: str, number: int) -> list[dict[str, Any]]:
    answer = await link.call(
        "ReceiveMessage",
        CALL_SECONDS + seconds_for(number * MOST_BYTES),
        QueueUrl=url,
        MaxNumberOfMessages=number,
        WaitTimeSeconds=1,
        VisibilityTimeout=VISIBILITY,
        MessageAttributeNames=list(ATTRIBUTES),
    )
    return list(answer.get("Messages", ()))


async def _give_back(link: Link, url: str, messages: list[dict[str, Any]]) -> None:
    """Make them visible again; what fails comes back by itself."""
    for start in range(0, len(messages), MOST_AT_ONCE):
        entries = [
            {"Id": str(number), "ReceiptHandle": message["ReceiptHandle"], "VisibilityTimeout": 0}
            for number, message in enumerate(messages[start : start + MOST_AT_ONCE])
        ]
        try:
            await link.call("ChangeMessageVisibilityBatch", QueueUrl=url, Entries=entries)
        except TransportError:
            return
