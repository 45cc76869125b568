"""Who takes part in a test of a transport: producers, consumers, and ways to wait for what they see."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from time import monotonic
from typing import Any

import pytest

from asya_core.transports import Consumer, Delivery, Depth, Transport
from tests.transport.harness import Harness

SOON = 10.0
"""Seconds within which anything that should happen does, on a slow machine, too."""


class Parties:
    """The transports that one test opened."""

    def __init__(self) -> None:
        self._transports: list[Transport] = []

    async def join(self, broker: Harness, *, lease_seconds: float = 30.0, within: float = SOON) -> Transport:
        """Return one more transport, connected."""
        transport = broker.transport(lease_seconds=lease_seconds)
        self._transports.append(transport)
        async with asyncio.timeout(within):
            await transport.connect()
        return transport

    async def close(self) -> None:
        for transport in self._transports:
            await transport.close()


class Outcome:
    """The confirmation of one publish."""

    def __init__(self) -> None:
        self.calls: list[Exception | None] = []
        self._called = asyncio.Event()

    def __call__(self, error: Exception | None) -> None:
        self.calls.append(error)
        self._called.set()

    async def wait(self, within: float = SOON) -> Exception | None:
        async with asyncio.timeout(within):
            await self._called.wait()
        return self.calls[0]


class Inbox:
    """What one consumer was handed."""

    def __init__(self) -> None:
        self.total = 0
        self._deliveries: asyncio.Queue[Delivery] = asyncio.Queue()

    def __call__(self, delivery: Delivery) -> None:
        self.total += 1
        self._deliveries.put_nowait(delivery)

    async def take(self, within: float = SOON) -> Delivery:
        """Return the next delivery that was not taken yet."""
        async with asyncio.timeout(within):
            return await self._deliveries.get()

    async def take_many(self, number: int, within: float = SOON) -> list[Delivery]:
        return [await self.take(within) for _ in range(number)]

    async def stays_empty(self, seconds: float) -> None:
        """Fail if another delivery comes within that time."""
        with pytest.raises(TimeoutError):
            await self.take(seconds)


def send(transport: Transport, queue: str, body: bytes, **options: Any) -> Outcome:
    """Publish without waiting."""
    outcome = Outcome()
    transport.publish(queue, body, outcome, **options)
    return outcome


async def send_all(transport: Transport, queue: str, bodies: list[bytes], **options: object) -> None:
    """Publish all at once, and see every confirmation."""
    outcomes = [send(transport, queue, body, **options) for body in bodies]
    for outcome in outcomes:
        assert await outcome.wait(30) is None


async def eventually(condition: Callable[[], bool | Awaitable[bool]], within: float = SOON) -> float:
    """Wait until the condition holds; returns the seconds that it took."""
    begin = monotonic()
    async with asyncio.timeout(within):
        while True:
            result = condition()
            if result if isinstance(result, bool) else await result:
                return monotonic() - begin
            await asyncio.sleep(0.02)


async def has_depth(transport: Transport, queue: str, *, total: int, within: float = SOON) -> None:
    """Wait until the queue holds so many messages, of whatever kind."""

    async def holds() -> bool:
        return (await transport.depth(queue)).total == total

    await eventually(holds, within)


async def shows_depth(transport: Transport, queue: str, expected: Depth) -> None:
    """Wait until the queue is counted so; some brokers count late what is in flight."""

    async def shows() -> bool:
        return await transport.depth(queue) == expected

    await eventually(shows)


async def consuming(consumer: Consumer, within: float = SOON) -> float:
    return await eventually(lambda: consumer.consuming, within)
