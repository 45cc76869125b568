"""Finds out what it means that nobody took a message: that the queue is missing, or that its stream is silent now."""

from __future__ import annotations

import asyncio
import logging

from asya_core.errors import QueueMissingError, TransportError, TransportUnavailableError
from asya_core.transports.base import Confirmed
from asya_core.transports.nats.requests import Requests

logger = logging.getLogger(__name__)


class Absence:
    """A server that stops, or a cluster that elects a stream's leader, answers as one without the stream would.

    So JetStream is asked whether the stream exists, once for all messages that meet the same silence.
    """

    def __init__(self, requests: Requests) -> None:
        self._requests = requests
        self._waiting: dict[str, list[Confirmed]] = {}
        self._asking: set[asyncio.Task[None]] = set()

    def explain(self, queue: str, confirmed: Confirmed) -> None:
        """Call `confirmed` with the reason, when that is known."""
        if queue in self._waiting:
            self._waiting[queue].append(confirmed)
            return
        self._waiting[queue] = [confirmed]
        task = asyncio.get_running_loop().create_task(self._ask(queue), name=f"nats absence {queue}")
        self._asking.add(task)
        task.add_done_callback(self._asking.discard)

    async def _ask(self, queue: str) -> None:
        reason: TransportError
        try:
            await self._requests.call(f"STREAM.INFO.{queue}")
            reason = TransportUnavailableError(f"queue {queue} exists, but nothing takes its messages now")
        except QueueMissingError:
            reason = QueueMissingError(f"queue {queue} does not exist; install its actor first")
        except TransportError as error:
            reason = error
        except Exception as error:
            logger.exception("asking for queue %s failed in a way that nobody foresaw", queue)
            reason = TransportUnavailableError(f"{queue}: {type(error).__name__}: {error}")
        loop = asyncio.get_running_loop()
        for confirmed in self._waiting.pop(queue):
            loop.call_soon(confirmed, reason)  # by itself, so that one that fails costs the others nothing
