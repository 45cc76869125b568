"""A queue in JetStream: one work-queue stream, and in it one durable pull consumer for the actor.

The stream has the queue's name, and so has the subject of its messages; `<queue>.delayed.<anything unique>` holds
schedules, which the server turns into messages of the queue when their time comes (server 2.12 and newer; source:
ADR-51 of nats-io/nats-architecture-and-design). Every argument is a constant. None limits the stream: a full stream
would have to discard old messages, since schedules can't be had with `discard: new`.
"""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from asya_core.errors import (
    QueueConflictError,
    QueueMissingError,
    TransportRefusedError,
    TransportUnavailableError,
)
from asya_core.transports.base import Depth, is_queue_name, require_queue_name
from asya_core.transports.nats.requests import Requests

CONSUMER = "actor"
"""The name of the one consumer of each stream."""
LEASE_SECONDS = 30.0
"""How long a delivery is ours without a renewal: the consumer's `ack_wait`."""
OLDEST_SERVER = (2, 12)
SECOND = 1_000_000_000


def stream_config(queue: str) -> dict[str, Any]:
    """Return the stream's arguments as JetStream takes them."""
    return {
        "name": queue,
        "subjects": [queue, f"{queue}.delayed.*"],
        "retention": "workqueue",
        "storage": "file",
        "discard": "old",
        "max_msgs": -1,
        "max_bytes": -1,
        "max_age": 0,
        "max_msgs_per_subject": -1,
        "max_msg_size": -1,
        "allow_msg_schedules": True,
    }


def consumer_config(queue: str, lease_seconds: float) -> dict[str, Any]:
    """Return the consumer's arguments as JetStream takes them."""
    return {
        "name": CONSUMER,
        "durable_name": CONSUMER,
        "filter_subject": queue,
        "deliver_policy": "all",
        "ack_policy": "explicit",
        "ack_wait": int(lease_seconds * SECOND),
        "max_deliver": -1,
        "max_ack_pending": -1,
        "max_waiting": 8192,
    }


def require_schedules(version: str) -> None:
    """Raise TransportRefusedError for a server that can't delay messages."""
    numbers = re.match(r"(\d+)\.(\d+)", version)
    if numbers is None or (int(numbers[1]), int(numbers[2])) < OLDEST_SERVER:
        needed = ".".join(map(str, OLDEST_SERVER))
        raise TransportRefusedError(
            f"the NATS server is version {version}; delayed retries need {needed} or newer; upgrade it"
        )


def differences(wanted: Mapping[str, Any], found: Mapping[str, Any]) -> str:
    """Name what of `wanted` is otherwise in `found`, as a list for a sentence; empty when nothing is."""
    # The server leaves out what is false or 0.
    other = {key: found.get(key) for key in wanted if (found.get(key) or 0) != (wanted[key] or 0)}
    return ", ".join(f"{key} is {value!r}, not {wanted[key]!r}" for key, value in other.items())


async def ensure(requests: Requests, queue: str, lease_seconds: float) -> Literal["made", "found"]:
    """Make what is missing of the queue.

    Raises QueueConflictError, TransportUnavailableError, TransportRefusedError.
    """
    require_queue_name(queue)
    stream = stream_config(queue)
    consumer = consumer_config(queue, lease_seconds)
    # A queue that is removed and made again must not number its messages as before: acknowledgements go by number.
    numbered = stream | {"first_seq": time.time_ns() // 1000}
    made_stream = await _ensure_one(requests, f"STREAM.INFO.{queue}", f"STREAM.CREATE.{queue}", stream, numbered)
    made_consumer = await _ensure_one(
        requests,
        f"CONSUMER.INFO.{queue}.{CONSUMER}",
        f"CONSUMER.CREATE.{queue}.{CONSUMER}.{queue}",
        consumer,
        {"stream_name": queue, "config": consumer, "action": "create"},
    )
    return "made" if made_stream or made_consumer else "found"


async def _ensure_one(
    requests: Requests, info: str, create: str, wanted: dict[str, Any], request: dict[str, Any]
) -> bool:
    """Make a stream or consumer, or check that the one there is as wanted; tell whether it was made."""
    try:
        answer, made = await requests.call(info), False
    except QueueMissingError:
        answer, made = await _create(requests, info, create, request)
    conflict = differences(wanted, answer["config"])
    if conflict:
        what, name = info.split(".INFO.")
        raise QueueConflictError(f"the {what.lower()} {name} exists with other arguments ({conflict}); remove it first")
    return made


async def _create(requests: Requests, info: str, create: str, request: dict[str, Any]) -> tuple[dict[str, Any], bool]:
    """Make a stream or consumer, or look at the one that somebody else has just made."""
    try:
        return await requests.call(create, request), True
    except TransportRefusedError as refusal:
        try:
            return await requests.call(info), False
        except QueueMissingError:
            raise refusal from None


async def delete(requests: Requests, queue: str) -> Literal["deleted", "absent"]:
    """Remove the stream with all that is in it. Raises TransportUnavailableError, TransportRefusedError."""
    if not is_queue_name(queue):
        return "absent"
    try:
        await requests.call(f"STREAM.DELETE.{queue}")
    except QueueMissingError:
        return "absent"
    return "deleted"


async def depth(requests: Requests, queue: str) -> Depth:
    """Count by the stream, for the consumer learns of new messages a moment after they were confirmed.

    Raises QueueMissingError, TransportUnavailableError, TransportRefusedError.
    """
    consumer = await look_up(requests, queue)
    stream = await requests.call(f"STREAM.INFO.{queue}", {"subjects_filter": queue})
    messages, in_flight = stream["state"]["messages"], consumer["num_ack_pending"]
    queued = stream["state"].get("subjects", {}).get(queue, 0)
    return Depth(max(0, queued - in_flight), in_flight, messages - queued)


async def look_up(requests: Requests, queue: str) -> dict[str, Any]:
    """Return JetStream's information about the queue's consumer.

    Raises QueueMissingError, TransportUnavailableError, TransportRefusedError.
    """
    if not is_queue_name(queue):
        raise QueueMissingError(f"{queue!r} is no name that a queue can have")
    return await requests.call(f"CONSUMER.INFO.{queue}.{CONSUMER}")


@dataclass(frozen=True, slots=True)
class ConsumerFacts:
    """What a queue's consumer says of itself: when it was made, as the server writes it, and how long leases last."""

    created: str
    lease_seconds: float


async def consumer_facts(requests: Requests, queue: str) -> ConsumerFacts:
    """Look the queue's consumer up. Raises like `look_up`."""
    found = await look_up(requests, queue)
    try:
        return ConsumerFacts(str(found["created"]), found["config"]["ack_wait"] / SECOND)
    except (KeyError, TypeError) as error:
        raise TransportUnavailableError(f"JetStream described the consumer of {queue} without {error}") from error
