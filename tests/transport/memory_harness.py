"""The broker in memory, under test."""

from __future__ import annotations

from asya_core.transports.memory import MemoryBroker, MemoryTransport


class MemoryHarness:
    late_seconds = 0.5
    max_message_bytes = 2 * 1024 * 1024
    has_leases = True
    counts_delayed = True

    def __init__(self) -> None:
        self._broker = MemoryBroker(max_message_bytes=self.max_message_bytes)

    async def open(self) -> None:
        pass

    async def close(self) -> None:
        for name in list(self._broker.queues):
            await MemoryTransport(self._broker).delete(name)

    def transport(self, *, lease_seconds: float = 30.0) -> MemoryTransport:
        self._broker.lease_seconds = lease_seconds
        return MemoryTransport(self._broker)

    async def stop(self) -> None:
        self._broker.stop()

    async def die(self) -> None:
        self._broker.stop()

    async def start(self) -> None:
        self._broker.start()
