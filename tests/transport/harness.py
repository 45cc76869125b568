"""What the conformance suite needs of a broker besides its transport; one class per broker fills it in."""

from __future__ import annotations

from typing import Protocol

from asya_core.transports import Transport


class Harness(Protocol):
    """One broker, running when a test gets it.

    `max_message_bytes` is the largest message that it takes, `late_seconds` how late a delayed message may be.
    Where it `has_leases`, a delivery outlives its connection and ends with time; elsewhere it is the other way round.
    `counts_delayed` tells whether it knows how many delayed messages a queue has.
    """

    late_seconds: float
    has_leases: bool
    counts_delayed: bool

    @property
    def max_message_bytes(self) -> int:
        """Tell the limit."""

    async def open(self) -> None:
        """Begin with a test."""

    async def close(self) -> None:
        """End with a test; the broker runs again."""

    def transport(self, *, lease_seconds: float = 30.0) -> Transport:
        """Return a transport that is not connected, for queues whose leases last so long."""

    async def stop(self) -> None:
        """Make the broker unreachable; what it stored stays."""

    async def die(self) -> None:
        """End the broker as a failing machine would; what it confirmed stays."""

    async def start(self) -> None:
        """Make it reachable again, where it was."""


class RealHarness(Harness, Protocol):
    """A broker outside this process, whose queues have arguments."""

    async def make_conflicting_queue(self, queue: str) -> None:
        """Make a queue with arguments that ours never have."""

    async def has_conflicting_queue(self, queue: str) -> bool:
        """Whether that queue is still there, unchanged."""


class ForgetfulHarness(RealHarness, Protocol):
    """A broker that knows its consumers by name and can be made to forget them."""

    async def drop_consumers(self, queue: str) -> None:
        """Make the broker forget who consumes a queue; its messages stay."""


class NetworkHarness(RealHarness, Protocol):
    """A broker behind a network that can be broken; all its transports go through it.

    One that `keeps_connection` notices that it is gone also while there is nothing to say.
    """

    keeps_connection: bool

    def sever(self) -> None:
        """Reset every connection."""

    def black_hole(self) -> None:
        """Let nothing through any more, without anybody being told."""

    def heal(self) -> None:
        """End the black hole."""

    def throttle(self, bytes_per_second: float) -> None:
        """Slow all connections down."""
