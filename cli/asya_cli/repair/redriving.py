"""Redrives errors: publish, wait for the broker's confirmation, then remove just the object that was read.

Whatever is killed in between, the error is still there and may be redriven again: it gets the same id and generation,
of which the ends keep one. What has its end by then is not published a second time.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from asya_cli.repair.error_store import ErrorStore, Found
from asya_cli.repair.pace import Pace
from asya_cli.repair.payload_store import PayloadStore
from asya_core.envelope import encode
from asya_core.errors import (
    ClaimError,
    MessageTooLargeError,
    ObjectStoreError,
    QueueMissingError,
    TransportError,
)
from asya_core.outgoing import Publication
from asya_core.redrive import CannotRedriveError, How, redriven
from asya_core.transports import Transport, publish

_AT_ONCE = 32
"""Messages that wait for their confirmation, or for the removal of their object, at a time."""

Fate = Literal["redriven", "ended", "changed", "failed"]
"""Published and removed; removed only, since that generation has ended before; published, but its object was changed
meanwhile and stays; not published, or not removed."""


@dataclass(frozen=True, slots=True)
class Step:
    """What became of one error: the sentence says more where it did not go as it should. `actor` is where it went."""

    key: str
    id: str
    fate: Fate
    generation: int = 0
    actor: str = ""
    sentence: str = ""


class BrokerLostError(TransportError):
    """The broker can't be reached any more, so nothing further was begun."""


class Redriving:
    """Redrives what it is given, several at a time; `tell` is called with each step as it is done."""

    def __init__(
        self,
        errors: ErrorStore,
        transport: Transport,
        queue: Callable[[str], str],
        how: How,
        pace: Pace,
        payloads: PayloadStore | None = None,
    ) -> None:
        self._errors = errors
        self._payloads = payloads
        self._transport = transport
        self._queue = queue
        self._how = how
        self._pace = pace
        self._lost: TransportError | None = None

    async def run(self, found: Iterator[Found], tell: Callable[[Step], None]) -> None:
        """Take errors until there are no more. Raises BrokerLostError, ObjectStoreError from reading."""
        free = asyncio.Semaphore(_AT_ONCE)

        async def one(each: Found) -> None:
            try:
                tell(await self._one(each))
            finally:
                free.release()

        failure: ObjectStoreError | None = None
        async with asyncio.TaskGroup() as tasks:
            while self._lost is None:
                try:
                    each = await asyncio.to_thread(next, found, None)
                except ObjectStoreError as error:
                    failure = error
                    break
                if each is None:
                    break
                await self._pace.turn()
                await free.acquire()
                tasks.create_task(one(each))
        if failure is not None:
            raise failure
        if self._lost is not None:
            raise BrokerLostError(f"{self._lost}; what is left was not touched; repeat the command when it is back")

    async def _one(self, found: Found) -> Step:
        error = found.error
        try:
            publication = redriven(error, self._how, datetime.now(UTC))
            if await asyncio.to_thread(self._errors.has_ended, error.id, error.generation + 1):
                return await self._remove(found, publication, "ended")
            if self._payloads is not None:
                publication = await asyncio.to_thread(self._payloads.prepared, publication)
            await self._publish(publication)
        except (CannotRedriveError, ClaimError, ObjectStoreError, TransportError) as failure:
            return Step(found.key, error.id, "failed", error.generation, error.actor, str(failure))
        return await self._remove(found, publication, "redriven")

    async def _publish(self, publication: Publication) -> None:
        """Publish, and begin nothing more where that fails for all. Raises TransportError."""
        queue = self._queue(publication.actor)
        try:
            await publish(self._transport, queue, encode(publication.envelope))
        except QueueMissingError:
            raise QueueMissingError(f"there is no queue {queue}; install its actor first") from None
        except MessageTooLargeError:
            raise
        except TransportError as lost:
            self._lost = lost
            raise

    async def _remove(self, found: Found, publication: Publication, fate: Fate) -> Step:
        """Remove the object of a message that is on its way, or has ended."""
        sentence = ""
        try:
            if not await asyncio.to_thread(self._errors.remove, found):
                fate, sentence = "changed", "it was changed or removed meanwhile, and what is there now was left alone"
        except ObjectStoreError as failure:
            fate, sentence = "failed", f"it is on its way, but {failure}; redrive it again to remove it"
        return Step(found.key, found.error.id, fate, found.error.generation + 1, publication.actor, sentence)
