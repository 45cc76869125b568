"""Where the benches take place: a folder, the interpreters, one RabbitMQ, and the systems that stay up meanwhile."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from bench.broker import Broker
from bench.effort import Tell
from bench.environments import FOLDER, Environments, prepare_environments
from bench.systems.asya import Actors, Chain, Step
from bench.systems.base import System
from bench.systems.ceilings import Ceiling
from bench.systems.peers import KINDS, Peer

OURS = ("asya", "asya-orjson")
PEERS = ("celery", "dramatiq", "taskiq", "faststream")
CEILINGS = ("ceiling", "broker")
WITH_CODEC = ("taskiq-orjson", "faststream-orjson")
"""Peers that can use orjson, too, for the comparison with `asya-orjson`."""

SYSTEMS = (*OURS, *PEERS, *CEILINGS, *WITH_CODEC)


class Stage:
    """The broker runs; everything else is started by the benches."""

    def __init__(
        self, folder: Path, environments: Environments, broker: Broker, tell: Tell, systems: Sequence[str] | None
    ) -> None:
        self._systems = systems
        self.folder = folder
        self.environments = environments
        self.broker = broker
        self.tell = tell

    @contextmanager
    def actors(
        self,
        name: str,
        steps: Sequence[Step],
        *,
        transport: str = "rabbitmq",
        lead: Callable[[str], str] | None = None,
    ) -> Iterator[Actors]:
        """Run actors for the length of a block; `lead` as `Actors` has it. Raises CliError when they don't start."""
        broker = self.broker if transport == "rabbitmq" else None
        with Actors(steps, self.folder / name, transport, broker, lead) as actors:
            yield actors

    @contextmanager
    def everybody(self, names: Sequence[str], sizes: Sequence[int]) -> Iterator[list[System]]:
        """Run the named systems, all at once, for the length of a block; their messages have these sizes.

        Where only some are wanted, the others stay away.
        """
        names = [name for name in names if self._systems is None or name in self._systems]
        with ExitStack() as stack:
            systems: list[System] = []
            if ours := [name for name in names if name in OURS]:
                run = stack.enter_context(self.actors("asya", [self.step(name) for name in ours]))
                systems += [Chain(name, [name], run) for name in ours]
            for name in names:
                if name in KINDS:
                    systems.append(Peer(KINDS[name], self.broker, self.environments, self.folder))
                elif name in CEILINGS:
                    systems.append(Ceiling(name, self.broker, self.folder))
            for system in systems:
                stack.callback(system.stop)
                system.prepare(sizes)
                system.start()
                self.tell(f"{system.name} runs")
            yield systems

    def step(self, name: str) -> Step:
        """Return the actor that is `asya`, or `asya-orjson`."""
        return Step(name, self.environments.codec if name.endswith("-orjson") else self.environments.plain)


@contextmanager
def open_stage(tell: Tell, systems: Sequence[str] | None = None) -> Iterator[Stage]:
    """Prepare interpreters and broker for the length of a block, in a folder that is emptied first."""
    environments = prepare_environments()
    folder = FOLDER / "run"
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "rabbitmq").mkdir(parents=True)
    tell("starting RabbitMQ")
    broker = Broker(folder / "rabbitmq")
    try:
        yield Stage(folder, environments, broker, tell, systems)
    finally:
        broker.close()
