"""What the benches need of a system under test."""

from __future__ import annotations

import itertools
import signal
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Protocol
from uuid import UUID

from asya_cli.bench.processes import send
from bench.amqp import Message

QUEUE_IN, QUEUE_OUT = "in", "out"


class Access(Protocol):
    """The harness's own way to the queues of a system."""

    def purge(self, queue: str) -> None:
        """Throw away what is ready in a queue."""

    def fill(self, queue: str, messages: Iterable[Message]) -> int:
        """Publish, and return how many once the broker has confirmed them all."""

    def depth(self, queue: str) -> int:
        """Return how many messages are ready in a queue."""

    def close(self) -> None:
        """Hang up."""


class System(Protocol):
    """Something that takes messages from one queue, calls the handler, and publishes to the next."""

    name: str
    transport: str

    @property
    def queue_in(self) -> str:
        """The queue that it takes messages from."""

    @property
    def queue_out(self) -> str:
        """The queue that it publishes to."""

    def access(self) -> Access:
        """Open a way to its queues."""

    def prepare(self, sizes: Sequence[int], /) -> None:
        """Learn how its producers' messages look, with payloads of these many bytes. Before `start`, and once."""

    def start(self) -> None:
        """Start it and return once it takes messages. Raises RuntimeError with its last words when it does not."""

    def messages(self, size: int, count: int) -> Iterable[Message]:
        """Yield messages with payloads of `size` bytes, as its own producers write them, each with an id of its own."""

    def parts(self) -> dict[str, list[int]]:
        """Return its processes by what they are for."""

    def stop(self) -> None:
        """End it."""


_numbers = itertools.count(1)


def numbered(template: Message, name: str, count: int) -> Iterator[Message]:
    """Yield copies of a message in which its id, `name`, is replaced by others of the same form and length."""
    old = name.encode()
    for number in itertools.islice(_numbers, count):
        made = UUID(int=(4 << 76) | (8 << 60) | number)
        new = (str(made) if "-" in name else made.hex).encode()
        yield Message(template.properties.replace(old, new), template.body.replace(old, new))


@contextmanager
def standing(system: System) -> Iterator[None]:
    """Let its processes stand still, so that its queue can be filled without anything being taken yet.

    They go on with `resume`, and at the end of the block in any case.
    """
    send(_everything(system), signal.SIGSTOP)
    try:
        yield
    finally:
        resume(system)


def resume(system: System) -> None:
    """Let its processes go on."""
    send(_everything(system), signal.SIGCONT)


def _everything(system: System) -> list[int]:
    return [pid for pids in system.parts().values() for pid in pids]
