"""Sending to and counting in the queues that a cluster's actors use."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

from asya_cli.local.message import Order, make_envelope
from asya_core.envelope import encode
from asya_core.transports import Depth, Transport, publish


class Queues:
    """Queues of one prefix, by their actors' names; connected until it is closed."""

    def __init__(self, transport: Transport, runner: asyncio.Runner, prefix: str) -> None:
        self._transport = transport
        self._runner = runner
        self._prefix = prefix
        runner.run(transport.connect())

    def send(self, actors: list[str], payload: bytes, count: int = 1) -> list[str]:
        """Send messages along a route and return their ids, once all are stored."""
        envelopes = [make_envelope(Order(actors), payload, datetime.now(UTC)) for _ in range(count)]
        for envelope in envelopes:
            self._runner.run(publish(self._transport, self._prefix + actors[0], encode(envelope)))
        return [envelope.id for envelope in envelopes]

    def ensure(self, actor: str) -> None:
        """Make a queue that no release makes."""
        self._runner.run(self._transport.ensure(self._prefix + actor))

    def depth(self, actor: str) -> Depth:
        """Count the messages of a queue."""
        return self._runner.run(self._transport.depth(self._prefix + actor))

    def exists(self, actor: str) -> bool:
        """Tell whether a queue is there."""
        return self._prefix + actor in self._runner.run(self._transport.queues(self._prefix + actor))

    def close(self) -> None:
        """Hang up."""
        self._runner.run(self._transport.close())
