"""What can be reached at all: consume, publish, acknowledge, without a handler. See `bench.ceiling`."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

from bench.amqp import Client, Message
from bench.broker import Broker
from bench.processes import Program
from bench.systems.asya import envelopes
from bench.systems.base import QUEUE_IN, QUEUE_OUT

ROOT = Path(__file__).resolve().parent.parent.parent


class Ceiling:
    """One of the two: `ceiling` is the fastest client in Python, `broker` the broker itself."""

    transport = "rabbitmq"
    queue_in, queue_out = QUEUE_IN, QUEUE_OUT

    def __init__(self, name: str, broker: Broker, folder: Path) -> None:
        self.name = name
        self.url = broker.make_vhost(f"bench-{name}")
        self._kind = {"ceiling": "client", "broker": "broker"}[name]
        self._folder = folder
        self._program: Program | None = None

    def access(self) -> Client:
        """Open a connection to its virtual host."""
        return Client(self.url)

    def prepare(self, _sizes: Sequence[int]) -> None:
        """Make the queues; messages look as an actor's do."""
        client = Client(self.url)
        for queue in (self.queue_in, self.queue_out):
            client.declare(queue)
        client.close()

    def start(self) -> None:
        """Run it. A queue that is filled waits for it."""
        command = (sys.executable, "-P", "-m", "bench.ceiling", self._kind, self.url)
        env = {"PYTHONPATH": str(ROOT)}
        self._program = Program(command, env, self._folder / f"{self.name}.log")

    def messages(self, size: int, count: int) -> Iterable[Message]:
        """Yield envelopes."""
        return envelopes([self.queue_in, self.queue_out], size, count)

    def parts(self) -> dict[str, list[int]]:
        """Return its one process."""
        return {"worker": [self._program.pid]} if self._program else {}

    def stop(self) -> None:
        """End it."""
        if self._program is not None:
            self._program.end()
            self._program = None
