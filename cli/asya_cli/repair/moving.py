"""Moves messages from one queue to another: publish, wait for the confirmation, then settle.

Whatever is killed in between, a message is in one of the queues, or in both; then it may run twice and has one end, as
after any redelivery.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from asya_cli.repair.pace import Pace
from asya_cli.repair.waiting import read_waiting
from asya_core.envelope import Route, encode
from asya_core.errors import LeaseLostError, TransportError
from asya_core.outgoing import with_status
from asya_core.transports import Consumer, Delivery, Transport

_AT_ONCE = 32
_HELD_SECONDS = 4.0
"""How long a message may be in hand before its turn comes; the shortest lease, on SQS, is 5 seconds."""
_QUIET_SECONDS = 2.0
"""A queue from which nothing has come for so long has no more, or others take it."""

Fate = Literal["moved", "passed", "lost", "failed"]
"""In the other queue; put back, since it was not meant; taken back by the broker meanwhile; still where it was."""


@dataclass(frozen=True, slots=True)
class Move:
    """From where to where, for how many, and which: all, or those with these ids.

    Unless they go `as_is`, messages whose route is at the actor `was` are sent to `becomes` in its place.
    """

    source: str
    target: str
    most: int
    ids: frozenset[str] = frozenset()
    as_is: bool = False
    was: str = ""
    becomes: str = ""


class Moving:
    """Carries one move out; `tell` is called with what became of each message, and its sentence where it failed."""

    def __init__(self, transport: Transport, move: Move, pace: Pace, tell: Callable[[Fate, str], None]) -> None:
        self._transport = transport
        self._move = move
        self._pace = pace
        self._tell = tell
        self._arrived: asyncio.Queue[Delivery] = asyncio.Queue()
        self._failed = False

    async def run(self) -> None:
        """Move until so many were looked at as there are to be, or nothing comes any more. Raises QueueMissingError."""
        left = self._move.most
        at_once = min(_AT_ONCE, self._pace.within(_HELD_SECONDS))
        consumer = await self._transport.consume(self._move.source, min(at_once, left), self._arrived.put_nowait)
        try:
            async with asyncio.TaskGroup() as tasks:
                while left > 0 and not self._failed:
                    delivery = await self._next()
                    if delivery is None:
                        break
                    left -= 1
                    if left < at_once:
                        consumer.resize(max(0, left))
                    await self._pace.turn()
                    tasks.create_task(self._one(consumer, delivery))
        finally:
            await self._give_back(consumer)

    async def _next(self) -> Delivery | None:
        try:
            async with asyncio.timeout(_QUIET_SECONDS):
                return await self._arrived.get()
        except TimeoutError:
            return None

    async def _one(self, consumer: Consumer, delivery: Delivery) -> None:
        """Put one message where it belongs, then settle it; whatever fails leaves it to the broker."""
        queue, body = self._destination(delivery.body)
        confirmed: asyncio.Future[Exception | None] = asyncio.get_running_loop().create_future()
        self._transport.publish(queue, body, confirmed.set_result, holding=delivery)
        error = await confirmed
        if error is None:
            consumer.settle(delivery)
            self._tell("moved" if queue == self._move.target else "passed", "")
            return
        consumer.release(delivery)
        if isinstance(error, LeaseLostError):
            self._tell("lost", "")
            return
        # Given back, it would come again at once.
        self._failed = self._failed or isinstance(error, TransportError)
        self._tell("failed", str(error))

    def _destination(self, body: bytes) -> tuple[str, bytes]:
        """Return the queue that the message belongs into, and what it says there."""
        move, envelope = self._move, read_waiting(body)
        if move.ids and (envelope is None or envelope.id not in move.ids):
            return move.source, body
        if move.as_is or envelope is None:
            return move.target, body
        route = envelope.route
        if not (0 <= route.current < len(route.actors)) or route.actors[route.current] != move.was:
            return move.target, body
        actors = list(route.actors)
        actors[route.current] = move.becomes
        changed = with_status(envelope, envelope.status)
        changed.route = Route(actors=actors, current=route.current, metadata=route.metadata, unknown=route.unknown)
        return move.target, encode(changed)

    async def _give_back(self, consumer: Consumer) -> None:
        await consumer.stop()
        while not self._arrived.empty():
            consumer.release(self._arrived.get_nowait())
