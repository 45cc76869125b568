"""The URLs of queues by name, asked for once."""

from __future__ import annotations

from functools import lru_cache

from asya_core.errors import QueueMissingError
from asya_core.transports.base import is_queue_name
from asya_core.transports.sqs.connection import Connection

DEAD_LETTERS = "-dlq"
LONGEST_NAME = 80
"""Characters; SQS' limit."""
LONGEST_QUEUE = LONGEST_NAME - len(DEAD_LETTERS)
FIFO = ".fifo"

_is_queue_name = lru_cache(maxsize=1024)(is_queue_name)


class Addresses:
    """What SQS said of queues that exist; a queue that is gone has to be dropped by whoever finds that out."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._known: dict[str, str] = {}

    async def find(self, queue: str) -> str:
        """Return the queue's URL. Raises QueueMissingError, TransportUnavailableError, TransportRefusedError."""
        known = self._known.get(queue)
        if known is not None:
            return known
        require_possible(queue)
        try:
            answer = await self._connection.link.call("GetQueueUrl", QueueName=queue)
        except QueueMissingError as error:
            raise QueueMissingError(f"queue {queue} does not exist; install its actor first") from error
        url = self._known[queue] = str(answer["QueueUrl"])
        return url

    def drop(self, queue: str) -> None:
        """Ask anew next time."""
        self._known.pop(queue, None)


def require_possible(queue: str) -> None:
    """Raise QueueMissingError for a name under which SQS has no queue that we could use."""
    if queue.endswith(FIFO):
        raise QueueMissingError(f"{queue!r} is {fifo_sentence}")
    if not _is_queue_name(queue) or len(queue) > LONGEST_NAME:
        raise QueueMissingError(f"{queue!r} is no name that a queue can have")


fifo_sentence = (
    "a FIFO queue, which Asya does not use: no order is promised between actors, and FIFO queues can't delay a single "
    "message; use a standard queue"
)
