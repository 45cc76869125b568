"""One client of SQS: every call has a deadline, and the first that finds nobody there ends the link."""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from asya_core.errors import TransportError, TransportUnavailableError
from asya_core.transports.sqs.faults import DENIED, CallRefusedError, read_fault

if TYPE_CHECKING:
    from types_aiobotocore_sqs import SQSClient

CALL_SECONDS = 10.0
BYTES_PER_SECOND = 200_000
"""A call that carries much is given a second more for so many bytes."""
PROBE_TICKS = 5
"""After so many ticks, a second each, without an answer or an unanswered call, SQS is asked whether it is there."""
LATE_TICKS = 25
"""After so many with nothing but unanswered calls it is asked, too: receives wait for 20 seconds at most."""
CLOSE_SECONDS = 1.0

logger = logging.getLogger(__name__)


class Link:
    """Calls go over a pool of connections. When one breaks, the others are let finish, each within its deadline."""

    def __init__(self, client: SQSClient, address: str) -> None:
        loop = asyncio.get_running_loop()
        self.lost: asyncio.Future[str] = loop.create_future()
        self._client = client
        self._address = address
        self._calls = 0
        self._silent_ticks = 0
        self._idle = asyncio.Event()
        self._idle.set()
        self._hurry = asyncio.Event()
        self._probing: asyncio.Task[None] | None = None
        self._closing: asyncio.Task[None] | None = None

    @property
    def version(self) -> str:
        """The version of the protocol."""
        return str(self._client.meta.service_model.api_version)

    @property
    def is_closed(self) -> bool:
        """Whether it has ended and its connections are closed."""
        return self._closing is not None and self._closing.done()

    async def call(self, operation: str, seconds: float = CALL_SECONDS, **parameters: Any) -> dict[str, Any]:
        """Make one call, `operation` being its name in the API. Raises TransportError."""
        if self.lost.done():  # its connections are closed, or about to be
            raise TransportUnavailableError(f"the connection to SQS was lost: {self.lost.result()}")
        self._calls += 1
        self._idle.clear()
        try:
            async with asyncio.timeout(seconds):
                answer: dict[str, Any] = await getattr(self._client, _method(operation))(**parameters)
        except Exception as error:  # the client lets errors of other libraries through
            fault = read_fault(error, operation, self._address, seconds)
            if fault.ends_link:
                self.end(str(fault.error))
            raise fault.error from error
        finally:
            self._silent_ticks = 0
            self._calls -= 1
            if self._calls == 0:
                self._idle.set()
        return answer

    async def probe(self) -> None:
        """Find out whether SQS is there and lets us in; that it lists no queues for us matters nothing.

        Raises TransportError.
        """
        try:
            await self.call("ListQueues", MaxResults=1)
        except CallRefusedError as refusal:
            if refusal.code not in DENIED:
                raise

    def tick(self) -> None:
        """Ask SQS whether it is there, if it has said nothing for a while."""
        self._silent_ticks += 1
        if self._silent_ticks >= (LATE_TICKS if self._calls else PROBE_TICKS):
            self._silent_ticks = 0
            self._probing = asyncio.create_task(self._probe_quietly(), name="sqs probe")

    def end(self, reason: str) -> None:
        """Use it no more; the connections are closed once the calls on them have ended."""
        if not self.lost.done():
            self.lost.set_result(reason)
            self._closing = asyncio.create_task(self._close(), name="sqs client's end")

    async def closed(self) -> None:
        """Wait until it is closed, after `end`, but not for calls that take longer than CLOSE_SECONDS."""
        if self._closing is not None:
            with suppress(TimeoutError):
                async with asyncio.timeout(CLOSE_SECONDS):
                    await self._idle.wait()
            self._hurry.set()
            await self._closing

    async def _close(self) -> None:
        waiting = [asyncio.create_task(event.wait()) for event in (self._idle, self._hurry)]
        await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        for each in waiting:
            each.cancel()
        await self._client.close()

    async def _probe_quietly(self) -> None:
        try:
            await self.probe()
        except TransportError as error:
            logger.debug("SQS did not answer as it should: %s", error)


def seconds_for(size: int) -> float:
    """Return how long a call may take that carries so many bytes."""
    return CALL_SECONDS + size / BYTES_PER_SECOND


def _method(operation: str) -> str:
    """Return the client's name for an operation."""
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in operation).lstrip("_")
